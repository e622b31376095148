//! Notifications to the devices of staff on which no page of the desk is open.

use std::time::Duration;

use chrono::TimeDelta;
use hotline_core::{staff::push::PushKind, text::locale::Language};
use hotline_store::{inbox::push::DuePush, staff::push::PushDevice};
use hotline_tests::{
    peers::{push::PushService, wait_until},
    service::Service,
    staff::{Staff, text},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    duty::on_duty,
    store::{World, mail, on_both},
    writing::posted,
};

const DANGER: &str = "Hoću da se ubijem večeras, popila sam tablete";
const ROUTE: &str = "/api/v1/me/push";
const SOON: Duration = Duration::from_secs(20);

async fn begun() -> (Service, PushService) {
    let push = PushService::start().await.unwrap();
    let mut service = Service::with_lines(None, push.settings()).unwrap();
    service.start().await.unwrap();
    (service, push)
}

/// Subscribes a device of a member of staff, and waits until the service has looked at what waits already.
async fn subscribe(staff: &Staff, push: &PushService, device: &str) {
    let state = staff.get(ROUTE).await.unwrap();
    let subscription = push.subscribe(device, text(&state, "/public_key")).unwrap();
    let state = staff.post(ROUTE, &subscription).await.unwrap();
    assert_eq!(state["subscribed"], true);
    tokio::time::sleep(Duration::from_secs(4)).await;
}

async fn set_duty(staff: &Staff, on: bool) {
    let on = on.to_string();
    staff.submit("/desk/duty", &[("on", &on)]).await.unwrap();
}

