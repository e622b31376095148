//! Supervisors see who read unusually much.

use hotline_tests::{
    service::Service,
    staff::{PASSWORD, text},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_see_who_read_many_contacts_of_others() {
    let mut service = Service::new(None).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let mut references = Vec::new();
    for number in 0..25 {
        let call =
            json!({ "network": "telephone", "caller": format!("+3816412345{number:02}"), "text": "poziv" });
        let logged = sara.post("/api/v1/log", &call).await.unwrap();
        references.push(text(&logged, "/reference").to_owned());
    }
    for reference in &references {
        mila.contact(reference).await.unwrap();
        // Opening a contact again counts once.
        mila.contact(reference).await.unwrap();
    }
    let path = format!("/api/v1/contacts/{}", references[0]);
    mila.post(&format!("{path}/note"), &json!({ "text": "radila sam na ovome" }))
        .await
        .unwrap();
    mila.post(
        &format!("{path}/reveal"),
        &json!({ "reason": "same_person", "password": PASSWORD }),
    )
    .await
    .unwrap();
    mila.search("poziv").await.unwrap();

    let found = sara.get("/api/v1/routing/reading").await.unwrap();
    let first = found.pointer("/readings/0").unwrap();
    let counts = |value: &Value| {
        ["contacts", "not_own", "off_shift", "searches", "reveals", "files"]
            .map(|key| value.get(key).and_then(Value::as_u64).unwrap())
    };
    assert_eq!(text(first, "/name"), "mila");
    assert_eq!(counts(first), [25, 24, 0, 1, 1, 0]);
    assert_eq!(first.pointer("/unusual"), Some(&json!(["not_own"])));
    let page = sara.page("/desk/routing/reading").await.unwrap();
    assert!(page.contains("Mostly contacts of others"));
    for path in ["/api/v1/routing/reading", "/desk/routing/reading"] {
        assert_eq!(mila.status(Method::GET, path).await.unwrap(), 403);
    }

    // What was read yesterday is a usual day, and no longer a reading.
    service.set_clock("+25h").unwrap();
    let sara = service.log_in("sara").await.unwrap();
    let found = sara.get("/api/v1/routing/reading").await.unwrap();
    let names: Vec<&str> = found
        .pointer("/readings")
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .map(|one| text(one, "/name"))
        .collect();
    assert!(!names.contains(&"mila"), "{names:?}");
}
