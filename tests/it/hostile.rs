//! Text from outside can't run scripts, change styles, load or link to other sites, or break the page.

use std::time::Duration;

use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{posted, press, until},
};

const CORPUS: &str = include_str!("../golden/hostile.txt");

/// Checks that hold for every page, whatever text it contains: no script ran, the text created no elements, links and resources stay on
/// this site, the page is not wider than the window, and the desk's navigation bar is visible.
const SOUND: &str = "
    const wrong = [];
    if (window.hacked !== undefined) wrong.push('it ran');
    if (document.querySelector('.text :not(mark), .words :not(.subject, mark), .subject :not(mark), .url :not(span), dd script, dd img')) wrong.push('elements');
    // The hits of a search are marked by the desk, not by the text.
    const isOurs = (mark) => !mark.children.length && [...mark.attributes].every((one) => one.name === 'tabindex');
    if (![...document.querySelectorAll('mark')].every(isOurs)) wrong.push('marks');
    const outside = (url) => url && new URL(url, location.href).origin !== location.origin;
    for (const one of document.querySelectorAll('a, area, form, img, iframe, script, link, base, object, embed'))
        if (outside(one.getAttribute('href') ?? one.getAttribute('src') ?? one.getAttribute('action') ?? one.getAttribute('data')))
            wrong.push('leads out: ' + one.outerHTML.slice(0, 80));
    for (const one of performance.getEntriesByType('resource')) if (outside(one.name)) wrong.push('loaded ' + one.name);
    if (document.documentElement.scrollWidth > innerWidth) wrong.push('too wide by ' + (document.documentElement.scrollWidth - innerWidth));
    const bar = [...document.querySelectorAll('header.top :is(a, button)')].find((one) => one.getBoundingClientRect().height > 0);
    if (!bar || getComputedStyle(bar).visibility !== 'visible' || bar.getBoundingClientRect().height === 0) wrong.push('the bar is gone');
    const box = bar.getBoundingClientRect();
    if (document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest('a, button') !== bar) wrong.push('the bar is covered');
    return wrong;";

async fn written(service: &Service, mila: &Staff) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for line in CORPUS.lines() {
        let (reference, _) = posted(service, line).await;
        all.push((reference, line));
    }
    for (reference, _) in &all {
        mila.until_messages(reference, 1).await.unwrap();
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_written_runs_styles_links_out_or_breaks_the_page() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let all = written(&service, &mila).await;
    // The other places that show text from outside or from careless colleagues: a caller, a note, a case and a search.
    let (first, _) = &all[0];
    for line in CORPUS.lines().take(12) {
        let call = json!({ "network": "telephone", "caller": line, "text": line, "answers": { "platform_named": [line.chars().take(60).collect::<String>()] } });
        mila.post("/api/v1/log", &call).await.unwrap();
        let note = json!({ "text": line });
        mila.post(&format!("/api/v1/contacts/{first}/note"), &note)
            .await
            .unwrap();
    }
    let case = mila
        .post(&format!("/api/v1/contacts/{first}/case"), &json!({}))
        .await
        .unwrap();
    let case = text(&case, "/id").to_owned();
    let evil = CORPUS.lines().take(12).collect::<String>();
    let summary = json!({ "summary": evil });
    mila.post(&format!("/api/v1/cases/{case}/summary"), &summary)
        .await
        .unwrap();
    let proposal = json!({ "institution": "mup", "basis": evil, "sent": evil });
    mila.post(&format!("/api/v1/cases/{case}/referrals"), &proposal)
        .await
        .unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    let check = async |path: &str, width: u32| {
        client.goto(&format!("{}{path}", service.base())).await.unwrap();
        until(client, "header.top").await;
        browser.set_size(width, 900).await.unwrap();
        let wrong = client.execute(SOUND, vec![]).await.unwrap();
        assert_eq!(wrong, json!([]), "{path} at {width}");
    };
    for (reference, line) in &all {
        check(&format!("/desk/contacts/{reference}?view=all"), 1_280).await;
        let shown = client
            .execute("return document.querySelector('.message.in .text')?.textContent ?? document.querySelector('.message.in').textContent", vec![])
            .await
            .unwrap();
        let shown = shown.as_str().unwrap_or_default().to_owned();
        let letters = |text: &str| {
            text.chars()
                .filter(|c| c.is_ascii_alphabetic())
                .collect::<String>()
        };
        let line = hotline_core::text::visible::with_directions_marked(line);
        assert!(
            letters(&shown).contains(&letters(&line).chars().take(40).collect::<String>())
                || line.starts_with('>')
                || line.starts_with("---"),
            "it is shown as it was written: {line} as {shown}"
        );
    }
    let calls: Value = mila.get("/api/v1/inbox?view=closed").await.unwrap();
    assert!(
        calls.pointer("/contacts/0").is_none(),
        "half-filled calls stay open"
    );
    let found = mila
        .address_of_search("\"><script>window.hacked=1</script>")
        .await
        .unwrap();
    let opened = found.replace("/desk/inbox", &format!("/desk/contacts/{first}"));
    for width in [1_280, 360] {
        for path in [
            "/desk/inbox?view=all",
            &found,
            &opened,
            "/desk/inbox?view=%22%3E%3Cscript%3E&after=%27&channel=%22%3E%3Cimg",
            &format!("/desk/contacts/{first}?view=all"),
            "/desk/cases",
            &format!("/desk/cases/{case}"),
        ] {
            check(path, width).await;
        }
    }
    browser.close().await.unwrap();
    service.must(&["statistics", "verify"]).unwrap();
}

