//! Benchmark of guessed passwords: how long log-ins from known devices take while somebody guesses the passwords of 1,000 names.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, header, redirect::Policy};

use crate::{service::Service, staff::PASSWORD};

/// The number of names whose passwords are guessed.
const NAMES: usize = 1_000;
/// The number of guesses under way at once.
const GUESSERS: usize = 64;
/// The accounts that log in on known devices.
const ACCOUNTS: usize = 20;
/// How often each of them logs in during the attack. The limit for each name permits six at once.
const ROUNDS: usize = 4;
/// The time between two measured log-ins.
const PAUSE: Duration = Duration::from_millis(500);

/// Measures on a database, and prints a table.
///
/// # Errors
/// Fails if the service cannot be started, or if a known device is refused.
pub async fn measure(on: &str, database: Option<&str>) -> Result<()> {
    let mut service = Service::new(database)?;
    service.start().await?;
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(120))
        .build()?;
    let mut devices = Vec::with_capacity(ACCOUNTS);
    for number in 0..ACCOUNTS {
        let login = format!("mila{number}");
        let add = ["staff", "add", &login, "--name", &login, "--role", "counsellor"];
        let added = service.run(&add, &format!("{PASSWORD}\n"))?;
        ensure!(added.status.success(), "{login} could not be added");
        let (_, cookies) = log_in(&client, &service.base(), &login, "").await?;
        devices.push((login, cookies));
    }
    println!("| what | on | guesses under way | count | p50 ms | p95 ms | longest ms |");
    println!("|---|---|---|---|---|---|---|");
    let mut alone = Vec::new();
    for (login, cookies) in &devices {
        alone.push(log_in(&client, &service.base(), login, cookies).await?.0);
    }
    print_row("log-in on a known device", on, 0, &mut alone);

    let stop = Arc::new(AtomicBool::new(false));
    let (answered, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut guessers = tokio::task::JoinSet::new();
    for guesser in 0..GUESSERS {
        let (client, base, stop) = (client.clone(), service.base(), Arc::clone(&stop));
        let (answered, busy) = (Arc::clone(&answered), Arc::clone(&busy));
        guessers.spawn(async move {
            let mut name = guesser * NAMES / GUESSERS;
            while !stop.load(Ordering::Relaxed) {
                name = (name + 1) % NAMES;
                // A few of the names exist.
                let form = [
                    ("login", format!("mila{name}")),
                    ("password", format!("guess {name}")),
                ];
                let request = client.post(format!("{base}/desk/login")).form(&form);
                if let Ok(answer) = request.send().await {
                    answered.fetch_add(1, Ordering::Relaxed);
                    if answer.status().as_u16() != 422 {
                        busy.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut attacked = Vec::new();
    for _ in 0..ROUNDS {
        for (login, cookies) in &devices {
            attacked.push(log_in(&client, &service.base(), login, cookies).await?.0);
            tokio::time::sleep(PAUSE).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    guessers.shutdown().await;
    print_row("log-in on a known device", on, GUESSERS, &mut attacked);
    println!(
        "\n{} guesses at {NAMES} names were answered meanwhile, {} of them only that too many wait.",
        answered.load(Ordering::Relaxed),
        busy.load(Ordering::Relaxed)
    );
    Ok(())
}

/// Logs in with the cookies of a device. Returns the time that it took, and the cookies that the device then has.
async fn log_in(client: &Client, base: &str, login: &str, cookies: &str) -> Result<(Duration, String)> {
    let form = [("login", login), ("password", PASSWORD)];
    let request = client.post(format!("{base}/desk/login")).form(&form);
    let begun = Instant::now();
    let answer = request.header(header::COOKIE, cookies).send().await?;
    let time = begun.elapsed();
    let status = answer.status();
    ensure!(status.as_u16() == 303, "{login} got {status}");
    let set = answer.headers().get_all(header::SET_COOKIE).iter();
    let device = set
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .find(|cookie| cookie.contains("device-"))
        .context("the device got no mark")?;
    Ok((time, device.to_owned()))
}

fn print_row(what: &str, on: &str, guessers: usize, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
    };
    println!(
        "| {what} | {on} | {guessers} | {} | {:.0} | {:.0} | {:.0} |",
        times.len(),
        at(50),
        at(95),
        at(100)
    );
}
