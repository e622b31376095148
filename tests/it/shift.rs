//! A whole shift in Chromium, driven by Playwright, during which the service is killed.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use hotline_tests::{peers::tools, service::Service, staff::text};
use serde_json::json;

use crate::writing::posted;

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_goes_from_log_in_to_print_without_a_reload_and_without_losing_a_word() {
    let mut service = Service::new(None).unwrap();
    service.let_replies_be_taken_back(8).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    service.hire("petar", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for words in ["Neko mi preti", "Neko je napravio lažni profil moje drugarice"] {
        let (reference, _) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/shift/shift.mjs");
    let mut shift = Command::new("timeout")
        .args(["200", "node", script])
        .arg(service.base())
        .arg(tools().join("node_modules/x"))
        .arg(service.folder())
        .args(&references)
        .env("CHROMIUM", "/usr/bin/chromium")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(shift.stdout.take().unwrap()).lines();
    let first = said.next().and_then(Result::ok).unwrap_or_default();
    if first == "KILL" {
        service.kill();
        service.start().await.unwrap();
        let mut tell = shift.stdin.take().unwrap();
        tell.write_all(b"UP\n").unwrap();
        tell.flush().unwrap();
        let last = tokio::task::spawn_blocking(move || said.next().and_then(Result::ok).unwrap_or_default());
        let last = last.await.unwrap();
        let output = shift.wait_with_output().unwrap();
        assert_eq!(last, "DONE", "{}", String::from_utf8_lossy(&output.stderr));
    } else {
        let output = shift.wait_with_output().unwrap();
        panic!("{first} {}", String::from_utf8_lossy(&output.stderr));
    }
    let mila = service.log_in("mila").await.unwrap();
    let contact = mila.contact(&references[0]).await.unwrap();
    assert_eq!(
        (text(&contact, "/status"), text(&contact, "/assignee")),
        ("closed", "petar")
    );
    assert_eq!(
        text(&contact, "/messages/1/text"),
        "We are here. You did right to write."
    );
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(
        totals.get("total"),
        Some(&json!(3)),
        "two that wrote and one that called"
    );
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}