/// A minimal PNG.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x60, 0, 0, 0,
    2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread")]
async fn pictures_stay_veiled_until_asked_for_and_what_only_claims_to_be_one_is_never_shown() {
    let mut service = Service::new(None).unwrap();
    service
        .set_form_keys("attachments = \"always\"\nattachments_confirmed = true")
        .unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>window.hacked = 1</script></svg>".to_vec();
    let html = b"<script>window.hacked = 1</script>".to_vec();
    let mut form = reqwest::multipart::Form::new()
        .text("id", "1")
        .text("lang", "en")
        .text("message", "slike");
    for (name, kind, bytes) in [
        ("slika.png", "image/png", PNG.to_vec()),
        ("crtez.svg", "image/svg+xml", svg),
        ("\"><script>window.hacked=1</script>.png", "image/png", html),
    ] {
        let part = reqwest::multipart::Part::bytes(bytes)
            .file_name(name)
            .mime_str(kind)
            .unwrap();
        form = form.part("file", part);
    }
    let client = reqwest::Client::builder().build().unwrap();
    let post = client
        .post(format!("{}/advice?lang=en", service.base()))
        .multipart(form);
    assert!(post.send().await.unwrap().status().is_success());
    let contacts = mila.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let contact = mila.contact(&reference).await.unwrap();
    let look = async |which: usize| {
        let id = text(&contact, &format!("/messages/0/attachments/{which}/id")).to_owned();
        let path = format!("/desk/contacts/{reference}/attachments/{id}/look");
        mila.status(reqwest::Method::GET, &path).await.unwrap()
    };
    assert_eq!((look(0).await, look(1).await, look(2).await), (200, 404, 404));
    for (which, is_misnamed) in [(0, false), (1, false), (2, true)] {
        let file = contact
            .pointer(&format!("/messages/0/attachments/{which}"))
            .unwrap();
        assert_eq!(file["misnamed"], is_misnamed, "{file}");
    }
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    client
        .goto(&format!("{}/desk/contacts/{reference}?view=all", service.base()))
        .await
        .unwrap();
    until(client, ".look").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let loaded =
        "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/look')).length";
    assert_eq!(
        client.execute(loaded, vec![]).await.unwrap(),
        json!(0),
        "nothing opens by itself"
    );
    press(client, ".look summary").await;
    let veil = "const [done] = arguments; const picture = document.querySelector('.look img');
        const said = () => done([picture.naturalWidth, getComputedStyle(picture).filter]);
        picture.complete ? said() : picture.addEventListener('load', said);";
    assert_eq!(
        client.execute_async(veil, vec![]).await.unwrap(),
        json!([1, "grayscale(1) blur(14px)"])
    );
    assert_eq!(browser.axe().await.unwrap(), json!([]));
    press(client, ".look input").await;
    assert_eq!(
        client.execute_async(veil, vec![]).await.unwrap(),
        json!([1, "none"])
    );
    assert_eq!(client.execute(SOUND, vec![]).await.unwrap(), json!([]));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_becomes_html_outside_the_policy_of_the_pages() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    let refused =
        "try { document.body.innerHTML = '<b>x</b>'; return 'written' } catch (error) { return error.name }";
    let forged =
        "try { trustedTypes.createPolicy('other', {}); return 'made' } catch (error) { return error.name }";
    log_in_as(client, &service, "mila", "en").await;
    for path in ["/desk/inbox", "/advice?lang=en", "/"] {
        client.goto(&format!("{}{path}", service.base())).await.unwrap();
        for script in [refused, forged] {
            let said = client.execute(script, vec![]).await.unwrap();
            assert_eq!(said, json!("TypeError"), "{path}: {script}");
        }
    }
}
