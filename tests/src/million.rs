//! The inbox benchmark: how long counsellors of a centre with decades of contacts wait for a page.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::{
    peers::wait_until,
    service::Service,
    staff::{Staff, text},
};

/// Concurrent writers while the inbox is filled.
const WRITERS: usize = 64;
/// Number of requests for each page.
const ROUNDS: usize = 300;
/// The inbox views, by their names in addresses.
pub const VIEWS: [&str; 11] = [
    "unassigned",
    "mine",
    "team",
    "urgent",
    "waiting",
    "answered",
    "snoozed",
    "followed",
    "closed",
    "marked",
    "all",
];
/// Filters that match few or no contacts, and one that matches all.
const FILTERS: [&str; 5] = [
    "channel=telegram",
    "language=en",
    "topic=grooming",
    "urgency=2",
    "from=2020-01-01&to=2020-12-31",
];
/// Search terms: a common word, a rarer one, a prefix, two words, and the other script.
const SOUGHT: [&str; 6] = [
    "poruke",
    "reč512",
    "reč9",
    "reč77 reč78",
    "поруке",
    "\"ružne poruke\"",
];

/// Fills an inbox with `count` contacts through the web form and prints how long pages take: first while all are waiting, then with nearly
/// all of them closed.
pub async fn measure(on: &str, database: Option<&str>, count: usize) -> Result<()> {
    let mut service = Service::new(database)?;
    service.start().await?;
    let mila = service.hire("mila", "counsellor").await?;
    let begun = Instant::now();
    fill(&service, count).await?;
    wait_until(Duration::from_secs(1_800), || async {
        let totals = mila.get("/api/v1/statistics/totals").await;
        totals.is_ok_and(|totals| totals.get("total") == Some(&json!(count)))
    })
    .await?;
    println!(
        "{count} contacts on {on}, written by {WRITERS} people at once: {:.0?}\n",
        begun.elapsed()
    );
    println!("| page | on | inbox | asked | p50 | p99 | slowest |\n|---|---|---|---|---|---|---|");
    searchable(&mila, count).await?;
    pages(&mila, on, "all waiting").await?;
    service.stop();
    close_most(&service, database, count).await?;
    let begun = Instant::now();
    service.start().await?;
    let ready = begun.elapsed();
    let mila = service.log_in("mila").await?;
    searchable(&mila, count).await?;
    println!(
        "| start to ready {ready:.1?}; until everything can be found {:.1?} | {on} | {count} | | | | |",
        begun.elapsed()
    );
    pages(&mila, on, "most closed").await?;
    let pid = service.pid().context("it runs")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let memory = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("\nMemory at its peak: {}", memory.unwrap_or_default());
    weight(&mila).await
}

async fn fill(service: &Service, count: usize) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        let (next, base) = (Arc::clone(&next), service.base());
        writers.push(tokio::spawn(async move {
            let client = reqwest::Client::builder().build()?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let post = json!({ "kind": "advice", "message": letter(number), "language": "sr-Latn" });
                // 503 means that the service is overloaded. The writer tries again, as the page does.
                let answer = loop {
                    let request = client.post(format!("{base}/api/v1/contacts")).json(&post);
                    let answer = request.send().await?;
                    if answer.status().as_u16() != 503 {
                        break answer;
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                };
                ensure!(answer.status().as_u16() == 201, "{}", answer.status());
                answer.bytes().await?;
            }
        }));
    }
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Generates a letter of about thirty words. Word number n appears in about one of n letters.
fn letter(number: usize) -> String {
    let mut letter = format!("Neko mi piše ružne poruke, broj {number}. Šta da radim?");
    let mut seed = number as u64;
    for _ in 0..24 {
        // Knuth, The Art of Computer Programming, volume 2, 3.3.4: the multiplier of MMIX.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let rank = 1.0 / ((seed >> 33) as f64 / f64::from(u32::MAX >> 1)).max(0.000_05);
        letter.push_str(&format!(" reč{rank:.0}"));
    }
    letter
}

