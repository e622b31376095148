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
