//! The audit: nobody can change, remove, move or add an entry without being noticed, and only auditors read it.

use chrono::TimeDelta;
use hotline_core::staff::audit::AuditAction;
use hotline_store::{db::store::Store, staff::audit::copies::Copied};
use hotline_tests::{service::Service, staff::text};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};

use crate::{
    store::{World, on_both},
    writing::posted,
};

/// The number of entries of the sample.
const ENTRIES: i64 = 60;

/// Ways to tamper with the entries of the audit. `{at}` and `{to}` are positions.
const TAMPERING: [&str; 12] = [
    "UPDATE audit SET object = object || 'x' WHERE position = {at}",
    "UPDATE audit SET action = 'open-case' WHERE position = {at}",
    "UPDATE audit SET at = at + 1 WHERE position = {at}",
    "UPDATE audit SET actor = CASE WHEN actor IS NULL THEN (SELECT id FROM staff LIMIT 1) ELSE NULL END WHERE position = {at}",
    "UPDATE audit SET hash = mac WHERE position = {at}",
    "DELETE FROM audit WHERE position = {at}",
    "DELETE FROM audit WHERE position = {at}; UPDATE audit SET position = -position WHERE position > {at}; \
     UPDATE audit SET position = -position - 1 WHERE position < 0",
    "DELETE FROM audit WHERE position >= {at}",
    "DELETE FROM audit WHERE position >= {at}; UPDATE audit_chain SET last = {at} - 1, \
     last_hash = (SELECT hash FROM audit WHERE position = {at} - 1)",
    "UPDATE audit SET position = -1 WHERE position = {at}; UPDATE audit SET position = {at} WHERE position = {to}; \
     UPDATE audit SET position = {to} WHERE position = -1",
    "INSERT INTO audit (at, actor, action, object) SELECT at, actor, action, object FROM audit WHERE position = {at}",
    "INSERT INTO audit (at, actor, action, object, mac) SELECT at, actor, action, object, mac FROM audit WHERE position = {at}",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_of_1000_changes_of_the_audit_is_found() {
    on_both(async |world: World| {
        // One of the changes below writes this action, which would be no change.
        let written = AuditAction::OpenCase;
        let others = AuditAction::ALL.iter().filter(|action| **action != written);
        for (number, action) in (0..ENTRIES).zip(others) {
            let who = (number % 3 > 0).then_some(&world.mila);
            world
                .store
                .audit(who, *action, &format!("object {number}"))
                .await
                .unwrap();
        }
        let mut copied = Copied::default();
        world.store.copy_audit_head(&mut copied, true).await.unwrap();
        let sound = world.store.verify_audit_with(&[]).await.unwrap();
        assert_eq!(sound.findings, []);
        assert!(sound.last > ENTRIES, "{sound:?}");
        let database = Database::connect(&world.url).await.unwrap();
        run(&database, "CREATE TABLE audit_kept AS SELECT * FROM audit").await;
        run(&database, "CREATE TABLE chain_kept AS SELECT * FROM audit_chain").await;
        let mut dice = StdRng::seed_from_u64(7);
        for round in 0..500 {
            let (at, step) = (
                dice.random_range(2..=sound.last),
                dice.random_range(1..sound.last - 1),
            );
            let to = 2 + (at - 2 + step) % (sound.last - 1);
            let way = TAMPERING[dice.random_range(0..TAMPERING.len())];
            let sql = way
                .replace("{at}", &at.to_string())
                .replace("{to}", &to.to_string());
            run(&database, &sql).await;
            assert!(is_found(&world.store).await, "round {round}: {sql}");
            for table in ["audit", "chain"] {
                let name = if table == "chain" { "audit_chain" } else { "audit" };
                run(&database, &format!("DELETE FROM {name}")).await;
                run(
                    &database,
                    &format!("INSERT INTO {name} SELECT * FROM {table}_kept"),
                )
                .await;
            }
        }
        assert!(!is_found(&world.store).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_removed_after_24_months_and_the_rest_verifies() {
    on_both(async |world: World| {
        let store = &world.store;
        let mut copied = Copied::default();
        for number in 0..1_500 {
            store
                .audit(Some(&world.mila), AuditAction::OpenCase, &format!("old {number}"))
                .await
                .unwrap();
        }
        store.copy_audit_head(&mut copied, true).await.unwrap();
        world.clock.advance(TimeDelta::days(400));
        store
            .audit(Some(&world.mila), AuditAction::OpenCase, "young")
            .await
            .unwrap();
        store.copy_audit_head(&mut copied, true).await.unwrap();
        assert_eq!(store.cut_audit().await.unwrap(), 0);
        world.clock.advance(TimeDelta::days(400));
        let before = store.verify_audit_with(&[]).await.unwrap();
        assert!(store.cut_audit().await.unwrap() >= 1_500);
        store.copy_audit_head(&mut copied, true).await.unwrap();
        let after = store.verify_audit_with(&[]).await.unwrap();
        assert_eq!(after.findings, []);
        assert!(
            after.entries < before.entries && after.last > before.last,
            "{after:?}"
        );
        assert_eq!(store.cut_audit().await.unwrap(), 0);
        // Only the service can move the start: a removed entry, and a start moved back or forward, are found.
        let database = Database::connect(&world.url).await.unwrap();
        for sql in [
            "UPDATE audit_chain SET first = first + 1",
            "DELETE FROM audit WHERE position = (SELECT MIN(position) FROM audit)",
            "INSERT INTO audit (at, action, object, position) VALUES (1, 'erase', '', 0)",
        ] {
            run(&database, sql).await;
            assert!(is_found(store).await, "{sql}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_let_the_service_remove_entries_that_are_not_over() {
    on_both(async |world: World| {
        let store = &world.store;
        let mut copied = Copied::default();
        for number in 0..20 {
            store
                .audit(Some(&world.mila), AuditAction::OpenCase, &format!("{number}"))
                .await
                .unwrap();
        }
        store.copy_audit_head(&mut copied, true).await.unwrap();
        let database = Database::connect(&world.url).await.unwrap();
        // The entries look like those of a version without the chain, and old.
        let sql = "UPDATE audit SET mac = NULL, entry = NULL, position = NULL, hash = NULL, at = 1; DELETE FROM audit_chain";
        run(&database, sql).await;
        let mut copied = Copied::default();
        store.copy_audit_head(&mut copied, true).await.unwrap();
        assert_eq!(store.cut_audit().await.unwrap(), 0);
        assert!(is_found(store).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_foreign_entries_do_not_hold_up_the_chain() {
    on_both(async |world: World| {
        let database = Database::connect(&world.url).await.unwrap();
        let mut copied = Copied::default();
        world.store.copy_audit_head(&mut copied, true).await.unwrap();
        for _ in 0..1_001 {
            run(
                &database,
                "INSERT INTO audit (at, action, object) VALUES (1, 'erase', '')",
            )
            .await;
        }
        world.store.audit(None, AuditAction::Erase, "mine").await.unwrap();
        let chained = world.store.copy_audit_head(&mut copied, true).await.unwrap();
        let report = world.store.verify_audit_with(&[]).await.unwrap();
        assert_eq!(chained.unwrap().position, report.last);
        assert_eq!((report.waiting, report.findings.len()), (1_001, 1_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_an_older_version_become_part_of_the_chain() {
    on_both(async |world: World| {
        let database = Database::connect(&world.url).await.unwrap();
        for number in 0..2_100 {
            let sql = format!("INSERT INTO audit (at, action, object) VALUES ({number}, 'erase', 'old')");
            run(&database, &sql).await;
        }
        world
            .store
            .copy_audit_head(&mut Copied::default(), true)
            .await
            .unwrap();
        let report = world.store.verify_audit_with(&[]).await.unwrap();
        assert_eq!((report.waiting, report.findings), (0, Vec::new()));
        assert!(report.last > 2_100, "{}", report.last);
    })
    .await;
}

async fn is_found(store: &Store) -> bool {
    !store.verify_audit_with(&[]).await.unwrap().findings.is_empty()
}

async fn run(database: &DatabaseConnection, sql: &str) {
    for one in sql.split("; ") {
        database
            .execute_unprepared(one)
            .await
            .unwrap_or_else(|error| panic!("{one}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_verifies_the_audit_and_finds_a_removed_entry() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    service.stop();
    let listed = service.must(&["audit", "list", "--login", "mila"]).unwrap();
    assert!(
        listed.contains(&format!("open-contact                 {reference}")),
        "{listed}"
    );
    let verified = service.must(&["audit", "verify"]).unwrap();
    assert!(verified.contains("Nothing was changed"), "{verified}");
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(file).await.unwrap();
    run(&database, "DELETE FROM audit WHERE action = 'open-contact'").await;
    database.close().await.unwrap();
    let verified = service.run(&["audit", "verify"], "").unwrap();
    assert!(!verified.status.success());
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(said.contains("is missing"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_read_and_verify_the_audit_and_see_no_contact() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let note = json!({"text": "Zvati sutra"});
    mila.post(&format!("/api/v1/contacts/{reference}/note"), &note)
        .await
        .unwrap();
    let audit = vera.get("/api/v1/audit?action=change-contact").await.unwrap();
    let first = audit.pointer("/entries/0").unwrap();
    assert_eq!(text(first, "/object"), reference);
    assert_eq!((text(first, "/who"), text(first, "/change")), ("mila", "noted"));
    let page = vera.page("/desk/audit").await.unwrap();
    assert!(
        page.contains(&reference) && !page.contains("Zvati sutra"),
        "{page}"
    );
    let page = vera.submit("/desk/audit/verify", &[]).await.unwrap();
    assert!(
        page.contains("Ништа није измењено") || page.contains("Nothing was changed"),
        "{page}"
    );
    for path in [
        "/desk/inbox",
        "/desk/statistics",
        "/desk/admin/staff",
        "/desk/queue",
    ] {
        assert_eq!(
            vera.status(reqwest::Method::GET, path).await.unwrap(),
            403,
            "{path}"
        );
    }
    assert_eq!(
        mila.status(reqwest::Method::GET, "/desk/audit").await.unwrap(),
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_search_leaves_an_entry_that_hides_its_words() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    for words in ["Tajno ime", "tajno IME", "drugo"] {
        mila.search(words).await.unwrap();
    }
    let audit = vera.get("/api/v1/audit?action=search").await.unwrap();
    let entries = audit.get("entries").and_then(Value::as_array).unwrap();
    let hashes: Vec<&str> = entries.iter().map(|entry| text(entry, "/object")).collect();
    let [other, again, first] = hashes.as_slice() else {
        panic!("{audit}");
    };
    assert_eq!(again, first, "the same words have the same hash");
    assert_ne!(other, first);
    assert!(!audit.to_string().to_lowercase().contains("tajno"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_heads_leave_the_database_and_outlive_it() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    service.stop();
    let heads = service.data().join("audit-heads.jsonl");
    let lines = std::fs::read_to_string(&heads).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(
        last.get("position").and_then(Value::as_i64).unwrap() > 0,
        "{last}"
    );
    // The database is put back to a state without these entries, and the files beside it are forged accordingly.
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(file).await.unwrap();
    run(&database, "DELETE FROM audit; DELETE FROM audit_chain").await;
    database.close().await.unwrap();
    let copy = service.folder().join("elsewhere.jsonl");
    std::fs::copy(&heads, &copy).unwrap();
    for name in ["audit-heads.jsonl", "audit-head.json"] {
        std::fs::remove_file(service.data().join(name)).unwrap();
    }
    let copy = copy.display().to_string();
    let verified = service.run(&["audit", "verify", "--heads", &copy], "").unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        !verified.status.success() && said.contains("ends earlier"),
        "{said}"
    );
    let forged = lines.replace("\"position\":", "\"position\":1");
    std::fs::write(service.folder().join("forged.jsonl"), forged).unwrap();
    let forged = service.folder().join("forged.jsonl").display().to_string();
    let verified = service.run(&["audit", "verify", "--heads", &forged], "").unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(said.contains("not signed by this installation"), "{said}");
}
