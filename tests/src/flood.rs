//! A flood of posts to the web form: robots that post without a proof of work, and pupils whose browsers solve it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, task::JoinSet};

/// Posts a message as a robot does: without a proof.
pub async fn post_as_robot(client: &reqwest::Client, base: &str, words: &str) -> Result<()> {
    let form = [("lang", "en"), ("message", words)];
    let posted = client.post(format!("{base}/advice")).form(&form).send().await?;
    ensure!(posted.status().is_success(), "a robot got {}", posted.status());
    posted.bytes().await?;
    Ok(())
}

/// Opens the form, asks whether a proof is needed, solves it and posts a message. Returns the page with the receipt and the time that the
/// requests took. The time for solving is not included, because the browsers of the pupils solve at the same time, each on its own
/// machine.
pub async fn post_as_pupil(client: &reqwest::Client, base: &str, words: &str) -> Result<(String, Duration)> {
    let started = Instant::now();
    let page = client.get(format!("{base}/advice?lang=en")).send().await?;
    let page = page.text().await?;
    let id = page
        .split_once("name=\"id\" value=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(id, _)| id.to_owned())
        .context("the form has no id")?;
    let answer = client.get(format!("{base}/challenge")).send().await?;
    let mut took = started.elapsed();
    let proof = match answer.status().as_u16() {
        204 => String::new(),
        200 => solve(&answer.json().await?)?,
        status => anyhow::bail!("/challenge answered {status}"),
    };
    let posting = Instant::now();
    let form = [
        ("id", id.as_str()),
        ("lang", "en"),
        ("message", words),
        ("proof", &proof),
    ];
    let posted = client.post(format!("{base}/advice")).form(&form).send().await?;
    ensure!(posted.status().is_success(), "a pupil got {}", posted.status());
    let receipt = posted.text().await?;
    took += posting.elapsed();
    ensure!(receipt.contains("id=\"code\""), "a pupil got no receipt");
    Ok((receipt, took))
}

/// Solves a challenge, and returns the solution as the form posts it.
pub fn solve(challenge: &Value) -> Result<String> {
    let field = |name: &str| {
        challenge
            .get(name)
            .and_then(Value::as_str)
            .context("no such field")
    };
    let (wanted, salt) = (field("challenge")?, field("salt")?);
    let most = challenge
        .get("maxnumber")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let number = (0..most)
        .find(|number| {
            let hash = Sha256::digest(format!("{salt}{number}"));
            hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == wanted
        })
        .context("the challenge has no solution")?;
    let solved = json!({
        "algorithm": field("algorithm")?,
        "challenge": wanted,
        "number": number,
        "salt": salt,
        "signature": field("signature")?,
    });
    Ok(STANDARD.encode(solved.to_string()))
}

/// Sends robots and pupils at the same time, both spread evenly over `lasts`. Returns the times of the pupils, shortest first.
pub async fn run(base: &str, pupils: u32, robots: u32, lasts: Duration) -> Result<Vec<Duration>> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?;
    let started = tokio::time::Instant::now();
    // More requests at once than any one machine opens would measure the client's machine.
    let open = Arc::new(Semaphore::new(256));
    let mut robots_left = JoinSet::new();
    for number in 0..robots {
        let (client, base, open) = (client.clone(), base.to_owned(), Arc::clone(&open));
        robots_left.spawn(async move {
            tokio::time::sleep_until(started + lasts * number / robots).await;
            let _permit = open.acquire().await?;
            post_as_robot(&client, &base, &format!("Buy now {number}")).await
        });
    }
    let mut pupils_left = JoinSet::new();
    for number in 0..pupils {
        let (client, base) = (client.clone(), base.to_owned());
        pupils_left.spawn(async move {
            tokio::time::sleep_until(started + lasts * number / pupils).await;
            post_as_pupil(&client, &base, &format!("Pupil {number} asks"))
                .await
                .map(|(_, took)| took)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = pupils_left.join_next().await {
        times.push(done??);
    }
    while let Some(done) = robots_left.join_next().await {
        done??;
    }
    times.sort_unstable();
    Ok(times)
}
