//! Telegram: the real client, teloxide, against a stand-in for the Bot API.

use std::time::Duration;

use hotline_tests::{
    peers::{
        other_telegram::OtherTelegram,
        telegram::{Fault, Telegram, content},
        wait_until,
    },
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

pub const ANA: i64 = 7_001;
const PETAR: i64 = 7_002;

fn lines(telegram: &Telegram, more: &str) -> String {
    format!(
        "[lines.telegram]\nchannel = \"telegram\"\ntoken = \"{}\"\napi_url = \"{}\"\n{more}\n",
        telegram.token(),
        telegram.api_url()
    )
}

pub async fn running(more: &str) -> (Telegram, Service, Staff) {
    let telegram = Telegram::start().await.unwrap();
    telegram.person(ANA, "Ana").language_code("sr");
    telegram
        .person(PETAR, "Petar")
        .username("petar")
        .language_code("en");
    let mut service = Service::with_lines(None, &lines(&telegram, more)).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    (telegram, service, staff)
}

/// Returns the texts that the service sent to a person.
pub fn told(telegram: &Telegram, chat: i64) -> Vec<String> {
    let sent = telegram.sent_to(chat);
    sent.iter()
        .map(|message| text(message, "/text").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_a_contact_and_its_answer_arrives() {
    let (telegram, service, staff) = running("").await;
    telegram.says(ANA, "Неко ми прети. Шта да радим?");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    wait_until(Duration::from_secs(20), || async {
        told(&telegram, ANA).len() == 1
    })
    .await
    .unwrap();
    let acknowledged = told(&telegram, ANA).remove(0);
    assert!(
        acknowledged.contains(&reference) && acknowledged.contains("Сама платформа"),
        "{acknowledged}"
    );
    staff
        .reply(&reference, "Ту смо, *Ана*. <b>Не</b> одговарај му.")
        .await
        .unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    assert_eq!(
        told(&telegram, ANA).last().unwrap(),
        "Ту смо, *Ана*. <b>Не</b> одговарај му."
    );
    telegram.says(ANA, "Хвала");
    let said = staff.until_messages(&reference, 2).await.unwrap();
    assert_eq!(text(said.last().unwrap(), "/text"), "Хвала");
    let checked = service.must(&["check"]).unwrap();
    assert!(
        checked.contains("the token is that of the bot @centar_bot"),
        "{checked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_greet_and_open_no_contact_and_words_after_them_do() {
    let (telegram, _service, staff) = running("").await;
    telegram.says(PETAR, "/start");
    wait_until(Duration::from_secs(20), || async {
        told(&telegram, PETAR).len() == 1
    })
    .await
    .unwrap();
    let greeting = told(&telegram, PETAR).remove(0);
    for part in [
        "only our counsellors",
        "192",
        "Opening hours",
        "Telegram itself can see",
        "/stop",
    ] {
        assert!(greeting.contains(part), "{part}: {greeting}");
    }
    telegram.says(PETAR, "/language");
    wait_until(Duration::from_secs(20), || async {
        telegram.sent_to(PETAR).len() == 2
    })
    .await
    .unwrap();
    let offered = telegram.sent_to(PETAR).remove(1);
    let id = offered.get("message_id").and_then(Value::as_i64).unwrap();
    let button = text(&offered, "/reply_markup/inline_keyboard/1/0/callback_data").to_owned();
    telegram.presses(PETAR, id, &button);
    wait_until(Duration::from_secs(20), || async {
        told(&telegram, PETAR).len() == 3
    })
    .await
    .unwrap();
    assert!(told(&telegram, PETAR).remove(2).contains("Ko čita"));
    telegram.says(PETAR, "/stop ili će biti gore, kaže on");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference");
    let contact = staff.contact(reference).await.unwrap();
    assert_eq!(text(&contact, "/language"), "sr-Latn", "what was chosen counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_is_one_message_and_an_edit_is_a_version_of_it() {
    let (telegram, _service, staff) = running("").await;
    let photos: Vec<Value> = (0..10)
        .map(|number| {
            let file = telegram.add_file(format!("photo {number}").as_bytes(), "a.jpg");
            match number {
                0 => content::captioned(content::photo(&file), "ovo mi je poslao"),
                _ => content::photo(&file),
            }
        })
        .collect();
    telegram.reorder(true);
    telegram.duplicate(true);
    let ids = telegram.album(ANA, &photos);
    telegram.edits(
        ANA,
        *ids.first().unwrap(),
        &with_caption(photos.first().unwrap(), "ovo mi je poslao juče"),
    );
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    wait_until(Duration::from_secs(20), || async {
        let said = staff.messages(&reference).await.unwrap();
        said.len() == 1
            && text(&said[0], "/text") == "ovo mi je poslao juče"
            && said[0]
                .pointer("/attachments")
                .and_then(Value::as_array)
                .map(Vec::len)
                == Some(10)
            && text(&said[0], "/versions/0/text") == "ovo mi je poslao"
    })
    .await
    .unwrap();
}

fn with_caption(photo: &Value, caption: &str) -> Value {
    content::captioned(photo.clone(), caption)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_when_a_counsellor_asks_and_not_before() {
    let (telegram, _service, staff) = running("").await;
    let bytes = vec![7; 100_000];
    let file = telegram.add_file(&bytes, "dokaz.pdf");
    telegram.sends(ANA, &content::document(&file, "application/pdf"));
    let huge = telegram.add_huge_file(30 << 20);
    telegram.sends(ANA, &content::video(&huge));
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    let said = staff.until_messages(&reference, 2).await.unwrap();
    assert_eq!(text(&said[0], "/attachments/0/held"), "elsewhere");
    assert_eq!(text(&said[1], "/attachments/0/held"), "too_large");
    assert!(telegram.calls_of("getFile").is_empty(), "nobody asked yet");
    let path = format!(
        "/api/v1/contacts/{reference}/attachments/{}/fetch",
        text(&said[0], "/attachments/0/id")
    );
    staff.post(&path, &json!({})).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        text(
            &staff.messages(&reference).await.unwrap()[0],
            "/attachments/0/held",
        ) == "here"
    })
    .await
    .unwrap();
    let download = format!(
        "/desk/contacts/{reference}/attachments/{}",
        text(&said[0], "/attachments/0/id")
    );
    assert_eq!(staff.bytes(&download).await.unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_contact_and_stops_nothing() {
    let (telegram, _service, staff) = running("").await;
    telegram.says(ANA, "pre");
    telegram.push_raw(r#"{"update_id": {update_id}, "message": {"text": "pola"#);
    telegram.push(&json!({ "telepathy": { "thought": "?" } }));
    telegram.push(
        &json!({ "message": { "message_id": "x", "chat": { "id": PETAR, "type": "private" }, "text": {} } }),
    );
    telegram.says(ANA, "posle");
    let contacts = staff.until_contacts(4).await.unwrap();
    let ana = contacts
        .iter()
        .find(|one| text(one, "/first_words") == "posle")
        .unwrap();
    staff.until_messages(text(ana, "/reference"), 2).await.unwrap();
    wait_until(Duration::from_secs(20), || async { telegram.pending() == 0 })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_never_share_a_contact_whatever_they_call_themselves() {
    let (telegram, _service, staff) = running("").await;
    telegram.says(ANA, "pišem prvi put");
    telegram.person(PETAR, "Ana").username("ana");
    telegram.says(PETAR, "i ja pišem prvi put");
    telegram.person(ANA, "Petar").username("petar");
    telegram.says(ANA, "pišem drugi put");
    let contacts = staff.until_contacts(2).await.unwrap();
    let of = |words: &str| {
        let found = contacts.iter().find(|one| text(one, "/first_words") == words);
        found.map(|one| text(one, "/reference").to_owned())
    };
    wait_until(Duration::from_secs(20), || async {
        let contacts = staff.contacts().await.unwrap();
        contacts
            .iter()
            .any(|one| text(one, "/first_words") == "pišem drugi put")
    })
    .await
    .unwrap();
    let petar = of("i ja pišem prvi put").unwrap();
    assert_eq!(staff.until_messages(&petar, 1).await.unwrap().len(), 1);
    assert_eq!(staff.contacts().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_we_were_down_arrives_once_and_in_order() {
    let (telegram, mut service, staff) = running("acknowledge = false").await;
    telegram.says(ANA, "broj 0");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(contacts.first().unwrap(), "/reference").to_owned();
    service.kill();
    for number in 1..=200 {
        telegram.says(ANA, &format!("broj {number}"));
    }
    telegram.chaos(5);
    telegram.duplicate(true);
    service.start().await.unwrap();
    let staff = service.log_in("mila").await.unwrap();
    wait_until(Duration::from_secs(90), || async {
        staff.messages(&reference).await.unwrap().len() == 201
    })
    .await
    .unwrap();
    let said = staff.messages(&reference).await.unwrap();
    let said: Vec<_> = said.iter().map(|one| text(one, "/text").to_owned()).collect();
    let sent: Vec<_> = (0..=200).map(|number| format!("broj {number}")).collect();
    assert_eq!(said, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_update_fifty_times_and_an_album_in_ten_parts_at_once_are_two_messages() {
    let telegram = Telegram::start().await.unwrap();
    telegram.person(ANA, "Ana");
    let mut service = Service::with_lines(None, "").unwrap();
    let more = format!("mode = \"webhook\"\nwebhook_url = \"{}\"", service.base());
    service.set_lines(&lines(&telegram, &more)).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        !telegram.calls_of("setWebhook").is_empty()
    })
    .await
    .unwrap();
    let call = telegram.calls_of("setWebhook").remove(0);
    let (url, secret) = (
        text(&call.params, "/url").to_owned(),
        text(&call.params, "/secret_token").to_owned(),
    );
    let update = json!({ "update_id": 77, "message": {
        "message_id": 5, "date": 1_764_000_000, "chat": { "id": ANA, "type": "private", "first_name": "Ana" },
        "from": { "id": ANA, "is_bot": false, "first_name": "Ana" }, "text": "pomoć" } });
    let client = reqwest::Client::builder().build().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    let mut updates = vec![update.clone(); 50];
    let photo = content::photo(&telegram.add_file(b"x", "a.jpg"));
    for number in 0..10 {
        let mut part = content::with(
            with_caption(&photo, &format!("slika {number}")),
            &json!({ "media_group_id": "99" }),
        );
        let ids = json!({ "message_id": 10 + number, "date": 1_764_000_000, "chat": update["message"]["chat"],
            "from": update["message"]["from"] });
        part = content::with(part, &ids);
        let (new, edited) = (100 + 2 * number, 101 + 2 * number);
        updates.extend(vec![json!({ "update_id": new, "message": part }); 3]);
        if number == 4 {
            let changed = json!({ "caption": "slika ispravljena", "edit_date": 1_764_000_060 });
            let part = content::with(part, &changed);
            updates.extend(vec![json!({ "update_id": edited, "edited_message": part }); 3]);
        }
    }
    // The updates arrive in a random order, different in every run.
    updates.sort_by_cached_key(|_| uuid::Uuid::new_v4());
    for update in updates {
        let request = client
            .post(&url)
            .header("x-telegram-bot-api-secret-token", &secret)
            .json(&update);
        calls.spawn(request.send());
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status().as_u16(), 200);
    }
    let refused = client
        .post(&url)
        .header("x-telegram-bot-api-secret-token", "wrong")
        .json(&update);
    assert_eq!(refused.send().await.unwrap().status().as_u16(), 401);
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    telegram.says(ANA, "i ovo stiže");
    let said = staff.until_messages(&reference, 3).await.unwrap();
    let album = said
        .iter()
        .find(|one| text(one, "/text").starts_with("slika"))
        .unwrap();
    let captions: Vec<_> = text(album, "/text").split("\n\n").collect();
    let mut expected: Vec<_> = (0..10).map(|number| format!("slika {number}")).collect();
    "slika ispravljena".clone_into(&mut expected[4]);
    assert_eq!(captions, expected);
    assert_eq!(
        album
            .pointer("/attachments")
            .and_then(Value::as_array)
            .unwrap()
            .len(),
        10
    );
    // Unreadable updates are accepted as well, because Telegram would otherwise send them for ever.
    let spoiled = client
        .post(&url)
        .header("x-telegram-bot-api-secret-token", &secret)
        .body("{oops");
    assert_eq!(spoiled.send().await.unwrap().status().as_u16(), 200);
    staff.until_contacts(2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_a_slow_server_and_a_person_who_blocked_us() {
    let (telegram, _service, staff) = running("acknowledge = false").await;
    telegram.says(ANA, "Zdravo");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let long = "Ovo je jedna rečenica odgovora. ".repeat(300);
    telegram.fault("sendMessage", Fault::TooMany { retry_after: 2 }, 1);
    staff.reply(&reference, &long).await.unwrap();
    staff.reply(&reference, "A ovo ide posle nje.").await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        told(&telegram, ANA).len() == 4
    })
    .await
    .unwrap();
    let sent = told(&telegram, ANA);
    assert_eq!(sent[..3].join(" "), long.trim());
    assert_eq!(sent[3], "A ovo ide posle nje.");
    // The connection breaks after Telegram accepted the message. The service does not retry; only a person can send the reply again.
    telegram.fault("sendMessage", Fault::DropAfter, 1);
    staff.reply(&reference, "Možda dvaput?").await.unwrap();
    staff.until_reply_is(&reference, "unknown").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        told(&telegram, ANA)
            .iter()
            .filter(|one| *one == "Možda dvaput?")
            .count(),
        1
    );
    telegram.blocks(ANA);
    staff.reply(&reference, "Tu smo.").await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    let (_, said) = staff.last_reply(&reference).await.unwrap();
    assert!(said.contains("blocked us"), "{said}");
    let page = staff
        .page(&format!("/desk/contacts/{reference}?view=all"))
        .await
        .unwrap();
    assert!(page.contains("The person blocked us"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_us_to_stop_is_not_written_to_until_writing_again() {
    let (telegram, mut service, staff) = running("acknowledge = false").await;
    telegram.says(ANA, "Zdravo");
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    telegram.says(ANA, "/stop");
    wait_until(Duration::from_secs(20), || async {
        let page = staff
            .page(&format!("/desk/contacts/{reference}?view=all"))
            .await
            .unwrap();
        page.contains("The person asked us not to write")
    })
    .await
    .unwrap();
    let refused = staff.reply(&reference, "Tu smo.").await.unwrap_err().to_string();
    assert!(refused.contains("409"), "{refused}");
    telegram.says(ANA, "Ipak, pišite");
    staff.until_messages(&reference, 2).await.unwrap();
    staff.reply(&reference, "Tu smo.").await.unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    // Texts and `/stop` commands arrive together. The last `/stop` applies.
    service.kill();
    for words in ["ne", "/stop", "da", "/stop"] {
        telegram.says(ANA, words);
    }
    service.start().await.unwrap();
    let staff = service.log_in("mila").await.unwrap();
    staff.until_messages(&reference, 4).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        staff.reply(&reference, "Tu smo.").await.is_err()
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_some_other_server_is_no_answer_of_telegrams() {
    let (telegram, service, _staff) = running("acknowledge = false").await;
    let sara = service.hire("sara", "supervisor").await.unwrap();
    telegram.fault("getUpdates", Fault::Page, 1_000);
    telegram.says(ANA, "Zdravo");
    wait_until(Duration::from_secs(60), || async {
        sara.page("/desk/queue")
            .await
            .unwrap()
            .contains("Not working; noticed")
    })
    .await
    .unwrap();
    telegram.clear_faults();
    sara.until_contacts(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_more_than_six_hours_is_an_alarm_on_the_desk() {
    let (telegram, service, staff) = running("acknowledge = false").await;
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let sent_at = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() - 7 * 3_600;
    let late = content::with(content::text("čekam od jutros"), &json!({ "date": sent_at }));
    telegram.sends(ANA, &late);
    staff.until_contacts(1).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        sara.page("/desk/queue")
            .await
            .unwrap()
            .contains("a message waited for hours")
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_server_of_other_makers_is_served_too() {
    let other = OtherTelegram::start().await.unwrap();
    let lines = format!(
        "[lines.telegram]\nchannel = \"telegram\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n",
        other.token(),
        other.api_url()
    );
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    other.says(ANA, "Неко ми прети").await.unwrap();
    other.says(ANA, "drugi put").await.unwrap();
    other.says(PETAR, "i meni").await.unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    let mine = contacts.iter().find(|one| text(one, "/first_words") != "i meni");
    let reference = text(mine.unwrap(), "/reference").to_owned();
    let said = staff.until_messages(&reference, 2).await.unwrap();
    assert_eq!(text(&said[0], "/text"), "Неко ми прети");
    staff.reply(&reference, "Tu smo 💛").await.unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    assert_eq!(other.told(ANA).await.unwrap(), ["Tu smo 💛"]);
    assert!(other.told(PETAR).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_a_wrong_token_and_a_server_that_is_away() {
    let (telegram, _service, _staff) = running("").await;
    let right = lines(&telegram, "");
    for (lines, said) in [
        (
            right.replace(telegram.token(), "4242:wrong"),
            "Telegram refuses the token",
        ),
        (
            right.replace(&telegram.api_url(), "http://127.0.0.1:1"),
            "Telegram cannot be reached",
        ),
    ] {
        let other = Service::with_lines(None, &lines).unwrap();
        let printed = other.run(&["check"], "").unwrap();
        let words = String::from_utf8_lossy(&printed.stdout).into_owned();
        assert!(!printed.status.success() && words.contains(said), "{words}");
    }
}
