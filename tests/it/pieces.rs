//! Messages with several parts and versions, received and sent.

use std::time::Duration;

use chrono::TimeDelta;
use hotline_core::{
    contact::{
        joining::Joining,
        message::{
            Content, Elsewhere, Evidence, Incoming, MessagePart, Normalised, Part, RawMessage, Remark,
        },
    },
    identifiers::line_name::LineName,
    intake::Intake,
    job::JobKind,
};
use hotline_store::{
    contacts::{detail::ContactDetail, reply::NewReply},
    db::values::Direction,
    inbox::list::{Filter, View},
    outbound::outgoing::Due,
};
use proptest::prelude::*;

use crate::{
    golden::cases,
    store::{World, mail, on_both, world},
};

/// Builds a part of a chat message.
fn piece(from: &str, whole: &str, id: &str, version: i64, text: &str) -> Incoming {
    Incoming {
        joining: Joining::ByIdentifier,
        message_part: Some(MessagePart {
            id: format!("{whole}/{id}"),
            place: id.parse().unwrap_or_default(),
            version,
        }),
        ..mail(from, whole, text, vec![])
    }
}

fn photo(name: &str) -> Part {
    Part {
        name: Some(format!("{name}.jpg")),
        media_type: "image/jpeg".to_owned(),
        inline: false,
        content: Content::Elsewhere(Elsewhere {
            reference: name.to_owned().into(),
            unique: name.to_owned(),
            size: 1,
            at_once: false,
        }),
    }
}

impl World {
    /// Receives these messages in order, and registers them in batches of this size.
    async fn receive(&self, all: Vec<Incoming>, portion: usize) {
        for portion in all.chunks(portion.max(1)) {
            let raws = portion.iter().map(|_| RawMessage {
                line: LineName::parse("mail").unwrap(),
                external_id: uuid::Uuid::new_v4().to_string(),
                received_at: self.store_now(),
                bytes: b"raw".to_vec(),
                cut_from: None,
            });
            self.store.accept(raws.collect(), None).await.unwrap();
            let claim = self.store.claim(JobKind::Receive, 100, LEASE, i32::MAX, &[]);
            let claimed = claim.await.unwrap();
            let mut opened = self.store.raw_messages(&claimed).await.unwrap();
            opened.sort_by_key(|one| one.job.journal_id);
            let read = portion.iter().cloned();
            let read = read.map(|one| Normalised::Message(Box::new(one)));
            self.store
                .register(opened.into_iter().zip(read).collect())
                .await
                .unwrap();
        }
    }

    fn store_now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.advance(TimeDelta::milliseconds(10));
        hotline_core::time::clock::Clock::now(&*self.clock)
    }

    async fn all(&self) -> Vec<ContactDetail> {
        let page = self
            .store
            .inbox(View::All, &Filter::default(), self.mila.id, None, 100)
            .await
            .unwrap();
        let mut all = Vec::new();
        for row in page.rows {
            all.push(self.store.contact(row.reference).await.unwrap().unwrap());
        }
        all
    }
}

const LEASE: Duration = Duration::from_secs(60);

/// Returns all texts of a contact, in every version.
fn written(contact: &ContactDetail) -> Vec<String> {
    let mut all = Vec::new();
    for message in contact
        .messages
        .iter()
        .filter(|one| one.direction == Direction::In)
    {
        all.push(message.body.as_ref().unwrap().text.clone());
        all.extend(
            message
                .versions
                .iter()
                .map(|one| one.body.as_ref().unwrap().text.clone()),
        );
    }
    all
}

