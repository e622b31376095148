//! Macros: a canned reply that also classifies, closes or snoozes the contact, shown before it happens.

use fantoccini::{Locator, key::Key};
use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, shows, until},
};

async fn begun() -> (Service, Staff, Staff) {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    (service, vera, mila)
}

async fn written(who: &Staff, content: Value) -> String {
    let answer = who.post("/api/v1/canned", &content).await.unwrap();
    text(&answer, "/id").to_owned()
}

async fn arrived_in_cyrillic(service: &Service, staff: &Staff, words: &str) -> String {
    let post = json!({ "kind": "report", "message": words, "language": "sr-Cyrl" });
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.post(format!("{}/api/v1/contacts", service.base()));
    let answer: Value = request.json(&post).send().await.unwrap().json().await.unwrap();
    let reference = text(&answer, "/reference").to_owned();
    staff.until_messages(&reference, 1).await.unwrap();
    reference
}

async fn arrived(service: &Service, staff: &Staff, words: &str) -> String {
    let (reference, _) = posted(service, words).await;
    staff.until_messages(&reference, 1).await.unwrap();
    reference
}

/// Returns the texts of the replies in a contact.
async fn replies(staff: &Staff, reference: &str) -> Vec<String> {
    let contact = staff.contact(reference).await.unwrap();
    let messages = contact.get("messages").and_then(Value::as_array).unwrap();
    let replies = messages
        .iter()
        .filter(|message| text(message, "/direction") == "reply");
    replies.map(|reply| text(reply, "/text").to_owned()).collect()
}

fn thanks() -> Value {
    json!({
        "name": "Хвала за пријаву", "folder": "Крај",
        "sr": "Хвала, {counsellor}.", "en": "Thank you, {counsellor}.",
        "answers": { "kind": ["report"] }, "ending": "close",
    })
}

#[tokio::test]
async fn a_macro_replies_classifies_and_closes() {
    let (service, vera, mila) = begun().await;
    let id = written(&vera, thanks()).await;
    let reference = arrived(&service, &mila, "Našla sam lažni profil").await;
    let applied = mila
        .post(&format!("/api/v1/contacts/{reference}/macros/{id}"), &json!({}))
        .await
        .unwrap();
    assert_eq!(text(&applied, "/status"), "closed");
    assert_eq!(text(&applied, "/record/kind/0"), "report");
    assert_eq!(replies(&mila, &reference).await, ["Hvala, mila."]);
}

#[tokio::test]
async fn a_macro_writes_a_note_and_hands_over_to_a_team_once() {
    let (service, vera, mila) = begun().await;
    service.must(&["staff", "team", "vera", "night"]).unwrap();
    for team in ["day", ""] {
        let unknown = json!({ "name": "x", "ending": "hand_over", "team": team });
        let refused = vera.post("/api/v1/canned", &unknown).await.unwrap_err();
        assert!(refused.to_string().contains("409"), "{refused}");
    }
    let noted = json!({ "name": "Белешка", "sr": "Хвала.", "en": "Thanks.", "note": "Позвати школу." });
    let id = written(&vera, noted).await;
    let reference = arrived(&service, &mila, "Našla sam lažni profil").await;
    let path = format!("/api/v1/contacts/{reference}/macros/{id}");
    let request = json!({ "reply_id": "01976d05-2222-7000-8000-000000000001" });
    for _ in 0..2 {
        mila.post(&path, &request).await.unwrap();
    }
    let contact = mila.contact(&reference).await.unwrap();
    let messages = contact.get("messages").and_then(Value::as_array).unwrap();
    let written: Vec<&str> = messages
        .iter()
        .skip(1)
        .map(|one| text(one, "/direction"))
        .collect();
    assert_eq!(written, ["reply", "note"]);
    let handing =
        json!({ "name": "Ноћ", "note": "Јавља се после 22.", "ending": "hand_over", "team": "night" });
    let id = self::written(&vera, handing).await;
    let path = format!("/api/v1/contacts/{reference}/macros/{id}");
    let request = json!({ "reply_id": "01976d05-2222-7000-8000-000000000002" });
    for _ in 0..2 {
        mila.post(&path, &request).await.unwrap();
    }
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(
        (text(&contact, "/team"), contact.get("assignee")),
        ("night", Some(&Value::Null))
    );
    let messages = contact.get("messages").and_then(Value::as_array).unwrap();
    let notes = messages.iter().filter(|one| text(one, "/direction") == "note");
    assert_eq!(notes.count(), 2, "each macro wrote its note once");
}

#[tokio::test]
async fn a_macro_stops_before_a_step_that_is_refused() {
    let (service, vera, mila) = begun().await;
    let id = written(&vera, thanks()).await;
    let reference = arrived(&service, &mila, "Našla sam lažni profil").await;
    let path = format!("/api/v1/contacts/{reference}/macros/{id}");
    let stale = mila.post(&path, &json!({ "seen": 0 })).await.unwrap_err();
    assert!(stale.to_string().contains("409"), "{stale}");
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/status"), "waiting");
    assert!(replies(&mila, &reference).await.is_empty());
    let unknown = json!({ "name": "x", "answers": { "kind": ["nothing"] } });
    let refused = vera.post("/api/v1/canned", &unknown).await.unwrap_err();
    assert!(refused.to_string().contains("409"), "{refused}");
}

