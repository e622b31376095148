//! Screens at every width, on paper, and in one language at a time.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use fantoccini::{Client, key::Key, wd::PrintConfiguration};
use hotline_tests::{
    peers::{browser::Browser, free_port, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, shows, until},
};

/// Width and height of the viewport: phones, tablets, a laptop at 125 %, and monitors.
const SIZES: [(u32, u32); 11] = [
    (320, 640),
    (390, 844),
    (768, 1_024),
    (897, 700),
    (1_024, 768),
    (1_093, 614),
    (1_200, 700),
    (1_280, 720),
    (1_440, 900),
    (1_920, 1_080),
    (2_560, 1_440),
];

/// Measures the main areas, and lists elements that extend beyond the viewport.
const MEASURE: &str = "
    const box = (css) => document.querySelector(css)?.getBoundingClientRect();
    const thread = box('#thread'), views = box('#views'), top = box('header.top');
    const shown = (one) => one.checkVisibility() && !one.closest('#views, nav, .wide-table, figure, .hidden, .skip, .offscreen');
    const beyond = [...document.querySelectorAll('main button, main input, main select, main textarea, main a')].filter(shown)
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 90));
    return { over: document.documentElement.scrollWidth - innerWidth, thread: thread && [thread.width, thread.height],
        views: views && views.height, top: top.height, beyond };";

