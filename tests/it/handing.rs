//! Work that changes hands: handing over, asking for a contact, snoozing, and the views that show the result.

use std::time::Duration;

use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::writing::{posted, press, shows, until, writes_again};

pub async fn view(staff: &Staff, name: &str) -> Vec<String> {
    let page = staff.get(&format!("/api/v1/inbox?view={name}")).await.unwrap();
    let rows = page.get("contacts").and_then(Value::as_array).cloned().unwrap();
    rows.iter()
        .map(|row| text(row, "/reference").to_owned())
        .collect()
}

/// Returns the id of the member of staff with this name.
pub async fn id_of(staff: &Staff, name: &str) -> String {
    let all = staff.get("/api/v1/colleagues").await.unwrap();
    let all = all.get("colleagues").and_then(Value::as_array).cloned().unwrap();
    let found = all.iter().find(|one| text(one, "/name") == name).unwrap();
    text(found, "/id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_shows_what_is_its_own_with_the_pressing_ones_first() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let mut all = Vec::new();
    for words in ["prva", "druga", "treća", "četvrta"] {
        let (reference, code) = posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        all.push((reference, code));
    }
    let path = |which: usize| format!("/api/v1/contacts/{}", all[which].0);
    let of = |which: &[usize]| {
        which
            .iter()
            .map(|which| all[*which].0.clone())
            .collect::<Vec<_>>()
    };
    let post = async |which: usize, what: &str, body: Value| {
        mila.post(&format!("{}/{what}", path(which)), &body)
            .await
            .unwrap()
    };
    assert_eq!(view(&mila, "unassigned").await, of(&[0, 1, 2, 3]));
    post(2, "wrap-up", json!({ "answers": { "urgency": ["danger"] } })).await;
    post(1, "wrap-up", json!({ "answers": { "urgency": ["urgent"] } })).await;
    assert_eq!(view(&mila, "unassigned").await, of(&[2, 1, 0, 3]));
    assert_eq!(view(&mila, "urgent").await, of(&[2, 1]));
    // Paging preserves the order.
    let mut paged = Vec::new();
    let mut after = String::new();
    for _ in 0..9 {
        let page = mila
            .get(&format!("/api/v1/inbox?view=unassigned&size=1{after}"))
            .await
            .unwrap();
        let rows = page.get("contacts").and_then(Value::as_array).cloned().unwrap();
        paged.extend(rows.iter().map(|row| text(row, "/reference").to_owned()));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, of(&[2, 1, 0, 3]));
    post(0, "claim", json!({})).await;
    assert_eq!(view(&mila, "mine").await, of(&[0]));
    mila.reply(&all[0].0, "Tu smo.").await.unwrap();
    assert_eq!(view(&mila, "answered").await, of(&[0]));
    // A snoozed contact stays hidden until its person writes again.
    post(0, "snooze", json!({ "hours": 4 })).await;
    assert_eq!(
        (view(&mila, "mine").await, view(&mila, "snoozed").await),
        (of(&[]), of(&[0]))
    );
    writes_again(&service, &all[0].1, "Još nešto").await;
    mila.until_messages(&all[0].0, 2).await.unwrap();
    assert_eq!(
        (view(&mila, "mine").await, view(&mila, "snoozed").await),
        (of(&[0]), of(&[]))
    );
    post(0, "snooze", json!({ "until_named": "monday" })).await;
    post(0, "snooze", json!({ "until_named": "tomorrow" })).await;
    assert_eq!(view(&mila, "snoozed").await, of(&[0]));
    post(0, "snooze", json!({})).await;
    assert_eq!(view(&mila, "mine").await, of(&[0]));
    let past = mila
        .post(
            &format!("{}/snooze", path(0)),
            &json!({ "until": "2020-01-01T00:00:00Z" }),
        )
        .await
        .unwrap_err()
        .to_string();
    assert!(past.contains("has passed"), "{past}");
    // Hands the contact to a colleague, with a reason.
    let to = id_of(&mila, "petar").await;
    post(
        0,
        "hand-over",
        json!({ "to": to, "note": "Idem kući, čeka odgovor" }),
    )
    .await;
    assert_eq!(
        (view(&mila, "mine").await, view(&petar, "mine").await),
        (of(&[]), of(&[0]))
    );
    let contact = petar.contact(&all[0].0).await.unwrap();
    assert!(contact.to_string().contains("čeka odgovor"));
    let no_more = mila
        .post(&format!("{}/snooze", path(0)), &json!({ "hours": 1 }))
        .await
        .unwrap_err();
    assert!(no_more.to_string().contains("is assigned to somebody else"));
    post(0, "ask-for", json!({})).await;
    let contact = petar.contact(&all[0].0).await.unwrap();
    assert_eq!(contact.pointer("/asked_by"), Some(&json!(["mila"])));
    post(3, "mark", json!({ "marking": "spam" })).await;
    assert_eq!(view(&mila, "marked").await, of(&[3]));
    // After a contact is closed by mistake and reopened, its waiting time is the same as before.
    let waited = text(&mila.contact(&all[1].0).await.unwrap(), "/waiting_since").to_owned();
    post(1, "close", json!({ "reason": "answered by telephone" })).await;
    post(1, "reopen", json!({})).await;
    let contact = mila.contact(&all[1].0).await.unwrap();
    assert_eq!(text(&contact, "/waiting_since"), waited);
    post(1, "close", json!({ "reason": "answered by telephone" })).await;
    assert_eq!(view(&mila, "closed").await, of(&[1]));
    assert_eq!(view(&mila, "waiting").await, of(&[2, 0]));
    // Saved views may still use `holder`, the former name of `assignee`.
    for name in ["assignee", "holder"] {
        let path = format!("/api/v1/inbox?view=all&{name}={to}");
        let filtered = mila.get(&path).await.unwrap();
        assert_eq!(text(&filtered, "/contacts/0/reference"), all[0].0);
        assert!(filtered.pointer("/contacts/1").is_none());
    }
    let none = mila
        .get("/api/v1/inbox?view=all&channel=telephone")
        .await
        .unwrap();
    assert_eq!(none.get("contacts"), Some(&json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_asks_and_is_handed_the_contact_live() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    service.hire("petar", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    let (one, two) = tokio::join!(Browser::start(), Browser::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    let (hers, his) = (one.client(), two.client());
    crate::pages::log_in_as(hers, &service, "mila", "en").await;
    crate::pages::log_in_as(his, &service, "petar", "en").await;
    for client in [hers, his] {
        press(client, "#views a[href*='view=all']").await;
        press(client, &format!("#c-{reference} a")).await;
        until(client, "#contact").await;
    }
    press(his, "form[action$='/ask-for'] button").await;
    shows(hers, "#head", "petar asks to take this over").await;
    if let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") {
        press(hers, "#handing summary").await;
        let file = std::path::Path::new(&folder).join("handing.png");
        one.screenshot(file).await.unwrap();
        press(hers, "#handing summary").await;
    }
    assert_eq!(one.axe().await.unwrap(), json!([]));
    press(hers, "form.asked button").await;
    until(his, "#reply").await;
    wait_until(Duration::from_secs(5), || async {
        text(&mila.contact(&reference).await.unwrap(), "/assignee") == "petar"
    })
    .await
    .unwrap();
    one.close().await.unwrap();
    two.close().await.unwrap();
}
