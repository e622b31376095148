//! Reply targets: what is due when, what is late, and what the statistics count, on both databases.

use chrono::TimeDelta;
use hotline_core::{
    contact::{joining::Joining, lifecycle::Marking, message::Incoming},
    identifiers::reference::Reference,
    routing::targets::ReplyOrder,
    time::{hours::OpeningHours, period::Period},
};
use hotline_store::{
    contacts::reply::NewReply,
    db::values::HistoryKind,
    inbox::list::{Filter, InboxRow, View},
    routing::{schedules::CENTRE, targets::KeptTargets},
};
use uuid::Uuid;

use crate::{
    answering::replies as answers,
    store::{World, mail, on_both},
};

const ORDINARY: i16 = 0;
const DANGER: i16 = 2;

async fn writes(world: &World, name: &str, text: &str) -> Reference {
    // The newest contact is the first row.
    world.clock.advance(TimeDelta::seconds(1));
    let incoming = mail(&format!("{name}@example.org"), &format!("{name}@x"), text, vec![]);
    world.arrives(name, incoming).await;
    rows(world, View::All).await[0].reference
}

async fn rows(world: &World, view: View) -> Vec<InboxRow> {
    let page = world
        .store
        .inbox(view, &Filter::default(), world.mila.id, None, 100)
        .await;
    page.unwrap().rows
}

async fn late(world: &World) -> Vec<Reference> {
    rows(world, View::Late)
        .await
        .into_iter()
        .map(|row| row.reference)
        .collect()
}

async fn replies(world: &World, reference: Reference) -> Uuid {
    let id = Uuid::new_v4();
    let reply = NewReply {
        id,
        text: "Thank you".to_owned(),
        ..NewReply::default()
    };
    world.store.reply(&world.mila, reference, reply).await.unwrap();
    id
}

async fn kept(world: &World) -> Vec<KeptTargets> {
    world.store.kept_targets(Period::default()).await.unwrap()
}

fn outcome(urgency: i16, first: bool, kept: i64, missed: i64) -> KeptTargets {
    KeptTargets {
        urgency,
        first,
        kept,
        missed,
    }
}

async fn was_missed(world: &World, reference: Reference) -> usize {
    let contact = world.store.contact(reference).await.unwrap().unwrap();
    let missed = |kind| kind == HistoryKind::TargetMissed;
    contact.history.iter().filter(|event| missed(event.kind)).count()
}

#[tokio::test]
async fn a_reply_in_time_is_kept_and_a_late_one_is_missed() {
    on_both(async |world| {
        let early = writes(&world, "early", "hello").await;
        let row = &rows(&world, View::All).await[0];
        assert_eq!(
            row.due.unwrap().at,
            row.waiting_since.unwrap() + TimeDelta::hours(4)
        );
        world.clock.advance(TimeDelta::minutes(239));
        assert!(late(&world).await.is_empty());
        replies(&world, early).await;
        let tardy = writes(&world, "tardy", "hello").await;
        world.clock.advance(TimeDelta::hours(4));
        assert_eq!(late(&world).await, [tardy]);
        assert_eq!(world.store.note_missed_targets().await.unwrap(), 1);
        assert_eq!(
            world.store.note_missed_targets().await.unwrap(),
            0,
            "each is recorded once"
        );
        assert_eq!(was_missed(&world, tardy).await, 1);
        assert_eq!(kept(&world).await, [outcome(ORDINARY, true, 1, 1)]);
        replies(&world, tardy).await;
        assert_eq!(kept(&world).await, [outcome(ORDINARY, true, 1, 1)]);
        assert!(late(&world).await.is_empty());
        for (urgency, order, expected) in [
            (None, None, vec![tardy]),
            (Some(ORDINARY), Some(ReplyOrder::First), vec![tardy]),
            (Some(ORDINARY), Some(ReplyOrder::Next), vec![]),
            (Some(2), None, vec![]),
        ] {
            let missed = world
                .store
                .missed_targets(Period::default(), urgency, order)
                .await;
            let missed = missed.unwrap();
            let found: Vec<Reference> = missed.iter().map(|one| one.reference).collect();
            assert_eq!(found, expected, "{urgency:?} {order:?}");
            assert!(missed.iter().all(|one| one.replied_at >= Some(one.due_at)));
        }
    })
    .await;
}

#[tokio::test]
async fn danger_is_late_after_two_minutes_while_the_centre_is_closed() {
    on_both(async |world| {
        let hours = OpeningHours::default();
        let stored = world
            .store
            .set_opening_hours(&world.mila, CENTRE, 0, &hours)
            .await;
        stored.unwrap();
        // Saturday.
        world.clock.advance(TimeDelta::days(4));
        let ordinary = writes(&world, "ordinary", "hello").await;
        let danger = writes(&world, "danger", "hoću da se ubijem").await;
        let due = |rows: &[InboxRow], reference| {
            let row = rows.iter().find(|row| row.reference == reference).unwrap();
            row.due.unwrap().at
        };
        let all = rows(&world, View::All).await;
        // The centre opens on Monday at 07:30, which is 06:30 in UTC.
        assert_eq!(due(&all, ordinary).to_rfc3339(), "2026-11-30T10:30:00+00:00");
        world.clock.advance(TimeDelta::minutes(2));
        assert_eq!(late(&world).await, [danger]);
        assert_eq!(world.store.note_missed_targets().await.unwrap(), 1);
        assert_eq!(kept(&world).await, [outcome(DANGER, true, 0, 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_reply_taken_back_leaves_no_kept_target() {
    on_both(async |world| {
        let reference = writes(&world, "one", "hello").await;
        let reply = replies(&world, reference).await;
        assert_eq!(kept(&world).await, [outcome(ORDINARY, true, 1, 0)]);
        world.store.undo(&world.mila, reference, reply).await.unwrap();
        assert_eq!(kept(&world).await, []);
        world.clock.advance(TimeDelta::hours(5));
        assert_eq!(world.store.note_missed_targets().await.unwrap(), 1);
        let reply = replies(&world, reference).await;
        world.store.undo(&world.mila, reference, reply).await.unwrap();
        assert_eq!(kept(&world).await, [outcome(ORDINARY, true, 0, 1)]);
    })
    .await;
}

#[tokio::test]
async fn spam_has_no_target_and_leaves_the_statistics() {
    on_both(async |world| {
        let reference = writes(&world, "one", "hello").await;
        world.clock.advance(TimeDelta::hours(5));
        assert_eq!(world.store.note_missed_targets().await.unwrap(), 1);
        let marked = world
            .store
            .mark(&world.mila, reference, Some(Marking::Spam))
            .await;
        marked.unwrap();
        assert_eq!(kept(&world).await, []);
        assert!(late(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn after_the_first_reply_the_next_target_holds() {
    on_both(async |world| {
        let reference = writes(&world, "one", "hello").await;
        answers(&world, reference, true).await;
        world.clock.advance(TimeDelta::minutes(1));
        let again = Incoming {
            joining: Joining::ByIdentifier,
            ..mail("one@example.org", "again@x", "and then?", vec![])
        };
        world.arrives("again", again).await;
        let row = &rows(&world, View::All).await[0];
        assert_eq!(
            row.due.unwrap().at,
            row.waiting_since.unwrap() + TimeDelta::hours(8)
        );
        replies(&world, reference).await;
        assert_eq!(
            kept(&world).await,
            [outcome(ORDINARY, true, 1, 0), outcome(ORDINARY, false, 1, 0)]
        );
    })
    .await;
}
