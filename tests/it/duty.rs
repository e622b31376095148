//! Duty: who is available, what returns to the queue, and who gets the next contact, on both databases.

use std::sync::Arc;

use chrono::TimeDelta;
use hotline_core::{contact::message::Evidence, identifiers::reference::Reference, staff::rights::Role};
use hotline_store::{
    contacts::reply::NewReply,
    db::{store::Store, values::HistoryKind},
    inbox::list::{Filter, View},
    staff::{
        accounts::StaffMember,
        passwords::Device,
        sessions::{Asker, SessionToken},
    },
};

use crate::store::{World, mail, on_both};

const PASSWORD: &str = "a long password";

async fn log_in(store: &Store, login: &str) -> (StaffMember, SessionToken) {
    let password = PASSWORD.to_owned().into();
    let found = store.log_in(login, &password, Device::Known).await.unwrap();
    found.unwrap().complete().unwrap()
}

/// Adds a counsellor, who logs in and goes on duty.
pub async fn on_duty(world: &World, login: &str) -> (StaffMember, SessionToken) {
    let password = PASSWORD.to_owned().into();
    if login != "mila" {
        let added = world
            .store
            .add_staff(login, login, Role::Counsellor, &password)
            .await;
        added.unwrap();
    }
    let (who, token) = log_in(&world.store, login).await;
    world.store.set_on_duty(&who, true).await.unwrap();
    (who, token)
}

async fn mine(world: &World, who: &StaffMember) -> Vec<Reference> {
    let page = world
        .store
        .inbox(View::Mine, &Filter::default(), who.id, None, 100)
        .await
        .unwrap();
    page.rows.into_iter().map(|row| row.reference).collect()
}

async fn unassigned(world: &World) -> usize {
    let page = world
        .store
        .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 100)
        .await
        .unwrap();
    page.rows.len()
}

async fn arrives(world: &World, id: &str) {
    let address = format!("person{id}@example.org");
    world
        .arrives(id, mail(&address, &format!("{id}@x"), "help", vec![]))
        .await;
    world.store.route().await.unwrap();
}

async fn passes(world: &World, minutes: i64) {
    world.clock.advance(TimeDelta::minutes(minutes));
    world.store.route().await.unwrap();
}

#[tokio::test]
async fn after_logging_out_nobody_is_assigned_anything() {
    on_both(async |world| {
        let (mila, token) = on_duty(&world, "mila").await;
        arrives(&world, "1").await;
        assert_eq!(mine(&world, &mila).await.len(), 1);
        world.store.log_out(token.expose()).await.unwrap();
        arrives(&world, "2").await;
        assert_eq!(unassigned(&world).await, 1, "the next contact");
        passes(&world, 4).await;
        assert_eq!(mine(&world, &mila).await.len(), 1);
        passes(&world, 1).await;
        assert_eq!(unassigned(&world).await, 2, "what waited returns");
        let (ana, _) = on_duty(&world, "ana").await;
        world.store.route().await.unwrap();
        assert_eq!(mine(&world, &ana).await.len(), 2, "somebody available gets both");
    })
    .await;
}

