//! A counsellor's shift in Chromium through a proxy that records every byte: no identity passes without a reveal.

use fantoccini::{Client, Locator};
use hotline_tests::{
    peers::{browser::Browser, cable::Cable},
    staff::{PASSWORD, text},
};
use serde_json::json;

use crate::{
    pages::log_in_at,
    rights::{ADDRESS, IDENTITIES, world},
    writing::{press, shows, until},
};

/// Fails if the bytes contain an identity of the person.
fn assert_masked(recorded: &[u8], what: &str) {
    let all = String::from_utf8_lossy(recorded);
    assert!(all.contains("HTTP/1.1 200 OK"), "the proxy records {what}");
    for identity in IDENTITIES {
        assert!(!all.contains(identity), "{what}: {identity} passed");
    }
}

async fn type_in(client: &Client, css: &str, words: &str) {
    until(client, css).await.send_keys(words).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_identity_passes_in_a_shift_without_a_reveal() {
    let world = world().await;
    let proxy = Cable::recording(world.service.port()).await.unwrap();
    let base = format!("http://127.0.0.1:{}", proxy.port());
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    // The recorded bytes are searched, so they must not be compressed.
    browser.devtools("Network.enable", json!({})).await.unwrap();
    let plain = json!({ "headers": { "Accept-Encoding": "identity" } });
    browser
        .devtools("Network.setExtraHTTPHeaders", plain)
        .await
        .unwrap();
    log_in_at(client, &base, "mila", "en").await;

    let contact = format!("{base}/desk/contacts/{}", world.reference);
    for page in [
        "/desk/inbox?view=all",
        "/desk/inbox?view=unassigned&order=wait",
        "/desk/cases",
        "/desk/statistics",
        "/desk/canned",
        "/desk/routing/shifts",
        "/desk/log",
    ] {
        client.goto(&format!("{base}{page}")).await.unwrap();
        until(client, "main").await;
    }
    client.goto(&format!("{base}/desk/inbox?view=all")).await.unwrap();
    type_in(client, "#q", "recizbiblioteke\n").await;
    shows(client, "#list", "recizbiblioteke").await;
    client.goto(&format!("{contact}?view=all")).await.unwrap();
    press(client, "form[action$='/claim'] button").await;
    type_in(client, "#reply", "Hvala, tu smo.").await;
    press(client, "form.reply [data-send]").await;
    shows(client, "#thread", "Hvala, tu smo.").await;
    client.goto(&format!("{contact}?view=mine")).await.unwrap();
    shows(client, "#thread", "Hvala, tu smo.").await;
    assert_masked(&proxy.recorded(), "the shift");
    let audit = world.one("vera").get("/api/v1/audit").await.unwrap().to_string();
    assert!(!audit.contains("\"reveal\""), "nothing was revealed: {audit}");

    // With a reveal, the address passes, and the audit has the entry.
    press(client, "#revealing summary").await;
    let reason = client.find(Locator::Css("#reveal-reason")).await.unwrap();
    reason.select_by_value("emergency").await.unwrap();
    type_in(client, "#reveal-password", PASSWORD).await;
    press(client, "#revealing button").await;
    shows(client, "main", ADDRESS).await;
    let recorded = proxy.recorded();
    assert!(String::from_utf8_lossy(&recorded).contains(ADDRESS));
    let audit = world.one("vera").get("/api/v1/audit").await.unwrap();
    let entries = audit.pointer("/entries").unwrap().as_array().unwrap();
    let revealed = entries.iter().find(|entry| text(entry, "/action") == "reveal");
    let object = format!("{} emergency", world.reference);
    assert_eq!(text(revealed.unwrap(), "/object"), object);
    browser.close().await.unwrap();
}
