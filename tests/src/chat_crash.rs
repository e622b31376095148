//! The crash test of the chat channels: the service is killed repeatedly while the platforms misbehave. Every message must be registered
//! once and in order.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    peers::{
        discord::Discord,
        postgres::{FreshDatabase, Postgres},
        telegram::Telegram,
        wait_until,
    },
    service::Service,
    staff::{Staff, text},
};

/// Returns settings with a line for each chat channel.
#[must_use]
pub fn lines(telegram: &Telegram, discord: &Discord) -> String {
    format!(
        "[lines.telegram]\nchannel = \"telegram\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n\
         [lines.discord]\nchannel = \"discord\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n",
        telegram.token(),
        telegram.api_url(),
        discord.token(),
        discord.api_url()
    )
}

/// Returns the messages of each contact, in order.
async fn registered(staff: &Staff) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for contact in staff.contacts().await.unwrap_or_default() {
        let contact = staff
            .contact(text(&contact, "/reference"))
            .await
            .unwrap_or_default();
        let messages = contact.get("messages").and_then(Value::as_array).cloned();
        let said = messages.unwrap_or_default().into_iter();
        all.push(said.map(|one| text(&one, "/text").to_owned()).collect());
    }
    all.sort();
    all
}

/// Kills the service `kills` times while `people` write `each` messages per channel and faults are on. Returns an error that lists lost,
/// duplicated and reordered messages.
pub async fn run(kills: u64, people: u16, each: usize, postgres: bool) -> Result<()> {
    let (telegram, discord) = (Telegram::start().await?, Discord::start().await?);
    for person in 1..=people {
        telegram.person(i64::from(person), "Neko");
        discord.person(u64::from(person), &format!("neko{person}"), None);
    }
    let database = if postgres {
        Some(Postgres::url_of_fresh_database().await?)
    } else {
        None
    };
    let url = database.as_ref().map(FreshDatabase::url);
    let mut service = Service::with_lines(url, &lines(&telegram, &discord))?;
    service.start().await?;
    let staff = service.hire("mila", "counsellor").await?;
    wait_until(Duration::from_secs(30), || async { discord.connected() > 0 }).await?;
    // After a restart, the bot fetches missed messages only from channels that it knows. Each person therefore writes once while the bot is
    // connected.
    for person in 1..=people {
        discord.says(u64::from(person), &format!("discord {person} broj 0"))?;
    }
    staff.until_contacts(usize::from(people)).await?;
    telegram.chaos(7);
    telegram.duplicate(true);
    discord.chaos(9);
    // This pause spreads the messages over the time of all kills.
    let pause = Duration::from_millis(kills * 300 / (u64::from(people) * each as u64).max(1));
    let writing = async {
        for number in 0..each {
            for person in 1..=people {
                telegram.says(i64::from(person), &format!("telegram {person} broj {number}"));
                if number > 0 {
                    discord.says(u64::from(person), &format!("discord {person} broj {number}"))?;
                }
                tokio::time::sleep(pause.max(Duration::from_millis(5))).await;
            }
        }
        anyhow::Ok(())
    };
    let killing = async {
        for round in 0..kills {
            tokio::time::sleep(Duration::from_millis(60 + round * 7_919 % 300)).await;
            service.kill();
            service.start().await?;
        }
        anyhow::Ok(())
    };
    let (writing, killing) = tokio::join!(writing, killing);
    writing?;
    killing?;
    let staff = service.log_in("mila").await?;
    let mut sent = Vec::new();
    for channel in ["discord", "telegram"] {
        for person in 1..=people {
            sent.push(
                (0..each)
                    .map(|number| format!("{channel} {person} broj {number}"))
                    .collect::<Vec<_>>(),
            );
        }
    }
    let ended = wait_until(Duration::from_secs(120), || async {
        registered(&staff).await == sent
    })
    .await;
    ensure!(ended.is_ok(), "{:#?}", registered(&staff).await);
    service.must(&["statistics", "verify"])?;
    service.must(&["reconcile"])?;
    Ok(())
}
