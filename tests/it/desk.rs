//! Pages of the desk on which trial users hesitated: the order of the inbox, forming a case, and contacts that cannot be answered.

use chrono::TimeDelta;
use hotline_core::contact::{message::Incoming, urgency::InDanger};
use hotline_store::{
    contacts::reply::NewReply,
    inbox::list::{Filter, InboxOrder, Place, View},
};
use hotline_tests::{service::Service, staff::text};
use serde_json::{Value, json};

use crate::{
    store::{World, mail, on_both},
    writing::posted,
};

async fn page_of(world: &World, after: Option<Place>, size: u64) -> (Vec<String>, Option<Place>) {
    let filter = Filter {
        order: InboxOrder::LongestWait,
        ..Filter::default()
    };
    let page = world
        .store
        .inbox(View::All, &filter, world.mila.id, None, 1)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 1, "other views keep their order");
    let view = View::Unassigned;
    let page = world
        .store
        .inbox(view, &filter, world.mila.id, after, size)
        .await
        .unwrap();
    let words = page
        .rows
        .iter()
        .map(|row| row.card.as_ref().unwrap().first_words.clone());
    (words.collect(), page.next)
}

#[tokio::test]
async fn the_longest_wait_comes_first_whatever_the_urgency() {
    on_both(async |world| {
        // The number of each contact is its place in the expected order.
        for number in 0..7 {
            let id = number.to_string();
            world.clock.advance(TimeDelta::minutes(1));
            let in_danger = match number {
                1 | 4 => Some(InDanger::Yes),
                2 | 5 => Some(InDanger::NotSure),
                _ => None,
            };
            let incoming = Incoming {
                in_danger,
                ..mail(&format!("{id}@example.org"), &id, &id, vec![])
            };
            world.arrives(&id, incoming).await;
        }
        // Answered contacts come last: number 0 becomes one.
        let urgent = world
            .store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap();
        let oldest = urgent.rows.iter().min_by_key(|row| row.waiting_since).unwrap();
        let reply = NewReply {
            id: uuid::Uuid::new_v4(),
            text: "Tu smo".to_owned(),
            ..NewReply::default()
        };
        world
            .store
            .reply(&world.mila, oldest.reference, reply)
            .await
            .unwrap();
        world
            .store
            .give_back(&world.mila, oldest.reference)
            .await
            .unwrap();
        let expected = ["1", "2", "3", "4", "5", "6", "0"];
        assert_eq!(page_of(&world, None, 20).await.0, expected);
        for size in 1..4 {
            let (mut all, mut next) = page_of(&world, None, size).await;
            while let Some(place) = next {
                let (words, after) = page_of(&world, Place::parse(&place.to_text()), size).await;
                all.extend(words);
                next = after;
            }
            assert_eq!(all, expected, "{size} on a page");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chosen_order_stays_in_every_link() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Pitanje").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let page = mila
        .page("/desk/inbox?view=unassigned&order=longest_wait&channel=webform")
        .await
        .unwrap();
    for part in [
        "href=\"/desk/inbox?view=mine&amp;channel=webform&amp;order=longest_wait\"",
        &format!(
            "href=\"/desk/contacts/{reference}?view=unassigned&amp;channel=webform&amp;order=longest_wait\""
        ),
        "name=\"order\" value=\"longest_wait\"",
        "href=\"/desk/inbox?view=unassigned&amp;channel=webform\"",
    ] {
        let shown = page.replace("&#38;", "&amp;").replace("&amp;amp;", "&amp;");
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let listed = mila
        .get("/api/v1/inbox?view=unassigned&order=longest_wait")
        .await
        .unwrap();
    assert_eq!(text(&listed, "/contacts/0/reference"), reference);
    let search = mila
        .submit("/desk/search", &[("q", "Pitanje"), ("order", "longest_wait")])
        .await;
    assert!(search.unwrap().contains("order=longest_wait"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_formed_with_a_summary_and_not_at_one_click() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti na mreži").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let page = mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    let (_, form) = page.split_once("<details id=\"forming\"").unwrap();
    let (form, _) = form.split_once("</details>").unwrap();
    assert!(form.contains(">Neko mi preti na mreži</textarea>"), "{form}");
    assert!(form.contains("Cancel"), "{form}");
    let cases = mila.get("/api/v1/cases").await.unwrap();
    assert_eq!(
        cases.pointer("/cases"),
        Some(&json!([])),
        "opening the form forms no case"
    );
    let path = format!("/desk/contacts/{reference}/case");
    let case = mila
        .submit(&path, &[("summary", "Pretnje na mreži")])
        .await
        .unwrap();
    assert!(case.contains("Pretnje na mreži"), "{case}");
    let long = json!({ "summary": "a".repeat(200_000) });
    let refused = mila
        .post(&format!("/api/v1/contacts/{reference}/case"), &long)
        .await;
    assert!(refused.unwrap_err().to_string().contains("409"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_call_offers_a_note_and_no_reply() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    for (caller, why) in [
        ("", "The caller left no number or address"),
        ("064", "Hotline cannot send replies on the network of this call"),
    ] {
        let call = json!({ "network": "telephone", "text": "Zvalo je dete", "caller": caller });
        let logged = mila.post("/api/v1/log", &call).await.unwrap();
        let reference = text(&logged, "/reference").to_owned();
        let page = mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
        assert!(page.contains(why), "{page}");
        assert!(!page.contains("id=\"reply\""), "{page}");
        assert!(page.contains("id=\"note\""), "{page}");
        let contact = mila.contact(&reference).await.unwrap();
        assert_eq!(contact.get("can_be_answered"), Some(&json!(false)));
        let path = format!("/desk/contacts/{reference}/note");
        let noted = mila.submit(&path, &[("text", "Zvaće opet")]).await.unwrap();
        assert!(noted.contains("Zvaće opet"));
    }
    let (reference, _) = posted(&service, "Pitanje").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let contact: Value = mila.contact(&reference).await.unwrap();
    assert_eq!(contact.get("can_be_answered"), Some(&json!(true)));
}
