//! The bridge channel: signed requests to the service and signed call-backs from it, by the Standard Webhooks specification.

use std::time::Duration;

use hotline_tests::{
    peers::{
        bridge::{Bridge, call, now},
        wait_until,
    },
    service::Service,
    staff::text,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_calls_of_now_are_taken_each_once_and_answers_are_signed() {
    let bridge = Bridge::start().await.unwrap();
    let mut service = Service::with_lines(None, &bridge.lines()).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let base = service.base();
    let called =
        async |id: &str, at: u64, signed: &str, body: &str| call(&base, id, at, signed, body).await.unwrap();
    let body =
        json!({ "id": "m1", "from": { "id": "sig:1", "name": "Ana" }, "text": "Neko mi preti" }).to_string();
    assert_eq!(called("c1", now() - 301, &body, &body).await, 401, "too old");
    assert_eq!(
        called("c1", now() + 320, &body, &body).await,
        401,
        "from the future"
    );
    assert_eq!(
        called("c1", now(), "{}", &body).await,
        401,
        "another text was signed"
    );
    for _ in 0..5 {
        assert_eq!(called("c1", now(), &body, &body).await, 202);
    }
    let edited = json!({ "id": "m1", "edit": 1, "from": { "id": "sig:1" }, "text": "Neko mi preti slikama" })
        .to_string();
    assert_eq!(called("c2", now(), &edited, &edited).await, 202);
    assert_eq!(
        called("c3", now(), "{oops", "{oops").await,
        202,
        "taken, as unreadable"
    );
    // Blank ids identify no one, so two of them are never the same person.
    for id in ["c4", "c5"] {
        let stranger = json!({ "id": "", "from": { "id": " " }, "text": "isto" }).to_string();
        assert_eq!(called(id, now(), &stranger, &stranger).await, 202);
    }
    let contacts = staff.until_contacts(4).await.unwrap();
    let mine = contacts
        .iter()
        .find(|one| text(one, "/first_words").starts_with("Neko"))
        .unwrap();
    let reference = text(mine, "/reference").to_owned();
    wait_until(Duration::from_secs(20), || async {
        let contact = staff.contact(&reference).await.unwrap();
        text(&contact, "/messages/0/text") == "Neko mi preti slikama"
            && text(&contact, "/messages/0/versions/0/text") == "Neko mi preti"
            && contact.pointer("/messages/1").is_none()
    })
    .await
    .unwrap();
    bridge.answer_next(&[429]);
    staff.reply(&reference, "Tu smo.").await.unwrap();
    wait_until(Duration::from_secs(90), || async { bridge.taken().len() == 1 })
        .await
        .unwrap();
    let (first, again) = (bridge.refused().remove(0), bridge.taken().remove(0));
    assert_eq!(again.id, first.id, "a later attempt is the same call");
    assert!(again.is_signed());
    let reply = again.body();
    assert_eq!(
        (
            text(&reply, "/to"),
            text(&reply, "/text"),
            text(&reply, "/in_reply_to")
        ),
        ("sig:1", "Tu smo.", "m1")
    );
    staff.until_reply_is(&reference, "sent").await.unwrap();
}
