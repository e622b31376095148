//! Reply addresses: where a reply goes, from which addresses a person may answer, and which contact a mail joins.

use std::time::Duration;

use chrono::TimeDelta;
use hotline_core::{
    contact::{
        joining::Joining,
        message::{DeliveryReport, Evidence, Fate, Incoming, Normalised, Origin, Remark},
    },
    identifiers::{reference::Reference, token::ThreadToken},
    job::{Delivery, JobKind},
};
use hotline_store::{
    contacts::{detail::ContactDetail, reply::NewReply},
    db::values::Direction,
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
    outbound::outgoing::Due,
};
use uuid::Uuid;

use super::store::{World, mail, on_both};

const FORM: &str = "obrazac@skola.example";
const GIRL: &str = "ucenica@example.org";

impl World {
    async fn references(&self) -> Vec<Reference> {
        let everything = Filter::default();
        let page = self
            .store
            .inbox(View::All, &everything, self.mila.id, None, 50)
            .await;
        page.unwrap().rows.iter().map(|row| row.reference).collect()
    }

    async fn only(&self) -> Reference {
        let all = self.references().await;
        assert_eq!(all.len(), 1, "one contact");
        all[0]
    }

    async fn opened(&self, reference: Reference) -> ContactDetail {
        self.store.contact(reference).await.unwrap().unwrap()
    }

    async fn try_reply(&self, reference: Reference, to: Option<&str>) -> Result<(), StoreError> {
        let reply = NewReply {
            id: Uuid::new_v4(),
            text: "Tu smo.".to_owned(),
            to: to.map(str::to_owned),
            ..NewReply::default()
        };
        self.store.reply(&self.mila, reference, reply).await
    }

    /// Replies to a contact. Returns the address and the thread token of the outgoing mail.
    async fn reply(&self, reference: Reference, to: Option<&str>) -> (String, ThreadToken) {
        self.try_reply(reference, to).await.unwrap();
        let minute = Duration::from_secs(60);
        let jobs = self
            .store
            .claim(JobKind::Deliver, 10, minute, i32::MAX, &[])
            .await;
        let mut gone = Vec::new();
        for job in jobs.unwrap() {
            let Due::Now(outgoing) = self.store.outgoing(&job).await.unwrap() else {
                panic!("it leaves now");
            };
            self.store.sent(&job).await.unwrap();
            gone.push((outgoing.message.to.expose().clone(), outgoing.message.token));
        }
        gone.into_iter().find(|(to, _)| !to.is_empty()).unwrap()
    }

    /// Receives a mail from a school's form, whose reply address is the girl's, and replies to her.
    async fn form_of_a_school(&self) -> (Reference, ThreadToken) {
        self.arrives("1", asks_at(mail(FORM, "f@x", "Neko mi preti.", vec![]), GIRL))
            .await;
        let reference = self.only().await;
        let (to, token) = self.reply(reference, None).await;
        assert_eq!(to, GIRL);
        (reference, token)
    }
}

fn asks_at(incoming: Incoming, address: &str) -> Incoming {
    Incoming {
        answer_to: Some(address.to_owned().into()),
        ..incoming
    }
}

fn with(token: &ThreadToken) -> Vec<Evidence> {
    vec![Evidence::Token(token.clone())]
}

