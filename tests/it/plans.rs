//! No statement scans a long table, so response times do not grow with the number of contacts.

use std::collections::BTreeSet;

use hotline_tests::{
    million::VIEWS,
    peers::{free_port, wait_until},
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;

use crate::writing::{posted, writes_again};

/// Tables that grow with every message, and the table of referrals, which every page reads.
const LONG: [&str; 13] = [
    "attachments",
    "audit",
    "contacts",
    "conversations",
    "events",
    "figures",
    "journal",
    "jobs",
    "messages",
    "outbox",
    "records",
    "referrals",
    "versions",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_page_step_or_batch_reads_a_long_table_from_end_to_end() {
    let rules = "[[retention.rules]]\nmonths = 1\n";
    let mut service = Service::with_lines(None, rules).unwrap();
    service.let_replies_be_taken_back(60).unwrap();
    service.log_everything();
    let metrics = free_port().unwrap();
    service
        .set_http_keys(&format!("metrics = \"127.0.0.1:{metrics}\""))
        .unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let petar = service.hire("petar", "counsellor").await.unwrap();
    service.must(&["staff", "team", "petar", "night"]).unwrap();
    work(&service, &mila, &petar).await;
    let scraped = reqwest::get(format!("http://127.0.0.1:{metrics}/metrics")).await;
    assert!(scraped.unwrap().status().is_success());
    service.stop();
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(file).await.unwrap();
    let run = statements(&service);
    assert!(run.len() > 100, "statements are logged: {}", run.len());
    let mut reading = Vec::new();
    // A migration may scan the table that it changes, because it runs only once.
    let of_tables = |statement: &String| {
        ["first_reply", "first_read", "read"].iter().any(|what| {
            statement.starts_with(&format!("UPDATE contacts SET {what}_at = "))
                && !statement.contains("WHERE \"contacts\".\"id\"")
        }) || statement.starts_with("UPDATE audit SET action = REPLACE")
    };
    for statement in run.into_iter().filter(|statement| !of_tables(statement)) {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let explain = Statement::from_string(DbBackend::Sqlite, explain);
        let plan = database.query_all_raw(explain).await.unwrap();
        let plan: Vec<String> = plan
            .iter()
            .map(|step| step.try_get("", "detail").unwrap())
            .collect();
        // With `LIMIT`, a scan in the order of an index or of the table stops after the first rows.
        let sorted = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        let any = !statement.contains("WHERE");
        let in_order = statement.contains("LIMIT") && (any || statement.contains("ORDER BY")) && !sorted;
        // An empty `IN` list becomes `? = ?`, which SQLite evaluates before it reads a row.
        let nothing = statement.ends_with("WHERE ? = ?");
        // These indexes contain only a few rows: the calls with a recorded duration, and the referrals without an outcome.
        let is_short = |step: &String| {
            step.contains("COVERING INDEX contacts_talk") || step.contains("INDEX referrals_awaited")
        };
        for step in plan.into_iter().filter(|step| !is_short(step)) {
            let table = step.strip_prefix("SCAN ").unwrap_or_default();
            let table = table.split(' ').next().unwrap_or_default();
            if LONG.contains(&table) && !in_order && !nothing {
                reading.push(format!("{step}: {statement}"));
            }
        }
    }
    assert!(reading.is_empty(), "{}", reading.join("\n"));
}

/// Performs each action of a shift once.
async fn work(service: &Service, mila: &Staff, petar: &Staff) {
    let (reference, code) = posted(service, "Neko mi preti").await;
    let (other, _) = posted(service, "Druga").await;
    mila.until_contacts(2).await.unwrap();
    let path = format!("/api/v1/contacts/{reference}");
    let post = async |what: &str, body: serde_json::Value| {
        let done = mila.post(&format!("{path}/{what}"), &body).await;
        // Some responses have no body.
        done.or_else(|error| match error.downcast::<serde_json::Error>() {
            Ok(_) => Ok(serde_json::Value::Null),
            Err(error) => Err(error),
        })
        .unwrap_or_else(|error| panic!("{what}: {error:#}"))
    };
    post("claim", json!({})).await;
    post("here", json!({ "doing": "reading" })).await;
    post("draft", json!({ "kind": "reply", "text": "Tu" })).await;
    let id = text(&post("reply", json!({ "text": "Tu smo." })).await, "/id").to_owned();
    post(&format!("messages/{id}/undo"), json!({})).await;
    post("reply", json!({ "text": "Tu smo, javite se." })).await;
    writes_again(service, &code, "Još nešto").await;
    mila.until_messages(&reference, 2).await.unwrap();
    post("note", json!({ "text": "Piše drugi put" })).await;
    post("follow", json!({})).await;
    post("link", json!({ "to": other })).await;
    post("block", json!({ "days": 1 })).await;
    post("block", json!({ "days": 0 })).await;
    post("snooze", json!({ "hours": 1 })).await;
    post("hand-over", json!({ "to": "team:night" })).await;
    let answers =
        json!({ "answers": { "kind": ["counselling"], "topic": ["grooming"], "platform_named": ["x"] } });
    post("wrap-up", answers).await;
    let case = text(&post("case", json!({})).await, "/id").to_owned();
    post("mark", json!({ "marking": "spam", "reason": "proba" })).await;
    post("reopen", json!({})).await;
    post("close", json!({ "reason": "answered by telephone" })).await;
    let referral = json!({ "institution": "mup", "sent": "Sve" });
    let case = format!("/api/v1/cases/{case}");
    let proposed = mila.post(&format!("{case}/referrals"), &referral).await.unwrap();
    let confirm = format!("{case}/referrals/{}/confirm", text(&proposed, "/referrals/0/id"));
    let seen = json!({ "seen": proposed.pointer("/referrals/0/changed") });
    petar.post(&confirm, &seen).await.unwrap();
    let referral = confirm.trim_end_matches("/confirm");
    let answer = json!({ "outcome_kind": "answered" });
    mila.post(referral, &answer).await.unwrap();
    mila.page(&format!("{referral}/letter")).await.unwrap();
    let call = json!({ "network": "telephone", "text": "Poziv", "caller": "064" });
    mila.post("/api/v1/log", &call).await.unwrap();
    for view in VIEWS {
        for filter in [
            "",
            "&channel=webform",
            "&language=en",
            "&topic=grooming",
            "&urgency=1",
            "&order=longest_wait",
        ] {
            for after in ["", "&after=4000000000000000000.00000000000000000000000000000000"] {
                let path = format!("/desk/inbox?view={view}{filter}{after}");
                petar.page(&path).await.unwrap();
            }
        }
        petar
            .page(&format!("/desk/inbox?view={view}&from=2020-01-01&to=2030-01-01"))
            .await
            .unwrap();
    }
    wait_until(std::time::Duration::from_secs(20), || async {
        let found = mila.search("preti").await.unwrap();
        found.pointer("/contacts/0").is_some()
    })
    .await
    .unwrap();
    mila.search("\"Neko mi\"").await.unwrap();
    mila.search(&other).await.unwrap();
    for page in [
        "/desk/cases",
        "/desk/canned",
        "/desk/log",
        "/desk/queue",
        "/desk/statistics",
        "/desk/statistics?period=ever&publication=yes",
        "/api/v1/statistics/narrative?period=year",
        "/desk/statistics?period=month&by=topic&and=gender",
        "/desk/statistics?from=2024-02-10&to=2026-02-09&by=topic&and=gender",
        "/desk/statistics?of=closing&period=month&by=channel&every=day",
        "/desk/statistics/contacts?by=topic,gender&is=grooming",
        "/desk/statistics/contacts?of=closing&by=channel&is=webform&period=month",
        "/desk/cases?kind=forwarded&institution=mup&period=year",
        "/api/v1/statistics/rows?period=month",
        "/desk/statistics/returns/insafe",
        "/desk/outreach",
        "/desk/retention",
    ] {
        mila.page(page).await.unwrap();
    }
    mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    let holds = format!("/api/v1/contacts/{reference}/holds");
    mila.post(&holds, &json!({ "reason": "nalog suda" }))
        .await
        .unwrap();
    administer(service).await;
}

/// Opens each page of administration, and changes accounts.
async fn administer(service: &Service) {
    let vera = service.hire("vera", "administrator").await.unwrap();
    for page in ["staff", "lines", "system", "settings", "texts", "scheme"] {
        vera.page(&format!("/desk/admin/{page}")).await.unwrap();
    }
    vera.page("/desk/me").await.unwrap();
    let person = json!({ "login": "sara", "name": "Sara", "role": "counsellor" });
    let new = vera.post("/api/v1/admin/staff", &person).await.unwrap();
    let account = format!("/desk/admin/staff/{}", text(&new, "/id"));
    for (rest, form) in [
        ("", &[("role", "manager"), ("team", "night")][..]),
        ("/reset", &[("proof", "in_person"), ("password", PASSWORD)]),
        ("/end-sessions", &[]),
        ("/disable", &[]),
        ("/enable", &[]),
    ] {
        vera.submit(&format!("{account}{rest}"), form).await.unwrap();
    }
    let end = "/desk/me/sessions/end-others";
    vera.submit(end, &[("password", PASSWORD)]).await.unwrap();
}

/// Returns every statement that the service logged.
fn statements(service: &Service) -> BTreeSet<String> {
    let log = std::fs::read_to_string(service.folder().join("log-1")).unwrap();
    let quoted = |line: &str, field: &str| -> Option<String> {
        let from = line.split_once(field)?.1;
        let mut read = serde_json::Deserializer::from_str(from).into_iter::<String>();
        read.next()?.ok()
    };
    // Removes the console's colour codes.
    let log: String = log
        .split('\u{1b}')
        .enumerate()
        .map(|(part, text)| match part {
            0 => text,
            _ => text.split_once('m').map_or("", |(_, text)| text),
        })
        .collect();
    log.lines()
        .filter(|line| line.contains("rows_returned="))
        .filter_map(|line| {
            let whole = quoted(line, "db.statement=").filter(|statement| !statement.is_empty());
            whole.or_else(|| quoted(line, "summary="))
        })
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| {
            ["SELECT", "UPDATE", "DELETE"]
                .iter()
                .any(|verb| statement.starts_with(verb))
        })
        .collect()
}
