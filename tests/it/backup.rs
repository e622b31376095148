//! Backups: made while people write, restored into an empty place, and without the master key.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use age::secrecy::ExposeSecret;
use hotline_tests::{
    peers::{dovecot::Dovecot, postgres::Postgres, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{privacy::files_with, writing::posted};

/// The words of the message and of the file.
const WORD: &str = "kanarinacpeva";
const FILE: &str = "kanarinacfajl";
/// The longest wait for something that happens in the background.
const WAIT: Duration = Duration::from_secs(30);

/// A service with a mail that has a file, and a folder for backups.
pub(crate) struct World {
    pub(crate) service: Service,
    mila: Staff,
    reference: String,
    pub(crate) attachment: String,
    pub(crate) lines: String,
    pub(crate) backups: tempfile::TempDir,
    _peers: (Dovecot, Smtp),
}

impl World {
    /// Starts the service. `keys` are those of `[backup]`.
    pub(crate) async fn new(database: Option<&str>, keys: &str) -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
        let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
        let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
        let lines = format!("{lines}\n[backup]\n{keys}\n");
        let mut service = Service::with_lines(database, &lines).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "supervisor").await.unwrap();
        let mail = format!(
            "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: zdravo\r\nMessage-ID: <1@example.org>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
             {WORD}\r\n--b\r\nContent-Type: text/plain; name=fajl.txt\r\n\
             Content-Disposition: attachment; filename=fajl.txt\r\n\r\n{FILE}\r\n--b--\r\n"
        );
        dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
        let contacts = mila.until_contacts(1).await.unwrap();
        let reference = text(contacts.first().unwrap(), "/reference").to_owned();
        let contact = mila.contact(&reference).await.unwrap();
        let attachment = text(&contact, "/messages/0/attachments/0/id").to_owned();
        // The audit is chained and its head is copied within a second.
        wait_until(WAIT, || async { service.data().join("audit-head.json").exists() })
            .await
            .unwrap();
        Self {
            service,
            mila,
            reference,
            attachment,
            lines,
            backups: tempfile::tempdir().unwrap(),
            _peers: (dovecot, smtp),
        }
    }

    /// Makes a backup and returns its folder.
    pub(crate) fn back_up(&self) -> PathBuf {
        self.service
            .must(&["backup", "create", "--to", shown(self.backups.path())])
            .unwrap();
        newest(self.backups.path())
    }

    /// Returns an empty place with the master key and the same lines.
    pub(crate) fn empty_place(&self, database: Option<&str>) -> Service {
        let place = Service::with_lines(database, &self.lines).unwrap();
        place.share_key_of(&self.service).unwrap();
        place
    }

    fn file_path(&self) -> String {
        format!(
            "/desk/contacts/{}/attachments/{}",
            self.reference, self.attachment
        )
    }

    /// Starts a restored service, and checks that the message and its file are readable.
    pub(crate) async fn assert_is_readable(&self, restored: &mut Service) {
        restored.start().await.unwrap();
        let mila = restored.log_in("mila").await.unwrap();
        let contact = mila.contact(&self.reference).await.unwrap();
        assert!(contact.to_string().contains(WORD), "{contact}");
        let file = mila.bytes(&self.file_path()).await.unwrap();
        assert!(String::from_utf8_lossy(&file).contains(FILE));
        restored.must(&["statistics", "verify"]).unwrap();
        restored.must(&["keys", "verify"]).unwrap();
    }
}

pub(crate) fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn newest(folder: &Path) -> PathBuf {
    folder.join(names(folder).pop().unwrap())
}

/// Makes an age identity. Returns its public key and its file.
pub(crate) fn identity(folder: &Path, name: &str) -> (String, PathBuf) {
    let identity = age::x25519::Identity::generate();
    let file = folder.join(name);
    std::fs::write(&file, identity.to_string().expose_secret()).unwrap();
    (identity.to_public().to_string(), file)
}

/// Runs a command that must fail, and returns what it prints.
pub(crate) fn refused(service: &Service, arguments: &[&str]) -> String {
    let output = service.run(arguments, "").unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(!output.status.success(), "{arguments:?}: {printed}");
    printed
}