#[tokio::test]
async fn who_answers_from_the_address_we_wrote_to_goes_on_in_the_same_contact() {
    on_both(async |world| {
        let (reference, token) = world.form_of_a_school().await;
        world.clock.advance(TimeDelta::seconds(1));
        world
            .arrives("2", mail(GIRL, "g@x", "Hvala, evo jos.", with(&token)))
            .await;
        assert_eq!(world.only().await, reference);
        let opened = world.opened(reference).await;
        let newest = opened.messages.last().unwrap().body.as_ref().unwrap();
        assert_eq!(
            newest.from.as_deref(),
            Some(GIRL),
            "shown, since it is not the form's"
        );
        assert!(newest.remarks.is_empty(), "nobody else's conversation");
        assert!(opened.refers_to.is_none());
        // A mail from her address without the token joins no contact. Neither does a mail with the token from another address.
        world.arrives("3", mail(GIRL, "h@x", "Opet ja.", vec![])).await;
        assert_eq!(world.references().await.len(), 2);
        world
            .arrives("4", mail("neko@example.com", "i@x", "Sta pise?", with(&token)))
            .await;
        assert_eq!(world.references().await.len(), 3);
        assert_eq!(world.opened(reference).await.messages.len(), 3);
        assert_eq!(world.total().await, 3);
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_an_address_left_in_a_form_belongs_to_the_form() {
    on_both(async |world| {
        let form = Incoming {
            joining: Joining::ByIdentifier,
            replies_wait_on_page: true,
            ..asks_at(
                mail("receipt", "f@x", "Neko mi preti.", vec![]),
                "Ucenica@Example.org",
            )
        };
        world.arrives_by("form", "1", form).await;
        let reference = world.only().await;
        let (to, token) = world.reply(reference, None).await;
        assert_eq!(to, "Ucenica@Example.org", "by mail as well");
        world
            .arrives("2", mail(GIRL, "g@x", "Ima 13 godina.", with(&token)))
            .await;
        assert_eq!(world.only().await, reference);
        world
            .store
            .close(&world.mila, reference, Some("answered by telephone"))
            .await
            .unwrap();
        world.clock.advance(TimeDelta::days(8));
        world
            .arrives("3", mail(GIRL, "h@x", "Posle dugo vremena.", with(&token)))
            .await;
        assert_eq!(
            world.references().await.len(),
            2,
            "closed for longer than it takes messages"
        );
        assert_eq!(world.total().await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_new_address_is_offered_and_never_taken_silently() {
    on_both(async |world| {
        let ana = "ana@example.org";
        world.arrives("1", mail(ana, "a@x", "Pomoc", vec![])).await;
        let reference = world.only().await;
        let (to, token) = world.reply(reference, None).await;
        assert_eq!(to, ana);
        let elsewhere = asks_at(
            mail(ana, "b@x", "Otac cita ovo.", with(&token)),
            "nova@example.com",
        );
        world.clock.advance(TimeDelta::seconds(1));
        world.arrives("2", elsewhere).await;
        let opened = world.opened(reference).await;
        let card = opened.card.as_ref().unwrap();
        assert_eq!(
            (card.answered_at(), card.offered.as_slice()),
            (Some(ana), ["nova@example.com".to_owned()].as_slice())
        );
        let newest = opened.messages.last().unwrap().body.as_ref().unwrap();
        assert_eq!(newest.answer_to.as_deref(), Some("nova@example.com"));
        // A mail from an offered address joins no contact until a reply has been sent to that address.
        world
            .arrives("3", mail("nova@example.com", "c@x", "Ja sam.", with(&token)))
            .await;
        assert_eq!(world.references().await.len(), 2);

        let refused = world.try_reply(reference, Some("neko@example.com")).await;
        assert!(matches!(
            refused,
            Err(StoreError::Conflict(Conflict::NotAskedFor))
        ));
        assert_eq!(
            world.reply(reference, None).await.0,
            ana,
            "as before unless somebody chooses"
        );
        assert_eq!(
            world.reply(reference, Some("nova@example.com")).await.0,
            "nova@example.com"
        );
        assert_eq!(
            world.reply(reference, None).await.0,
            "nova@example.com",
            "from then on"
        );
        world
            .arrives("4", mail("nova@example.com", "d@x", "Stiglo je.", with(&token)))
            .await;
        assert_eq!(world.references().await.len(), 2, "who was written to joins");
        assert_eq!(world.reply(reference, Some(ana)).await.0, ana, "and back");
    })
    .await;
}

#[tokio::test]
async fn an_automatic_answer_is_shown_with_its_reply_and_wakes_and_counts_nothing() {
    on_both(async |world| {
        world.arrives("1", mail(GIRL, "a@x", "Pomoc", vec![])).await;
        let reference = world.only().await;
        let (_, token) = world.reply(reference, None).await;
        let before = world.opened(reference).await;
        let away = |from, id, evidence| Incoming {
            origin: Origin::AutoReply,
            ..mail(from, id, "Nisam tu.", evidence)
        };
        world.arrives("2", away(GIRL, "b@x", with(&token))).await;
        world
            .arrives("3", away("tata@example.com", "c@x", with(&token)))
            .await;
        world.arrives("4", away("tata@example.com", "d@x", vec![])).await;
        let after = world.opened(world.only().await).await;
        assert_eq!(after.messages.len(), before.messages.len() + 2);
        assert_eq!((after.status, after.newest), (before.status, before.newest));
        world.store.close(&world.mila, reference, None).await.unwrap();
        world.clock.advance(TimeDelta::days(30));
        world.arrives("5", away(GIRL, "e@x", with(&token))).await;
        let closed = world.opened(world.only().await).await;
        assert_eq!(closed.status, hotline_core::contact::lifecycle::Status::Closed);
        assert_eq!(closed.messages.len(), after.messages.len() + 1);
        assert_eq!(world.total().await, 1);
    })
    .await;
}

#[tokio::test]
async fn reports_that_overtake_each_other_say_the_worst() {
    on_both(async |world| {
        let (reference, token) = world.form_of_a_school().await;
        let report = |fate| {
            Normalised::Report(DeliveryReport {
                token: Some(token.clone()),
                message: None,
                fate,
                reason: "said".to_owned().into(),
            })
        };
        for (id, fate, expected) in [
            ("r1", Fate::Delayed, Delivery::Delayed),
            ("r2", Fate::Failed, Delivery::Failed),
            ("r3", Fate::Delayed, Delivery::Failed),
        ] {
            world.arrive(vec![(id, report(fate))]).await;
            let opened = world.opened(reference).await;
            let replies = opened
                .messages
                .iter()
                .filter(|one| one.direction == Direction::Reply);
            let states: Vec<_> = replies
                .flat_map(|one| &one.deliveries)
                .map(|one| one.state)
                .collect();
            assert_eq!(states, [expected], "{id}");
        }
        assert_eq!(world.total().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_copy_by_another_way_is_no_second_contact_and_the_same_id_alone_no_copy() {
    on_both(async |world| {
        let sent = Some("2026-11-24T09:00:00Z".parse().unwrap());
        let copy = |text: &str, subject: &str, claimed_at| Incoming {
            subject: Some(subject.to_owned()),
            claimed_at,
            ..mail(GIRL, "same@x", text, vec![])
        };
        world
            .arrives("1", copy("Ucenik preti\ndrugima.", "Pretnja", sent))
            .await;
        let reference = world.only().await;
        world
            .arrives("2", copy("Ucenik preti drugima.", "[skola] Pretnja", sent))
            .await;
        assert_eq!(
            world.opened(world.only().await).await.messages.len(),
            1,
            "word for word"
        );
        let longer = copy(
            "Ucenik preti drugima.\n\n____\nSkolska lista",
            "[skola] Pretnja",
            sent,
        );
        world.clock.advance(TimeDelta::seconds(1));
        world.arrives("3", longer).await;
        assert_eq!(world.only().await, reference);
        let messages = world.opened(reference).await.messages;
        assert_eq!(messages.len(), 2, "nothing is lost");
        let remarks = &messages.last().unwrap().body.as_ref().unwrap().remarks;
        assert_eq!(remarks.as_slice(), [Remark::SameIdOtherContent]);
        // Some programs give every mail the same Message-ID. These mails are not duplicates: the text or the date differs, or the date is
        // missing.
        world.arrives("4", copy("Tukli su me.", "Pretnja", sent)).await;
        let later = Some("2026-11-24T09:00:01Z".parse().unwrap());
        world
            .arrives("5", copy("Ucenik preti drugima. Opet.", "x", later))
            .await;
        world
            .arrives("6", copy("Ucenik preti drugima. Stalno.", "x", None))
            .await;
        assert_eq!(world.references().await.len(), 4);
        assert_eq!(world.total().await, 4);
    })
    .await;
}
