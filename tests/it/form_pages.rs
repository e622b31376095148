//! The public pages in every state: accessibility, widths, themes, and the size of the first view.

use std::time::Duration;

use fantoccini::{Client, Locator};
use hotline_tests::{peers::browser::Browser, service::Service, staff::Staff};
use serde_json::{Value, json};

use crate::writing::posted;

/// The most bytes of the first view as transferred: what a first round of TCP can carry.
const MOST: usize = 14_000;
/// At 400 % zoom, a window of 1,280 pixels has 320 CSS pixels.
const WIDTHS: [u32; 5] = [320, 360, 1_093, 1_440, 2_560];
const DARK: (&str, &str) = ("prefers-color-scheme", "dark");
const LIGHT: (&str, &str) = ("prefers-color-scheme", "light");
const FORCED: (&str, &str) = ("forced-colors", "active");
const CALM: (&str, &str) = ("prefers-reduced-motion", "reduce");

#[tokio::test]
async fn the_first_view_of_each_form_fits_into_14_kilobytes() {
    let mut service = Service::new(None).unwrap();
    service
        .set_centre_keys("email = \"pisi@example.org\"\ntelegram = \"centar_bot\"\ndiscord = \"aBcD\"")
        .unwrap();
    service.start().await.unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let transferred = async |path: &str| {
        let request = client.get(format!("{}{path}", service.base()));
        let answer = request.header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(
            answer.headers().get("content-encoding").unwrap(),
            "gzip",
            "{path}"
        );
        answer.bytes().await.unwrap().len()
    };
    for language in ["sr-Cyrl", "sr-Latn", "en"] {
        for path in ["/", "/child", "/adult", "/link", "/privacy", "/answer"] {
            let path = format!("{path}?lang={language}");
            let plain = client.get(format!("{}{path}", service.base()));
            let plain = plain.send().await.unwrap().text().await.unwrap();
            let document = scraper::Html::parse_document(&plain);
            let loads = scraper::Selector::parse("[src], link[href]").unwrap();
            let mut size = transferred(&path).await;
            for element in document.select(&loads) {
                let value = element.value();
                let address = value.attr("src").or_else(|| value.attr("href")).unwrap();
                assert!(
                    address.starts_with('/') && !address.starts_with("//"),
                    "{address}"
                );
                size += transferred(address).await;
            }
            assert!(size <= MOST, "{path} needs {size} bytes");
        }
    }
    let css = client.get(format!("{}/public.css", service.base()));
    let css = css.send().await.unwrap().text().await.unwrap();
    for loads in ["url(", "@import", "@font-face"] {
        assert!(!css.contains(loads), "the style sheet loads nothing more");
    }
}

/// A browser that checks the page that it shows.
struct Checker {
    browser: Browser,
    base: String,
}

impl Checker {
    fn page(&self) -> &Client {
        self.browser.client()
    }

    async fn open(&self, path: &str, language: &str) {
        let address = format!("{}{path}?lang={language}", self.base);
        self.page().goto(&address).await.unwrap();
    }

    /// Fills in fields and sends the form.
    async fn send(&self, fields: &[(&str, &str)], until: &str) {
        let script = "for (const [id, text] of arguments[0]) document.getElementById(id).value = text;
            document.querySelector('main form:last-of-type, #form').requestSubmit(document.querySelector('main form button'));";
        self.page().execute(script, vec![json!(fields)]).await.unwrap();
        self.page()
            .wait()
            .at_most(Duration::from_secs(20))
            .for_element(Locator::Css(until))
            .await
            .unwrap_or_else(|error| panic!("{fields:?} {until}: {error}"));
    }

    /// Checks the widths, and the rules of accessibility in each theme.
    async fn check(&self, state: &str, language: &str) {
        let name = format!("{state}, {language}");
        for width in WIDTHS {
            self.browser.emulate_size(width, 700).await.unwrap();
            let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let over = self.page().execute(over, vec![]).await.unwrap();
            assert_eq!(over, json!(0), "{name} is wider than {width}");
        }
        self.browser.emulate_size(360, 700).await.unwrap();
        self.browser.emulate_media(&[LIGHT]).await.unwrap();
        assert_eq!(self.browser.axe().await.unwrap(), json!([]), "{name}");
        for media in [&[DARK, CALM][..], &[LIGHT, FORCED], &[DARK, FORCED, CALM]] {
            self.browser.emulate_media(media).await.unwrap();
            let found = self.browser.axe_colours().await.unwrap();
            assert_eq!(found, json!([]), "{name}, {media:?}");
        }
        let elsewhere = "return performance.getEntriesByType('resource').map((one) => one.name)
            .filter((address) => !address.startsWith(location.origin))";
        let elsewhere = self.page().execute(elsewhere, vec![]).await.unwrap();
        assert_eq!(elsewhere, json!([]), "{name} asks other sites");
        self.pictures(state, language).await;
    }

