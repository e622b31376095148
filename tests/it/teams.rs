//! Teams, and blocked identifiers.

use std::time::Duration;

use hotline_tests::{
    peers::{
        browser::Browser,
        postgres::Postgres,
        telegram::{Telegram, content},
        wait_until,
    },
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    handing::view,
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

const ANA: i64 = 7_001;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_to_a_team_stands_in_its_view_and_goes_with_whoever_takes_it() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let url = database.as_ref().map(|database| database.url());
        let mut service = Service::new(url).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let petar = service.hire("petar", "counsellor").await.unwrap();
        service.must(&["staff", "team", "petar", "night"]).unwrap();
        let nameless = service.run(&["staff", "team", "petar", " "], "").unwrap();
        assert!(!nameless.status.success());
        let (reference, _) = posted(&service, "Noću mi piše").await;
        mila.until_messages(&reference, 1).await.unwrap();
        let path = |what: &str| format!("/api/v1/contacts/{reference}/{what}");
        let to_nobody = json!({ "to": "team:day" });
        let refused = mila.post(&path("hand-over"), &to_nobody).await.unwrap_err();
        assert!(refused.to_string().contains("404"), "{refused}");
        let to_night = json!({ "to": "team:night", "note": "Javlja se posle 22" });
        mila.post(&path("hand-over"), &to_night).await.unwrap();
        let row = petar.get("/api/v1/inbox?view=team").await.unwrap();
        assert_eq!(text(&row, "/contacts/0/reference"), reference);
        assert_eq!(text(&row, "/contacts/0/team"), "night");
        assert_eq!(text(&row, "/contacts/0/handed_by"), "mila");
        assert_eq!(row.pointer("/contacts/0/assignee"), Some(&Value::Null));
        assert!(view(&mila, "team").await.is_empty(), "who is in no team has none");
        petar.post(&path("claim"), &json!({})).await.unwrap();
        let row = petar.get("/api/v1/inbox?view=team").await.unwrap();
        assert_eq!(row.pointer("/contacts/0/handed_by"), Some(&Value::Null));
        assert_eq!(text(&row, "/contacts/0/assignee"), "petar");
        service.must(&["staff", "team", "petar"]).unwrap();
        assert!(view(&petar, "team").await.is_empty());
        assert_eq!(view(&petar, "mine").await, std::slice::from_ref(&reference));
        petar.post(&path("give-back"), &json!({})).await.unwrap();
        assert_eq!(view(&mila, "unassigned").await, [reference]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_is_marked_where_it_arrives_and_whoever_still_writes_there_is_told() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    service.hire("petar", "counsellor").await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    service.must(&["staff", "team", "petar", "night"]).unwrap();
    let (reference, _) = posted(&service, "prva").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    let (one, two) = tokio::join!(Browser::start(), Browser::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    log_in_as(one.client(), &service, "mila", "sr-Latn").await;
    log_in_as(two.client(), &service, "petar", "sr-Latn").await;
    let page = format!("{}/desk/contacts/{reference}?view=mine", service.base());
    one.client().goto(&page).await.unwrap();
    let inbox = format!("{}/desk/inbox?view=team", service.base());
    two.client().goto(&inbox).await.unwrap();
    until(one.client(), "#reply")
        .await
        .send_keys("Hvala što ste")
        .await
        .unwrap();
    // The contact is handed over to the night team while a counsellor is writing a reply.
    sara.post(
        &format!("/api/v1/contacts/{reference}/hand-over"),
        &json!({ "to": "team:night" }),
    )
    .await
    .unwrap();
    shows(two.client(), "#list", "Predaje sara").await;
    assert_eq!(two.axe().await.unwrap(), json!([]));
    two.pictures("team").await.unwrap();
    let row = format!("#list a[href*='{reference}']");
    press(two.client(), &row).await;
    until(one.client(), "#reply")
        .await
        .send_keys(" pisali")
        .await
        .unwrap();
    shows(two.client(), "#present", "mila piše").await;
    // Taking a contact from a colleague who is writing needs confirmation.
    press(two.client(), "form[action$='/claim'] button").await;
    let asked = two.client().get_alert_text().await.unwrap();
    assert!(asked.contains("mila upravo piše"), "{asked}");
    two.client().accept_alert().await.unwrap();
    shows(one.client(), "#taken", "vodi neko drugi").await;
    assert_eq!(one.axe().await.unwrap(), json!([]));
    one.pictures("taken_over").await.unwrap();
    let send = until(one.client(), "form.reply [data-send]").await;
    assert_eq!(send.prop("disabled").await.unwrap().as_deref(), Some("true"));
    let kept = until(one.client(), "#reply").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("Hvala što ste pisali"));
    one.close().await.unwrap();
    two.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blocked_identifier_writes_is_counted_and_kept_and_calls_nobody() {
    let telegram = Telegram::start().await.unwrap();
    telegram.person(ANA, "Ana").language_code("sr");
    let lines = format!(
        "[lines.telegram]\nchannel = \"telegram\"\ntoken = \"{}\"\napi_url = \"{}\"\n",
        telegram.token(),
        telegram.api_url()
    );
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    mila.post("/api/v1/duty", &json!({ "on": true }))
        .await
        .unwrap_or_default();
    telegram.says(ANA, "psovka");
    let contacts = mila.until_contacts(1).await.unwrap();
    let first = text(&contacts[0], "/reference").to_owned();
    let block = async |mila: &Staff, reference: &str, days: u8| {
        let path = format!("/api/v1/contacts/{reference}/block");
        mila.post(&path, &json!({ "days": days })).await
    };
    assert!(
        block(&mila, &first, 91)
            .await
            .unwrap_err()
            .to_string()
            .contains("409")
    );
    block(&mila, &first, 30).await.unwrap();
    // A message from a blocked identifier joins its open contact. The contact stays hidden.
    telegram.says(ANA, "još jedna");
    mila.until_messages(&first, 2).await.unwrap();
    assert_eq!(view(&mila, "snoozed").await, std::slice::from_ref(&first));
    assert!(view(&mila, "waiting").await.is_empty());
    assert!(view(&mila, "mine").await.is_empty());
    // Long after that contact was closed, a message opens a new one. It has no assignee, and no acknowledgement is sent.
    mila.post(
        &format!("/api/v1/contacts/{first}/mark"),
        &json!({ "marking": "spam" }),
    )
    .await
    .unwrap();
    service.set_clock("+8d").unwrap();
    let mila = service.log_in("mila").await.unwrap();
    let told = telegram.sent_to(ANA).len();
    let in_eight_days = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() + 8 * 86_400;
    let later = |words: &str| content::with(content::text(words), &json!({ "date": in_eight_days }));
    telegram.sends(ANA, &later("i još jedna"));
    let contacts = mila.until_contacts(2).await.unwrap();
    let second = contacts
        .iter()
        .find(|one| text(one, "/reference") != first)
        .unwrap();
    let reference = text(second, "/reference").to_owned();
    assert_eq!(second.pointer("/assignee"), Some(&Value::Null));
    assert_eq!(view(&mila, "snoozed").await, std::slice::from_ref(&reference));
    assert_eq!(telegram.sent_to(ANA).len(), told);
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(
        totals.get("total"),
        Some(&json!(1)),
        "it counts; the spam does not"
    );
    let history = mila.contact(&reference).await.unwrap();
    assert!(history.get("history").unwrap().to_string().contains("kept_out"));
    // A shorter block also applies to existing contacts. Ending the block shows them at once.
    block(&mila, &reference, 1).await.unwrap();
    let soon = mila.contact(&reference).await.unwrap();
    assert_eq!(soon.get("snoozed_until"), soon.get("blocked_until"));
    block(&mila, &reference, 0).await.unwrap();
    assert_eq!(view(&mila, "waiting").await, std::slice::from_ref(&reference));
    // An identifier can't be blocked while its contact is assigned to a colleague.
    let petar = service.hire("petar", "counsellor").await.unwrap();
    petar
        .post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    let refused = block(&mila, &first, 7).await.unwrap_err();
    assert!(
        refused.to_string().contains("is assigned to somebody else"),
        "{refused}"
    );
    telegram.sends(ANA, &later("izvinite"));
    wait_until(Duration::from_secs(20), || async {
        view(&mila, "waiting").await == [reference.clone()]
    })
    .await
    .unwrap();
    // A call has no identifier to block.
    let call = json!({ "network": "telephone", "text": "šala" });
    let call = mila.post("/api/v1/log", &call).await.unwrap();
    let refused = block(&mila, text(&call, "/reference"), 1).await.unwrap_err();
    assert!(refused.to_string().contains("no identifier"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_of_the_wrap_up_is_a_filter_and_its_own_words_are_readable_to_nobody_on_disk() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (first, _) = posted(&service, "prva").await;
    let (second, _) = posted(&service, "druga").await;
    mila.until_contacts(2).await.unwrap();
    let answers = json!({ "answers": { "topic": ["grooming", "sexting"], "platform": ["other"], "platform_named": ["Vrlo Posebna Mreza"] } });
    let path = format!("/api/v1/contacts/{first}/wrap-up");
    mila.post(&path, &answers).await.unwrap();
    let of = async |topic: &str| {
        let path = format!("/api/v1/inbox?view=all&topic={topic}");
        let found = mila.get(&path).await.unwrap();
        let rows = found.get("contacts").and_then(Value::as_array).cloned().unwrap();
        rows.iter()
            .map(|row| text(row, "/reference").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("grooming").await, std::slice::from_ref(&first));
    assert!(of("sexting").await.is_empty(), "the main one");
    let contact = mila.contact(&first).await.unwrap();
    assert_eq!(text(&contact, "/record/platform_named/0"), "Vrlo Posebna Mreza");
    service.stop();
    let readable = crate::privacy::files_with(service.folder(), &["Vrlo Posebna".to_owned()]);
    assert!(readable.is_empty(), "{readable:?}");
    assert_ne!(first, second);
}
