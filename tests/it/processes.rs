//! Routing across processes: a process is killed, and two processes share one PostgreSQL database.

use std::{sync::Arc, time::Duration};

use hotline_tests::{
    peers::{postgres::Postgres, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(40);

async fn writes(service_base: &str, text: &str) -> String {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let answer = client
        .post(format!("{service_base}/api/v1/contacts"))
        .json(&json!({ "kind": "advice", "message": text }))
        .send()
        .await
        .unwrap();
    let receipt: Value = answer.error_for_status().unwrap().json().await.unwrap();
    self::text(&receipt, "/reference").to_owned()
}

async fn goes_on_duty(staff: &Staff) {
    staff.submit("/desk/duty", &[("on", "true")]).await.unwrap();
}

/// Waits until the contact has this assignee; an empty name stands for none.
async fn until_assigned(staff: &Staff, reference: &str, assignee: &str) {
    let is_so = || async {
        let contact = staff.contact(reference).await;
        contact.is_ok_and(|contact| text(&contact, "/assignee") == assignee)
    };
    if wait_until(PATIENCE, is_so).await.is_err() {
        panic!(
            "{reference} is not assigned to {assignee:?}: {:?}",
            staff.contact(reference).await
        );
    }
}

/// The counsellor goes home, the process is killed, and six minutes later another process runs.
async fn after_kill_9_what_waited_returns(database: Option<&str>) {
    let mut service = Service::new(database).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let supervisor = service.hire("petra", "supervisor").await.unwrap();
    goes_on_duty(&mila).await;
    let first = writes(&service.base(), "the first").await;
    until_assigned(&supervisor, &first, "mila").await;
    mila.submit("/desk/logout", &[]).await.unwrap();
    service.kill();
    service.set_clock("+6m").unwrap();
    service.start().await.unwrap();
    until_assigned(&supervisor, &first, "").await;
    let second = writes(&service.base(), "the second").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    until_assigned(&supervisor, &second, "").await;
    let ana = service.hire("ana", "counsellor").await.unwrap();
    goes_on_duty(&ana).await;
    for reference in [&first, &second] {
        until_assigned(&supervisor, reference, "ana").await;
    }
}

#[tokio::test]
async fn what_waited_returns_also_after_kill_9_on_sqlite() {
    after_kill_9_what_waited_returns(None).await;
}

#[tokio::test]
async fn what_waited_returns_also_after_kill_9_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    after_kill_9_what_waited_returns(Some(database.url())).await;
}

#[tokio::test]
async fn two_processes_give_each_contact_one_assignee() {
    const CONTACTS: usize = 64;
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut one = Service::new(Some(database.url())).unwrap();
    one.start().await.unwrap();
    let mut other = Service::new(Some(database.url())).unwrap();
    other.share_key_of(&one).unwrap();
    other.start().await.unwrap();
    let mut staff = Vec::new();
    for (number, login) in ["ana", "boba", "ceca", "dule", "ema", "filip"].iter().enumerate() {
        let process = [&one, &other][number % 2];
        let member = process.hire(login, "counsellor").await.unwrap();
        goes_on_duty(&member).await;
        staff.push(member);
    }
    let (staff, bases) = (Arc::new(staff), [one.base(), other.base()]);
    let workers = (0..CONTACTS).map(|number| {
        let (staff, base) = (Arc::clone(&staff), bases[number % 2].clone());
        tokio::spawn(async move {
            let reference = writes(&base, &format!("message {number}")).await;
            let asker = &staff[number % staff.len()];
            // Fails if the queue is empty at this moment.
            let _ = asker.post("/api/v1/contacts/next", &json!({})).await;
            reference
        })
    });
    let mut references = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        references.push(worker.await.unwrap());
    }
    let supervisor = one.hire("petra", "supervisor").await.unwrap();
    wait_until(PATIENCE, || async {
        let all = supervisor.contacts().await.unwrap_or_default();
        all.len() == CONTACTS && all.iter().all(|contact| !text(contact, "/assignee").is_empty())
    })
    .await
    .unwrap();
    for reference in references {
        let contact = supervisor.contact(&reference).await.unwrap();
        let history = contact.pointer("/history").and_then(Value::as_array).unwrap();
        let given = history
            .iter()
            .filter(|event| matches!(text(event, "/kind"), "assigned" | "claimed"));
        assert_eq!(given.count(), 1, "{reference} was given once: {history:?}");
    }
}
