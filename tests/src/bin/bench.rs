//! `cargo run --release -p hotline-tests --bin bench -- [SQLite|PostgreSQL] [part]` measures the service and describes the machine. The part is
//! `start`, `posts`, `mails`, `chats` or `list`; without it, everything is measured.
//!
//! The first argument may choose another benchmark:
//! - `figures [SQLite|PostgreSQL] [contacts]` measures statistics.
//! - `screens [SQLite|PostgreSQL]` measures how fast changes reach other browsers.
//! - `guessing [SQLite|PostgreSQL]` measures log-ins on known devices while passwords are guessed.
//! - `million [SQLite|PostgreSQL] [contacts]` fills an inbox and measures the pages of counsellors.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use fantoccini::Locator;
use hotline_tests::{
    figures, guessing, million,
    peers::{
        browser::Browser,
        discord::Discord,
        dovecot::Dovecot,
        postgres::{FreshDatabase, Postgres},
        smtp::Smtp,
        telegram::Telegram,
        wait_until,
    },
    service::{CENTRE, Service},
    staff::{Staff, text},
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    machine();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = words.as_slice()
        && first == "million"
    {
        let on = rest.first().map_or("SQLite", String::as_str);
        let count = rest.get(1).map_or(Ok(1_000_000), |count| count.parse())?;
        let database = fresh(on).await?;
        return million::measure(on, database.as_deref(), count).await;
    }
    if let [first, rest @ ..] = words.as_slice()
        && first == "guessing"
    {
        let on = rest.first().map_or("SQLite", String::as_str);
        let database = fresh(on).await?;
        return guessing::measure(on, database.as_deref()).await;
    }
    if let [first, rest @ ..] = words.as_slice()
        && first == "figures"
    {
        let on = rest.first().map_or("SQLite", String::as_str);
        let count = rest.get(1).map_or(Ok(1_000_000), |count| count.parse())?;
        let database = fresh(on).await?;
        return figures::measure(on, database.as_deref(), count).await;
    }
    let (on_screen, words) = match words.as_slice() {
        [first, rest @ ..] if first == "screens" => (true, rest.to_vec()),
        _ => (false, words),
    };
    println!("| what | on | clients | count | per second | p50 | p99 | disk syncs/s then | ratio |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut words = words.into_iter();
    let (only, part) = (words.next(), words.next());
    let is_part = |name: &str| part.as_deref().is_none_or(|part| part == name);
    for on in ["SQLite", "PostgreSQL"]
        .into_iter()
        .filter(|on| only.as_deref().is_none_or(|only| only == *on))
    {
        if on_screen {
            to_screen(on, 35).await?;
            between_two(on, 30).await?;
            continue;
        }
        if is_part("start") {
            starting(on).await?;
        }
        if is_part("posts") {
            for clients in [1, 16, 64] {
                posts(on, clients, if clients == 1 { 2_000 } else { 10_000 }).await?;
            }
        }
        if is_part("mails") {
            for count in [1_000, 10_000] {
                mails(on, count).await?;
            }
        }
        if is_part("chats") {
            chats(on, 2_000).await?;
        }
        if is_part("list") {
            to_list(on, 100).await?;
        }
        if part.is_none() {
            to_screen(on, 35).await?;
            between_two(on, 30).await?;
        }
    }
    Ok(())
}

fn machine() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find(|line| line.starts_with("model name"))
        .unwrap_or("model name : unknown");
    let build = if cfg!(debug_assertions) {
        "DEBUG"
    } else {
        "release"
    };
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    println!(
        "{cores} cores, {}; {build} build, full sync, load generator on the same machine\n",
        model.trim()
    );
}

/// Measures for one second how many small writes per second the disk can sync.
fn disk_syncs() -> Result<f64> {
    let mut file = tempfile::NamedTempFile::new()?;
    let begun = Instant::now();
    let mut count = 0u32;
    while begun.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4_096])?;
        file.as_file().sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into what was measured"
    )]
    let index = ((times.len() as f64 - 1.0) * share) as usize;
    times.get(index).copied().unwrap_or_default()
}

