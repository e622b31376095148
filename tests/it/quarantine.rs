//! The quarantine in the store, on both databases: what goes in, what stays out, and what its contacts still get.

use chrono::TimeDelta;
use hotline_core::{
    contact::{
        lifecycle::{Marking, Status},
        message::{Incoming, Normalised},
        provenance::Provenance,
        urgency::InDanger,
    },
    identifiers::line_name::LineName,
    intake::{Intake, flood::Surge},
    staff::rights::Role,
    time::clock::Clock,
};
use hotline_store::{
    db::values::HistoryKind,
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
    staff::accounts::StaffMember,
};

use crate::{
    duty::on_duty,
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
        provenance: Provenance::Unproven,
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

/// Posts that arrived without a form in calm time.
fn without_form(id: &str, words: &str) -> Incoming {
    Incoming {
        provenance: Provenance::WithoutForm,
        ..mail(&format!("{id}@example.org"), id, words, vec![])
    }
}

fn surge(world: &World) -> Surge {
    Surge {
        since: world.clock.now() - TimeDelta::minutes(1),
        recognised_at: world.clock.now(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surge_is_quarantined_afterwards_without_posts_from_forms() {
    on_both(async |world| {
        let mail_line = LineName::parse("mail").unwrap();
        world.arrives("early", without_form("early", "last week")).await;
        world.clock.advance(TimeDelta::minutes(2));
        world.arrives("robot", without_form("robot", "buy now")).await;
        world
            .arrives("read", without_form("read", "a person read this"))
            .await;
        world
            .arrives("pupil", mail("pupil@example.org", "p", "help", vec![]))
            .await;
        world
            .arrives_by("form", "other", without_form("other", "another line"))
            .await;
        let rows = in_view(&world, View::All).await;
        let read = rows
            .iter()
            .find(|row| words_of(row) == "a person read this")
            .unwrap();
        let detail = world.store.contact(read.reference).await.unwrap().unwrap();
        world.store.note_contact_read(detail.id).await.unwrap();
        assert_eq!(world.total().await, 5);
        // A post of the surge is still waiting to be registered.
        assert!(world.accept_by("mail", "late").await);
        world
            .store
            .quarantine_surge(&mail_line, surge(&world))
            .await
            .unwrap();
        world.clock.advance(TimeDelta::minutes(5));
        let late = Normalised::Message(Box::new(without_form("late", "buy later")));
        world.register(vec![("late", late)]).await;
        let quarantined = in_view(&world, View::Quarantine).await;
        let mut held: Vec<String> = quarantined.iter().map(words_of).collect();
        held.sort();
        assert_eq!(held, ["buy later", "buy now"]);
        assert_eq!(world.total().await, 4);
        // Repeating the call, for example after a failure, changes nothing.
        world
            .store
            .quarantine_surge(&mail_line, surge(&world))
            .await
            .unwrap();
        assert_eq!(world.total().await, 4);
        let robot = quarantined.iter().find(|row| words_of(row) == "buy now").unwrap();
        let detail = world.store.contact(robot.reference).await.unwrap().unwrap();
        let marked = detail
            .history
            .iter()
            .filter(|event| event.kind == HistoryKind::Marked);
        let marked: Vec<_> = marked
            .map(|event| (event.actor.clone(), event.detail.as_str()))
            .collect();
        assert_eq!(marked, [(None, "quarantine")]);
        let vera = supervisor(&world).await;
        assert!(world.store.release(&vera, robot.reference).await.unwrap());
        assert_eq!(world.total().await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surge_takes_contacts_back_from_counsellors_who_have_not_opened_them() {
    on_both(async |world| {
        let mila = on_duty(&world, "mila").await.0;
        world.arrives("1", without_form("1", "buy now")).await;
        let danger = Incoming {
            in_danger: Some(InDanger::Yes),
            ..without_form("2", "please answer")
        };
        world.arrives("2", danger).await;
        world.store.route().await.unwrap();
        assert_eq!(in_view(&world, View::Mine).await.len(), 2);
        let mail_line = LineName::parse("mail").unwrap();
        world
            .store
            .quarantine_surge(&mail_line, surge(&world))
            .await
            .unwrap();
        assert_eq!(in_view(&world, View::Quarantine).await.len(), 2);
        world.store.route().await.unwrap();
        let mine = in_view(&world, View::Mine).await;
        assert_eq!(mine.iter().map(words_of).collect::<Vec<_>>(), ["please answer"]);
        assert_eq!(mine[0].assignee.as_deref(), Some(mila.name.as_str()));
        assert_eq!(world.total().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_in_quarantine_rings_and_is_assigned_but_not_counted() {
    on_both(async |world| {
        on_duty(&world, "mila").await;
        arrives_unproven(&world, "0").await;
        let danger = |id: &str| Incoming {
            provenance: Provenance::Unproven,
            in_danger: Some(InDanger::Yes),
            ..mail(&format!("{id}@example.org"), id, "please answer", vec![])
        };
        world.arrives("1", danger("1")).await;
        assert_eq!(world.store.ringing().await.unwrap().len(), 1);
        world.store.route().await.unwrap();
        let mine = in_view(&world, View::Mine).await;
        assert_eq!(mine.iter().map(words_of).collect::<Vec<_>>(), ["please answer"]);
        assert_eq!(mine[0].marking, Some(Marking::Quarantine));
        assert_eq!(world.total().await, 0);
        // Robots that claim danger do not bury a person's contact: so many of them ring at a time.
        for number in 2..40 {
            let id = number.to_string();
            world.clock.advance(TimeDelta::seconds(1));
            world.arrives(&id, danger(&id)).await;
        }
        let person = Incoming {
            in_danger: Some(InDanger::Yes),
            ..mail("ana@example.org", "ana", "help me", vec![])
        };
        world.arrives("person", person).await;
        let ringing = world.store.ringing().await.unwrap();
        assert_eq!(ringing.len(), 21);
        let detail = world.store.contact(ringing[0].reference).await.unwrap().unwrap();
        assert_eq!(
            detail.marking, None,
            "the contact outside the quarantine comes first"
        );
    })
    .await;
}

fn words_of(row: &hotline_store::inbox::list::InboxRow) -> String {
    row.card
        .as_ref()
        .map(|card| card.first_words.clone())
        .unwrap_or_default()
}
