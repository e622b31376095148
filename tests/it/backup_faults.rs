//! Backups that meet a full disk, a signal, a kill or a replacement of the master key.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use hotline_tests::{
    peers::{disk::SmallDisk, postgres::Postgres, wait_until},
    service::{Service, program},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    backup::{World, identity, names, newest, refused, shown},
    upgrade::Older,
    writing::posted,
};

/// The longest wait for a command to reach a point.
pub(crate) const WAIT: Duration = Duration::from_secs(30);
/// The time within which a command notices a signal.
pub(crate) const SIGNALLED: Duration = Duration::from_millis(500);

/// A service with messages, stopped.
async fn stopped_service(data: Option<&Path>, keys: &str) -> Service {
    let mut service = Service::new(None).unwrap();
    if let Some(data) = data {
        service.keep_data_in(data).unwrap();
    }
    service.set_data_keys(keys).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    for _ in 0..20 {
        let (reference, _) = posted(&service, &"kanarinac peva ".repeat(500)).await;
        mila.until_messages(&reference, 1).await.unwrap();
    }
    service.stop();
    service
}

fn back_up(service: &Service, to: &Path) -> PathBuf {
    service.must(&["backup", "create", "--to", shown(to)]).unwrap();
    newest(to)
}

/// Starts a command of the program.
pub(crate) fn spawn(service: &Service, arguments: &[&str]) -> Child {
    Command::new(program().unwrap())
        .arg("--config")
        .arg(service.folder().join("hotline.toml"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal to a command, which must then fail, and returns what it printed.
fn stop(child: Child, signal: Signal) -> String {
    kill_process(Pid::from_child(&child), signal).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

pub(crate) fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_on_the_data_disk_leave_the_reserve_free() {
    const RESERVE: u64 = 8 << 20;
    let disk = SmallDisk::new(96).unwrap();
    let (data, to) = (disk.path().join("data"), disk.path().join("backups"));
    fs::create_dir(&to).unwrap();
    let service = stopped_service(Some(&data), "reserve_mib = 8").await;
    let size = fs::metadata(data.join("hotline.db")).unwrap().len();
    disk.fill_except(RESERVE + size + (512 << 10)).unwrap();
    let made = back_up(&service, &to);
    // The name of a backup is its second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let printed = refused(&service, &["backup", "create", "--to", shown(&to)]);
    assert!(
        printed.contains("No room for a backup") && printed.contains("8 MiB must stay free"),
        "{printed}"
    );
    assert_eq!(names(&to).len(), 1, "no incomplete backup is left");
    assert!(disk.free_bytes().unwrap() >= RESERVE);
    service.must(&["backup", "verify", shown(&made)]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_larger_than_its_disk_is_refused_with_both_numbers() {
    let disk = SmallDisk::new(32).unwrap();
    let service = stopped_service(None, "").await;
    disk.fill().unwrap();
    let printed = refused(&service, &["backup", "create", "--to", shown(disk.path())]);
    assert!(
        printed.contains("has 0 MiB free") && printed.contains("still needs"),
        "{printed}"
    );
    assert_eq!(names(disk.path()), ["filler"]);
    disk.free().unwrap();
    back_up(&service, disk.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_a_backup_and_nothing_is_left() {
    let world = World::new(None, "").await;
    let to = world.backups.path();
    // Reading the pipe waits for a writer, so the backup waits in the middle.
    let attachment = world.service.data().join("attachments").join(&world.attachment);
    let apart = world.service.folder().join("apart");
    fs::rename(&attachment, &apart).unwrap();
    make_pipe(&attachment);
    let pipe = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&attachment)
        .unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let child = spawn(&world.service, &["backup", "create", "--to", shown(to)]);
        wait_until(WAIT, || async {
            let copy = |name: &String| to.join(name).join("attachments").join(&world.attachment);
            names(to).iter().any(|name| copy(name).exists())
        })
        .await
        .unwrap();
        let printed = stop(child, signal);
        assert!(printed.contains("stopped by a signal"), "{printed}");
        assert_eq!(names(to), Vec::<String>::new());
    }
    drop(pipe);
    fs::rename(&apart, &attachment).unwrap();
    let backup = world.back_up();
    world.service.must(&["backup", "verify", shown(&backup)]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_the_backup_before_migrations() {
    const ATTACHMENT: &str = "018c8f2e-0000-7000-8000-000000000001";
    let older = Older::new(None).await;
    let to = older.backups.path();
    // Reading the pipe waits for a writer, so the backup waits in the middle.
    let attachment = older.service.data().join("attachments").join(ATTACHMENT);
    make_pipe(&attachment);
    let pipe = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&attachment)
        .unwrap();
    let child = spawn(&older.service, &["migrate"]);
    wait_until(WAIT, || async {
        let copy = |name: &String| to.join(name).join("attachments").join(ATTACHMENT);
        names(to).iter().any(|name| copy(name).exists())
    })
    .await
    .unwrap();
    let printed = stop(child, Signal::TERM);
    assert!(printed.contains("nothing was migrated"), "{printed}");
    assert_eq!(names(to), Vec::<String>::new());
    drop(pipe);
    fs::remove_file(&attachment).unwrap();
    older.service.must(&["migrate"]).unwrap();
    assert_eq!(names(to).len(), 1);
}

/// Makes a program that begins to write a dump and then never ends.
fn endless_pg_dump(folder: &Path) -> PathBuf {
    let pg_dump = folder.join("pg_dump");
    let script = "#!/bin/sh\nfor word; do case $word in --file=*) echo kanarinac > \"${word#--file=}\";; esac; done\n\
                  exec sleep 600\n";
    fs::write(&pg_dump, script).unwrap();
    fs::set_permissions(&pg_dump, fs::Permissions::from_mode(0o700)).unwrap();
    pg_dump
}

/// Returns the unencrypted copies of the database that a backup has made in the data folder.
fn unencrypted(service: &Service) -> Vec<String> {
    let mut names = names(&service.data());
    names.retain(|name| name.ends_with(".tmp"));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_no_unencrypted_dump_of_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (recipient, _) = identity(folder.path(), "identity");
    let lines = format!(
        "[backup]\nrecipients = [\"{recipient}\"]\npg_dump = \"{}\"\n",
        endless_pg_dump(folder.path()).display()
    );
    let mut service = Service::with_lines(Some(database.url()), &lines).unwrap();
    service.start().await.unwrap();
    service.stop();
    let to = tempfile::tempdir().unwrap();
    let child = spawn(&service, &["backup", "create", "--to", shown(to.path())]);
    wait_until(WAIT, || async {
        let has_dump = |name: &String| service.data().join(name).join("hotline.dump").exists();
        unencrypted(&service).iter().any(has_dump)
    })
    .await
    .unwrap();
    let printed = stop(child, Signal::TERM);
    assert!(printed.contains("stopped by a signal"), "{printed}");
    assert_eq!(unencrypted(&service), Vec::<String>::new());
    assert_eq!(names(to.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_ends_when_its_disk_becomes_full() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pg_dump = endless_pg_dump(folder.path());
    let lines = format!("[backup]\npg_dump = \"{}\"\n", pg_dump.display());
    let mut service = Service::with_lines(Some(database.url()), &lines).unwrap();
    service.set_data_keys("reserve_mib = 1").unwrap();
    let disk = SmallDisk::new(96).unwrap();
    let to = disk.path().join("backups");
    fs::create_dir(&to).unwrap();
    service.keep_data_in(&disk.path().join("data")).unwrap();
    service.start().await.unwrap();
    service.stop();
    let child = spawn(&service, &["backup", "create", "--to", shown(&to)]);
    wait_until(WAIT, || async {
        names(&to)
            .iter()
            .any(|name| to.join(name).join("hotline.dump").exists())
    })
    .await
    .unwrap();
    disk.fill().unwrap();
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output());
    let output = tokio::time::timeout(WAIT, ended).await.unwrap().unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && printed.contains("must stay free for messages"),
        "{printed}"
    );
    assert_eq!(names(&to), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backup_does_not_keep_the_next_one_from_its_disk() {
    let disk = SmallDisk::new(32).unwrap();
    let service = stopped_service(None, "").await;
    let left = disk.path().join("hotline-2000-01-01T00-00-00Z.partial");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("hotline.db"), vec![7; 31 << 20]).unwrap();
    back_up(&service, disk.path());
    assert!(!left.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_no_decrypted_database() {
    let folder = tempfile::tempdir().unwrap();
    let (recipient, identity) = identity(folder.path(), "identity");
    let world = World::new(None, &format!("recipients = [\"{recipient}\"]")).await;
    let backup = world.back_up();
    let temporary = tempfile::tempdir().unwrap();
    // The verification reads this pipe twice: first for the hash, then to decrypt.
    let database = backup.join("hotline.db.age");
    let bytes = fs::read(&database).unwrap();
    fs::remove_file(&database).unwrap();
    make_pipe(&database);
    let child = Command::new(program().unwrap())
        .env("TMPDIR", temporary.path())
        .arg("--config")
        .arg(world.service.folder().join("hotline.toml"))
        .args(["backup", "verify", shown(&backup), "--identity", shown(&identity)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    fs::write(&database, &bytes).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut pipe = fs::OpenOptions::new().write(true).open(&database).unwrap();
    pipe.write_all(&bytes[..bytes.len() / 2]).unwrap();
    wait_until(WAIT, || async {
        let has_database = |name: &String| temporary.path().join(name).join("database").exists();
        names(temporary.path()).iter().any(has_database)
    })
    .await
    .unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    tokio::time::sleep(SIGNALLED).await;
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("A signal stopped"));
    assert_eq!(names(temporary.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_during_a_key_replacement_names_both_keys() {
    let keys = tempfile::tempdir().unwrap();
    let (new, old) = (keys.path().join("new.key"), keys.path().join("old.key"));
    let only_new = format!("key_file = \"{}\"", new.display());
    let both = format!("{only_new}\nold_key_file = \"{}\"", old.display());
    let mut service = stopped_service(None, &format!("key_file = \"{}\"", old.display())).await;
    let to = tempfile::tempdir().unwrap();
    let before = back_up(&service, to.path());
    service.must(&["keys", "new", shown(&new)]).unwrap();
    service.set_data_keys(&both).unwrap();
    service.start().await.unwrap();
    posted(&service, "Usred zamene").await;
    service.stop();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let during = back_up(&service, to.path());
    let (named, earlier) = (manifest(&during), manifest(&before));
    assert_eq!(named["old_key"], earlier["key"]);
    assert_ne!(named["key"], earlier["key"]);
    let place = |keys: &str| {
        let mut place = Service::new(None).unwrap();
        place.set_data_keys(keys).unwrap();
        place
    };
    let printed = refused(&place(&only_new), &["restore", shown(&during)]);
    for key in ["key", "old_key"] {
        assert!(printed.contains(named[key].as_str().unwrap()), "{printed}");
    }
    assert!(printed.contains("data.old_key_file"), "{printed}");
    for backup in [&during, &before] {
        let printed = place(&both).must(&["restore", shown(backup)]).unwrap();
        assert!(printed.contains("Every check succeeded"), "{printed}");
    }
    service.must(&["keys", "replace"]).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let after = back_up(&service, to.path());
    assert_eq!(
        manifest(&after)["old_key"],
        Value::Null,
        "only the new key is needed"
    );
    place(&only_new).must(&["restore", shown(&after)]).unwrap();
}
