//! Canned replies: a supervisor writes them once, and counsellors get them in the person's language and script.

use std::time::Duration;

use fantoccini::key::Key;
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, shows, until},
};

async fn begun() -> (Service, Staff, Staff, String) {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Kako da podesim telefon?").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let all = [
        (
            "Прве речи",
            "Драга, хвала што си писала. Овде {counsellor}, {centre}.",
            "Thank you for writing.",
        ),
        ("Подешавања", "Под бројем {reference}: подешавања су овде.", ""),
    ];
    for (name, sr, en) in all {
        let one = json!({ "name": name, "sr": sr, "en": en });
        vera.post("/api/v1/canned", &one).await.unwrap();
    }
    (service, vera, mila, reference)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canned_reply_comes_in_the_persons_script_with_its_fields_filled_in() {
    let (_service, vera, mila, reference) = begun().await;
    let ready = mila
        .get(&format!("/api/v1/contacts/{reference}/canned"))
        .await
        .unwrap();
    // Sorted by name: Подешавања comes before Прве речи.
    assert_eq!(
        text(&ready, "/canned/0/text"),
        format!("Pod brojem {reference}: podešavanja su ovde.")
    );
    assert!(text(&ready, "/canned/1/text").starts_with("Draga, hvala što si pisala. Ovde mila, "));
    let mistyped = json!({ "name": "x", "sr": "{refrence}" });
    for (who, body, why) in [
        (&vera, &mistyped, "are filled in"),
        (
            &vera,
            &json!({ "name": "Прве речи", "sr": "a" }),
            "this name is taken",
        ),
        (&vera, &json!({ "name": "x" }), "no text"),
        (&mila, &json!({ "name": "x", "sr": "a" }), "403"),
    ] {
        let said = who.post("/api/v1/canned", body).await.unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    let all = vera.get("/api/v1/canned").await.unwrap();
    let id = text(&all, "/canned/0/id").to_owned();
    let changed = json!({ "id": id, "name": "Подешавања", "sr": "Ново", "en": "New" });
    vera.post("/api/v1/canned", &changed).await.unwrap();
    vera.post(
        &format!("/api/v1/canned/{}/delete", text(&all, "/canned/1/id")),
        &json!({}),
    )
    .await
    .unwrap();
    let all = mila.get("/api/v1/canned").await.unwrap();
    let left = all.get("canned").and_then(Value::as_array).unwrap();
    assert_eq!((left.len(), text(&left[0], "/sr")), (1, "Ново"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_lists_them_while_a_reply_is_written() {
    let (service, _, mila, reference) = begun().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "sr-Latn").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    let reply = until(client, "#reply").await;
    reply.send_keys("Zdravo! /").await.unwrap();
    shows(client, "#ready", "Подешавања").await;
    reply.send_keys("прве").await.unwrap();
    shows(client, "#ready li[aria-selected=true]", "Прве речи").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    let over = "return document.documentElement.scrollWidth - innerWidth";
    assert_eq!(client.execute(over, vec![]).await.unwrap(), json!(0));
    browser.pictures("ready").await.unwrap();
    reply.send_keys(&Key::Enter.to_string()).await.unwrap();
    let value = reply.prop("value").await.unwrap().unwrap();
    assert!(
        value.starts_with("Zdravo! Draga, hvala što si pisala. Ovde mila"),
        "{value}"
    );
    // The arrow keys choose one language.
    reply.send_keys(" /").await.unwrap();
    shows(client, "#ready-languages", "English").await;
    let right = Key::Right.to_string();
    reply.send_keys(&right.repeat(3)).await.unwrap();
    shows(client, "#ready-languages [aria-pressed=true]", "English").await;
    shows(client, "#ready li[aria-selected=true]", "Thank you").await;
    reply
        .send_keys(&format!("{}{}{}", Key::Escape, Key::Backspace, Key::Backspace))
        .await
        .unwrap();
    // An inserted reply is kept as a draft like typed text.
    wait_until(Duration::from_secs(10), || async {
        let contact = mila.contact(&reference).await.unwrap();
        text(&contact, "/draft/text") == value
    })
    .await
    .unwrap();
    // The supervisor edits canned replies on their page.
    log_in_as(client, &service, "vera", "sr-Latn").await;
    client
        .goto(&format!("{}/desk/canned/new", service.base()))
        .await
        .unwrap();
    until(client, "#name").await.send_keys("Трећи").await.unwrap();
    until(client, "#folder").await.send_keys("Савети").await.unwrap();
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("canned-form").await.unwrap();
    until(client, "#sr")
        .await
        .send_keys(&format!("Трећи{}{}", Key::Control, Key::Enter))
        .await
        .unwrap();
    shows(client, "#figures", "Saveti").await;
    shows(client, "#figures", "Treći").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("canned").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_never_reaches_the_person_and_says_when_there_is_nothing_to_choose() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    for unfinished in ["/", "/hvala", "Zdravo /"] {
        let said = mila.reply(&reference, unfinished).await.unwrap_err().to_string();
        assert!(said.contains("409") && said.contains("canned reply"), "{said}");
    }
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    let reply = until(client, "#reply").await;
    reply.send_keys("/").await.unwrap();
    shows(client, "#ready-said", "no canned replies yet").await;
    reply
        .send_keys(&format!("{}{}", Key::Control, Key::Enter))
        .await
        .unwrap();
    shows(client, "#refused", "canned reply").await;
    assert_eq!(
        mila.messages(&reference).await.unwrap().len(),
        1,
        "nothing was sent"
    );
    assert_eq!(reply.prop("value").await.unwrap().as_deref(), Some("/"));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canned_reply_is_chosen_in_each_language_and_asks_where_none_is_known() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let canned = json!({ "name": "Хвала", "sr": "Хвала на поруци.", "en": "Thank you for writing." });
    vera.post("/api/v1/canned", &canned).await.unwrap();
    let (unknown, _) = crate::writing::posted(&service, "112").await;
    vera.until_contacts(1).await.unwrap();
    let (known, _) = crate::writing::posted(&service, "Neko mi preti").await;
    vera.until_contacts(2).await.unwrap();
    // A form always states a language, but mails and chats may not.
    let file = service.data().join("hotline.db");
    let database = Database::connect(format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let forget =
        "UPDATE contacts SET language = NULL WHERE opened_at = (SELECT min(opened_at) FROM contacts)";
    database.execute_unprepared(forget).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "vera", "en").await;
    let begin = async |reference: &str| {
        client
            .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
            .await
            .unwrap();
        let reply = until(client, "#reply").await;
        reply.send_keys("/").await.unwrap();
        until(client, "#ready li").await;
        reply
    };
    // The canned reply in the person's language comes first, then the other languages.
    let reply = begin(&known).await;
    shows(client, "#ready li[aria-selected=true]", "Hvala na poruci.").await;
    reply.send_keys("english").await.unwrap();
    shows(client, "#ready li[aria-selected=true]", "Thank you").await;
    reply.send_keys(&Key::Enter.to_string()).await.unwrap();
    assert_eq!(
        reply.prop("value").await.unwrap().as_deref(),
        Some("Thank you for writing.")
    );
    let language = vera.contact(&unknown).await.unwrap();
    assert_eq!(language.get("language"), Some(&serde_json::Value::Null));
    let reply = begin(&unknown).await;
    shows(client, "#ready-said", "language").await;
    reply.send_keys(&Key::Enter.to_string()).await.unwrap();
    assert_eq!(
        reply.prop("value").await.unwrap().as_deref(),
        Some("/"),
        "nothing is chosen for anybody"
    );
    reply
        .send_keys(&format!("{}{}", Key::Down, Key::Enter))
        .await
        .unwrap();
    assert_eq!(
        reply.prop("value").await.unwrap().as_deref(),
        Some("Хвала на поруци.")
    );
    browser.close().await.unwrap();
}
