//! The web form without JavaScript, and its JSON API.

use std::time::Duration;

use fantoccini::Locator;
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_tests::{peers::browser::Browser, service::Service, staff::text};
use serde_json::{Value, json};

async fn started() -> Service {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_visitor_without_javascript_asks_reads_the_answer_and_writes_again() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let visitor = Browser::start_without_javascript().await.unwrap();
    let page = visitor.client();
    page.goto(&format!("{}/?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    page.find(Locator::Css("a[href^='/child']"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    // An empty form shows an error and can still be filled in.
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    page.wait()
        .for_element(Locator::Css(".mistakes a[href='#message']"))
        .await
        .unwrap();
    let words = "Drugarica mi šalje tužne poruke. <b>Šta</b> da radim?";
    page.find(Locator::Css("#message"))
        .await
        .unwrap()
        .send_keys(words)
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let code = page
        .wait()
        .for_element(Locator::Css("#code"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let reference = page
        .find(Locator::Css("#reference"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(code.replace(' ', "").len(), 16);

    staff.until_contacts(1).await.unwrap();
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/text"), words);
    let path = format!("/api/v1/contacts/{reference}");
    staff
        .post(&format!("{path}/note"), &json!({ "text": "interna beleška" }))
        .await
        .unwrap();
    staff
        .post(
            &format!("{path}/reply"),
            &json!({ "text": "Ostani uz nju i reci nastavnici." }),
        )
        .await
        .unwrap();

    page.goto(&format!("{}/answer?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    page.find(Locator::Css("#code"))
        .await
        .unwrap()
        .send_keys(&code)
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let said = page
        .wait()
        .for_element(Locator::Css(".said"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        said.contains("reci nastavnici") && !said.contains("interna"),
        "{said}"
    );
    page.find(Locator::Css("#message"))
        .await
        .unwrap()
        .send_keys("Hvala, hoću.")
        .await
        .unwrap();
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    page.wait()
        .for_element(Locator::Css("[role=status]"))
        .await
        .unwrap();
    assert!(
        !page
            .current_url()
            .await
            .unwrap()
            .as_str()
            .contains(&code.replace(' ', "")),
        "no code in an address"
    );
    for _ in 0..100 {
        if staff
            .contact(&reference)
            .await
            .unwrap()
            .pointer("/messages/3")
            .is_some()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/3/text"), "Hvala, hoću.");
    assert_eq!(
        staff.contacts().await.unwrap().len(),
        1,
        "who comes back opens no second contact"
    );
    visitor.close().await.unwrap();
}

#[tokio::test]
async fn a_browser_that_hides_where_a_post_comes_from_can_write_to_the_form_and_not_to_the_desk() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let post = |path: &str, fields: &[(&str, &str)]| {
        let request = client().post(format!("{}{path}", service.base()));
        request.header("origin", "null").form(fields).send()
    };
    let sent = post(
        "/advice",
        &[("message", "sa starog telefona"), ("lang", "sr-Latn")],
    )
    .await
    .unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    staff.until_contacts(1).await.unwrap();
    let refused = post("/desk/login", &[("login", "mila"), ("password", "x")])
        .await
        .unwrap();
    assert_eq!(
        refused.status().as_u16(),
        403,
        "nobody elsewhere posts in staff's name"
    );
    let login = client()
        .get(format!("{}/desk/login", service.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(login.headers().get("referrer-policy").unwrap(), "same-origin");
}

#[tokio::test]
async fn the_same_post_fifty_times_at_once_is_one_contact_with_one_receipt() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let posts = (0..50).map(|_| {
        let request = client()
            .post(format!("{}/api/v1/contacts", service.base()))
            .header("idempotency-key", "4d9f7c1e-one-and-the-same")
            .json(&json!({ "kind": "report", "url": "https://example.org/x", "language": "en" }));
        tokio::spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() })
    });
    let mut answers = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        answers.push(post.await.unwrap());
    }
    assert!(
        answers.iter().all(|answer| Some(answer) == answers.first()),
        "{answers:?}"
    );
    staff.until_contacts(1).await.unwrap();
    assert_eq!(
        staff.get("/api/v1/statistics/totals").await.unwrap().get("total"),
        Some(&json!(1))
    );
}

#[tokio::test]
async fn bad_input_gets_a_clear_answer_and_nothing_is_registered() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let url = format!("{}/api/v1/contacts", service.base());
    for (body, status) in [
        (json!({ "kind": "advice" }).to_string(), 422),
        (json!({ "kind": "advice", "message": " \u{0}" }).to_string(), 422),
        (
            json!({ "kind": "report", "message": "\u{3164}\u{2800}", "url": "\u{200b}" }).to_string(),
            422,
        ),
        (json!({ "message": "x" }).to_string(), 422),
        (json!({ "kind": "joke", "message": "x" }).to_string(), 422),
        (
            json!({ "kind": "advice", "message": "x", "language": "xx" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x", "reply_to": "a\r\nBcc: b@example.org" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x", "reply_to": "no address" }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x".repeat(20_001) }).to_string(),
            422,
        ),
        (
            json!({ "kind": "advice", "message": "x".repeat(10 << 20) }).to_string(),
            413,
        ),
        (
            json!({ "kind": "advice", "message": "x", "surprise": 1 }).to_string(),
            422,
        ),
        ("{".repeat(10_000), 400),
        (String::new(), 400),
    ] {
        let shown: String = body.chars().take(60).collect();
        let answer = client()
            .post(&url)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{shown}");
    }
    let file = reqwest::multipart::Form::new().part(
        "picture",
        reqwest::multipart::Part::bytes(vec![1, 2, 3]).file_name("a.jpg"),
    );
    let answer = client()
        .post(format!("{}/advice?lang=en", service.base()))
        .multipart(file)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    assert!(answer.text().await.unwrap().contains("paste the address"));
    let begun = std::time::Instant::now();
    let form = [("code", "1234 5678 9012 3456"), ("lang", "en")];
    let answer = client()
        .post(format!("{}/answer", service.base()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 422, "a wrong code");
    assert!(begun.elapsed() > Duration::from_secs(1), "and slow");
    assert!(staff.contacts().await.unwrap().is_empty());
}

/// Returns the text of a page.
async fn said(answer: reqwest::Response) -> String {
    answer.text().await.unwrap()
}

/// Returns the value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    let value = field.and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name} in {page}")).to_owned()
}

/// Returns the text of the receipt's element with this id.
fn shown(page: &str, id: &str) -> String {
    let rest = page.split(&format!("id=\"{id}\"")).nth(1);
    let text = rest.and_then(|rest| rest.split('>').nth(1)?.split('<').next());
    text.unwrap_or_else(|| panic!("no {id} in {page}")).to_owned()
}

async fn post_form(service: &Service, path: &str, fields: &[(&str, &str)]) -> reqwest::Response {
    let request = client().post(format!("{}{path}", service.base()));
    request.form(fields).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_of_a_post_that_got_a_receipt_is_kept() {
    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    for (part, name) in [
        (&b"name=\"file\"; filename=\"\x9akola.png\""[..], "škola.png"),
        (b"name=\"file\"; filename=\"\xff\xfe\xfd.png\"", ".png"),
        (b"name=\"file\"; filename*=UTF-8''%C5%A1kola.png", "škola.png"),
        (b"name=\"file\"; filename=\"broken.png", "broken.png"),
        (b"name=\"file\"; FILENAME=a b.png", "a b.png"),
        (b"name=\"file\"", ""),
        (b"name=\"picture\"; filename=\"\"", ""),
        (b"name=\"file\"; filename=\"\xe2\x80\xae\"", ""),
    ] {
        let mut body =
            b"--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nsa slikom\r\n--b\r\n".to_vec();
        body.extend_from_slice(b"Content-Disposition: form-data; ");
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\nContent-Type: image/png\r\n\r\nbytes of it\r\n--b--\r\n");
        let request = client().post(format!("{}/advice?lang=en", service.base()));
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let reference = shown(&said(answer).await, "reference");
        let messages = staff.until_messages(&reference, 1).await.unwrap();
        let files = messages[0].get("attachments").and_then(Value::as_array).unwrap();
        assert_eq!(files.len(), 1, "{}", String::from_utf8_lossy(part));
        assert_eq!(files[0].get("size"), Some(&json!(11)));
        assert!(text(&files[0], "/name").ends_with(name), "{files:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_again_with_another_text_adds_to_its_contact() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let page = client().get(format!("{}/advice?lang=en", service.base()));
    let id = hidden(&said(page.send().await.unwrap()).await, "id");
    let mut receipts = Vec::new();
    for words in ["prvo", "prvo", "prvo, i još nešto", "prvo"] {
        let fields = [("id", id.as_str()), ("lang", "en"), ("message", words)];
        let receipt = said(post_form(&service, "/advice", &fields).await).await;
        receipts.push((shown(&receipt, "reference"), shown(&receipt, "code")));
    }
    // Posting the same text again in another language adds no message.
    let fields = [("id", id.as_str()), ("lang", "sr-Latn"), ("message", "prvo")];
    let receipt = said(post_form(&service, "/advice", &fields).await).await;
    receipts.push((shown(&receipt, "reference"), shown(&receipt, "code")));
    receipts.dedup();
    let [(reference, code)] = receipts.as_slice() else {
        panic!("{receipts:?}")
    };
    let messages = staff.until_messages(reference, 2).await.unwrap();
    let words: Vec<_> = messages.iter().map(|one| text(one, "/text")).collect();
    assert_eq!(words, ["prvo", "prvo, i još nešto"]);
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
    let answer = post_form(&service, "/answer", &[("code", code), ("lang", "en")]).await;
    let answer = said(answer).await;
    assert!(
        answer.contains("prvo, i još nešto") && answer.contains(reference.as_str()),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_form_in_which_all_send_one_id_mixes_nobody_up() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let yesterday = SystemClock.now() - chrono::Duration::hours(25);
    let old = hotline_core::identifiers::ids::new(yesterday).to_string();
    let mut codes = std::collections::BTreeSet::new();
    for id in ["1", "", "0123456789abcdef0123456789abcdef", old.as_str()] {
        for words in ["jedno dete", "drugo dete"] {
            let fields = [("id", id), ("lang", "en"), ("message", words)];
            let receipt = said(post_form(&service, "/advice", &fields).await).await;
            codes.insert(shown(&receipt, "code"));
        }
    }
    assert_eq!(codes.len(), 8);
    staff.until_contacts(8).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_shows_nothing_is_empty_everywhere() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let sent = post_form(&service, "/advice", &[("message", "vidi se"), ("lang", "en")]).await;
    let receipt = said(sent).await;
    let (reference, code) = (shown(&receipt, "reference"), shown(&receipt, "code"));
    staff.until_messages(&reference, 1).await.unwrap();
    for blank in [
        " ",
        "\u{200b}\u{200d}",
        "\u{3164}",
        "\u{2800} \u{2800}",
        "\u{ad}\u{fe0f}",
        "\u{e0041}\u{2063}",
    ] {
        for (path, fields) in [
            ("/advice", vec![("message", blank), ("lang", "en")]),
            (
                "/report",
                vec![("message", blank), ("url", blank), ("lang", "en")],
            ),
            (
                "/answer/write",
                vec![("message", blank), ("code", code.as_str()), ("lang", "en")],
            ),
        ] {
            let answer = post_form(&service, path, &fields).await;
            assert_eq!(answer.status().as_u16(), 422, "{path} {blank:?}");
        }
        let body = json!({ "kind": "advice", "message": blank, "url": blank });
        let request = client().post(format!("{}/api/v1/contacts", service.base()));
        let answer = request.json(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 422, "{blank:?}");
    }
    assert_eq!(staff.messages(&reference).await.unwrap().len(), 1);
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_is_answered_at_once_while_others_guess() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let sent = post_form(&service, "/advice", &[("message", "čekam"), ("lang", "en")]).await;
    let receipt = said(sent).await;
    let code = format!("Šifra: {},", shown(&receipt, "code"));
    staff
        .until_messages(&shown(&receipt, "reference"), 1)
        .await
        .unwrap();
    let mut guesses = tokio::task::JoinSet::new();
    let guess = client();
    for number in 0..400 {
        let form = [("code", format!("9999 0000 0000 {number:04}"))];
        guesses.spawn(
            guess
                .post(format!("{}/answer", service.base()))
                .form(&form)
                .send(),
        );
    }
    // The first response shows that all guesses have been received. Most of them are still waiting.
    guesses.join_next().await.unwrap().unwrap().unwrap();
    for _ in 0..15 {
        let answer = post_form(&service, "/answer", &[("code", &code), ("lang", "en")]).await;
        assert_eq!(answer.status().as_u16(), 200);
    }
    let mut waiting = guesses.len();
    while guesses.try_join_next().is_some() {
        waiting -= 1;
    }
    assert!(waiting > 100, "{waiting} guesses were held up");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_with_a_wrong_code_are_not_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    for code in [
        "name=\"code\"\r\n\r\n1234 5678 9012 3456",
        "name=\"lang\"\r\n\r\nen",
    ] {
        let mut connection = tokio::net::TcpStream::connect(("127.0.0.1", service.port()))
            .await
            .unwrap();
        let head = format!(
            "POST /answer/write HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: 52428800\r\n\r\n\
             --b\r\ncontent-disposition: form-data; {code}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![b'x'; 512 << 10]).await.unwrap();
        // The request announces fifty megabytes. The wrong code is rejected after half a megabyte.
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(Duration::from_secs(10), connection.read_exact(&mut answer)).await;
        read.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 422");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_keeps_what_is_typed_and_asks_for_no_code_again() {
    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start_without_javascript().await.unwrap();
    let page = browser.client();
    let english = Locator::Css("nav button[value=en]");
    let value = async |css: &str| {
        let field = page.find(Locator::Css(css)).await.unwrap();
        field.prop("value").await.unwrap().unwrap_or_default()
    };
    page.goto(&format!("{}/report?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    for (field, words) in [("#url", "https://example.org/x"), ("#message", "Прво\nи друго")] {
        let field = page.find(Locator::Css(field)).await.unwrap();
        field.send_keys(words).await.unwrap();
    }
    page.execute("scrollTo(0, 0)", vec![]).await.unwrap();
    page.find(english).await.unwrap().click().await.unwrap();
    page.wait()
        .for_element(Locator::Css("html[lang=en]"))
        .await
        .unwrap();
    assert!(
        page.find(Locator::Css(".mistakes")).await.is_err(),
        "nothing was sent"
    );
    assert_eq!(value("#url").await, "https://example.org/x");
    assert_eq!(value("#message").await, "Прво\nи друго");
    page.find(Locator::Css("main form button"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let code = page.wait().for_element(Locator::Css("#code")).await.unwrap();
    let code = code.text().await.unwrap();
    // A receipt is shown only once, but remains when the language is changed.
    let latin = Locator::Css("nav button[value=sr-Latn]");
    page.find(latin).await.unwrap().click().await.unwrap();
    page.wait()
        .for_element(Locator::Css("html[lang=sr-Latn]"))
        .await
        .unwrap();
    let again = page.find(Locator::Css("#code")).await.unwrap();
    assert_eq!(again.text().await.unwrap(), code);
    let reference = page.find(Locator::Css("#reference")).await.unwrap();
    staff
        .until_messages(&reference.text().await.unwrap(), 1)
        .await
        .unwrap();
    // On the page for entering the code, Enter still submits it.
    page.goto(&format!("{}/answer?lang=sr-Latn", service.base()))
        .await
        .unwrap();
    page.find(Locator::Css("#code"))
        .await
        .unwrap()
        .send_keys(&code)
        .await
        .unwrap();
    page.find(english).await.unwrap().click().await.unwrap();
    page.wait()
        .for_element(Locator::Css("html[lang=en]"))
        .await
        .unwrap();
    assert_eq!(value("#code").await, code);
    page.find(Locator::Css("#code"))
        .await
        .unwrap()
        .send_keys("\u{e007}")
        .await
        .unwrap();
    page.wait().for_element(Locator::Css(".said")).await.unwrap();
    assert!(
        page.find(Locator::Css("html[lang=en]")).await.is_ok(),
        "Enter sends, and changes no language"
    );
    page.find(Locator::Css("#message"))
        .await
        .unwrap()
        .send_keys("još nešto")
        .await
        .unwrap();
    page.find(latin).await.unwrap().click().await.unwrap();
    page.wait()
        .for_element(Locator::Css("html[lang=sr-Latn] .said"))
        .await
        .unwrap();
    assert_eq!(value("#message").await, "još nešto");
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
    browser.close().await.unwrap();
    // Chosen files are not kept, and the page informs the visitor.
    let id = hotline_core::identifiers::ids::new(SystemClock.now()).to_string();
    let fields = [
        ("id", id.as_str()),
        ("message", "x"),
        ("file", "a.png"),
        ("file", "b.png"),
        ("switch", "en"),
    ];
    let answer = post_form(&service, "/advice", &fields).await;
    assert_eq!(answer.status().as_u16(), 200);
    let page = said(answer).await;
    assert!(
        page.contains("id=\"file-wrong\"") && page.contains("lang=\"en\""),
        "{page}"
    );
    assert_eq!(hidden(&page, "id"), id);
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
}
