//! The web form, with JavaScript switched off, and the same as JSON.

use std::time::Duration;

use fantoccini::Locator;
use hotline_tests::{peers::browser::Browser, service::Service, staff::text};
use serde_json::{Value, json};

async fn started() -> Service {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_visitor_without_javascript_asks_reads_the_answer_and_writes_again() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let visitor = Browser::start_without_javascript().await.unwrap();
    let page = visitor.client();
    page.goto(&format!("{}/?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    page.find(Locator::Css("a[href^='/advice']"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    // An empty form says so and keeps nothing from being written.
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    page.wait()
        .for_element(Locator::Css(".mistakes a[href='#message']"))
        .await
        .unwrap();
    let words = "Drugarica mi šalje tužne poruke. <b>Šta</b> da radim?";
    page.find(Locator::Css("#message"))
        .await
        .unwrap()
        .send_keys(words)
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let code = page
        .wait()
        .for_element(Locator::Css("#code"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let reference = page
        .find(Locator::Css("#reference"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(code.replace(' ', "").len(), 16);

    staff.until_contacts(1).await.unwrap();
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/text"), words);
    let path = format!("/api/v1/contacts/{reference}");
    staff
        .post(&format!("{path}/note"), &json!({ "text": "interna beleška" }))
        .await
        .unwrap();
    staff
        .post(
            &format!("{path}/reply"),
            &json!({ "text": "Ostani uz nju i reci nastavnici." }),
        )
        .await
        .unwrap();

    page.goto(&format!("{}/answer?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    page.find(Locator::Css("#code"))
        .await
        .unwrap()
        .send_keys(&code)
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let said = page
        .wait()
        .for_element(Locator::Css(".said"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        said.contains("reci nastavnici") && !said.contains("interna"),
        "{said}"
    );
    page.find(Locator::Css("#message"))
        .await
        .unwrap()
        .send_keys("Hvala, hoću.")
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    page.wait()
        .for_element(Locator::Css("[role=status]"))
        .await
        .unwrap();
    assert!(
        !page
            .current_url()
            .await
            .unwrap()
            .as_str()
            .contains(&code.replace(' ', "")),
        "no code in an address"
    );
    for _ in 0..100 {
        if staff
            .contact(&reference)
            .await
            .unwrap()
            .pointer("/messages/3")
            .is_some()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/3/text"), "Hvala, hoću.");
    assert_eq!(
        staff.contacts().await.unwrap().len(),
        1,
        "who comes back opens no second contact"
    );
    visitor.close().await.unwrap();
}

#[tokio::test]
async fn a_browser_that_hides_where_a_post_comes_from_can_write_to_the_form_and_not_to_the_desk() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let post = |path: &str, fields: &[(&str, &str)]| {
        let request = client().post(format!("{}{path}", service.base()));
        request.header("origin", "null").form(fields).send()
    };
    let sent = post(
        "/advice",
        &[("message", "sa starog telefona"), ("lang", "sr-Latn")],
    )
    .await
    .unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    staff.until_contacts(1).await.unwrap();
    let refused = post("/desk/login", &[("login", "mila"), ("password", "x")])
        .await
        .unwrap();
    assert_eq!(
        refused.status().as_u16(),
        403,
        "nobody elsewhere posts in staff's name"
    );
    let login = client()
        .get(format!("{}/desk/login", service.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(login.headers().get("referrer-policy").unwrap(), "same-origin");
}

#[tokio::test]
async fn the_same_post_fifty_times_at_once_is_one_contact_with_one_receipt() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let posts = (0..50).map(|_| {
        let request = client()
            .post(format!("{}/api/v1/contacts", service.base()))
            .header("idempotency-key", "4d9f7c1e-one-and-the-same")
            .json(&json!({ "kind": "report", "url": "https://example.org/x", "language": "en" }));
        tokio::spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() })
    });
    let mut answers = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        answers.push(post.await.unwrap());
    }
    assert!(
        answers.iter().all(|answer| Some(answer) == answers.first()),
        "{answers:?}"
    );
    staff.until_contacts(1).await.unwrap();
    assert_eq!(
        staff.get("/api/v1/statistics/totals").await.unwrap().get("total"),
        Some(&json!(1))
    );
}

#[tokio::test]
async fn bad_input_gets_a_clear_answer_and_nothing_is_registered() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let url = format!("{}/api/v1/contacts", service.base());
    for (body, status) in [
        (json!({ "kind": "advice" }).to_string(), 422),
        (json!({ "kind": "advice", "message": " \u{0}" }).to_string(), 422),
        (json!({ "kind": "joke", "message": "x" }).to_string(), 422),
        (
            json!({ "kind": "advice", "message": "x", "language": "xx" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x", "reply_to": "a\r\nBcc: b@example.org" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x", "reply_to": "no address" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x".repeat(20_001) }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x".repeat(10 << 20) }).to_string(),
            413,
        ),
        (
            json!({ "kind": "advice", "message": "x", "surprise": 1 }).to_string(),
            400,
        ),
        ("{".repeat(10_000), 400),
        (String::new(), 400),
    ] {
        let shown: String = body.chars().take(60).collect();
        let answer = client()
            .post(&url)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{shown}");
    }
    let file = reqwest::multipart::Form::new().part(
        "picture",
        reqwest::multipart::Part::bytes(vec![1, 2, 3]).file_name("a.jpg"),
    );
    let answer = client()
        .post(format!("{}/advice?lang=en", service.base()))
        .multipart(file)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    assert!(answer.text().await.unwrap().contains("paste the address"));
    let begun = std::time::Instant::now();
    let form = [("code", "1234 5678 9012 3456"), ("lang", "en")];
    let answer = client()
        .post(format!("{}/answer", service.base()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 422, "a wrong code");
    assert!(begun.elapsed() > Duration::from_secs(1), "and slow");
    assert!(staff.contacts().await.unwrap().is_empty());
}
