//! Bulk actions, linked contacts, and followed contacts.

use fantoccini::Locator;
use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use serde_json::json;

use crate::{
    handing::view,
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

async fn begun(count: usize) -> (Service, Staff, Staff, Vec<String>) {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for number in 0..count {
        let (reference, _) = posted(&service, &format!("Poruka broj {number}")).await;
        mila.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    (service, mila, petar, references)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_each_is_done_or_refused_by_itself_and_says_so() {
    let (service, mila, petar, references) = begun(4).await;
    petar
        .post(&format!("/api/v1/contacts/{}/claim", references[1]), &json!({}))
        .await
        .unwrap();
    let spam = json!({ "do": "spam", "references": &references[..3] });
    let came = mila.post("/api/v1/several", &spam).await.unwrap();
    assert_eq!(came.get("done"), Some(&json!([references[0], references[2]])));
    assert_eq!(text(&came, "/refused/0/reference"), references[1]);
    assert!(text(&came, "/refused/0/error").contains("is assigned to somebody else"));
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(
        totals.get("total"),
        Some(&json!(2)),
        "what was marked left the total, once each"
    );
    let again = mila.post("/api/v1/several", &spam).await.unwrap();
    assert_eq!(again.get("done"), Some(&json!([])), "it is so already");
    let odd = json!({ "do": "explode", "references": [references[3]] });
    assert!(mila.post("/api/v1/several", &odd).await.is_err());
    service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_contacts_lead_to_each_other_and_followed_ones_stand_in_a_view_of_ones_own() {
    let (_service, mila, petar, references) = begun(2).await;
    let path = |which: usize, what: &str| format!("/api/v1/contacts/{}/{what}", references[which]);
    for _ in 0..2 {
        let contact = mila
            .post(&path(0, "link"), &json!({ "to": references[1] }))
            .await
            .unwrap();
        assert_eq!(contact.get("linked"), Some(&json!([references[1]])));
    }
    let other = mila.contact(&references[1]).await.unwrap();
    assert_eq!(other.get("linked"), Some(&json!([references[0]])));
    let linked = other
        .get("history")
        .unwrap()
        .to_string()
        .matches("linked")
        .count();
    assert_eq!(linked, 1, "the second time changed nothing");
    let itself = mila.post(&path(0, "link"), &json!({ "to": references[0] })).await;
    let nobody = mila.post(&path(0, "link"), &json!({ "to": "2222-2222" })).await;
    assert!(itself.unwrap_err().to_string().contains("409"));
    assert!(nobody.unwrap_err().to_string().contains("422"));
    let away = json!({ "to": references[0], "linked": false });
    mila.post(&path(1, "link"), &away).await.unwrap();
    let contact = mila.contact(&references[0]).await.unwrap();
    assert_eq!(contact.get("linked"), Some(&json!([])));
    mila.post(&path(1, "follow"), &json!({})).await.unwrap();
    petar.post(&path(1, "claim"), &json!({})).await.unwrap();
    petar
        .post(&path(1, "close"), &json!({ "reason": "answered by telephone" }))
        .await
        .unwrap();
    assert_eq!(
        (view(&mila, "followed").await, view(&petar, "followed").await),
        (vec![references[1].clone()], vec![])
    );
    mila.post(&path(1, "follow"), &json!({ "follows": false }))
        .await
        .unwrap();
    assert_eq!(view(&mila, "followed").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_picked_and_taken_on_the_page() {
    let (service, mila, _, references) = begun(3).await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    let path = format!("{}/desk/inbox?view=unassigned", service.base());
    client.goto(&path).await.unwrap();
    until(client, "#list li").await;
    let bar = client.find(Locator::Css("#several")).await.unwrap();
    assert!(!bar.is_displayed().await.unwrap(), "nothing is picked yet");
    for which in [0, 2] {
        press(client, &format!("input[value='{}']", references[which])).await;
    }
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("several").await.unwrap();
    press(client, "#several button[value=claim]").await;
    shows(client, "#told", "2 contacts are now yours").await;
    assert_eq!(view(&mila, "mine").await.len(), 2);
    assert_eq!(view(&mila, "unassigned").await, [references[1].clone()]);
    // An action that changed nothing is not reported as a success; each contact shows the reason.
    client
        .goto(&format!("{}/desk/inbox?view=mine", service.base()))
        .await
        .unwrap();
    for which in [0, 2] {
        press(client, &format!("input[value='{}']", references[which])).await;
    }
    press(client, "#several button[value=claim]").await;
    for which in [0, 2] {
        shows(client, "#told .alarm", &references[which]).await;
    }
    shows(client, "#told .alarm", "it is so already").await;
    assert!(client.find(Locator::Css("#told .done")).await.is_err());
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_text_of_many_senders_is_one_entry_and_counts_for_each() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let mut references = Vec::new();
    for _ in 0..5 {
        let (reference, _) = posted(&service, "Ovo je poruka koju šalje cela škola odjednom").await;
        mila.until_messages(&reference, 1).await.unwrap();
        references.push(reference);
    }
    posted(&service, "Sasvim druga poruka, koja nema veze sa školom").await;
    let (danger, _) = posted(&service, "hoću da se ubijem, ne mogu više ovako da živim").await;
    mila.until_contacts(7).await.unwrap();
    let page = mila.page("/desk/inbox?view=unassigned").await.unwrap();
    assert_eq!(page.matches("4 more with the same text").count(), 1);
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/inbox?view=unassigned", service.base()))
        .await
        .unwrap();
    let first = client
        .find(Locator::Css("#list > ol > li:first-child .reference"))
        .await
        .unwrap();
    assert_eq!(first.text().await.unwrap(), danger, "danger is never grouped");
    press(client, "[data-pick-group]").await;
    press(client, "#several button[value=claim]").await;
    shows(client, "#told", "5").await;
    for reference in &references {
        let contact = mila.contact(reference).await.unwrap();
        assert_eq!(text(&contact, "/assignee"), "mila");
    }
    let totals = mila.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!(totals.get("total"), Some(&json!(7)));
    browser.close().await.unwrap();
}