#[tokio::test]
async fn a_platform_that_uses_an_id_twice_loses_nobodys_words() {
    on_both(async |world| {
        let all = vec![
            piece("ana", "m1", "1", 0, "prva"),
            piece("ana", "m1", "1", 0, "druga"),
            piece("ana", "m1", "1", 0, "prva"),
            piece("ana", "m1", "1", 0, "druga"),
        ];
        world.receive(all, 3).await;
        let contact = world.all().await.remove(0);
        assert_eq!(written(&contact), ["prva", "druga"]);
        let second = contact.messages[1].body.as_ref().unwrap();
        assert_eq!(second.remarks, [Remark::SameIdOtherContent]);
        // An edit adds a version. The replaced text is stored once, even if it arrives repeatedly. A different text with the same version
        // number is a new message.
        let all = vec![
            piece("ana", "m2", "2", 5, "izmenjena"),
            piece("ana", "m2", "2", 0, "prvobitna"),
            piece("ana", "m2", "2", 0, "prvobitna"),
            piece("ana", "m2", "2", 0, "sasvim druga"),
        ];
        world.receive(all, 1).await;
        let contact = world.all().await.remove(0);
        assert_eq!(
            written(&contact),
            ["prva", "druga", "izmenjena", "prvobitna", "sasvim druga"]
        );
        assert_eq!(contact.messages.len(), 4);
        assert_eq!(world.total().await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_left_as_being_sent_may_have_arrived_and_who_was_too_slow_hands_over_no_more() {
    on_both(async |world| {
        world.receive(vec![piece("ana", "m1", "1", 0, "pomoć")], 1).await;
        let reference = world.all().await[0].reference;
        let id = uuid::Uuid::new_v4();
        world
            .store
            .reply(
                &world.mila,
                reference,
                NewReply {
                    id,
                    text: "Tu smo.".to_owned(),
                    ..NewReply::default()
                },
            )
            .await
            .unwrap();
        let claim = || world.store.claim(JobKind::Deliver, 1, LEASE, i32::MAX, &[]);
        let first = claim().await.unwrap()[0];
        let Due::Now(outgoing) = world.store.outgoing(&first).await.unwrap() else {
            panic!("it is due")
        };
        assert!(!outgoing.message.uncertain);
        // The channel accepted the message, and then the database failed.
        world
            .store
            .retry(&first, Duration::ZERO, "for a test")
            .await
            .unwrap();
        let second = claim().await.unwrap()[0];
        let Due::Now(outgoing) = world.store.outgoing(&second).await.unwrap() else {
            panic!("it is due")
        };
        assert!(outgoing.message.uncertain);
        assert!(world.store.pieces_done(&second, 1, LEASE).await.unwrap());
        world.clock.advance(TimeDelta::seconds(61));
        let third = claim().await.unwrap()[0];
        assert!(!world.store.pieces_done(&second, 2, LEASE).await.unwrap());
        let Due::Now(outgoing) = world.store.outgoing(&third).await.unwrap() else {
            panic!("it is due")
        };
        assert_eq!((outgoing.done, outgoing.message.uncertain), (1, true));
    })
    .await;
}

/// A generated message: the writer, the message (0 to 2 are mails, the others chat messages), the version, and the person whose thread the
/// message claims to continue.
type Step = (usize, usize, i64, Option<usize>);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(24)))]

    /// An album of ten photos, two of them edited. Each part is delivered several times, in any order and in batches of any size.
    #[test]
    fn pieces_and_versions_in_any_order_are_one_message_of_one_contact(
        order in proptest::sample::subsequence((0..36usize).collect::<Vec<_>>(), 36).prop_shuffle(),
        portion in 1..12usize,
    ) {
        run(async {
            let world = world(None).await;
            let mut pieces = Vec::new();
            for number in 0..10 {
                let text = if number == 3 { "gledajte" } else { "" };
                let mut one = piece("ana", "album", &number.to_string(), 0, text);
                one.parts = vec![photo(&number.to_string())];
                pieces.push(one);
            }
            for (number, version, text) in [("3", 9, "pogledajte ovo"), ("7", 4, "i ovo")] {
                let mut one = piece("ana", "album", number, version, text);
                one.parts = vec![photo(number)];
                pieces.push(one);
            }
            let all = order.iter().map(|which| pieces[which % pieces.len()].clone());
            world.receive(all.collect(), portion).await;
            let contacts = world.all().await;
            assert_eq!((contacts.len(), world.total().await), (1, 1));
            let [message] = &contacts[0].messages[..] else { panic!("one message") };
            assert_eq!(message.body.as_ref().unwrap().text, "pogledajte ovo\n\ni ovo");
            let files: Vec<_> = message.attachments.iter().map(|file| file.name.clone().unwrap()).collect();
            let expected: Vec<_> = (0..10).map(|number| format!("{number}.jpg")).collect();
            assert_eq!(files, expected);
            assert!(message.versions.iter().any(|one| one.body.as_ref().unwrap().text.contains("gledajte")));
        });
    }

    /// People may use, copy or reuse any names and ids. Each person's contact contains only that person's messages, and no text is lost.
    #[test]
    fn two_people_never_share_a_contact_and_no_words_are_lost(
        steps in proptest::collection::vec((0..3usize, 0..6usize, 0..3i64, proptest::option::of(0..3usize)), 1..40),
        portion in 1..8usize,
    ) {
        run(async {
            let world = world(None).await;
            let people = ["ana", "Ana ", "ana2"];
            let arrives = |(number, (who, which, version, claims)): (usize, &Step)| {
                let text = format!("{} kaže {number}.", people[*who]);
                let mut one = match which {
                    0..3 => mail(people[*who], &format!("{which}@x"), &text, vec![]),
                    3 => piece(people[*who], "album", &(version * 7).to_string(), 0, &text),
                    _ => piece(people[*who], &format!("m{which}"), "1", *version, &text),
                };
                one.evidence.extend(claims.map(|other| Evidence::EarlierMessage(format!("{other}@x"))));
                one.name = Some(people[version.unsigned_abs() as usize].to_owned());
                one
            };
            world.receive(steps.iter().enumerate().map(arrives).collect(), portion).await;
            let contacts = world.all().await;
            for contact in &contacts {
                let owner = contact.card.as_ref().unwrap().identifier.clone().unwrap();
                for text in written(contact) {
                    assert!(text.lines().all(|line| line.is_empty() || line.starts_with(&format!("{owner} kaže"))), "{owner}: {text}");
                }
            }
            let everything: Vec<_> = contacts.iter().flat_map(written).collect();
            for (number, (who, ..)) in steps.iter().enumerate() {
                let words = format!("{} kaže {number}.", people[*who]);
                assert!(everything.iter().any(|text| text.contains(&words)), "{words} is lost");
            }
            assert_eq!(world.total().await, i64::try_from(contacts.len()).unwrap());
        });
    }
}
