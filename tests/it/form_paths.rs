//! The three choices of the web form: a child, an adult, and a person who reports links.

use hotline_tests::{service::Service, staff::text};
use serde_json::{Value, json};

/// The characters that a child of ten types in a minute on a telephone.
const TYPED_IN_A_MINUTE: usize = 120;
/// The words that a child of ten reads in a minute.
const READ_IN_A_MINUTE: usize = 150;
/// Seconds for each choice and each press of a button.
const SECONDS_PER_PRESS: usize = 2;

async fn started() -> Service {
    let mut service = Service::new(None).unwrap();
    service.set_masking_keys("enabled = false").unwrap();
    service.start().await.unwrap();
    service
}

async fn get(service: &Service, path: &str) -> String {
    let answer = reqwest::get(format!("{}{path}", service.base())).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    answer.text().await.unwrap()
}

async fn post(service: &Service, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let request = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("{}{path}", service.base()));
    let answer = request.form(fields).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Returns the reference on a receipt.
fn reference(page: &str) -> String {
    let rest = page.split("id=\"reference\">").nth(1).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// Returns the names of the fields that a visitor can see.
fn fields(page: &str) -> Vec<String> {
    let document = scraper::Html::parse_document(page);
    let css = scraper::Selector::parse("main :is(input, textarea):not([type=hidden])").unwrap();
    let mut names: Vec<String> = Vec::new();
    for name in document
        .select(&css)
        .filter_map(|field| field.value().attr("name"))
    {
        if names.last().is_none_or(|last| last != name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn words(page: &str, css: &str) -> usize {
    let document = scraper::Html::parse_document(page);
    let css = scraper::Selector::parse(css).unwrap();
    document
        .select(&css)
        .map(|found| {
            found
                .text()
                .collect::<Vec<_>>()
                .join(" ")
                .split_whitespace()
                .count()
        })
        .sum()
}

#[tokio::test]
async fn each_choice_shows_only_its_questions() {
    let service = started().await;
    for (path, expected) in [
        ("/child", &["in_danger", "message", "name", "age"][..]),
        ("/adult", &["in_danger", "writer", "message", "name"]),
        ("/link", &["url", "message"]),
        ("/advice", &["in_danger", "message"]),
        ("/report", &["in_danger", "url", "message"]),
    ] {
        assert_eq!(fields(&get(&service, path).await), expected, "{path}");
    }
    let home = get(&service, "/?lang=en").await;
    let choices: Vec<_> = ["/child?", "/adult?", "/link?"]
        .iter()
        .map(|path| home.find(path))
        .collect();
    assert!(
        choices.iter().all(Option::is_some) && choices.is_sorted(),
        "{choices:?}"
    );
}

#[tokio::test]
async fn staff_see_who_writes() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let child = [
        ("message", "Ne smem u školu."),
        ("name", "Vrabac"),
        ("age", "12"),
        ("lang", "sr-Latn"),
    ];
    let teacher = [("message", "Učenik mi se poverio."), ("writer", "teacher")];
    // Only the form for adults accepts a choice of writer.
    let link = [("url", "https://example.org/a"), ("writer", "child")];
    for (path, fields, expected) in [
        ("/child", &child[..], json!(["child", "Vrabac", 12])),
        ("/adult", &teacher, json!(["teacher", null, null])),
        ("/link", &link, json!(["reporter", null, null])),
        ("/advice", &[("message", "Zdravo")], json!([null, null, null])),
    ] {
        let (status, receipt) = post(&service, path, fields).await;
        assert_eq!(status, 200, "{path}");
        let reference = reference(&receipt);
        staff.until_messages(&reference, 1).await.unwrap();
        let contact = staff.contact(&reference).await.unwrap();
        let found: Vec<&Value> = ["writer", "name", "age"]
            .map(|key| contact.get(key).unwrap())
            .into();
        assert_eq!(json!(found), expected, "{path}");
        let page = staff.page(&format!("/desk/contacts/{reference}")).await.unwrap();
        let named = page.contains("a child or young person");
        assert_eq!(named, path == "/child", "{path}");
        // The wrap-up suggests what follows from the choice.
        let suggests = |question: &str, answer: &str| {
            let document = scraper::Html::parse_document(&page);
            let css = format!(
                "[name='{question}'][value='{answer}'][checked], [name='{question}'] [value='{answer}'][selected]"
            );
            document
                .select(&scraper::Selector::parse(&css).unwrap())
                .next()
                .is_some()
        };
        assert_eq!(suggests("role", "child"), path == "/child", "{path}");
        assert_eq!(suggests("role", "teacher"), path == "/adult", "{path}");
        assert_eq!(suggests("kind", "report"), path == "/link", "{path}");
    }
}

#[tokio::test]
async fn a_program_can_say_who_writes() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let send = async |body: Value| {
        let request = client.post(format!("{}/api/v1/contacts", service.base()));
        request.json(&body).send().await.unwrap()
    };
    let answer =
        send(json!({ "kind": "advice", "message": "x", "writer": "parent", "name": "Jova", "age": 41 }))
            .await;
    assert_eq!(answer.status().as_u16(), 201);
    let receipt: Value = answer.json().await.unwrap();
    staff.until_contacts(1).await.unwrap();
    let contact = staff.contact(text(&receipt, "/reference")).await.unwrap();
    assert_eq!(text(&contact, "/writer"), "parent");
    assert_eq!(text(&contact, "/name"), "Jova");
    for wrong in [
        json!({ "writer": "robot" }),
        json!({ "age": 300 }),
        json!({ "age": 200 }),
    ] {
        let mut body = json!({ "kind": "advice", "message": "x" });
        body.as_object_mut()
            .unwrap()
            .extend(wrong.as_object().unwrap().clone());
        assert_eq!(send(body).await.status().as_u16(), 422, "{wrong}");
    }
}

#[tokio::test]
async fn a_mistake_keeps_the_choice_and_what_was_typed() {
    let service = started().await;
    let (status, page) = post(&service, "/child", &[("name", "Vrabac"), ("age", "dvanaest")]).await;
    assert_eq!(status, 422);
    for kept in [
        "action=\"/child?",
        "value=\"Vrabac\"",
        "value=\"dvanaest\"",
        "href=\"#message\"",
        "href=\"#age\"",
    ] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    let (status, page) = post(&service, "/adult", &[("writer", "parent"), ("lang", "en")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("action=\"/adult?"));
    let document = scraper::Html::parse_document(&page);
    let css = scraper::Selector::parse("[name=writer][value=parent][checked]").unwrap();
    assert!(document.select(&css).next().is_some(), "{page}");
    // The choice of a language keeps everything, too.
    let (_, page) = post(
        &service,
        "/link",
        &[("url", "https://example.org/a"), ("switch", "en")],
    )
    .await;
    assert!(page.contains("action=\"/link?lang=en\"") && page.contains("https://example.org/a"));
}

#[tokio::test]
async fn one_report_takes_several_links() {
    let service = started().await;
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let links = "https://example.org/a\r\nhttps://example.org/b\r\nexample.org/c";
    let (_, receipt) = post(&service, "/link", &[("url", links)]).await;
    let reference = reference(&receipt);
    staff.until_messages(&reference, 1).await.unwrap();
    let contact = staff.contact(&reference).await.unwrap();
    assert_eq!(text(&contact, "/messages/0/url"), links.replace('\r', ""));
    assert_eq!(text(&contact, "/asks"), "report");
}

#[tokio::test]
async fn a_child_reads_and_sends_in_under_two_minutes() {
    let service = started().await;
    let message =
        "Jedan dečko iz škole šalje svima moju sliku i smeje mi se. Ne znam kome da kažem. Šta da radim?";
    let home = get(&service, "/?lang=sr-Latn").await;
    let form = get(&service, "/child?lang=sr-Latn").await;
    let read = words(&home, "main > h1, .lead, .paths") + words(&form, "main");
    // One choice on the start page, one answer about danger, the field of the message, and the button.
    let pressed = 4;
    let seconds = read * 60 / READ_IN_A_MINUTE
        + message.chars().count() * 60 / TYPED_IN_A_MINUTE
        + pressed * SECONDS_PER_PRESS;
    assert!(seconds < 120, "{read} words to read: {seconds} s");
}
