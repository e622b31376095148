//! Log-in through an identity provider, with a real provider and Chromium.

use std::time::Duration;

use fantoccini::Client;
use hotline_core::text::locale::{Language, Locales};
use hotline_tests::{
    peers::{
        browser::Browser,
        identity_provider::{CLIENT_SECRET, IdentityProvider},
    },
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    writing::{press, shows, until},
};

/// A service with a provider. `more` contains further keys of `[identity_provider]`.
async fn world(more: &str) -> (Service, IdentityProvider) {
    let mut service = Service::new(None).unwrap();
    let provider = IdentityProvider::start(&service.base()).await.unwrap();
    service
        .set_http_keys(&format!("desk_url = \"{}\"", service.base()))
        .unwrap();
    let settings = format!(
        "[identity_provider]\nissuer = \"{}\"\nclient_id = \"hotline\"\nclient_secret = \"{CLIENT_SECRET}\"\nname = \"Kuća\"\n\
         smallest_rsa_bits = 2048\n{more}\n",
        provider.issuer()
    );
    service.set_lines(&settings).unwrap();
    (service, provider)
}

async fn go(client: &Client, service: &Service, path: &str) {
    client.goto(&format!("{}{path}", service.base())).await.unwrap();
}

/// Logs in on the page of the provider under this name.
async fn say_name(client: &Client, name: &str, with_factor: bool) {
    until(client, "#name").await.send_keys(name).await.unwrap();
    if with_factor {
        press(client, "#factor").await;
    }
    press(client, "#go").await;
}

async fn begin(client: &Client, service: &Service, name: &str, with_factor: bool) {
    client.delete_all_cookies().await.unwrap();
    go(client, service, "/desk/login").await;
    press(client, "form[action='/desk/login/provider'] button").await;
    say_name(client, name, with_factor).await;
}

/// Waits until the log-in page says why the log-in was refused, in the language of the device.
async fn is_refused(client: &Client, key: &str) {
    let alarm = until(client, ".alarm").await.text().await.unwrap();
    let mut texts = Language::ALL
        .into_iter()
        .map(|language| Locales.of(language).say(key));
    assert!(texts.any(|text| text == alarm), "{alarm}");
}

async fn connect(client: &Client, service: &Service, name: &str) {
    go(client, service, "/desk/me/factors").await;
    until(client, "#connect-password")
        .await
        .send_keys(PASSWORD)
        .await
        .unwrap();
    press(client, "form[action='/desk/me/identity/connect'] button").await;
    say_name(client, name, true).await;
}

