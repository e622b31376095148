//! Both chat channels at once, at their worst.

use std::time::Duration;

use hotline_tests::{
    peers::{discord::Discord, telegram::Telegram, wait_until},
    service::{Service, Staff, text},
};
use serde_json::Value;

const PEOPLE: u16 = 4;
const EACH: usize = 25;

fn lines(telegram: &Telegram, discord: &Discord) -> String {
    format!(
        "[lines.telegram]\nchannel = \"telegram\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n\
         [lines.discord]\nchannel = \"discord\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n",
        telegram.token(),
        telegram.api_url(),
        discord.token(),
        discord.api_url()
    )
}

/// What the people of every contact wrote, in order.
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

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_and_faults_lose_nothing_double_nothing_and_keep_the_order() {
    let (telegram, discord) = (Telegram::start().await.unwrap(), Discord::start().await.unwrap());
    for person in 1..=PEOPLE {
        telegram.person(i64::from(person), "Neko");
        discord.person(u64::from(person), &format!("neko{person}"), None);
    }
    let mut service = Service::with_lines(None, &lines(&telegram, &discord)).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    wait_until(Duration::from_secs(30), || async { discord.connected() > 0 })
        .await
        .unwrap();
    // Whom Discord's bot has never heard of it can't find again, so everybody begins while it listens.
    for person in 1..=PEOPLE {
        discord
            .says(u64::from(person), &format!("discord {person} broj 0"))
            .unwrap();
    }
    staff.until_contacts(usize::from(PEOPLE)).await.unwrap();
    telegram.chaos(7);
    telegram.duplicate(true);
    discord.chaos(9);
    let writing = async {
        for number in 0..EACH {
            for person in 1..=PEOPLE {
                telegram.says(i64::from(person), &format!("telegram {person} broj {number}"));
                if number > 0 {
                    discord
                        .says(u64::from(person), &format!("discord {person} broj {number}"))
                        .unwrap();
                }
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
    };
    let killing = async {
        for round in 0..8u64 {
            tokio::time::sleep(Duration::from_millis(60 + round * 7_919 % 300)).await;
            service.kill();
            service.start().await.unwrap();
        }
    };
    tokio::join!(writing, killing);
    let staff = service.log_in("mila").await.unwrap();
    let mut sent = Vec::new();
    for channel in ["discord", "telegram"] {
        for person in 1..=PEOPLE {
            sent.push(
                (0..EACH)
                    .map(|number| format!("{channel} {person} broj {number}"))
                    .collect::<Vec<_>>(),
            );
        }
    }
    let ended = wait_until(Duration::from_secs(120), || async {
        registered(&staff).await == sent
    })
    .await;
    assert!(ended.is_ok(), "{:#?}", registered(&staff).await);
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_stands_in_logs_or_database_even_when_everything_is_logged() {
    let (telegram, discord) = (Telegram::start().await.unwrap(), Discord::start().await.unwrap());
    let (word, name, id) = ("neponovljivareč", "Imenjakovićka", 7_331_173_317);
    telegram.person(id, name);
    discord.person(73_311_733_171_234, "imenjakovicka", Some(name));
    let mut service = Service::with_lines(None, &lines(&telegram, &discord)).unwrap();
    service.log_everything();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    wait_until(Duration::from_secs(30), || async { discord.connected() > 0 })
        .await
        .unwrap();
    telegram.says(id, word);
    discord.says(73_311_733_171_234, word).unwrap();
    discord.push_event(
        "MESSAGE_CREATE",
        &serde_json::json!({ "content": word, "id": [] }),
    );
    telegram.push_raw(&format!("{{\"update_id\": {{update_id}}, \"text\": \"{word}"));
    let contacts = staff.until_contacts(3).await.unwrap();
    let mine = contacts
        .iter()
        .find(|one| text(one, "/channel") == "telegram" && text(one, "/first_words") == word);
    let reference = text(mine.unwrap(), "/reference").to_owned();
    telegram.blocks(id);
    staff.reply(&reference, word).await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    service.stop();
    let secrets = [
        word.to_owned(),
        name.to_owned(),
        "imenjakovicka".to_owned(),
        id.to_string(),
        "73311733171234".to_owned(),
        telegram.token().to_owned(),
        discord.token(),
    ];
    for file in files(service.folder()) {
        if file.ends_with("hotline.toml") {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {}", file.display());
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
