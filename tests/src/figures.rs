//! The statistics benchmark: how long managers wait for each figure of a centre with very many contacts, and how long a recount takes.
//!
//! The benchmark writes contacts directly into the tables, with all questions answered. Like erased contacts they have no content, because
//! statistics need none. The measured program is the real one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::{peers::wait_until, service::Service, staff::Staff};

/// Number of requests for each figure.
const ROUNDS: usize = 200;
/// Number of different classifications.
const KINDS: u32 = 2_000;
/// Contacts written by one statement.
const AT_ONCE: usize = 500_000;

/// The measured figures: label in the output, and address.
const FIGURES: [(&str, &str); 15] = [
    ("total since establishment", "totals?"),
    ("total of a year", "totals?period=2024"),
    ("total of ninety days", "totals?from=2024-02-10&to=2024-05-09"),
    (
        "channels over time, by month of a year",
        "figures?period=2024&by=channel,month",
    ),
    (
        "channels over time, by day of a quarter",
        "figures?period=2024-Q1&by=channel,day",
    ),
    (
        "channels over time, by year, since ever",
        "figures?by=channel,year",
    ),
    ("topics of a year", "figures?period=2024&by=topic"),
    (
        "topics of ninety days",
        "figures?from=2024-02-10&to=2024-05-09&by=topic",
    ),
    ("heat map of a year", "figures?period=2024&by=weekday,hour"),
    (
        "heat map of ninety days",
        "figures?from=2024-02-10&to=2024-05-09&by=weekday,hour",
    ),
    (
        "topic by gender of a quarter",
        "figures?period=2024-Q1&by=topic,gender",
    ),
    ("topic by platform since ever", "figures?by=topic,platform"),
    ("first replies of a year", "figures?period=2024&by=first_reply"),
    ("closed in a year", "figures?period=2024&of=closing"),
    (
        "cases by institution since ever",
        "figures?of=case&by=institution",
    ),
];

/// Pages and files that combine several figures.
const WHOLE: [(&str, &str); 5] = [
    ("whole report since ever", "/api/v1/statistics/report?"),
    ("whole report of a year", "/api/v1/statistics/report?period=2024"),
    ("whole page of a year", "/desk/statistics?period=2024"),
    (
        "Insafe return of a quarter",
        "/api/v1/statistics/returns/insafe?period=2024-Q1",
    ),
    (
        "topic by gender of ninety days, counted one by one",
        "/api/v1/statistics/figures?from=2024-02-10&to=2024-05-09&by=topic,gender",
    ),
];

/// Fills a database with `count` contacts and prints how long figures take.
pub async fn measure(on: &str, database: Option<&str>, count: usize) -> Result<()> {
    let mut service = Service::new(database)?;
    service.start().await?;
    service.hire("vuk", "supervisor").await?;
    service.hire("mila", "counsellor").await?;
    service.stop();
    let url = match database {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}/hotline.db", service.data().display()),
    };
    let begun = Instant::now();
    fill(&url, database.is_some(), count).await?;
    println!(
        "{count} classified contacts on {on}, over ten years; written in {:.0?}\n",
        begun.elapsed()
    );
    for command in ["rebuild", "verify"] {
        let begun = Instant::now();
        let said = service.must(&["statistics", command])?;
        println!(
            "`statistics {command}`: {:.1?} ({})",
            begun.elapsed(),
            said.trim()
        );
    }
    service.start().await?;
    // A supervisor sees all figures unsuppressed, so the measured requests include all of the work.
    let vuk = service.log_in("vuk").await?;
    let mila = service.log_in("mila").await?;
    // After a start, the service reads all contents once to build the search index.
    wait_until(Duration::from_secs(1_800), || async {
        let found = mila.search("reč").await;
        found.is_ok_and(|found| found.get("read_so_far").is_some_and(serde_json::Value::is_null))
    })
    .await?;
    println!("\n| figure | p50 ms | p99 ms |\n|---|---|---|");
    for (what, path) in FIGURES {
        row(&vuk, what, &format!("/api/v1/statistics/{path}")).await?;
    }
    for (what, path) in WHOLE {
        row(&vuk, what, path).await?;
    }
    println!("\n{ROUNDS} requests each, one after the other, answers read whole, over HTTP on this machine.");
    service.stop();
    Ok(())
}

async fn row(reader: &Staff, what: &str, path: &str) -> Result<()> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let answer = reader.bytes(path).await?;
        times.push(begun.elapsed());
        ensure!(!answer.is_empty(), "{path} answered nothing");
    }
    times.sort_unstable();
    let at = |place: usize| {
        times
            .get(place)
            .map_or(0.0, |time: &Duration| time.as_secs_f64() * 1_000.0)
    };
    println!(
        "| {what} | {:.1} | {:.1} |",
        at(ROUNDS / 2),
        at(ROUNDS * 99 / 100)
    );
    Ok(())
}

async fn fill(url: &str, postgres: bool, count: usize) -> Result<()> {
    let database = Database::connect(url)
        .await
        .context("Could not open the database")?;
    let run = async |statement: &str| database.execute_unprepared(statement).await;
    run("CREATE TABLE bench_answers (k INTEGER PRIMARY KEY, answers TEXT)").await?;
    let kinds: Vec<String> = (0..KINDS).map(|k| format!("({k}, '{}')", answers(k))).collect();
    for some in kinds.chunks(500) {
        run(&format!("INSERT INTO bench_answers VALUES {}", some.join(","))).await?;
    }
    let mut written = 0;
    while written < count {
        let until = (written + AT_ONCE).min(count);
        write(&database, postgres, written, until, count).await?;
        written = until;
    }
    // One contact in five forms a case, and one case in fifteen was forwarded.
    let institution = "CASE WHEN reference % 75 = 0 THEN CASE WHEN reference % 150 = 0 THEN 'mup' ELSE 'high_tech_crime' END END";
    let kind = "CASE WHEN reference % 75 = 0 THEN 'forwarded' ELSE 'advisory' END";
    run(&format!(
        "INSERT INTO cases (id, number, year, kind, institution, formed_by, formed_at, day)
            SELECT id, reference, 2020, {kind}, {institution}, id, opened_at, day FROM contacts WHERE reference % 5 = 0"
    ))
    .await?;
    run("DELETE FROM figures").await?;
    run("DROP TABLE bench_answers").await?;
    run("ANALYZE").await?;
    database.close().await?;
    Ok(())
}

