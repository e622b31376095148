//! The page with a conversation: what a waiting visitor sees, and how new answers appear.

use std::time::Duration;

use fantoccini::{Client, Locator};
use hotline_tests::{
    peers::{browser::Browser, wait_until},
    service::Service,
    staff::Staff,
};
use serde_json::{Value, json};

use crate::writing::posted;

async fn run(page: &Client, script: &str) -> Value {
    page.execute(script, vec![]).await.unwrap()
}

/// Opens the conversation in the browser.
async fn open(service: &Service, page: &Client, code: &str) {
    page.goto(&format!("{}/answer?lang=en", service.base()))
        .await
        .unwrap();
    let field = page.find(Locator::Css("#code")).await.unwrap();
    field.send_keys(&format!("{code}\u{e007}")).await.unwrap();
    page.wait().for_element(Locator::Css(".said")).await.unwrap();
}

async fn begun() -> (Service, Staff, String, String) {
    let mut service = Service::new(None).unwrap();
    service
        .set_centre_keys("email = \"pisi@example.org\"\ntelegram = \"centar_bot\"\ndiscord = \"aBcD\"")
        .unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let (reference, code) = posted(&service, "Pišem vam.").await;
    staff.until_messages(&reference, 1).await.unwrap();
    (service, staff, reference, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn new_answers_appear_while_the_visitor_types() {
    let (service, staff, reference, code) = begun().await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    open(&service, page, &code).await;
    let said = run(page, "return document.getElementById('said').innerText").await;
    let said = said.as_str().unwrap();
    assert!(
        said.contains("No answer yet. We read messages: Monday–Friday"),
        "{said}"
    );
    assert!(
        said.contains("While we are open, we want to answer within 4 hours"),
        "{said}"
    );
    let message = page.find(Locator::Css("#message")).await.unwrap();
    message.send_keys("Half a sentence").await.unwrap();
    let lasting = "return [document.title, location.href, history.length, document.activeElement.id,
        document.getElementById('message').value, document.querySelector('#form [name=id]').value]";
    let before = run(page, lasting).await;
    staff.reply(&reference, "Tu smo.").await.unwrap();
    page.wait()
        .at_most(Duration::from_secs(30))
        .for_element(Locator::Css(".said .us"))
        .await
        .unwrap();
    assert_eq!(run(page, lasting).await, before, "nothing else changes");
    let shown = run(
        page,
        "return [document.querySelectorAll('.said li').length, !!document.querySelector('.unanswered')]",
    )
    .await;
    assert_eq!(shown, json!([2, false]));
    // While the page is hidden, it asks for nothing. When it is shown again, it asks at once.
    let hide = "let hidden = true;
        Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
        window.show = () => { hidden = false; document.dispatchEvent(new Event('visibilitychange')); };
        document.dispatchEvent(new Event('visibilitychange'));
        window.asked = 0;
        const real = window.fetch;
        window.fetch = (...all) => { window.asked += 1; return real(...all); };";
    run(page, hide).await;
    staff.reply(&reference, "Piši kad god hoćeš.").await.unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(run(page, "return window.asked").await, json!(0));
    run(page, "window.show()").await;
    wait_until(Duration::from_secs(5), || async {
        run(page, "return document.querySelectorAll('.said .us').length").await == json!(2)
    })
    .await
    .unwrap();
    assert_eq!(run(page, lasting).await, before);
    // Everything came from the site itself, and no address contains the code.
    let addresses = run(
        page,
        "return performance.getEntriesByType('resource').map((one) => one.name)",
    )
    .await;
    let digits = code.replace(' ', "");
    for address in addresses.as_array().unwrap() {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(&service.base()), "{address}");
        assert!(
            !address.contains(&digits) && !address.contains(&code),
            "{address}"
        );
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_can_be_read_at_320_pixels_and_copied() {
    let (service, _staff, _reference, code) = begun().await;
    let browser = Browser::start().await.unwrap();
    let page = browser.client();
    let permission = json!({ "permission": { "name": "clipboard-write" }, "setting": "granted" });
    browser
        .devtools("Browser.setPermission", permission)
        .await
        .unwrap();
    browser.emulate_size(320, 568).await.unwrap();
    open(&service, page, &code).await;
    let text = async |css: &str| page.find(Locator::Css(css)).await.unwrap().text().await.unwrap();
    assert_eq!(
        text(".my-code").await,
        "Show my code",
        "the code is not seen by others"
    );
    page.find(Locator::Css("summary"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    assert_eq!(text("#code").await, code);
    let size = "const range = document.createRange();
        range.selectNodeContents(document.getElementById('code'));
        const size = parseFloat(getComputedStyle(document.getElementById('code')).fontSize);
        return [range.getClientRects().length, size >= 20, range.getBoundingClientRect().right <= innerWidth];";
    assert_eq!(
        run(page, size).await,
        json!([1, true, true]),
        "one line, in large digits"
    );
    page.find(Locator::Css("[data-copy]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    wait_until(Duration::from_secs(5), || async {
        text(".copy [role=status]").await == "The code was copied."
    })
    .await
    .unwrap();
    let message = page.find(Locator::Css("#message")).await.unwrap();
    message.click().await.unwrap();
    message
        .send_keys(&format!("{}v", fantoccini::key::Key::Control))
        .await
        .unwrap();
    assert_eq!(message.prop("value").await.unwrap(), Some(code));
    browser.close().await.unwrap();
}

#[tokio::test]
async fn only_configured_ways_to_reach_the_centre_are_shown() {
    let (service, _staff, _reference, code) = begun().await;
    let home = reqwest::get(service.base()).await.unwrap().text().await.unwrap();
    let conversation = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("{}/answer", service.base()))
        .form(&[("code", &code)]);
    let conversation = conversation.send().await.unwrap().text().await.unwrap();
    let ways = |page: &str| {
        let document = scraper::Html::parse_document(page);
        let links = scraper::Selector::parse(".ways a").unwrap();
        let links = document
            .select(&links)
            .filter_map(|link| link.value().attr("href"));
        links.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = [
        "tel:19833",
        "mailto:pisi@example.org",
        "https://t.me/centar_bot",
        "https://discord.gg/aBcD",
    ];
    assert_eq!(ways(&home), all);
    assert_eq!(ways(&conversation), all);
    let mut bare = Service::new(None).unwrap();
    bare.set_centre_keys("telephone = \"\"").unwrap();
    bare.start().await.unwrap();
    let home = reqwest::get(bare.base()).await.unwrap().text().await.unwrap();
    assert!(!home.contains("class=\"ways\""));
}
