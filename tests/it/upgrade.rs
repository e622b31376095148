//! Upgrades: a process of an older version stops when the schema is newer, and migrations follow a backup.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use hotline_migrations::{Migrator, MigratorTrait};
use hotline_store::db::schema::{SCHEMA_LOCK, newest_migration};
use hotline_tests::{
    peers::{disk::SmallDisk, postgres::Postgres, wait_until},
    service::{Service, program},
    staff::text,
};
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::{
    ConnectionTrait, Database, DatabaseTransaction, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use serde_json::{Value, json};

use crate::writing::posted;

/// A migration that the program under test does not know.
const NEWER: &str = "m20991231_999999_of_a_newer_version";
/// Another one, whose name sorts before those of the program.
const UNKNOWN: &str = "m20200101_000001_of_another_branch";
/// The exit code of a program that is older than the database.
const OUTDATED: i32 = 3;
const WORD: &str = "kanarinacpeva";
const PATIENCE: Duration = Duration::from_secs(30);

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

/// Posts a message. Returns the status and, if it was accepted, the reference. `None`: the service does not answer.
async fn post(client: &reqwest::Client, base: &str) -> Option<(u16, Option<String>)> {
    let message = json!({ "kind": "advice", "message": "Poruka", "language": "sr-Latn" });
    let request = client.post(format!("{base}/api/v1/contacts")).json(&message);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    if status != 201 {
        return Some((status, None));
    }
    let receipt: Value = answer.json().await.ok()?;
    Some((status, Some(text(&receipt, "/reference").to_owned())))
}

fn url_of(service: &Service, database: Option<&str>) -> String {
    match database {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}", service.data().join("hotline.db").display()),
    }
}

async fn run(url: &str, statements: &str) {
    let database = Database::connect(url).await.unwrap();
    database.execute_unprepared(statements).await.unwrap();
    database.close().await.unwrap();
}

/// Migrates the database as a newer program does: in one transaction, which excludes every write transaction. Returns the number of rows
/// that the database had in this transaction.
async fn migrate_as_newer_program(url: &str, migration: &str) -> i64 {
    let database = Database::connect(url).await.unwrap();
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = database.begin_with_options(options).await.unwrap();
    if !url.starts_with("sqlite") {
        let lock = format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})");
        transaction.execute_unprepared(&lock).await.unwrap();
    }
    let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{migration}', 0)");
    transaction.execute_unprepared(&insert).await.unwrap();
    let rows = count_rows_in(&transaction).await;
    transaction.commit().await.unwrap();
    database.close().await.unwrap();
    rows
}

/// Reverts this number of migrations, so that the database is that of an older version.
async fn revert(url: &str, migrations: usize) {
    let database = Database::connect(url).await.unwrap();
    let steps = u32::try_from(migrations).unwrap();
    Migrator::down(&database, Some(steps)).await.unwrap();
    database.close().await.unwrap();
}

async fn count_rows(url: &str) -> i64 {
    let database = Database::connect(url).await.unwrap();
    let rows = count_rows_in(&database).await;
    database.close().await.unwrap();
    rows
}

/// Counts the raw messages, the contacts and the events of their histories.
async fn count_rows_in(database: &impl ConnectionTrait) -> i64 {
    let statement = "SELECT (SELECT COUNT(*) FROM journal) + (SELECT COUNT(*) FROM contacts) \
                     + (SELECT COUNT(*) FROM events) AS written";
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "written").unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn count_pending(service: &Service) -> usize {
    let printed = service.must(&["migrate", "--dry-run"]).unwrap();
    printed.matches("pending  m").count()
}