async fn actions(vera: &Staff) -> Vec<String> {
    let audit = vera.get("/api/v1/audit").await.unwrap();
    let entries = audit
        .pointer("/entries")
        .and_then(Value::as_array)
        .unwrap()
        .clone();
    let of_mila = entries.iter().filter(|one| text(one, "/who") == "mila");
    of_mila.map(|one| text(one, "/action").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_identity_logs_in_until_it_is_disconnected() {
    let (mut service, provider) = world("").await;
    service.start().await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    begin(client, &service, "mila-at-home", false).await;
    is_refused(client, "provider-unknown").await;
    client.delete_all_cookies().await.unwrap();
    log_in_as(client, &service, "mila", "en").await;
    connect(client, &service, "mila-at-home").await;
    shows(client, "main", &provider.issuer()).await;
    // Connecting ended her other sessions.
    until_refused(&mila).await;
    let mila = service.log_in("mila").await.unwrap();
    let factors = mila.get("/api/v1/me/factors").await.unwrap();
    assert_eq!(text(&factors, "/identity/issuer"), provider.issuer());
    begin(client, &service, "mila-at-home", false).await;
    until(client, "a[href='/desk/me']").await;
    let sessions = mila.get("/api/v1/me/sessions").await.unwrap();
    assert!(sessions.to_string().contains("\"provider\""), "{sessions}");
    // The provider reports that she logged out there: every session of hers ends.
    client
        .goto(&format!("{}/session/end", provider.issuer()))
        .await
        .unwrap();
    press(client, "button[name='logout']").await;
    until_refused(&mila).await;
    // The same report counts only once.
    let mila = service.log_in("mila").await.unwrap();
    let token = reqwest::get(format!("{}/last-log-out-token", provider.issuer()));
    let token = token.await.unwrap().text().await.unwrap();
    assert!(!token.is_empty());
    assert_eq!(report_log_out(&service, &token).await, 400);
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 200);
    let again = json!({ "password": PASSWORD });
    mila.post("/api/v1/me/identity/disconnect", &again).await.unwrap();
    begin(client, &service, "mila-at-home", false).await;
    is_refused(client, "provider-unknown").await;
    let actions = actions(&vera).await;
    for action in ["connect-identity", "log-in", "log-out", "disconnect-identity"] {
        assert!(actions.iter().any(|one| one == action), "{action}: {actions:?}");
    }
}

/// Reports a log-out to the service as the provider does, and returns the status of the answer.
async fn report_log_out(service: &Service, token: &str) -> u16 {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30));
    let request = client
        .build()
        .unwrap()
        .post(format!("{}/desk/login/provider/log-out", service.base()));
    let answer = request.form(&[("logout_token", token)]).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_authentication_at_the_provider_begins_no_session() {
    let (mut service, provider) = world("").await;
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    connect(client, &service, "mila-at-home").await;
    shows(client, "main", &provider.issuer()).await;
    client.delete_all_cookies().await.unwrap();
    go(client, &service, "/desk/login").await;
    press(client, "form[action='/desk/login/provider'] button").await;
    until(client, "#early").await.click().await.unwrap();
    say_name(client, "mila-at-home", false).await;
    is_refused(client, "provider-refused").await;
    // Now the provider asks for the name again, because its own session is older than the request permits.
    go(client, &service, "/desk/login").await;
    press(client, "form[action='/desk/login/provider'] button").await;
    say_name(client, "mila-at-home", false).await;
    until(client, "a[href='/desk/me']").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_and_disconnects_an_identity() {
    let (mut service, provider) = world("").await;
    service.start().await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    let anton = service.hire("anton", "administrator").await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "mila", "en").await;
    connect(client, &service, "mila-at-home").await;
    shows(client, "main", &provider.issuer()).await;
    let mila = service.log_in("mila").await.unwrap();
    let accounts = anton.get("/api/v1/admin/staff").await.unwrap();
    let accounts = accounts.pointer("/accounts").and_then(Value::as_array).unwrap();
    let account = |login: &str| accounts.iter().find(|one| text(one, "/login") == login).unwrap();
    assert_eq!(text(account("mila"), "/identity/issuer"), provider.issuer());
    assert_eq!(account("anton").get("identity"), Some(&Value::Null));
    let path = format!("/desk/admin/staff/{}", text(account("mila"), "/id"));
    let page = anton.page(&path).await.unwrap();
    assert!(page.contains(&provider.issuer()), "{page}");
    let page = anton
        .submit(&format!("{path}/disconnect-identity"), &[])
        .await
        .unwrap();
    assert!(page.contains("no identity connected"), "{page}");
    until_refused(&mila).await;
    begin(client, &service, "mila-at-home", false).await;
    is_refused(client, "provider-unknown").await;
    let audit = vera
        .get("/api/v1/audit?action=staff-disconnect-identity")
        .await
        .unwrap();
    assert_eq!(text(&audit, "/entries/0/who"), "anton", "{audit}");
    // An account without an identity cannot be disconnected, and one's own identity only with the password.
    for (login, status) in [("mila", 409), ("anton", 409)] {
        let id = text(account(login), "/id");
        let path = format!("/api/v1/admin/staff/{id}/disconnect-identity");
        assert_eq!(
            anton.status(Method::POST, &path).await.unwrap(),
            status,
            "{login}"
        );
    }
}

