//! Statistics: grouped by any dimension, over any period, with small figures suppressed for publication.

use chrono::TimeDelta;
use hotline_core::{
    contact::classification::Answers,
    statistics::figures::Measure,
    time::{clock::Clock, period::Period},
};
use hotline_store::{
    error::{Conflict, StoreError},
    statistics::{adjustments::NewAdjustment, counts::StatisticsFilter},
};
use hotline_tests::{peers::browser::Browser, service::Service, staff::text};
use serde_json::json;

use crate::{
    histories::call,
    store::{World, mail, on_both},
};

#[tokio::test]
async fn however_long_a_period_is_asked_for_it_is_cut_where_something_was_counted() {
    on_both(async |world: World| {
        let period = Period {
            from: "0001-01-01".parse().ok(),
            to: "9999-12-31".parse().ok(),
        };
        for every in ["day", "week", "month"] {
            let cut = StatisticsFilter::parse(Measure::Contact, period, &format!("channel,{every}")).unwrap();
            assert!(world.store.breakdown(&cut).await.unwrap().rows.is_empty());
        }
        world
            .arrives("one", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        for every in ["day", "week", "month"] {
            let cut = StatisticsFilter::parse(Measure::Contact, period, &format!("channel,{every}")).unwrap();
            let found = world.store.breakdown(&cut).await.unwrap();
            assert_eq!((found.registered, found.rows.len()), (1, 1), "{every}");
            assert_eq!(
                found.pieces().len(),
                1,
                "{every}: nothing before there was anything"
            );
        }
        // Requested days are listed even without contacts.
        let period = Period {
            from: "2026-11-20".parse().ok(),
            to: "2026-12-31".parse().ok(),
        };
        let cut = StatisticsFilter::parse(Measure::Contact, period, "channel,day").unwrap();
        let found = world.store.breakdown(&cut).await.unwrap();
        assert_eq!(
            found.pieces().len(),
            5,
            "from the first day asked for until today"
        );
    })
    .await;
}

#[tokio::test]
async fn a_dimension_that_is_none_and_a_third_one_are_refused() {
    on_both(async |world: World| {
        for by in [
            "name",
            "channel,channel",
            "channel,topic,kind",
            "platform_named",
            "day,month",
        ] {
            let cut = StatisticsFilter::parse(Measure::Contact, Period::default(), by);
            let refused = match cut {
                Ok(cut) => world.store.breakdown(&cut).await.is_err(),
                Err(_) => true,
            };
            assert!(refused, "{by}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_tells_of_persons_is_of_whole_months_that_are_over_and_never_of_few() {
    on_both(async |world: World| {
        let answers = |topic: &str, gender: &str| {
            let chosen = [("kind", "counselling"), ("topic", topic), ("gender", gender)];
            Answers::from(chosen.map(|(question, answer)| (question.to_owned(), vec![answer.to_owned()])))
        };
        let log = async |days_ago: i64, topic: &str, gender: &str| {
            let call = call(&world, days_ago, answers(topic, gender));
            world.store.log_call(&world.mila, call).await.unwrap();
        };
        for _ in 0..6 {
            log(40, "grooming", "girl").await;
        }
        for _ in 0..5 {
            log(40, "suicide", "boy").await;
        }
        log(40, "sexting", "girl").await;
        for _ in 0..2 {
            log(40, "sexting", "boy").await;
        }
        for _ in 0..9 {
            log(0, "privacy", "girl").await;
        }
        for _ in 0..5 {
            log(70, "grooming", "boy").await;
        }
        let shown = async |by: &str, period: Period, least: i64| {
            let cut = StatisticsFilter::parse(Measure::Contact, period, by).unwrap();
            world.store.breakdown_for_reader(&cut, least).await
        };
        let ever = Period::default();
        let rows = |found: hotline_store::statistics::counts::Breakdown| {
            assert_eq!(found.sum() + found.rest, found.registered);
            found
                .rows
                .into_iter()
                .map(|row| (row.values.join(" "), row.count))
                .collect::<Vec<_>>()
        };
        let row = |values: &str, count| (values.to_owned(), count);
        assert_eq!(
            rows(shown("topic", ever, 5).await.unwrap()),
            [row("grooming", 11)],
            "the small one takes the next smallest with it, and what is of this month is in the rest"
        );
        assert_eq!(rows(shown("topic", ever, 0).await.unwrap()).len(), 4);
        assert_eq!(
            rows(shown("gender,topic", ever, 5).await.unwrap()),
            [row("boy suicide", 5)],
            "in both lines sexting is hidden, and takes another with it"
        );
        let by_month = shown("topic,month", ever, 5).await.unwrap();
        let pieces: Vec<_> = by_month
            .rows
            .iter()
            .map(|row| row.piece.clone().unwrap())
            .collect();
        let months = [70, 40].map(|ago| {
            (world.clock.now() - TimeDelta::days(ago))
                .format("%Y-%m")
                .to_string()
        });
        assert!(
            !pieces.is_empty() && pieces.iter().all(|piece| months.contains(piece)),
            "{by_month:?}"
        );
        let of_years = rows(shown("topic,year", ever, 5).await.unwrap());
        assert_eq!(of_years, [], "the year is not over");
        assert_eq!(
            rows(shown("channel,day", ever, 5).await.unwrap()).len(),
            3,
            "no person is in it"
        );
        let day = (world.clock.now() - TimeDelta::days(40)).date_naive();
        let of_a_day = Period::of(day, day);
        assert_eq!(
            rows(shown("topic", of_a_day, 5).await.unwrap()),
            [],
            "a day is no month"
        );
        for fine in [
            "topic,hour",
            "gender,weekday",
            "topic,day",
            "topic,gender,month",
            "first_reply,topic",
            "urgent_read,topic",
            "urgent_read,month",
            "answered,urgency",
        ] {
            let refused = shown(fine, ever, 5).await.unwrap_err();
            assert!(
                matches!(refused, StoreError::Conflict(Conflict::TooFine)),
                "{fine}: {refused}"
            );
            assert!(shown(fine, ever, 0).await.is_ok(), "{fine}");
        }
        let unknown = shown("name", of_a_day, 5).await.unwrap_err();
        assert!(
            matches!(unknown, StoreError::Conflict(Conflict::NoDimension)),
            "{unknown}"
        );
    })
    .await;
}

#[tokio::test]
async fn nothing_is_counted_twice_because_a_figure_was_entered_for_its_day() {
    on_both(async |world: World| {
        let today = world.store.today();
        let new = NewAdjustment {
            of: Measure::Contact,
            value: "telephone".to_owned(),
            correction: false,
            from: today - chrono::Days::new(400),
            to: today - chrono::Days::new(10),
            count: 7,
            source: "Book".to_owned(),
            reason: String::new(),
        };
        let enter = async |new: NewAdjustment| world.store.enter_adjustment(None, &new).await;
        let refused = |answer: Result<(), StoreError>, why: Conflict| match answer {
            Err(StoreError::Conflict(found)) => assert_eq!(found, why),
            other => panic!("{other:?}"),
        };
        let until = |to| NewAdjustment { to, ..new.clone() };
        refused(enter(until(today)).await, Conflict::InTheFuture);
        refused(
            enter(until("+10000-01-01".parse().unwrap())).await,
            Conflict::InTheFuture,
        );
        let count = |count, correction| NewAdjustment {
            count,
            correction,
            reason: "why".to_owned(),
            ..new.clone()
        };
        refused(enter(count(i64::MIN, true)).await, Conflict::BalanceBackwards);
        refused(enter(count(i64::MAX, false)).await, Conflict::BalanceBackwards);
        let many = world
            .store
            .enter_adjustments(None, &vec![new.clone(); 10_001])
            .await;
        refused(many, Conflict::TooManyLines);
        enter(new.clone()).await.unwrap();
        refused(enter(new.clone()).await, Conflict::BalanceOverlaps);
        enter(count(-1, true)).await.unwrap();
        refused(enter(count(-1, true)).await, Conflict::CorrectionTwice);
        let call = |days_ago| call(&world, days_ago, Answers::new());
        let late = world.store.log_call(&world.mila, call(20)).await;
        refused(late.map(|_| ()), Conflict::DayEntered);
        world.store.log_call(&world.mila, call(5)).await.unwrap();
        let registered = NewAdjustment {
            from: today - chrono::Days::new(9),
            to: today - chrono::Days::new(1),
            ..new.clone()
        };
        refused(enter(registered).await, Conflict::BalanceOverlaps);
        let total = world.store.totals(Period::default()).await.unwrap().sum.total;
        assert_eq!(total, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_cut_figures_by_page_command_and_program_and_all_say_the_same() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    for (words, topic) in [("prva", "grooming"), ("druga", "grooming"), ("treća", "sexting")] {
        let (reference, _) = crate::writing::posted(&service, words).await;
        mila.until_messages(&reference, 1).await.unwrap();
        let answers = json!({ "answers": { "topic": [topic], "gender": ["girl"] } });
        mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
            .await
            .unwrap();
    }
    crate::writing::posted(&service, "četvrta").await;
    mila.until_contacts(4).await.unwrap();
    let found = manager
        .get("/api/v1/statistics/figures?by=topic&publication=yes")
        .await
        .unwrap();
    assert_eq!(found.get("registered"), Some(&json!(4)));
    assert_eq!(
        (found.get("rest"), found.get("rows")),
        (Some(&json!(4)), Some(&json!([]))),
        "figures that are so small and so recent are not published"
    );
    for staff in [&mila, &manager] {
        let found = staff.get("/api/v1/statistics/figures?by=topic").await.unwrap();
        assert_eq!(found.get("rest"), Some(&json!(1)), "not classified yet");
        assert_eq!(
            found.get("rows"),
            Some(&json!([
                { "values": ["grooming"], "count": 2 },
                { "values": ["sexting"], "count": 1 }
            ]))
        );
    }
    let crossed = mila
        .get("/api/v1/statistics/figures?by=topic,gender,year")
        .await
        .unwrap();
    assert_eq!(
        crossed.pointer("/rows/0/values"),
        Some(&json!(["grooming", "girl"]))
    );
    assert_eq!(crossed.pointer("/rows/0/count"), Some(&json!(2)));
    assert!(text(&crossed, "/rows/0/piece").starts_with("20"));
    let unknown = manager
        .get("/api/v1/statistics/figures?by=name")
        .await
        .unwrap_err();
    assert!(unknown.to_string().contains("409"), "{unknown}");
    let exact = manager
        .page("/desk/statistics?period=ever&by=topic")
        .await
        .unwrap();
    assert!(
        !exact.contains("Not classified, or hidden") && exact.contains("for internal use"),
        "{exact}"
    );
    let page = manager
        .page("/desk/statistics?period=ever&by=topic&publication=yes")
        .await
        .unwrap();
    assert!(
        page.contains("Not classified, or hidden") && page.contains("whole months"),
        "{page}"
    );
    let fine = "/api/v1/statistics/figures?by=topic,hour";
    manager.get(fine).await.unwrap();
    let refused = manager.get(&format!("{fine}&publication=yes")).await.unwrap_err();
    assert!(refused.to_string().contains("409"), "{refused}");
    let csv = mila
        .page("/api/v1/statistics/figures?by=topic,gender&format=csv&language=en")
        .await
        .unwrap();
    assert_eq!(
        csv,
        "Topic,girl,Total\r\ngrooming,2,2\r\nsexting,1,1\r\nNot classified,,1\r\nRegistered,,4\r\n"
    );
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in_as(client, &service, "marko", "sr-Latn").await;
    for query in [
        "by=topic",
        "by=topic&and=gender",
        "by=channel&every=month",
        "by=weekday",
    ] {
        let path = format!("{}/desk/statistics?{query}", service.base());
        client.goto(&path).await.unwrap();
        assert_eq!(browser.axe().await.unwrap(), json!([]), "{query}");
        browser
            .pictures(&format!("figures-{}", query.replace(['=', '&'], "-")))
            .await
            .unwrap();
    }
    browser.close().await.unwrap();
    let said = service
        .must(&[
            "statistics",
            "--by",
            "topic",
            "--format",
            "csv",
            "--language",
            "en",
        ])
        .unwrap();
    assert_eq!(
        said,
        "Topic,Total\r\ngrooming,2\r\nsexting,1\r\nNot classified,1\r\nRegistered,4\r\n"
    );
    let published = service
        .must(&["statistics", "--by", "topic", "--publication", "--language", "en"])
        .unwrap();
    assert!(
        published.contains("for publication") && !published.contains("grooming"),
        "{published}"
    );
    let backwards = ["statistics", "--from", "2026-02-01", "--to", "2026-01-01"];
    let refused = service.must(&backwards).unwrap_err();
    assert!(refused.to_string().contains("ends before it begins"), "{refused}");
    let said = service.must(&["statistics", "verify"]).unwrap();
    assert!(said.contains("equals the recount of 4 contacts"), "{said}");
    let served = service.must(&["statistics", "rebuild"]).unwrap_err();
    assert!(served.to_string().contains("serves this data folder"), "{served}");
    service.stop();
    service.must(&["statistics", "rebuild"]).unwrap();
    service.must(&["statistics", "verify"]).unwrap();
}
