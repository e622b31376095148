//! The most frequent work by keyboard alone, with a limited number of key presses. Typed text does not count.

use std::time::Duration;

use fantoccini::{Client, key::Key};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{PASSWORD, text},
};
use serde_json::json;

use crate::writing::{posted, shows, until};

/// Sends keys to the element in focus, and counts them.
struct Keyboard<'a> {
    client: &'a Client,
    presses: usize,
}

impl Keyboard<'_> {
    /// Presses the keys one after another.
    async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.presses += 1;
            self.send(&key.to_string()).await;
        }
    }

    async fn press_key(&mut self, key: Key) {
        self.presses += 1;
        self.send(&key.to_string()).await;
    }

    async fn press_control_enter(&mut self) {
        self.presses += 2;
        self.send(&format!("{}{}", Key::Control, Key::Enter)).await;
    }

    /// Types text. It is not counted.
    async fn send(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    async fn until_focused(&self, id: &str) {
        wait_until(Duration::from_secs(20), || async {
            let focused = self.client.active_element().await.unwrap();
            focused.attr("id").await.unwrap().as_deref() == Some(id)
        })
        .await
        .unwrap_or_else(|_| panic!("{id} was never in focus"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_log_in_to_the_next_contact_in_twelve_key_presses() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let canned = json!({ "name": "greeting", "sr": "Здраво, хвала што пишеш.", "en": "Hello, thank you for writing." });
    vera.post("/api/v1/canned", &canned).await.unwrap();
    let (first, _) = posted(&service, "Prvo pismo").await;
    let (second, _) = posted(&service, "Drugo pismo").await;
    mila.until_messages(&second, 1).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    client
        .goto(&format!("{}/desk/login", service.base()))
        .await
        .unwrap();
    let mut keyboard = Keyboard { client, presses: 0 };
    keyboard.until_focused("login").await;
    keyboard.send("mila").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.send(PASSWORD).await;
    keyboard.press_key(Key::Enter).await;
    until(client, "#list").await;
    keyboard.press("j").await;
    keyboard.press_key(Key::Enter).await;
    shows(client, "#thread", "Prvo pismo").await;
    keyboard.press("r").await;
    keyboard.until_focused("reply").await;
    keyboard.press("/").await;
    until(client, "#ready:not([hidden]) li").await;
    keyboard.press_key(Key::Enter).await;
    keyboard.send(" Pričaj mi o tome.").await;
    keyboard.press_control_enter().await;
    shows(client, "#thread", "Pričaj mi o tome.").await;
    keyboard.press_key(Key::Escape).await;
    keyboard.press("j").await;
    keyboard.press_key(Key::Enter).await;
    shows(client, "#thread", "Drugo pismo").await;
    assert!(keyboard.presses <= 12, "{} key presses", keyboard.presses);
    let contact = mila.contact(&first).await.unwrap();
    let messages = contact
        .get("messages")
        .and_then(|messages| messages.as_array())
        .unwrap();
    let reply = messages
        .iter()
        .find(|message| text(message, "/direction") == "reply");
    assert!(reply.is_some_and(|reply| text(reply, "/text").ends_with("Pričaj mi o tome.")));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_logged_with_its_duration_in_twenty_key_presses() {
    let mut service = Service::new(None).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    let mut keyboard = Keyboard { client, presses: 0 };
    keyboard.press("l").await;
    keyboard.until_focused("clock").await;
    keyboard.press_key(Key::Enter).await;
    shows(client, "#clock-state", "running").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press_key(Key::Tab).await;
    keyboard.until_focused("text").await;
    keyboard.send("Majka pita za podešavanja.").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press("p").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press("te").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press("o").await;
    keyboard.press_key(Key::Tab).await;
    keyboard.press("a").await;
    keyboard.press_control_enter().await;
    shows(client, "main .done", "Registered").await;
    assert!(keyboard.presses <= 20, "{} key presses", keyboard.presses);
    let contacts = mila.until_contacts(1).await.unwrap();
    let contact = mila.contact(text(&contacts[0], "/reference")).await.unwrap();
    assert_eq!(text(&contact, "/status"), "closed");
    let record = |question: &str| text(&contact, &format!("/record/{question}/0")).to_owned();
    assert_eq!(
        ["kind", "role", "topic", "urgency", "outcome"].map(record),
        ["counselling", "parent", "technical", "ordinary", "advice"]
    );
    let talk = contact
        .pointer("/talk_seconds")
        .and_then(serde_json::Value::as_i64);
    assert!(
        talk.is_some_and(|seconds| (1..600).contains(&seconds)),
        "{talk:?}"
    );
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn talk_time_is_added_up_in_the_statistics() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let log = async |talk: serde_json::Value| {
        let call = json!({ "network": "telephone", "text": "Zvalo je dete", "talk_seconds": talk });
        mila.post("/api/v1/log", &call).await
    };
    for talk in [json!(90), json!(240), json!(null)] {
        log(talk).await.unwrap();
    }
    for talk in [json!(0), json!(-5), json!(43_201), json!(i64::MAX)] {
        let refused = log(talk).await.unwrap_err().to_string();
        assert!(refused.contains("twelve hours"), "{refused}");
    }
    let report = mila.get("/api/v1/statistics/report").await.unwrap();
    assert_eq!(
        report.pointer("/care/talk"),
        Some(&json!({ "calls": 2, "seconds": 330 }))
    );
    let form = [
        ("network", "telephone"),
        ("at", "2026-11-01T10:00"),
        ("text", "x"),
    ];
    let form = form.into_iter().chain([("talk", "soon")]).collect::<Vec<_>>();
    let page = mila.submit("/desk/log", &form).await.unwrap();
    assert!(
        page.contains("4:30") && page.contains("soon"),
        "the form shows the mistake"
    );
}
