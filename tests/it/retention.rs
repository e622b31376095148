//! Retention: the rules erase what is due, holds keep contacts, and no figure changes.

use std::{sync::Arc, time::Duration};

use chrono::{Days, TimeDelta};
use hotline_core::{
    contact::classification::Answers,
    identifiers::reference::Reference,
    retention::{RetentionRule, RetentionSettings},
    time::period::Period,
};
use hotline_store::{
    cases::CaseTarget,
    contacts::holds::HoldTarget,
    db::{store::Store, values::ErasureCause},
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
};
use hotline_tests::{
    peers::wait_until,
    service::Service,
    staff::{Staff, text},
};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;

use crate::{
    privacy::files_with,
    store::{World, mail, on_both},
};

const RULES: &str = "[retention]\nforwarded_months = 60\n\
                     [[retention.rules]]\nkind = \"silent\"\nmonths = 1\n\
                     [[retention.rules]]\nkind = \"report\"\nmonths = 12\n";

fn rule(kind: &str, months: u16) -> RetentionRule {
    RetentionRule {
        kind: Some(kind.to_owned()),
        outcome: None,
        months,
    }
}

fn silent_and_report() -> RetentionSettings {
    RetentionSettings {
        forwarded_months: Some(60),
        rules: vec![rule("silent", 1), rule("report", 12)],
        ..RetentionSettings::default()
    }
}

/// Opens the database of a world with these rules.
async fn with_rules(world: &World, retention: RetentionSettings) -> Arc<Store> {
    world.reopened_with(retention).await
}

/// Receives a message of a new person, and closes its contact as one of this kind.
async fn closed(world: &World, number: usize, kind: &str) -> Reference {
    let from = format!("person{number}@example.org");
    let words = format!("{kind} {number}");
    let message = mail(&from, &format!("{number}@x"), &words, vec![]);
    world.arrives(&format!("{number}"), message).await;
    let store = &world.store;
    let list = store
        .inbox(View::All, &Filter::default(), world.mila.id, None, 300)
        .await
        .unwrap();
    let is_new = |row: &&hotline_store::inbox::list::InboxRow| {
        row.card
            .as_ref()
            .is_some_and(|card| card.identifier.as_deref() == Some(&from))
    };
    let reference = list.rows.iter().find(is_new).unwrap().reference;
    let answers = Answers::from([("kind".to_owned(), vec![kind.to_owned()])]);
    store.classify(&world.mila, reference, answers).await.unwrap();
    store.close(&world.mila, reference, Some("done")).await.unwrap();
    reference
}

/// Checks that all figures equal a recount, and returns the total.
async fn figures(store: &Store) -> i64 {
    let verified = store.verify_figures(10).await.unwrap();
    assert_eq!(verified.differences, vec![], "all figures equal the recount");
    store.totals(Period::default()).await.unwrap().sum.total
}

async fn is_erased(store: &Store, reference: Reference) -> bool {
    let contact = store.contact(reference).await.unwrap().unwrap();
    contact.messages.is_empty()
}