    /// Saves pictures for review if `HOTLINE_SCREENSHOTS` names a folder.
    async fn pictures(&self, state: &str, language: &str) {
        let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") else {
            return;
        };
        for (media, theme) in [(LIGHT, "light"), (DARK, "dark")] {
            self.browser.emulate_media(&[media]).await.unwrap();
            for width in [320, 360, 1_093, 1_440] {
                let height = if width < 400 { 1_600 } else { 1_200 };
                self.browser.emulate_size(width, height).await.unwrap();
                let name = format!("form-{state}-{language}-{width}-{theme}.png");
                self.browser
                    .screenshot(std::path::Path::new(&folder).join(name))
                    .await
                    .unwrap();
            }
        }
    }
}

async fn close_now(staff: &Staff, service: &Service) {
    // The clock of the service says Tuesday, 10:00.
    let weekly = json!({ "monday": ["12:00-15:30"], "tuesday": ["12:00-15:30"] });
    let body = json!({ "line": "form", "version": 0, "hours": { "weekly": weekly } });
    let status = crate::schedules::put(service, staff, "/api/v1/hours", &body).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_page_is_accessible_in_every_state_and_theme() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service
        .set_centre_keys(
            "email = \"pisi@example.org\"\ntelegram = \"centar_bot\"\ndiscord = \"aBcD\"\n\
             helplines = [{ number = \"116000\", name = { sr = \"Нестала деца\", en = \"Missing children\" } }]",
        )
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("sara", "supervisor").await.unwrap();
    let (answered, code) = posted(&service, "Hoću odgovor.").await;
    staff.until_messages(&answered, 1).await.unwrap();
    staff
        .reply(&answered, "Vidi https://example.org/pomoc.")
        .await
        .unwrap();
    let checker = Checker {
        browser: Browser::start().await.unwrap(),
        base: service.base(),
    };
    for language in ["sr-Cyrl", "sr-Latn", "en"] {
        for path in [
            "/",
            "/child",
            "/adult",
            "/link",
            "/advice",
            "/report",
            "/answer",
            "/privacy",
            "/no-such-page",
        ] {
            checker.open(path, language).await;
            let state = path.trim_start_matches('/');
            checker
                .check(if state.is_empty() { "home" } else { state }, language)
                .await;
        }
        for (path, wrong) in [
            ("/child", &[("age", "dvanaest")][..]),
            ("/adult", &[]),
            ("/link", &[]),
        ] {
            checker.open(path, language).await;
            checker.send(wrong, ".mistakes").await;
            checker
                .check(&format!("{}-mistakes", path.trim_start_matches('/')), language)
                .await;
        }
        checker.open("/child", language).await;
        checker.send(&[("message", "Zdravo")], ".receipt").await;
        checker.check("sent", language).await;
        let waiting = checker
            .page()
            .find(Locator::Css("#code"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        for (state, code) in [("waiting", &waiting), ("answered", &code)] {
            let begun = std::time::Instant::now();
            loop {
                checker.open("/answer", language).await;
                checker.send(&[("code", code)], ".said, .mistakes").await;
                // A message is part of the conversation once it is registered.
                if checker.page().find(Locator::Css(".said")).await.is_ok() {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "{state}");
            }
            checker.check(state, language).await;
        }
        checker.open("/answer", language).await;
        checker.send(&[], ".mistakes").await;
        checker.check("answer-mistakes", language).await;
    }
    close_now(&staff, &service).await;
    for number in 0..=hotline_core::intake::flood::LOWEST_LIMIT {
        posted(&service, &format!("Buy now {number}")).await;
    }
    let closed: Value = json!(true);
    for language in ["sr-Cyrl", "sr-Latn", "en"] {
        checker.open("/", language).await;
        let shown = "return !!document.querySelector('.closed')";
        let is_closed = async || checker.page().execute(shown, vec![]).await.unwrap();
        let begun = std::time::Instant::now();
        while is_closed().await != closed && begun.elapsed() < Duration::from_secs(20) {
            checker.open("/", language).await;
        }
        assert_eq!(is_closed().await, closed);
        checker.check("closed", language).await;
        checker.open("/child", language).await;
        let guarded = Locator::Css("[data-challenge]");
        assert!(
            checker.page().find(guarded).await.is_ok(),
            "the form asks for a proof"
        );
        checker.check("guarded", language).await;
    }
    checker.browser.close().await.unwrap();
}