/// Writes contacts numbered `from` to `until`, spread over the ten years until the end of 2025. Their ids are UUIDs of version 7 (RFC
/// 9562), like those of the program.
async fn write(
    database: &DatabaseConnection,
    postgres: bool,
    from: usize,
    until: usize,
    count: usize,
) -> Result<()> {
    const FIRST: u64 = 1_451_606_400_000_000;
    const LENGTH: u64 = 315_360_000_000_000;
    let step = LENGTH / count as u64;
    let (numbers, id, hash, day) = if postgres {
        (
            format!("SELECT generate_series({from}::bigint, {until}::bigint - 1) AS n"),
            "CAST(lpad(to_hex(t / 1000), 12, '0') || right(replace(CAST(gen_random_uuid() AS text), '-', ''), 20) AS uuid)",
            "decode(lpad(to_hex(n), 16, '0'), 'hex')",
            "to_char(to_timestamp((t) / 1000000), 'YYYY-MM-DD')",
        )
    } else {
        (
            format!(
                "SELECT n FROM (WITH RECURSIVE count(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM count WHERE n < {until} - 1) SELECT n FROM count)"
            ),
            "unhex(printf('%012x', t / 1000) || hex(randomblob(10)))",
            "CAST(printf('%016d', n) AS BLOB)",
            "strftime('%Y-%m-%d', t / 1000000, 'unixepoch')",
        )
    };
    let channel = "CASE n % 10 WHEN 0 THEN 'email' WHEN 1 THEN 'email' WHEN 2 THEN 'webform' WHEN 3 THEN 'telegram' ELSE 'telephone' END";
    let language = "CASE n % 3 WHEN 0 THEN 'sr-Cyrl' WHEN 1 THEN 'sr-Latn' ELSE 'en' END";
    let insert = format!(
        "INSERT INTO contacts (id, reference, line, channel, day, status, language, thread_hash, open_key, opened_at, last_in_at, closed_at,
                files_wanted, urgency, first_reply_at, first_read_at, identifier_hash)
            SELECT {id}, n, 'bench', {channel}, {day}, 'closed', {language}, {hash}, {hash}, t, t, t + 90000000000,
                {no}, 0, t + (n % 997) * 60000000, t + (n % 97) * 60000000, {hash}
            FROM (SELECT n, {FIRST} + n * {step} AS t FROM ({numbers}) AS counted) AS timed",
        no = if postgres { "false" } else { "0" },
    );
    database.execute_unprepared(&insert).await?;
    let by = if postgres {
        "gen_random_uuid()"
    } else {
        "randomblob(16)"
    };
    let complete = if postgres { "true" } else { "1" };
    let records = format!(
        "INSERT INTO records (contact_id, scheme, version, answers, complete, by, at)
            SELECT id, 'centre', 2, answers, {complete}, {by}, opened_at
            FROM contacts JOIN bench_answers ON k = (reference * 7919) % {KINDS}
            WHERE reference >= {from} AND reference < {until}"
    );
    database.execute_unprepared(&records).await?;
    Ok(())
}

/// Returns the `k`-th classification, with an answer to every question.
fn answers(k: u32) -> String {
    let of = |all: &[&str], by: u32| {
        let place = (k / by) as usize % all.len().max(1);
        all.get(place).copied().unwrap_or_default().to_owned()
    };
    let kind = if k.is_multiple_of(9) {
        "prank"
    } else {
        "counselling"
    };
    let topic = of(
        &[
            "cyberbullying",
            "sextortion",
            "grooming",
            "sexting",
            "intimate_images",
            "csam",
            "pornography",
            "violence",
            "hate_speech",
            "suicide",
            "self_harm",
            "gaming",
            "e_crime",
            "privacy",
            "impersonation",
            "other",
        ],
        1,
    );
    let platform = of(
        &[
            "instagram",
            "tiktok",
            "snapchat",
            "youtube",
            "facebook",
            "viber",
            "telegram",
            "roblox",
        ],
        3,
    );
    let answers = [
        ("age", (8 + k % 11).to_string()),
        ("gender", of(&["girl", "boy", "unknown"], 2)),
        ("kind", kind.to_owned()),
        (
            "outcome",
            of(&["advice", "resources", "referred", "technical", "no_answer"], 5),
        ),
        ("platform", platform),
        (
            "region",
            of(&["belgrade", "vojvodina", "west", "south_east", "abroad"], 7),
        ),
        ("role", of(&["child", "parent", "teacher", "citizen"], 4)),
        ("topic", topic),
        ("urgency", of(&["ordinary", "ordinary", "urgent", "danger"], 11)),
        (
            "where",
            of(&["social_media", "messaging", "gaming", "video", "website"], 13),
        ),
        ("who", of(&["self", "about_child", "professional", "citizen"], 17)),
    ];
    let answers: Vec<String> = answers
        .iter()
        .map(|(question, answer)| format!("\"{question}\":[\"{answer}\"]"))
        .collect();
    format!("{{{}}}", answers.join(","))
}