fn row(
    what: &str,
    on: &str,
    clients: usize,
    count: usize,
    took: Duration,
    times: &mut [Duration],
) -> Result<()> {
    let rate = count as f64 / took.as_secs_f64();
    let syncs = disk_syncs()?;
    let quantiles = if times.is_empty() {
        "– | –".to_owned()
    } else {
        format!("{:.2?} | {:.2?}", quantile(times, 0.5), quantile(times, 0.99))
    };
    println!(
        "| {what} | {on} | {clients} | {count} | {rate:.0} | {quantiles} | {syncs:.0} | {:.2} |",
        rate / syncs
    );
    Ok(())
}

fn memory(pid: u32, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or_default();
    let kib: f64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default();
    format!("{:.0} MiB", kib / 1_024.0)
}

/// Creates a fresh database for a measurement; `None` for SQLite, because each service has its own SQLite file.
async fn fresh(on: &str) -> Result<Option<FreshDatabase>> {
    if on == "SQLite" {
        Ok(None)
    } else {
        Postgres::url_of_fresh_database().await.map(Some)
    }
}

async fn starting(on: &str) -> Result<()> {
    let database = fresh(on).await?;
    let mut service = Service::new(database.as_deref())?;
    service.start().await?;
    service.stop();
    let mut times = Vec::new();
    for _ in 0..10 {
        times.push(service.start().await?);
        service.stop();
    }
    service.start().await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let pid = service.pid().context("it runs")?;
    println!(
        "| start to ready | {on} | 1 | 10 | | {:.0?} | {:.0?} | idle memory {} | |",
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99),
        memory(pid, "VmRSS")
    );
    Ok(())
}

async fn posts(on: &str, clients: usize, count: usize) -> Result<()> {
    let database = fresh(on).await?;
    let mut service = Service::new(database.as_deref())?;
    service.start().await?;
    let next = Arc::new(AtomicUsize::new(0));
    let run = uuid::Uuid::from_u128(u128::from(std::process::id()) << 32 | clients as u128);
    let begun = Instant::now();
    let mut writers = Vec::new();
    for _ in 0..clients {
        let (next, base) = (Arc::clone(&next), service.base());
        writers.push(tokio::spawn(async move {
            let client = reqwest::Client::builder().build()?;
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(times);
                }
                let sent = Instant::now();
                let message = format!("Neko mi piše ružne poruke svaki dan, broj {number}. Šta da radim?");
                let answer = client
                    .post(format!("{base}/api/v1/contacts"))
                    .header("idempotency-key", format!("{run}-{number}"))
                    .json(&json!({ "kind": "advice", "message": message, "language": "sr-Latn" }))
                    .send()
                    .await?;
                anyhow::ensure!(answer.status().as_u16() == 201, "{}", answer.status());
                answer.bytes().await?;
                times.push(sent.elapsed());
            }
        }));
    }
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await??);
    }
    row(
        "durable form posts",
        on,
        clients,
        count,
        begun.elapsed(),
        &mut times,
    )?;
    let pid = service.pid().context("it runs")?;
    println!(
        "| memory at its peak | {on} | {clients} | | | | | {} | |",
        memory(pid, "VmHWM")
    );
    Ok(())
}

async fn mails(on: &str, count: usize) -> Result<()> {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("person", "person")]).await?;
    let smtp = Smtp::start(&dovecot, &[("person@example.org", "person")]).await?;
    let letter = |number: usize| {
        format!(
            "From: <person+{number}@example.org>\r\nTo: <{CENTRE}>\r\nSubject: mail {number}\r\n\
             Message-ID: <bench-{number}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             {}\r\n",
            "Dobar dan, imam pitanje o bezbednosti mog deteta na internetu. ".repeat(20)
        )
        .into_bytes()
    };
    dovecot.deliver_many("kontakt", (0..count).map(letter))?;
    let database = fresh(on).await?;
    let mut service = Service::with_mail(database.as_deref(), &dovecot, &smtp, "acknowledge = false")?;
    let begun = Instant::now();
    service.start().await?;
    let staff = service.hire("mila", "counsellor").await?;
    let arrived = wait_until(Duration::from_secs(120), || async {
        let totals = staff.get("/api/v1/statistics/totals").await;
        totals.is_ok_and(|totals| totals.get("total") == Some(&json!(count)))
    })
    .await;
    let took = begun.elapsed();
    arrived?;
    let pid = service.pid().context("it runs")?;
    println!(
        "| memory at its peak, then | {on} | 1 | {count} mails | | | | {} | |",
        memory(pid, "VmHWM")
    );
    row(
        "mails imported, start and log-in included",
        on,
        1,
        count,
        took,
        &mut [],
    )
}

