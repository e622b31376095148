//! The wrap-up: a contact is classified by keyboard before it is closed, and partial answers are kept.

use std::time::Duration;

use fantoccini::{Locator, key::Key};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::writing::{posted, shows, until};

async fn begun() -> (Service, Staff, String) {
    let mut service = Service::new(None).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    (service, mila, reference)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_closed_only_when_it_is_classified_and_who_follows_finds_what_was_filled_in() {
    let (service, mila, reference) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    let refused = mila
        .post(&format!("{path}/close"), &json!({}))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("complete the wrap-up first"), "{refused}");
    let part = json!({ "answers": { "kind": ["counselling"], "topic": ["grooming", "sexting"], "urgency": ["danger"] } });
    mila.post(&format!("{path}/wrap-up"), &part).await.unwrap();
    mila.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let found = sara.contact(&reference).await.unwrap();
    assert_eq!(
        found.pointer("/record/topic"),
        Some(&json!(["grooming", "sexting"]))
    );
    assert_eq!(found.pointer("/missing"), Some(&json!(["role", "outcome"])));
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let others = petar
        .post(&format!("{path}/wrap-up"), &part)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        others.contains("409"),
        "who does not hold it does not classify it: {others}"
    );
    for unlawful in [
        json!({ "answers": { "mood": ["good"] } }),
        json!({ "answers": { "age": ["abc"] } }),
        json!({ "answers": { "kind": ["counselling", "report"] } }),
    ] {
        let refused = mila
            .post(&format!("{path}/wrap-up"), &unlawful)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains("409"), "{refused}");
    }
    let whole = json!({ "close": true, "reason": "answered by telephone", "answers": { "kind": ["counselling"], "topic": ["grooming"], "urgency": ["urgent"],
        "role": ["child"], "age": ["13"], "outcome": ["advice"] } });
    let closed = mila.post(&format!("{path}/wrap-up"), &whole).await.unwrap();
    assert_eq!(text(&closed, "/status"), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_a_marking_leaves_the_total_and_another_kind_brings_it_back() {
    let (_service, mila, reference) = begun().await;
    let path = format!("/api/v1/contacts/{reference}/wrap-up");
    let total = async || {
        mila.get("/api/v1/statistics/totals")
            .await
            .unwrap()
            .get("total")
            .and_then(Value::as_i64)
    };
    let kind = |kind: &str| json!({ "close": true, "reason": "proba", "answers": { "kind": [kind] } });
    let spam = mila.post(&path, &kind("spam")).await.unwrap();
    assert_eq!(
        (text(&spam, "/status"), text(&spam, "/marking")),
        ("closed", "spam")
    );
    assert_eq!(total().await, Some(0));
    let reopened = mila
        .post(&format!("/api/v1/contacts/{reference}/reopen"), &json!({}))
        .await
        .unwrap();
    assert_eq!(reopened.pointer("/marking"), Some(&Value::Null));
    assert_eq!(reopened.pointer("/record/kind"), None);
    assert_eq!(total().await, Some(1), "what is open is no spam");
    mila.post(&path, &kind("spam")).await.unwrap();
    assert_eq!(total().await, Some(0));
    let prank = json!({ "answers": { "kind": ["prank"] } });
    let prank = mila.post(&path, &prank).await.unwrap();
    assert_eq!(text(&prank, "/status"), "closed");
    assert_eq!(prank.pointer("/marking"), Some(&Value::Null));
    assert_eq!(total().await, Some(1), "a prank is a registered communication");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_filled_by_keyboard_keeps_each_answer_and_one_key_closes_what_is_no_counselling() {
    let (service, mila, reference) = begun().await;
    // With a reply, an urgent contact can be closed without a reason.
    mila.reply(&reference, "Tu smo.").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    let kind = until(client, "#q-kind").await;
    assert_eq!(
        kind.prop("value").await.unwrap().as_deref(),
        Some("counselling"),
        "suggested by what the form asked"
    );
    let shown = async || kind.is_displayed().await.unwrap();
    assert!(!shown().await, "at first only what is missing is asked");
    until(client, "body").await.send_keys("w").await.unwrap();
    assert!(shown().await, "one key shows every question");
    for (question, keys) in [
        ("role", "child"),
        ("topic", "groom"),
        ("urgency", "urgent"),
        ("outcome", "advice"),
    ] {
        let field = until(client, &format!("#q-{question}")).await;
        field.send_keys(keys).await.unwrap();
        wait_until(Duration::from_secs(10), || async {
            let contact = mila.contact(&reference).await.unwrap();
            contact.pointer(&format!("/record/{question}/0")).is_some()
        })
        .await
        .unwrap_or_else(|_| panic!("{question} was not kept"));
    }
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    if let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") {
        for (width, height) in [(1_280, 1_000), (360, 2_400)] {
            browser.set_size(width, height).await.unwrap();
            let file = std::path::Path::new(&folder).join(format!("wrapup-{width}.png"));
            browser.screenshot(file).await.unwrap();
        }
        browser.set_size(1_280, 1_000).await.unwrap();
    }
    until(client, ".wrapping button[name=close]")
        .await
        .click()
        .await
        .unwrap();
    shows(client, "#contact", "closed").await;
    // A non-counselling contact is classified and closed with two key presses.
    let (silent, _) = posted(&service, "...").await;
    mila.until_messages(&silent, 1).await.unwrap();
    client
        .goto(&format!("{}/desk/contacts/{silent}?view=all", service.base()))
        .await
        .unwrap();
    let summary = client.find(Locator::Css(".quick summary")).await.unwrap();
    summary.send_keys(&Key::Enter.to_string()).await.unwrap();
    client
        .active_element()
        .await
        .unwrap()
        .send_keys("1")
        .await
        .unwrap();
    shows(client, "#contact", "closed").await;
    let contact = mila.contact(&silent).await.unwrap();
    assert_eq!(contact.pointer("/record/kind/0"), Some(&json!("silent")));
    browser.close().await.unwrap();
}
