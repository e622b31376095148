//! Using the desk by keyboard only.

use std::time::Duration;

use fantoccini::{Client, Locator, key::Key};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::text,
};
use serde_json::json;

use crate::{
    pages::log_in_as,
    writing::{posted, shows, until},
};

async fn press_keys(client: &Client, keys: &str) {
    let focused = client.active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}

async fn focused(client: &Client, id: &str) {
    wait_until(Duration::from_secs(10), || async {
        let focused = client.active_element().await.unwrap();
        focused.attr("id").await.unwrap().as_deref() == Some(id)
    })
    .await
    .unwrap_or_else(|_| panic!("{id} never had the focus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_found_taken_answered_noted_and_found_again_without_a_mouse() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for words in ["Prva poruka", "Druga poruka"] {
        let (reference, _) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/inbox?view=unassigned", service.base()))
        .await
        .unwrap();
    press_keys(client, "j").await;
    press_keys(client, "j").await;
    press_keys(client, &Key::Enter.to_string()).await;
    shows(client, "#contact", &references[1]).await;
    press_keys(client, "c").await;
    shows(client, "#record", "mila").await;
    let lost = client.find(Locator::Css("#stale")).await.unwrap();
    assert!(
        !lost.is_displayed().await.unwrap(),
        "nothing went wrong on the way"
    );
    // Taking a contact moves the focus to the reply.
    focused(client, "reply").await;
    press_keys(client, &Key::Escape.to_string()).await;
    press_keys(client, "r").await;
    focused(client, "reply").await;
    // Inside a field, shortcut keys type letters.
    press_keys(client, "jkc? Tu smo.").await;
    press_keys(client, &format!("{}{}", Key::Control, Key::Enter)).await;
    shows(client, ".message.reply", "jkc? Tu smo.").await;
    press_keys(client, &Key::Escape.to_string()).await;
    press_keys(client, "n").await;
    focused(client, "note").await;
    press_keys(client, &Key::Escape.to_string()).await;
    press_keys(client, "?").await;
    shows(client, "#keys", "claim the contact").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("keys").await.unwrap();
    press_keys(client, &Key::Escape.to_string()).await;
    // Every command is found by its name; other input starts a search.
    press_keys(client, &format!("{}k", Key::Control)).await;
    until(client, "#palette[open] li").await;
    press_keys(client, "closed").await;
    shows(client, "#palette li[aria-selected=true]", "Closed").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("palette").await.unwrap();
    press_keys(client, &Key::Enter.to_string()).await;
    until(client, ".views a[href*='view=closed'][aria-current]").await;
    press_keys(client, &format!("{}k", Key::Control)).await;
    until(client, "#palette[open] li").await;
    press_keys(client, &format!("прва{}", Key::Enter)).await;
    shows(client, "#list ol", &references[0]).await;
    // People who press keys by accident can turn shortcuts off.
    mila.post("/api/v1/preferences", &json!({ "quiet_keys": true }))
        .await
        .unwrap();
    client
        .goto(&format!("{}/desk/inbox?view=unassigned", service.base()))
        .await
        .unwrap();
    press_keys(client, "?").await;
    assert!(client.find(Locator::Css("#keys[open]")).await.is_err());
    let contact = mila.contact(&references[1]).await.unwrap();
    assert_eq!(text(&contact, "/assignee"), "mila");
    browser.close().await.unwrap();
}