#[tokio::test]
async fn silence_ends_availability_and_polling_does_not_keep_it() {
    on_both(async |world| {
        let (mila, token) = on_duty(&world, "mila").await;
        arrives(&world, "1").await;
        for _ in 0..14 {
            passes(&world, 1).await;
            world.store.logged_in(token.expose(), Asker::Page).await.unwrap();
        }
        assert_eq!(mine(&world, &mila).await.len(), 1);
        passes(&world, 1).await;
        assert!(mine(&world, &mila).await.is_empty());
        // An action makes her available again, without switching.
        world
            .store
            .logged_in(token.expose(), Asker::Person)
            .await
            .unwrap();
        world.store.route().await.unwrap();
        assert_eq!(mine(&world, &mila).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_acts_keeps_the_contacts() {
    on_both(async |world| {
        let (mila, token) = on_duty(&world, "mila").await;
        arrives(&world, "1").await;
        for _ in 0..40 {
            passes(&world, 1).await;
            world
                .store
                .logged_in(token.expose(), Asker::Person)
                .await
                .unwrap();
        }
        assert_eq!(mine(&world, &mila).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn anybody_takes_a_contact_from_an_absent_assignee() {
    on_both(async |world| {
        let (mila, token) = on_duty(&world, "mila").await;
        arrives(&world, "1").await;
        let reference = mine(&world, &mila).await[0];
        let (ana, _) = on_duty(&world, "ana").await;
        assert!(world.store.take(&ana, reference).await.is_err(), "Mila is there");
        world.store.log_out(token.expose()).await.unwrap();
        world.store.take(&ana, reference).await.unwrap();
        assert_eq!(mine(&world, &ana).await, [reference]);
    })
    .await;
}

#[tokio::test]
async fn who_answered_before_gets_the_person_again() {
    on_both(async |world| {
        let (mila, mila_token) = on_duty(&world, "mila").await;
        arrives(&world, "1").await;
        let reference = mine(&world, &mila).await[0];
        let reply = NewReply {
            id: uuid::Uuid::new_v4(),
            text: "Thank you".to_owned(),
            ..NewReply::default()
        };
        world.store.reply(&mila, reference, reply).await.unwrap();
        let (ana, ana_token) = on_duty(&world, "ana").await;
        world.store.log_out(mila_token.expose()).await.unwrap();
        passes(&world, 20).await;
        assert_eq!(
            mine(&world, &mila).await,
            [reference],
            "an answered contact stays"
        );
        world
            .store
            .logged_in(ana_token.expose(), Asker::Person)
            .await
            .unwrap();
        world
            .arrives(
                "2",
                mail(
                    "person1@example.org",
                    "2@x",
                    "again",
                    vec![Evidence::EarlierMessage("1@x".to_owned())],
                ),
            )
            .await;
        world.store.route().await.unwrap();
        assert_eq!(
            mine(&world, &ana).await,
            [reference],
            "the person wrote, Mila is away"
        );
        world.store.log_out(ana_token.expose()).await.unwrap();
        let (mila, _) = on_duty(&world, "mila").await;
        passes(&world, 5).await;
        assert_eq!(mine(&world, &mila).await, [reference]);
        let detail = world.store.contact(reference).await.unwrap().unwrap();
        let told = detail.history.last().unwrap().detail.clone();
        assert!(told.contains("\"knows_person\":true"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn the_next_contact_goes_to_each_of_many_who_ask_at_once() {
    on_both(async |world| {
        for id in 0..20 {
            world
                .arrives(
                    &id.to_string(),
                    mail(
                        &format!("person{id}@example.org"),
                        &format!("{id}@x"),
                        "help",
                        vec![],
                    ),
                )
                .await;
        }
        let mut asking = Vec::new();
        for number in 0..20 {
            let (who, _) = on_duty(&world, &format!("counsellor{number}")).await;
            asking.push(who);
        }
        let tries = asking.into_iter().map(|who| {
            let store = Arc::clone(&world.store);
            tokio::spawn(async move { store.take_next(&who).await.unwrap() })
        });
        let mut got = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            got.push(one.await.unwrap().unwrap());
        }
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 20);
        assert_eq!(unassigned(&world).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_workers_on_two_stores_give_each_contact_one_assignee() {
    on_both(async |world| {
        for id in 0..96 {
            let address = format!("person{id}@example.org");
            let message = mail(&address, &format!("{id}@x"), "help", vec![]);
            world.arrives(&id.to_string(), message).await;
        }
        let other = world.reopened().await;
        let mut asking = Vec::new();
        for number in 0..8 {
            asking.push(on_duty(&world, &format!("counsellor{number}")).await.0);
        }
        let workers = (0..64).map(|number| {
            let store = if number % 2 == 0 {
                Arc::clone(&world.store)
            } else {
                Arc::clone(&other)
            };
            let who = asking[number % 8].clone();
            tokio::spawn(async move {
                match number % 4 {
                    0 => drop(store.route().await.unwrap()),
                    _ => drop(store.take_next(&who).await.unwrap()),
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        world.store.route().await.unwrap();
        let mut assigned = 0;
        for who in &asking {
            let references = mine(&world, who).await;
            assert!(references.len() <= 12, "the capacity");
            for reference in references {
                assigned += 1;
                let detail = world.store.contact(reference).await.unwrap().unwrap();
                let given = detail
                    .history
                    .iter()
                    .filter(|event| matches!(event.kind, HistoryKind::Assigned | HistoryKind::Claimed));
                assert_eq!(given.count(), 1, "{reference} was given once");
            }
        }
        assert_eq!(assigned, 96, "eight counsellors with room for twelve each");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_see_who_wants_a_talk_and_no_reason() {
    use hotline_tests::{service::Service, staff::text};
    use serde_json::{Value, json};

    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    let wanted = async || {
        let routing = sara.get("/api/v1/routing").await.unwrap();
        let counsellors = routing
            .pointer("/counsellors")
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        let mila = counsellors
            .into_iter()
            .find(|one| text(one, "/name") == "mila")
            .unwrap();
        (
            text(&mila, "/id").to_owned(),
            mila.pointer("/skills/talk_wanted").cloned().unwrap(),
        )
    };
    assert_eq!(wanted().await.1, Value::Null);
    mila.confirm("/api/v1/talk", &json!({ "on": true }))
        .await
        .unwrap();
    let (id, since) = wanted().await;
    assert!(since.is_string());
    // Asking again changes nothing.
    mila.confirm("/api/v1/talk", &json!({ "on": true }))
        .await
        .unwrap();
    assert_eq!(wanted().await.1, since);
    let page = sara.page("/desk/inbox").await.unwrap();
    assert!(page.contains("mila wants a talk"), "{page}");
    assert!(!petar.page("/desk/inbox").await.unwrap().contains("wants a talk"));
    // What a supervisor records about a counsellor does not end the wish.
    sara.confirm(&format!("/api/v1/routing/skills/{id}"), &json!({ "capacity": 3 }))
        .await
        .unwrap();
    assert_eq!(wanted().await.1, since);
    let held = format!("/api/v1/routing/talks/{id}");
    assert!(petar.confirm(&held, &json!({})).await.is_err());
    sara.confirm(&held, &json!({})).await.unwrap();
    assert_eq!(wanted().await.1, Value::Null);
}