/// Closes all contacts except the newest two thousand, as in a busy centre. The open contacts get different states.
async fn close_most(service: &Service, database: Option<&str>, count: usize) -> Result<()> {
    let file = format!("sqlite://{}", service.data().join("hotline.db").display());
    let connection = Database::connect(database.unwrap_or(&file)).await?;
    let run = async |sql: &str| connection.execute_unprepared(sql).await;
    let newest =
        |most: usize| format!("id IN (SELECT id FROM contacts ORDER BY last_in_at DESC LIMIT {most})");
    run(&format!(
        "UPDATE contacts SET status = 'closed', waiting_since = NULL WHERE NOT {}",
        newest(2_000)
    ))
    .await?;
    // Each closed contact gets one reply.
    let id = match database {
        Some(_) => "gen_random_uuid()",
        None => "randomblob(16)",
    };
    run(&format!(
        "INSERT INTO messages (id, contact_id, direction, at)
            SELECT {id}, id, 'reply', last_in_at FROM contacts WHERE status = 'closed'"
    ))
    .await?;
    run(&format!(
        "INSERT INTO outbox (id, message_id, contact_id, line, state, tries, queued_at)
            SELECT {id}, id, contact_id, 'form', 'sent', 1, at FROM messages WHERE direction = 'reply'"
    ))
    .await?;
    run(&format!(
        "UPDATE contacts SET marking = 'spam' WHERE status = 'closed' AND reference % 50 = 0 AND {}",
        newest(count)
    ))
    .await?;
    run(&format!(
        "UPDATE contacts SET holder = (SELECT id FROM staff LIMIT 1) WHERE {}",
        newest(600)
    ))
    .await?;
    // An assigned contact also belongs to the team of its assignee.
    run("UPDATE staff SET team = 'night'").await?;
    run("UPDATE contacts SET team = 'night' WHERE holder IS NOT NULL").await?;
    run("UPDATE contacts SET topic = 'grooming' WHERE reference % 100000 = 0").await?;
    run(&format!(
        "UPDATE contacts SET status = 'answered', waiting_since = NULL WHERE {}",
        newest(400)
    ))
    .await?;
    run(&format!(
        "UPDATE contacts SET urgency = 1 WHERE {}",
        newest(1_000)
    ))
    .await?;
    run(&format!(
        "UPDATE contacts SET snoozed_until = 4000000000000000 WHERE {}",
        newest(100)
    ))
    .await?;
    connection.close().await?;
    Ok(())
}

/// Waits until the search index is complete.
async fn searchable(mila: &Staff, count: usize) -> Result<()> {
    let last = format!("broj {}", count - 1);
    wait_until(Duration::from_secs(1_800), || async {
        let found = mila.search(&last).await.unwrap_or_default();
        found.get("read_so_far").is_some_and(Value::is_null) && found.pointer("/contacts/0").is_some()
    })
    .await
}

async fn pages(mila: &Staff, on: &str, inbox: &str) -> Result<()> {
    for view in VIEWS {
        let path = format!("/desk/inbox?view={view}");
        time(&format!("view {view}"), on, inbox, async |_| {
            mila.page(&path).await
        })
        .await?;
    }
    let mut references = Vec::new();
    for view in ["all", "waiting"] {
        let mut after = String::new();
        for _ in 0..20 {
            let page = mila.get(&format!("/api/v1/inbox?view={view}{after}")).await?;
            let rows = page.get("contacts").and_then(Value::as_array).cloned();
            references.extend(
                rows.into_iter()
                    .flatten()
                    .map(|row| text(&row, "/reference").to_owned()),
            );
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let path = format!("/desk/inbox?view={view}{after}");
        time(&format!("view {view}, page 20"), on, inbox, async |_| {
            mila.page(&path).await
        })
        .await?;
    }
    for filter in FILTERS {
        for view in ["all", "closed"] {
            let path = format!("/desk/inbox?view={view}&{filter}");
            time(&format!("view {view}, {filter}"), on, inbox, async |_| {
                mila.page(&path).await
            })
            .await?;
        }
    }
    time("a contact", on, inbox, async |round| {
        let which = references.get(round % references.len().max(1));
        let which = which.map(String::as_str).unwrap_or_default();
        mila.page(&format!("/desk/contacts/{which}?view=all")).await
    })
    .await?;
    for sought in SOUGHT {
        time(&format!("search for {sought}"), on, inbox, async |_| {
            mila.submit("/desk/search", &[("q", sought)]).await
        })
        .await?;
    }
    Ok(())
}

async fn time(what: &str, on: &str, inbox: &str, ask: impl AsyncFn(usize) -> Result<String>) -> Result<()> {
    // The first requests fill caches, so they are not measured.
    for round in 0..5 {
        ask(round).await?;
    }
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        ask(round).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |of: usize| times.get(ROUNDS * of / 100).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    println!(
        "| {what} | {on} | {inbox} | {ROUNDS} | {:.1?} | {:.1?} | {slowest:.1?} |",
        at(50),
        at(99)
    );
    Ok(())
}

/// Prints how many bytes a browser fetches for the first page.
async fn weight(mila: &Staff) -> Result<()> {
    let page = mila.page("/desk/inbox?view=all").await?;
    let mut all = page.len();
    for part in [
        "http/desk.css",
        "http/desk.js",
        "http/page.js",
        "http/morph.js",
        "http/keys.js",
        "http/dialog.js",
        "http/refusal.js",
        "contact/drafts.js",
        "contact/wrap_up.js",
        "contact/canned.js",
        "contact/presence.js",
        "inbox/notification.js",
    ] {
        all += mila.page(&format!("/assets/{part}")).await?.len();
    }
    println!("First load, not compressed: {:.1} kB", all as f64 / 1_000.0);
    Ok(())
}
