//! Sessions: the requests that extend them and the events that end them. Passwords: how they are chosen, and limits on guessing.

use std::time::{Duration, Instant};

use futures::StreamExt;
use hotline_core::staff::rights::Role;
use hotline_desk::http::access::Access;
use hotline_tests::{
    peers::postgres::Postgres,
    service::Service,
    staff::{PASSWORD, Staff, text},
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;

use crate::writing::posted;

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

/// Returns the status of a request in this session. `by_itself` marks a request that a page makes without its user.
async fn asked(service: &Service, staff: &Staff, path: &str, by_itself: bool) -> u16 {
    let mut request = client().get(format!("{}{path}", service.base()));
    if by_itself {
        request = request.header("hotline-by-itself", "1");
    }
    let answer = request.bearer_auth(staff.token()).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_person_does_keeps_a_log_in() {
    let mut service = Service::new(None).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let away = service.hire("mila", "counsellor").await.unwrap();
    let here = service.log_in("mila").await.unwrap();
    let (reference, _) = posted(&service, "Zdravo").await;
    here.until_messages(&reference, 1).await.unwrap();
    let page = format!("/desk/contacts/{reference}");
    service.set_clock("+20m").unwrap();
    assert_eq!(asked(&service, &away, &page, true).await, 200);
    let beat = client().post(format!("{}{page}/here", service.base()));
    let beat = beat.bearer_auth(away.token()).form(&[("doing", "reading")]);
    assert!(beat.send().await.unwrap().status().is_success());
    let live = client().get(format!("{}/desk/live", service.base()));
    let live = live.bearer_auth(away.token()).send().await.unwrap();
    assert_eq!(live.status().as_u16(), 200);
    assert_eq!(asked(&service, &here, &page, false).await, 200);
    service.set_clock("+31m").unwrap();
    assert_eq!(asked(&service, &away, &page, true).await, 303, "nobody was there");
    assert_eq!(asked(&service, &away, "/api/v1/me", false).await, 401);
    assert_eq!(asked(&service, &here, &page, false).await, 200);
    service.set_clock("+55m").unwrap();
    assert_eq!(asked(&service, &here, &page, false).await, 200);
    service.set_clock("+13h").unwrap();
    assert_eq!(asked(&service, &here, &page, false).await, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_makes_no_log_in_longer() {
    let mut service = Service::new(None).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    service.set_clock("+29m").unwrap();
    // This request, which a page makes without its user, records the current time.
    assert_eq!(asked(&service, &mila, "/desk/inbox", true).await, 200);
    service.set_clock("-6h").unwrap();
    assert_eq!(asked(&service, &mila, "/desk/inbox", true).await, 200);
    service.set_clock("+31m").unwrap();
    assert_eq!(asked(&service, &mila, "/desk/inbox", true).await, 303);
    // After a start with an earlier clock, sessions from the future are invalid.
    let sara = service.hire("sara", "counsellor").await.unwrap();
    service.stop();
    service.set_clock("-6h").unwrap();
    service.start().await.unwrap();
    assert_eq!(asked(&service, &sara, "/desk/inbox", false).await, 303);
}

/// Opens the live stream, runs `end`, and returns the time from then until the stream ended.
async fn ends_after(service: &Service, staff: &Staff, end: impl AsyncFnOnce()) -> Duration {
    let request = client().get(format!("{}/desk/live", service.base()));
    let answer = request.bearer_auth(staff.token()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let mut stream = answer.bytes_stream();
    stream.next().await.unwrap().unwrap();
    end().await;
    let begun = Instant::now();
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::time::timeout(Duration::from_secs(10), rest).await.unwrap();
    begun.elapsed()
}

async fn streams_end_with_log_ins(database: Option<&str>) {
    let mut service = Service::new(database).unwrap();
    service.give_clock().unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let out = ends_after(&service, &mila, async || {
        mila.post("/api/v1/session/end", &json!({})).await.ok();
    });
    let mut times = vec![out.await];
    let mila = service.log_in("mila").await.unwrap();
    let disabled = ends_after(&service, &mila, async || {
        service.must(&["staff", "disable", "mila"]).unwrap();
    });
    times.push(disabled.await);
    let expired = ends_after(&service, &sara, async || service.set_clock("+31m").unwrap());
    times.push(expired.await);
    // Each stream ends within a second on an idle machine. The limit allows for other work of the test machine.
    let late = times.iter().filter(|time| **time > Duration::from_secs(3));
    assert_eq!(late.count(), 0, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_ends_when_its_log_in_does() {
    streams_end_with_log_ins(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_ends_when_its_log_in_does_on_postgresql() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    streams_end_with_log_ins(Some(database.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_tells_nothing_to_who_may_not_read_contacts() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mut streams = Vec::new();
    for role in Role::ALL {
        let staff = service.hire(role.as_str(), role.as_str()).await.unwrap();
        let request = client().get(format!("{}/desk/live", service.base()));
        let answer = request.bearer_auth(staff.token()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        streams.push((role, answer.bytes_stream()));
    }
    posted(&service, "Zdravo").await;
    for (role, mut stream) in streams {
        let mut told = String::new();
        let listening = async {
            while let Some(Ok(piece)) = stream.next().await {
                told.push_str(&String::from_utf8_lossy(&piece));
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(3), listening).await;
        let reads = role.may(hotline_core::staff::rights::Right::ReadContacts);
        assert_eq!(told.contains("data"), reads, "{role:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_changes_their_own_password_and_is_logged_out_elsewhere() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let here = service.hire("mila", "manager").await.unwrap();
    let elsewhere = service.log_in("mila").await.unwrap();
    let other = service.hire("sara", "counsellor").await.unwrap();
    let good = "plava vrata tiho klize";
    for (current, new, said) in [
        ("a wrong password", good, "until now"),
        (PASSWORD, "kratka", "at least 12"),
        (PASSWORD, "aaaaaaaaaaaa", "easily guessed"),
        (PASSWORD, "mila mila mila", "easily guessed"),
        (PASSWORD, &"plava vrata ".repeat(11), "at most 128"),
    ] {
        let request = client().post(format!("{}/api/v1/me/password", service.base()));
        let request = request.json(&json!({ "current": current, "new": new }));
        let answer = request.bearer_auth(here.token()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 422, "{new}");
        let words = answer.text().await.unwrap();
        assert!(words.contains(said), "{words}");
    }
    assert_eq!(asked(&service, &elsewhere, "/api/v1/me", false).await, 200);
    let page = here.page("/desk/me/password").await.unwrap();
    assert!(page.contains("autocomplete=\"new-password\""), "{page}");
    let form = client().post(format!("{}/desk/me/password", service.base()));
    let form = form.form(&[("current", PASSWORD), ("new", good)]);
    let answer = form.bearer_auth(here.token()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(asked(&service, &here, "/api/v1/me", false).await, 200);
    assert_eq!(asked(&service, &elsewhere, "/api/v1/me", false).await, 401);
    assert_eq!(asked(&service, &other, "/api/v1/me", false).await, 200);
    service.log_in("mila").await.map(|_| ()).unwrap_err();
    Staff::log_in_with(service.base(), "mila", good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_one_line_and_no_weak_password() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let run = |arguments: &[&str], input: &str| {
        let output = service.run(arguments, input).unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let add = ["staff", "add", "mila", "--role", "counsellor"];
    for (input, why) in [
        ("", "No password"),
        ("\n", "at least 12"),
        ("aaaaaaaaaaaa\n", "easily guessed"),
        ("mila.mila.mila\n", "easily guessed"),
        (&"plava vrata ".repeat(11), "at most 128"),
    ] {
        let (done, said) = run(&add, input);
        assert!(!done && said.contains(why), "{input:?}: {said}");
    }
    let (done, said) = run(&add, &format!("{PASSWORD}\r\nand another line\n"));
    assert!(done, "{said}");
    service.log_in("mila").await.unwrap();
    service.must(&["staff", "disable", "mila"]).unwrap();
    let reset = ["staff", "reset", "mila", "--proof", "in_person"];
    let (done, said) = run(&reset, "plava vrata tiho klize\n");
    assert!(done && said.contains("stays disabled"), "{said}");
    let log_in = || Staff::log_in_with(service.base(), "mila", "plava vrata tiho klize");
    assert!(log_in().await.is_err(), "a reset lets nobody in who was shut out");
    service.must(&["staff", "enable", "mila"]).unwrap();
    log_in().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_gives_the_session_a_new_secret() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let form = client().post(format!("{}/desk/me/password", service.base()));
    let form = form.header("cookie", format!("hotline={}", mila.token()));
    let form = form.form(&[("current", PASSWORD), ("new", "plava vrata tiho klize")]);
    let answer = form.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let renewed = cookie.split(';').next().unwrap().to_owned();
    assert!(renewed.starts_with("hotline="), "{cookie}");
    assert_eq!(asked(&service, &mila, "/api/v1/me", false).await, 401);
    let request = client().get(format!("{}/api/v1/me", service.base()));
    let answer = request.header("cookie", renewed).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn breached_passwords_are_refused_wherever_one_is_chosen() {
    const BREACHED: [&str; 3] = [
        "plava vrata tiho klize",
        "sedam plavih zmajeva leti",
        "cetiri zute kruske",
    ];
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("breached.txt");
    let mut lines = BREACHED.map(|password| {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        format!("{}:7\r\n", data_encoding::HEXUPPER.encode(hash.as_ref()))
    });
    lines.sort();
    std::fs::write(&list, lines.concat()).unwrap();
    let mut service = Service::new(None).unwrap();
    let keys = format!("breached_passwords = \"{}\"", list.display());
    service.set_account_keys(&keys).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let new = json!({ "current": PASSWORD, "new": BREACHED[0] });
    let refused = mila.post("/api/v1/me/password", &new).await.unwrap_err();
    assert!(refused.to_string().contains("data breach"), "{refused}");
    let added = service.run(&["staff", "add", "sara", "--role", "counsellor"], BREACHED[1]);
    let said = String::from_utf8_lossy(&added.unwrap().stderr).into_owned();
    assert!(said.contains("data breach"), "{said}");
    let printed = service
        .must(&["staff", "invite", "ana", "--role", "counsellor"])
        .unwrap();
    let secret = printed.trim().rsplit('#').next().unwrap();
    let chosen = json!({ "secret": secret, "password": BREACHED[2] });
    let refused = mila.post("/api/v1/invitation/accept", &chosen).await.unwrap_err();
    assert!(refused.to_string().contains("data breach"), "{refused}");
    let new = json!({ "current": PASSWORD, "new": "devet belih oblaka plovi" });
    mila.post("/api/v1/me/password", &new).await.unwrap();
    service.stop();
    std::fs::write(&list, "a long password\n").unwrap();
    // Messages are more important than passwords, so the service starts without the list.
    service.start().await.unwrap();
    assert!(service.log().unwrap().contains("nobody can choose a password"));
    let sara = service.run(
        &["staff", "add", "sara", "--role", "counsellor"],
        "devet belih oblaka plovi",
    );
    assert!(!sara.unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_renews_a_hash_with_old_parameters() {
    /// A hash of [`PASSWORD`] with 8 MiB and one pass.
    const OLD: &str =
        "$argon2id$v=19$m=8192,t=1,p=1$b2xkcGFyYW1ldGVyczEyMw$Q3cvMNdYrtVRHGTt+/yUGXDADm2TwxUwItm3/deuf1s";
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let url = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(&url).await.unwrap();
    let change = format!("UPDATE staff SET password = '{OLD}' WHERE login = 'mila'");
    database.execute_unprepared(&change).await.unwrap();
    service.log_in("mila").await.unwrap();
    let stored = "SELECT password FROM staff WHERE login = 'mila'";
    let rows = Statement::from_string(DbBackend::Sqlite, stored);
    let rows = database.query_all_raw(rows).await.unwrap();
    database.close().await.unwrap();
    let stored: String = rows[0].try_get("", "password").unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    service.log_in("mila").await.unwrap();
}

/// Returns the resident memory of the program, in KiB.
fn resident(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid().unwrap())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_passwords_take_one_block_of_memory() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let before = resident(&service);
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..30 {
        let body = json!({ "login": format!("somebody{number}"), "password": "a wrong password" });
        let request = client().post(format!("{}/api/v1/session", service.base()));
        guesses.spawn(request.json(&body).send());
    }
    while let Some(answer) = guesses.join_next().await {
        let status = answer.unwrap().unwrap().status().as_u16();
        assert!([401, 409].contains(&status), "{status}");
    }
    let grown = resident(&service).saturating_sub(before);
    assert!(grown < 40 << 10, "{grown} KiB for 30 guesses");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_of_the_api_is_refused_with_the_names_of_its_wrong_fields() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let petra = service.hire("petra", "manager").await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let iva = service.hire("iva", "auditor").await.unwrap();
    let described = sara.get("/api/v1/openapi.json").await.unwrap();
    let paths = described.get("paths").unwrap().as_object().unwrap();
    let lacking = hotline_desk::routes::routes().into_iter();
    let lacking = lacking.filter(|route| matches!(route.access, Access::Lacks(_)));
    let lacking: Vec<String> = lacking.map(|route| route.path).collect();
    let mut tried = 0;
    for (path, methods) in paths {
        let Some(post) = methods.get("post") else { continue };
        // Only a session whose log-in lacks a step may use these; a complete one is refused before its body is read.
        if lacking.contains(path) {
            continue;
        }
        let at = path
            .replace("{reference}", "7K3M-2QX9")
            .replace("{id}", "0190b6a0-0000-7000-8000-000000000001")
            .replace("{hold}", "0190b6a0-0000-7000-8000-000000000003")
            .replace("{referral}", "0190b6a0-0000-7000-8000-000000000002");
        let send = async |body: &serde_json::Value| {
            let url = format!("{}{at}", service.base());
            let ask = async |staff: &Staff| {
                let request = client().post(&url).bearer_auth(staff.token()).json(body);
                let answer = request.send().await.unwrap();
                (answer.status().as_u16(), answer.text().await.unwrap())
            };
            let mut answer = ask(&sara).await;
            for other in [&petra, &vera, &iva] {
                if answer.0 == 403 {
                    answer = ask(other).await;
                }
            }
            answer
        };
        let (status, said) = send(&json!({ "no_such_field": 1 })).await;
        assert_eq!(status, 422, "{path}: {said}");
        assert!(said.contains("no_such_field"), "{path}: {said}");
        let schema = post
            .pointer("/requestBody/content/application~1json/schema")
            .unwrap();
        let required = schema.get("required").and_then(|names| names.as_array());
        if let Some(first) = required.and_then(|names| names.first()?.as_str()) {
            let (status, said) = send(&json!({})).await;
            assert_eq!(status, 422, "{path}: {said}");
            assert!(said.contains(first), "{path} lacks {first}: {said}");
        }
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
    let wrong = json!({ "name": "sara", "password": PASSWORD });
    let request = client().post(format!("{}/api/v1/session", service.base()));
    let said = request.json(&wrong).send().await.unwrap().text().await.unwrap();
    assert!(
        said.contains("unknown field `name`") && said.contains("`login`"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_shows_of_a_contact_the_api_shows_too() {
    let mut service = Service::new(None).unwrap();
    service.set_masking_keys("enabled = false").unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let post = json!({ "kind": "report", "message": "Neko mi preti", "url": "https://example.org/x", "reply_to": "petar@example.org" });
    let answer = client()
        .post(format!("{}/api/v1/contacts", service.base()))
        .json(&post);
    let receipt: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
    let reference = text(&receipt, "/reference").to_owned();
    mila.until_messages(&reference, 1).await.unwrap();
    let (other, _) = posted(&service, "Nešto drugo").await;
    mila.until_messages(&other, 1).await.unwrap();
    let at = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{at}/link"), &json!({ "to": other }))
        .await
        .unwrap();
    mila.post(&format!("{at}/follow"), &json!({ "follows": true }))
        .await
        .unwrap();
    mila.post(&format!("{at}/case"), &json!({})).await.unwrap();
    let page = mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    let api = mila.contact(&reference).await.unwrap();
    for (shown, pointer) in [
        ("petar@example.org", "/answer_to"),
        ("https://example.org/x", "/messages/0/url"),
        (other.as_str(), "/linked_contacts/0/reference"),
    ] {
        assert!(page.contains(shown), "{shown}");
        assert_eq!(text(&api, pointer), shown, "{pointer}");
    }
    for (pointer, value) in [
        ("/replies_wait_on_page", json!(true)),
        ("/followed", json!(true)),
        ("/linked_contacts/0/status", json!("waiting")),
        ("/in_cases/0/number", json!(1)),
        ("/in_cases/0/forwarded", json!(false)),
        ("/messages/0/has_source", json!(true)),
        ("/sends_files", json!(false)),
        ("/other_contacts", json!([])),
        ("/outreach", json!([])),
        ("/note_draft", json!(null)),
    ] {
        assert_eq!(api.pointer(pointer), Some(&value), "{pointer}");
    }
    assert!(page.contains("/source") && !text(&api, "/opened_at").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_character_turns_the_writing_of_a_page_round() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let turning = [
        ('\u{202e}', "RLO"),
        ('\u{2067}', "RLI"),
        ('\u{2066}', "LRI"),
        ('\u{202c}', "PDF"),
    ];
    for (character, name) in turning {
        let words = format!("pre{character}posle");
        let post = json!({ "kind": "report", "message": words, "url": format!("https://example.org/{character}gpj.exe") });
        let answer = client()
            .post(format!("{}/api/v1/contacts", service.base()))
            .json(&post);
        let receipt: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
        let reference = text(&receipt, "/reference");
        let said = mila.until_messages(reference, 1).await.unwrap();
        assert_eq!(text(&said[0], "/text"), words, "a program gets what was written");
        let call = json!({ "network": "telephone", "caller": format!("Ana{character}"), "text": words });
        let call = mila.post("/api/v1/log", &call).await.unwrap();
        for reference in [reference, text(&call, "/reference")] {
            let page = mila.page(&format!("/desk/contacts/{reference}")).await.unwrap();
            assert!(page.contains(&format!("pre‹{name}›posle")), "{name}");
            assert!(!page.contains(character), "{name} is left in the page");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_load_nothing_of_the_desk() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    for (site, mode, status) in [
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("same-site", "cors", 403),
        ("same-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ] {
        let request = client().get(format!("{}/desk/inbox", service.base()));
        let dest = if mode == "navigate" { "document" } else { "image" };
        let request = request
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", dest);
        let answer = request.bearer_auth(mila.token()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{site} {mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_again_in_a_browser_ends_its_earlier_session() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "auditor").await.unwrap();
    let first = service.log_in("mila").await.unwrap();
    let again = client().post(format!("{}/desk/login", service.base()));
    let again = again.header("cookie", format!("hotline={}", first.token()));
    let again = again.form(&[("login", "mila"), ("password", PASSWORD)]);
    assert_eq!(again.send().await.unwrap().status().as_u16(), 303);
    assert_eq!(asked(&service, &first, "/api/v1/me", false).await, 401);
    let audit = vera.get("/api/v1/audit?action=log-out").await.unwrap();
    assert_eq!(text(&audit, "/entries/0/who"), "mila", "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_member_of_staff_opens_and_downloads_up_to_the_limit() {
    let mut service = Service::new(None).unwrap();
    service.limit_staff(2, 1).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let vera = service.hire("vera", "supervisor").await.unwrap();
    let mut references = Vec::new();
    for words in ["Zdravo", "Halo", "Ćao"] {
        references.push(posted(&service, words).await.0);
    }
    mila.until_contacts(3).await.unwrap();
    let [first, second, third] = &references[..] else {
        unreachable!()
    };
    for staff in [&mila, &vera] {
        // Opening a contact again counts once.
        for path in [
            format!("/desk/contacts/{first}"),
            format!("/api/v1/contacts/{first}"),
            format!("/api/v1/contacts/{second}"),
            format!("/desk/contacts/{first}"),
        ] {
            assert_eq!(asked(&service, staff, &path, false).await, 200, "{path}");
        }
        for place in ["/desk", "/api/v1"] {
            let request = client().get(format!("{}{place}/contacts/{third}", service.base()));
            let answer = request.bearer_auth(staff.token()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 429, "{place}");
            let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=31).contains(&wait), "{wait}");
            assert!(answer.text().await.unwrap().contains(&wait.to_string()));
        }
    }
    let protocol = "/api/v1/retention/protocol";
    assert_eq!(asked(&service, &vera, protocol, false).await, 200);
    assert_eq!(asked(&service, &vera, protocol, false).await, 429);
    assert_eq!(asked(&service, &vera, "/desk/inbox", false).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_site_marks_no_contact_as_read() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = posted(&service, "Zdravo").await;
    mila.until_contacts(1).await.unwrap();
    for place in ["/desk", "/api/v1"] {
        for site in ["cross-site", "same-site"] {
            let request = client().get(format!("{}{place}/contacts/{reference}", service.base()));
            let request = request
                .header("sec-fetch-site", site)
                .header("sec-fetch-mode", "navigate")
                .header("sec-fetch-dest", "document");
            let answer = request.bearer_auth(mila.token()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{place} {site}");
            assert!(is_unread(&mila).await, "{place} {site}");
        }
    }
    assert_eq!(
        asked(&service, &mila, &format!("/desk/contacts/{reference}"), false).await,
        200
    );
    assert!(!is_unread(&mila).await);
}

async fn is_unread(staff: &Staff) -> bool {
    let page = staff.page("/desk/inbox?view=unassigned").await.unwrap();
    page.contains(" unread\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_are_logged_once_a_minute_without_content() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let bridge = format!("[lines.signal]\nchannel = \"bridge\"\nsecret = \"{secret}\"\n");
    let mut service = Service::with_lines(None, &bridge).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let base = service.base();
    for number in 0..3 {
        assert_eq!(asked(&service, &mila, "/api/v1/audit", false).await, 403);
        let words = format!("kanarinac-{number}");
        let post = client().post(format!("{base}/desk/preferences"));
        let post = post
            .header("origin", "https://evil.example.org")
            .body(words.clone());
        assert_eq!(post.send().await.unwrap().status().as_u16(), 403);
        let picture = client().get(format!("{base}/desk/inbox?{words}"));
        let picture = picture
            .header("sec-fetch-site", "cross-site")
            .bearer_auth(mila.token());
        assert_eq!(picture.send().await.unwrap().status().as_u16(), 403);
        let call = client().post(format!("{base}/bridge/signal")).body(words.clone());
        assert_eq!(call.send().await.unwrap().status().as_u16(), 401);
        let body = client().post(format!("{base}/api/v1/saved"));
        let body = body.bearer_auth(mila.token()).json(&json!({ words: 1 }));
        assert_eq!(body.send().await.unwrap().status().as_u16(), 422);
    }
    let log = service.log().unwrap();
    let count = |cause: &str| {
        let lines = log.lines().filter(|line| line.contains("A request was refused"));
        lines.filter(|line| line.contains(cause)).count()
    };
    for cause in ["missing-right", "other-site", "wrong-signature", "body"] {
        assert_eq!(count(cause), 1, "{cause}: {log}");
    }
    assert!(!log.contains("kanarinac"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_each_audit_entry_with_its_session() {
    for (settings, logged) in [("", true), ("[audit]\nlog = false\n", false)] {
        let mut service = Service::with_lines(None, settings).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let sessions = mila.get("/api/v1/me/sessions").await.unwrap();
        let mark = text(&sessions, "/sessions/0/id").get(..8).unwrap().to_owned();
        let (reference, _) = posted(&service, "Zdravo kanarinac").await;
        mila.until_messages(&reference, 1).await.unwrap();
        let log = service.log().unwrap();
        for action in ["log-in", "open-contact"] {
            let mut lines = log
                .lines()
                .filter(|line| line.contains(&format!("action=\"{action}\"")));
            assert_eq!(lines.any(|line| line.contains(&mark)), logged, "{action}: {log}");
        }
        for secret in [reference.as_str(), "kanarinac"] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    }
}
