//! Restores that meet a full disk, a signal, a kill or another owner.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    process::Command,
};

use hotline_tests::{
    peers::{disk::SmallDisk, wait_until},
    service::{Service, program},
};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::{
    backup::{World, identity, names, refused, shown},
    backup_faults::{SIGNALLED, WAIT, make_pipe, spawn},
};

/// An account other than root.
const OTHER: u32 = 65_534;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_not_called_damage_of_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (recipient, identity) = identity(folder.path(), "identity");
    let world = World::new(None, &format!("recipients = [\"{recipient}\"]")).await;
    let backup = world.back_up();
    let disk = SmallDisk::new(32).unwrap();
    let mut place = world.empty_place(None);
    place.keep_data_in(&disk.path().join("data")).unwrap();
    place.set_data_keys("reserve_mib = 1").unwrap();
    place.share_key_of(&world.service).unwrap();
    disk.fill().unwrap();
    let restore = ["restore", shown(&backup), "--identity", shown(&identity)];
    let printed = refused(&place, &restore);
    assert!(
        printed.contains("has 0 MiB free") && !printed.contains("damaged"),
        "{printed}"
    );
    assert_eq!(names(&place.data()), ["master.key"]);
    let verified = Command::new(program().unwrap())
        .env("TMPDIR", place.data())
        .arg("--config")
        .arg(place.folder().join("hotline.toml"))
        .args(["backup", "verify", shown(&backup), "--identity", shown(&identity)])
        .output()
        .unwrap();
    assert!(!verified.status.success());
    let printed = [verified.stdout, verified.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(!printed.contains("WRONG"), "{printed}");
    disk.free().unwrap();
    // The restore decrypts in its own place, wherever the temporary folder is.
    let restored = Command::new(program().unwrap())
        .env("TMPDIR", "/nowhere")
        .arg("--config")
        .arg(place.folder().join("hotline.toml"))
        .args(restore)
        .output()
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_files_get_the_owner_of_the_data_folder() {
    assert!(geteuid().is_root(), "this test gives files away: run it as root");
    let world = World::new(None, "").await;
    let backup = world.back_up();
    let apart = tempfile::tempdir().unwrap();
    let (database, list, heads) = (
        apart.path().join("hotline.db"),
        apart.path().join("erased.jsonl"),
        apart.path().join("heads.jsonl"),
    );
    let lines = format!(
        "{}\n[retention]\nlist_file = \"{}\"\n[audit]\ncopy_file = \"{}\"\n",
        world.lines,
        list.display(),
        heads.display()
    );
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let place = Service::with_lines(Some(&url), &lines).unwrap();
    place.share_key_of(&world.service).unwrap();
    chown(place.data(), Some(OTHER), Some(OTHER)).unwrap();
    place.must(&["restore", shown(&backup)]).unwrap();
    assert!(database.exists() && list.exists(), "{:?}", names(apart.path()));
    for name in names(apart.path()) {
        let found = fs::metadata(apart.path().join(&name)).unwrap();
        assert_eq!((found.uid(), found.gid()), (OTHER, OTHER), "{name}");
    }
    let attachment = place.data().join("attachments").join(&world.attachment);
    assert_eq!(fs::metadata(attachment).unwrap().uid(), OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_restore_removes_what_a_killed_one_left() {
    let world = World::new(None, "").await;
    let backup = world.back_up();
    let apart = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", apart.path().join("hotline.db").display());
    let mut place = world.empty_place(Some(&url));
    let database_left = apart.path().join("hotline.db.restoring");
    // Reading this list waits for a writer, so the restore waits in the middle.
    let pipe = place.folder().join("pipe");
    make_pipe(&pipe);
    let mut child = spawn(&place, &["restore", shown(&backup), "--erasures", shown(&pipe)]);
    let attachments = place.data().join("attachments.restoring");
    wait_until(WAIT, || async { attachments.join(&world.attachment).exists() })
        .await
        .unwrap();
    let printed = refused(&place, &["restore", shown(&backup)]);
    assert!(printed.contains("Another restore"), "{printed}");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(&database_left, "the beginning of a database").unwrap();
    for command in [["serve"].as_slice(), &["statistics"]] {
        let output = place.run_bounded(command).unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("Run `hotline restore` again"), "{error}");
    }
    assert!(
        !apart.path().join("hotline.db").exists(),
        "no empty database was made"
    );
    let printed = place.must(&["restore", shown(&backup)]).unwrap();
    assert!(printed.contains("interrupted restore left"), "{printed}");
    let left = [names(&place.data()), names(apart.path())].concat();
    assert!(!left.iter().any(|name| name.ends_with(".restoring")), "{left:?}");
    world.assert_is_readable(&mut place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_a_restore_and_nothing_is_left() {
    let world = World::new(None, "").await;
    let backup = world.back_up();
    let mut place = world.empty_place(None);
    // Hashing waits for a writer of this pipe.
    let heads = backup.join("audit-head.json");
    let apart = world.service.folder().join("apart");
    fs::rename(&heads, &apart).unwrap();
    make_pipe(&heads);
    let child = spawn(&place, &["restore", shown(&backup)]);
    let mark = place.data().join("restore.restoring");
    wait_until(WAIT, || async { mark.exists() }).await.unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    tokio::time::sleep(SIGNALLED).await;
    drop(fs::OpenOptions::new().write(true).open(&heads).unwrap());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("A signal stopped the restore"));
    assert_eq!(names(&place.data()), ["master.key"]);
    fs::remove_file(&heads).unwrap();
    fs::rename(&apart, &heads).unwrap();
    place.must(&["restore", shown(&backup)]).unwrap();
    world.assert_is_readable(&mut place).await;
}
