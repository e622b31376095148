//! The demo: one command starts it, and every screen has content.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use hotline_tests::{
    peers::{Child, free_port, wait_until},
    service::{Service, program},
    staff::{Staff, text},
};
use serde_json::{Value, json};

/// Starts the demo with few contacts. Returns the program and its address.
pub async fn start_demo(folder: &Path, more: &[&str]) -> (Child, String) {
    let log = folder.join("log");
    let port = free_port().unwrap();
    let mut command = Command::new(program().unwrap());
    command
        .args(["demo", "--contacts", "250", "--port", &port.to_string()])
        .args(more)
        .stdin(Stdio::null());
    let child = Child::spawn(&mut command, &log).unwrap();
    wait_until(Duration::from_secs(60), || async {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Ctrl+C"))
    })
    .await
    .unwrap_or_else(|error| panic!("{error}: {}", std::fs::read_to_string(&log).unwrap()));
    (child, format!("http://127.0.0.1:{port}"))
}

async fn rows_of(staff: &Staff, view: &str) -> Vec<Value> {
    let page = staff.get(&format!("/api/v1/inbox?view={view}")).await.unwrap();
    page.get("contacts").and_then(Value::as_array).cloned().unwrap()
}

#[tokio::test]
async fn the_demo_starts_by_itself_and_every_screen_has_something_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, base) = start_demo(folder.path(), &["--language", "sr"]).await;
    let mila = Staff::log_in_with(base.clone(), "mila", "four blue paper boats")
        .await
        .unwrap();
    let sara = Staff::log_in_with(base.clone(), "sara", "four blue paper boats")
        .await
        .unwrap();
    for (view, least) in [
        ("unassigned", 5),
        ("mine", 2),
        ("urgent", 2),
        ("waiting", 10),
        ("late", 2),
        ("answered", 2),
        ("snoozed", 2),
        ("quarantine", 3),
        ("closed", 20),
    ] {
        let rows = rows_of(&sara, view).await.len();
        let rows = rows.max(rows_of(&mila, view).await.len());
        assert!(rows >= least, "{view}: {rows}");
    }
    // One person is in danger, and the alarm about this contact is a mail that the sink shows.
    let alarm = || async {
        mila.page("/demo/sent")
            .await
            .is_ok_and(|page| page.contains("dezurni@"))
    };
    wait_until(Duration::from_secs(20), alarm).await.unwrap();
    let cases = mila.get("/api/v1/cases").await.unwrap();
    let cases = cases.get("cases").and_then(Value::as_array).unwrap();
    assert!(
        cases
            .iter()
            .any(|case| case.get("to_confirm") == Some(&json!(true)))
    );
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert!(
        totals.get("total").and_then(Value::as_i64).unwrap() > 28_205,
        "{totals}"
    );
    let found = mila.search("ucenika").await.unwrap();
    assert!(text(&found, "/contacts/0/reference").len() == 9, "{found}");
    child.stop();
}

#[tokio::test]
async fn replies_of_the_demo_reach_its_own_sink_on_every_channel() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, base) = start_demo(folder.path(), &["--language", "en"]).await;
    let sara = Staff::log_in_with(base, "sara", "four blue paper boats")
        .await
        .unwrap();
    let rows = rows_of(&sara, "unassigned").await;
    let channels = ["email", "telegram", "discord"];
    for channel in channels {
        let row = rows.iter().find(|row| text(row, "/channel") == channel).unwrap();
        let path = format!("/api/v1/contacts/{}/reply", text(row, "/reference"));
        let reply = json!({ "text": format!("a reply by {channel}") });
        sara.post(&path, &reply).await.unwrap();
    }
    wait_until(Duration::from_secs(30), || async {
        let page = sara.page("/demo/sent").await.unwrap_or_default();
        channels
            .iter()
            .all(|channel| page.contains(&format!("a reply by {channel}")))
    })
    .await
    .unwrap();
    child.stop();
}

#[tokio::test]
async fn the_figures_of_the_demo_equal_a_recount_and_its_data_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let keep = ["--language", "en", "--keep", kept.to_str().unwrap()];
    let (mut child, _) = start_demo(folder.path(), &keep).await;
    child.stop();
    let verified = Command::new(program().unwrap())
        .args(["statistics", "verify"])
        .env("HOTLINE__DATA__FOLDER", &kept)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(
        verified.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&verified.stderr)
    );
    let again = tempfile::tempdir().unwrap();
    let (mut child, base) = start_demo(again.path(), &keep).await;
    let log = std::fs::read_to_string(again.path().join("log")).unwrap();
    assert!(!log.contains("Preparing"), "{log}");
    let mila = Staff::log_in_with(base, "mila", "four blue paper boats")
        .await
        .unwrap();
    assert!(rows_of(&mila, "waiting").await.len() >= 10);
    child.stop();
}

#[tokio::test]
async fn only_the_demo_offers_accounts_at_the_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, base) = start_demo(folder.path(), &["--language", "en"]).await;
    let log_in = |base: String| async move {
        let answer = reqwest::get(format!("{base}/desk/login")).await.unwrap();
        answer.text().await.unwrap()
    };
    let page = log_in(base).await;
    assert_eq!(page.matches("class=\"persona\"").count(), 5, "{page}");
    child.stop();
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let page = log_in(service.base()).await;
    assert!(page.contains("type=\"password\""), "{page}");
    assert!(
        !page.contains("persona") && !page.contains("type=\"hidden\""),
        "{page}"
    );
    let sent = reqwest::get(format!("{}/demo/sent", service.base()))
        .await
        .unwrap();
    assert_eq!(sent.status(), 404);
}
