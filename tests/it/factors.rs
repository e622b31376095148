//! Second factors: setting them up, logging in with them, losing them, and what a half log-in cannot do.

use std::time::{Duration, Instant};

use hotline_core::{
    staff::factors::LogInStep,
    time::clock::{Clock, SystemClock},
};
use hotline_desk::{http::access::Access, routes::routes};
use hotline_tests::{
    service::Service,
    staff::{PASSWORD, text},
};
use serde_json::{Value, json};
use totp_rs::{Builder, Totp};

use crate::privacy::files_with;

const ROLES: &str = r#"["supervisor", "manager", "administrator"]"#;

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

/// Posts JSON in a session; an empty token is no session. Returns the status and the answer.
async fn post(service: &Service, token: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request = client().post(format!("{}{path}", service.base())).json(&body);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Types the password and returns what the log-in lacks, with the token of the session.
async fn type_password(service: &Service, login: &str) -> (String, String) {
    let body = json!({ "login": login, "password": PASSWORD });
    let (status, session) = post(service, "", "/api/v1/session", body).await;
    assert_eq!(status, 200, "{session}");
    (
        text(&session, "/step").to_owned(),
        text(&session, "/token").to_owned(),
    )
}

/// An authenticator app that scanned a secret, and the recovery codes that came with it.
struct App {
    totp: Totp,
    secret: String,
    recovery_codes: Vec<String>,
}

impl App {
    fn scan(offer: &Value) -> Self {
        Self {
            totp: Totp::from_url(text(offer, "/address")).unwrap(),
            secret: text(offer, "/secret").to_owned(),
            recovery_codes: Vec::new(),
        }
    }

    /// Returns the code at this many seconds from now.
    fn code(&self, ahead: i64) -> String {
        let at = SystemClock.now().timestamp() + ahead;
        self.totp.generate(at.try_into().unwrap()).to_string()
    }

    fn keep_codes(mut self, answer: &Value) -> Self {
        let codes = answer["recovery_codes"].as_array().unwrap();
        self.recovery_codes = codes.iter().map(|code| text(code, "").to_owned()).collect();
        assert_eq!(self.recovery_codes.len(), 10);
        self
    }
}

/// Sets up an app at the log-in. Returns the app and the token of the complete session.
async fn enrol_at_log_in(service: &Service, login: &str) -> (App, String) {
    let (step, half) = type_password(service, login).await;
    assert_eq!(step, "enrol");
    let (_, offer) = post(service, &half, "/api/v1/session/enrol/begin", json!({})).await;
    let app = App::scan(&offer);
    let body = json!({ "offer": offer["offer"], "code": app.code(0) });
    let (status, answer) = post(service, &half, "/api/v1/session/enrol", body).await;
    assert_eq!(status, 200, "{answer}");
    (app.keep_codes(&answer), text(&answer, "/token").to_owned())
}

/// Sets up an app in a complete session. `code` is one of the app that it replaces, or empty.
async fn enrol_in_session(service: &Service, token: &str, code: &str) -> App {
    let path = "/api/v1/me/factors/totp";
    let proof = json!({ "password": PASSWORD, "code": code });
    let (_, offer) = post(service, token, &format!("{path}/begin"), proof).await;
    let app = App::scan(&offer);
    let body = json!({ "offer": offer["offer"], "code": app.code(0) });
    let (status, answer) = post(service, token, path, body).await;
    assert_eq!(status, 200, "{answer}");
    app.keep_codes(&answer)
}

/// Completes a log-in with a code. Returns the token, or the status of the refusal.
async fn type_code(service: &Service, login: &str, code: &str) -> Result<String, u16> {
    let (step, half) = type_password(service, login).await;
    assert_eq!(step, "code");
    let (status, answer) = post(service, &half, "/api/v1/session/code", json!({ "code": code })).await;
    match status {
        200 => Ok(text(&answer, "/token").to_owned()),
        refused => Err(refused),
    }
}

async fn status(service: &Service, token: &str, path: &str) -> u16 {
    let request = client().get(format!("{}{path}", service.base()));
    let answer = request.bearer_auth(token).send().await.unwrap();
    answer.status().as_u16()
}

/// Starts a service whose roles except counsellors need a second factor, with a clock and an account for each of these roles.
async fn service_with(staff: &[(&str, &str)]) -> Service {
    let mut service = Service::new(None).unwrap();
    service.require_second_factor(ROLES).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    for (login, role) in staff {
        let output = service.run(&["staff", "add", login, "--role", role], PASSWORD);
        assert!(output.unwrap().status.success());
    }
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_need_reaches_nothing_before_it_set_up_a_factor() {
    let service = service_with(&[("sara", "supervisor")]).await;
    let (step, half) = type_password(&service, "sara").await;
    assert_eq!(step, "enrol");
    let id = "0190b6a0-0000-7000-8000-000000000001";
    let mut refused = 0;
    for route in routes() {
        if matches!(route.access, Access::Open | Access::Lacks(LogInStep::Enrol)) {
            continue;
        }
        let path = route.path.replace("{reference}", "7K3M-2QX9").replace("{id}", id);
        let request = client().request(route.method.clone(), format!("{}{path}", service.base()));
        let answer = request.bearer_auth(&half).send().await.unwrap();
        match path.starts_with("/api/") {
            true => assert_eq!(answer.status().as_u16(), 403, "{} {path}", route.method),
            false => {
                assert_eq!(answer.status().as_u16(), 303, "{} {path}", route.method);
                assert_eq!(answer.headers()["location"], "/desk/login/enrol", "{path}");
            }
        }
        refused += 1;
    }
    assert!(refused > 200, "{refused}");
    let (_, token) = enrol_at_log_in(&service, "sara").await;
    assert_eq!(status(&service, &token, "/api/v1/inbox").await, 200);
    assert_eq!(
        status(&service, &half, "/api/v1/me").await,
        401,
        "the half session ended"
    );
    assert_eq!(
        status(&service, &token, "/desk/login/enrol").await,
        303,
        "done already"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_need_logs_in_as_before_and_may_set_one_up() {
    let service = service_with(&[("mila", "counsellor")]).await;
    let (step, token) = type_password(&service, "mila").await;
    assert_eq!(step, "complete");
    let (_, elsewhere) = type_password(&service, "mila").await;
    let wrong = json!({ "password": "not the password" });
    let (refused, _) = post(&service, &token, "/api/v1/me/factors/totp/begin", wrong.clone()).await;
    assert_eq!(refused, 422, "setting up asks for the password");
    let app = enrol_in_session(&service, &token, "").await;
    assert_eq!(status(&service, &token, "/api/v1/inbox").await, 200);
    assert_eq!(
        status(&service, &elsewhere, "/api/v1/inbox").await,
        401,
        "logged out elsewhere"
    );
    service.set_clock("+30").unwrap();
    type_code(&service, "mila", &app.code(30)).await.unwrap();
    let (refused, _) = post(&service, &token, "/api/v1/me/factors/remove", wrong).await;
    assert_eq!(refused, 422, "removing asks for the password");
    let proof = json!({ "password": PASSWORD, "code": app.recovery_codes[0] });
    let (removed, _) = post(&service, &token, "/api/v1/me/factors/remove", proof).await;
    assert_eq!(removed, 200);
    assert_eq!(type_password(&service, "mila").await.0, "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_factor_asks_for_a_code_too() {
    let service = service_with(&[("mila", "counsellor")]).await;
    let (_, token) = type_password(&service, "mila").await;
    let app = enrol_in_session(&service, &token, "").await;
    let path = "/api/v1/me/factors/remove";
    let old = app.code(-30);
    for code in ["", "000000", old.as_str()] {
        let proof = json!({ "password": PASSWORD, "code": code });
        let (refused, answer) = post(&service, &token, path, proof).await;
        assert_eq!(refused, 422, "{code:?}: {answer}");
    }
    let disconnect = "/api/v1/me/identity/disconnect";
    let (refused, answer) = post(&service, &token, disconnect, json!({ "password": PASSWORD })).await;
    assert_eq!(refused, 422, "{answer}");
    let proof = json!({ "password": PASSWORD, "code": app.recovery_codes[0] });
    assert_eq!(post(&service, &token, path, proof).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_factor_gives_the_session_a_new_secret() {
    let service = service_with(&[("mila", "counsellor")]).await;
    let (_, token) = type_password(&service, "mila").await;
    let send = async |path: &str, body: Value| {
        let request = client().post(format!("{}{path}", service.base())).json(&body);
        let request = request.header("cookie", format!("hotline={token}"));
        request.send().await.unwrap().error_for_status().unwrap()
    };
    let path = "/api/v1/me/factors/totp";
    let password = json!({ "password": PASSWORD });
    let offer: Value = send(&format!("{path}/begin"), password)
        .await
        .json()
        .await
        .unwrap();
    let app = App::scan(&offer);
    let answer = send(path, json!({ "offer": offer["offer"], "code": app.code(0) })).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let renewed = cookie.strip_prefix("hotline=").unwrap();
    let renewed = renewed.split(';').next().unwrap();
    assert_eq!(status(&service, renewed, "/api/v1/me").await, 200);
    assert_eq!(status(&service, &token, "/api/v1/me").await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_one_of_the_step_before_counts() {
    let service = service_with(&[("sara", "supervisor")]).await;
    let (app, _) = enrol_at_log_in(&service, "sara").await;
    assert_eq!(
        type_code(&service, "sara", &app.code(0)).await.unwrap_err(),
        422,
        "it confirmed the app"
    );
    service.set_clock("+90").unwrap();
    // The app is half a minute slow.
    let code = app.code(60);
    type_code(&service, "sara", &code).await.unwrap();
    assert_eq!(type_code(&service, "sara", &code).await.unwrap_err(), 422);
    let mut spaced = app.code(90);
    spaced.insert(3, ' ');
    type_code(&service, "sara", &spaced).await.unwrap();
    assert_eq!(
        type_code(&service, "sara", &app.code(0)).await.unwrap_err(),
        422,
        "too old"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_wait_for_the_limit() {
    let service = service_with(&[("sara", "supervisor")]).await;
    enrol_at_log_in(&service, "sara").await;
    let (_, half) = type_password(&service, "sara").await;
    let begun = Instant::now();
    for _ in 0..6 {
        let code = json!({ "code": "000000" });
        let (refused, _) = post(&service, &half, "/api/v1/session/code", code).await;
        assert_eq!(refused, 422);
    }
    assert!(
        begun.elapsed() > Duration::from_secs(5),
        "{:?}, after one attempt at setting up",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_app_is_replaced_by_recovery_codes_each_of_them_once() {
    let service = service_with(&[("sara", "supervisor")]).await;
    let (lost, _) = enrol_at_log_in(&service, "sara").await;
    let token = type_code(&service, "sara", &lost.recovery_codes[0])
        .await
        .unwrap();
    let lower = lost.recovery_codes[1].to_lowercase().replace('-', " ");
    type_code(&service, "sara", &lower).await.unwrap();
    for used in &lost.recovery_codes[..2] {
        assert_eq!(type_code(&service, "sara", used).await.unwrap_err(), 422);
    }
    let request = client().get(format!("{}/api/v1/me/factors", service.base()));
    let factors: Value = request
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(factors["recovery_codes_left"], 8);
    let list = client().get(format!("{}/api/v1/me/sessions", service.base()));
    let list: Value = list
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let proofs: Vec<&str> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "/proof"))
        .collect();
    assert_eq!(proofs, ["recovery_code", "recovery_code", "totp"]);
    let new = enrol_in_session(&service, &token, &lost.recovery_codes[2]).await;
    service.set_clock("+30").unwrap();
    assert_eq!(
        type_code(&service, "sara", &lost.recovery_codes[5])
            .await
            .unwrap_err(),
        422
    );
    type_code(&service, "sara", &new.code(30)).await.unwrap();
    let proof = json!({ "password": PASSWORD, "code": new.recovery_codes[0] });
    let path = "/api/v1/me/factors/recovery-codes";
    let (_, renewed) = post(&service, &token, path, proof).await;
    let new = new.keep_codes(&renewed);
    type_code(&service, "sara", &new.recovery_codes[9]).await.unwrap();
    let proof = json!({ "password": PASSWORD, "code": new.recovery_codes[8] });
    let (status, refused) = post(&service, &token, "/api/v1/me/factors/remove", proof).await;
    assert_eq!(status, 409, "the role needs one: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_sessions_and_does_not_skip_the_factor() {
    let service = service_with(&[("sara", "supervisor"), ("vera", "administrator")]).await;
    let (lost, token) = enrol_at_log_in(&service, "sara").await;
    let (_, vera) = enrol_at_log_in(&service, "vera").await;
    let request = client().get(format!("{}/api/v1/admin/staff", service.base()));
    let accounts: Value = request
        .bearer_auth(&vera)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let accounts = accounts["accounts"].as_array().unwrap();
    let id = |login: &str| {
        let found = accounts.iter().find(|one| text(one, "/login") == login).unwrap();
        assert_eq!(found["second_factor"], true);
        text(found, "/id").to_owned()
    };
    let page = format!("/desk/admin/staff/{}", id("sara"));
    let form = client().post(format!("{}{page}/reset-factors", service.base()));
    let form = form
        .bearer_auth(&vera)
        .form(&[("proof", "in_person"), ("password", PASSWORD)]);
    let answer = form.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("flash=account_factors_reset"), "{cookie}");
    assert_eq!(status(&service, &token, "/api/v1/me").await, 401);
    enrol_at_log_in(&service, "sara").await;
    assert_eq!(
        type_code(&service, "sara", &lost.recovery_codes[0])
            .await
            .unwrap_err(),
        422
    );
    let own = format!("/api/v1/admin/staff/{}/reset-factors", id("vera"));
    let proof = json!({ "proof": "in_person", "password": PASSWORD });
    let (refused, _) = post(&service, &vera, &own, proof).await;
    assert_eq!(refused, 409, "nobody resets their own");
    service
        .must(&["staff", "reset-factors", "vera", "--proof", "in_person"])
        .unwrap();
    assert_eq!(status(&service, &vera, "/api/v1/me").await, 401);
    assert_eq!(type_password(&service, "vera").await.0, "enrol");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_link_does_not_skip_the_factor() {
    let service = service_with(&[("sara", "supervisor")]).await;
    let (app, _) = enrol_at_log_in(&service, "sara").await;
    let reset = ["staff", "reset", "sara", "--link", "--proof", "known_voice"];
    let printed = service.must(&reset).unwrap();
    let secret = printed.trim().rsplit('#').next().unwrap();
    let body = json!({ "secret": secret, "password": "sedam plavih zmajeva leti" });
    let (_, session) = post(&service, "", "/api/v1/invitation/accept", body).await;
    assert_eq!(session["step"], "code");
    let half = text(&session, "/token");
    assert_eq!(status(&service, half, "/api/v1/me").await, 403);
    service.set_clock("+30").unwrap();
    let code = json!({ "code": app.code(30) });
    let (status, _) = post(&service, half, "/api/v1/session/code", code).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_began_before_the_setting_need_the_factor_too() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    service.stop();
    service.require_second_factor(ROLES).unwrap();
    service.start().await.unwrap();
    assert_eq!(status(&service, sara.token(), "/api/v1/inbox").await, 403);
    assert_eq!(status(&service, mila.token(), "/api/v1/inbox").await, 200);
    let (_, offer) = post(&service, sara.token(), "/api/v1/session/enrol/begin", json!({})).await;
    let app = App::scan(&offer);
    let body = json!({ "offer": offer["offer"], "code": app.code(0) });
    let (done, answer) = post(&service, sara.token(), "/api/v1/session/enrol", body).await;
    assert_eq!(done, 200);
    assert_eq!(
        status(&service, text(&answer, "/token"), "/api/v1/inbox").await,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_through_the_steps_to_the_contact_that_was_asked_for() {
    let service = service_with(&[("sara", "supervisor")]).await;
    let builder = reqwest::Client::builder().cookie_store(true);
    let browser = builder.timeout(Duration::from_secs(30)).build().unwrap();
    let at = |path: &str| format!("{}{path}", service.base());
    let password = [("login", "sara"), ("password", PASSWORD)];
    let page = browser
        .post(at("/desk/login"))
        .form(&password)
        .send()
        .await
        .unwrap();
    assert_eq!(page.url().path(), "/desk/login/enrol");
    let html = page.text().await.unwrap();
    assert!(html.contains("<svg class=\"qr\"") && html.contains("autocomplete=\"one-time-code\""));
    let between = |html: &str, before: &str, after: &str| {
        let rest = html.split_once(before).unwrap().1;
        rest.split_once(after).unwrap().0.to_owned()
    };
    let offer = between(&html, "name=\"offer\" value=\"", "\"");
    let secret = between(&html, "<code class=\"secret\">", "</code>");
    let bytes = data_encoding::BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes());
    let totp = Builder::new().with_secret(bytes.unwrap()).build().unwrap();
    let app = App {
        totp,
        secret,
        recovery_codes: Vec::new(),
    };
    let form = [("offer", offer.as_str()), ("code", "000000")];
    let page = browser
        .post(at("/desk/login/enrol"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(page.status().as_u16(), 422);
    assert!(
        page.text().await.unwrap().contains(&app.secret),
        "the same secret"
    );
    let code = app.code(0);
    let form = [("offer", offer.as_str()), ("code", code.as_str())];
    let page = browser
        .post(at("/desk/login/enrol"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(page.status().as_u16(), 200);
    let html = page.text().await.unwrap();
    assert_eq!(html.matches("<li><code>").count(), 10);
    let recovery_code = between(&html, "<li><code>", "</code>");
    browser.post(at("/desk/logout")).send().await.unwrap();
    // A link to a contact leads through the password and the code to the contact.
    let (reference, _) = crate::writing::posted(&service, "Zdravo").await;
    let contact = format!("/desk/contacts/{reference}");
    let page = browser.get(at(&contact)).send().await.unwrap();
    assert_eq!(page.url().query(), Some(format!("to={contact}").as_str()));
    let password = [password[0], password[1], ("to", contact.as_str())];
    let page = browser
        .post(at("/desk/login"))
        .form(&password)
        .send()
        .await
        .unwrap();
    assert_eq!(page.url().path(), "/desk/login/code");
    let html = page.text().await.unwrap();
    assert!(html.contains("recovery=true") && html.contains(&contact));
    let form = [("code", recovery_code.as_str()), ("to", &contact)];
    let page = browser
        .post(at("/desk/login/code"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(page.url().path(), contact);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_secret_nor_recovery_code_is_readable_in_files_or_logs() {
    let mut service = Service::new(None).unwrap();
    service.require_second_factor(ROLES).unwrap();
    service.log_everything();
    service.start().await.unwrap();
    let added = service.run(&["staff", "add", "sara", "--role", "supervisor"], PASSWORD);
    assert!(added.unwrap().status.success());
    let (app, _) = enrol_at_log_in(&service, "sara").await;
    type_code(&service, "sara", &app.recovery_codes[0]).await.unwrap();
    service.stop();
    let plain = app.secret.replace(' ', "");
    let bytes = data_encoding::BASE32_NOPAD.decode(plain.as_bytes()).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let mut words = vec![app.secret, plain, hex.clone(), hex.to_uppercase()];
    words.extend(app.recovery_codes.iter().map(|code| code.replace('-', "")));
    words.extend(app.recovery_codes);
    let found = files_with(service.folder(), &words);
    assert!(found.is_empty(), "{found:#?}");
    let database = std::fs::read(service.data().join("hotline.db")).unwrap();
    assert!(!database.windows(bytes.len()).any(|window| window == bytes));
}