/// Measures how fast a backlog of messages is registered. A hundred people wrote on each chat channel while the service was down. The
/// people on Discord write once before that, because the bot fetches missed messages only from channels that it knows.
async fn chats(on: &str, count: usize) -> Result<()> {
    const PEOPLE: usize = 100;
    for channel in ["Telegram", "Discord"] {
        let (telegram, discord) = (Telegram::start().await?, Discord::start().await?);
        let (token, url) = match channel {
            "Telegram" => (telegram.token().to_owned(), telegram.api_url()),
            _ => (discord.token(), discord.api_url()),
        };
        let line = format!(
            "[lines.chat]\nchannel = \"{}\"\nacknowledge = false\ntoken = \"{token}\"\napi_url = \"{url}\"\n",
            channel.to_lowercase()
        );
        let database = fresh(on).await?;
        let mut service = Service::with_lines(database.as_deref(), &line)?;
        service.start().await?;
        let staff = service.hire("mila", "counsellor").await?;
        let says = |number: usize| {
            let person = number % PEOPLE + 1;
            let words = format!("Neko mi piše ružne poruke, broj {number}. Šta da radim?");
            if channel == "Telegram" {
                telegram.person(person as i64, "Neko");
                telegram.says(person as i64, &words);
                return Ok(0);
            }
            discord.person(person as u64, &format!("neko{person}"), None);
            discord.says(person as u64, &words)
        };
        wait_until(Duration::from_secs(60), || async {
            channel == "Telegram" || discord.connected() > 0
        })
        .await?;
        for number in 0..PEOPLE {
            says(number)?;
        }
        staff.until_contacts(PEOPLE).await?;
        service.stop();
        for number in 0..count {
            says(number)?;
        }
        let begun = Instant::now();
        service.start().await?;
        wait_until(Duration::from_secs(300), || async {
            let printed = service.must(&["reconcile"]).unwrap_or_default();
            printed.contains(&format!(
                "chat: {} accepted ({} message)",
                count + PEOPLE,
                count + PEOPLE
            ))
        })
        .await?;
        let what = format!("{channel} messages caught up with, start included");
        row(&what, on, 1, count, begun.elapsed(), &mut [])?;
    }
    Ok(())
}

/// Measures the time from sending a message until a counsellor's open inbox has painted it, in Chromium with live updates.
/// More than 40 posts in a minute are a flood, whose posts the inbox does not show.
async fn to_screen(on: &str, count: usize) -> Result<()> {
    let database = fresh(on).await?;
    let mut service = Service::new(database.as_deref())?;
    service.start().await?;
    let staff = service.hire("mila", "counsellor").await?;
    let browser = desk_of(&service, &staff, "/desk/inbox?view=unassigned").await?;
    let client = reqwest::Client::builder().build()?;
    let mut times = Vec::new();
    let begun = Instant::now();
    for number in 0..count {
        let words = format!("poruka {number}.");
        let send = async {
            let post = client.post(format!("{}/api/v1/contacts", service.base()));
            let post = post.json(&json!({ "kind": "advice", "message": words }));
            post.send().await?.error_for_status()?;
            Ok(())
        };
        times.push(painted(&browser, "#list", &words, send).await?);
    }
    row(
        "post to painted inbox (Chromium)",
        on,
        1,
        count,
        begun.elapsed(),
        &mut times,
    )?;
    browser.close().await
}

/// Opens a page of the desk in a browser that is logged in as a member of staff.
async fn desk_of(service: &Service, staff: &Staff, path: &str) -> Result<Browser> {
    let browser = Browser::start().await?;
    let page = browser.client();
    page.goto(&format!("{}/desk/login", service.base())).await?;
    let script = "document.cookie = arguments[0] + '; path=/'";
    page.execute(script, vec![json!(format!("hotline={}", staff.token()))])
        .await?;
    page.goto(&format!("{}{path}", service.base())).await?;
    Ok(browser)
}

