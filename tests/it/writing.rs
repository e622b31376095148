//! Writing to a person: typed text is kept, sending needs a deliberate action, and colleagues see each other's presence.

use std::time::Duration;

use fantoccini::{Client, Locator};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::pages::log_in_as;

pub async fn posted(service: &Service, words: &str) -> (String, String) {
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.post(format!("{}/api/v1/contacts", service.base()));
    let post = json!({ "kind": "advice", "message": words, "language": "sr-Latn" });
    let answer = request.json(&post).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    (
        text(&answer, "/reference").to_owned(),
        text(&answer, "/receipt_code").to_owned(),
    )
}

/// Posts another message with the receipt code.
pub async fn writes_again(service: &Service, code: &str, words: &str) {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let form = [("code", code), ("id", &id), ("lang", "en"), ("message", words)];
    let client = reqwest::Client::builder().build().unwrap();
    let request = client
        .post(format!("{}/answer/write", service.base()))
        .form(&form);
    assert!(request.send().await.unwrap().status().is_success());
}

async fn begun() -> (Service, Staff, String, String) {
    let mut service = Service::new(None).unwrap();
    service.let_replies_be_taken_back(3).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, code) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    (service, mila, reference, code)
}

fn newest(contact: &Value) -> i64 {
    contact.pointer("/newest").and_then(Value::as_i64).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_back_within_seconds_and_its_words_are_a_draft_again() {
    let (service, mila, reference, _) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    let id = mila.reply(&reference, "Prebrzo poslato").await.unwrap();
    let undo = format!("{path}/messages/{}/undo", text(&id, "/id"));
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let other = petar.post(&undo, &json!({})).await.unwrap_err().to_string();
    assert!(other.contains("409"), "{other}");
    let after = mila.post(&undo, &json!({})).await.unwrap();
    assert_eq!(text(&after, "/status"), "waiting");
    assert!(after.pointer("/messages/1").is_none(), "{after}");
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/draft/text"), "Prebrzo poslato");
    assert!(
        text(&contact, "/waiting_since") == text(&contact, "/messages/0/at"),
        "{contact}"
    );
    // A reply that was sent can't be cancelled.
    let id = mila.reply(&reference, "Promišljeno").await.unwrap();
    mila.until_reply_is(&reference, "sent").await.unwrap();
    let undo = format!("{path}/messages/{}/undo", text(&id, "/id"));
    let late = mila.post(&undo, &json!({})).await.unwrap_err().to_string();
    assert!(late.contains("409"), "{late}");
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(
        contact.pointer("/draft"),
        Some(&Value::Null),
        "what was sent is no draft"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_answers_at_once_one_leaves_and_none_leaves_past_something_unseen() {
    let (service, _, reference, code) = begun().await;
    let mila = service.hire("vera", "supervisor").await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let path = format!("/api/v1/contacts/{reference}");
    for _ in 0..10 {
        let seen = newest(&mila.contact(&reference).await.unwrap());
        let reply = |words: &str| json!({ "text": words, "seen": seen });
        let reply_path = format!("{path}/reply");
        let (one, other) = (reply("Mila"), reply("Sara"));
        let (one, other) = tokio::join!(mila.post(&reply_path, &one), sara.post(&reply_path, &other));
        assert!(one.is_ok() != other.is_ok(), "exactly one: {one:?} {other:?}");
    }
    let seen = newest(&mila.contact(&reference).await.unwrap());
    writes_again(&service, &code, "Ipak ne, sve je u redu").await;
    mila.until_messages(&reference, 2).await.unwrap();
    let late = json!({ "text": "Zovite policiju", "seen": seen });
    let refused = mila
        .post(&format!("{path}/reply"), &late)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("you have not seen"), "{refused}");
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(
        text(&contact, "/draft/text"),
        "Zovite policiju",
        "nothing typed is lost"
    );
    let anyway = json!({ "text": "Zovite policiju", "seen": seen, "anyway": true });
    mila.post(&format!("{path}/reply"), &anyway).await.unwrap();
}

pub async fn until(client: &Client, css: &str) -> fantoccini::elements::Element {
    client
        .wait()
        .at_most(Duration::from_secs(20))
        .for_element(Locator::Css(css))
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// Presses an element as soon as it appears.
pub async fn press(client: &Client, css: &str) {
    wait_until(Duration::from_secs(20), || async {
        match client.find(Locator::Css(css)).await {
            Ok(found) => found.click().await.is_ok(),
            Err(_) => false,
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{css} could not be pressed"));
}

pub async fn shows(client: &Client, css: &str, words: &str) {
    wait_until(Duration::from_secs(20), || async {
        match client.find(Locator::Css(css)).await {
            Ok(found) => found.text().await.is_ok_and(|shown| shown.contains(words)),
            Err(_) => false,
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{css} never showed {words}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_see_each_other_drafts_survive_a_crash_and_undo_works_on_the_page() {
    let (mut service, _, reference, code) = begun().await;
    service.hire("sara", "supervisor").await.unwrap();
    let (one, two) = tokio::join!(Browser::start(), Browser::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    let (mila, sara) = (one.client(), two.client());
    log_in_as(mila, &service, "mila", "en").await;
    log_in_as(sara, &service, "sara", "en").await;
    let link = format!("a[href^='/desk/contacts/{reference}']");
    press(mila, &link).await;
    until(mila, "#reply").await;
    press(sara, &link).await;
    until(sara, "#reply").await;
    shows(mila, "#present", "sara is reading this").await;
    until(mila, "#reply")
        .await
        .send_keys("Draga, tu smo")
        .await
        .unwrap();
    shows(sara, "#present", "mila is writing a reply").await;
    shows(mila, "#kept", "Draft kept").await;
    // The service is killed while the counsellor types. The typed text is kept, and another device shows it.
    service.kill();
    service.start().await.unwrap();
    let again = Browser::start().await.unwrap();
    log_in_as(again.client(), &service, "mila", "en").await;
    again
        .client()
        .goto(&format!("{}/desk/contacts/{reference}", service.base()))
        .await
        .unwrap();
    let kept = until(again.client(), "#reply").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("Draga, tu smo"));
    again.close().await.unwrap();
    // A message arrives while the counsellor types. Sending then asks for confirmation.
    writes_again(&service, &code, "Ne smem više da pišem").await;
    shows(mila, "#thread", "Ne smem više").await;
    shows(mila, "#newer", "Something came").await;
    press(mila, "[data-send]").await;
    shows(mila, "#refused", "you have not seen").await;
    press(mila, "[data-look]").await;
    press(mila, "[data-send]").await;
    press(mila, "form.undo button").await;
    wait_until(Duration::from_secs(10), || async {
        let area = mila.find(Locator::Css("#reply")).await.unwrap();
        area.prop("value").await.unwrap().as_deref() == Some("Draga, tu smo")
    })
    .await
    .unwrap();
    press(mila, "[data-send]").await;
    shows(mila, ".message.reply .delivery", "Waiting").await;
    shows(sara, "#thread", "Draga, tu smo").await;
    // A colleague who leaves disappears from the others' pages.
    one.close().await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        let present = sara.find(Locator::Css("#present")).await.unwrap();
        present.text().await.unwrap().is_empty()
    })
    .await
    .unwrap();
    two.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_empties_itself_after_its_session_without_a_server() {
    let (mut service, mila, reference, _) = begun().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    let contact = format!("{}/desk/contacts/{reference}", service.base());
    client.goto(&contact).await.unwrap();
    until(client, "#reply").await.send_keys("Draga").await.unwrap();
    shows(client, "#kept", "Draft kept").await;
    // While the server answers, the clock alone does not empty the page.
    let later = "const now = Date.now.bind(Date); Date.now = () => now() + 31 * 60000";
    client.execute(later, vec![]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    shows(client, "#thread", "Neko mi preti").await;
    service.kill();
    client.execute(later, vec![]).await.unwrap();
    shows(client, "main", "this page was emptied").await;
    let left = client.source().await.unwrap();
    assert!(
        !left.contains("Neko mi preti") && !left.contains("Draga"),
        "{left}"
    );
    assert!(!client.title().await.unwrap().contains(&reference));
    // As soon as the server answers, the desk comes back. The session has not ended there, because only the browser's clock ran ahead.
    service.start().await.unwrap();
    until(client, "#list").await;
    client.goto(&contact).await.unwrap();
    let kept = until(client, "#reply").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("Draga"));
    let draft = mila.contact(&reference).await.unwrap();
    assert_eq!(text(&draft, "/draft/text"), "Draga");
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_to_one_person_never_becomes_a_draft_to_another() {
    let (mut service, mila, first, _) = begun().await;
    let (second, _) = posted(&service, "Druga osoba").await;
    mila.until_messages(&second, 1).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/contacts/{first}?view=all", service.base()))
        .await
        .unwrap();
    until(client, "#reply").await;
    // The service is down when the first words should be saved. Then typing continues while another contact is loading.
    service.kill();
    until(client, "#reply")
        .await
        .send_keys("Samo za prvu osobu")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    service.start().await.unwrap();
    let slow = "const real = window.fetch;
        window.fetch = async (url, more) => { if (!more?.method) await new Promise((r) => setTimeout(r, 800)); return real(url, more); };";
    client.execute(slow, vec![]).await.unwrap();
    press(client, &format!("#list a[href^='/desk/contacts/{second}']")).await;
    let reply = client.find(Locator::Css("#reply")).await.unwrap();
    reply.send_keys(" i dalje").await.unwrap();
    shows(client, "#contact", &second).await;
    wait_until(Duration::from_secs(15), || async {
        let contact = mila.contact(&first).await.unwrap();
        text(&contact, "/draft/text") == "Samo za prvu osobu i dalje"
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let other = mila.contact(&second).await.unwrap();
    assert_eq!(other.pointer("/draft"), Some(&Value::Null));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_other_words_is_refused_and_nothing_goes_centuries_away() {
    let (_service, mila, reference, _) = begun().await;
    let id = uuid::Uuid::new_v4();
    let path = format!("/api/v1/contacts/{reference}");
    let note = |words: &str| json!({ "id": id, "text": words });
    mila.post(&format!("{path}/note"), &note("Prva")).await.unwrap();
    mila.post(&format!("{path}/note"), &note("Prva")).await.unwrap();
    let other = mila.post(&format!("{path}/note"), &note("Ispravljena")).await;
    assert!(other.unwrap_err().to_string().contains("409"));
    let far = json!({ "until": "+262142-12-31T23:59:59Z" });
    let far = mila.post(&format!("{path}/snooze"), &far).await;
    assert!(far.unwrap_err().to_string().contains("too far off"));
    let call = json!({ "network": "telephone", "text": "x", "at": "-262143-01-01T00:00:00Z" });
    assert!(mila.post("/api/v1/log", &call).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_comes_late_and_a_form_that_was_taken_back_bring_nothing_back() {
    let (_service, mila, reference, _) = begun().await;
    let path = format!("/api/v1/contacts/{reference}");
    let id = uuid::Uuid::new_v4();
    let reply = json!({ "id": id, "text": "Tu smo." });
    mila.post(&format!("{path}/reply"), &reply).await.unwrap();
    let draft = json!({ "kind": "reply", "text": "Tu sm", "id": id });
    mila.post(&format!("{path}/draft"), &draft)
        .await
        .unwrap_or_default();
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(contact.get("draft"), Some(&Value::Null));
    mila.post(&format!("{path}/messages/{id}/undo"), &json!({}))
        .await
        .unwrap();
    let again = mila.post(&format!("{path}/reply"), &reply).await.unwrap_err();
    assert!(again.to_string().contains("409"), "{again}");
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/draft/text"), "Tu smo.");
}