async fn until_told(push: &PushService, device: &str, count: usize) -> Value {
    let told = wait_until(SOON, || async { push.messages(device).len() >= count }).await;
    assert!(told.is_ok(), "{:?} {:?}", push.messages(device), push.faults());
    assert_eq!(push.messages(device).len(), count);
    push.messages(device)[count - 1].json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_on_duty_is_told_of_danger_without_a_word_of_it() {
    let (service, push) = begun().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let english = json!({ "language": "en" });
    mila.post("/api/v1/preferences", &english).await.unwrap();
    set_duty(&mila, true).await;
    subscribe(&mila, &push, "of-mila").await;
    subscribe(&petar, &push, "of-petar").await;
    let (reference, _) = posted(&service, DANGER).await;
    let told = until_told(&push, "of-mila", 1).await;
    let expected = json!({
        "kind": "danger",
        "text": "Somebody may be in danger",
        "path": format!("/desk/contacts/{reference}"),
    });
    assert_eq!(told, expected);
    let message = push.messages("of-mila").remove(0);
    assert_eq!((message.urgency.as_str(), message.ttl.as_str()), ("high", "600"));
    // A message of another kind is as long, so that its length tells the push service nothing.
    set_duty(&petar, true).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    push.answer_next(&[429]);
    posted(&service, "Kako da promenim lozinku?").await;
    let told = until_told(&push, "of-petar", 1).await;
    assert_eq!(
        told["kind"], "message",
        "what waited before the duty began is not told"
    );
    assert_eq!(push.messages("of-petar")[0].length, message.length);
    assert!(
        push.attempts("of-petar") + push.attempts("of-mila") >= 3,
        "busy services are asked again"
    );
    assert_eq!(push.faults(), Vec::<String>::new());
    let log = service.log().unwrap();
    assert!(!log.contains("of-mila") && !log.contains("of-petar"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_told_of_a_contact_that_a_colleague_hands_over() {
    let (service, push) = begun().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Kako da promenim lozinku?").await;
    let path = format!("/api/v1/contacts/{reference}");
    petar.until_messages(&reference, 1).await.unwrap();
    petar.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    let mine = json!({ "notify_about": "mine", "language": "en" });
    mila.post("/api/v1/preferences", &mine).await.unwrap();
    set_duty(&mila, true).await;
    subscribe(&mila, &push, "of-mila").await;
    let me = mila.get("/api/v1/me").await.unwrap();
    let to = json!({ "to": text(&me, "/id") });
    petar.post(&format!("{path}/hand-over"), &to).await.unwrap();
    let told = until_told(&push, "of-mila", 1).await;
    assert_eq!(told["text"], "A contact was handed to you");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_a_disabled_account_and_a_gone_device_end_the_subscription() {
    let (service, push) = begun().await;
    let head = service.hire("ada", "administrator").await.unwrap();
    for (name, role) in [
        ("mila", "counsellor"),
        ("petar", "counsellor"),
        ("vera", "supervisor"),
    ] {
        let staff = service.hire(name, role).await.unwrap();
        set_duty(&staff, true).await;
        subscribe(&staff, &push, name).await;
        if name == "mila" {
            assert_eq!(
                staff.status(Method::POST, "/api/v1/session/end").await.unwrap(),
                204
            );
        }
    }
    let accounts = head.get("/api/v1/admin/staff").await.unwrap();
    let of = |name: &str| {
        let all = accounts["accounts"].as_array().cloned().unwrap();
        let found = all.iter().find(|one| one["login"] == name).unwrap();
        text(found, "/id").to_owned()
    };
    let disable = format!("/api/v1/admin/staff/{}/disable", of("petar"));
    assert_eq!(head.status(Method::POST, &disable).await.unwrap(), 204);
    push.answer_next(&[410]);
    posted(&service, DANGER).await;
    wait_until(SOON, || async { push.attempts("vera") == 1 })
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    posted(&service, DANGER).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(push.attempts("vera"), 1);
    assert_eq!(push.attempts("mila") + push.attempts("petar"), 0);
    assert_eq!(push.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_service_that_is_not_permitted_is_refused_and_explained() {
    let push = PushService::start().await.unwrap();
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let state = mila.get(ROUTE).await.unwrap();
    let mut subscription = push.subscribe("of-mila", text(&state, "/public_key")).unwrap();
    let refused = mila.post(ROUTE, &subscription).await.unwrap_err().to_string();
    assert!(
        refused.contains("422") && refused.contains("`push.hosts`"),
        "{refused}"
    );
    subscription["endpoint"] = json!("https://fcm.googleapis.com/fcm/send/abc");
    subscription["p256dh"] = json!("AAAA");
    let refused = mila.post(ROUTE, &subscription).await.unwrap_err().to_string();
    assert!(refused.contains("422"), "{refused}");
    service.stop();
    service.set_lines("[push]\nenabled = false").unwrap();
    service.start().await.unwrap();
    assert_eq!(mila.get(ROUTE).await.unwrap()["public_key"], Value::Null);
    let refused = mila.post(ROUTE, &subscription).await.unwrap_err().to_string();
    assert!(refused.contains("turned off"), "{refused}");
}

fn device(name: &str) -> PushDevice {
    PushDevice {
        endpoint: format!("https://fcm.googleapis.com/fcm/send/{name}"),
        p256dh: vec![4; 65],
        auth: vec![1; 16],
        language: Language::En,
    }
}

async fn due(world: &World) -> Vec<PushKind> {
    let due: Vec<DuePush> = world.store.due_pushes().await.unwrap();
    due.iter().map(|push| push.kind).collect()
}

#[tokio::test]
async fn a_device_is_told_once_and_a_last_time_when_its_session_ends() {
    on_both(async |world| {
        let (mila, token) = on_duty(&world, "mila").await;
        let device = device("one");
        let subscribed = world.store.subscribe_device(&mila, token.expose(), &device);
        subscribed.await.unwrap();
        assert_eq!(due(&world).await, []);
        world
            .arrives(
                "1",
                mail("ana@example.org", "a@x", "Kako da promenim lozinku?", vec![]),
            )
            .await;
        assert_eq!(due(&world).await, [PushKind::Message]);
        assert_eq!(due(&world).await, []);
        // Many contacts in a short time are one notification, but danger is told at once.
        world
            .arrives(
                "2",
                mail("eva@example.org", "b@x", "Kako da promenim broj?", vec![]),
            )
            .await;
        assert_eq!(due(&world).await, []);
        world
            .arrives("3", mail("iva@example.org", "c@x", DANGER, vec![]))
            .await;
        assert_eq!(due(&world).await, [PushKind::Danger]);
        // Another session on the same device takes the subscription over.
        let (_, again) = on_duty(&world, "mila").await;
        let subscribed = world.store.subscribe_device(&mila, again.expose(), &device);
        subscribed.await.unwrap();
        assert!(!world.store.has_device(token.expose()).await.unwrap());
        assert_eq!(due(&world).await, []);
        world.clock.advance(TimeDelta::minutes(31));
        assert_eq!(due(&world).await, [PushKind::Ended]);
        assert_eq!(due(&world).await, []);
        assert!(!world.store.is_subscribed(&device).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pressed_notification_leads_through_the_log_in_to_its_contact() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Kako da promenim lozinku?").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let page = format!("/desk/contacts/{reference}");
    let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let asked = client
        .get(format!("{}{page}", service.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(asked.url().query(), Some(format!("to={page}").as_str()));
    assert!(asked.text().await.unwrap().contains(&format!("value=\"{page}\"")));
    for (to, opens) in [(page.as_str(), page.as_str()), ("//example.org", "/desk/inbox")] {
        let form = [
            ("login", "mila"),
            ("password", hotline_tests::staff::PASSWORD),
            ("to", to),
        ];
        let log_in = client.post(format!("{}/desk/login", service.base())).form(&form);
        let opened = log_in.send().await.unwrap();
        assert_eq!(opened.url().path(), opens);
    }
}
