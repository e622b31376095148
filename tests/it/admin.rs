//! Administration of accounts: one-time links, roles and sessions.

use std::sync::Arc;

use hotline_tests::{
    peers::postgres::Postgres,
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use reqwest::{Method, cookie::Jar};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};

use crate::{
    privacy::files_with,
    schedules::{put, send},
    writing::posted,
};

const STAFF: &str = "/api/v1/admin/staff";

pub async fn started() -> (Service, Staff) {
    let mut service = Service::new(None).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    (service, vera)
}

/// Invites a person and returns the id of the account and the link.
pub async fn invite(by: &Staff, login: &str, role: &str) -> (String, String) {
    let person = json!({ "login": login, "name": "Sara Savić", "role": role, "team": "night" });
    let new = by.post(STAFF, &person).await.unwrap();
    (text(&new, "/id").to_owned(), text(&new, "/link").to_owned())
}

/// Opens a link as the script of its page does, without a session, and returns the status and the page.
async fn opened(link: &str) -> (u16, String) {
    let (page, secret) = link.split_once('#').unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.post(format!("{page}/open")).form(&[("secret", secret)]);
    let answer = request.header("cookie", "language=en").send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Sends the form behind a link, and returns the status and the page that follows.
async fn chosen(link: &str, password: &str) -> (u16, String) {
    let (page, secret) = link.split_once('#').unwrap();
    let jar = Arc::new(Jar::default());
    jar.add_cookie_str("language=en", &link.parse().unwrap());
    let client = reqwest::Client::builder().cookie_provider(jar).build().unwrap();
    let request = client.post(format!("{page}/accept"));
    let request = request.form(&[("secret", secret), ("password", password)]);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn account(by: &Staff, login: &str) -> Value {
    let all = by.get(STAFF).await.unwrap();
    let all = all.get("accounts").and_then(Value::as_array).cloned();
    let mut all = all.unwrap_or_default().into_iter();
    all.find(|one| text(one, "/login") == login).unwrap()
}

async fn refusal(by: &Staff, path: &str, body: &Value) -> String {
    by.post(path, body).await.unwrap_err().to_string()
}

/// What a reset of an account needs.
fn proved() -> Value {
    json!({ "proof": "in_person", "password": PASSWORD })
}

/// Does something that answers without a body.
async fn done(by: &Staff, path: &str) -> u16 {
    by.status(Method::POST, path).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_chooses_a_password_once_and_is_logged_in() {
    let (service, vera) = started().await;
    let (id, link) = invite(&vera, "sara", "counsellor").await;
    assert!(link.starts_with(&service.base()), "{link}");
    let sara = account(&vera, "sara").await;
    assert_eq!(
        (text(&sara, "/state"), text(&sara, "/team")),
        ("invited", "night")
    );
    // Without a password nobody logs in, with an empty one neither.
    for password in ["", PASSWORD] {
        assert!(
            Staff::log_in_with(service.base(), "sara", password)
                .await
                .is_err()
        );
    }
    let (status, page) = opened(&link).await;
    assert!(status == 200 && page.contains("Sara Savić") && page.contains("sara"));
    let (status, page) = chosen(&link, "partizan1234").await;
    assert!(
        status == 422 && page.contains("easily guessed"),
        "{status}: {page}"
    );
    let (status, page) = chosen(&link, PASSWORD).await;
    assert!(status == 200 && page.contains("id=\"main\""), "{status}: {page}");
    let sara = account(&vera, "sara").await;
    assert_eq!(
        (text(&sara, "/state"), sara.get("sessions")),
        ("enabled", Some(&json!(1)))
    );
    service.log_in("sara").await.unwrap();
    // A second use is refused by the page and by the API.
    let (status, page) = opened(&link).await;
    assert!(
        status == 410 && page.contains("already been chosen"),
        "{status}: {page}"
    );
    assert_eq!(chosen(&link, "plava vrata tiho klize").await.0, 410);
    let secret = link.rsplit('#').next().unwrap();
    let again = json!({ "secret": secret, "password": "plava vrata tiho klize" });
    let refused = refusal(&vera, "/api/v1/invitation/accept", &again).await;
    assert!(refused.contains("409"), "{refused}");
    service.log_in("sara").await.unwrap();
    let (status, page) = opened(&format!("{}x", &link)).await;
    assert!(
        status == 404 && page.contains("copied only in part"),
        "{status}: {page}"
    );
    // Only the response to the invitation contained the secret.
    for path in ["/desk/admin/staff".to_owned(), format!("/desk/admin/staff/{id}")] {
        assert!(!vera.page(&path).await.unwrap().contains(secret), "{path}");
    }
    let found = files_with(service.folder(), &[secret.to_owned()]);
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_link_sends_no_secret_to_the_server() {
    let (service, vera) = started().await;
    let (_, link) = invite(&vera, "sara", "counsellor").await;
    let (page, secret) = link.split_once('#').unwrap();
    assert_eq!(page, format!("{}/desk/invitation", service.base()));
    assert_eq!(secret.len(), 43);
    // Without JavaScript, the page has a field for the link.
    let request = reqwest::Client::builder().build().unwrap().get(page);
    let answer = request.header("cookie", "language=en").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let shown = answer.text().await.unwrap();
    assert!(
        shown.contains("name=\"secret\"") && shown.contains("Paste the whole link"),
        "{shown}"
    );
    let whole = json!({ "secret": link });
    let found = vera.post("/api/v1/invitation/open", &whole).await.unwrap();
    assert_eq!((text(&found, "/state"), text(&found, "/login")), ("open", "sara"));
    let unknown = refusal(&vera, "/api/v1/invitation/open", &json!({ "secret": "x" })).await;
    assert!(unknown.contains("404"), "{unknown}");
    // A link of an earlier version, with the secret in its path, opens nothing and says so.
    let old = reqwest::Client::builder().build().unwrap();
    let old = old
        .get(format!("{page}/{secret}"))
        .header("cookie", "language=en");
    let answer = old.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 410);
    let shown = answer.text().await.unwrap();
    assert!(
        shown.contains("earlier version") && !shown.contains("sara"),
        "{shown}"
    );
    assert_eq!(opened(&link).await.0, 200, "the link itself still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_valid_for_72_hours_and_a_newer_one_replaces_it() {
    let (service, vera) = started().await;
    let (id, first) = invite(&vera, "sara", "counsellor").await;
    let reset = format!("{STAFF}/{id}/reset");
    let second = vera.post(&reset, &proved()).await.unwrap();
    let (status, page) = opened(&first).await;
    assert!(status == 410 && page.contains("newer link"), "{status}: {page}");
    service.set_clock("+71h").unwrap();
    let second = text(&second, "/link").to_owned();
    assert_eq!(opened(&second).await.0, 200);
    service.set_clock("+73h").unwrap();
    let (status, page) = opened(&second).await;
    assert!(status == 410 && page.contains("72 hours"), "{status}: {page}");
    assert_eq!(chosen(&second, PASSWORD).await.0, 410);
    let vera = service.log_in("vera").await.unwrap();
    let sara = account(&vera, "sara").await;
    assert_eq!(text(&sara, "/state"), "without_link");
    // A link of a disabled account stops working, and enabling the account does not revive it.
    let third = vera.post(&reset, &proved()).await.unwrap();
    assert_eq!(done(&vera, &format!("{STAFF}/{id}/disable")).await, 204);
    assert_eq!(opened(text(&third, "/link")).await.0, 410);
    assert!(refusal(&vera, &reset, &proved()).await.contains("disabled"));
    assert_eq!(done(&vera, &format!("{STAFF}/{id}/enable")).await, 204);
    assert_eq!(opened(text(&third, "/link")).await.0, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_the_sessions_and_the_password_at_once() {
    let (service, vera) = started().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let other = service.log_in("mila").await.unwrap();
    let id = text(&account(&vera, "mila").await, "/id").to_owned();
    let new = vera
        .post(&format!("{STAFF}/{id}/reset"), &proved())
        .await
        .unwrap();
    for session in [&mila, &other] {
        assert_eq!(session.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
    }
    assert!(service.log_in("mila").await.is_err(), "the old password");
    let chosen = chosen(text(&new, "/link"), "plava vrata tiho klize").await;
    assert_eq!(chosen.0, 200, "{}", chosen.1);
    let again = Staff::log_in_with(service.base(), "mila", "plava vrata tiho klize");
    let mila = again.await.unwrap();
    // Ending sessions leaves the password as it is.
    assert_eq!(done(&vera, &format!("{STAFF}/{id}/end-sessions")).await, 204);
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
    let again = Staff::log_in_with(service.base(), "mila", "plava vrata tiho klize");
    let mila = again.await.unwrap();
    assert_eq!(done(&vera, &format!("{STAFF}/{id}/disable")).await, 204);
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
    assert_eq!(text(&account(&vera, "mila").await, "/state"), "disabled");
    let audit = audited(&service).await;
    for action in [
        "staff-reset-by-link",
        "accept-invitation",
        "staff-end-sessions",
        "staff-disable",
    ] {
        assert!(
            audit.iter().any(|one| one.starts_with(&format!("{action} mila"))),
            "{action}: {audit:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_needs_a_proof_and_the_password_of_the_administrator() {
    let (service, vera) = started().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let id = text(&account(&vera, "mila").await, "/id").to_owned();
    let reset = format!("{STAFF}/{id}/reset");
    for body in [
        json!({ "password": PASSWORD }),
        json!({ "proof": "by_mail", "password": PASSWORD }),
        json!({ "proof": "in_person" }),
        json!({ "proof": "in_person", "password": "a wrong password" }),
    ] {
        for path in [&reset, &format!("{reset}-factors")] {
            let refused = refusal(&vera, path, &body).await;
            assert!(refused.contains("422"), "{path} {body}: {refused}");
        }
    }
    let form = [("proof", "in_person"), ("password", "a wrong password")];
    let page = vera
        .submit(&reset.replace("/api/v1", "/desk"), &form)
        .await
        .unwrap();
    assert!(page.contains("This is not your password"), "{page}");
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 200);
    let proof = json!({ "proof": "known_voice", "password": PASSWORD });
    vera.post(&reset, &proof).await.unwrap();
    let factors = format!("{reset}-factors");
    assert_eq!(
        send(&service, &vera, Method::POST, &factors, &proved()).await.0,
        204
    );
    let audit = audited(&service).await;
    for entry in [
        "staff-reset-by-link mila known_voice",
        "staff-reset-factors mila in_person",
    ] {
        assert!(audit.iter().any(|one| one == entry), "{entry}: {audit:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_link_ends_the_session_of_the_browser() {
    let (service, vera) = started().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (_, link) = invite(&vera, "sara", "counsellor").await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let (_, secret) = link.split_once('#').unwrap();
    let accept = format!("{}/desk/invitation/accept", service.base());
    let request = client.build().unwrap().post(&accept);
    let request = request.header("cookie", format!("hotline={}", mila.token()));
    let form = [("secret", secret), ("password", PASSWORD)];
    let answer = request.form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_corrects_a_display_name() {
    let (service, vera) = started().await;
    let (id, _) = invite(&vera, "sara", "counsellor").await;
    let path = format!("{STAFF}/{id}");
    let renamed = json!({ "name": " Sara Savić-Ilić " });
    assert_eq!(send(&service, &vera, Method::POST, &path, &renamed).await.0, 204);
    assert_eq!(text(&account(&vera, "sara").await, "/name"), "Sara Savić-Ilić");
    for wrong in ["", " ", &"x".repeat(61), "a\nb"] {
        let refused = refusal(&vera, &path, &json!({ "name": wrong })).await;
        assert!(refused.contains("409"), "{wrong:?}: {refused}");
    }
    let page = vera
        .submit(&path.replace("/api/v1", "/desk"), &[("name", "Сара Савић")])
        .await
        .unwrap();
    assert!(
        page.contains("Sara Savić") && page.contains("value=\"Сара Савић\""),
        "{page}"
    );
    assert_eq!(
        text(&account(&vera, "sara").await, "/team"),
        "night",
        "the team stays"
    );
    let entries = audited(&service).await;
    let named = entries.iter().filter(|one| *one == "staff-name sara");
    assert_eq!(named.count(), 2, "{entries:?}");
}

async fn a_renamed_team_keeps_everything(database: Option<&str>) {
    let mut service = Service::new(database).unwrap();
    service.start().await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let petra = service.hire("petra", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let of_mila = format!("/desk/admin/staff/{}", text(&account(&vera, "mila").await, "/id"));
    let new_team = [("team", " new"), ("new_team", " night ")];
    let page = vera.submit(&of_mila, &new_team).await.unwrap();
    assert!(page.contains("<option value=\"night\" selected>"), "{page}");
    // A new team whose name differs only in upper and lower case is the team that exists.
    let of_petra = format!(
        "/desk/admin/staff/{}",
        text(&account(&vera, "petra").await, "/id")
    );
    vera.submit(&of_petra, &[("team", " new"), ("new_team", "Night")])
        .await
        .unwrap();
    let page = vera
        .submit(&of_petra, &[("team", " new"), ("new_team", " ")])
        .await
        .unwrap();
    assert!(page.contains("1 to 40 characters"), "{page}");
    invite(&vera, "sara", "counsellor").await;
    vera.post(
        STAFF,
        &json!({ "login": "ana", "name": "Ana", "role": "counsellor", "team": "day" }),
    )
    .await
    .unwrap();
    let (reference, _) = posted(&service, "Noću mi piše").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    let plan = json!({ "version": 0, "plan": { "weekly": [{
        "id": "00000000-0000-0000-0000-000000000001", "who": { "team": "night" },
        "weekday": "Mon", "from": "22:00", "to": "06:00",
    }] } });
    assert_eq!(put(&service, &petra, "/api/v1/shifts", &plan).await, 200);
    let rename = "/api/v1/admin/teams/rename";
    for (team, name, status) in [
        ("night", "day", "409"),
        ("night", " ", "409"),
        ("evening", "x", "404"),
    ] {
        let refused = refusal(&vera, rename, &json!({ "team": team, "name": name })).await;
        assert!(refused.contains(status), "{team} {name}: {refused}");
    }
    let page = vera
        .submit(
            "/desk/admin/teams/rename",
            &[("team", "night"), ("name", " ноћ ")],
        )
        .await
        .unwrap();
    assert!(
        page.contains("id=\"teams\"") && page.contains("value=\"ноћ\""),
        "{page}"
    );
    let all = vera.get(STAFF).await.unwrap();
    assert_eq!(
        all["teams"],
        json!([{ "name": "day", "members": 1 }, { "name": "ноћ", "members": 3 }])
    );
    assert_eq!(text(&mila.contact(&reference).await.unwrap(), "/team"), "ноћ");
    let shifts = petra.get("/api/v1/shifts").await.unwrap();
    assert_eq!(shifts["version"], 2);
    assert_eq!(text(&shifts, "/plan/weekly/0/who/team"), "ноћ");
    if database.is_none() {
        let entries = audited(&service).await;
        assert!(
            entries.iter().any(|one| one == "rename-team night: ноћ"),
            "{entries:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_team_keeps_members_contacts_and_shifts() {
    a_renamed_team_keeps_everything(None).await;
    let database = Postgres::url_of_fresh_database().await.unwrap();
    a_renamed_team_keeps_everything(Some(database.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_remove_neither_themselves_nor_the_last_one() {
    let (service, vera) = started().await;
    let own = format!("{STAFF}/{}", text(&account(&vera, "vera").await, "/id"));
    for (path, body) in [
        (own.clone(), json!({ "role": "counsellor" })),
        (format!("{own}/disable"), json!({})),
        (format!("{own}/reset"), proved()),
    ] {
        let refused = refusal(&vera, &path, &body).await;
        assert!(refused.contains("another administrator"), "{path}: {refused}");
    }
    // A second administrator without a password does not count.
    invite(&vera, "sara", "administrator").await;
    let refused = service.run(&["staff", "disable", "vera"], "").unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("last administrator"),
        "{said}"
    );
    let petra = service.hire("petra", "administrator").await.unwrap();
    let page = vera.page(&own.replace("/api/v1", "/desk")).await.unwrap();
    assert!(
        !page.contains("/disable") && !page.contains("name=\"role\""),
        "{page}"
    );
    assert_eq!(done(&petra, &format!("{own}/disable")).await, 204);
    assert_eq!(vera.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
}

async fn one_of_two_who_demote_each_other_stays(database: Option<&str>) {
    let mut service = Service::new(database).unwrap();
    service.start().await.unwrap();
    for round in 0..4 {
        let names = [format!("vera{round}"), format!("nina{round}")];
        let vera = service.hire(&names[0], "administrator").await.unwrap();
        let nina = service.hire(&names[1], "administrator").await.unwrap();
        let all = vera.get(STAFF).await.unwrap();
        let all = all.get("accounts").and_then(Value::as_array).unwrap();
        for one in all.iter().filter(|one| text(one, "/role") == "administrator") {
            let (id, login) = (text(one, "/id"), text(one, "/login"));
            if !names.iter().any(|name| name == login) {
                assert_eq!(done(&vera, &format!("{STAFF}/{id}/disable")).await, 204);
            }
        }
        let path = async |login: &str| format!("{STAFF}/{}", text(&account(&vera, login).await, "/id"));
        let (of_vera, of_nina) = (path(&names[0]).await, path(&names[1]).await);
        let form = [("role", "manager")];
        let (one, two) = (
            of_nina.replace("/api/v1", "/desk"),
            of_vera.replace("/api/v1", "/desk"),
        );
        let both = tokio::join!(vera.submit(&one, &form), nina.submit(&two, &form));
        both.0.and(both.1).unwrap();
        let said = service.must(&["staff", "list"]).unwrap();
        let left = said
            .lines()
            .filter(|line| line.contains("administrator") && !line.contains("disabled"));
        assert_eq!(left.count(), 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_demote_each_other_leave_one() {
    one_of_two_who_demote_each_other_stays(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_demote_each_other_leave_one_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    one_of_two_who_demote_each_other_stays(Some(database.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_logs_out_and_frees_the_contacts_of_who_gets_none() {
    let (service, vera) = started().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let ana = service.hire("ana", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    mila.post(&format!("/api/v1/contacts/{reference}/claim"), &json!({}))
        .await
        .unwrap();
    let path = format!("{STAFF}/{}", text(&account(&vera, "mila").await, "/id"));
    let form = [("role", "manager"), ("team", "day")];
    let page = vera
        .submit(&path.replace("/api/v1", "/desk"), &form)
        .await
        .unwrap();
    assert!(page.contains("manager") && page.contains("day"), "{page}");
    assert_eq!(mila.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
    let contact = ana.contact(&reference).await.unwrap();
    assert_eq!(contact.get("assignee"), Some(&Value::Null));
    let mila = service.log_in("mila").await.unwrap();
    assert_eq!(mila.status(Method::GET, "/api/v1/inbox").await.unwrap(), 403);
    let refused = vera.submit(
        "/desk/admin/staff",
        &[("login", "mila"), ("name", "M"), ("role", "manager")],
    );
    let page = refused.await.unwrap();
    assert!(
        page.contains("this log-in name is taken") && page.contains("value=\"mila\""),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_and_ends_their_own_sessions_only() {
    let (service, vera) = started().await;
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (phone, tablet) = (
        service.log_in("mila").await.unwrap(),
        service.log_in("mila").await.unwrap(),
    );
    let list = mila.get("/api/v1/me/sessions").await.unwrap();
    let sessions = list.get("sessions").and_then(Value::as_array).unwrap();
    let current = sessions
        .iter()
        .filter(|one| one.get("current") == Some(&json!(true)));
    assert_eq!((sessions.len(), current.count()), (3, 1));
    let page = mila.page("/desk/me").await.unwrap();
    assert!(
        page.contains("this one") && page.contains("/desk/me/password"),
        "{page}"
    );
    // The list is the newest first: tablet, phone, and the session that asks.
    let id = text(&sessions[1], "/id");
    assert!(!list.to_string().contains(phone.token()));
    let of_another = format!("/api/v1/me/sessions/{id}/end");
    let end = async |who: &Staff, password: &str| {
        let body = json!({ "password": password });
        send(&service, who, Method::POST, &of_another, &body).await.0
    };
    assert_eq!(end(&vera, PASSWORD).await, 404);
    assert_eq!(end(&mila, "a wrong password").await, 422);
    assert_eq!(end(&mila, PASSWORD).await, 204);
    let alive = async |staff: &Staff| staff.status(Method::GET, "/api/v1/me").await.unwrap() == 200;
    assert_eq!(
        (alive(&mila).await, alive(&phone).await, alive(&tablet).await),
        (true, false, true)
    );
    let others = "/desk/me/sessions/end-others";
    let page = mila
        .submit(others, &[("password", "a wrong password")])
        .await
        .unwrap();
    assert!(page.contains("This is not your password"), "{page}");
    assert!(alive(&tablet).await);
    mila.submit(others, &[("password", PASSWORD)]).await.unwrap();
    assert_eq!((alive(&mila).await, alive(&tablet).await), (true, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_links_too() {
    let (service, _vera) = started().await;
    let said = service
        .must(&[
            "staff",
            "invite",
            "sara",
            "--name",
            "Sara",
            "--role",
            "supervisor",
        ])
        .unwrap();
    let path = said.trim().rsplit("/desk/").next().unwrap();
    let link = format!("{}/desk/{path}", service.base());
    assert_eq!(chosen(&link, PASSWORD).await.0, 200);
    let sara = service.log_in("sara").await.unwrap();
    let reset = ["staff", "reset", "--link", "--proof", "video_call", "sara"];
    let said = service.must(&reset).unwrap();
    assert!(said.contains("/desk/invitation#"), "{said}");
    assert_eq!(sara.status(Method::GET, "/api/v1/me").await.unwrap(), 401);
    // A password from the command line replaces the link.
    service
        .run(
            &["staff", "reset", "sara", "--proof", "in_person"],
            "plava vrata tiho klize\n",
        )
        .unwrap();
    let path = said.trim().rsplit("/desk/").next().unwrap();
    assert_eq!(opened(&format!("{}/desk/{path}", service.base())).await.0, 410);
}

/// Returns the entries of the audit as `<action> <object>`.
pub async fn audited(service: &Service) -> Vec<String> {
    let url = format!("sqlite://{}?mode=ro", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    let all = "SELECT action || ' ' || object AS entry FROM audit";
    let rows = Statement::from_string(DbBackend::Sqlite, all);
    let rows = database.query_all_raw(rows).await.unwrap();
    database.close().await.unwrap();
    rows.iter().map(|row| row.try_get("", "entry").unwrap()).collect()
}
