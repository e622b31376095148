//! Both chat channels at the same time, while the service is killed and the platforms misbehave.

use std::time::Duration;

use hotline_tests::{
    chat_crash::{lines, run},
    peers::{
        browser::Browser,
        discord::Discord,
        telegram::{Telegram, content},
        wait_until,
    },
    service::Service,
    staff::text,
};

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_and_faults_lose_nothing_double_nothing_and_keep_the_order() {
    run(8, 4, 25, false).await.unwrap();
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
    let queue_of = async |login: &str, role: &str| {
        let staff = service.hire(login, role).await.unwrap();
        let page = staff.page("/desk/queue").await.unwrap();
        (page, staff.get("/api/v1/queue").await.unwrap())
    };
    let (page, json) = queue_of("sara", "supervisor").await;
    let contact = format!("/desk/contacts/{reference}");
    let again = format!("{contact}/messages/{}/again", text(&json, "/failed/0/message"));
    assert!(
        page.contains(&format!("href=\"{contact}\"")) && page.contains(&again),
        "{page}"
    );
    assert!(page.contains("blocked us"), "{page}");
    assert_eq!(
        (text(&json, "/failed/0/reference"), text(&json, "/failed/0/line")),
        (reference.as_str(), "telegram")
    );
    let (page, _) = queue_of("vera", "administrator").await;
    assert!(page.contains(&reference) && page.contains("blocked us"), "{page}");
    assert!(
        !page.contains(&contact),
        "administrators read no contacts: {page}"
    );
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

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_person_can_send_is_shown_as_it_was_meant() {
    let (telegram, discord) = (Telegram::start().await.unwrap(), Discord::start().await.unwrap());
    telegram.person(7_001, "Ana").username("ana");
    let mut service = Service::with_lines(None, &lines(&telegram, &discord)).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let file = |name| telegram.add_file(b"x", name);
    let first = telegram.says(7_001, "Neko mi prti");
    telegram.edits(7_001, first, &content::text("Neko mi preti"));
    for sent in [
        content::captioned(content::photo(&file("a.jpg")), "ovo mi je poslao"),
        content::document(&file("pretnje.pdf"), "application/pdf"),
        content::voice(&file("glas.ogg")),
        content::audio(&file("pesma.mp3")),
        content::video(&telegram.add_huge_file(30 << 20)),
        content::video_note(&file("krug.mp4")),
        content::sticker(&file("s.webp"), "😢"),
        content::location(44.8125, 20.4612),
        content::contact("+381600000000", "Nepoznat"),
        content::poll("Da kažem mami?", &["da", "ne"]),
        content::forwarded_from_hidden_user(content::text("znam gde živiš"), "Skriveni"),
        content::reply_to(content::text("na ovo"), &telegram.message(7_001, first).unwrap()),
    ] {
        telegram.sends(7_001, &sent);
    }
    telegram.album(
        7_001,
        &[content::photo(&file("1.jpg")), content::photo(&file("2.jpg"))],
    );
    telegram.blocks(7_001);
    let contacts = staff.until_contacts(1).await.unwrap();
    let path = format!("/desk/contacts/{}?view=all", text(&contacts[0], "/reference"));
    wait_until(Duration::from_secs(20), || async {
        staff.page(&path).await.unwrap().contains("The person blocked us")
    })
    .await
    .unwrap();
    let page = staff.page(&path).await.unwrap();
    for shown in [
        "Neko mi preti",
        "Neko mi prti",
        "ovo mi je poslao",
        "pretnje.pdf",
        "audio/ogg",
        "pesma.mp3",
        "larger than the platform gives out",
        "😢",
        "44.8125",
        "+381600000000",
        "Da kažem mami?",
        "Somebody else&#39;s words",
        "Quoted text",
        "Fetch",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    staff
        .reply(
            text(&contacts[0], "/reference"),
            "Tu smo. Ne šalji mu više ništa.",
        )
        .await
        .unwrap();
    can_be_used(&service, &path, "telegram").await;
}

/// Checks a contact's page with axe-core at desktop and phone width. Saves screenshots if `HOTLINE_SCREENSHOTS` names a folder.
pub async fn can_be_used(service: &Service, path: &str, name: &str) {
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, service, "sr-Latn").await;
    for (width, height) in [(1_280, 2_600), (360, 800)] {
        browser.set_size(width, height).await.unwrap();
        client.goto(&format!("{}{path}", service.base())).await.unwrap();
        assert_eq!(browser.axe().await.unwrap(), serde_json::json!([]), "{width}");
        if let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") {
            let file = std::path::Path::new(&folder).join(format!("{name}-{width}.png"));
            browser.screenshot(file).await.unwrap();
        }
    }
    browser.close().await.unwrap();
}
