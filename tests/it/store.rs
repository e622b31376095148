//! The rules of the store, on both SQLite and PostgreSQL.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use hotline_core::{
    abuse_material::AbuseMaterialSettings,
    casework::answers::CaseSettings,
    centre::{Centre, CentreInForce, Text},
    contact::{
        classification::Scheme,
        joining::Joining,
        lifecycle::Marking,
        message::{Evidence, Incoming, Normalised, Origin, RawMessage},
    },
    identifiers::line_name::LineName,
    intake::{Cursor, Intake, Source},
    job::JobKind,
    masking::MaskingSettings,
    retention::RetentionSettings,
    routing::{alarm::AlarmSettings, settings::Routing, targets::Targets},
    staff::{
        audit::AuditSettings,
        factors::{AccountSettings, CounsellorsSee},
        rights::Role,
    },
    statistics::figures::Measure,
    time::{
        clock::{Clock, FixedClock},
        period::Period,
    },
};
use hotline_migrations::{Migrator, MigratorTrait};
use hotline_store::{
    contacts::reply::NewReply,
    db::store::{LineSettings, Settings, Store},
    inbox::list::{Filter, View},
    sealing::master_key::KeySource,
    staff::{accounts::StaffMember, passwords::Device},
    statistics::adjustments::NewAdjustment,
};
use hotline_tests::peers::{
    postgres::{FreshDatabase, Postgres},
    wait_until,
};

pub struct World {
    pub store: Arc<Store>,
    pub clock: Arc<FixedClock>,
    pub mila: StaffMember,
    /// The URL of the database.
    pub url: String,
    _folder: tempfile::TempDir,
    _database: Option<FreshDatabase>,
}

pub async fn world(database: Option<FreshDatabase>) -> World {
    world_with_backlog(database, 1_000).await
}

fn settings_of(url: String, folder: &std::path::Path, backlog: u64) -> Settings {
    let line = |name: &str, channel: &str, answers_also_by: Option<&str>| LineSettings {
        sends_files: false,
        reply_style: hotline_core::text::rich::ReplyStyle::default(),
        keeps_order: false,
        paused: false,
        name: name.to_owned(),
        channel: channel.to_owned(),
        acknowledgement: None,
        closed: Some("closed-answer"),
        answers_also_by: answers_also_by.map(str::to_owned),
        asks_for_files: false,
    };
    let mut centre = Centre::default();
    let closed = Text::Serbian("Zatvoreno. Čitamo {opens}.".to_owned());
    centre.messages.insert("closed-answer".to_owned(), closed);
    Settings {
        url: url.into(),
        folder: folder.to_owned(),
        key: None,
        old_key: None,
        centre: CentreInForce::new(centre),
        form_url: String::new(),
        scheme: Scheme::centre().unwrap(),
        wrap_up: false,
        routing: Routing::default(),
        alarm: AlarmSettings::default(),
        targets: Targets::default(),
        cases: CaseSettings::default(),
        audit: AuditSettings::default(),
        relying_party: None,
        accounts: AccountSettings {
            break_glass: Vec::new(),
            counsellors_see: CounsellorsSee::All,
            second_factor: Vec::new(),
            ..AccountSettings::default()
        },
        retention: RetentionSettings::default(),
        abuse_material: AbuseMaterialSettings::default(),
        masking: MaskingSettings {
            enabled: false,
            ..MaskingSettings::default()
        },
        urgency_rules: None,
        durable: true,
        undo: Duration::ZERO,
        reserve: 0,
        backlog,
        lines: vec![line("mail", "email", None), line("form", "webform", Some("mail"))],
        networks: vec!["telephone".to_owned(), "social".to_owned()],
    }
}

