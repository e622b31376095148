//! `cargo run --release -p hotline-tests --bin flood -- [pupils] [robots] [seconds] [percent]` floods the web form and prints the outcome.
//!
//! By default, 500 pupils and 10,000 robots post in 90 seconds. `percent` of the robots open the form before each post; by default none.
//! The time is compressed: in a real flood, the same posts would come in 45 minutes, so the service gets them 30 times as fast. A pupil
//! types for one minute of those 45. The service's clock runs at its usual speed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hotline_tests::{
    flood::{self, Plan},
    service::Service,
    staff::Staff,
};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<u32> = std::env::args()
        .skip(1)
        .map(|word| word.parse())
        .collect::<Result<_, _>>()?;
    let word = |index: usize, usual: u32| words.get(index).copied().unwrap_or(usual);
    let seconds = word(2, 90);
    let lasts = Duration::from_secs(u64::from(seconds));
    let plan = Plan {
        pupils: word(0, 500),
        robots: word(1, 10_000),
        opening: word(3, 0),
        lasts,
        typing: lasts / 45,
    };
    let mut service = Service::new(None)?;
    service.start().await?;
    let vera = service.hire("vera", "supervisor").await?;
    let before = number(&vera, "/total").await?;
    println!(
        "{} pupils and {} robots ({} % open the form) in {seconds} s, {:.0} times as fast as in 45 minutes",
        plan.pupils,
        plan.robots,
        plan.opening,
        2_700.0 / f64::from(seconds)
    );
    let posted = flood::run(&service.base(), plan).await?;
    let sent = Instant::now();
    let (pupils, robots) = (i64::from(plan.pupils), i64::from(plan.robots));
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
    let mut times: Vec<Duration> = posted.iter().map(|one| one.took).collect();
    times.sort_unstable();
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
    let proofs: Vec<u64> = posted
        .iter()
        .map(|one| one.hashes)
        .filter(|hashes| *hashes > 0)
        .collect();
    println!(
        "proofs: {} pupils, {:.0} hashes on average",
        proofs.len(),
        proofs.iter().sum::<u64>() as f64 / proofs.len().max(1) as f64
    );
    let held = quarantined(&vera).await?;
    let count = |start: &str| held.iter().filter(|words| words.starts_with(start)).count();
    let pupils_held = count("Pupil");
    let robots_held = held.len() - pupils_held;
    println!(
        "robots in quarantine: {robots_held} of {robots} ({:.2} %), {} of them opened the form",
        robots_held as f64 * 100.0 / robots as f64,
        count("Form robot")
    );
    println!("pupils in quarantine: {pupils_held} of {pupils}");
    let after = number(&vera, "/total").await?;
    println!(
        "total before {before}, after {after}: {} pupils and {} robots counted",
        pupils - i64::try_from(pupils_held)?,
        robots - i64::try_from(robots_held)?
    );
    service.must(&["statistics", "verify"])?;
    println!("the figures equal a recount");
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
