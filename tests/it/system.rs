//! Administration of the service: tests of lines, the state of the disk and the database, settings and texts in force. Also the pages of
//! administration at every width.

use fantoccini::Locator;
use hotline_tests::{
    peers::{browser::Browser, free_port},
    service::Service,
    staff::{PASSWORD, text},
};
use serde_json::{Value, json};

use crate::{
    admin::{invite, started},
    pages::log_in_as,
    writing::{press, shows, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_tested_on_its_page_and_a_fault_is_named() {
    let mut service = Service::with_lines(None, &unreachable_mail()).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let form = vera
        .post("/api/v1/admin/lines/form/test", &json!({}))
        .await
        .unwrap();
    assert_eq!(form.get("works"), Some(&json!(true)), "{form}");
    let mail = vera
        .post("/api/v1/admin/lines/mail/test", &json!({}))
        .await
        .unwrap();
    assert_eq!(mail.get("works"), Some(&json!(false)), "{mail}");
    assert!(
        text(&mail, "/problem").contains("refuses the connection"),
        "{mail}"
    );
    let page = vera.submit("/desk/admin/lines/mail/test", &[]).await.unwrap();
    assert!(
        page.contains("refuses the connection") && !page.contains("os error"),
        "{page}"
    );
    assert!(page.contains("Not working; noticed"), "{page}");
    let system = vera.get("/api/v1/admin/system").await.unwrap();
    assert_eq!(system.pointer("/lines/1/up"), Some(&json!(false)));
    let page = vera.submit("/desk/admin/lines/form/test", &[]).await.unwrap();
    assert!(page.contains("the line works"), "{page}");
    let unknown = vera.post("/api/v1/admin/lines/fax/test", &json!({})).await;
    assert!(unknown.unwrap_err().to_string().contains("404"));
    let system = vera.get("/api/v1/admin/system").await.unwrap();
    assert_eq!(text(&system, "/database"), "SQLite");
    assert!(text(&system, "/schema").starts_with("m2026"), "{system}");
    let number = |pointer: &str| system.pointer(pointer).and_then(Value::as_i64).unwrap();
    assert!(number("/free_bytes") > 0 && number("/database_bytes") > 0);
    assert_eq!(number("/reserve_bytes"), 512 << 20);
    assert_eq!(text(&system, "/lines/1/line"), "mail");
    let hours = system.pointer("/schedules/0").unwrap();
    assert_eq!(
        (text(hours, "/kind"), text(hours, "/state")),
        ("hours", "not_stored")
    );
    assert_eq!(text(&system, "/schedules/1/kind"), "shifts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_in_force_show_their_source_and_no_secret() {
    let mut service = Service::with_lines(None, &unreachable_mail()).unwrap();
    service.run_under(&["env", "HOTLINE__DATA__BACKLOG=4321"]);
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let json = vera.get("/api/v1/admin/settings").await.unwrap();
    let all = json.get("settings").and_then(Value::as_array).unwrap();
    let source = |key: &str| {
        let found = all.iter().find(|one| text(one, "/key") == key).unwrap();
        (
            text(found, "/value").to_owned(),
            text(found, "/source").to_owned(),
        )
    };
    assert_eq!(
        source("data.backlog"),
        ("4321".to_owned(), "environment".to_owned())
    );
    assert_eq!(
        source("data.reserve_mib"),
        ("512".to_owned(), "default".to_owned())
    );
    assert_eq!(
        source("lines.mail.imap.user"),
        ("kontakt".to_owned(), "file".to_owned())
    );
    assert_eq!(
        source("lines.mail.imap.password"),
        (String::new(), "file".to_owned())
    );
    let found = |key: &str| all.iter().find(|one| text(one, "/key") == key).unwrap();
    let password = found("lines.mail.imap.password");
    assert!(password["line"].is_u64() && text(password, "/how").starts_with("Change line "));
    let backlog = found("data.backlog");
    assert_eq!(text(backlog, "/variable"), "HOTLINE__DATA__BACKLOG");
    let how = "Set another value for HOTLINE__DATA__BACKLOG and restart the service.";
    assert_eq!(text(backlog, "/how"), how);
    assert!(text(found("data.reserve_mib"), "/how").starts_with("Add data.reserve_mib to "));
    assert_eq!(text(found("centre.telephone"), "/text"), "telephone");
    let page = vera.page("/desk/admin/settings").await.unwrap();
    assert!(
        page.contains("/desk/admin/texts/telephone") && page.contains("settings file, line "),
        "{page}"
    );
    assert!(
        page.contains("lines.mail.imap.password") && page.contains("4321"),
        "{page}"
    );
    for said in [page, json.to_string()] {
        assert!(!said.contains("kanarinka"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_texts_in_force_are_shown_with_their_versions() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let canned = json!({ "name": "pozdrav", "sr": "Здраво, број је {reference}.", "en": "" });
    mila.post("/api/v1/canned", &canned).await.unwrap();
    let page = vera.page("/desk/admin/texts").await.unwrap();
    for said in [
        "192 – Police",
        "192 – Полиција",
        "192 – Policija",
        "Zdravo, broj je 0000-0001.",
        "centre, version 3",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let json = vera.get("/api/v1/admin/texts").await.unwrap();
    assert_eq!(
        text(&json, "/canned/0/previews/1/text"),
        "Zdravo, broj je 0000-0001."
    );
    assert_eq!(
        json.pointer("/canned/0/previews/2"),
        None,
        "it has no English text"
    );
    assert_eq!(json.pointer("/scheme/version"), Some(&json!(3)));
    let version = |index: usize| json.pointer(&format!("/scheme/versions/{index}")).unwrap();
    assert_eq!(
        (&version(0)["in_force"], &version(0)["changes"]),
        (&json!(true), &json!([]))
    );
    let changes = version(2)["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|one| one.as_str().unwrap().starts_with("new question: ")),
        "{changes:?}"
    );
    assert!(
        page.contains("What would change if this version came into force"),
        "{page}"
    );
}

/// A line whose mail servers are not there, with a password that no page may show.
fn unreachable_mail() -> String {
    let port = free_port().unwrap();
    format!(
        "[lines.mail]\nchannel = \"email\"\naddress = \"kontakt@example.org\"\n[lines.mail.imap]\nhost = \"127.0.0.1\"\n\
         port = {port}\nsecurity = \"plain\"\nuser = \"kontakt\"\npassword = \"kanarinka\"\n[lines.mail.smtp]\n\
         host = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_replaces_the_old_one_and_leads_to_the_desk() {
    let (service, vera) = started().await;
    let (id, link) = invite(&vera, "sara", "counsellor").await;
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    let check = async |what: &str| {
        for (width, height) in [(360, 740), (1_440, 900)] {
            browser.set_size(width, height).await.unwrap();
            assert_eq!(browser.axe().await.unwrap(), json!([]), "{what} at {width}");
        }
        browser.pictures(what).await.unwrap();
    };
    // A script reads the secret and removes it from the address.
    client.goto(&link).await.unwrap();
    until(client, "#password").await;
    let address = client.current_url().await.unwrap();
    assert_eq!(
        (address.path(), address.fragment()),
        ("/desk/invitation/open", None)
    );
    check("invitation").await;
    log_in_as(client, &service, "vera", "en").await;
    let account = format!("{}/desk/admin/staff/{id}", service.base());
    client.goto(&account).await.unwrap();
    // A new link is shown, and the old one says that it was replaced.
    let proof = until(client, "#reset-proof").await;
    proof.select_by_value("in_person").await.unwrap();
    let password = client.find(Locator::Css("#reset-password")).await.unwrap();
    password.send_keys(PASSWORD).await.unwrap();
    press(client, "form[action$=reset] button").await;
    let field = until(client, "#link").await;
    let newer = field.prop("value").await.unwrap().unwrap();
    check("admin-link").await;
    client.delete_all_cookies().await.unwrap();
    client.goto(&link).await.unwrap();
    shows(client, "main", "не").await;
    client.goto(&newer).await.unwrap();
    let password = until(client, "#password").await;
    password.send_keys(PASSWORD).await.unwrap();
    let button = client.find(Locator::Css("main button")).await.unwrap();
    button.click().await.unwrap();
    until(client, "#preferences").await;
    browser.close().await.unwrap();
}