async fn world_with_backlog(database: Option<FreshDatabase>, backlog: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    let url = match &database {
        Some(database) => database.url().to_owned(),
        None => format!("sqlite://{}?mode=rwc", folder.path().join("hotline.db").display()),
    };
    let clock = Arc::new(FixedClock::new("2026-11-24T10:00:00Z".parse().unwrap()));
    let settings = settings_of(url.clone(), folder.path(), backlog);
    let store = hotline_store::open(settings, clock.clone()).await.unwrap();
    let mila = store
        .add_staff(
            "mila",
            "Mila",
            Role::Counsellor,
            &"a long password".to_owned().into(),
        )
        .await
        .unwrap();
    World {
        store,
        clock,
        mila,
        url,
        _folder: folder,
        _database: database,
    }
}

/// Runs a test on both databases.
pub async fn on_both(test: impl AsyncFn(World)) {
    test(world(None).await).await;
    test(world(Some(Postgres::url_of_fresh_database().await.unwrap())).await).await;
}

pub fn mail(from: &str, id: &str, text: &str, evidence: Vec<Evidence>) -> Incoming {
    Incoming {
        message_part: None,
        identifier: Some(from.to_owned().into()),
        name: None,
        answer_to: None,
        joining: Joining::ByEvidence,
        echo_of: None,
        evidence,
        message_id: Some(id.to_owned()),
        references: Vec::new(),
        replies_wait_on_page: false,
        subject: None,
        text: text.to_owned(),
        quoted: String::new(),
        copied: 0,
        url: None,
        asks: None,
        language: None,
        parts: Vec::new(),
        origin: Origin::Person,
        live: false,
        unacknowledged: false,
        provenance: Default::default(),
        claimed_at: None,
        remarks: Vec::new(),
        in_danger: None,
        writer: None,
        age: None,
    }
}

impl World {
    /// Opens the same database a second time.
    pub async fn reopened(&self) -> Arc<Store> {
        self.reopened_with(RetentionSettings::default()).await
    }

    /// Opens the same database a second time, with these rules of retention.
    pub async fn reopened_with(&self, retention: RetentionSettings) -> Arc<Store> {
        let settings = settings_of(self.url(), self._folder.path(), 1_000);
        let settings = Settings {
            retention,
            ..settings
        };
        hotline_store::open(settings, self.clock.clone()).await.unwrap()
    }

    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    /// Takes the lease of the nightly run, as a process does that is killed at once.
    pub async fn take_retention_lease(&self) {
        let database = sea_orm::Database::connect(self.url()).await.unwrap();
        let until = (self.now() + TimeDelta::minutes(10)).timestamp_micros();
        let owner = match self._database.is_some() {
            true => "gen_random_uuid()",
            false => "randomblob(16)",
        };
        let sql = format!("UPDATE retention_runs SET owner = {owner}, lease_until = {until}");
        sea_orm::ConnectionTrait::execute_unprepared(&database, &sql)
            .await
            .unwrap();
        database.close().await.unwrap();
    }

    pub fn url(&self) -> String {
        match &self._database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite://{}", self._folder.path().join("hotline.db").display()),
        }
    }

    async fn accept(&self, id: &str) -> bool {
        self.accept_by("mail", id).await
    }

    /// Accepts a message without registering it.
    pub async fn accept_by(&self, line: &str, id: &str) -> bool {
        let raw = RawMessage {
            line: LineName::parse(line).unwrap(),
            external_id: id.to_owned(),
            received_at: self.clock.now(),
            bytes: b"raw".to_vec(),
            cut_from: None,
        };
        self.store.accept(vec![raw], None).await.unwrap()[0].fresh
    }

    pub async fn arrives(&self, external_id: &str, incoming: Incoming) {
        self.arrive(vec![(external_id, Normalised::Message(Box::new(incoming)))])
            .await;
    }

    /// Receives a message through another line.
    pub async fn arrives_by(&self, line: &str, external_id: &str, incoming: Incoming) {
        assert!(self.accept_by(line, external_id).await);
        let one = Normalised::Message(Box::new(incoming));
        self.register(vec![(external_id, one)]).await;
    }

    /// Receives these messages and registers them in one batch.
    pub async fn arrive(&self, all: Vec<(&str, Normalised)>) {
        for (external_id, _) in &all {
            assert!(self.accept(external_id).await);
        }
        self.register(all).await;
    }

    /// Registers the accepted messages in one batch.
    pub async fn register(&self, all: Vec<(&str, Normalised)>) {
        let claimed = self
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
            .await
            .unwrap();
        let opened = self.store.raw_messages(&claimed).await.unwrap();
        assert_eq!(opened.len(), all.len());
        let batch = opened.into_iter().zip(all.into_iter().map(|(_, one)| one));
        self.store.register(batch.collect()).await.unwrap();
    }

    async fn contacts(&self) -> u64 {
        self.store.contacts_registered().await.unwrap()
    }

    pub async fn total(&self) -> i64 {
        assert_eq!(
            self.store.verify_figures(10).await.unwrap().differences,
            vec![],
            "the total equals the recount"
        );
        self.store.totals(Period::default()).await.unwrap().sum.total
    }
}

