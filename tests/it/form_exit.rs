//! Leaving the public pages at once: by the link, by the second link, and by pressing Shift three times.

use std::time::Duration;

use axum::{Router, response::Html, routing::get};
use fantoccini::{
    Client, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    key::Key,
};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SHIFT: char = '\u{e008}';
const ALT: char = '\u{e00a}';

/// Serves the neutral page, slowly. Returns its URL.
async fn neutral_page(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = get(move || async move {
        tokio::time::sleep(delay).await;
        Html("<title>Weather</title><p id=weather>Sunny")
    });
    let router = Router::new().route("/weather", page);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/weather")
}

/// Starts a service whose pages leave to the neutral page.
async fn leaving_to(neutral: &str) -> Service {
    let mut service = Service::new(None).unwrap();
    service
        .set_centre_keys(&format!("exit_url = \"{neutral}\""))
        .unwrap();
    service.start().await.unwrap();
    service
}

/// Presses and releases keys. A key that is named twice is pressed the first time and released the second time.
async fn press(page: &Client, keys: &[char], pause: Duration) {
    let mut down = Vec::new();
    let mut actions = KeyActions::new("keyboard".to_owned());
    for key in keys {
        let value = *key;
        if down.contains(&value) {
            down.retain(|one| *one != value);
            actions = actions
                .then(KeyAction::Up { value })
                .then(KeyAction::Pause { duration: pause });
        } else {
            down.push(value);
            actions = actions.then(KeyAction::Down { value });
        }
    }
    page.perform_actions(actions).await.unwrap();
}

async fn shift_three_times(page: &Client) {
    press(page, &[SHIFT; 6], Duration::ZERO).await;
}

async fn find(page: &Client, css: &str) -> fantoccini::elements::Element {
    page.wait().for_element(Locator::Css(css)).await.unwrap()
}

