//! The demo: one command starts it, and every screen has content.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use hotline_tests::{
    peers::{Child, free_port, wait_until},
    service::program,
    staff::{Staff, text},
};
use serde_json::{Value, json};

#[tokio::test]
async fn the_demo_starts_by_itself_and_every_screen_has_something_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let port = free_port().unwrap();
    let mut command = Command::new(program().unwrap());
    command
        .args(["demo", "--port", &port.to_string()])
        .stdin(Stdio::null());
    let mut child = Child::spawn(&mut command, &log).unwrap();
    wait_until(Duration::from_secs(60), || async {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Everybody's password"))
    })
    .await
    .unwrap_or_else(|error| panic!("{error}: {}", std::fs::read_to_string(&log).unwrap()));
    let base = format!("http://127.0.0.1:{port}");
    let mila = Staff::log_in_with(base, "mila", "four blue paper boats")
        .await
        .unwrap();
    for (view, least) in [("unassigned", 5), ("mine", 1), ("closed", 2), ("all", 10)] {
        let page = mila.get(&format!("/api/v1/inbox?view={view}")).await.unwrap();
        let rows = page.get("contacts").and_then(Value::as_array).unwrap().len();
        assert!(rows >= least, "{view}: {rows}");
    }
    let cases = mila.get("/api/v1/cases").await.unwrap();
    assert_eq!(cases.pointer("/cases/0/to_confirm"), Some(&json!(true)));
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert!(
        totals.get("total").and_then(Value::as_i64).unwrap() > 28_205,
        "{totals}"
    );
    let found = mila.search("ucenika").await.unwrap();
    assert!(text(&found, "/contacts/0/reference").len() == 9, "{found}");
    child.stop();
}