#[tokio::test]
async fn the_preview_equals_what_goes_and_no_figure_changes() {
    on_both(async |world| {
        let mut all = Vec::new();
        for number in 0..12 {
            let kind = ["silent", "report", "press"][number % 3];
            all.push((closed(&world, number, kind).await, kind));
            world.clock.advance(TimeDelta::days(2));
        }
        let store = with_rules(&world, silent_and_report()).await;
        let before = figures(&store).await;
        // The first contact was closed on 24 November.
        world.clock.advance(
            "2026-12-27T10:00:00Z"
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
                - world.now(),
        );
        let today = store.today();
        let preview = store.due_contacts(today).await.unwrap();
        let ahead = store.due_contacts(today + Days::new(30)).await.unwrap();
        assert_eq!(preview.len(), 1, "{preview:?}");
        assert_eq!(
            ahead.len(),
            4,
            "each silent contact goes in the next 30 days: {ahead:?}"
        );
        let days: Vec<String> = ahead.iter().map(|one| one.on.to_string()).collect();
        assert_eq!(days, ["2026-12-24", "2026-12-30", "2027-01-06", "2027-01-12"]);
        for due in [preview, ahead] {
            let last = due.last().unwrap().on;
            let until = last.and_hms_opt(12, 0, 0).unwrap().and_utc();
            if until > world.now() {
                world.clock.advance(until - world.now());
            }
            let due: Vec<Reference> = due.iter().map(|one| one.reference).collect();
            store.run_retention("test", || true).await.unwrap();
            for (reference, kind) in &all {
                let gone = is_erased(&store, *reference).await;
                assert_eq!(gone, due.contains(reference), "{kind} {reference}");
            }
        }
        let (protocol, count) = store.erasures(100).await.unwrap();
        assert_eq!((protocol.len(), count), (4, 4));
        for entry in &protocol {
            assert_eq!(entry.cause, ErasureCause::Rule);
            assert_eq!(
                (entry.rule.as_str(), entry.agent.as_str()),
                ("kind=silent months=1", "test")
            );
        }
        assert_eq!(figures(&store).await, before);
        assert_eq!(store.due_contacts(store.today()).await.unwrap(), vec![]);
    })
    .await;
}

