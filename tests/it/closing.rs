//! Closing a contact: a reason is required while the person waits for a reply, and the desk points to missing answers.

use std::time::Duration;

use fantoccini::{Client, Locator, key::Key};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

async fn begun() -> (Service, Staff, Staff, String) {
    let mut service = Service::new(None).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    (service, mila, petar, reference)
}

fn whole(urgency: &str) -> Value {
    json!({ "kind": ["counselling"], "topic": ["grooming"], "urgency": [urgency], "role": ["child"],
        "outcome": ["advice"] })
}

async fn refused(staff: &Staff, path: &str, body: &Value) -> String {
    staff.post(path, body).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_reply_is_closed_only_with_a_reason_which_stays_in_the_history() {
    let (_service, mila, _, reference) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(
        &format!("{path}/wrap-up"),
        &json!({ "answers": whole("ordinary") }),
    )
    .await
    .unwrap();
    for (step, body) in [
        ("close", json!({})),
        ("close", json!({ "reason": "  " })),
        ("wrap-up", json!({ "answers": whole("ordinary"), "close": true })),
    ] {
        let said = refused(&mila, &format!("{path}/{step}"), &body).await;
        assert!(said.contains("409") && said.contains("reason"), "{said}");
    }
    let closed = mila
        .post(
            &format!("{path}/close"),
            &json!({ "reason": "Zvali smo je telefonom" }),
        )
        .await
        .unwrap();
    assert_eq!(text(&closed, "/status"), "closed");
    let history = closed.get("history").unwrap().as_array().unwrap();
    let entry = history
        .iter()
        .find(|event| text(event, "/kind") == "closed")
        .unwrap();
    assert_eq!(text(entry, "/detail"), "Zvali smo je telefonom");
    let page = mila
        .page(&format!("/desk/contacts/{reference}?view=all"))
        .await
        .unwrap();
    assert!(
        page.matches("Zvali smo je telefonom").count() >= 2,
        "a note, and in the history"
    );
    // Closing a contact that has a reply asks for no reason.
    mila.post(&format!("{path}/reopen"), &json!({})).await.unwrap();
    mila.reply(&reference, "Tu smo.").await.unwrap();
    mila.post(&format!("{path}/close"), &json!({})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_contact_that_nobody_looks_after_is_not_put_away_with_one_key() {
    let (_service, mila, _, reference) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{path}/wrap-up"), &json!({ "answers": whole("danger") }))
        .await
        .unwrap();
    for (step, body) in [
        ("close", json!({})),
        ("mark", json!({ "marking": "spam" })),
        (
            "wrap-up",
            json!({ "answers": { "kind": ["spam"] }, "close": true }),
        ),
        ("wrap-up", json!({ "answers": { "kind": ["spam"] } })),
        (
            "wrap-up",
            json!({ "answers": { "kind": ["prank"] }, "close": true }),
        ),
    ] {
        let said = refused(&mila, &format!("{path}/{step}"), &body).await;
        assert!(
            said.contains("409") && said.contains("reason"),
            "{step} {body}: {said}"
        );
        let contact = mila.contact(&reference).await.unwrap();
        assert_eq!(
            (text(&contact, "/status"), contact.get("urgency")),
            ("waiting", Some(&json!(2)))
        );
    }
    let several = json!({ "do": "spam", "references": [reference] });
    let came = mila.post("/api/v1/several", &several).await.unwrap();
    assert!(text(&came, "/refused/0/error").contains("reason"), "{came}");
    let prank = json!({ "answers": { "kind": ["prank"] }, "close": true, "reason": "Ista osoba se javila i rekla da se šali" });
    let closed = mila.post(&format!("{path}/wrap-up"), &prank).await.unwrap();
    assert_eq!(text(&closed, "/status"), "closed");
}

async fn opened(client: &Client, service: &Service, reference: &str) {
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    until(client, "#contact").await;
}

async fn focused(client: &Client, css: &str) {
    wait_until(Duration::from_secs(10), || async {
        let script = format!("return document.activeElement.matches({css:?})");
        client.execute(&script, vec![]).await.unwrap() == json!(true)
    })
    .await
    .unwrap_or_else(|_| panic!("{css} never had the focus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_leads_to_the_first_missing_answer_and_asks_why_there_is_no_reply() {
    let (service, mila, _, reference) = begun().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    opened(client, &service, &reference).await;
    let keys = async |keys: &str| {
        client
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    };
    keys("e").await;
    // The kind is suggested from the form that the person used, so the next question has the focus.
    focused(client, "#q-role").await;
    for (question, answer) in [
        ("role", "child"),
        ("topic", "groom"),
        ("urgency", "ordinary"),
        ("outcome", "advice"),
    ] {
        until(client, &format!("#q-{question}"))
            .await
            .send_keys(answer)
            .await
            .unwrap();
    }
    press(client, ".wrapping button[name=close]").await;
    shows(client, "#asking[open]", "waits for a reply").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("why").await.unwrap();
    // Escape leaves the contact open.
    keys(&Key::Escape.to_string()).await;
    wait_until(Duration::from_secs(5), || async {
        client.find(Locator::Css("#asking[open]")).await.is_err()
    })
    .await
    .unwrap();
    assert_eq!(
        text(&mila.contact(&reference).await.unwrap(), "/status"),
        "waiting"
    );
    press(client, ".wrapping button[name=close]").await;
    until(client, "#asking[open]").await;
    keys(&Key::Enter.to_string()).await;
    shows(client, "#contact", "closed").await;
    shows(client, "#record .history", "Answered another way").await;
    // The page may show the change before it has the answer to the form.
    wait_until(Duration::from_secs(10), || async {
        client.find(Locator::Css("#asking[open]")).await.is_err()
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrap_up_that_was_taken_over_can_only_be_read_and_says_by_whom() {
    let (service, mila, petar, reference) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    opened(client, &service, &reference).await;
    until(client, "#q-role")
        .await
        .send_keys("about self")
        .await
        .unwrap();
    let me = petar.get("/api/v1/me").await.unwrap();
    mila.post(&format!("{path}/hand-over"), &json!({ "to": text(&me, "/id") }))
        .await
        .unwrap();
    shows(client, "#wrapup .held", "Assigned to: petar").await;
    assert!(client.find(Locator::Css("#wrapup select")).await.is_err());
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn my_own_hand_over_is_no_alarm_a_note_is_seen_and_a_red_message_goes_when_it_is_done() {
    let (service, mila, _, reference) = begun().await;
    mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    for number in 0..30 {
        let note = json!({ "text": format!("Beleška {number}\nu dva reda") });
        mila.post(&format!("/api/v1/contacts/{reference}/note"), &note)
            .await
            .unwrap();
    }
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    opened(client, &service, &reference).await;
    client
        .execute("document.getElementById('thread').scrollTop = 0", vec![])
        .await
        .unwrap();
    press(client, "label[for=writes-note]").await;
    until(client, "#note")
        .await
        .send_keys("Pitala je dvaput.")
        .await
        .unwrap();
    press(client, "form.note button").await;
    shows(client, "#thread", "Pitala je dvaput.").await;
    wait_until(Duration::from_secs(20), || async {
        let script = "const [one, all] = [[...document.querySelectorAll('.message')].at(-1).getBoundingClientRect(), document.getElementById('thread').getBoundingClientRect()];
            return one.top >= all.top - 1 && one.bottom <= all.bottom + 1";
        client.execute(script, vec![]).await.unwrap() == json!(true)
    })
    .await
    .unwrap();
    // The refusal is shown in red until the wrap-up is complete.
    press(client, ".wrapping button[name=close]").await;
    shows(client, "#refused", "wrap-up first").await;
    for (question, answer) in [
        ("role", "child"),
        ("topic", "groom"),
        ("urgency", "ordinary"),
        ("outcome", "advice"),
    ] {
        until(client, &format!("#q-{question}"))
            .await
            .send_keys(answer)
            .await
            .unwrap();
    }
    wait_until(Duration::from_secs(10), || async {
        let red = client.find(Locator::Css("#refused")).await.unwrap();
        !red.is_displayed().await.unwrap()
    })
    .await
    .unwrap();
    press(client, "label[for=writes-reply]").await;
    until(client, "#reply")
        .await
        .send_keys("Započet odgovor")
        .await
        .unwrap();
    press(client, "#handing summary").await;
    let to = until(client, "#hand-to").await;
    to.select_by_label("petar").await.unwrap();
    press(client, "#handing form button").await;
    shows(client, "#write", "Assigned to: petar").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(
        client.find(Locator::Css("#taken")).await.is_err(),
        "I handed it over myself"
    );
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(
        text(&contact, "/draft/text"),
        "Započet odgovor",
        "and nothing typed is lost"
    );
    browser.close().await.unwrap();
}
