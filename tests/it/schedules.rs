//! The supervisor's page, opening hours, the shift plan, calendars, and moving work.

use hotline_core::staff::rights::Role;
use hotline_store::{
    db::values::HistoryKind,
    inbox::list::{Filter, View},
    staff::accounts::StaffMember,
};
use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    pages::log_in_as,
    privacy::files_with,
    store::{World, mail, on_both},
    writing::{posted, press, shows, until},
};

/// Sends a request with a JSON body, and returns the status and the response.
pub async fn send(service: &Service, who: &Staff, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.request(method, format!("{}{path}", service.base()));
    let answer = request.bearer_auth(who.token()).json(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

pub async fn put(service: &Service, who: &Staff, path: &str, body: &Value) -> u16 {
    send(service, who, Method::PUT, path, body).await.0
}

fn hours(monday: &[&str]) -> Value {
    json!({
        "weekly": { "monday": monday },
        "holidays": "none",
        "exceptions": [{ "date": "2031-12-24", "times": ["08:00-12:00"], "reason": { "sr": "Обука", "en": "Training" } }],
    })
}

async fn begun() -> (Service, Staff, Staff) {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let sara = service.hire("sara", "supervisor").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    (service, sara, mila)
}

async fn id_of(who: &Staff) -> String {
    text(&who.get("/api/v1/me").await.unwrap(), "/id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_hours_are_read_back_and_a_stale_version_is_refused() {
    let (service, sara, mila) = begun().await;
    let path = "/api/v1/hours";
    assert_eq!(sara.get(path).await.unwrap()["version"], 0);
    let line = json!({ "line": "form", "version": 0, "hours": hours(&["07:30-15:30"]) });
    assert_eq!(put(&service, &sara, path, &line).await, 200);
    let stored = sara.get("/api/v1/hours?line=form").await.unwrap();
    assert_eq!(
        (&stored["version"], &stored["made_by"]),
        (&json!(1), &json!(id_of(&sara).await))
    );
    assert_eq!(stored["hours"]["weekly"]["monday"], json!(["07:30-15:30"]));
    assert_eq!(stored["hours"]["exceptions"], hours(&[])["exceptions"]);
    assert_eq!(put(&service, &sara, path, &line).await, 409, "the version is old");
    let next = |hours: Value| json!({ "line": "form", "version": 1, "hours": hours });
    let never = json!({ "weekly": {} });
    for (body, status) in [
        (next(hours(&["15:30-07:30"])), 409),
        (next(hours(&["07:00-12:00", "11:00-15:00"])), 409),
        (next(never), 409),
        (next(hours(&["7 to 8"])), 422),
        (
            json!({ "line": "form", "version": 1, "hours": { "weekly": { "mondays": [] } } }),
            422,
        ),
        (json!({ "line": "form", "version": 1 }), 422),
        (
            json!({ "line": "none", "version": 0, "hours": hours(&["07:00-08:00"]) }),
            404,
        ),
    ] {
        assert_eq!(put(&service, &sara, path, &body).await, status, "{body}");
    }
    assert_eq!(
        put(&service, &mila, path, &next(hours(&["07:30-15:30"]))).await,
        403
    );
    assert_eq!(sara.get("/api/v1/hours?line=form").await.unwrap()["version"], 1);
    let checked = service.must(&["check"]).unwrap();
    assert!(
        checked.contains("ok    hours of line form: version 1"),
        "{checked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_names_the_hours_that_were_stored_last() {
    let (service, sara, _mila) = begun().await;
    let form = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}?lang=en", service.base()))
            .await
            .unwrap();
        answer.text().await.unwrap()
    };
    let settings = "Monday–Friday, 07:30–15:30";
    assert!(form("/child").await.contains(settings));
    let promise = "We are open now";
    assert!(!form("/").await.contains(promise), "no hours are stored");
    let centre = json!({ "line": "", "version": 0, "hours": hours(&["08:00-12:00", "13:00-18:00"]) });
    assert_eq!(put(&service, &sara, "/api/v1/hours", &centre).await, 200);
    for path in ["/", "/child", "/privacy"] {
        let page = form(path).await;
        assert!(!page.contains(settings), "{path}");
        assert!(
            page.contains("Monday, 08:00–12:00 and 13:00–18:00"),
            "{path}: {page}"
        );
    }
    let own = json!({ "line": "form", "version": 0, "hours": hours(&["10:00-11:00"]) });
    assert_eq!(put(&service, &sara, "/api/v1/hours", &own).await, 200);
    assert!(form("/child").await.contains("Monday, 10:00–11:00"));
}

/// A plan in which one person works every day from `from` to `to`.
fn plan(person: &str, from: &str, to: &str) -> Value {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let shift = |(number, day): (usize, &&str)| {
        json!({
            "id": format!("00000000-0000-4000-8000-{number:012}"),
            "who": { "person": person },
            "weekday": day,
            "from": from,
            "to": to,
        })
    };
    let weekly: Vec<Value> = days.iter().enumerate().map(shift).collect();
    json!({ "weekly": weekly, "exceptions": [], "swaps": [] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_plan_is_read_back_and_a_swap_is_asked_for_and_confirmed() {
    let (service, sara, mila) = begun().await;
    let path = "/api/v1/shifts";
    let (sara_id, mila_id) = (id_of(&sara).await, id_of(&mila).await);
    let mine = json!({ "version": 0, "plan": plan(&mila_id, "07:30", "15:30") });
    assert_eq!(put(&service, &mila, path, &mine).await, 403);
    assert_eq!(put(&service, &sara, path, &mine).await, 200);
    assert_eq!(put(&service, &sara, path, &mine).await, 409, "the version is old");
    let zero = json!({ "version": 1, "plan": plan(&mila_id, "07:30", "07:30") });
    assert_eq!(put(&service, &sara, path, &zero).await, 409);
    let unreadable = json!({ "version": 1, "plan": plan(&mila_id, "7", "15:30") });
    assert_eq!(put(&service, &sara, path, &unreadable).await, 422);
    let stored = mila.get(path).await.unwrap();
    assert_eq!(stored["plan"], mine["plan"]);
    let date = hotline_core::time::clock::Clock::now(&hotline_core::time::clock::SystemClock).date_naive()
        + chrono::TimeDelta::days(7);
    let number = chrono::Datelike::weekday(&date).num_days_from_monday();
    let swap =
        json!({ "date": date, "shift": format!("00000000-0000-4000-8000-{number:012}"), "to": sara_id });
    let (status, asked) = send(&service, &mila, Method::POST, "/api/v1/routing/swaps", &swap).await;
    assert_eq!(status, 200, "{asked}");
    let (status, _) = send(&service, &mila, Method::POST, "/api/v1/routing/swaps", &swap).await;
    assert_eq!(status, 409, "the same request");
    let decision = format!("/api/v1/routing/swaps/{}", text(&asked, "/id"));
    let confirmed = json!({ "confirmed": true });
    assert_eq!(
        send(&service, &mila, Method::POST, &decision, &confirmed).await.0,
        403
    );
    assert_eq!(
        send(&service, &sara, Method::POST, &decision, &confirmed).await.0,
        204
    );
    assert_eq!(
        send(&service, &sara, Method::POST, &decision, &confirmed).await.0,
        409
    );
    let stored = mila.get(path).await.unwrap();
    assert_eq!(stored["plan"]["swaps"][0]["state"], "confirmed");
    // Removing the weekly shift on the page removes its swap.
    let fields = [
        ("change", "remove-weekly"),
        ("version", "3"),
        ("id", text(&swap, "/shift")),
    ];
    sara.submit("/desk/routing/shifts", &fields).await.unwrap();
    let stored = mila.get(path).await.unwrap();
    assert_eq!(stored["plan"]["swaps"], json!([]));
    assert_eq!(stored["plan"]["weekly"].as_array().unwrap().len(), 6);
    // The page refuses overlapping shifts in words, and keeps what was typed.
    let who = format!("person:{mila_id}");
    let day = if number == 0 { "2" } else { "1" };
    let fields = [
        ("change", "add-weekly"),
        ("version", "4"),
        ("who", &who),
        ("weekday", day),
        ("times", "8-9.30"),
    ];
    let page = sara.submit("/desk/routing/shifts", &fields).await.unwrap();
    assert!(page.contains("07:30-15:30 and 08:00-09:30 overlap"), "{page}");
    assert!(page.contains("value=\"8-9.30\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_freed_from_the_calendar_and_a_gap_is_shown() {
    let (service, sara, mila) = begun().await;
    let mila_id = id_of(&mila).await;
    let times = json!(["07:30-15:30"]);
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let weekly: serde_json::Map<String, Value> = days
        .iter()
        .map(|day| ((*day).to_owned(), times.clone()))
        .collect();
    let hours = json!({ "version": 0, "hours": { "weekly": weekly, "holidays": "none" } });
    assert_eq!(put(&service, &sara, "/api/v1/hours", &hours).await, 200);
    let all = json!({ "version": 0, "plan": plan(&mila_id, "07:30", "15:30") });
    assert_eq!(put(&service, &sara, "/api/v1/shifts", &all).await, 200);
    let page = sara.page("/desk/routing/shifts").await.unwrap();
    assert!(!page.contains("disagree"), "{page}");
    assert_eq!(
        sara.get("/api/v1/shifts").await.unwrap()["disagreements"],
        json!([])
    );
    // The calendar contains the form that frees Mila on the third day.
    let today = hotline_core::time::clock::Clock::now(&hotline_core::time::clock::SystemClock);
    let date = (today
        .with_timezone(&hotline_core::centre::Centre::default().time_zone)
        .date_naive()
        + chrono::TimeDelta::days(3))
    .to_string();
    assert!(
        page.contains("Off that day") && page.contains(&format!("value=\"{date}\"")),
        "{page}"
    );
    let who = format!("person:{mila_id}");
    let free = |version| {
        [
            ("change", "free-day"),
            ("version", version),
            ("who", &who),
            ("date", &date),
            ("note", "slava"),
        ]
    };
    let page = sara.submit("/desk/routing/shifts", &free("1")).await.unwrap();
    assert!(
        page.contains("Open with nobody on shift (1)") && page.contains("slava"),
        "{page}"
    );
    let stored = sara.get("/api/v1/shifts").await.unwrap();
    assert_eq!(stored["plan"]["exceptions"][0]["spans"], json!([]));
    assert_eq!(text(&stored, "/disagreements/0/kind"), "open_without_shift");
    assert!(
        text(&stored, "/disagreements/0/from").starts_with(&date),
        "{stored}"
    );
    assert!(
        sara.page("/desk/routing/hours")
            .await
            .unwrap()
            .contains("Open with nobody on shift (1)")
    );
    // Freeing the same day again replaces the exception.
    sara.submit("/desk/routing/shifts", &free("2")).await.unwrap();
    let stored = sara.get("/api/v1/shifts").await.unwrap();
    assert_eq!(stored["plan"]["exceptions"].as_array().unwrap().len(), 1);
    let page = mila.page("/desk/routing/shifts").await.unwrap();
    assert!(
        !page.contains("Off that day") && !page.contains("disagree"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_has_the_shifts_of_its_owner_until_revoked() {
    let (service, sara, mila) = begun().await;
    let mila_id = id_of(&mila).await;
    let body = json!({ "version": 0, "plan": plan(&mila_id, "07:30", "15:30") });
    assert_eq!(put(&service, &sara, "/api/v1/shifts", &body).await, 200);
    let address = async |who: &Staff| {
        let made = who.post("/api/v1/routing/calendar", &json!({})).await.unwrap();
        text(&made, "/address").to_owned()
    };
    let status = async |address: &str| reqwest::get(address).await.unwrap().status();
    let page = mila.page("/desk/routing/shifts").await.unwrap();
    assert!(page.contains("You have no address"), "{page}");
    let replaced = address(&mila).await;
    assert_eq!(status(&replaced).await, StatusCode::OK);
    let page = mila.submit("/desk/routing/calendar", &[]).await.unwrap();
    let rest = page.split_once("/calendar/").unwrap().1;
    let secret = rest.split_once(".ics\"").unwrap().0.to_owned();
    let of_mila = format!("{}/calendar/{secret}.ics", service.base());
    assert_eq!(status(&replaced).await, StatusCode::NOT_FOUND);
    // Only that answer shows the secret, and only its hash is stored.
    let page = mila.page("/desk/routing/shifts").await.unwrap();
    assert!(
        page.contains("Revoke the address") && !page.contains(&secret),
        "{page}"
    );
    let found = files_with(service.folder(), std::slice::from_ref(&secret));
    assert!(found.is_empty(), "{found:?}");
    let of_sara = address(&sara).await;
    assert_ne!(of_mila, of_sara);
    let answer = reqwest::get(&of_mila).await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/calendar; charset=utf-8");
    let calendar = answer.text().await.unwrap();
    let count = calendar.matches("BEGIN:VEVENT").count();
    assert!((209..=212).contains(&count), "{count} shifts");
    assert!(
        !calendar.contains("mila") && !calendar.contains("sara"),
        "{calendar}"
    );
    let calendar = reqwest::get(&of_sara).await.unwrap().text().await.unwrap();
    assert!(calendar.contains("BEGIN:VCALENDAR") && !calendar.contains("BEGIN:VEVENT"));
    let revoked = sara
        .status(Method::POST, "/api/v1/routing/calendar/revoke")
        .await
        .unwrap();
    assert_eq!(revoked, 204);
    assert_eq!(status(&of_sara).await, StatusCode::NOT_FOUND);
    let unknown = format!("{}/calendar/{}.ics", service.base(), "0".repeat(64));
    let without_ending = of_mila.trim_end_matches(".ics").to_owned();
    for address in [&unknown, &without_ending] {
        assert_eq!(status(address).await, StatusCode::NOT_FOUND);
    }
    service.must(&["staff", "disable", "mila"]).unwrap();
    assert_eq!(status(&of_mila).await, StatusCode::NOT_FOUND);
    // An account that is enabled again has no address, because disabling it ended the earlier one.
    service.must(&["staff", "enable", "mila"]).unwrap();
    assert_eq!(status(&of_mila).await, StatusCode::NOT_FOUND);
    service.must(&["staff", "disable", "mila"]).unwrap();
    let checked = service.must(&["check"]).unwrap();
    assert!(
        checked.contains("shifts: mila is planned, but the account is disabled"),
        "{checked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_cannot_put_schedules() {
    let (service, sara, _) = begun().await;
    let body = json!({ "line": "", "version": 0, "hours": hours(&["07:30-15:30"]) });
    let put = |site: &'static str| {
        reqwest::Client::builder()
            .build()
            .unwrap()
            .put(format!("{}/api/v1/hours", service.base()))
            .header("cookie", format!("hotline={}", sara.token()))
            .header("sec-fetch-site", site)
            .json(&body)
            .send()
    };
    assert_eq!(put("cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(sara.get("/api/v1/hours").await.unwrap()["version"], 0);
    assert_eq!(put("same-origin").await.unwrap().status(), StatusCode::OK);
}

async fn open_of(world: &World, who: &StaffMember) -> usize {
    let page = world
        .store
        .inbox(View::Mine, &Filter::default(), who.id, None, 100)
        .await
        .unwrap();
    page.rows.len()
}

#[tokio::test]
async fn the_whole_open_work_of_a_counsellor_moves_at_once() {
    on_both(async |world| {
        let store = &world.store;
        let password = "a long password".to_owned().into();
        let sara = store
            .add_staff("sara", "Sara", Role::Supervisor, &password)
            .await
            .unwrap();
        let ana = store
            .add_staff("ana", "Ana", Role::Counsellor, &password)
            .await
            .unwrap();
        let mut references = Vec::new();
        for id in ["1", "2", "3"] {
            let address = format!("person{id}@example.org");
            world
                .arrives(id, mail(&address, &format!("{id}@x"), "help", vec![]))
                .await;
        }
        let page = store
            .inbox(View::Unassigned, &Filter::default(), world.mila.id, None, 100)
            .await
            .unwrap();
        for row in page.rows {
            store.take(&world.mila, row.reference).await.unwrap();
            references.push(row.reference);
        }
        let closed = references[0];
        store
            .close(&world.mila, closed, Some("tested".to_owned()).as_deref())
            .await
            .unwrap();
        assert_eq!(
            store.move_work(&sara, world.mila.id, Some(ana.id)).await.unwrap(),
            2
        );
        assert_eq!(
            (open_of(&world, &world.mila).await, open_of(&world, &ana).await),
            (0, 2)
        );
        let history = store.contact(references[1]).await.unwrap().unwrap().history;
        let last = history.last().unwrap();
        assert_eq!(
            (last.kind, last.detail.as_str()),
            (HistoryKind::HandedOver, "Ana")
        );
        assert_eq!(store.move_work(&sara, ana.id, None).await.unwrap(), 2);
        assert_eq!(open_of(&world, &ana).await, 0);
        let history = store.contact(references[1]).await.unwrap().unwrap().history;
        assert_eq!(history.last().unwrap().kind, HistoryKind::GivenBack);
        assert!(store.move_work(&sara, ana.id, Some(ana.id)).await.is_err());
        assert!(store.move_work(&sara, uuid::Uuid::nil(), None).await.is_err());
        let overview = store.routing_overview().await.unwrap();
        assert_eq!(overview.queue[0].unassigned, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_routing_show_who_is_absent_and_keep_what_was_typed() {
    let (service, sara, mila) = begun().await;
    let mila_id = id_of(&mila).await;
    let body = json!({ "version": 0, "plan": plan(&mila_id, "00:00", "24:00") });
    assert_eq!(put(&service, &sara, "/api/v1/shifts", &body).await, 200);
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    for language in ["sr-Cyrl", "en"] {
        log_in_as(client, &service, "sara", language).await;
        for path in ["/desk/routing", "/desk/routing/hours", "/desk/routing/shifts"] {
            for width in [360, 1_093, 1_440] {
                browser.set_size(width, 900).await.unwrap();
                client.goto(&format!("{}{path}", service.base())).await.unwrap();
                let violations = browser.axe().await.unwrap();
                assert_eq!(violations, json!([]), "{path} in {language} at {width}");
            }
            let name = path.rsplit('/').next().unwrap();
            browser.pictures(&format!("{name}-{language}")).await.unwrap();
        }
    }
    client
        .goto(&format!("{}/desk/routing", service.base()))
        .await
        .unwrap();
    shows(client, ".absent", "planned but absent").await;
    shows(client, "#list", "Nobody waits").await;
    // The page updates when a contact arrives.
    posted(&service, "Neko mi preti").await;
    shows(client, "#list", "urgent").await;
    client
        .goto(&format!("{}/desk/routing/hours", service.base()))
        .await
        .unwrap();
    until(client, "#day-1").await.clear().await.unwrap();
    until(client, "#day-1").await.send_keys("8-25").await.unwrap();
    press(client, "form[data-asks] > button").await;
    shows(client, "#day-1-mistake", "8-25").await;
    let typed = until(client, "#day-1").await.prop("value").await.unwrap();
    assert_eq!(typed.as_deref(), Some("8-25"));
    until(client, "#day-1").await.clear().await.unwrap();
    until(client, "#day-1").await.send_keys("8-16.30").await.unwrap();
    press(client, "form[data-asks] > button").await;
    shows(client, "main", "Version 1").await;
    let stored = sara.get("/api/v1/hours").await.unwrap();
    assert_eq!(stored["hours"]["weekly"]["monday"], json!(["08:00-16:30"]));
    browser.close().await.unwrap();
}