/// Posts messages until the task is aborted.
async fn keep_posting(base: String) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    loop {
        let post = json!({ "kind": "advice", "message": "Pod opterećenjem", "language": "sr-Latn" });
        let request = client.post(format!("{base}/api/v1/contacts")).json(&post);
        // The service is killed at some point.
        let _ = request.send().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn assert_restored_after_a_kill(database: Option<&str>, empty: Option<&str>) {
    let mut world = World::new(database, "").await;
    let load = tokio::spawn(keep_posting(world.service.base()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let backup = tokio::task::block_in_place(|| world.back_up());
    world.service.kill();
    load.abort();
    let mut restored = world.empty_place(empty);
    let printed = restored.must(&["restore", shown(&backup)]).unwrap();
    assert!(printed.contains("Every check succeeded"), "{printed}");
    world.assert_is_readable(&mut restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_restored_after_a_kill_on_sqlite() {
    assert_restored_after_a_kill(None, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_restored_after_a_kill_on_postgresql() {
    let postgres = Postgres::start().await.unwrap();
    let (full, empty) = (
        postgres.fresh_database().await.unwrap(),
        postgres.fresh_database().await.unwrap(),
    );
    assert_restored_after_a_kill(Some(full.url()), Some(empty.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_after_the_backup_stays_erased() {
    let mut world = World::new(None, "").await;
    let backup = world.back_up();
    let close = format!("/api/v1/contacts/{}/close", world.reference);
    let reason = json!({ "reason": "no_reply_needed" });
    world.mila.post(&close, &reason).await.unwrap();
    world.service.must(&["erase", &world.reference]).unwrap();
    world.service.stop();
    let list = world.service.data().join("erased.jsonl");
    let mut restored = world.empty_place(None);
    restored
        .must(&["restore", shown(&backup), "--erasures", shown(&list)])
        .unwrap();
    restored.start().await.unwrap();
    let mila = restored.log_in("mila").await.unwrap();
    let contact = mila.contact(&world.reference).await.unwrap();
    assert!(!contact.to_string().contains(WORD), "{contact}");
    let left = restored.data().join("attachments").join(&world.attachment);
    assert!(!left.exists(), "the file is gone, too");
    restored.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_and_a_wrong_key_are_named_before_anything_is_written() {
    let world = World::new(None, "").await;
    let backup = world.back_up();
    let other_key = Service::with_lines(None, &world.lines).unwrap();
    std::fs::create_dir_all(other_key.data()).unwrap();
    let key = other_key.data().join("master.key");
    other_key.must(&["keys", "new", shown(&key)]).unwrap();
    let printed = refused(&other_key, &["restore", shown(&backup)]);
    assert!(
        printed.contains("The master key has the fingerprint"),
        "{printed}"
    );
    assert_eq!(names(&other_key.data()), ["master.key"]);
    world.service.must(&["backup", "verify", shown(&backup)]).unwrap();
    let list = backup.join("erased.jsonl");
    std::fs::remove_file(&list).unwrap();
    let database = backup.join("hotline.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&database, bytes).unwrap();
    let printed = refused(&world.service, &["backup", "verify", shown(world.backups.path())]);
    assert!(printed.contains("hotline.db was changed"), "{printed}");
    assert!(printed.contains("erased.jsonl is missing"), "{printed}");
    let place = world.empty_place(None);
    let printed = refused(&place, &["restore", shown(&backup)]);
    assert!(printed.contains("nothing was restored"), "{printed}");
    assert_eq!(names(&place.data()), ["master.key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_contains_neither_the_master_key_nor_a_word() {
    let world = World::new(None, "").await;
    let backup = world.back_up();
    let key = std::fs::read_to_string(world.service.data().join("master.key")).unwrap();
    let secret = [key.trim().to_owned(), WORD.to_owned(), FILE.to_owned()];
    assert_eq!(files_with(&backup, &secret), Vec::<String>::new());
    assert_eq!(
        files_with(&backup, &["master.key".to_owned()]),
        Vec::<String>::new()
    );
    let attachment = backup.join("attachments").join(&world.attachment);
    assert!(attachment.exists(), "the sealed file is in the backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_backup_is_unreadable_without_its_identity() {
    let keys = tempfile::tempdir().unwrap();
    let ((recipient, ours), (_, other)) = (identity(keys.path(), "ours"), identity(keys.path(), "other"));
    let world = World::new(None, &format!("recipients = [\"{recipient}\"]")).await;
    let backup = world.back_up();
    let traces = ["SQLite format 3", "CREATE TABLE", "webform"].map(str::to_owned);
    assert_eq!(files_with(&backup, &traces), Vec::<String>::new());
    let left = names(&world.service.data());
    assert!(!left.iter().any(|name| name.ends_with(".tmp")), "{left:?}");
    let printed = world.service.must(&["backup", "verify", shown(&backup)]).unwrap();
    assert!(printed.contains("was not opened"), "{printed}");
    let verify = ["backup", "verify", shown(&backup), "--identity"];
    let printed = refused(&world.service, &[&verify[..], &[shown(&other)]].concat());
    assert!(printed.contains("cannot be decrypted"), "{printed}");
    world
        .service
        .must(&[&verify[..], &[shown(&ours)]].concat())
        .unwrap();
    let mut place = world.empty_place(None);
    let printed = refused(&place, &["restore", shown(&backup)]);
    assert!(printed.contains("--identity"), "{printed}");
    place
        .must(&["restore", shown(&backup), "--identity", shown(&ours)])
        .unwrap();
    world.assert_is_readable(&mut place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_overwrites_nothing() {
    let mut world = World::new(None, "").await;
    let backup = world.back_up();
    world.service.stop();
    let before = names(&world.service.data());
    let printed = refused(&world.service, &["restore", shown(&backup)]);
    assert!(printed.contains("is not empty"), "{printed}");
    assert_eq!(names(&world.service.data()), before);
    world.service.start().await.unwrap();
    let (later, _) = posted(&world.service, "Posle").await;
    let mila = world.service.log_in("mila").await.unwrap();
    mila.until_messages(&later, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_with_tables_is_not_overwritten() {
    let postgres = Postgres::start().await.unwrap();
    let full = postgres.fresh_database().await.unwrap();
    let world = World::new(Some(full.url()), "").await;
    let backup = world.back_up();
    let place = world.empty_place(Some(full.url()));
    let printed = refused(&place, &["restore", shown(&backup)]);
    assert!(printed.contains("is not empty"), "{printed}");
    assert_eq!(world.mila.messages(&world.reference).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_backups_are_removed_after_a_new_one_is_complete() {
    let world = World::new(None, "keep = 2").await;
    let abandoned = "hotline-2020-01-01T00-00-00Z.partial";
    std::fs::create_dir(world.backups.path().join(abandoned)).unwrap();
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(world.back_up());
        // The name of a backup has a resolution of a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let left: Vec<PathBuf> = names(world.backups.path())
        .iter()
        .map(|name| world.backups.path().join(name))
        .collect();
    assert_eq!(left, made[1..]);
    let folder = shown(world.backups.path());
    let list = world.service.must(&["backup", "list", folder]).unwrap();
    assert_eq!(list.lines().count(), 2, "{list}");
}

async fn backup_state(admin: &Staff) -> Value {
    let system = admin.get("/api/v1/admin/system").await.unwrap();
    system.get("backup").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_makes_backups_and_reports_a_failed_one() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("disk");
    let lines = format!("[backup]\nevery = 1\nto = \"{}\"\n", to.display());
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    let admin = service.hire("ada", "administrator").await.unwrap();
    wait_until(WAIT, || async {
        !backup_state(&admin).await["problem"].is_null()
    })
    .await
    .unwrap();
    let state = backup_state(&admin).await;
    assert!(text(&state, "/problem").contains("does not exist"), "{state}");
    assert!(service.log().unwrap().contains("The backup failed"));
    let page = admin.page("/desk/admin/system").await.unwrap();
    assert!(page.contains("does not exist"), "{page}");
    // A backup on the command line succeeds, and the next scheduled one is not due yet.
    std::fs::create_dir(&to).unwrap();
    service.must(&["backup", "create"]).unwrap();
    let state = backup_state(&admin).await;
    assert!(
        state["problem"].is_null() && !state["finished_at"].is_null(),
        "{state}"
    );
    assert_eq!(state["is_late"], json!(false));
    service.stop();
    service.must(&["backup", "verify", shown(&to)]).unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let lines = format!("[backup]\nevery = 1\nto = \"{}\"\n", fresh.path().display());
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    wait_until(WAIT, || async {
        service.log().is_ok_and(|log| log.contains("Made a backup"))
    })
    .await
    .unwrap();
    service.must(&["backup", "verify", shown(fresh.path())]).unwrap();
}
