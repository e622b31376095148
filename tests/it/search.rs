//! Search over encrypted text, in any script, without readable text on disk.

use std::time::Duration;

use fantoccini::key::Key;
use hotline_tests::{
    peers::{browser::Browser, postgres::Postgres, wait_until},
    service::Service,
    staff::{Staff, text},
};
use reqwest::multipart;
use serde_json::{Value, json};

use crate::{
    privacy::files_with,
    writing::{posted, shows, until},
};

async fn found(staff: &Staff, words: &str) -> Vec<String> {
    let found = staff.search(words).await.unwrap();
    let rows = found.get("contacts").and_then(Value::as_array).cloned().unwrap();
    rows.iter()
        .map(|row| text(row, "/reference").to_owned())
        .collect()
}

async fn until_found(staff: &Staff, words: &str, expected: &[&String]) {
    let mut expected: Vec<_> = expected.iter().map(|one| (*one).clone()).collect();
    expected.sort();
    let is_so = wait_until(Duration::from_secs(20), || async {
        let mut found = found(staff, words).await;
        found.sort();
        found == expected
    });
    if is_so.await.is_err() {
        panic!("{words}: {:?} and not {expected:?}", found(staff, words).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_script_finds_the_other_and_what_changes_is_found_as_it_is() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let url = database.as_ref().map(|database| database.url());
        let mut service = Service::new(url).unwrap();
        service.let_replies_be_taken_back(60).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let (cyrillic, _) = posted(&service, "Пријављујем насиље у школи, чувам те доказе").await;
        let (latin, _) = posted(&service, "nasilje NA INTERNETU, žao mi je. Cuvam te slike").await;
        let (other, _) = posted(&service, "Ђак је добио џепарац").await;
        for words in ["насиље", "Nasilje", "nasil", "NASILJE"] {
            until_found(&mila, words, &[&cyrillic, &latin]).await;
        }
        until_found(&mila, "čuvam te", &[&cyrillic, &latin]).await;
        until_found(&mila, "\"cuvam te slike\"", &[&latin]).await;
        until_found(&mila, "\"te cuvam\"", &[]).await;
        until_found(&mila, "djak dzepar", &[&other]).await;
        until_found(&mila, "nasilje zao", &[&latin]).await;
        until_found(&mila, "dokazi OR dzeparac", &[&cyrillic, &other]).await;
        until_found(&mila, "насиље -слике", &[&cyrillic]).await;
        until_found(&mila, "nasilje -\"te slike\"", &[&cyrillic]).await;
        // Other forms of the words: u školi, dokaze, dobio.
        until_found(&mila, "школа доказ", &[&cyrillic]).await;
        until_found(&mila, "dobiti", &[&other]).await;
        until_found(&mila, "„школа“", &[]).await;
        until_found(&mila, "nepostojeće", &[]).await;
        until_found(&mila, &latin, &[&latin]).await;
        // Notes and replies are found; a cancelled reply is not.
        mila.post(
            &format!("/api/v1/contacts/{other}/note"),
            &json!({ "text": "razgovarati sa učiteljicom" }),
        )
        .await
        .unwrap();
        until_found(&mila, "учитељиц", &[&other]).await;
        let reply = mila.reply(&other, "Obratite se pedagogu").await.unwrap();
        until_found(&mila, "педагогу", &[&other]).await;
        mila.post(
            &format!("/api/v1/contacts/{other}/messages/{}/undo", text(&reply, "/id")),
            &json!({}),
        )
        .await
        .unwrap();
        until_found(&mila, "педагогу", &[]).await;
        // No readable text is on disk after a stop. The next start rebuilds the index.
        service.stop();
        let readable = files_with(
            service.folder(),
            &["nasilje".to_owned(), "насиље".to_owned(), "pedagog".to_owned()],
        );
        assert!(readable.is_empty(), "{readable:?}");
        service.start().await.unwrap();
        let mila = service.log_in("mila").await.unwrap();
        until_found(&mila, "насиље", &[&cyrillic, &latin]).await;
        let manager = service.hire("marko", "manager").await.unwrap();
        let refused = manager.status(reqwest::Method::POST, "/api/v1/search").await;
        assert_eq!(refused.unwrap(), 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_by_their_names_and_plain_texts_by_their_words() {
    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (without, _) = posted(&service, "без датотеке").await;
    for (name, media_type, message) in [
        ("razgovor.txt", "text/plain", "prva datoteka"),
        ("снимак екрана.png", "image/png", "друга датотека"),
    ] {
        let file = multipart::Part::text("pošalji slike ili uplati").file_name(name);
        let form = multipart::Form::new()
            .text("message", message)
            .text("lang", "sr-Latn")
            .text("id", name)
            .part("file", file.mime_str(media_type).unwrap());
        let request = reqwest::Client::builder()
            .build()
            .unwrap()
            .post(format!("{}/advice", service.base()));
        let answer = request.multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    mila.until_contacts(3).await.unwrap();
    let mut references = Vec::new();
    for words in ["prva", "druga"] {
        wait_until(Duration::from_secs(20), || async {
            found(&mila, words).await.len() == 1
        })
        .await
        .unwrap();
        references.extend(found(&mila, words).await);
    }
    let [chat, picture] = references.try_into().unwrap();
    until_found(&mila, "датотека", &[&without, &chat, &picture]).await;
    until_found(&mila, "uplatiti", &[&chat]).await;
    until_found(&mila, "razgovor", &[&chat]).await;
    until_found(&mila, "snimak", &[&picture]).await;
    until_found(&mila, "nevazno", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_words_are_combined_and_the_count_is_true() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let url = database.as_ref().map(|database| database.url());
        let mut service = Service::new(url).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let (taken, _) = posted(&service, "Пријављујем насиље у школи").await;
        let (open, _) = posted(&service, "nasilje na internetu").await;
        posted(&service, "нешто треће").await;
        let call = json!({ "network": "telephone", "text": "prijava nasilja", "caller": "064" });
        mila.post("/api/v1/log", &call).await.unwrap();
        wait_until(Duration::from_secs(20), || async {
            mila.search("насиље").await.unwrap().get("count") == Some(&json!(3))
        })
        .await
        .unwrap();
        mila.post(&format!("/api/v1/contacts/{taken}/claim"), &json!({}))
            .await
            .unwrap();
        let me = mila.get("/api/v1/me").await.unwrap();
        for (filter, value, expected) in [
            ("channel", "webform", vec![&taken, &open]),
            ("line", "form", vec![&taken, &open]),
            ("line", "mail", vec![]),
            ("status", "waiting", vec![&taken, &open]),
            ("status", "closed", vec![]),
            ("assignee", text(&me, "/id"), vec![&taken]),
            ("language", "en", vec![]),
            ("urgency", "2", vec![]),
            ("from", "2020-01-01", vec![&taken, &open]),
            ("to", "2020-01-01", vec![]),
        ] {
            let mut sought = json!({ "q": "насиље" });
            sought[filter] = json!(value);
            if filter != "channel" {
                sought["channel"] = json!("webform");
            }
            let found = mila.post("/api/v1/search", &sought).await.unwrap();
            let rows = found.get("contacts").and_then(Value::as_array).unwrap();
            let mut references: Vec<&str> = rows.iter().map(|row| text(row, "/reference")).collect();
            let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
            references.sort_unstable();
            expected.sort_unstable();
            assert_eq!(references, expected, "{filter}={value}");
            assert_eq!(found.get("count"), Some(&json!(rows.len())), "{filter}={value}");
        }
        let phrase = mila.search("\"насиље у\"").await.unwrap();
        assert_eq!(phrase.get("count"), Some(&json!(1)), "{phrase}");
        // The page keeps the words and the filters together.
        let address = mila.address_of_search("насиље").await.unwrap();
        let page = mila
            .page(&format!("{address}&assignee={}&status=waiting", text(&me, "/id")))
            .await
            .unwrap();
        assert!(page.contains(&format!("id=\"c-{taken}\"")), "{page}");
        assert!(!page.contains(&format!("id=\"c-{open}\"")), "{page}");
        assert!(
            page.contains("<input type=\"hidden\" name=\"status\" value=\"waiting\">"),
            "{page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_found_by_summary_number_and_institution() {
    for database in [None, Some(Postgres::url_of_fresh_database().await.unwrap())] {
        let url = database.as_ref().map(|database| database.url());
        let mut service = Service::new(url).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let (reference, _) = posted(&service, "Neko mi preti").await;
        mila.until_contacts(1).await.unwrap();
        mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
            .await
            .unwrap();
        let case = mila
            .post(&format!("/api/v1/contacts/{reference}/case"), &json!({}))
            .await
            .unwrap();
        let (id, number) = (text(&case, "/id"), text(&case, "/number"));
        let summary = json!({ "summary": "Уцена сликама из школе" });
        mila.post(&format!("/api/v1/cases/{id}/summary"), &summary)
            .await
            .unwrap();
        let referral = json!({ "institution": "mup", "sent": "Snimci ekrana" });
        mila.post(&format!("/api/v1/cases/{id}/referrals"), &referral)
            .await
            .unwrap();
        for (words, expected) in [
            ("školom ucena", 1),
            ("\"слике из\"", 0),
            ("министарства", 1),
            ("ministry ucena", 1),
            (number, 1),
            ("1", 1),
            ("2/2026", 0),
            ("preti", 0),
            ("", 0),
        ] {
            let found = mila.search(words).await.unwrap();
            let cases = found.get("cases").and_then(Value::as_array).unwrap();
            assert_eq!(cases.len(), expected, "{words}: {found}");
        }
        let filtered = json!({ "q": "ucena", "channel": "webform" });
        let found = mila.post("/api/v1/search", &filtered).await.unwrap();
        assert_eq!(found.get("cases"), Some(&json!([])));
        let address = mila.address_of_search("ucena").await.unwrap();
        let page = mila.page(&address).await.unwrap();
        assert!(page.contains(&format!("href=\"/desk/cases/{id}\"")), "{page}");
        assert!(page.contains("<mark>Уцена</mark>"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_finds_as_one_types_and_opens_what_it_found() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(
        &service,
        "Dugo pišem o svemu i svačemu pa tek onda kažem da je to насиље i da se bojim",
    )
    .await;
    posted(&service, "nešto drugo").await;
    mila.until_contacts(2).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "sr-Latn").await;
    let field = until(client, "#q").await;
    field.send_keys(&format!("nasilje{}", Key::Enter)).await.unwrap();
    shows(client, "#list", "насиље i da se bojim").await;
    shows(client, "#list mark", "насиље").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    until(client, "#list a[data-row]").await.click().await.unwrap();
    shows(client, "#contact", &reference).await;
    let kept = until(client, "#q").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("nasilje"), "what was looked for stays");
    let address = client.current_url().await.unwrap();
    assert!(
        !address.as_str().contains("nasilje"),
        "no history keeps it: {address}"
    );
    client.back().await.unwrap();
    shows(client, "#list", "насиље i da se bojim").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_are_marked_in_the_thread_and_a_key_shows_them_one_by_one() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Prva poruka").await;
    mila.until_contacts(1).await.unwrap();
    let notes = format!("/api/v1/contacts/{reference}/note");
    let add_note = async |text: &str| mila.post(&notes, &json!({ "text": text })).await.unwrap();
    for number in 0..34 {
        match number {
            5 => add_note("U školi me <mark>diraju</mark>\nи после ШКОЛЕ").await,
            33 => add_note("То је моја школа").await,
            _ => add_note(&format!("dopuna {number}")).await,
        };
    }
    until_found(&mila, "школом", &[&reference]).await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    let field = until(client, "#q").await;
    field.send_keys(&format!("школом{}", Key::Enter)).await.unwrap();
    until(client, "#list a[data-row] mark")
        .await
        .click()
        .await
        .unwrap();
    shows(client, "[data-next-hit]", "next of 3").await;
    let marks = "return [...document.querySelectorAll('#thread mark')].map((mark) => mark.textContent)";
    let marked = client.execute(marks, vec![]).await.unwrap();
    assert_eq!(marked, json!(["školi", "ШКОЛЕ", "школа"]));
    let is_folded = "return !document.querySelector('#fold').open";
    assert_eq!(client.execute(is_folded, vec![]).await.unwrap(), json!(true));
    let contact = until(client, "#contact").await;
    for expected in ["školi", "ШКОЛЕ", "школа", "školi"] {
        contact.send_keys("f").await.unwrap();
        let focused = client.active_element().await.unwrap();
        assert_eq!(focused.text().await.unwrap(), expected);
        assert!(focused.is_displayed().await.unwrap(), "{expected}");
    }
    shows(client, "#thread", "<mark>diraju</mark>").await;
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    // An action and a refresh keep the search and the marks.
    contact.send_keys("c").await.unwrap();
    until(client, "form[action$='/give-back'] button").await;
    shows(client, "[data-next-hit]", "next of 3").await;
    shows(client, "#list mark", "школа").await;
    add_note("i opet škola").await;
    shows(client, "[data-next-hit]", "next of 4").await;
    browser.close().await.unwrap();
}

/// Waits until the page shows the results of a search instead of the list that has the attribute `data-before`.
async fn searched(client: &fantoccini::Client, words: &str) {
    shows(client, "#list:not([data-before])", "No contact was found").await;
    let is_ready =
        "const field = document.activeElement; return field.id === 'q' && field.value === arguments[0]";
    wait_until(Duration::from_secs(5), || async {
        client.execute(is_ready, vec![json!(words)]).await.unwrap() == json!(true)
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn recent_searches_are_offered_until_they_are_removed_or_the_page_is_left() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in(client, &service, "en").await;
    let offered = async || {
        let shown = "const list = document.querySelector('#recent'); \
            return list.hidden ? null : [...list.querySelectorAll('li button:first-child')].map((one) => one.textContent)";
        client.execute(shown, vec![]).await.unwrap()
    };
    let (enter, down, escape) = (Key::Enter, Key::Down, Key::Escape);
    for words in ["школа", "nasilje", "школа"] {
        let before = "document.querySelector('#list').dataset.before = ''; document.querySelector('#q').value = arguments[0]";
        client.execute(before, vec![json!(words)]).await.unwrap();
        until(client, "#q")
            .await
            .send_keys(&enter.to_string())
            .await
            .unwrap();
        searched(client, words).await;
    }
    assert_eq!(offered().await, json!(null), "the list does not hide the results");
    let field = until(client, "#q").await;
    field.send_keys(&down.to_string()).await.unwrap();
    assert_eq!(offered().await, json!(["школа", "nasilje"]));
    let focused = client.active_element().await.unwrap();
    assert_eq!(
        focused.text().await.unwrap(),
        "школа",
        "{:?}",
        focused.html(false).await
    );
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    focused.send_keys(&escape.to_string()).await.unwrap();
    assert_eq!(offered().await, json!(null));
    // An entry searches again, and can be removed.
    let field = until(client, "#q").await;
    field.send_keys(&down.to_string()).await.unwrap();
    let focused = client.active_element().await.unwrap();
    focused.send_keys(&down.to_string()).await.unwrap();
    let focused = client.active_element().await.unwrap();
    assert_eq!(focused.text().await.unwrap(), "nasilje");
    let before = "document.querySelector('#list').dataset.before = ''";
    client.execute(before, vec![]).await.unwrap();
    focused.send_keys(&enter.to_string()).await.unwrap();
    searched(client, "nasilje").await;
    let field = until(client, "#q").await;
    field.send_keys(&down.to_string()).await.unwrap();
    until(client, "#recent [aria-label='Forget: школа']")
        .await
        .click()
        .await
        .unwrap();
    assert_eq!(offered().await, json!(["nasilje"]));
    let stored = "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])";
    let stored = client.execute(stored, vec![]).await.unwrap().to_string();
    assert!(!stored.contains("nasilje"), "nothing is stored: {stored}");
    client.refresh().await.unwrap();
    let field = until(client, "#q").await;
    field.send_keys(&down.to_string()).await.unwrap();
    assert_eq!(offered().await, json!(null));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_wrote_comes_before_our_replies() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (theirs, _) = posted(&service, "Neko mi preti preko mreže").await;
    mila.until_messages(&theirs, 1).await.unwrap();
    let (ours, _) = posted(&service, "Kako da prijavim profil").await;
    mila.until_messages(&ours, 1).await.unwrap();
    mila.reply(&ours, "Ako ti neko preti, javi se odmah")
        .await
        .unwrap();
    for words in ["preti", "\"neko preti\"", "\"preti\""] {
        let expected: &[&String] = match words {
            "\"neko preti\"" => &[&ours],
            _ => &[&theirs, &ours],
        };
        until_found(&mila, words, expected).await;
        let found = found(&mila, words).await;
        assert!(found.iter().eq(expected.iter().copied()), "{words}: {found:?}");
    }
}
