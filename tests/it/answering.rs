//! Response figures: missed contacts, the time until urgent contacts were read, the current backlog, and the drill-down of each figure.

use std::sync::Arc;

use chrono::TimeDelta;
use hotline_core::{
    contact::{
        classification::Answers,
        lifecycle::Status,
        message::{DeliveryReport, Evidence, Fate, Normalised, Origin},
    },
    identifiers::reference::Reference,
    job::JobKind,
    statistics::figures::Measure,
    text::reason::Reason,
    time::{clock::Clock, period::Period},
};
use hotline_migrations::{Migrator, MigratorTrait};
use hotline_store::{
    contacts::reply::NewReply,
    inbox::list::{Filter, View},
    outbound::outgoing::Due,
    registration::register::NewCall,
    statistics::{
        counts::{DrillDown, SelectedValues, StatisticsFilter},
        report::{Answering, Report},
    },
};
use hotline_tests::{peers::postgres::Postgres, service::Service, staff::text};
use sea_orm::Database;
use serde_json::json;

use crate::{
    histories::open_contacts,
    store::{World, mail, on_both, world},
};

async fn report(world: &World) -> Report {
    world.store.report(Period::default(), 0).await.unwrap()
}

async fn writes(world: &World, name: &str) -> Reference {
    world.clock.advance(TimeDelta::seconds(1));
    let incoming = mail(&format!("{name}@example.org"), name, name, vec![]);
    world.arrives(name, incoming).await;
    let page = world
        .store
        .inbox(View::All, &Filter::default(), world.mila.id, None, 1)
        .await;
    page.unwrap().rows[0].reference
}

async fn read(world: &World, contact: Reference) {
    let opened = world.store.contact(contact).await.unwrap().unwrap();
    world.store.note_contact_read(opened.id).await.unwrap();
}

fn of(question: &str, answer: &str) -> Answers {
    Answers::from([(question.to_owned(), vec![answer.to_owned()])])
}