/// Runs `hotline migrate`, which must fail, and returns its error.
fn refused_migration(service: &Service) -> String {
    let output = service.run(&["migrate"], "").unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn assert_older_process_stops(database: Option<&str>, migration: &str) {
    let mut service = Service::new(database).unwrap();
    service.start().await.unwrap();
    let url = url_of(&service, database);
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let (client, base) = (client(), service.base());
    assert_eq!(post(&client, &base).await.unwrap().0, 201);
    mila.until_contacts(1).await.unwrap();
    let before = migrate_as_newer_program(&url, migration).await;
    assert_eq!(post(&client, &base).await.unwrap(), (503, None));
    wait_until(Duration::from_secs(4), || async {
        let Ok(answer) = client.get(format!("{base}/readyz")).send().await else {
            return false;
        };
        answer.status().as_u16() == 503
            && answer
                .text()
                .await
                .is_ok_and(|text| text.contains("newer version"))
    })
    .await
    .unwrap();
    assert_eq!(service.until_ended().await.unwrap(), OUTDATED);
    assert_eq!(count_rows(&url).await, before, "nothing was written");
    let log = service.log().unwrap();
    assert!(log.contains("newer version of Hotline has migrated"), "{log}");
    for command in [["migrate", "--dry-run"].as_slice(), &["statistics"], &["serve"]] {
        let output = service.run_bounded(command).unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(OUTDATED), "{command:?}: {error}");
        assert!(error.contains("start the newer version"), "{command:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_stops_an_older_process_on_sqlite() {
    assert_older_process_stops(None, NEWER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_stops_an_older_process_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    assert_older_process_stops(Some(database.url()), NEWER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_migration_of_any_name_stops_a_process_on_sqlite() {
    assert_older_process_stops(None, UNKNOWN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_migration_of_any_name_stops_a_process_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    assert_older_process_stops(Some(database.url()), UNKNOWN).await;
}

/// Posts messages until the service does not answer any more. Returns the references of those that were accepted.
async fn keep_posting(base: String) -> Vec<String> {
    let client = client();
    let mut accepted = Vec::new();
    while let Some((_, reference)) = post(&client, &base).await {
        accepted.extend(reference);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    accepted
}

async fn assert_no_acknowledged_post_is_lost(database: Option<&str>) {
    const WRITERS: usize = 6;
    let mut service = Service::new(database).unwrap();
    service.start().await.unwrap();
    let url = url_of(&service, database);
    service.hire("petra", "supervisor").await.unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| tokio::spawn(keep_posting(service.base())))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let migrated = migrate_as_newer_program(&url, NEWER).await;
    assert_eq!(service.until_ended().await.unwrap(), OUTDATED);
    assert_eq!(count_rows(&url).await, migrated, "nothing was written afterwards");
    let mut accepted = Vec::new();
    for writer in writers {
        accepted.extend(writer.await.unwrap());
    }
    assert!(!accepted.is_empty(), "posts were accepted before");
    // A program that fits the schema registers what was accepted.
    run(
        &url,
        &format!("DELETE FROM seaql_migrations WHERE version = '{NEWER}'"),
    )
    .await;
    service.start().await.unwrap();
    let petra = service.log_in("petra").await.unwrap();
    for reference in accepted {
        wait_until(PATIENCE, || async { petra.contact(&reference).await.is_ok() })
            .await
            .unwrap_or_else(|_| panic!("{reference} was acknowledged and is lost"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_post_is_lost_when_the_schema_becomes_newer_on_sqlite() {
    assert_no_acknowledged_post_is_lost(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_post_is_lost_when_the_schema_becomes_newer_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    assert_no_acknowledged_post_is_lost(Some(database.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_on_an_empty_folder_creates_nothing() {
    let service = Service::new(None).unwrap();
    assert_eq!(count_pending(&service), Migrator::migrations().len());
    let printed = service.must(&["migrate", "--dry-run"]).unwrap();
    assert!(printed.contains("The database is new"), "{printed}");
    assert!(!service.data().exists());
}

/// A stopped service whose database lacks the newest migration.
pub struct Older {
    pub service: Service,
    url: String,
    reference: String,
    /// The settings of the folder for backups.
    lines: String,
    pub backups: tempfile::TempDir,
}

impl Older {
    pub async fn new(database: Option<&str>) -> Self {
        let backups = tempfile::tempdir().unwrap();
        let lines = format!("[backup]\nto = \"{}\"\n", backups.path().display());
        let mut service = Service::with_lines(database, &lines).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "supervisor").await.unwrap();
        let (reference, _) = posted(&service, WORD).await;
        mila.until_messages(&reference, 1).await.unwrap();
        service.stop();
        let url = url_of(&service, database);
        revert(&url, 1).await;
        Self {
            service,
            url,
            reference,
            lines,
            backups,
        }
    }
}

async fn assert_migrations_follow_a_backup(database: Option<&str>, empty: Option<&str>) {
    let older = Older::new(database).await;
    let data = names(&older.service.data());
    let printed = older.service.must(&["migrate", "--dry-run"]).unwrap();
    let folder = older.backups.path().to_str().unwrap();
    assert!(
        printed.contains(&newest_migration()) && printed.contains(folder),
        "{printed}"
    );
    assert_eq!(names(&older.service.data()), data, "a dry run changes nothing");
    assert_eq!(names(older.backups.path()), Vec::<String>::new());
    older.service.must(&["migrate"]).unwrap();
    assert_eq!(count_pending(&older.service), 0);
    let backup = older
        .backups
        .path()
        .join(names(older.backups.path()).pop().unwrap());
    let backup_path = backup.to_str().unwrap();
    older.service.must(&["backup", "verify", backup_path]).unwrap();
    let manifest = std::fs::read_to_string(backup.join("manifest.json")).unwrap();
    assert!(
        !manifest.contains(&newest_migration()),
        "before the migration: {manifest}"
    );
    let mut restored = Service::with_lines(empty, &older.lines).unwrap();
    restored.share_key_of(&older.service).unwrap();
    let printed = restored.must(&["restore", backup_path]).unwrap();
    assert!(printed.contains("Every check succeeded"), "{printed}");
    assert_eq!(names(older.backups.path()).len(), 1, "a restore makes no backup");
    restored.start().await.unwrap();
    let mila = restored.log_in("mila").await.unwrap();
    let contact = mila.contact(&older.reference).await.unwrap();
    assert!(contact.to_string().contains(WORD), "{contact}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_follow_a_backup_that_can_be_restored_on_sqlite() {
    assert_migrations_follow_a_backup(None, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_follow_a_backup_that_can_be_restored_on_postgresql() {
    let postgres = Postgres::start().await.unwrap();
    let (full, empty) = (
        postgres.fresh_database().await.unwrap(),
        postgres.fresh_database().await.unwrap(),
    );
    assert_migrations_follow_a_backup(Some(full.url()), Some(empty.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_backs_up_before_it_migrates_at_its_start() {
    let mut older = Older::new(None).await;
    older.service.start().await.unwrap();
    assert_eq!(names(older.backups.path()).len(), 1);
    assert_eq!(count_pending(&older.service), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_backup_no_migration_runs_unless_asked_to() {
    let mut older = Older::new(None).await;
    older
        .service
        .set_lines("[backup]\nto = \"/nowhere/backups\"\n")
        .unwrap();
    let error = refused_migration(&older.service);
    assert!(error.contains("/nowhere/backups does not exist"), "{error}");
    assert!(error.contains("--without-backup"), "{error}");
    assert_eq!(count_pending(&older.service), 1);
    older.service.must(&["migrate", "--without-backup"]).unwrap();
    assert_eq!(count_pending(&older.service), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_migration_runs_if_its_backup_does_not_fit() {
    let mut older = Older::new(None).await;
    let disk = SmallDisk::new(32).unwrap();
    disk.fill().unwrap();
    let lines = format!("[backup]\nto = \"{}\"\n", disk.path().display());
    older.service.set_lines(&lines).unwrap();
    let error = refused_migration(&older.service);
    assert!(error.contains("No room for a backup"), "{error}");
    assert_eq!(count_pending(&older.service), 1);
    assert_eq!(names(disk.path()), ["filler"]);
}

/// Begins a transaction of the test that takes the lock of the schema.
async fn take_schema_lock(url: &str, function: &str) -> DatabaseTransaction {
    let database = Database::connect(url).await.unwrap();
    let transaction = database.begin().await.unwrap();
    let lock = format!("SELECT {function}({SCHEMA_LOCK})");
    transaction.execute_unprepared(&lock).await.unwrap();
    transaction
}

/// Waits until a process waits for the lock of the schema of this database.
async fn until_lock_is_awaited(url: &str) {
    let waiting = "SELECT COUNT(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let database = Database::connect(url).await.unwrap();
    wait_until(PATIENCE, || async {
        let statement = Statement::from_string(database.get_database_backend(), waiting);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "waiting").unwrap() > 0
    })
    .await
    .unwrap();
    database.close().await.unwrap();
}

fn spawn_migration(service: &Service) -> Child {
    Command::new(program().unwrap())
        .arg("--config")
        .arg(service.folder().join("hotline.toml"))
        .arg("migrate")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a command has ended, and returns its output.
async fn until_ended(mut child: Child) -> Output {
    for _ in 0..600 {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    panic!("the command still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_refused_only_while_another_process_migrates() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut service = Service::new(Some(database.url())).unwrap();
    service.start().await.unwrap();
    let (client, base) = (client(), service.base());
    let migrating = take_schema_lock(database.url(), "pg_advisory_xact_lock").await;
    let before = count_rows(database.url()).await;
    assert_eq!(post(&client, &base).await.unwrap(), (503, None));
    assert_eq!(count_rows(database.url()).await, before);
    migrating.rollback().await.unwrap();
    assert_eq!(post(&client, &base).await.unwrap().0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_waits_for_open_write_transactions() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let older = Older::new(Some(database.url())).await;
    let writing = take_schema_lock(database.url(), "pg_advisory_xact_lock_shared").await;
    let mut migration = spawn_migration(&older.service);
    until_lock_is_awaited(database.url()).await;
    assert!(migration.try_wait().unwrap().is_none());
    assert_eq!(count_pending(&older.service), 1);
    assert_eq!(
        names(older.backups.path()),
        Vec::<String>::new(),
        "the backup waits, too"
    );
    writing.rollback().await.unwrap();
    let output = until_ended(migration).await;
    assert!(output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains(&format!("ran      {}", newest_migration())),
        "{printed}"
    );
    assert_eq!(count_pending(&older.service), 0);
    let printed = older.service.must(&["migrate"]).unwrap();
    assert!(!printed.contains("ran  "), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_wait_for_open_write_transactions() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let older = Older::new(Some(database.url())).await;
    let writing = take_schema_lock(database.url(), "pg_advisory_xact_lock_shared").await;
    let migration = spawn_migration(&older.service);
    until_lock_is_awaited(database.url()).await;
    kill_process(Pid::from_child(&migration), Signal::TERM).unwrap();
    let output = until_ended(migration).await;
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("A signal ended the wait"), "{error}");
    writing.rollback().await.unwrap();
    assert_eq!(count_pending(&older.service), 1);
    older.service.must(&["migrate"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_migration_runs_with_another_master_key() {
    let older = Older::new(None).await;
    let (key, ours) = (
        older.service.data().join("master.key"),
        older.backups.path().join("ours"),
    );
    std::fs::rename(&key, &ours).unwrap();
    older
        .service
        .must(&["keys", "new", key.to_str().unwrap()])
        .unwrap();
    for command in [["migrate"].as_slice(), &["migrate", "--without-backup"]] {
        let output = older.service.run(command, "").unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command:?}");
        assert!(error.contains("The master key is not the one"), "{error}");
    }
    assert_eq!(count_pending(&older.service), 1);
    assert_eq!(
        names(older.backups.path()),
        ["ours"],
        "no backup names the wrong key"
    );
    std::fs::rename(&ours, &key).unwrap();
    older.service.must(&["migrate"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_migration_runs_if_its_backup_lacks_an_attachment() {
    let older = Older::new(None).await;
    run(
        &older.url,
        "UPDATE journal SET file = X'018C8F2E000070008000000000000001' WHERE id = (SELECT MIN(id) FROM journal)",
    )
    .await;
    let error = refused_migration(&older.service);
    assert!(error.contains("018c8f2e-0000-7000-8000-000000000001"), "{error}");
    assert_eq!(count_pending(&older.service), 1);
    assert_eq!(names(older.backups.path()), Vec::<String>::new());
    older.service.must(&["migrate", "--without-backup"]).unwrap();
}

async fn assert_failed_migration_changes_nothing(database: Option<&str>) {
    let older = Older::new(database).await;
    let migrations = Migrator::migrations();
    let later = migrations
        .iter()
        .rev()
        .take_while(|migration| !migration.name().ends_with("_in_danger"))
        .count();
    // The newest one is reverted already. This reverts the one before `in_danger`, too.
    revert(&older.url, later + 1).await;
    run(&older.url, "CREATE INDEX contacts_in_danger ON contacts (id)").await;
    let error = refused_migration(&older.service);
    assert!(error.contains("contacts_in_danger"), "{error}");
    assert_eq!(
        count_pending(&older.service),
        later + 2,
        "the migration before it was rolled back"
    );
    assert_eq!(
        names(older.backups.path()),
        Vec::<String>::new(),
        "its backup was removed"
    );
    run(&older.url, "DROP INDEX contacts_in_danger").await;
    older.service.must(&["migrate"]).unwrap();
    older.service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_changes_nothing_on_sqlite() {
    assert_failed_migration_changes_nothing(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_changes_nothing_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    assert_failed_migration_changes_nothing(Some(database.url())).await;
}
