//! Floods of the web form: the quarantine in the store, and the proof of work over HTTP.

use hotline_core::{
    contact::{
        lifecycle::{Marking, Status},
        message::Incoming,
    },
    staff::rights::Role,
};
use hotline_store::{
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
    staff::accounts::StaffMember,
};
use hotline_tests::{
    flood::{post_as_pupil, post_as_robot},
    service::Service,
    staff::text,
};
use serde_json::json;

use crate::{
    handing::view,
    store::{World, mail, on_both},
};

async fn supervisor(world: &World) -> StaffMember {
    world
        .store
        .add_staff(
            "vera",
            "Vera",
            Role::Supervisor,
            &"a long password".to_owned().into(),
        )
        .await
        .unwrap()
}

async fn in_view(world: &World, view: View) -> Vec<hotline_store::inbox::list::InboxRow> {
    world
        .store
        .inbox(view, &Filter::default(), world.mila.id, None, 10)
        .await
        .unwrap()
        .rows
}

async fn arrives_unproven(world: &World, id: &str) {
    let incoming = Incoming {
        unproven: true,
        ..mail(&format!("{id}@example.org"), id, "buy now", vec![])
    };
    world.arrives(id, incoming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_contact_counts_only_after_its_release() {
    on_both(async |world| {
        arrives_unproven(&world, "1").await;
        assert_eq!(world.total().await, 0);
        for other in [View::Unassigned, View::Waiting, View::Marked] {
            assert!(in_view(&world, other).await.is_empty(), "{other:?}");
        }
        let [held] = in_view(&world, View::Quarantine).await.try_into().ok().unwrap();
        assert_eq!(
            (held.status, held.marking),
            (Status::Waiting, Some(Marking::Quarantine))
        );
        let refused = world.store.release(&world.mila, held.reference).await;
        assert!(matches!(
            refused,
            Err(StoreError::Conflict(Conflict::Quarantined))
        ));
        let vera = supervisor(&world).await;
        assert!(world.store.release(&vera, held.reference).await.unwrap());
        assert_eq!(world.total().await, 1);
        assert!(!world.store.release(&vera, held.reference).await.unwrap());
        assert!(!world.store.discard(&vera, held.reference).await.unwrap());
        assert_eq!(world.total().await, 1);
        assert_eq!(in_view(&world, View::Unassigned).await.len(), 1);
        assert!(in_view(&world, View::Quarantine).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_contact_is_closed_spam_and_never_counts() {
    on_both(async |world| {
        arrives_unproven(&world, "1").await;
        let [held] = in_view(&world, View::Quarantine).await.try_into().ok().unwrap();
        let vera = supervisor(&world).await;
        assert!(world.store.discard(&vera, held.reference).await.unwrap());
        let [row] = in_view(&world, View::Marked).await.try_into().ok().unwrap();
        assert_eq!((row.status, row.marking), (Status::Closed, Some(Marking::Spam)));
        assert_eq!(world.total().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_and_reopening_do_not_release_a_contact() {
    on_both(async |world| {
        arrives_unproven(&world, "1").await;
        let [held] = in_view(&world, View::Quarantine).await.try_into().ok().unwrap();
        let (store, mila) = (&world.store, &world.mila);
        store.close(mila, held.reference, Some("a robot")).await.unwrap();
        store.reopen(mila, held.reference).await.unwrap();
        assert_eq!(world.total().await, 0);
        assert_eq!(in_view(&world, View::Quarantine).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_go_to_the_quarantine_and_a_pupil_gets_through() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let client = reqwest::Client::new();
    let base = service.base();
    let calm = client.get(format!("{base}/challenge")).send().await.unwrap();
    assert_eq!(calm.status(), 204);
    let limit = hotline_core::intake::flood::LOWEST_LIMIT as usize;
    for number in 0..limit + 10 {
        post_as_robot(&client, &base, &format!("Buy now {number}"))
            .await
            .unwrap();
    }
    let page = client.get(format!("{base}/advice?lang=en")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("data-challenge"));
    post_as_pupil(&client, &base, "A pupil asks").await.unwrap();
    vera.until_contacts(limit + 11).await.unwrap();
    let held = view(&vera, "quarantine").await;
    assert_eq!(held.len(), 10);
    let newest = view(&vera, "all").await;
    let pupil = vera.contact(&newest[0]).await.unwrap();
    assert_eq!(text(&pupil, "/messages/0/text"), "A pupil asks");
    assert_eq!(pupil.pointer("/marking"), Some(&json!(null)));
    let totals = async || vera.get("/api/v1/statistics/totals").await.unwrap();
    let before = totals().await;
    assert_eq!(before.pointer("/total"), Some(&json!(limit + 1)));
    assert_eq!(before.pointer("/quarantined"), Some(&json!(10)));
    let bulk = async |what: &str, references: &[String]| {
        let body = json!({ "do": what, "references": references });
        vera.post("/api/v1/several", &body).await.unwrap()
    };
    let discarded = bulk("discard", &held[..9]).await;
    assert_eq!(discarded.pointer("/refused"), Some(&json!([])));
    bulk("release", &held[9..]).await;
    let after = totals().await;
    assert_eq!(after.pointer("/total"), Some(&json!(limit + 2)));
    assert_eq!(after.pointer("/quarantined"), Some(&json!(0)));
    service.must(&["statistics", "verify"]).unwrap();
}
