//! Snapshots of pages as text, and accessibility checks: axe-core, keyboard, small and large windows, both themes.

use std::time::Duration;

use fantoccini::{Client, Locator, key::Key};
use hotline_tests::{
    peers::{browser::Browser, dovecot::Dovecot, smtp::Smtp, wait_until},
    service::{CENTRE, Service, fixed_time, mail_lines},
    staff::{PASSWORD, Staff, text},
};
use serde_json::{Value, json};

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// Returns the text of a page line by line, without markup.
fn read(html: &str) -> String {
    let text = html2text::config::plain_no_decorate()
        .no_table_borders()
        .string_from_read(html.as_bytes(), 110)
        .unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

fn snapshot(name: &str, page: &str) {
    // Pseudonyms depend on the master key, which is new in each run. They are replaced before the text is wrapped.
    let pseudonyms = regex::Regex::new(r"\b[A-Z][a-z]+ [A-Z][a-z]+ [0-9]{1,2}\b").unwrap();
    let page = &pseudonyms.replace_all(page, "[pseudonym]");
    insta::with_settings!({
        filters => vec![
            (r"\b\d+ min\b", "[some] min"),
            (r"\b\d{4} \d{4} \d{4} \d{4}\b", "[code]"),
            (r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", "[reference]"),
            // The clock starts at a fixed time but runs, so pages differ by the minutes that a test takes.
            (r"\b(10|14):0\d\b", "$1:[minute]"),
        ],
    }, { insta::assert_snapshot!(name, read(page)) });
}

/// Starts a service with content on every page.
async fn furnished() -> (Service, Dovecot, Smtp, Staff, String) {
    let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana")])
        .await
        .unwrap();
    let smtp = Smtp::start(&dovecot, &[("ana@example.org", "ana"), (CENTRE, "kontakt")])
        .await
        .unwrap();
    let lines = mail_lines(&dovecot, &smtp, "acknowledge = true");
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "supervisor").await.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/email");
    for (number, name) in [
        "mixed_two_attachments",
        "bounce_exim_plain_text",
        "quote_gmail_serbian_cyrillic",
    ]
    .iter()
    .enumerate()
    {
        let mail = std::fs::read(format!("{folder}/{name}.eml")).unwrap();
        dovecot.deliver_at("kontakt", &mail, fixed_time()).unwrap();
        staff.until_contacts([1, 1, 2][number]).await.unwrap();
    }
    let post = json!({ "kind": "report", "url": "https://example.org/profil", "message": "Lažni profil", "language": "sr-Latn" });
    let answer = client()
        .post(format!("{}/api/v1/contacts", service.base()))
        .json(&post)
        .send()
        .await
        .unwrap();
    let receipt: Value = answer.json().await.unwrap();
    staff.until_contacts(3).await.unwrap();
    let reference = text(&receipt, "/reference").to_owned();
    let path = format!("/api/v1/contacts/{reference}");
    staff
        .post(&format!("{path}/note"), &json!({ "text": "Prvi put piše." }))
        .await
        .unwrap();
    staff
        .post(&format!("{path}/reply"), &json!({ "text": "Hvala, gledamo." }))
        .await
        .unwrap();
    wait_until(Duration::from_secs(20), || async {
        let contact = staff.contact(&reference).await.unwrap();
        text(&contact, "/messages/2/deliveries/0/state") == "sent"
    })
    .await
    .unwrap();
    (service, dovecot, smtp, staff, reference)
}

#[tokio::test]
async fn the_public_pages_read_as_they_were_reviewed() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service
        .set_form_keys("attachments = \"on_request\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let get = async |path: &str| {
        client()
            .get(format!("{}{path}", service.base()))
            .send()
            .await
            .unwrap()
    };
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let answer = client()
            .post(format!("{}{path}", service.base()))
            .form(fields)
            .send()
            .await
            .unwrap();
        answer.text().await.unwrap()
    };
    for lang in ["sr-Cyrl", "sr-Latn", "en"] {
        for (name, path) in [
            ("home", "/"),
            ("child", "/child"),
            ("adult", "/adult"),
            ("link", "/link"),
            ("advice", "/advice"),
            ("report", "/report"),
            ("answer", "/answer"),
            ("privacy", "/privacy"),
        ] {
            let page = get(&format!("{path}?lang={lang}")).await;
            assert_eq!(page.status().as_u16(), 200);
            snapshot(&format!("public_{name}_{lang}"), &page.text().await.unwrap());
        }
        let wrong = post(
            "/report",
            &[("lang", lang), ("reply_to", "nije adresa"), ("id", "1")],
        )
        .await;
        assert!(wrong.contains("nije adresa"), "what was typed is kept");
        snapshot(&format!("public_report_mistakes_{lang}"), &wrong);
        let wrong = post("/child", &[("lang", lang), ("age", "dvanaest"), ("id", "2")]).await;
        snapshot(&format!("public_child_mistakes_{lang}"), &wrong);
        let receipt = post("/advice", &[("lang", lang), ("message", "Zdravo"), ("id", lang)]).await;
        snapshot(&format!("public_receipt_{lang}"), &receipt);
        let again = post("/advice", &[("lang", lang), ("message", "Zdravo"), ("id", lang)]).await;
        assert_eq!(read(&receipt), read(&again), "sent twice, it is the same receipt");
    }
    let nothing = get("/no/such/page").await;
    assert_eq!(nothing.status().as_u16(), 404);
    snapshot("public_nothing_here", &nothing.text().await.unwrap());
    let kept = get("/answer/write").await;
    assert!(kept.url().path() == "/answer", "a kept address leads back in");
}