async fn until_refused(staff: &Staff) {
    let refused = hotline_tests::peers::wait_until(Duration::from_secs(20), async || {
        staff.status(Method::GET, "/api/v1/me").await.unwrap() == 401
    });
    refused.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_proves_the_second_factor_only_with_its_class() {
    let (mut service, provider) = world("acr = [\"mfa\"]\nproves_second_factor = true").await;
    service.start().await.unwrap();
    service.hire("sara", "supervisor").await.unwrap();
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    log_in_as(client, &service, "sara", "en").await;
    connect(client, &service, "sara-at-home").await;
    until(client, "form[action='/desk/me/identity/disconnect']").await;
    service.require_second_factor("[\"supervisor\"]").unwrap();
    service.kill();
    service.start().await.unwrap();
    client
        .goto(&format!("{}/session/end", provider.issuer()))
        .await
        .unwrap();
    press(client, "button[name='logout']").await;
    begin(client, &service, "sara-at-home", false).await;
    is_refused(client, "provider-refused").await;
    begin(client, &service, "sara-at-home", true).await;
    until(client, "a[href='/desk/me']").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_break_glass_accounts_other_passwords_log_nobody_in() {
    let (mut service, provider) = world("").await;
    service.set_account_keys("break_glass = [\"anton\"]").unwrap();
    service.start().await.unwrap();
    for (login, role) in [("mila", "counsellor"), ("anton", "administrator")] {
        let added = service
            .run(&["staff", "add", login, "--role", role], PASSWORD)
            .unwrap();
        assert!(added.status.success());
    }
    assert!(service.log_in("anton").await.is_ok());
    assert!(service.log_in("mila").await.is_err());
    provider.stop();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30));
    let begin = client
        .build()
        .unwrap()
        .post(format!("{}/desk/login/provider", service.base()));
    let page = begin.form(&[("to", "")]).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 503);
    assert!(service.log_in("anton").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_did_not_send_logs_nobody_in() {
    let (mut service, provider) = world("").await;
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let base = service.base();
    let begun = client.post(format!("{base}/desk/login/provider"));
    let begun = begun.form(&[("to", "")]).send().await.unwrap();
    let cookie = begun.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = begun.text().await.unwrap();
    let address = page
        .split("href=\"")
        .find(|part| part.starts_with(&provider.issuer()));
    let address = address.and_then(|part| part.split('"').next()).unwrap();
    let address = address.replace("&#38;", "&").replace("&amp;", "&");
    assert!(address.contains("code_challenge_method=S256"), "{address}");
    assert!(address.contains("max_age=43200"), "{address}");
    let state = address
        .split('&')
        .find_map(|part| part.strip_prefix("state="))
        .unwrap();
    for (query, cookie, words) in [
        (format!("code=x&state={state}"), cookie.as_str(), "није потврдио"),
        (format!("code=x&state={state}"), "", "трајала"),
        ("code=x&state=another".to_owned(), &cookie, "трајала"),
        (
            format!("error=access_denied&state={state}"),
            &cookie,
            "није потврдио",
        ),
        ("".to_owned(), &cookie, "трајала"),
        (format!("code=x&state={state}"), "provider=a.connect.b", ""),
    ] {
        let request = client.get(format!("{base}/desk/login/provider/finish?{query}"));
        let answer = request.header("cookie", cookie).send().await.unwrap();
        let status = answer.status().as_u16();
        let cookies = format!("{:?}", answer.headers().get_all(header::SET_COOKIE));
        let page = answer.text().await.unwrap();
        assert!(
            [422, 303].contains(&status) && page.contains(words),
            "{query}: {status} {page}"
        );
        assert!(!cookies.contains("hotline="), "{cookies}");
    }
    let audit = vera.get("/api/v1/audit?action=log-in-refused").await.unwrap();
    assert_eq!(text(&audit, "/entries/0/object"), "1", "{audit}");
    // A connection needs the mark of the own session.
    let request = client.get(format!("{base}/desk/me/identity/finish?code=x&state={state}"));
    let answer = request
        .bearer_auth(mila.token())
        .header("cookie", "provider=a.connect.b")
        .send();
    assert_eq!(answer.await.unwrap().status().as_u16(), 422);
    for token in ["", "abc", "e30.e30.e30", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."] {
        assert_eq!(report_log_out(&service, token).await, 400, "{token}");
    }
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 200);
}