/// Runs an action and measures how long another browser takes to paint the result.
async fn painted(
    browser: &Browser,
    place: &str,
    words: &str,
    does: impl Future<Output = Result<()>>,
) -> Result<Duration> {
    let shown = "const [place, words, done] = arguments;
        const look = () => document.querySelector(place)?.textContent.includes(words)
            ? requestAnimationFrame(() => requestAnimationFrame(() => done(true))) : setTimeout(look, 1);
        look();";
    let waiting = browser
        .client()
        .execute_async(shown, vec![json!(place), json!(words)]);
    let doing = async {
        // The page must be waiting before the action starts.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        does.await?;
        anyhow::Ok(begun)
    };
    let (waited, begun) = tokio::join!(waiting, doing);
    waited?;
    Ok(begun?.elapsed())
}

/// Measures the time from a key press in one browser until a colleague's browser has painted the result: presence, and a note.
async fn between_two(on: &str, count: usize) -> Result<()> {
    let database = fresh(on).await?;
    let mut service = Service::new(database.as_deref())?;
    service.start().await?;
    let (mila, petar) = (
        service.hire("mila", "counsellor").await?,
        service.hire("petar", "counsellor").await?,
    );
    let client = reqwest::Client::builder().build()?;
    let post = client.post(format!("{}/api/v1/contacts", service.base()));
    let post = post.json(&json!({ "kind": "advice", "message": "poruka" }));
    post.send().await?.error_for_status()?;
    let contacts = petar.until_contacts(1).await?;
    let reference = contacts
        .first()
        .map(|contact| text(contact, "/reference").to_owned())
        .context("a contact")?;
    let hers = desk_of(&service, &mila, "/desk/inbox?view=all").await?;
    let his = desk_of(&service, &petar, &format!("/desk/contacts/{reference}?view=all")).await?;
    let press = async |css: &str| -> Result<()> {
        let script = "document.querySelector(arguments[0]).click()";
        hers.client().execute(script, vec![json!(css)]).await?;
        Ok(())
    };
    let (mut seen, mut noted) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    for number in 0..count {
        seen.push(painted(&his, "#present", "mila", press("#list a[data-row]")).await?);
        wait_until(Duration::from_secs(10), || async {
            hers.client().find(Locator::Css("#note")).await.is_ok()
        })
        .await?;
        let words = format!("beleška {number}.");
        let write = "document.querySelector('#note').value = arguments[0];
            document.querySelector('form.note').requestSubmit();";
        let note = async {
            hers.client().execute(write, vec![json!(words)]).await?;
            Ok(())
        };
        noted.push(painted(&his, "#thread", &words, note).await?);
        press(".views a[href*='view=all']").await?;
        wait_until(Duration::from_secs(10), || async {
            let gone = "return !document.querySelector('#present').textContent.includes('mila')";
            his.client()
                .execute(gone, vec![])
                .await
                .is_ok_and(|gone| gone == true)
        })
        .await?;
    }
    row(
        "a click to a colleague's screen: who reads along",
        on,
        1,
        count,
        begun.elapsed(),
        &mut seen,
    )?;
    row(
        "a click to a colleague's screen: a note",
        on,
        1,
        count,
        begun.elapsed(),
        &mut noted,
    )?;
    hers.close().await?;
    his.close().await
}

/// Measures the time from the form's response until the inbox lists the contact. The inbox is read as a live page reads it.
async fn to_list(on: &str, count: usize) -> Result<()> {
    let database = fresh(on).await?;
    let mut service = Service::new(database.as_deref())?;
    service.start().await?;
    let staff = service.hire("mila", "counsellor").await?;
    let client = reqwest::Client::builder().build()?;
    let mut times = Vec::new();
    let begun = Instant::now();
    for number in 0..count {
        let sent = Instant::now();
        client
            .post(format!("{}/api/v1/contacts", service.base()))
            .json(&json!({ "kind": "advice", "message": format!("number {number}") }))
            .send()
            .await?
            .error_for_status()?;
        while staff
            .get("/api/v1/inbox?view=all")
            .await?
            .pointer("/contacts/0/first_words")
            != Some(&json!(format!("number {number}")))
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(sent.elapsed());
    }
    row("post to inbox list", on, 1, count, begun.elapsed(), &mut times)
}