async fn until_at(page: &Client, address: &str) {
    wait_until(Duration::from_secs(20), || async {
        page.current_url().await.is_ok_and(|url| url.as_str() == address)
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shift_three_times_hides_the_page_before_a_slow_neutral_page_comes() {
    let neutral = neutral_page(Duration::from_secs(3)).await;
    let service = leaving_to(&neutral).await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    let home = format!("{}/?lang=en", service.base());
    page.goto(&home).await.unwrap();
    find(page, "a[href^='/child']").await.click().await.unwrap();
    find(page, "#message")
        .await
        .send_keys("A secret of mine")
        .await
        .unwrap();
    // What the page itself sees when it is hidden, and while it waits for the neutral page. The driver runs no script at that time.
    let watch = "let released;
        const see = () => [document.body.innerText.trim(), document.title, document.querySelectorAll('form, textarea, a, h1').length,
            document.querySelector('[role=alert]')?.textContent, getComputedStyle(document.body).backgroundColor, location.pathname];
        addEventListener('keyup', (event) => { released = event.timeStamp; }, true);
        new MutationObserver((_, observer) => {
            observer.disconnect();
            localStorage.setItem('hidden', performance.now() - released);
            setTimeout(() => localStorage.setItem('seen', JSON.stringify(see())), 1000);
        }).observe(document.body, { childList: true });";
    page.execute(watch, vec![]).await.unwrap();
    shift_three_times(page).await;
    until_at(page, &neutral).await;
    find(page, "#weather").await;
    // The history holds the neutral page in place of the form.
    page.back().await.unwrap();
    until_at(page, &home).await;
    let kept = "return [Number(localStorage.getItem('hidden')), JSON.parse(localStorage.getItem('seen'))]";
    let kept = page.execute(kept, vec![]).await.unwrap();
    let hidden = kept[0].as_f64().unwrap();
    assert!(hidden > 0.0 && hidden < 1_000.0, "hidden after {hidden} ms");
    assert_eq!(
        kept[1],
        json!([
            "Loading.",
            "Loading.",
            0,
            "Loading.",
            "rgb(255, 255, 255)",
            "/child"
        ]),
        "while the neutral page loads"
    );
    find(page, "a[href^='/child']").await.click().await.unwrap();
    let message = find(page, "#message").await;
    assert_eq!(message.prop("value").await.unwrap().as_deref(), Some(""));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shift_with_another_key_or_too_slowly_does_not_leave() {
    let neutral = neutral_page(Duration::ZERO).await;
    let service = leaving_to(&neutral).await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    let form = format!("{}/child?lang=en", service.base());
    page.goto(&form).await.unwrap();
    find(page, "#message").await.click().await.unwrap();
    let soon = Duration::from_millis(20);
    let capital = [SHIFT, 'a', 'a', SHIFT];
    press(page, &capital.repeat(4), soon).await;
    // Alt+Shift changes the layout of the keyboard.
    press(page, &[ALT, SHIFT, SHIFT, ALT].repeat(4), soon).await;
    press(page, &[SHIFT, ALT, ALT, SHIFT].repeat(4), soon).await;
    press(page, &[SHIFT, SHIFT, SHIFT, SHIFT, 'b', 'b', SHIFT, SHIFT], soon).await;
    press(page, &['c', 'c'], soon).await;
    press(page, &[SHIFT; 6], Duration::from_millis(2_600)).await;
    assert_eq!(page.current_url().await.unwrap().as_str(), form);
    let message = find(page, "#message").await.prop("value").await.unwrap();
    assert_eq!(
        message.as_deref(),
        Some("AAAAbc"),
        "everything that was typed is there"
    );
    press(page, &['c', 'c'], soon).await;
    shift_three_times(page).await;
    until_at(page, &neutral).await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_second_link_leaves_and_back_shows_an_empty_form() {
    let neutral = neutral_page(Duration::ZERO).await;
    let service = leaving_to(&neutral).await;
    let browser = Browser::start_without_javascript().await.unwrap();
    let page = browser.client();
    let form = format!("{}/child?lang=en", service.base());
    page.goto(&format!("{}/?lang=en", service.base())).await.unwrap();
    let hint = find(page, "[data-with-script]").await;
    assert!(
        !hint.is_displayed().await.unwrap(),
        "nothing is said that does not work"
    );
    page.goto(&form).await.unwrap();
    shift_three_times(page).await;
    assert_eq!(page.current_url().await.unwrap().as_str(), form);
    find(page, "#message")
        .await
        .send_keys("A secret of mine")
        .await
        .unwrap();
    find(page, "a.skip[data-leave]")
        .await
        .send_keys(&Key::Enter.to_string())
        .await
        .unwrap();
    until_at(page, &neutral).await;
    page.back().await.unwrap();
    until_at(page, &form).await;
    let message = find(page, "#message").await.prop("value").await.unwrap();
    assert_eq!(message.as_deref(), Some(""), "the form is empty");
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_leaving_back_shows_no_message_and_no_code() {
    let neutral = neutral_page(Duration::ZERO).await;
    let service = leaving_to(&neutral).await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    let base = service.base();
    page.goto(&format!("{base}/?lang=en")).await.unwrap();
    find(page, "a[href^='/child']").await.click().await.unwrap();
    // A form with a mistake, then the receipt: neither adds a page to the history.
    let length = page.execute("return history.length", vec![]).await.unwrap();
    find(page, "#age").await.send_keys("many").await.unwrap();
    find(page, "#form button:not([class])")
        .await
        .click()
        .await
        .unwrap();
    find(page, "#mistakes").await;
    let focused = page
        .execute("return document.activeElement.id", vec![])
        .await
        .unwrap();
    assert_eq!(focused, json!("mistakes"));
    find(page, "#age").await.clear().await.unwrap();
    let words = "A secret of mine";
    find(page, "#message").await.send_keys(words).await.unwrap();
    find(page, "#form button:not([class])")
        .await
        .click()
        .await
        .unwrap();
    let code = find(page, "dd#code").await.text().await.unwrap();
    let now = page.execute("return history.length", vec![]).await.unwrap();
    assert_eq!(now, length);
    page.refresh().await.unwrap();
    let lead = find(page, "p.lead").await.text().await.unwrap();
    assert!(lead.contains("no longer shown"), "{lead}");
    // The conversation, in another language, with a further message.
    page.goto(&format!("{base}/answer?lang=en")).await.unwrap();
    let enter = Key::Enter.to_string();
    find(page, "#code")
        .await
        .send_keys(&format!("{code}{enter}"))
        .await
        .unwrap();
    find(page, "#said").await;
    find(page, "button[lang=sr-Latn]").await.click().await.unwrap();
    find(page, "html[lang=sr-Latn] #said").await;
    find(page, "#message")
        .await
        .send_keys("And one more")
        .await
        .unwrap();
    find(page, "#form button:not([class])")
        .await
        .click()
        .await
        .unwrap();
    find(page, ".done").await;
    shift_three_times(page).await;
    until_at(page, &neutral).await;
    for expected in ["/received?lang=en", "/?lang=en"] {
        page.back().await.unwrap();
        until_at(page, &format!("{base}{expected}")).await;
        let source = page.source().await.unwrap();
        for secret in [words, "And one more", code.as_str()] {
            assert!(!source.contains(secret), "{expected} shows {secret}");
        }
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_privacy_page_keeps_what_is_typed() {
    let neutral = neutral_page(Duration::ZERO).await;
    let service = leaving_to(&neutral).await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    page.goto(&format!("{}/child?lang=en", service.base()))
        .await
        .unwrap();
    find(page, "#message")
        .await
        .send_keys("A secret of mine")
        .await
        .unwrap();
    let link = find(page, "footer a[data-dialog]").await;
    link.send_keys(&Key::Enter.to_string()).await.unwrap();
    let heading = find(page, "dialog h1").await.text().await.unwrap();
    assert_eq!(heading, "What happens to what you write");
    let escape = Key::Escape.to_string();
    page.active_element()
        .await
        .unwrap()
        .send_keys(&escape)
        .await
        .unwrap();
    let typed = find(page, "#message").await.prop("value").await.unwrap();
    assert_eq!(typed.as_deref(), Some("A secret of mine"));
    let state = "return [document.querySelectorAll('dialog').length, document.activeElement.textContent]";
    let link = page.execute(state, vec![]).await.unwrap();
    assert_eq!(link, json!([0, "What happens to what you write"]));
    // The exit works while the page is read.
    find(page, "footer a[data-dialog]").await.click().await.unwrap();
    find(page, "dialog h1").await;
    shift_three_times(page).await;
    until_at(page, &neutral).await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn leaving_clears_the_cache_and_names_nothing() {
    let neutral = "https://weather.example.org/";
    let service = leaving_to(neutral).await;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let leave = client.get(format!("{}/leave", service.base()));
    let leave = leave.send().await.unwrap().text().await.unwrap();
    assert!(leave.contains("content=\"0; url=/left\""), "{leave}");
    let left = client
        .get(format!("{}/left", service.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(left.status().as_u16(), 303);
    for (name, value) in [
        ("location", neutral),
        ("referrer-policy", "no-referrer"),
        ("clear-site-data", "\"cache\""),
    ] {
        assert_eq!(left.headers().get(name).unwrap(), value);
    }
    let beacon = client
        .post(format!("{}/leave", service.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(beacon.status().as_u16(), 204);
    assert_eq!(beacon.headers().get("clear-site-data").unwrap(), "\"cache\"");
    for path in [
        "/",
        "/child",
        "/adult",
        "/link",
        "/answer",
        "/privacy",
        "/no-such-page",
    ] {
        let page = client.get(format!("{}{path}", service.base()));
        let page = page.send().await.unwrap().text().await.unwrap();
        let document = scraper::Html::parse_document(&page);
        let links = scraper::Selector::parse("body a").unwrap();
        let first: Vec<Value> = document
            .select(&links)
            .take(3)
            .map(|link| json!(link.value().attr("href")))
            .collect();
        assert_eq!(json!(first), json!(["#main", "/leave", "/leave"]), "{path}");
    }
}
