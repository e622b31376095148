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

/// A robot's way of posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robot {
    /// Posts without opening the form.
    Blind,
    /// Opens the form before each post, and sends its fields, but no proof.
    OpensForm,
}

/// A form as its page contains it.
pub struct OpenForm {
    id: String,
    token: String,
    /// The challenge in the page, if the line asked for a proof when it showed the form.
    challenge: Option<Value>,
}

/// A pupil's post.
pub struct Posted {
    /// The page with the receipt.
    pub receipt: String,
    /// The time from opening the form to the receipt, without the time for typing.
    pub took: Duration,
    /// The number of hashes that the proof needed. 0: the line asked for no proof.
    pub hashes: u64,
}

/// How a flood is sent.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The number of pupils.
    pub pupils: u32,
    /// The number of robots' posts.
    pub robots: u32,
    /// The share of robots that open the form before each post, in percent.
    pub opening: u32,
    /// The time over which pupils and robots are spread.
    pub lasts: Duration,
    /// The time that a pupil types.
    pub typing: Duration,
}

/// Posts a message as a robot does: without a proof.
///
/// # Errors
/// If the post is not accepted.
pub async fn post_as_robot(client: &reqwest::Client, base: &str, robot: Robot, words: &str) -> Result<()> {
    let mut fields = vec![("lang", "en".to_owned()), ("message", words.to_owned())];
    if robot == Robot::OpensForm {
        let form = open_form(client, base).await?;
        fields.extend([("id", form.id), ("form_token", form.token)]);
    }
    let posted = client.post(format!("{base}/advice")).form(&fields).send().await?;
    ensure!(posted.status().is_success(), "a robot got {}", posted.status());
    posted.bytes().await?;
    Ok(())
}

/// Opens the form, types for a while, solves the challenge as the script of the page does, and posts a message.
///
/// # Errors
/// If the post gets no receipt.
pub async fn post_as_pupil(
    client: &reqwest::Client,
    base: &str,
    typing: Duration,
    words: &str,
) -> Result<Posted> {
    let started = Instant::now();
    let form = open_form(client, base).await?;
    let opened = started.elapsed();
    tokio::time::sleep(typing).await;
    let sending = Instant::now();
    // The script solves the challenge of the page while the pupil types; else it asks for one when the form is sent.
    let challenge = match &form.challenge {
        Some(challenge) => Some(challenge.clone()),
        None => fetch_challenge(client, base).await?,
    };
    let (proof, hashes) = match challenge {
        Some(challenge) => tokio::task::spawn_blocking(move || solve(&challenge)).await??,
        None => (String::new(), 0),
    };
    let receipt = send_form(client, base, &form, words, &proof).await?;
    Ok(Posted {
        receipt,
        took: opened + sending.elapsed(),
        hashes,
    })
}

/// Posts an open form as a browser without JavaScript does. Returns the page with the receipt.
///
/// # Errors
/// If the post gets no receipt.
pub async fn post_form(client: &reqwest::Client, base: &str, form: &OpenForm, words: &str) -> Result<String> {
    send_form(client, base, form, words, "").await
}

async fn send_form(
    client: &reqwest::Client,
    base: &str,
    form: &OpenForm,
    words: &str,
    proof: &str,
) -> Result<String> {
    let fields = [
        ("id", form.id.as_str()),
        ("form_token", form.token.as_str()),
        ("lang", "en"),
        ("message", words),
        ("proof", proof),
    ];
    let posted = client.post(format!("{base}/advice")).form(&fields).send().await?;
    ensure!(posted.status().is_success(), "a pupil got {}", posted.status());
    let receipt = posted.text().await?;
    ensure!(receipt.contains("id=\"code\""), "a pupil got no receipt");
    Ok(receipt)
}

/// Opens the form for advice.
///
/// # Errors
/// If the page is not a form.
pub async fn open_form(client: &reqwest::Client, base: &str) -> Result<OpenForm> {
    let page = client.get(format!("{base}/advice?lang=en")).send().await?;
    let page = page.text().await?;
    let between = |start: &str| {
        let (_, rest) = page.split_once(start)?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let challenge =
        between("data-challenge=\"").map(|json| json.replace("&quot;", "\"").replace("&#34;", "\""));
    Ok(OpenForm {
        id: between("name=\"id\" value=\"").context("the form has no id")?,
        token: between("name=\"form_token\" value=\"").context("the form has no token")?,
        challenge: challenge
            .map(|json| serde_json::from_str(&json.replace("&#38;", "&").replace("&amp;", "&")))
            .transpose()?,
    })
}

async fn fetch_challenge(client: &reqwest::Client, base: &str) -> Result<Option<Value>> {
    let answer = client.get(format!("{base}/challenge")).send().await?;
    match answer.status().as_u16() {
        204 => Ok(None),
        200 => Ok(Some(answer.json().await?)),
        status => anyhow::bail!("/challenge answered {status}"),
    }
}

/// Solves a challenge. Returns the solution as the form posts it, and the number of hashes that it needed.
///
/// # Errors
/// If the challenge has no solution.
pub fn solve(challenge: &Value) -> Result<(String, u64)> {
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
    let number = (0..=most)
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
    Ok((STANDARD.encode(solved.to_string()), number + 1))
}

/// Sends robots and pupils at the same time, both spread evenly. Returns what the pupils posted.
///
/// # Errors
/// If a request fails.
pub async fn run(base: &str, plan: Plan) -> Result<Vec<Posted>> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?;
    let started = tokio::time::Instant::now();
    // More requests at once than any one machine opens would measure the client's machine.
    let open = Arc::new(Semaphore::new(256));
    let mut robots_left = JoinSet::new();
    for number in 0..plan.robots {
        let (client, base, open) = (client.clone(), base.to_owned(), Arc::clone(&open));
        robots_left.spawn(async move {
            tokio::time::sleep_until(started + plan.lasts * number / plan.robots).await;
            let _permit = open.acquire().await?;
            let robot = match number * 37 % 100 < plan.opening {
                true => Robot::OpensForm,
                false => Robot::Blind,
            };
            let words = match robot {
                Robot::Blind => format!("Buy now {number}"),
                Robot::OpensForm => format!("Form robot {number}"),
            };
            post_as_robot(&client, &base, robot, &words).await
        });
    }
    let mut pupils_left = JoinSet::new();
    for number in 0..plan.pupils {
        let (client, base) = (client.clone(), base.to_owned());
        pupils_left.spawn(async move {
            tokio::time::sleep_until(started + plan.lasts * number / plan.pupils).await;
            post_as_pupil(&client, &base, plan.typing, &format!("Pupil {number} asks")).await
        });
    }
    let mut posted = Vec::new();
    while let Some(done) = pupils_left.join_next().await {
        posted.push(done??);
    }
    while let Some(done) = robots_left.join_next().await {
        done??;
    }
    Ok(posted)
}
