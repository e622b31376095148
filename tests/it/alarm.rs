//! Urgency and the alarm: what raises a contact, and who is told if nobody takes care of it.

use std::time::Duration;

use chrono::TimeDelta;
use hotline_core::{contact::classification::Answers, staff::rights::Role};
use hotline_store::inbox::list::{Filter, View};
use hotline_tests::{
    peers::{bridge::Bridge, dovecot::Dovecot, smtp::Smtp, telegram::Telegram, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::text,
};
use serde_json::{Value, json};

use crate::{
    duty::on_duty,
    store::{mail, on_both},
    writing::{posted, writes_again},
};

const DANGER: &str = "Hoću da se ubijem večeras, popila sam tablete";
const DUTY_CHAT: i64 = 9_001;

/// Recipients on a mail line, a Telegram line and a bridge line.
fn recipients() -> String {
    let one = |line: &str, to: &str| {
        format!("[[alarm.recipients]]\nname = \"Dežurna\"\nline = \"{line}\"\nto = \"{to}\"\n")
    };
    [
        one("mail", "duty@example.org"),
        one("telegram", &DUTY_CHAT.to_string()),
        one("signal", "duty-phone"),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_friday_afternoon_the_duty_phone_is_told_by_three_ways_without_content() {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("duty", "duty")])
        .await
        .unwrap();
    let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt"), ("duty@example.org", "duty")])
        .await
        .unwrap();
    let telegram = Telegram::start().await.unwrap();
    telegram.person(DUTY_CHAT, "Dežurna");
    let bridge = Bridge::start().await.unwrap();
    let lines = format!(
        "{}\n[lines.telegram]\nchannel = \"telegram\"\ntoken = \"{}\"\napi_url = \"{}\"\n{}\n{}",
        mail_lines(&dovecot, &smtp, ""),
        telegram.token(),
        telegram.api_url(),
        bridge.lines(),
        recipients()
    );
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.give_clock().unwrap();
    service.set_clock("@2026-11-27 15:00:00").unwrap();
    service.start().await.unwrap();
    let head = service.hire("vera", "supervisor").await.unwrap();
    let (reference, _) = posted(&service, DANGER).await;
    wait_until(Duration::from_secs(60), || async {
        let mailed = smtp.journal().unwrap_or_default();
        let mailed = mailed
            .iter()
            .any(|entry| entry.rcpt_to.contains(&"duty@example.org".to_owned()));
        mailed && !telegram.sent_to(DUTY_CHAT).is_empty() && !bridge.taken().is_empty()
    })
    .await
    .unwrap();
    let told = telegram.sent_to(DUTY_CHAT)[0].to_string() + &bridge.taken()[0].body().to_string();
    assert!(told.contains(&reference), "{told}");
    assert!(!told.contains("tablete"), "{told}");
    assert!(bridge.taken()[0].is_signed());
    // Whoever takes the contact and opens it ends the alarm.
    wait_until(Duration::from_secs(20), || async {
        let alarms = head.get("/api/v1/alarms").await.unwrap();
        alarms.pointer("/alarms/0/notices/2").is_some()
    })
    .await
    .unwrap();
    let alarms = head.get("/api/v1/alarms").await.unwrap();
    assert_eq!(alarms.pointer("/alarms/0/ended_at"), Some(&Value::Null));
    assert_eq!(
        alarms
            .pointer("/alarms/0/notices")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    head.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    head.contact(&reference).await.unwrap();
    wait_until(Duration::from_secs(30), || async {
        let alarms = head.get("/api/v1/alarms").await.unwrap();
        alarms.pointer("/alarms/0/ended_at") != Some(&Value::Null)
    })
    .await
    .unwrap();
    // A path that fails is shown on the desk, and recorded.
    bridge.answer_next(&[500, 500, 500]);
    head.submit("/desk/alarms/test", &[]).await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        let page = head.page("/desk/inbox").await.unwrap_or_default();
        page.contains("signal") && page.contains("class=\"alarm\"")
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_message_of_danger_raises_its_contact_and_staff_may_lower_it() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", DANGER, vec![]))
            .await;
        world
            .arrives(
                "2",
                mail("eva@example.org", "b@x", "Kako da promenim lozinku?", vec![]),
            )
            .await;
        let head = world
            .store
            .add_staff(
                "vera",
                "Vera",
                Role::Supervisor,
                &"a long password".to_owned().into(),
            )
            .await
            .unwrap();
        let page = world
            .store
            .inbox(View::Unassigned, &Filter::default(), head.id, None, 10)
            .await;
        let rows = page.unwrap().rows;
        let urgencies: Vec<i16> = rows.iter().map(|row| row.urgency).collect();
        assert_eq!(urgencies, [2, 0], "danger comes first");
        let reference = rows[0].reference;
        let detail = world.store.contact(reference).await.unwrap().unwrap();
        let told: Vec<&str> = detail.history.iter().map(|event| event.detail.as_str()).collect();
        assert!(told.iter().any(|rules| rules.contains("suicid")), "{told:?}");
        // A classification without an answer about the urgency keeps it. With an answer, a person has decided.
        let classify = async |urgency: Option<&str>| {
            let mut answers = Answers::from([("role".to_owned(), vec!["parent".to_owned()])]);
            if let Some(urgency) = urgency {
                answers.insert("urgency".to_owned(), vec![urgency.to_owned()]);
            }
            world.store.classify(&head, reference, answers).await.unwrap();
            world.store.contact(reference).await.unwrap().unwrap().urgency
        };
        assert_eq!(classify(None).await, 2);
        assert_eq!(classify(Some("ordinary")).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_they_are_in_danger_comes_first() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    posted(&service, "Kako da prijavim profil?").await;
    let form = [
        ("message", "Molim vas javite se"),
        ("in_danger", "yes"),
        ("lang", "sr-Latn"),
    ];
    let client = reqwest::Client::builder().build().unwrap();
    let sent = client
        .post(format!("{}/advice", service.base()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert!(sent.status().is_success());
    let contacts = mila.until_contacts(2).await.unwrap();
    assert_eq!(contacts[0].pointer("/urgency"), Some(&json!(2)));
    assert_eq!(text(&contacts[0], "/first_words"), "Molim vas javite se");
}

#[tokio::test]
async fn unassigned_contacts_in_danger_come_before_those_not_opened() {
    on_both(async |world| {
        on_duty(&world, "mila").await;
        let (ana, _) = on_duty(&world, "ana").await;
        for id in ["1", "2", "3"] {
            world.clock.advance(TimeDelta::seconds(1));
            let address = format!("person{id}@example.org");
            world
                .arrives(id, mail(&address, &format!("{id}@x"), DANGER, vec![]))
                .await;
        }
        let rows = world
            .store
            .inbox(View::Urgent, &Filter::default(), ana.id, None, 10)
            .await
            .unwrap()
            .rows;
        assert!(rows[0].raised_by.as_deref().unwrap().contains("suicid"));
        let [first, second, third] = [0, 1, 2].map(|place: usize| rows[place].reference);
        world.store.take(&ana, first).await.unwrap();
        let ringing = world.store.ringing().await.unwrap();
        let order: Vec<_> = ringing.iter().map(|danger| danger.reference).collect();
        assert_eq!(order, [second, third, first]);
        assert!(ringing[0].assignee.is_none());
        assert_eq!(ringing[2].assignee.as_ref().unwrap().name, "ana");
        let opened = world.store.contact(first).await.unwrap().unwrap();
        world.store.note_danger_seen(opened.id).await.unwrap();
        assert_eq!(world.store.ringing().await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_banner_gives_reason_wait_and_assignee_until_opened() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let ana = service.hire("ana", "counsellor").await.unwrap();
    let (reference, code) = posted(&service, DANGER).await;
    mila.until_messages(&reference, 1).await.unwrap();
    writes_again(&service, &code, "Da li je neko tu").await;
    mila.until_messages(&reference, 2).await.unwrap();
    let colleagues = ana.get("/api/v1/colleagues").await.unwrap();
    let all = colleagues
        .pointer("/colleagues")
        .and_then(Value::as_array)
        .unwrap();
    let to = all.iter().find(|one| text(one, "/name") == "mila").unwrap();
    let hand_over = format!("/api/v1/contacts/{reference}/hand-over");
    ana.post(&hand_over, &json!({ "to": text(to, "/id") }))
        .await
        .unwrap();
    ana.submit("/desk/duty", &[("on", "true")]).await.unwrap();
    mila.submit("/desk/duty", &[("on", "true")]).await.unwrap();
    let banner = |page: &str| {
        let (_, rest) = page.split_once("data-ringing>")?;
        Some(rest.split_once("</div>")?.0.to_owned())
    };
    let inbox = ana.page("/desk/inbox?view=urgent").await.unwrap();
    assert_eq!(inbox.matches("data-ringing").count(), 1);
    let shown = banner(&inbox).unwrap();
    for part in [
        "Writes about wanting to die",
        "mila has it, not opened yet.",
        "waiting just now",
        &format!("href=\"/desk/contacts/{reference}?view=urgent\""),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (_, row) = inbox.split_once(&format!("id=\"c-{reference}\"")).unwrap();
    let (reason, words) = (
        row.find("Writes about wanting to die"),
        row.find("Da li je neko tu"),
    );
    assert!(
        reason.is_some() && reason < words,
        "the list gives the reason first"
    );
    let own = banner(&mila.page("/desk/cases").await.unwrap()).unwrap();
    assert!(own.contains("It is yours"), "{own}");
    let opened = mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    assert!(!opened.contains("data-ringing"));
    assert!(!ana.page("/desk/inbox").await.unwrap().contains("data-ringing"));
}
