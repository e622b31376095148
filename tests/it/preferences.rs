//! Personal preferences of staff, which apply on every device.

use std::time::Duration;

use fantoccini::{Locator, wd::TimeoutConfiguration};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::text,
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_finds_the_language_and_colours_they_chose_on_any_device() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let one = Browser::start().await.unwrap();
    let client = one.client();
    log_in_as(client, &service, "mila", "sr").await;
    press(client, "#preferences summary").await;
    for (field, chosen) in [("language", "en"), ("theme", "calm")] {
        let select = until(client, &format!("#{field}")).await;
        select.select_by_value(chosen).await.unwrap();
    }
    assert_eq!(one.axe().await.unwrap(), json!([]));
    one.pictures("preferences").await.unwrap();
    press(client, "#preferences form button").await;
    until(client, "html[data-theme=calm][lang=en]").await;
    let two = Browser::start().await.unwrap();
    log_in_as(two.client(), &service, "mila", "sr").await;
    let reload = two.client();
    reload
        .goto(&format!("{}/desk/login", service.base()))
        .await
        .unwrap();
    log_in_as(reload, &service, "mila", "").await;
    until(reload, "html[data-theme=calm]").await;
    one.close().await.unwrap();
    two.close().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    let me = mila.get("/api/v1/me").await.unwrap();
    assert_eq!(text(&me, "/preferences/language"), "en");
    let dark = json!({ "theme": "dark", "sound": true });
    let me = mila.post("/api/v1/preferences", &dark).await.unwrap();
    assert_eq!(
        me.get("preferences"),
        Some(
            &json!({ "language": null, "theme": "dark", "sound": true, "notify": false, "notify_about": "everyone", "quiet_keys": false, "compact": false, "saved": [] })
        )
    );
    let odd = mila
        .post("/api/v1/preferences", &json!({ "theme": "pink" }))
        .await
        .unwrap_err();
    assert!(odd.to_string().contains("422"), "{odd}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_page_tells_how_many_wait_and_shows_nothing_of_what_was_written() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let notify = json!({ "notify": true, "sound": true, "language": "en" });
    mila.post("/api/v1/preferences", &notify).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    client
        .update_timeouts(TimeoutConfiguration::default())
        .await
        .unwrap();
    log_in_as(client, &service, "mila", "en").await;
    // Simulates a hidden page that may show notifications. The page's own code does the rest.
    let hide = "window.told = [];
        window.Notification = class { constructor(title, more) { window.told.push([title, more.body]); } static permission = 'granted'; };
        Object.defineProperty(document, 'hidden', { get: () => true });";
    client.execute(hide, vec![]).await.unwrap();
    for (already, words) in [(0, "Tajna reč"), (1, "Druga tajna")] {
        let (reference, _) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        wait_until(Duration::from_secs(10), || async {
            let title = client.title().await.unwrap();
            title.starts_with(&format!("({})", already + 1)) && !title.contains("ajna")
        })
        .await
        .unwrap();
    }
    let told = client.execute("return window.told", vec![]).await.unwrap();
    let told: Vec<Value> = told.as_array().cloned().unwrap();
    assert!(
        told.len() == 2 && told[0] == json!(["Hotline", "Somebody waits for an answer."]),
        "{told:?}"
    );
    let badge = client.find(Locator::Css("#waits-too")).await.unwrap();
    assert_eq!(badge.text().await.unwrap(), "2");
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_with_filters_is_saved_under_a_name_and_lies_beside_the_others() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    for (words, urgency) in [("Obično", "ordinary"), ("Hitno", "danger")] {
        let (reference, _) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        let answers = json!({ "answers": { "urgency": [urgency] } });
        mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
            .await
            .unwrap();
    }
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    let filtered = format!("{}/desk/inbox?view=all&urgency=2&channel=webform", service.base());
    client.goto(&filtered).await.unwrap();
    assert_eq!(
        client.find_all(Locator::Css("#list ol li")).await.unwrap().len(),
        1
    );
    until(client, "#saved-name")
        .await
        .send_keys("Opasno sa sajta")
        .await
        .unwrap();
    press(client, "form[action='/desk/saved'] button").await;
    until(client, ".saved a").await;
    client
        .goto(&format!("{}/desk/inbox?view=mine", service.base()))
        .await
        .unwrap();
    press(client, ".saved a").await;
    shows(client, "#list ol", "Hitno").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    press(client, ".saved button").await;
    wait_until(Duration::from_secs(10), || async {
        client.find(Locator::Css(".saved")).await.is_err()
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
    let out = json!({ "name": "x", "query": "view=all&s=Petar%20P.&//outside.example.org" });
    let me = mila.post("/api/v1/saved", &out).await.unwrap();
    assert_eq!(
        text(&me, "/preferences/saved/0/query"),
        "view=all",
        "never what was looked for"
    );
}