#[tokio::test]
async fn a_file_is_sent_when_the_counsellor_asks_for_it_and_not_before() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service
        .set_form_keys("attachments = \"on_request\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let posted = json!({ "kind": "advice", "message": "Imam snimak ekrana", "language": "en" });
    let answer = client()
        .post(format!("{}/api/v1/contacts", service.base()))
        .json(&posted)
        .send()
        .await
        .unwrap();
    let receipt: Value = answer.json().await.unwrap();
    let code = text(&receipt, "/receipt_code").to_owned();
    let reference = text(&receipt, "/reference").to_owned();
    staff.until_contacts(1).await.unwrap();
    let look = async || {
        let form = [("code", code.as_str()), ("lang", "en")];
        let answer = client()
            .post(format!("{}/answer", service.base()))
            .form(&form)
            .send()
            .await
            .unwrap();
        answer.text().await.unwrap()
    };
    let send = async |files: &[(&str, Vec<u8>)], message: &str| {
        let mut form = reqwest::multipart::Form::new()
            .text("code", code.clone())
            .text("lang", "en")
            .text("id", format!("id of {message}"))
            .text("message", message.to_owned());
        for (name, bytes) in files {
            let part = reqwest::multipart::Part::bytes(bytes.clone())
                .file_name((*name).to_owned())
                .mime_str("image/png")
                .unwrap();
            form = form.part("file", part);
        }
        let answer = client()
            .post(format!("{}/answer/write?lang=en", service.base()))
            .multipart(form)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert!(!look().await.contains("type=\"file\""));
    let (status, page) = send(&[("a.png", vec![1; 10])], "unasked").await;
    assert_eq!(status, 422, "not before it is asked for");
    assert!(page.contains("unasked") && page.contains("only when the counsellor asks"));

    staff
        .submit(
            &format!("/desk/contacts/{reference}/ask-for-files"),
            &[("view", "mine")],
        )
        .await
        .unwrap();
    let page = look().await;
    assert!(page.contains("type=\"file\""), "now there is a place for it");
    snapshot("public_conversation_with_files", &page);
    for (files, said) in [
        (
            (0..6).map(|_| ("a.png", vec![1; 10])).collect::<Vec<_>>(),
            "More than 5 files",
        ),
        (vec![("a.png", vec![1; 11 << 20])], "larger than 10 MB"),
    ] {
        let (status, page) = send(&files, "kept words").await;
        assert_eq!(status, 422);
        assert!(page.contains(said) && page.contains("kept words"), "{said}");
    }
    let picture = vec![0x89, b'P', b'N', b'G', 7];
    let (status, page) = send(
        &[("../../ekran.png", picture.clone()), ("", Vec::new())],
        "evo ga",
    )
    .await;
    assert_eq!(status, 200, "{page}");
    assert!(!page.contains("type=\"file\""), "one asked for is one sent");
    wait_until(Duration::from_secs(20), || async {
        let contact = staff.contact(&reference).await.unwrap();
        contact.pointer("/messages/1/attachments/0").is_some()
    })
    .await
    .unwrap();
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/1/attachments/0/name"), "ekran.png");
    let id = text(&contact, "/messages/1/attachments/0/id");
    let bytes = staff
        .bytes(&format!("/desk/contacts/{reference}/attachments/{id}"))
        .await
        .unwrap();
    assert_eq!(bytes, picture);
    assert_eq!(
        contact.get("messages").and_then(Value::as_array).map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn a_form_opened_to_files_needs_a_decision_and_then_takes_them() {
    let mut service = Service::new(None).unwrap();
    service.set_form_keys("attachments = \"always\"").unwrap();
    let output = service.run_bounded(&["serve"]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("attachments_confirmed = true"),
        "{said}"
    );
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let part = reqwest::multipart::Part::bytes(b"bytes".to_vec()).file_name("a.txt");
    let form = reqwest::multipart::Form::new()
        .text("id", "1")
        .text("lang", "sr-Latn")
        .part("file", part);
    let answer = client()
        .post(format!("{}/advice?lang=sr-Latn", service.base()))
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200, "a file alone is a message");
    let contacts = staff.until_contacts(1).await.unwrap();
    let contact = staff
        .contact(text(contacts.first().unwrap(), "/reference"))
        .await
        .unwrap();
    assert_eq!(text(&contact, "/messages/0/attachments/0/name"), "a.txt");
}

#[tokio::test]
async fn the_desk_reads_as_it_was_reviewed() {
    let (service, _dovecot, _smtp, staff, reference) = furnished().await;
    for (name, path) in [
        ("inbox", "/desk/inbox?view=all".to_owned()),
        ("contact", format!("/desk/contacts/{reference}?view=all")),
        ("queue", "/desk/queue".to_owned()),
        ("statistics", "/desk/statistics?period=ever".to_owned()),
    ] {
        snapshot(&format!("desk_{name}"), &staff.page(&path).await.unwrap());
    }
    let manager = service.hire("petra", "manager").await.unwrap();
    for (name, staff, path) in [
        ("may_not", &manager, "/desk/inbox"),
        ("not_found", &staff, "/desk/contacts/2222-2222"),
        ("bad_day", &staff, "/desk/statistics?from=yesterday"),
    ] {
        snapshot(
            &format!("desk_error_{name}"),
            &staff.any_page(path).await.unwrap(),
        );
    }
    let taken = service.hire("vuk", "counsellor").await.unwrap();
    let said = taken
        .submit(&format!("/desk/contacts/{reference}/close"), &[("view", "mine")])
        .await
        .unwrap();
    assert!(
        said.contains("this contact is assigned to somebody else"),
        "{said}"
    );
}

pub async fn log_in(client: &Client, service: &Service, lang: &str) {
    log_in_as(client, service, "mila", lang).await;
}

pub async fn log_in_as(client: &Client, service: &Service, who: &str, lang: &str) {
    log_in_at(client, &service.base(), who, lang).await;
}

/// Logs in at another address than that of the service, such as that of a proxy.
pub async fn log_in_at(client: &Client, base: &str, who: &str, lang: &str) {
    client.goto(&format!("{base}/desk/login")).await.unwrap();
    // Everything is done by keyboard.
    let type_on = async |keys: &str| {
        let focused = client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    };
    for _ in 0..5 {
        if client
            .active_element()
            .await
            .unwrap()
            .attr("id")
            .await
            .unwrap()
            .as_deref()
            == Some("login")
        {
            break;
        }
        type_on(&Key::Tab.to_string()).await;
    }
    type_on(&format!("{who}{}", Key::Tab)).await;
    type_on(&format!("{PASSWORD}{}", Key::Enter)).await;
    client
        .wait()
        .for_element(Locator::Css("header.top"))
        .await
        .unwrap();
    let script = format!("document.cookie = 'language={lang}; path=/desk'");
    client.execute(&script, vec![]).await.unwrap();
}

#[tokio::test]
async fn the_desk_can_be_installed_on_a_telephone() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    log_in(browser.client(), &service, "en").await;
    let manifest = browser.devtools("Page.getAppManifest", json!({})).await.unwrap();
    assert_eq!(manifest.get("errors"), Some(&json!([])), "{manifest}");
    let data: Value = serde_json::from_str(text(&manifest, "/data")).unwrap();
    assert_eq!(text(&data, "/start_url"), "/desk");
    let icon = format!("{}{}", service.base(), text(&data, "/icons/0/src"));
    assert_eq!(client().get(icon).send().await.unwrap().status().as_u16(), 200);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_counsellor_answers_by_keyboard_alone() {
    let (service, _dovecot, _smtp, staff, _reference) = furnished().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in(client, &service, "en").await;
    client
        .goto(&format!("{}/desk/inbox?view=unassigned", service.base()))
        .await
        .unwrap();
    let focused = async || {
        let script = "const one = document.activeElement; return [one.tagName, one.id, one.textContent.trim(), one.hasAttribute('data-row')]";
        client.execute(script, vec![]).await.unwrap()
    };
    let tab_until = async |wanted: &dyn Fn(&Value) -> bool| {
        for _ in 0..60 {
            client
                .active_element()
                .await
                .unwrap()
                .send_keys(&Key::Tab.to_string())
                .await
                .unwrap();
            if wanted(&focused().await) {
                return true;
            }
        }
        false
    };
    assert!(tab_until(&|one| one[3] == json!(true)).await, "a row is reached");
    client
        .active_element()
        .await
        .unwrap()
        .send_keys(&Key::Enter.to_string())
        .await
        .unwrap();
    client.wait().for_element(Locator::Css("#reply")).await.unwrap();
    assert!(
        tab_until(&|one| one[1] == json!("reply")).await,
        "the reply is reached"
    );
    client
        .active_element()
        .await
        .unwrap()
        .send_keys(&format!("Odgovor s tastature{}{}", Key::Control, Key::Enter))
        .await
        .unwrap();
    wait_until(Duration::from_secs(20), || async {
        let mut said = String::new();
        for contact in staff.contacts().await.unwrap() {
            let whole = staff.contact(text(&contact, "/reference")).await.unwrap();
            said.push_str(&whole.to_string());
        }
        said.contains("Odgovor s tastature")
    })
    .await
    .unwrap();
    browser.close().await.unwrap();
}