#[tokio::test]
async fn own_canned_replies_are_seen_and_changed_by_their_writer_only() {
    let (_service, vera, mila) = begun().await;
    let shared = written(&vera, thanks()).await;
    let own = json!({ "name": "Моје", "sr": "Само моје.", "own": true });
    let id = written(&mila, own).await;
    let names = async |who: &Staff| -> Vec<String> {
        let all = who.get("/api/v1/canned").await.unwrap();
        let all = all.get("canned").and_then(Value::as_array).unwrap();
        all.iter().map(|one| text(one, "/name").to_owned()).collect()
    };
    assert_eq!(names(&mila).await, ["Моје", "Хвала за пријаву"]);
    assert_eq!(names(&vera).await, ["Хвала за пријаву"]);
    let seize = json!({ "id": id, "name": "Моје", "sr": "Сада свих." });
    for (who, body) in [
        (&vera, seize),
        (
            &mila,
            json!({ "id": shared, "name": "Хвала", "sr": "a", "own": true }),
        ),
    ] {
        let refused = who.post("/api/v1/canned", &body).await.unwrap_err();
        assert!(refused.to_string().contains("409"), "{refused}");
    }
    let delete = format!("/api/v1/canned/{shared}/delete");
    assert!(mila.post(&delete, &json!({})).await.is_err());
    assert_eq!(names(&vera).await, ["Хвала за пријаву"]);
}

#[tokio::test]
async fn a_macro_for_several_contacts_speaks_each_persons_language() {
    let (service, vera, mila) = begun().await;
    let id = written(&vera, thanks()).await;
    let latin = arrived(&service, &mila, "Našla sam lažni profil").await;
    let cyrillic = arrived_in_cyrillic(&service, &mila, "Нашла сам лажни профил").await;
    let request_id = uuid::Uuid::new_v4();
    let body = json!({ "references": [latin, cyrillic, latin], "do": "macro", "macro": id, "request_id": request_id });
    // The repeated request and the repeated reference send nothing again.
    for _ in 0..2 {
        let outcome = mila.post("/api/v1/several", &body).await.unwrap();
        assert_eq!(outcome.get("done"), Some(&json!([latin, cyrillic])), "{outcome}");
    }
    for (reference, words) in [(&latin, "Hvala, mila."), (&cyrillic, "Хвала, mila.")] {
        assert_eq!(replies(&mila, reference).await, [words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_macro_is_previewed_on_screen_before_it_is_applied() {
    let (service, vera, mila) = begun().await;
    let mut snoozing = thanks();
    snoozing["ending"] = json!("snooze_monday");
    written(&vera, snoozing).await;
    let reference = arrived(&service, &mila, "Našla sam lažni profil").await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    let reply = until(client, "#reply").await;
    reply.send_keys("/hvala").await.unwrap();
    shows(client, "#ready li[aria-selected=true]", "Хвала за пријаву").await;
    reply.send_keys(&Key::Enter.to_string()).await.unwrap();
    shows(client, ".steps", "Snooze until Monday").await;
    let edited = until(client, "#text").await;
    assert_eq!(
        edited.prop("value").await.unwrap().as_deref(),
        Some("Hvala, mila.")
    );
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("macro").await.unwrap();
    edited.send_keys(" Javi se opet.").await.unwrap();
    let apply = client.find(Locator::Css("main form .row button")).await.unwrap();
    apply.click().await.unwrap();
    shows(client, "#thread", "Javi se opet").await;
    let contact = mila.contact(&reference).await.unwrap();
    assert_ne!(contact.get("snoozed_until"), Some(&Value::Null));
    assert_eq!(
        text(&contact, "/draft/text"),
        "",
        "the typed name is not left in the draft"
    );
    // Several contacts are shown with their texts before the macro is applied.
    let (one, other) = (
        arrived(&service, &mila, "Našla sam još jedan profil").await,
        arrived_in_cyrillic(&service, &mila, "Нашла сам и трећи профил").await,
    );
    let page = format!("{}/desk/inbox?view=unassigned", service.base());
    client.goto(&page).await.unwrap();
    for reference in [&one, &other] {
        let pick = format!("document.querySelector('input[name=pick][value=\"{reference}\"]').click()");
        client.execute(&pick, vec![]).await.unwrap();
    }
    let choose = "const list = document.querySelector('#bulk-macro'); list.selectedIndex = 1;";
    client.execute(choose, vec![]).await.unwrap();
    until(client, "#several button[value=macro]")
        .await
        .click()
        .await
        .unwrap();
    shows(client, "main", "Хвала, mila.").await;
    assert!(client.find(Locator::Css("#stale:not([hidden])")).await.is_err());
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("macro-bulk").await.unwrap();
    let apply = client.find(Locator::Css("main form .row button")).await.unwrap();
    apply.click().await.unwrap();
    shows(client, "#told", "2").await;
    assert_eq!(replies(&mila, &other).await, ["Хвала, mila."]);
    browser.close().await.unwrap();
}