#[tokio::test]
async fn a_hold_keeps_a_contact_its_case_and_the_others_of_the_case() {
    on_both(async |world| {
        let kept = closed(&world, 1, "silent").await;
        let goes = closed(&world, 2, "silent").await;
        let in_case = [
            closed(&world, 3, "silent").await,
            closed(&world, 4, "silent").await,
        ];
        let target = CaseTarget::New {
            summary: "Isti slučaj",
            also: &[in_case[1]],
        };
        let case = world
            .store
            .form_case(&world.mila, in_case[0], target)
            .await
            .unwrap();
        world.store.close_case(&world.mila, case, true).await.unwrap();
        let store = with_rules(&world, silent_and_report()).await;
        let hold = HoldTarget::Contact(kept);
        let no_reason = store.place_hold(&world.mila, hold, None, " ").await;
        assert!(matches!(no_reason, Err(StoreError::Conflict(Conflict::NoText))));
        let past = store.today().pred_opt();
        let passed = store.place_hold(&world.mila, hold, past, "sud").await;
        assert!(matches!(passed, Err(StoreError::Conflict(Conflict::HasPassed))));
        let id = store
            .place_hold(&world.mila, hold, None, "nalog suda")
            .await
            .unwrap();
        let again = store.place_hold(&world.mila, hold, None, "nalog suda").await;
        assert!(matches!(again, Err(StoreError::Conflict(Conflict::SoAlready))));
        let other = HoldTarget::Contact(in_case[1]);
        let until = store.today() + Days::new(60);
        store
            .place_hold(&world.mila, other, Some(until), "policija")
            .await
            .unwrap();
        world.clock.advance(TimeDelta::days(40));
        store.run_retention("test", || true).await.unwrap();
        assert!(is_erased(&store, goes).await);
        for reference in [kept, in_case[0], in_case[1]] {
            assert!(!is_erased(&store, reference).await);
            let refused = store.erase("test", reference).await;
            assert!(
                matches!(refused, Err(StoreError::Conflict(Conflict::OnHold))),
                "{refused:?}"
            );
        }
        // The hold of the case's contact ends after its last day.
        let due = store.due_contacts(until + Days::new(1)).await.unwrap();
        assert_eq!(due.len(), 2);
        assert!(due.iter().all(|one| one.on == until + Days::new(1)), "{due:?}");
        store
            .lift_hold(&world.mila, hold, id, "predmet je zatvoren")
            .await
            .unwrap();
        let holds = store.holds(hold).await.unwrap();
        let lifted = holds[0].lifted.as_ref().unwrap();
        assert_eq!(holds[0].reason.as_deref(), Some("nalog suda"));
        assert_eq!(lifted.reason.as_deref(), Some("predmet je zatvoren"));
        assert!(!holds[0].is_in_force);
        world.clock.advance(TimeDelta::days(22));
        store.run_retention("test", || true).await.unwrap();
        for reference in [kept, in_case[0], in_case[1]] {
            assert!(is_erased(&store, reference).await);
        }
        let holds = store.holds(hold).await.unwrap();
        assert_eq!(holds[0].reason, None, "the reason goes with the content");
        figures(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_hold_on_a_case_keeps_all_its_contacts() {
    on_both(async |world| {
        let references = [
            closed(&world, 1, "silent").await,
            closed(&world, 2, "silent").await,
        ];
        let target = CaseTarget::New {
            summary: "",
            also: &[references[1]],
        };
        let case = world
            .store
            .form_case(&world.mila, references[0], target)
            .await
            .unwrap();
        world.store.close_case(&world.mila, case, true).await.unwrap();
        let store = with_rules(&world, silent_and_report()).await;
        let hold = HoldTarget::Case(case);
        store
            .place_hold(&world.mila, hold, None, "tužilaštvo")
            .await
            .unwrap();
        world.clock.advance(TimeDelta::days(400));
        store.run_retention("test", || true).await.unwrap();
        for reference in references {
            assert!(!is_erased(&store, reference).await);
        }
        let id = store.holds(hold).await.unwrap()[0].id;
        store.lift_hold(&world.mila, hold, id, "gotovo").await.unwrap();
        store.run_retention("test", || true).await.unwrap();
        for reference in references {
            assert!(is_erased(&store, reference).await);
        }
    })
    .await;
}

#[tokio::test]
async fn the_nightly_run_begins_at_its_hour_once_and_is_made_up_for() {
    on_both(async |world| {
        let references = [
            closed(&world, 1, "silent").await,
            closed(&world, 2, "silent").await,
        ];
        world.clock.advance(TimeDelta::days(60));
        let store = with_rules(&world, silent_and_report()).await;
        let run = async || store.run_retention_if_due(|| true).await.unwrap();
        assert_eq!(run().await, None, "new rules first apply in the next night");
        world.clock.advance(TimeDelta::hours(10));
        assert_eq!(run().await, None);
        // The service was stopped for three nights.
        world.clock.advance(TimeDelta::days(3));
        let made_up = run().await.unwrap();
        assert_eq!((made_up.erased, made_up.stopped), (2, false));
        assert_eq!(run().await, None, "once a day");
        assert!(is_erased(&store, references[0]).await && is_erased(&store, references[1]).await);
        let last = store.last_retention_run().await.unwrap().unwrap();
        assert_eq!(last.finished_at, world.now());
        // Without rules the last run is forgotten, so that later rules wait for the next night again.
        let without = with_rules(&world, RetentionSettings::default()).await;
        assert_eq!(without.run_retention_if_due(|| true).await.unwrap(), None);
        assert_eq!(without.last_retention_run().await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn one_process_erases_at_a_time_and_a_crashed_one_is_replaced() {
    on_both(async |world| {
        let mut all = Vec::new();
        for number in 0..6 {
            all.push(closed(&world, number, "silent").await);
        }
        world.clock.advance(TimeDelta::days(60));
        let stores = [
            with_rules(&world, silent_and_report()).await,
            with_rules(&world, silent_and_report()).await,
        ];
        // The first process stops in the middle, as if it was killed after two contacts.
        let left = std::sync::atomic::AtomicI64::new(2);
        let goes_on = || left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 0;
        let first = stores[0].run_retention("first", goes_on).await.unwrap();
        assert_eq!((first.erased, first.stopped), (2, true));
        assert_eq!(
            stores[0].last_retention_run().await.unwrap(),
            None,
            "the run is not complete"
        );
        world.take_retention_lease().await;
        let refused = stores[1].run_retention("second", || true).await;
        assert!(matches!(
            refused,
            Err(StoreError::Conflict(Conflict::RetentionRuns))
        ));
        world.clock.advance(TimeDelta::minutes(11));
        let (one, other) = tokio::join!(
            stores[0].run_retention("first", || true),
            stores[1].run_retention("second", || true)
        );
        let erased = |run: Result<hotline_store::retention::run::RetentionRun, StoreError>| match run {
            Ok(run) => run.erased,
            Err(StoreError::Conflict(Conflict::RetentionRuns)) => 0,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(erased(one) + erased(other), 4);
        let (protocol, _) = stores[0].erasures(100).await.unwrap();
        let mut erased: Vec<String> = protocol.iter().map(|entry| entry.reference.to_string()).collect();
        erased.sort();
        let mut wanted: Vec<String> = all.iter().map(Reference::to_string).collect();
        wanted.sort();
        assert_eq!(erased, wanted, "each contact once");
        figures(&stores[0]).await;
    })
    .await;
}

/// A service with rules, and a supervisor.
async fn with_service() -> (Service, Staff) {
    let mut service = Service::with_lines(None, RULES).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "supervisor").await.unwrap();
    (service, staff)
}

/// Posts a form with this text, and closes its contact as one of this kind. Returns its reference.
async fn written(service: &Service, staff: &Staff, words: &str, kind: &str) -> String {
    let (reference, _) = crate::writing::posted(service, words).await;
    staff.until_messages(&reference, 1).await.unwrap();
    let path = format!("/api/v1/contacts/{reference}");
    let answers = json!({ "answers": { "kind": [kind] } });
    staff.post(&format!("{path}/wrap-up"), &answers).await.unwrap();
    let close = json!({ "reason": "test" });
    staff.post(&format!("{path}/close"), &close).await.unwrap();
    reference
}

/// Changes rows of the service's database as only time could.
async fn change(service: &Service, sql: &str) {
    let url = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    let statement = Statement::from_string(database.get_database_backend(), sql);
    database.execute_raw(statement).await.unwrap();
    database.close().await.unwrap();
}

const DAY: i64 = 86_400_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rule_ran_no_planted_word_is_left_anywhere() {
    let (mut service, staff) = with_service().await;
    let planted: Vec<String> = (0..50).map(|number| format!("kanarinac{number:02}")).collect();
    let mut references = Vec::new();
    for words in planted.chunks(10) {
        let [first, second, third, note, reply, ..] = words else {
            unreachable!("ten words")
        };
        let rest = words[5..].join(" ");
        let reference = written(
            &service,
            &staff,
            &format!("{first} {second} {third} {rest}"),
            "silent",
        )
        .await;
        let path = format!("/api/v1/contacts/{reference}");
        staff.post(&format!("{path}/reopen"), &json!({})).await.unwrap();
        staff.reply(&reference, reply).await.unwrap();
        let body = json!({ "text": note });
        staff.post(&format!("{path}/note"), &body).await.unwrap();
        let reason = json!({ "reason": "test" });
        staff.post(&format!("{path}/close"), &reason).await.unwrap();
        references.push(reference);
    }
    let kept = written(&service, &staff, "ostaje", "report").await;
    wait_until(Duration::from_secs(60), || async {
        let list = service.must(&["queue", "list"]);
        list.is_ok_and(|list| list.contains("Nothing waits"))
    })
    .await
    .unwrap();
    wait_until(Duration::from_secs(20), || async {
        let found = staff.search(&planted[0]).await.unwrap();
        found.pointer("/contacts/0").is_some()
    })
    .await
    .unwrap();
    service.stop();
    let age = format!("UPDATE contacts SET closed_at = closed_at - 40 * {DAY}");
    change(&service, &age).await;
    service.must(&["statistics", "rebuild"]).unwrap();
    let before = printed_figures(&service);
    let preview = service.must(&["retention", "preview"]).unwrap();
    assert!(
        preview.ends_with(": 5.\n") && preview.contains("kind=silent months=1"),
        "{preview}"
    );
    let check = service.run(&["check"], "").unwrap();
    let check = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.contains("ok    retention: 3 rules; 5 contacts"), "{check}");
    // The nightly worker makes up for a missed night.
    change(&service, "UPDATE retention_runs SET last_day = '2026-01-01'").await;
    service.start().await.unwrap();
    let staff = service.log_in("mila").await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        service
            .log()
            .is_ok_and(|log| log.contains("Erased the contacts that are due"))
    })
    .await
    .unwrap();
    let log = service.log().unwrap();
    for reference in &references {
        assert!(!log.contains(reference.as_str()), "the log names {reference}");
        assert!(staff.messages(reference).await.unwrap().is_empty());
    }
    for word in &planted {
        let found = staff.search(word).await.unwrap();
        assert_eq!(found.pointer("/contacts/0"), None, "{word}: {found}");
    }
    for again in [false, true] {
        if again {
            service.kill();
            service.start().await.unwrap();
        }
        let found = files_with(service.folder(), &planted);
        assert!(found.is_empty(), "{found:#?}");
    }
    let staff = service.log_in("mila").await.unwrap();
    assert_eq!(staff.messages(&kept).await.unwrap().len(), 1);
    assert_eq!(printed_figures(&service), before);
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_in_the_middle_is_finished_by_the_next() {
    let (mut service, staff) = with_service().await;
    for number in 0..12 {
        written(&service, &staff, &format!("kanarinac{number:02}"), "silent").await;
    }
    service.stop();
    change(
        &service,
        &format!("UPDATE contacts SET closed_at = closed_at - 40 * {DAY}"),
    )
    .await;
    service.must(&["statistics", "rebuild"]).unwrap();
    // Each attempt is killed a little later, whatever it is doing then.
    for wait in [150, 250, 350, 450] {
        let mut run = std::process::Command::new(hotline_tests::service::program().unwrap())
            .arg("--config")
            .arg(service.folder().join("hotline.toml"))
            .args(["retention", "run"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let _ = run.kill();
        run.wait().unwrap();
        change(&service, "UPDATE retention_runs SET lease_until = 1").await;
    }
    let said = service.must(&["retention", "run"]).unwrap();
    assert!(
        said.contains("Erased contacts:") && said.contains("No figure has changed"),
        "{said}"
    );
    let preview = service.must(&["retention", "preview"]).unwrap();
    assert!(preview.ends_with(": 0.\n"), "{preview}");
    let words: Vec<String> = (0..12).map(|number| format!("kanarinac{number:02}")).collect();
    assert_eq!(files_with(service.folder(), &words), Vec::<String>::new());
    service.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test]
async fn mistakes_in_the_rules_are_reported_at_start_and_by_check() {
    for (rules, said) in [
        (
            "[[retention.rules]]\nkind = \"advise\"\nmonths = 1\n",
            "have no kind `advise`",
        ),
        (
            "[[retention.rules]]\nkind = \"silent\"\nmonths = 0\n",
            "is 1 to 1200 months",
        ),
        (
            "[[retention.rules]]\nkind = \"silent\"\n",
            "missing configuration field",
        ),
        ("[retention]\nhours = 3\n", "Did you mean `hour`?"),
        ("[retention]\nhour = 24\n", "`retention.hour` is 0 to 23"),
    ] {
        let service = Service::with_lines(None, rules).unwrap();
        for command in ["check", "serve"] {
            let output = service.run(&[command], "").unwrap();
            let all = [output.stdout, output.stderr].concat();
            let all = String::from_utf8_lossy(&all).into_owned();
            assert!(!output.status.success(), "{command}: {rules}");
            assert!(all.contains(said), "{command}: {rules}: {all}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_numbers_and_supervisors_place_holds() {
    let (service, mila) = with_service().await;
    let vera = service.hire("vera", "administrator").await.unwrap();
    let others = [
        service.hire("petar", "counsellor").await.unwrap(),
        service.hire("nina", "manager").await.unwrap(),
    ];
    let goes = written(&service, &mila, "Neko mi preti", "silent").await;
    let kept = written(&service, &mila, "I meni", "silent").await;
    let back = |days: i64| format!("UPDATE contacts SET closed_at = closed_at - {days} * {DAY}");
    change(&service, &back(20)).await;
    let holds = format!("/api/v1/contacts/{kept}/holds");
    let reason = json!({ "reason": "Nalog suda" });
    for other in others.iter().chain([&vera]) {
        for path in [&holds, &format!("/desk/contacts/{kept}/holds")] {
            assert_eq!(other.status(Method::GET, path).await.unwrap(), 403, "{path}");
            assert_eq!(other.status(Method::POST, path).await.unwrap(), 403, "{path}");
        }
    }
    for other in &others {
        for path in [
            "/desk/retention",
            "/api/v1/retention",
            "/api/v1/retention/protocol",
        ] {
            assert_eq!(other.status(Method::GET, path).await.unwrap(), 403, "{path}");
        }
    }
    let all = vera.get("/api/v1/retention").await.unwrap();
    assert_eq!(all.get("due"), Some(&json!(2)), "{all}");
    let placed = mila.post(&holds, &reason).await.unwrap();
    assert_eq!(text(&placed, "/holds/0/reason"), "Nalog suda");
    let page = mila.page(&format!("/desk/contacts/{kept}/holds")).await.unwrap();
    assert!(page.contains("Nalog suda"), "{page}");
    let seen = mila.get("/api/v1/retention").await.unwrap();
    assert_eq!(text(&seen, "/contacts/0/reference"), goes, "{seen}");
    assert_eq!(seen.get("due"), Some(&json!(1)), "the held contact stays: {seen}");
    assert!(mila.page("/desk/retention").await.unwrap().contains(&goes));
    let numbers = vera.get("/api/v1/retention").await.unwrap();
    assert_eq!(numbers.pointer("/days/0/contacts"), Some(&json!(1)), "{numbers}");
    let hidden = [numbers.to_string(), vera.page("/desk/retention").await.unwrap()];
    change(&service, &back(20)).await;
    let said = service.must(&["retention", "run"]).unwrap();
    assert!(said.contains("Erased contacts: 1."), "{said}");
    assert_eq!(mila.messages(&kept).await.unwrap().len(), 1, "it is on hold");
    let protocol = mila.any_page("/desk/retention/protocol").await.unwrap();
    assert!(
        protocol.contains(&goes) && protocol.contains("kind=silent months=1"),
        "{protocol}"
    );
    let masked = vera.any_page("/desk/retention/protocol").await.unwrap();
    assert!(masked.contains("kind=silent months=1"), "{masked}");
    let after = vera.page("/desk/retention").await.unwrap();
    for said in hidden.iter().chain([&masked, &after]) {
        assert!(!said.contains(&goes) && !said.contains(&kept), "{said}");
    }
    let refused = service.run(&["erase", &kept], "").unwrap();
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("a legal hold is in force"), "{refused}");
    let url = format!("sqlite://{}?mode=ro", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    for (action, object) in [("hold", kept.as_str()), ("erase", goes.as_str())] {
        let sql = format!("SELECT object FROM audit WHERE action = '{action}'");
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        let said: String = row.try_get("", "object").unwrap();
        assert!(said.starts_with(object), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_processing_is_generated_from_the_settings() {
    let (service, mila) = with_service().await;
    let anton = service.hire("anton", "administrator").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    for path in ["/desk/retention/record", "/api/v1/retention/record"] {
        assert_eq!(petar.status(Method::GET, path).await.unwrap(), 403, "{path}");
    }
    let record = anton.get("/api/v1/retention/record").await.unwrap();
    let sections = record.pointer("/sections").unwrap().as_array().unwrap();
    assert_eq!(sections.len(), 8, "{record}");
    // The API answers in the language of the centre.
    let said = record.to_string();
    for word in [
        "Линија",
        "после 24 мес",
        "data.key_file",
        "processing_record.officer",
    ] {
        assert!(said.contains(word), "{word}: {record}");
    }
    let missing = sections
        .iter()
        .flat_map(|section| section.pointer("/lines").unwrap().as_array().unwrap());
    let missing = missing.filter(|line| line.get("missing") == Some(&json!(true)));
    assert!(missing.count() >= 3, "{record}");
    let page = mila.page("/desk/retention/record").await.unwrap();
    assert!(
        page.contains("Record of processing activities") && page.contains("To be added:"),
        "{page}"
    );
}

/// Returns the report without the line that states when it was made.
fn printed_figures(service: &Service) -> String {
    let report = service.must(&["statistics"]).unwrap();
    let lines = report.lines().filter(|line| !line.starts_with("стање у"));
    lines.collect::<Vec<_>>().join("\n")
}
