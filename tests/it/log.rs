//! Calls logged by counsellors: counted once, on the day on which they happened.

use std::time::Duration;

use fantoccini::{Locator, key::Key};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::writing::{press, shows, until};

async fn begun() -> (Service, Staff) {
    let mut service = Service::new(None).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    (service, mila)
}

fn whole() -> Value {
    json!({ "kind": ["counselling"], "topic": ["grooming"], "urgency": ["urgent"], "role": ["child"],
        "outcome": ["advice"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_counts_once_on_its_own_day_and_never_in_the_future() {
    let (service, mila) = begun().await;
    service.hire("petar", "counsellor").await.unwrap();
    let id = uuid::Uuid::new_v4();
    let call = json!({ "id": id, "network": "telephone", "at": "2026-03-01T23:30:00+01:00", "text": "Zvalo je dete",
        "answers": whole() });
    let first = mila.post("/api/v1/log", &call).await.unwrap();
    let again = mila.post("/api/v1/log", &call).await.unwrap();
    assert_eq!(first, again, "the same form twice is the same call");
    let reference = text(&first, "/reference");
    let contact = mila.contact(reference).await.unwrap();
    assert_eq!(
        (
            text(&contact, "/status"),
            text(&contact, "/day"),
            text(&contact, "/channel")
        ),
        ("closed", "2026-03-01", "telephone")
    );
    assert_eq!(text(&contact, "/messages/0/direction"), "call");
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(totals.get("total"), Some(&json!(1)));
    for (refused, why) in [
        (
            json!({ "network": "telephone", "at": "2036-01-01T00:00:00Z", "text": "x" }),
            "not come yet",
        ),
        (
            json!({ "network": "carrier-pigeon", "text": "x" }),
            "no such network",
        ),
        (json!({ "network": "telephone", "text": " " }), "no text"),
        (
            json!({ "network": "telephone", "text": "x", "answers": { "age": ["abc"] } }),
            "no such question or answer",
        ),
    ] {
        let said = mila.post("/api/v1/log", &refused).await.unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    let half =
        json!({ "network": "viber", "text": "Nije stigla da kaže", "answers": { "kind": ["counselling"] } });
    let half = mila.post("/api/v1/log", &half).await.unwrap();
    let contact = mila.contact(text(&half, "/reference")).await.unwrap();
    assert_eq!(
        (text(&contact, "/status"), text(&contact, "/assignee")),
        ("answered", "mila")
    );
    let spam = json!({ "network": "telephone", "answers": { "kind": ["test"] } });
    mila.post("/api/v1/log", &spam).await.unwrap();
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(totals.get("total"), Some(&json!(2)), "a test leaves the total");
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_logged_by_keyboard_for_a_colleague_and_what_was_typed_survives_a_mistake() {
    let (service, mila) = begun().await;
    service.hire("petar", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    press(client, ".pages").await;
    press(client, "a[href='/desk/log']").await;
    until(client, "#logging").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    let begun = std::time::Instant::now();
    let type_into = async |field: &str, keys: &str| {
        until(client, &format!("#{field}"))
            .await
            .send_keys(keys)
            .await
            .unwrap();
    };
    press(client, "#call-details summary").await;
    type_into("for", "petar").await;
    type_into("text", "Majka pita za podešavanja.").await;
    for (question, answer) in [
        ("kind", "counselling"),
        ("role", "parent"),
        ("topic", "technical"),
        ("urgency", "ordinary"),
        ("outcome", "advice"),
    ] {
        type_into(&format!("q-{question}"), answer).await;
    }
    // A future day is rejected, and the form keeps what was typed.
    client
        .execute("document.getElementById('at').removeAttribute('max'); document.getElementById('at').value = '2036-01-01T10:00'", vec![])
        .await
        .unwrap();
    let send = format!("{}{}", Key::Control, Key::Enter);
    type_into("text", &send).await;
    shows(client, "main .alarm", "not come yet").await;
    let kept = until(client, "#text").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("Majka pita za podešavanja."));
    client
        .execute("document.getElementById('at').value = '2026-11-01T10:00'", vec![])
        .await
        .unwrap();
    browser.pictures("log").await.unwrap();
    type_into("text", &send).await;
    shows(client, "main .done", "Registered").await;
    eprintln!("a call with one mistake was logged in {:?}", begun.elapsed());
    let contacts = mila.until_contacts(1).await.unwrap();
    assert_eq!(text(&contacts[0], "/assignee"), "petar");
    let page = client
        .find(Locator::Css("main"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains(text(&contacts[0], "/reference")), "{page}");
    wait_until(Duration::from_secs(5), || async {
        let contact = mila.contact(text(&contacts[0], "/reference")).await.unwrap();
        text(&contact, "/status") == "closed" && text(&contact, "/day") == "2026-11-01"
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
}
