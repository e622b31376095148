//! `cargo run --release -p hotline-tests --bin flood -- [pupils] [robots] [seconds]` floods the web form and prints what came of it.
//!
//! By default, 500 pupils and 10,000 robots post in 90 seconds. The time is compressed: in a real flood, the same posts would come in 45
//! minutes, so the service gets them 30 times as fast. The service's clock runs at its usual speed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hotline_tests::{flood, service::Service, staff::Staff};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<u32> = std::env::args()
        .skip(1)
        .map(|word| word.parse())
        .collect::<Result<_, _>>()?;
    let word = |index: usize, usual: u32| words.get(index).copied().unwrap_or(usual);
    let (pupils, robots, seconds) = (word(0, 500), word(1, 10_000), word(2, 90));
    let mut service = Service::new(None)?;
    service.start().await?;
    let vera = service.hire("vera", "supervisor").await?;
    let before = number(&vera, "/total").await?;
    println!(
        "{pupils} pupils and {robots} robots in {seconds} s ({:.0} times as fast as 45 minutes)",
        2_700.0 / f64::from(seconds)
    );
    let lasts = Duration::from_secs(u64::from(seconds));
    let times = flood::run(&service.base(), pupils, robots, lasts).await?;
    let sent = Instant::now();
    let (pupils, robots) = (i64::from(pupils), i64::from(robots));
    loop {
        let (total, quarantined) = (
            number(&vera, "/total").await?,
            number(&vera, "/quarantined").await?,
        );
        if total - before + quarantined >= pupils + robots {
            break;
        }
        anyhow::ensure!(
            sent.elapsed() < Duration::from_secs(600),
            "not all were registered"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!(
        "all registered {:.1} s after the last post",
        sent.elapsed().as_secs_f64()
    );
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default().as_secs_f64()
    };
    println!(
        "pupils: p50 {:.3} s, p95 {:.3} s, max {:.3} s",
        at(50),
        at(95),
        at(100)
    );
    let held = quarantined(&vera).await?;
    let pupils_held = held.iter().filter(|words| words.starts_with("Pupil")).count();
    let robots_held = held.len() - pupils_held;
    let share = robots_held as f64 * 100.0 / robots as f64;
    println!("robots in quarantine: {robots_held} of {robots} ({share:.2} %)");
    println!("pupils in quarantine: {pupils_held} of {pupils}");
    let after = number(&vera, "/total").await?;
    println!(
        "total before {before}, after {after}; {} robots counted",
        after - before - (pupils - i64::try_from(pupils_held)?)
    );
    Ok(())
}

async fn number(staff: &Staff, pointer: &str) -> Result<i64> {
    let totals = staff.get("/api/v1/statistics/totals").await?;
    totals
        .pointer(pointer)
        .and_then(Value::as_i64)
        .with_context(|| format!("the totals have no {pointer}"))
}

/// Returns the first words of all contacts in quarantine.
async fn quarantined(staff: &Staff) -> Result<Vec<String>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = staff
            .get(&format!("/api/v1/inbox?view=quarantine{after}"))
            .await?;
        let rows = page
            .get("contacts")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        all.extend(rows.iter().map(|row| {
            let words = row.get("first_words").and_then(Value::as_str);
            words.unwrap_or_default().to_owned()
        }));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(all),
        }
    }
}