async fn begun() -> (Service, Staff, String) {
    let mut service = Service::new(None).unwrap();
    service.require_wrap_up().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti da će poslati slike mom razredu").await;
    mila.until_messages(&reference, 1).await.unwrap();
    (service, mila, reference)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_desk_is_usable_from_320_to_2560_pixels() {
    let (service, mila, reference) = begun().await;
    mila.post("/api/v1/duty", &json!({ "on": true })).await.ok();
    let case = mila
        .post(&format!("/api/v1/contacts/{reference}/case"), &json!({}))
        .await
        .unwrap();
    let contact = format!("/desk/contacts/{reference}?view=all");
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    for lang in ["sr-Cyrl", "en"] {
        log_in_as(client, &service, "mila", lang).await;
        for path in [
            contact.as_str(),
            "/desk/inbox?view=all",
            "/desk/cases",
            &format!("/desk/cases/{}", text(&case, "/id")),
            "/desk/canned",
            "/desk/log",
            "/desk/statistics?by=channel&and=weekday",
            "/desk/outreach",
            "/desk/queue",
            "/desk/routing",
            "/desk/routing/hours",
            "/desk/routing/shifts",
        ] {
            client.goto(&format!("{}{path}", service.base())).await.unwrap();
            for (width, height) in SIZES {
                browser.set_size(width, height).await.unwrap();
                let found = client.execute(MEASURE, vec![]).await.unwrap();
                let at = format!("{path} in {lang} at {width}×{height}: {found}");
                let number = |pointer: &str| found.pointer(pointer).and_then(Value::as_f64);
                assert!(number("/over").unwrap() <= 0.0, "it scrolls sideways: {at}");
                assert_eq!(found.get("beyond"), Some(&json!([])), "{at}");
                assert!(
                    number("/top").unwrap() <= 110.0,
                    "the head is two rows at most: {at}"
                );
                if path == contact {
                    assert!(
                        number("/thread/0").unwrap() >= 300.0,
                        "lines are long enough: {at}"
                    );
                    // In a single column the page scrolls. Beside other columns the conversation has its own minimum height.
                    assert!(width < 897 || number("/thread/1").unwrap() >= 160.0, "{at}");
                    assert!(
                        !(897..=1_200).contains(&width) || number("/views").unwrap() <= 60.0,
                        "{at}"
                    );
                }
            }
        }
        client.delete_all_cookies().await.unwrap();
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_by_two_dimensions_are_shown_where_somebody_asked_for_them() {
    let (service, ..) = begun().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/statistics?period=ever", service.base()))
        .await
        .unwrap();
    until(client, "#by")
        .await
        .select_by_value("channel")
        .await
        .unwrap();
    until(client, "#and")
        .await
        .select_by_value("weekday")
        .await
        .unwrap();
    press(client, "#cut button").await;
    until(client, "#t-figures").await;
    shows(client, "#cutting", "Channel × Day of the week").await;
    let script = "const box = document.querySelector('#cut').getBoundingClientRect(); return [location.search, location.hash, box.top < innerHeight && box.bottom > 0]";
    let found = client.execute(script, vec![]).await.unwrap();
    assert_eq!(
        found,
        json!(["?period=ever&of=contact&by=channel&and=weekday", "#cut", true])
    );
    // Opening the same address again shows the same table.
    client.refresh().await.unwrap();
    until(client, "#t-figures").await;
    browser.close().await.unwrap();
}

/// Prints a page and returns its text and the number of sheets.
pub(crate) async fn printed(client: &Client, name: &str) -> (String, usize) {
    let pdf = client.print(PrintConfiguration::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.pdf");
    std::fs::write(&file, &pdf).unwrap();
    if let Some(pictures) = std::env::var_os("HOTLINE_SCREENSHOTS") {
        std::fs::write(Path::new(&pictures).join(format!("{name}.pdf")), pdf).unwrap();
    }
    let said = Command::new("pdftotext")
        .arg("-raw")
        .args([&file, &"-".into()])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let sheets = said.matches('\u{c}').count();
    (said, sheets)
}

/// A live page may name a later minute than its print, such as `as of 19:24`.
fn is_time_of_day(part: &str) -> bool {
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    part.split_once(':')
        .is_some_and(|(hours, minutes)| digits(hours) && digits(minutes))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace()
        .filter(|part| !is_time_of_day(part))
        .flat_map(|part| part.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() > 1)
        .map(str::to_lowercase)
        .collect()
}

/// Returns words of the printed text that are not on screen, which means that printing broke them.
pub(crate) async fn broken(client: &Client, paper: &str) -> Vec<String> {
    let text = "
        const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const said = [...document.querySelectorAll('input, textarea')].map((one) => one.value);
        while (all.nextNode()) said.push(all.currentNode.nodeValue);
        return said.join(' ');";
    let screen = client.execute(text, vec![]).await.unwrap();
    let screen = words(screen.as_str().unwrap());
    words(paper)
        .into_iter()
        .filter(|word| !screen.contains(word))
        .collect()
}

/// Returns the words of a printed text that are months in the format for programs, such as `2023-08`.
pub(crate) fn for_machines(paper: &str) -> Vec<&str> {
    let is_one = |word: &&str| {
        let (year, month) = word.split_once('-').unwrap_or_default();
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        year.len() == 4 && month.len() == 2 && digits(year) && digits(month)
    };
    paper.split_whitespace().filter(is_one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_paper_no_word_or_number_is_broken_and_a_contact_has_its_wrap_up() {
    let (service, mila, reference) = begun().await;
    let answers =
        json!({ "answers": { "kind": ["counselling"], "topic": ["grooming"], "urgency": ["urgent"] } });
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{path}/wrap-up"), &answers).await.unwrap();
    let case = mila.post(&format!("{path}/case"), &json!({})).await.unwrap();
    let number = text(&case, "/number").to_owned();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    for (lang, wrapped) in [
        ("sr-Cyrl", ["Врста", "саветовање", "Хитност", "хитно"]),
        ("en", ["Kind", "counselling", "Urgency", "urgent"]),
    ] {
        log_in_as(client, &service, "mila", lang).await;
        for (name, path) in [
            ("contact", format!("/desk/contacts/{reference}?view=all")),
            ("cases", "/desk/cases".to_owned()),
            ("case", format!("/desk/cases/{}", text(&case, "/id"))),
            ("statistics", "/desk/statistics?period=year".to_owned()),
        ] {
            client.goto(&format!("{}{path}", service.base())).await.unwrap();
            let (paper, sheets) = printed(client, &format!("{name}-{lang}")).await;
            assert_eq!(sheets, 1, "{name} in {lang}: {paper}");
            assert_eq!(
                broken(client, &paper).await,
                Vec::<String>::new(),
                "{name} in {lang}: {paper}"
            );
            assert_eq!(for_machines(&paper), Vec::<&str>::new(), "{name} in {lang}");
            if name == "contact" {
                for word in wrapped.into_iter().chain([reference.as_str()]) {
                    assert!(paper.contains(word), "{word} in {lang}: {paper}");
                }
            }
            assert!(
                name == "statistics" || paper.contains(&number),
                "{name} in {lang}: {paper}"
            );
        }
        client.delete_all_cookies().await.unwrap();
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_english_of_a_library_stands_on_a_serbian_screen() {
    let port = free_port().unwrap();
    let lines = format!(
        "[lines.mail]\nchannel = \"email\"\naddress = \"kontakt@example.org\"\n[lines.mail.imap]\nhost = \"127.0.0.1\"\nport = {port}\n\
         security = \"plain\"\nuser = \"kontakt\"\npassword = \"kontakt\"\n[lines.mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\n\
         security = \"plain\"\n"
    );
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "administrator").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "sr-Cyrl").await;
    client
        .goto(&format!("{}/desk/queue", service.base()))
        .await
        .unwrap();
    shows(client, "#list", "сервер одбија везу").await;
    let shown = until(client, "#list").await.text().await.unwrap();
    let latin: Vec<String> = words(&shown)
        .into_iter()
        .filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()))
        .filter(|word| !["mail", "form"].contains(&word.as_str()))
        .collect();
    assert_eq!(latin, Vec::<String>::new(), "{shown}");
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_longest_is_told_alike_to_everybody_who_reads_figures() {
    let (service, mila, _) = begun().await;
    let petra = service.hire("petra", "manager").await.unwrap();
    let told = async |staff: &Staff| {
        let report = staff.get("/api/v1/statistics/report").await.unwrap();
        let page = staff.page("/desk/statistics").await.unwrap();
        let shown = page
            .split("standing-title\">")
            .nth(1)
            .unwrap()
            .split("</section>")
            .next()
            .unwrap()
            .to_owned();
        (report.pointer("/standing/longest_waiting").cloned(), shown)
    };
    let (one, two) = (told(&mila).await, told(&petra).await);
    assert_eq!(one, two);
    assert_eq!(one.0, Some(json!(60)), "in whole hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_wrapped_up_waits_for_nobody() {
    let (_service, mila, _) = begun().await;
    let call = json!({ "network": "telephone", "text": "Nije stigla da kaže", "answers": { "kind": ["counselling"] } });
    let call = mila.post("/api/v1/log", &call).await.unwrap();
    let reference = text(&call, "/reference").to_owned();
    let view = async |name: &str| crate::handing::view(&mila, name).await;
    assert_eq!(view("answered").await, Vec::<String>::new());
    assert_eq!(view("mine").await, std::slice::from_ref(&reference));
    let page = mila.page("/desk/inbox?view=mine").await.unwrap();
    assert!(
        page.contains("wrap-up unfinished") || page.contains("запис није довршен"),
        "{page}"
    );
    // The reopened contact is a call, so no person waits for a reply in it either.
    let whole = json!({ "close": true, "answers": { "kind": ["counselling"], "topic": ["grooming"], "urgency": ["ordinary"],
        "role": ["child"], "outcome": ["advice"] } });
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{path}/wrap-up"), &whole).await.unwrap();
    mila.post(&format!("{path}/reopen"), &json!({})).await.unwrap();
    assert!(!view("waiting").await.contains(&reference));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_logged_from_wherever_the_keyboard_is() {
    let (service, mila, _) = begun().await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/inbox", service.base()))
        .await
        .unwrap();
    let keys = async |keys: &str| {
        client
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    };
    keys("l").await;
    until(client, "#logging").await;
    let focused = async || {
        let focused = client.active_element().await.unwrap();
        focused.attr("id").await.unwrap().unwrap_or_default()
    };
    assert_eq!(focused().await, "clock", "one begins with the clock");
    browser.set_size(360, 760).await.unwrap();
    client.refresh().await.unwrap();
    until(client, "#clock:focus").await;
    let scrolled = client.execute("return scrollY", vec![]).await.unwrap();
    assert_eq!(scrolled, json!(0), "the heading stays in sight");
    browser.set_size(1_280, 1_000).await.unwrap();
    for (which, field) in ["q-kind", "network", "caller", "q-age", "text"]
        .into_iter()
        .enumerate()
    {
        until(client, "#text")
            .await
            .send_keys("Majka pita.")
            .await
            .unwrap();
        if ["network", "caller"].contains(&field) {
            press(client, "#call-details:not([open]) summary").await;
        }
        let field = until(client, &format!("#{field}")).await;
        field
            .send_keys(&format!("{}{}", Key::Control, Key::Enter))
            .await
            .unwrap();
        mila.until_contacts(which + 2).await.unwrap();
        wait_until(Duration::from_secs(20), || async {
            let text = "return document.getElementById('text')?.value";
            client.execute(text, vec![]).await.unwrap() == json!("")
        })
        .await
        .unwrap();
        shows(client, "main .done", "Registered").await;
    }
    browser.close().await.unwrap();
}
