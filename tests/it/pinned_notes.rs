//! Notes about a person, which are shown beside every contact of that person.

use hotline_tests::{
    peers::postgres::Postgres,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::writing::posted;

async fn call(staff: &Staff, caller: &str) -> String {
    let call = json!({ "network": "telephone", "text": "Zvalo je dete", "caller": caller });
    let logged = staff.post("/api/v1/log", &call).await.unwrap();
    text(&logged, "/reference").to_owned()
}

async fn pinned(staff: &Staff, reference: &str) -> Vec<String> {
    let contact = staff.contact(reference).await.unwrap();
    let notes = contact.get("pinned_notes").and_then(Value::as_array).cloned();
    let notes = notes.unwrap();
    notes.iter().map(|note| text(note, "/text").to_owned()).collect()
}

async fn note(staff: &Staff, reference: &str, words: &str) -> String {
    let path = format!("/api/v1/contacts/{reference}/note");
    let note = staff.post(&path, &json!({ "text": words })).await.unwrap();
    text(&note, "/id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_note_is_shown_beside_every_contact_of_its_person() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let url = database.as_ref().map(|database| database.url());
        let mut service = Service::new(url).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let first = call(&mila, "064 111 222").await;
        let second = call(&mila, "064 111 222").await;
        let other = call(&mila, "064 333 444").await;
        let words = "Ne zovi posle 20 časova";
        let id = note(&mila, &first, words).await;
        let path = format!("/api/v1/contacts/{first}/messages/{id}/pin");
        assert!(pinned(&mila, &second).await.is_empty(), "it is not pinned yet");
        for _ in 0..2 {
            mila.post(&path, &json!({})).await.unwrap();
        }
        assert_eq!(pinned(&mila, &first).await, [words]);
        assert_eq!(pinned(&mila, &second).await, [words]);
        assert!(pinned(&mila, &other).await.is_empty());
        let page = mila.page(&format!("/desk/contacts/{second}")).await.unwrap();
        assert!(
            page.contains("Notes about the person") && page.contains(words),
            "{page}"
        );
        mila.post(&path, &json!({ "pinned": false })).await.unwrap();
        assert!(pinned(&mila, &second).await.is_empty());
        mila.post(&path, &json!({})).await.unwrap();
        // Erasing the contact erases its note, also beside the other contacts.
        mila.post(&format!("/api/v1/contacts/{first}/close"), &json!({}))
            .await
            .unwrap();
        service.must(&["erase", &first]).unwrap();
        assert!(pinned(&mila, &second).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_note_of_a_person_with_an_identifier_is_pinned() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (anonymous, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&anonymous, 1).await.unwrap();
    let id = note(&mila, &anonymous, "beleška").await;
    let path = format!("/api/v1/contacts/{anonymous}/messages/{id}/pin");
    let refused = mila.post(&path, &json!({})).await.unwrap_err();
    assert!(refused.to_string().contains("no identifier"), "{refused}");
    let page = mila.page(&format!("/desk/contacts/{anonymous}")).await.unwrap();
    assert!(!page.contains("/pin\""), "{page}");
    let caller = call(&mila, "064 111 222").await;
    let contact = mila.contact(&caller).await.unwrap();
    for message in [text(&contact, "/messages/0/id"), &id] {
        let path = format!("/api/v1/contacts/{caller}/messages/{message}/pin");
        let refused = mila.post(&path, &json!({})).await.unwrap_err();
        assert!(refused.to_string().contains("404"), "{refused}");
    }
}