/// Replies to a contact. If `arrives` is true, the reply is delivered; otherwise its delivery fails.
pub async fn replies(world: &World, contact: Reference, arrives: bool) {
    let reply = NewReply {
        id: uuid::Uuid::new_v4(),
        text: "odgovor".to_owned(),
        ..NewReply::default()
    };
    world.store.reply(&world.mila, contact, reply).await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    let jobs = world
        .store
        .claim(JobKind::Deliver, 10, minute, i32::MAX, &[])
        .await;
    for job in jobs.unwrap() {
        if arrives {
            world.store.sent(&job).await.unwrap();
        } else {
            world
                .store
                .failed(&job, Reason::from("550".to_owned()))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn every_contact_was_answered_in_one_way_and_who_was_closed_without_the_reply_due_was_missed() {
    on_both(async |world| {
        let store = &world.store;
        let mila = &world.mila;
        let answered = writes(&world, "answered").await;
        let missed = writes(&world, "missed").await;
        let prank = writes(&world, "prank").await;
        let spam = writes(&world, "spam").await;
        writes(&world, "open").await;
        replies(&world, answered, true).await;
        store
            .close(mila, missed, Some("nobody waits for this one"))
            .await
            .unwrap();
        store.classify(mila, prank, of("kind", "prank")).await.unwrap();
        store
            .close(mila, prank, Some("nobody waits for this one"))
            .await
            .unwrap();
        let marking = Some(hotline_core::contact::lifecycle::Marking::Spam);
        store.mark(mila, spam, marking).await.unwrap();
        let call = NewCall {
            talk: None,
            id: uuid::Uuid::new_v4(),
            network: "telephone".to_owned(),
            at: world.clock.now(),
            for_whom: None,
            caller: String::new(),
            text: "poziv".to_owned(),
            answers: Answers::new(),
        };
        store.log_call(mila, call).await.unwrap();
        let all = Answering {
            replied: 1,
            taken: 1,
            unneeded: 1,
            missed: 1,
            open: 1,
            missed_per_mille: Some(333),
        };
        assert_eq!(report(&world).await.answering, all);
        // A missed contact that gets a reply later no longer counts as missed.
        store.reopen(mila, missed).await.unwrap();
        replies(&world, missed, true).await;
        let after = Answering {
            replied: 2,
            missed: 0,
            missed_per_mille: Some(0),
            ..all
        };
        assert_eq!(report(&world).await.answering, after);
        world.total().await;
    })
    .await;
}

#[tokio::test]
async fn a_contact_is_unread_again_when_the_person_writes_more() {
    on_both(async |world| {
        let is_unread = async |contact| world.store.contact(contact).await.unwrap().unwrap().is_unread;
        let contact = writes(&world, "first").await;
        assert!(is_unread(contact).await);
        world.clock.advance(TimeDelta::minutes(1));
        read(&world, contact).await;
        assert!(!is_unread(contact).await);
        world.clock.advance(TimeDelta::minutes(1));
        let more = mail(
            "first@example.org",
            "more",
            "more",
            vec![Evidence::EarlierMessage("first".to_owned())],
        );
        world.arrives("more", more).await;
        assert!(is_unread(contact).await);
    })
    .await;
}

#[tokio::test]
async fn what_is_urgent_is_timed_from_its_arrival_until_it_is_first_read_and_a_call_is_not() {
    on_both(async |world| {
        let store = &world.store;
        let first = writes(&world, "first").await;
        let second = writes(&world, "second").await;
        let ordinary = writes(&world, "ordinary").await;
        assert!(store.contact(first).await.unwrap().unwrap().is_unread);
        world.clock.advance(TimeDelta::minutes(4));
        read(&world, first).await;
        world.clock.advance(TimeDelta::minutes(40));
        read(&world, second).await;
        read(&world, ordinary).await;
        // Only the first time of reading counts.
        read(&world, first).await;
        for (contact, urgency) in [(first, "danger"), (second, "urgent"), (ordinary, "ordinary")] {
            store
                .classify(&world.mila, contact, of("urgency", urgency))
                .await
                .unwrap();
        }
        let call = NewCall {
            talk: None,
            id: uuid::Uuid::new_v4(),
            network: "telephone".to_owned(),
            at: world.clock.now() - TimeDelta::days(1),
            for_whom: None,
            caller: String::new(),
            text: "poziv".to_owned(),
            answers: of("urgency", "danger"),
        };
        let call = store.log_call(&world.mila, call).await.unwrap();
        read(&world, call).await;
        let urgent = report(&world).await.urgent;
        assert_eq!(
            (urgent.read, urgent.half_within, urgent.nine_in_ten_within),
            (Some(2), Some(5), Some(45))
        );
        let masked = store.report(Period::default(), 5).await.unwrap().urgent;
        assert_eq!(
            (masked.read, masked.half_within),
            (None, None),
            "so few are not shown"
        );
        store
            .close(&world.mila, first, Some("nobody waits for this one"))
            .await
            .unwrap();
        store.erase("test", first).await.unwrap();
        assert_eq!(report(&world).await.urgent, urgent, "erasing changes no figure");
        world.total().await;
    })
    .await;
}

#[tokio::test]
async fn how_the_work_stands_is_said_with_the_oldest_and_with_what_did_not_get_through() {
    on_both(async |world| {
        let store = &world.store;
        let nothing = report(&world).await.standing;
        assert_eq!(
            (nothing.open, nothing.oldest_open, nothing.undelivered),
            (0, None, 0)
        );
        let old = writes(&world, "old").await;
        world.clock.advance(TimeDelta::hours(30));
        let newer = writes(&world, "newer").await;
        world.clock.advance(TimeDelta::minutes(20));
        replies(&world, old, false).await;
        let standing = report(&world).await.standing;
        assert_eq!((standing.open, standing.undelivered), (2, 1));
        assert_eq!(standing.oldest_open, Some(31 * 60), "in whole hours");
        replies(&world, newer, true).await;
        store
            .close(&world.mila, old, Some("nobody waits for this one"))
            .await
            .unwrap();
        let standing = report(&world).await.standing;
        assert_eq!(
            (standing.open, standing.undelivered),
            (1, 0),
            "what is closed is done with"
        );
        assert_eq!((standing.oldest_open, standing.longest_waiting), (Some(60), None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_report_agrees_with_itself_while_contacts_arrive() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let world = world(database).await;
        let store = Arc::clone(&world.store);
        let reading = tokio::spawn(async move {
            let mut seen = std::collections::BTreeSet::new();
            while seen.last() != Some(&60) {
                let report = store.report(Period::default(), 0).await.unwrap();
                let all = report.period.sum.registered;
                seen.insert(all);
                let answering = report.answering;
                let others = [
                    report.ever.sum.registered,
                    report.flow.opened,
                    report.standing.open + report.flow.closed,
                    report.over_time.sum(),
                    report.hours.sum(),
                    report.first_reply.not_answered,
                    answering.open + answering.missed,
                ];
                assert_eq!(others, [all; 7]);
            }
            seen
        });
        for number in 0..60 {
            let contact = writes(&world, &format!("m{number}")).await;
            if number % 3 == 0 {
                world
                    .store
                    .close(&world.mila, contact, Some("nobody waits for this one"))
                    .await
                    .unwrap();
            }
        }
        let seen = reading.await.unwrap();
        assert!(seen.len() > 3, "it was read while they arrived: {seen:?}");
    }
}

#[tokio::test]
async fn a_figure_opens_to_the_contacts_it_counts_page_by_page() {
    on_both(async |world| {
        for number in 0..7 {
            let contact = writes(&world, &format!("m{number}")).await;
            let topic = if number % 2 == 0 { "grooming" } else { "sexting" };
            world
                .store
                .classify(&world.mila, contact, of("topic", topic))
                .await
                .unwrap();
            world.clock.advance(TimeDelta::hours(20));
        }
        let pointed = DrillDown {
            of: Measure::Contact,
            period: Period::default(),
            values: vec![("topic".to_owned(), SelectedValues::one("grooming"))],
        };
        let first = world.store.pointed_at(&pointed, None, 3).await.unwrap();
        assert_eq!((first.count, first.rows.len()), (4, 3));
        let second = world.store.pointed_at(&pointed, first.next, 3).await.unwrap();
        assert_eq!((second.count, second.rows.len(), second.next), (4, 1, None));
        let any = DrillDown {
            values: vec![("topic".to_owned(), SelectedValues::Any)],
            ..pointed.clone()
        };
        assert_eq!(
            world.store.pointed_at(&any, None, 50).await.unwrap().rows.len(),
            7
        );
        let of_cases = DrillDown {
            of: Measure::Case,
            ..pointed
        };
        assert!(world.store.pointed_at(&of_cases, None, 50).await.is_err());
        let cut = StatisticsFilter::contacts(Period::default(), ["topic"], None);
        assert_eq!(world.store.breakdown(&cut).await.unwrap().count("grooming"), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_contacts_gets_from_a_figure_to_its_list_and_a_manager_does_not() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "prva").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let answers = json!({ "answers": { "topic": ["grooming"], "urgency": ["danger"] } });
    let path = format!("/api/v1/contacts/{reference}");
    mila.get(&path).await.unwrap();
    mila.post(&format!("{path}/wrap-up"), &answers).await.unwrap();
    mila.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    mila.post(&format!("{path}/case"), &json!({})).await.unwrap();
    let page = mila.page("/desk/statistics?period=year").await.unwrap();
    let links = |page: &str| -> Vec<String> {
        let cells = page.split("<td><a href=\"").skip(1);
        let cells = cells.map(|cell| cell.split("</a>").next().unwrap());
        cells
            .map(|cell| cell.replace("&#38;", "&").replace("&amp;", "&"))
            .collect()
    };
    let mut opened = 0;
    for link in links(&page) {
        let (address, count) = link.split_once("\">").unwrap();
        let list = mila.page(address).await.unwrap();
        assert!(
            list.contains(&format!("data-count=\"{count}\"")),
            "{address}: {count}: {list}"
        );
        assert!(!list.contains("another number"), "{address}: {list}");
        opened += 1;
        let refused = manager.page(address).await.unwrap_err();
        assert!(refused.to_string().contains("403"), "{address}: {refused}");
    }
    assert!(opened > 4, "{opened}: {page}");
    assert_eq!(
        links(&manager.page("/desk/statistics?period=year").await.unwrap()),
        Vec::<String>::new()
    );
    let list = mila
        .get("/api/v1/statistics/contacts?by=urgent_read&is=00005&period=year")
        .await
        .unwrap();
    assert_eq!(
        (list.get("count"), text(&list, "/contacts/0/reference")),
        (Some(&json!(1)), reference.as_str())
    );
}

#[tokio::test]
async fn a_report_about_a_reply_and_a_message_of_the_same_person_are_counted_in_one_batch() {
    on_both(async |world| {
        let store = &world.store;
        for fate in [Fate::Failed, Fate::Delivered] {
            for (closed, origin) in [
                (true, Origin::Person),
                (true, Origin::AutoReply),
                (false, Origin::Person),
            ] {
                let name = format!("{fate:?}-{closed}-{origin:?}");
                let contact = writes(&world, &name).await;
                let reply = NewReply {
                    id: uuid::Uuid::new_v4(),
                    text: "odgovor".to_owned(),
                    ..NewReply::default()
                };
                store.reply(&world.mila, contact, reply).await.unwrap();
                let minute = std::time::Duration::from_secs(60);
                let jobs = store
                    .claim(JobKind::Deliver, 10, minute, i32::MAX, &[])
                    .await
                    .unwrap();
                let Due::Now(outgoing) = store.outgoing(&jobs[0]).await.unwrap() else {
                    panic!("it leaves now");
                };
                store.sent(&jobs[0]).await.unwrap();
                if closed {
                    store
                        .close(&world.mila, contact, Some("nobody waits for this one"))
                        .await
                        .unwrap();
                }
                let token = outgoing.message.token;
                let bounce = Normalised::Report(DeliveryReport {
                    token: Some(token.clone()),
                    message: Some(outgoing.message.id),
                    fate,
                    reason: "5.1.1".to_owned().into(),
                });
                let id = format!("again-{name}");
                let evidence = vec![Evidence::Token(token)];
                let mut again = mail(&format!("{name}@example.org"), &id, "x", evidence);
                again.origin = origin;
                let (first, second) = (format!("report-{name}"), id.clone());
                let message = Normalised::Message(Box::new(again));
                world.arrive(vec![(&first, bounce), (&second, message)]).await;
                let status = store.contact(contact).await.unwrap().unwrap().status;
                let must_be_seen = fate == Fate::Failed || origin == Origin::Person;
                assert_eq!(status.is_open(), must_be_seen || !closed, "{name}");
                let standing = report(&world).await.standing;
                assert_eq!(standing.open, open_contacts(store).await, "{name}");
                world.total().await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_is_taken_back_after_the_contact_was_closed_or_marked_opens_it_again() {
    on_both(async |world| {
        let (store, mila) = (&world.store, &world.mila);
        for marked in [false, true] {
            let contact = writes(&world, &format!("undo-{marked}")).await;
            let id = uuid::Uuid::new_v4();
            let reply = NewReply {
                id,
                text: "odgovor".to_owned(),
                ..NewReply::default()
            };
            store.reply(mila, contact, reply).await.unwrap();
            if marked {
                let spam = Some(hotline_core::contact::lifecycle::Marking::Spam);
                store.mark(mila, contact, spam).await.unwrap();
            } else {
                store
                    .close(mila, contact, Some("nobody waits for this one"))
                    .await
                    .unwrap();
            }
            store.undo(mila, contact, id).await.unwrap();
            let opened = store.contact(contact).await.unwrap().unwrap();
            assert_eq!(
                (opened.status, opened.marking),
                (Status::Waiting, None),
                "marked: {marked}"
            );
            let flow = report(&world).await.flow;
            assert_eq!((flow.closed, flow.open), (0, flow.opened), "marked: {marked}");
            world.total().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_an_older_version_serves_is_not_upgraded_under_it() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let file = service.data().join("hotline.db");
    let database = Database::connect(format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    // Reverts the last migration.
    Migrator::down(&database, Some(1)).await.unwrap();
    let refused = service.must(&["statistics"]).unwrap_err();
    assert!(
        refused.to_string().contains("serves this data folder"),
        "{refused}"
    );
    let pending = Migrator::get_pending_migrations(&database).await.unwrap();
    assert_eq!(pending.len(), 1, "nothing was changed");
    service.stop();
    service.must(&["statistics", "verify"]).unwrap();
}
