//! The crash test: the service is killed repeatedly while people write. Every message must be registered exactly once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    peers::{dovecot::Dovecot, postgres::Postgres, smtp::Smtp},
    service::{CENTRE, Service},
    staff::{Staff, text},
};

/// The size of the test.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How often the service is killed.
    pub kills: usize,
    /// Mails delivered to the mailbox.
    pub mails: usize,
    /// Posts to the form, each repeated until it gets a response.
    pub posts: usize,
    /// Whether to use PostgreSQL instead of SQLite.
    pub postgres: bool,
}

impl Plan {
    /// Returns the pause between two of `count` messages, which spreads the messages over the time of all kills.
    fn pause(&self, count: usize) -> Duration {
        Duration::from_millis((self.kills * 300 / count.max(1)).clamp(5, 500) as u64)
    }
}

/// The result of the test.
#[derive(Debug)]
pub struct Outcome {
    /// Number of registered contacts.
    pub registered: usize,
    /// Number of replies that the SMTP server accepted. A repeated reply counts once.
    pub replies: usize,
    /// Number of repeated replies. A reply repeats when the kill falls between the server's "250" and the commit.
    pub repeated: usize,
}

/// Runs the test. Returns an error that lists lost and duplicated messages.
pub async fn run(plan: &Plan) -> Result<Outcome> {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("person", "person")]).await?;
    let smtp = Smtp::start(&dovecot, &[("person@example.org", "person"), (CENTRE, "kontakt")]).await?;
    let database = if plan.postgres {
        Some(Postgres::url_of_fresh_database().await?)
    } else {
        None
    };
    let url = database.as_ref().map(|database| database.url().to_owned());
    let mut service = Service::with_mail(url.as_deref(), &dovecot, &smtp, "acknowledge = true")?;
    service.start().await?;
    let staff = service.hire("mila", "counsellor").await?;
    let posting = post_all(service.base(), plan.posts, plan.pause(plan.posts));
    let delivering = deliver_all(&dovecot, plan.mails, plan.pause(plan.mails));
    let killing = kill_often(&mut service, plan.kills);
    let (posting, delivering, killing) = tokio::join!(posting, delivering, killing);
    posting?;
    delivering?;
    killing?;
    let expected = plan.mails + plan.posts;
    let staff = settled(&service, staff, expected).await?;
    let contacts = staff.contacts().await?;
    check_registered(&contacts, plan)?;
    let verified = service.must(&["statistics", "verify"])?;
    ensure!(
        verified.contains(&format!("recount of {expected} contacts")),
        "{verified}"
    );
    service.must(&["reconcile"])?;
    let (replies, repeated) = check_replies(&smtp, plan.mails).await?;
    service.stop();
    Ok(Outcome {
        registered: contacts.len(),
        replies,
        repeated,
    })
}

/// Delivers mails from `person+N`. Each sender gets one acknowledgement, so each mail also causes a reply.
async fn deliver_all(dovecot: &Dovecot, mails: usize, pause: Duration) -> Result<()> {
    for number in 0..mails {
        let mail = format!(
            "From: <person+{number}@example.org>\r\nTo: <{CENTRE}>\r\nSubject: mail {number}\r\n\
             Message-ID: <crash-{number}@example.org>\r\n\r\nThis is mail number {number}.\r\n"
        );
        dovecot.deliver("kontakt", mail.as_bytes())?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

async fn post_all(base: String, posts: usize, pause: Duration) -> Result<()> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()?;
    let mut writers = Vec::new();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let (client, base, next) = (client.clone(), base.clone(), Arc::clone(&next));
        writers.push(tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= posts {
                    return anyhow::Ok(());
                }
                post(&client, &base, number).await?;
                tokio::time::sleep(pause * 4).await;
            }
        }));
    }
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Posts a message until it gets a response, as a browser does after a broken connection.
async fn post(client: &reqwest::Client, base: &str, number: usize) -> Result<()> {
    for _ in 0..2_000 {
        let answer = client
            .post(format!("{base}/api/v1/contacts"))
            .header("idempotency-key", format!("crash-test-post-{number}"))
            .json(&json!({ "kind": "advice", "message": format!("This is post number {number}.") }))
            .send()
            .await;
        if answer.is_ok_and(|answer| answer.status().as_u16() == 201) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("post {number} was never answered")
}

async fn kill_often(service: &mut Service, kills: usize) -> Result<()> {
    for round in 0..kills {
        // The pause varies, so that some kills hit the service just after its start and others in normal operation.
        let pause = 15 + (round * 7_919) % 260;
        tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        service.kill();
        service
            .start()
            .await
            .with_context(|| format!("after kill {round}"))?;
    }
    Ok(())
}

/// Waits until all messages are registered and the queue is empty.
async fn settled(service: &Service, mut staff: Staff, expected: usize) -> Result<Staff> {
    for _ in 0..600 {
        if staff.contacts().await.is_ok_and(|all| all.len() >= expected)
            && service.must(&["queue", "list"])?.contains("Nothing waits")
        {
            return Ok(staff);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if staff.get("/api/v1/inbox").await.is_err() {
            staff = service.log_in("mila").await?;
        }
    }
    let all = staff.contacts().await?.len();
    anyhow::bail!(
        "{all} of {expected} were registered; waiting:\n{}",
        service.must(&["queue", "list"])?
    )
}

fn check_registered(contacts: &[serde_json::Value], plan: &Plan) -> Result<()> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for contact in contacts {
        *seen.entry(text(contact, "/first_words").to_owned()).or_default() += 1;
    }
    let mails = (0..plan.mails).map(|number| format!("This is mail number {number}."));
    let posts = (0..plan.posts).map(|number| format!("This is post number {number}."));
    for words in mails.chain(posts) {
        let times = seen.remove(&words).unwrap_or_default();
        ensure!(times == 1, "{words:?} was registered {times} times");
    }
    ensure!(seen.is_empty(), "registered from nowhere: {seen:?}");
    Ok(())
}

/// Checks that each acknowledgement arrives, and that repeated acknowledgements have the same Message-ID.
async fn check_replies(smtp: &Smtp, mails: usize) -> Result<(usize, usize)> {
    let mut by_recipient: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let entries = smtp.journal()?;
    for entry in &entries {
        let mail = String::from_utf8_lossy(&entry.data).into_owned();
        let id = mail
            .lines()
            .find(|line| line.starts_with("Message-ID:"))
            .unwrap_or_default()
            .trim()
            .to_owned();
        for recipient in &entry.rcpt_to {
            by_recipient
                .entry(recipient.clone())
                .or_default()
                .push(id.clone());
        }
    }
    ensure!(
        by_recipient.len() == mails,
        "{} of {mails} people were answered",
        by_recipient.len()
    );
    for (recipient, ids) in &by_recipient {
        ensure!(
            ids.iter().all(|id| Some(id) == ids.first()),
            "{recipient} got different answers: {ids:?}"
        );
    }
    Ok((by_recipient.len(), entries.len() - by_recipient.len()))
}
