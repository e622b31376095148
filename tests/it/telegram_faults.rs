//! Rare behaviour of Telegram: files of unknown size, halves of an emoji, moving locations, and requests to wait.

use std::time::Duration;

use hotline_tests::{
    peers::{
        telegram::{Fault, content},
        wait_until,
    },
    staff::text,
};
use serde_json::{Value, json};

use crate::telegram::{ANA, running, told};

const MORE: &str = "acknowledge = false";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_unknown_size_is_fetched_when_it_is_asked_for() {
    let (telegram, _service, staff) = running(MORE).await;
    let file = telegram.add_file(&[7; 50_000], "a.jpg");
    let mut photo = content::captioned(content::photo(&file), "ovo mi je poslao");
    for size in photo["photo"].as_array_mut().unwrap() {
        size.as_object_mut().unwrap().remove("file_size");
    }
    telegram.sends(ANA, &photo);
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let said = staff.until_messages(&reference, 1).await.unwrap();
    assert_eq!(text(&said[0], "/text"), "ovo mi je poslao");
    assert_eq!(text(&said[0], "/attachments/0/held"), "elsewhere");
    let page = staff
        .page(&format!("/desk/contacts/{reference}?view=all"))
        .await
        .unwrap();
    assert!(!page.contains("MiB"), "{page}");
    let id = text(&said[0], "/attachments/0/id");
    let path = format!("/api/v1/contacts/{reference}/attachments/{id}/fetch");
    staff.post(&path, &json!({})).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        text(
            &staff.messages(&reference).await.unwrap()[0],
            "/attachments/0/held",
        ) == "here"
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_emoji_hides_no_words() {
    let (telegram, _service, staff) = running(MORE).await;
    let update = json!({ "message": { "message_id": 900, "date": 1_764_000_000, "text": "HALF", "chat": { "id": ANA, "type": "private" },
        "from": { "id": ANA, "is_bot": false, "first_name": "Ana" } } });
    let update = update.to_string().replace("HALF", "plačem \\ud83d stalno");
    telegram.push_raw(&update.replacen('{', "{\"update_id\": {update_id}, ", 1));
    let contacts = staff.until_contacts(1).await.unwrap();
    assert_eq!(text(&contacts[0], "/first_words"), "plačem \u{fffd} stalno");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_shared_live_moves_and_calls_nobody() {
    let (telegram, _service, staff) = running(MORE).await;
    let place = |step: i32| {
        let latitude = 44.8 + f64::from(step) / 1_000.0;
        json!({ "location": { "latitude": latitude, "longitude": 20.4, "live_period": 900 } })
    };
    let id = telegram.sends(ANA, &place(0));
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let opened = staff.contact(&reference).await.unwrap();
    staff.reply(&reference, "Vidimo gde si.").await.unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    let seen = staff.contact(&reference).await.unwrap();
    for step in 1..=10 {
        telegram.edits(ANA, id, &place(step));
    }
    wait_until(Duration::from_secs(20), || async {
        text(&staff.messages(&reference).await.unwrap()[0], "/text") == "📍 44.81000, 20.40000"
    })
    .await
    .unwrap();
    let moved = staff.contact(&reference).await.unwrap();
    assert_eq!(
        text(&moved, "/status"),
        text(&seen, "/status"),
        "nobody is called"
    );
    assert_ne!(text(&moved, "/status"), text(&opened, "/status"));
    let said = staff.messages(&reference).await.unwrap();
    let versions = said[0].pointer("/versions").and_then(Value::as_array);
    assert!(versions.is_none_or(Vec::is_empty), "{versions:?}");
    // Unlike a moved location, a text message changes the status.
    telegram.says(ANA, "stigla sam");
    staff.until_messages(&reference, 2).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        text(&staff.contact(&reference).await.unwrap(), "/status") == text(&opened, "/status")
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_not_refused_because_a_place_moved_meanwhile() {
    let (telegram, _service, staff) = running(MORE).await;
    let place = |latitude: f64| json!({ "location": { "latitude": latitude, "longitude": 20.4, "live_period": 900 } });
    let id = telegram.sends(ANA, &place(44.8));
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let newest = staff.contact(&reference).await.unwrap()["newest"].clone();
    assert!(newest.is_i64(), "{newest}");
    telegram.edits(ANA, id, &place(44.9));
    wait_until(Duration::from_secs(20), || async {
        text(&staff.messages(&reference).await.unwrap()[0], "/text") == "📍 44.90000, 20.40000"
    })
    .await
    .unwrap();
    let path = format!("/api/v1/contacts/{reference}/reply");
    staff
        .post(&path, &json!({ "text": "Tu smo.", "seen": newest }))
        .await
        .unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_telegram_names_is_no_failed_attempt() {
    let (telegram, _service, staff) = running(MORE).await;
    telegram.says(ANA, "zdravo");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    telegram.fault("sendMessage", Fault::TooMany { retry_after: 1 }, 6);
    staff.reply(&reference, "Tu smo.").await.unwrap();
    // The limit is shorter than the half minute before a second attempt.
    wait_until(Duration::from_secs(25), || async {
        told(&telegram, ANA).contains(&"Tu smo.".to_owned())
    })
    .await
    .unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
}
