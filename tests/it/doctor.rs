//! `hotline doctor`: what it says about a healthy and a disturbed service, and what it never says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use hotline_tests::{
    peers::{free_port, postgres::Postgres, wait_until},
    service::Service,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::writing::writes_again;

/// What a report must not contain: words, names, addresses, accounts, secrets and values of settings.
const MARKERS: [&str; 20] = [
    "kanarinka",
    "slavuj",
    "senica",
    "vrabac",
    "gavran",
    "kukuvija",
    "jastreb",
    "sokolica",
    "labudica",
    "rodinka",
    "golubica",
    "svraka",
    "detlic",
    "lastavica",
    "prepelica",
    "fazanka",
    "caplja",
    "grlica",
    "sojkica",
    "zebica",
];

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns every file below a folder with a hash of its content, except the index of the database's log, which is only shared memory.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, [u8; 32])> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.to_string_lossy().ends_with("-shm") {
            let content = std::fs::read(&path).unwrap();
            found.insert(path, (content.len() as u64, Sha256::digest(&content).into()));
        }
    }
    found
}

async fn database(service: &Service) -> DatabaseConnection {
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    Database::connect(file).await.unwrap()
}

/// Lines whose settings contain markers, and whose server is not there.
fn marked_lines() -> String {
    let port = free_port().unwrap();
    format!(
        "[lines.mail]\nchannel = \"email\"\naddress = \"kanarinka@example.org\"\nname = \"slavuj\"\n[lines.mail.imap]\n\
         host = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\nuser = \"senica\"\npassword = \"vrabac\"\n\
         [lines.mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\n\
         [[alarm.recipients]]\nname = \"gavran\"\nline = \"mail\"\nto = \"kukuvija@example.org\"\n\
         [[operation.recipients]]\nname = \"jastreb\"\nline = \"mail\"\nto = \"sokolica@example.org\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_service_needs_no_attention() {
    let mut service = Service::new(None).unwrap();
    service.set_data_keys("reserve_mib = 16").unwrap();
    let nothing = service.run(&["doctor"], "").unwrap();
    assert_eq!(nothing.status.code(), Some(2), "{}", text(&nothing));
    assert!(!service.data().join("hotline.db").exists());
    assert!(!service.data().join("master.key").exists());
    service.start().await.unwrap();
    let output = service.run(&["doctor", "--recount"], "").unwrap();
    let report = text(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    for part in [
        "ok    version: ",
        "ok    schema: ",
        ", 0 pending",
        "ok    database: SQLite",
        "ok    time zone: Europe/Belgrade",
        "ok    line: form (webform): ",
        "ok    jobs: receive 0 ready",
        "ok    disk: ",
        "note  backup: there is none",
        "ok    audit: ",
        "ok    master key: ",
        "ok    statistics: ",
        "data.reserve_mib",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    service.stop();
    let before = files(&service.data());
    assert_eq!(service.run(&["doctor"], "").unwrap().status.code(), Some(0));
    assert_eq!(files(&service.data()), before, "it writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_postgresql_is_described() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut service = Service::new(Some(database.url())).unwrap();
    service.set_data_keys("reserve_mib = 16").unwrap();
    service.start().await.unwrap();
    let output = service.run(&["doctor", "--recount"], "").unwrap();
    let report = text(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    for part in ["ok    database: PostgreSQL", "ms ahead", "ok    statistics: "] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disturbed_service_is_described_without_anything_about_people() {
    let mut service = Service::with_lines(None, &marked_lines()).unwrap();
    service.set_data_keys("reserve_mib = 16").unwrap();
    service
        .set_centre_keys("name = \"labudica\"\ntelephone = \"rodinka\"")
        .unwrap();
    service.start().await.unwrap();
    let vera = service.hire("golubica", "supervisor").await.unwrap();
    let form = json!({
        "kind": "advice", "message": "svraka i detlic", "name": "lastavica", "reply_to": "prepelica@example.org", "language": "sr-Latn",
    });
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.post(format!("{}/api/v1/contacts", service.base()));
    let answer: Value = request.json(&form).send().await.unwrap().json().await.unwrap();
    let value = |name: &str| answer.get(name).and_then(Value::as_str).unwrap().to_owned();
    let (reference, code) = (value("reference"), value("receipt_code"));
    vera.until_messages(&reference, 1).await.unwrap();
    writes_again(&service, &code, "fazanka").await;
    let path = format!("/api/v1/contacts/{reference}");
    vera.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    for (what, body) in [
        ("note", json!({ "text": "caplja" })),
        ("draft", json!({ "kind": "reply", "text": "grlica" })),
        ("mark", json!({ "marking": "test", "reason": "sojkica" })),
        ("mark", json!({ "marking": "none", "reason": "" })),
    ] {
        vera.confirm(&format!("{path}/{what}"), &body).await.unwrap();
    }
    let database = database(&service).await;
    let parked = "INSERT INTO jobs (kind, state, attempt, due_at, made_at, reason) VALUES ('receive', 'parked', 5, 1, 1, 'zebica')";
    database.execute_unprepared(parked).await.unwrap();
    wait_until(Duration::from_secs(30), || async {
        let report = text(&service.run(&["doctor"], "").unwrap());
        report.contains("wrong line: mail (email): down for ")
    })
    .await
    .unwrap();
    service.stop();
    let output = service.run(&["doctor", "--recount"], "").unwrap();
    let report = text(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    for part in [
        "wrong line: mail (email): ",
        "wrong parked jobs: ",
        "(receive, made ",
        "hotline queue retry",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let as_json = service.run(&["doctor", "--json"], "").unwrap();
    let found: Value = serde_json::from_slice(&as_json.stdout).unwrap();
    assert_eq!(found.get("needs_attention"), Some(&Value::Bool(true)), "{found}");
    for output in [&output, &as_json] {
        let printed = text(output) + &String::from_utf8_lossy(&output.stderr);
        for marker in MARKERS
            .into_iter()
            .chain([reference.as_str(), code.as_str(), "example.org"])
        {
            assert!(!printed.contains(marker), "{marker}: {printed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn differing_figures_and_pending_migrations_are_found_and_left() {
    let mut service = Service::new(None).unwrap();
    service.set_data_keys("reserve_mib = 16").unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Zdravo").await;
    mila.until_messages(&reference, 1).await.unwrap();
    service.stop();
    let database = database(&service).await;
    database.execute_unprepared("DELETE FROM figures").await.unwrap();
    let output = service.run(&["doctor", "--recount"], "").unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("wrong statistics: "), "{}", text(&output));
    let forget = "DELETE FROM seaql_migrations WHERE version LIKE '%operation_alarms'";
    database.execute_unprepared(forget).await.unwrap();
    for _ in 0..2 {
        let output = service.run(&["doctor"], "").unwrap();
        assert_eq!(output.status.code(), Some(1));
        let report = text(&output);
        assert!(
            report.contains("wrong schema: ") && report.contains(" 1 pending"),
            "{report}"
        );
    }
}
