//! The SQLite database file: complete after a stop, watched for changes while it is open, and readable only by its owner.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_tests::{peers::wait_until, service::Service, staff::Staff};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

async fn post(service: &Service, number: usize) -> reqwest::Response {
    client()
        .post(format!("{}/api/v1/contacts", service.base()))
        .header("idempotency-key", format!("post-{number}"))
        .json(&json!({ "kind": "advice", "message": format!("poruka {number}") }))
        .send()
        .await
        .unwrap()
}

async fn status(service: &Service, number: usize) -> u16 {
    post(service, number).await.status().as_u16()
}

async fn go_on_duty(service: &Service, staff: &Staff) -> u16 {
    let asked = client()
        .post(format!("{}/api/v1/duty", service.base()))
        .bearer_auth(staff.token())
        .json(&json!({ "on": true }));
    asked.send().await.unwrap().status().as_u16()
}

async fn started() -> Service {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service
}

fn database(service: &Service) -> PathBuf {
    service.data().join("hotline.db")
}

async fn messages_in(file: &Path) -> i64 {
    let database = Database::connect(format!("sqlite://{}?mode=ro", file.display()))
        .await
        .unwrap();
    let count = Statement::from_string(
        database.get_database_backend(),
        "SELECT COUNT(*) AS messages FROM journal",
    );
    let row = database.query_one_raw(count).await.unwrap().unwrap();
    row.try_get("", "messages").unwrap()
}

#[tokio::test]
async fn after_a_stop_the_database_file_alone_holds_everything_that_was_acknowledged() {
    let mut service = started().await;
    for number in 0..20 {
        assert_eq!(status(&service, number).await, 201);
    }
    service.stop();
    let log = service.data().join("hotline.db-wal");
    assert!(
        fs::metadata(&log).map_or(0, |log| log.len()) == 0,
        "the log is empty or gone"
    );
    let copy = service.folder().join("copy.db");
    fs::copy(database(&service), &copy).unwrap();
    assert_eq!(messages_in(&copy).await, 20);
}

/// A change to the files of an open database: its name, and the function that makes it.
type Disturbance = (&'static str, fn(&Service));

fn disturbances() -> [Disturbance; 4] {
    [
        ("deleted", |service| fs::remove_file(database(service)).unwrap()),
        ("replaced by a copy", |service| {
            let copy = service.data().join("copy");
            fs::copy(database(service), &copy).unwrap();
            fs::rename(copy, database(service)).unwrap();
        }),
        ("without its log", |service| {
            fs::remove_file(service.data().join("hotline.db-wal")).unwrap();
        }),
        ("moved with its folder", |service| {
            fs::rename(service.data(), service.folder().join("elsewhere")).unwrap();
        }),
    ]
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_database_file_is_not_at_its_place() {
    for (what, disturb) in disturbances() {
        let service = started().await;
        let staff = service.hire("mila", "counsellor").await.unwrap();
        assert_eq!(status(&service, 1).await, 201, "{what}");
        staff.until_contacts(1).await.unwrap();
        assert_eq!(go_on_duty(&service, &staff).await, 204, "{what}");
        disturb(&service);
        assert_eq!(status(&service, 2).await, 503, "{what}");
        assert_eq!(status(&service, 1).await, 503, "{what}: not even again");
        wait_until(Duration::from_secs(5), || async {
            staff.status(Method::GET, "/readyz").await.unwrap() == 503
        })
        .await
        .unwrap();
        assert_eq!(go_on_duty(&service, &staff).await, 500, "{what}");
        let log = service.log().unwrap();
        assert!(log.contains("deleted, replaced or moved"), "{what}: {log}");
    }
}

#[tokio::test]
async fn a_folder_that_comes_back_is_written_to_again() {
    let service = started().await;
    assert_eq!(status(&service, 1).await, 201);
    let elsewhere = service.folder().join("elsewhere");
    fs::rename(service.data(), &elsewhere).unwrap();
    assert_eq!(status(&service, 2).await, 503);
    fs::rename(elsewhere, service.data()).unwrap();
    assert_eq!(status(&service, 2).await, 201);
    let staff = service.hire("mila", "counsellor").await.unwrap();
    staff.until_contacts(2).await.unwrap();
}

#[tokio::test]
async fn after_a_backup_was_restored_no_reference_is_given_out_again() {
    let mut service = started().await;
    assert_eq!(status(&service, 0).await, 201);
    service.stop();
    let backup = service.folder().join("backup.db");
    fs::copy(database(&service), &backup).unwrap();
    let mut references = std::collections::HashSet::new();
    for restored in [false, true] {
        if restored {
            service.stop();
            fs::copy(&backup, database(&service)).unwrap();
        }
        service.start().await.unwrap();
        for number in 0..40 {
            let number = if restored { 2_000 } else { 1_000 } + number;
            let mut told = Vec::new();
            for _ in 0..2 {
                let answer: Value = post(&service, number).await.json().await.unwrap();
                told.push(answer["reference"].as_str().unwrap().to_owned());
            }
            assert_eq!(told[0], told[1], "posted again, it is the same");
            assert!(
                references.insert(told.remove(0)),
                "{number} has the reference of somebody else"
            );
        }
    }
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let contacts = staff.until_contacts(41).await.unwrap();
    let told = |contact: &&Value| references.contains(contact["reference"].as_str().unwrap());
    assert_eq!(
        contacts.iter().filter(told).count(),
        40,
        "each contact has the one that was told"
    );
}

#[tokio::test]
async fn whatever_is_written_is_its_owners_alone_whatever_the_umask() {
    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.run_under(&["sh", "-c", "umask 000; exec \"$0\" \"$@\""]);
    service.start().await.unwrap();
    let words = "reč ".repeat(20_000);
    let file = reqwest::multipart::Part::bytes(words.into_bytes()).file_name("a.txt");
    let form = reqwest::multipart::Form::new()
        .text("message", "pomoć")
        .text("lang", "sr-Latn")
        .text("id", "a form of its own")
        .part("file", file);
    let sent = client()
        .post(format!("{}/advice", service.base()))
        .multipart(form);
    assert_eq!(sent.send().await.unwrap().status().as_u16(), 200);
    let staff = service.hire("mila", "counsellor").await.unwrap();
    staff.until_contacts(1).await.unwrap();
    let mut found = Vec::new();
    walk(&service.data(), &mut found);
    assert!(
        found.len() >= 6,
        "folders, database, log, key and file: {found:?}"
    );
    for (path, mode) in found {
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.pid().unwrap())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().filter(|word| *word == "0").count(),
        2,
        "{core}"
    );
}

#[tokio::test]
async fn a_database_that_others_could_read_is_closed_to_them_at_the_start() {
    let mut service = started().await;
    service.stop();
    fs::set_permissions(database(&service), fs::Permissions::from_mode(0o644)).unwrap();
    service.start().await.unwrap();
    let mode = fs::metadata(database(&service)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn walk(path: &Path, found: &mut Vec<(PathBuf, u32)>) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    found.push((path.to_owned(), mode));
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            walk(&entry.unwrap().path(), found);
        }
    }
}