#[tokio::test]
async fn a_repeated_delivery_opens_no_second_contact() {
    on_both(async |world| {
        world
            .arrives("one", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        assert!(
            !world.accept("one").await,
            "the same bytes are not even accepted twice"
        );
        world
            .arrives("two", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        assert_eq!(world.contacts().await, 1, "the same message by another way");
        world
            .arrives("three", mail("ana@example.org", "a@x", "something else", vec![]))
            .await;
        assert_eq!(
            world.contacts().await,
            2,
            "the same id with other content is kept"
        );
        world
            .arrives("four", mail("eva@example.org", "a@x", "help", vec![]))
            .await;
        assert_eq!(
            world.contacts().await,
            3,
            "another person's message is another person's"
        );
        assert_eq!(world.total().await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_message_joins_by_evidence_of_the_same_identifier_for_seven_days_after_closing() {
    on_both(async |world| {
        let evidence = || vec![Evidence::EarlierMessage("a@x".to_owned())];
        world
            .arrives("1", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        world
            .arrives("2", mail("ana@example.org", "b@x", "more", evidence()))
            .await;
        assert_eq!(world.contacts().await, 1);
        world
            .arrives("3", mail("eva@example.org", "c@x", "me too", evidence()))
            .await;
        assert_eq!(
            world.contacts().await,
            2,
            "evidence of another person joins nothing"
        );
        let rows = world
            .store
            .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        let anas = rows
            .iter()
            .find(|row| row.card.as_ref().unwrap().identifier.as_deref() == Some("ana@example.org"))
            .unwrap();
        world
            .store
            .close(&world.mila, anas.reference, Some("nobody waits for this one"))
            .await
            .unwrap();
        world.clock.advance(TimeDelta::days(6));
        world
            .arrives("4", mail("ana@example.org", "d@x", "again", evidence()))
            .await;
        assert_eq!(world.contacts().await, 2, "within seven days it joins");
        world
            .store
            .close(&world.mila, anas.reference, Some("nobody waits for this one"))
            .await
            .unwrap();
        world.clock.advance(TimeDelta::days(8));
        world
            .arrives("5", mail("ana@example.org", "e@x", "later", evidence()))
            .await;
        assert_eq!(world.contacts().await, 3, "after that it opens a new one");
        assert_eq!(world.total().await, 3);
    })
    .await;
}

#[tokio::test]
async fn what_only_seems_to_be_copied_is_shown_as_new() {
    on_both(async |world| {
        let first = mail("ana@example.org", "a@x", "Prati me nepoznat čovek iz igrice.", vec![]);
        world.arrives("1", first).await;
        let rows = world
            .store
            .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        let contact = rows[0].reference;
        let reply = NewReply {
            id: uuid::Uuid::new_v4(),
            text: "Hvala što ste se javili.\nOd kada vas prati? Da li zna vašu adresu?".to_owned(),
            ..NewReply::default()
        };
        world.clock.advance(TimeDelta::seconds(1));
        world.store.reply(&world.mila, contact, reply).await.unwrap();
        let head = "Od: Centar\nPoslato: danas\nZa: Ana\n";
        let copy = format!(
            "{head}\nHvala što ste se javili.\nOd kada vas prati?\nOd juče\nDa li zna vašu adresu?\n\nČeka me sutra ispred škole."
        );
        let forwarded = "-----Original Message-----\nFrom: x\n\nZnam gde živiš.";
        for (id, copy, shown, folded) in [
            (
                "b@x",
                copy.as_str(),
                "Evo.\n\nOd juče\nČeka me sutra ispred škole.",
                format!("{head}\nHvala što ste se javili.\nOd kada vas prati?\nDa li zna vašu adresu?\n\nattached"),
            ),
            ("c@x", forwarded, &format!("Evo.\n\n{forwarded}"), "attached".to_owned()),
        ] {
            let mut answer = mail(
                "ana@example.org",
                id,
                "Evo.",
                vec![Evidence::EarlierMessage("a@x".to_owned())],
            );
            answer.quoted = format!("{copy}\n\nattached");
            answer.copied = copy.len();
            world.clock.advance(TimeDelta::seconds(1));
            world.arrives(id, answer).await;
            let opened = world.store.contact(contact).await.unwrap().unwrap();
            let body = opened.messages.last().unwrap().body.as_ref().unwrap();
            assert_eq!((body.text.as_str(), body.quoted.as_str()), (shown, folded.as_str()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_marking_leaves_the_total_and_comes_back() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", "buy now", vec![]))
            .await;
        let reference = world
            .store
            .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows[0]
            .reference;
        assert_eq!(world.total().await, 1);
        for marking in [Some(Marking::Spam), Some(Marking::Test), Some(Marking::Test)] {
            world.store.mark(&world.mila, reference, marking).await.unwrap();
            assert_eq!(world.total().await, 0);
        }
        world.store.mark(&world.mila, reference, None).await.unwrap();
        assert_eq!(world.total().await, 1);
        let day = |text: &str| text.parse().unwrap();
        world
            .store
            .enter_adjustment(
                None,
                &NewAdjustment {
                    of: Measure::Contact,
                    value: "telephone".to_owned(),
                    correction: false,
                    from: day("2017-02-27"),
                    to: day("2025-12-31"),
                    count: 28_204,
                    source: "report".to_owned(),
                    reason: String::new(),
                },
            )
            .await
            .unwrap();
        assert_eq!(
            world.total().await,
            28_205,
            "the opening balance is included since establishment"
        );
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_finishes_nothing() {
    on_both(async |world| {
        world.accept("1").await;
        let slow = world
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
            .await
            .unwrap();
        assert!(
            world
                .store
                .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
                .await
                .unwrap()
                .is_empty()
        );
        world.clock.advance(TimeDelta::seconds(61));
        let quick = world
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
            .await
            .unwrap();
        assert!(quick[0].interrupted && quick[0].attempt == 2);
        let late = world.store.raw_messages(&slow).await.unwrap().remove(0);
        let message = || Normalised::Message(Box::new(mail("ana@example.org", "a@x", "help", vec![])));
        world.store.register(vec![(late, message())]).await.unwrap();
        assert_eq!(world.contacts().await, 0);
        let held = world.store.raw_messages(&quick).await.unwrap().remove(0);
        world.store.register(vec![(held, message())]).await.unwrap();
        assert_eq!(world.contacts().await, 1);
    })
    .await;
}

#[tokio::test]
async fn of_twenty_who_claim_at_once_one_gets_it_and_routing_gives_to_who_is_on_duty() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        let reference = world
            .store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows[0]
            .reference;
        let mut people = Vec::new();
        for number in 0..20 {
            let login = format!("person{number}");
            let password = "a long password".to_owned().into();
            let added = world.store.add_staff(&login, &login, Role::Counsellor, &password);
            added.await.unwrap();
            let logged_in = world.store.log_in(&login, &password, Device::Known).await;
            people.push(logged_in.unwrap().unwrap().complete().unwrap().0);
        }
        let tries = people.iter().map(|person| {
            let (store, person) = (Arc::clone(&world.store), person.clone());
            tokio::spawn(async move { store.take(&person, reference).await.is_ok() })
        });
        let mut got = 0;
        for one in tries.collect::<Vec<_>>() {
            got += usize::from(one.await.unwrap());
        }
        assert_eq!(got, 1);
        let password = "a long password".to_owned().into();
        let login = world.store.log_in("mila", &password, Device::Known).await;
        login.unwrap().unwrap();
        world.store.set_on_duty(&world.mila, true).await.unwrap();
        world
            .arrives("2", mail("eva@example.org", "b@x", "help", vec![]))
            .await;
        world.store.route().await.unwrap();
        let mine = world
            .store
            .inbox(View::Mine, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        assert_eq!(mine.len(), 1, "assigned to the one on duty");
    })
    .await;
}

#[tokio::test]
async fn what_is_parked_is_seen_and_run_again() {
    on_both(async |world| {
        world.accept("1").await;
        let claimed = world
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
            .await
            .unwrap();
        world.store.park(&claimed[0], "for a test").await.unwrap();
        world.clock.advance(TimeDelta::days(1));
        assert!(
            world
                .store
                .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(world.store.listed(true).await.unwrap()[0].reason, "for a test");
        assert_eq!(world.store.run_again(None).await.unwrap(), 1);
        assert_eq!(
            world
                .store
                .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
                .await
                .unwrap()
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn registering_nothing_ends_no_job() {
    on_both(async |world| {
        world.accept("1").await;
        world.store.register(Vec::new()).await.unwrap();
        assert_eq!(world.store.listed(false).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_waits_longest_stands_first_and_writing_again_costs_no_place() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", "first", vec![]))
            .await;
        world.clock.advance(TimeDelta::minutes(1));
        world
            .arrives("2", mail("eva@example.org", "b@x", "second", vec![]))
            .await;
        world.clock.advance(TimeDelta::minutes(5));
        let again = mail(
            "ana@example.org",
            "c@x",
            "please",
            vec![Evidence::EarlierMessage("a@x".to_owned())],
        );
        world.arrives("3", again).await;
        let order = async |view| {
            let first = world
                .store
                .inbox(view, &Filter::default(), world.mila.id, None, 1)
                .await
                .unwrap();
            let rest = world
                .store
                .inbox(view, &Filter::default(), world.mila.id, first.next, 10)
                .await
                .unwrap();
            let rows = first.rows.into_iter().chain(rest.rows);
            rows.map(|row| row.card.unwrap().first_words).collect::<Vec<_>>()
        };
        assert_eq!(order(View::Unassigned).await, ["please", "second"]);
        assert_eq!(order(View::All).await, ["please", "second"], "newest first");
        for row in world
            .store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows
        {
            world.store.take(&world.mila, row.reference).await.unwrap();
        }
        assert_eq!(order(View::Mine).await, ["please", "second"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_disabled_counsellor_held_is_nobodys_closed_or_not() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        let rows = world
            .store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        let reference = rows[0].reference;
        world.store.take(&world.mila, reference).await.unwrap();
        world
            .store
            .close(&world.mila, reference, Some("nobody waits for this one"))
            .await
            .unwrap();
        world.store.disable_staff(None, "mila").await.unwrap();
        let again = mail(
            "ana@example.org",
            "c@x",
            "please",
            vec![Evidence::EarlierMessage("a@x".to_owned())],
        );
        world.arrives("2", again).await;
        let rows = world
            .store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        assert_eq!(rows.len(), 1, "somebody sees it");
    })
    .await;
}

#[tokio::test]
async fn a_large_message_delivered_again_leaves_no_second_file() {
    let world = world(None).await;
    let large = || RawMessage {
        line: LineName::parse("mail").unwrap(),
        external_id: "the same".to_owned(),
        received_at: world.clock.now(),
        bytes: vec![7; 100_000],
        cut_from: None,
    };
    for fresh in [true, false, false] {
        let accepted = world.store.accept(vec![large()], None).await.unwrap();
        assert_eq!(accepted[0].fresh, fresh);
    }
    let files = std::fs::read_dir(world._folder.path().join("attachments"))
        .unwrap()
        .count();
    assert_eq!(files, 1);
}

#[tokio::test]
async fn a_flood_from_one_sender_crowds_out_no_other() {
    on_both(async |world| {
        let id = "ana-first@example.org";
        world
            .arrives("ana", mail("ana@example.org", id, "help", vec![]))
            .await;
        // Another person has more than two thousand contacts, all newer than Ana's.
        for round in 0..40 {
            let mut batch = Vec::new();
            for number in 0..60 {
                assert!(world.accept(&format!("{round} {number}")).await);
            }
            world.clock.advance(TimeDelta::seconds(1));
            let claim = world
                .store
                .claim(JobKind::Receive, 60, Duration::from_secs(60), i32::MAX, &[]);
            for one in world.store.raw_messages(&claim.await.unwrap()).await.unwrap() {
                let flood = mail(
                    "flood@example.com",
                    "the-same@example.com",
                    &one.job.journal_id.to_string(),
                    vec![],
                );
                batch.push((one, Normalised::Message(Box::new(flood))));
            }
            world.store.register(batch).await.unwrap();
        }
        assert_eq!(world.contacts().await, 1 + 2_400);
        // Ana's answer is in the same batch as the flood and still joins her contact. It is delivered twice and stored once.
        for external in ["again 1", "again 2"] {
            let evidence = vec![Evidence::EarlierMessage(id.to_owned())];
            let answer = mail("ana@example.org", "ana-second@example.org", "more", evidence);
            assert!(world.accept(external).await && world.accept(&format!("flood {external}")).await);
            let claim = world
                .store
                .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[]);
            let opened = world.store.raw_messages(&claim.await.unwrap()).await.unwrap();
            let flood = mail("flood@example.com", "the-same@example.com", external, vec![]);
            let read = [answer, flood].map(|one| Normalised::Message(Box::new(one)));
            world
                .store
                .register(opened.into_iter().zip(read).collect())
                .await
                .unwrap();
        }
        assert_eq!(world.contacts().await, 1 + 2_400 + 2);
        let page = world
            .store
            .inbox(View::All, &Filter::default(), world.mila.id, None, 5)
            .await
            .unwrap();
        let mut found = 0;
        for row in &page.rows {
            let contact = world.store.contact(row.reference).await.unwrap().unwrap();
            if contact.card.as_ref().unwrap().identifier.as_deref() == Some("ana@example.org") {
                assert_eq!(contact.messages.len(), 2);
                found += 1;
            }
        }
        assert_eq!(found, 1);
        world.total().await;
    })
    .await;
}

#[tokio::test]
async fn beyond_the_backlog_nothing_is_accepted_until_there_is_room_again() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let world = world_with_backlog(database, 2).await;
        let following = tokio::spawn(Arc::clone(&world.store).follow());
        for id in ["1", "2", "3"] {
            world.accept(id).await;
        }
        let raw = |id: &str| RawMessage {
            line: LineName::parse("mail").unwrap(),
            external_id: id.to_owned(),
            received_at: world.clock.now(),
            bytes: b"raw".to_vec(),
            cut_from: None,
        };
        let refused = wait_until(Duration::from_secs(10), || async {
            world.store.accept(vec![raw("4")], None).await.is_err()
        });
        refused.await.unwrap();
        let claim = world
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[]);
        let claimed = claim.await.unwrap();
        let opened = world.store.raw_messages(&claimed).await.unwrap();
        let ignored = opened.into_iter().map(|one| (one, Normalised::Ignore("read")));
        world.store.register(ignored.collect()).await.unwrap();
        let taken = wait_until(Duration::from_secs(10), || async {
            world.store.accept(vec![raw("5")], None).await.is_ok()
        });
        taken.await.unwrap();
        following.abort();
    }
}

#[tokio::test]
async fn messages_of_one_person_stand_in_their_order_whichever_of_them_fails_first() {
    let world = world(None).await;
    let mut chance = 7u64;
    let mut next = move || {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        chance >> 33
    };
    for number in 0..40 {
        assert!(world.accept(&number.to_string()).await);
        world.clock.advance(TimeDelta::seconds(1));
    }
    for _ in 0..2_000 {
        let claim = world
            .store
            .claim(JobKind::Receive, 7, Duration::from_secs(60), i32::MAX, &[]);
        let claimed = claim.await.unwrap();
        let mut batch = Vec::new();
        for one in world.store.raw_messages(&claimed).await.unwrap() {
            if next() % 3 == 0 {
                let wait = Duration::from_secs(next() % 50);
                world.store.retry(&one.job, wait, "for a test").await.unwrap();
                continue;
            }
            let number = one.job.journal_id - 1;
            let mut incoming = mail("code", &format!("{number}@x"), &format!("{number:02}"), vec![]);
            incoming.joining = Joining::ByIdentifier;
            batch.push((one, Normalised::Message(Box::new(incoming))));
        }
        world.store.register(batch).await.unwrap();
        world.clock.advance(TimeDelta::seconds(10));
        if world.store.listed(false).await.unwrap().is_empty() {
            break;
        }
    }
    assert_eq!(world.total().await, 1, "one contact, counted once");
    let page = world
        .store
        .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
        .await
        .unwrap();
    let contact = world
        .store
        .contact(page.rows[0].reference)
        .await
        .unwrap()
        .unwrap();
    let said: Vec<String> = contact
        .messages
        .iter()
        .map(|one| one.body.as_ref().unwrap().text.clone())
        .collect();
    let ordered: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    assert_eq!(said, ordered);
}

#[tokio::test]
async fn messages_of_one_second_stand_in_the_order_of_arrival() {
    on_both(async |world| {
        world
            .arrives("0", mail("ana@example.org", "0@x", "0", vec![]))
            .await;
        for id in ["1", "2", "3"] {
            assert!(world.accept(id).await);
        }
        let claimed = world
            .store
            .claim(JobKind::Receive, 10, Duration::from_secs(60), i32::MAX, &[])
            .await
            .unwrap();
        let opened = world.store.raw_messages(&claimed).await.unwrap();
        let numbered = opened.into_iter().zip(["1", "2", "3"]).rev();
        for (journalled, text) in numbered {
            let evidence = vec![Evidence::EarlierMessage("0@x".to_owned())];
            let message = mail("ana@example.org", &format!("{text}@x"), text, evidence);
            let message = Normalised::Message(Box::new(message));
            world.store.register(vec![(journalled, message)]).await.unwrap();
        }
        let rows = world
            .store
            .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
            .await
            .unwrap()
            .rows;
        let contact = world.store.contact(rows[0].reference).await.unwrap().unwrap();
        let texts: Vec<_> = contact
            .messages
            .iter()
            .map(|message| message.body.as_ref().unwrap().text.as_str())
            .collect();
        assert_eq!(texts, ["0", "1", "2", "3"]);
    })
    .await;
}

#[tokio::test]
async fn every_step_of_the_tables_goes_up_and_down_and_up_again_with_rows_in_them() {
    on_both(async |world| {
        world
            .arrives("1", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        let url = world.url();
        let database = sea_orm::Database::connect(&url).await.unwrap();
        let steps = u32::try_from(Migrator::migrations().len()).unwrap();
        // Reverts any number of migrations except the first, which creates the tables.
        for down in 1..steps {
            Migrator::down(&database, Some(down)).await.unwrap();
            Migrator::up(&database, None).await.unwrap();
            let page = world
                .store
                .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
                .await
                .unwrap();
            let contact = world
                .store
                .contact(page.rows[0].reference)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(contact.messages[0].body.as_ref().unwrap().text, "help");
        }
        let reopened = world.reopened().await;
        let verified = reopened.verify_figures(10).await.unwrap();
        assert_eq!((verified.contacts, verified.differences), (1, vec![]));
        let total = reopened.totals(Period::default()).await.unwrap().sum.total;
        assert_eq!(total, 1, "figures are counted anew at the first start");
        drop(reopened);
        Migrator::down(&database, None).await.unwrap();
        Migrator::up(&database, None).await.unwrap();
        assert_eq!(world.contacts().await, 0, "made anew, they are empty");
        database.close().await.unwrap();
    })
    .await;
}

/// Opens the database of a world a second time, as another process does.
pub async fn second_store(world: &World) -> Arc<Store> {
    let settings = settings_of(world.url(), world._folder.path(), 1_000);
    hotline_store::open(settings, world.clock.clone()).await.unwrap()
}

/// Returns the error message of a start with another master key.
async fn opened_with_another_key(world: &World) -> String {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("other.key");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let settings = Settings {
        key: Some(KeySource::File(key)),
        old_key: None,
        ..settings_of(world.url(), world._folder.path(), 1_000)
    };
    let refused = hotline_store::open(settings, world.clock.clone()).await.err();
    refused.map(|error| error.to_string()).unwrap_or_default()
}

async fn run(world: &World, statement: &str) {
    let database = sea_orm::Database::connect(world.url()).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&database, statement)
        .await
        .unwrap();
    database.close().await.unwrap();
}

fn raw(id: &str) -> RawMessage {
    RawMessage {
        line: LineName::parse("mail").unwrap(),
        external_id: id.to_owned(),
        received_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        bytes: b"help".to_vec(),
        cut_from: None,
    }
}

#[tokio::test]
async fn another_master_key_is_refused_at_the_start() {
    on_both(async |world| {
        let refused = opened_with_another_key(&world).await;
        assert!(refused.contains("not the one"), "of an empty database: {refused}");
        // The state that an earlier version left: no proof of the key, and a single encrypted value.
        let accept = async |cursor| world.store.accept(vec![raw("1")], cursor).await.unwrap();
        accept(None).await;
        run(&world, "DELETE FROM key_proofs").await;
        let refused = opened_with_another_key(&world).await;
        assert!(refused.contains("not the one"), "of a raw message: {refused}");
        let cursor = Cursor {
            line: LineName::parse("mail").unwrap(),
            source: Source::Conversation("somebody".to_owned().into()),
            position: "1".to_owned(),
        };
        accept(Some(cursor)).await;
        run(&world, "DELETE FROM jobs; DELETE FROM journal").await;
        let refused = opened_with_another_key(&world).await;
        assert!(refused.contains("not the one"), "of a conversation: {refused}");
        let reopened = world.reopened().await;
        drop(reopened);
        run(&world, "DELETE FROM conversations").await;
        let refused = opened_with_another_key(&world).await;
        assert!(refused.contains("not the one"), "proven anew: {refused}");
    })
    .await;
}

#[tokio::test]
async fn a_journal_that_was_set_back_gives_out_other_references() {
    on_both(async |world| {
        let mut given = std::collections::HashSet::new();
        for _ in 0..2 {
            let (first, second): (Vec<_>, Vec<_>) = (0..300)
                .map(|number| raw(&number.to_string()))
                .partition(|raw| raw.external_id.len() == 1);
            let mut told = world.store.accept(first, None).await.unwrap();
            told.extend(world.store.accept(second, None).await.unwrap());
            for accepted in told {
                assert!(accepted.fresh);
                assert!(given.insert(accepted.reference), "{} again", accepted.reference);
            }
            // Restarts the sequences of the database, as a restored backup does.
            run(&world, "DELETE FROM jobs; DELETE FROM journal").await;
            let begin = match world.store.engine() {
                "SQLite" => "DELETE FROM sqlite_sequence WHERE name = 'journal'",
                _ => "ALTER SEQUENCE journal_id_seq RESTART",
            };
            run(&world, begin).await;
        }
        assert_eq!(given.len(), 600);
    })
    .await;
}
