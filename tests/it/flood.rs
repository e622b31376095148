//! Floods of the web form over HTTP: robots go to the quarantine, and pupils get through.

use std::time::Duration;

use fantoccini::Locator;
use hotline_tests::{
    flood::{Robot, open_form, post_as_pupil, post_as_robot, post_form},
    peers::{browser::Browser, postgres::Postgres, wait_until},
    service::Service,
    staff::text,
};
use serde_json::json;

use crate::{handing::view, writing::posted};

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(60));
    builder.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_go_to_the_quarantine_and_a_pupil_gets_through() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let client = client();
    let base = service.base();
    let calm = client.get(format!("{base}/challenge")).send().await.unwrap();
    assert_eq!(calm.status(), 204);
    let limit = hotline_core::intake::flood::LOWEST_LIMIT as usize;
    // A class opens the form in calm time. Ten pupils post before the flood.
    let mut forms = Vec::new();
    for _ in 0..12 {
        forms.push(open_form(&client, &base).await.unwrap());
    }
    let first = forms.split_off(2);
    for form in &first {
        post_form(&client, &base, form, "A pupil of the class")
            .await
            .unwrap();
    }
    for number in 0..limit {
        post_as_robot(&client, &base, Robot::Blind, &format!("Buy now {number}"))
            .await
            .unwrap();
    }
    // The line is guarded now. The last pupils of the class post from the forms that they opened before.
    for form in &forms {
        post_form(&client, &base, form, "A late pupil of the class")
            .await
            .unwrap();
    }
    let opener = post_as_robot(&client, &base, Robot::OpensForm, "Form robot");
    opener.await.unwrap();
    let page = client.get(format!("{base}/advice?lang=en")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("data-challenge"));
    let posted = post_as_pupil(&client, &base, Duration::ZERO, "A pupil asks")
        .await
        .unwrap();
    assert!(posted.hashes > 0);
    let totals = async || vera.get("/api/v1/statistics/totals").await.unwrap();
    wait_until(Duration::from_secs(30), || async {
        let totals = totals().await;
        totals.pointer("/quarantined") == Some(&json!(limit + 1))
            && totals.pointer("/total") == Some(&json!(13))
    })
    .await
    .unwrap();
    let newest = view(&vera, "all").await;
    let pupil = vera.contact(&newest[0]).await.unwrap();
    assert_eq!(text(&pupil, "/messages/0/text"), "A pupil asks");
    assert_eq!(pupil.pointer("/marking"), Some(&json!(null)));
    let mut held = view(&vera, "quarantine").await;
    held.truncate(10);
    let routing = vera.page("/desk/routing").await.unwrap();
    assert!(routing.contains("/desk/inbox?view=quarantine"));
    let bulk = async |what: &str, references: &[String]| {
        let body = json!({ "do": what, "references": references });
        vera.post("/api/v1/several", &body).await.unwrap()
    };
    let discarded = bulk("discard", &held[..9]).await;
    assert_eq!(discarded.pointer("/refused"), Some(&json!([])));
    bulk("release", &held[9..]).await;
    let after = totals().await;
    assert_eq!(after.pointer("/total"), Some(&json!(14)));
    assert_eq!(after.pointer("/quarantined"), Some(&json!(limit + 1 - 10)));
    service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_during_a_flood_keeps_the_quarantine_its_receipts_and_its_alarm() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let mut service = Service::new(database.as_ref().map(|database| database.url())).unwrap();
        service.start().await.unwrap();
        let vera = service.hire("vera", "supervisor").await.unwrap();
        let limit = hotline_core::intake::flood::LOWEST_LIMIT as usize;
        for number in 0..=limit {
            posted(&service, &format!("Buy now {number}")).await;
        }
        let (reference, code) = posted(&service, "Hoću da se ubijem večeras, popila sam tablete").await;
        service.kill();
        service.start().await.unwrap();
        let vera = service.log_in("vera").await.unwrap_or(vera);
        vera.submit("/desk/duty", &[("on", "true")]).await.unwrap();
        wait_until(Duration::from_secs(60), || async {
            let totals = vera.get("/api/v1/statistics/totals").await.unwrap();
            totals.pointer("/quarantined") == Some(&json!(limit + 2))
        })
        .await
        .unwrap();
        let totals = vera.get("/api/v1/statistics/totals").await.unwrap();
        assert_eq!(totals.pointer("/total"), Some(&json!(0)));
        let inbox = vera.page("/desk/inbox").await.unwrap();
        assert!(inbox.contains("data-ringing"), "danger in quarantine rings");
        let contact = vera.contact(&reference).await.unwrap();
        assert_eq!(contact.pointer("/urgency"), Some(&json!(2)));
        assert_eq!(contact.pointer("/marking"), Some(&json!("quarantine")));
        vera.reply(&reference, "We are here").await.unwrap();
        let client = client();
        let answers = client
            .post(format!("{}/answer", service.base()))
            .form(&[("code", code.as_str()), ("lang", "en")])
            .send()
            .await
            .unwrap();
        assert!(answers.text().await.unwrap().contains("We are here"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_solves_the_proof_while_its_visitor_types() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let limit = hotline_core::intake::flood::LOWEST_LIMIT as usize;
    for number in 0..=limit {
        posted(&service, &format!("Buy now {number}")).await;
    }
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    page.goto(&format!("{}/advice?lang=en", service.base()))
        .await
        .unwrap();
    let element = async |css: &str| page.wait().for_element(Locator::Css(css)).await.unwrap();
    assert!(
        element("#form")
            .await
            .attr("data-challenge")
            .await
            .unwrap()
            .is_some()
    );
    element("#message").await.send_keys("A pupil asks").await.unwrap();
    element("#form button[type=submit]").await.click().await.unwrap();
    let reference = element("#reference").await.text().await.unwrap();
    browser.close().await.unwrap();
    vera.until_contacts(limit + 2).await.unwrap();
    let contact = vera.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/text"), "A pupil asks");
    assert_eq!(contact.pointer("/marking"), Some(&json!(null)));
}
