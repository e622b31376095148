//! Bold words, lists and links in replies: each channel shows them in its own way, and the preview shows what will be sent.

use std::time::Duration;

use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::text,
};
use serde_json::{Value, json};

use crate::writing::{posted, press, shows, until};

const WRITTEN: &str = "Зови **112**:\n- полицију\n- маму\nhttps://example.org/a_b";

#[tokio::test(flavor = "multi_thread")]
async fn telegram_shows_bold_words_and_bullets() {
    let (telegram, _service, mila) = crate::telegram::running("").await;
    telegram.says(crate::telegram::ANA, "Помозите");
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    mila.reply(&reference, WRITTEN).await.unwrap();
    mila.until_reply_is(&reference, "sent").await.unwrap();
    let sent = telegram.sent_to(crate::telegram::ANA);
    let last = sent.last().unwrap();
    assert_eq!(
        text(last, "/text"),
        "Зови 112:\n• полицију\n• маму\nhttps://example.org/a_b"
    );
    let bold = json!({ "type": "bold", "offset": 5, "length": 3 });
    assert_eq!(last.pointer("/entities/0"), Some(&bold));
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_shows_bold_words_and_lists_and_no_other_marks() {
    let (discord, _service, mila) = crate::discord::running("").await;
    discord.says(crate::discord::ANA, "Pomozite").unwrap();
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let written = format!("{WRITTEN}\nnik_je_ovo *x*");
    mila.reply(&reference, &written).await.unwrap();
    mila.until_reply_is(&reference, "sent").await.unwrap();
    let dm = discord.dm_of(crate::discord::ANA).unwrap();
    assert_eq!(
        crate::discord::told(&discord, dm).last().unwrap(),
        "Зови **112**:\n- полицију\n- маму\nhttps://example.org/a_b\nnik\\_je\\_ovo \\*x\\*"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formatted_mail_has_an_html_part_and_a_plain_one() {
    let world = crate::mail::world("").await;
    let mila = world.service.hire("mila", "counsellor").await.unwrap();
    world.ana_writes("a1@example.org", "", "Шта да радим?").await;
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    mila.reply(&reference, "Pozovi **112**:\n- policiju\n- mamu")
        .await
        .unwrap();
    let mail = world.arrives("ana", "multipart/alternative").await;
    let parsed = mail_parser::MessageParser::default()
        .parse(mail.as_bytes())
        .unwrap();
    let plain = parsed.body_text(0).unwrap();
    assert!(
        plain.contains("Pozovi 112:") && plain.contains("• policiju"),
        "{plain}"
    );
    let html = parsed.body_html(0).unwrap();
    assert!(
        html.contains("<strong>112</strong>") && html.contains("<li>mamu</li>"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_page_and_the_desk_show_the_formatting() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, code) = posted(&service, "Moj **nik** je\n- ana").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.reply(&reference, WRITTEN).await.unwrap();
    mila.until_reply_is(&reference, "sent").await.unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let form = [("code", code.as_str()), ("lang", "en")];
    let request = client.post(format!("{}/answer", service.base())).form(&form);
    let page = request.send().await.unwrap().text().await.unwrap();
    let desk = mila
        .page(&format!("/desk/contacts/{reference}?view=all"))
        .await
        .unwrap();
    for page in [&page, &desk] {
        assert!(page.contains("<strong>112</strong>"), "{page}");
        assert!(page.contains("href=\"https://example.org/a_b\""));
        assert!(
            page.contains("Moj **nik** je"),
            "the person's words stay as written"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_longer_than_the_channel_permits_is_previewed_in_its_parts() {
    let (telegram, service, mila) = crate::telegram::running("").await;
    telegram.says(crate::telegram::ANA, "Помозите");
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let long = format!("{}**Kraj.**", "Ovo je rečenica. ".repeat(300));
    let path = format!("/api/v1/contacts/{reference}/preview");
    let preview = mila.post(&path, &json!({ "text": long })).await.unwrap();
    let messages = preview.get("messages").and_then(Value::as_array).unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(preview.get("longest"), Some(&json!(4_096)));
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    let reply = until(client, "#reply").await;
    reply.send_keys("Call now").await.unwrap();
    client
        .execute("document.getElementById('reply').setSelectionRange(0, 4)", vec![])
        .await
        .unwrap();
    press(client, "#tools [data-mark='**']").await;
    press(client, "#preview-button").await;
    shows(client, "#preview strong", "Call").await;
    shows(client, "#preview", "Telegram shows bold").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    browser.pictures("composer").await.unwrap();
    client
        .execute(
            "const reply = document.getElementById('reply'); reply.value = arguments[0];
             reply.dispatchEvent(new Event('input', { bubbles: true }))",
            vec![json!(long)],
        )
        .await
        .unwrap();
    shows(client, "#preview", "Sent as 2 messages").await;
    shows(client, "#length", "4,096").await;
    client
        .find(fantoccini::Locator::Css("[data-send]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    wait_until(Duration::from_secs(20), || async {
        telegram.sent_to(crate::telegram::ANA).len() == 3
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
}
