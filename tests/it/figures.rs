//! Figures: for any history they equal the recount, and however they are cut the pieces are the whole.

use chrono::{NaiveDate, TimeDelta};
use hotline_core::{
    classification::Answers,
    clock::Clock,
    contact::Marking,
    figures::{Every, dimensions},
    locale::Language,
    reference::Reference,
};
use hotline_store::{
    error::StoreError,
    figures::Cut,
    inbox::{Filter, View},
    register::NewCall,
    totals::Period,
};
use hotline_tests::{
    peers::{browser::Browser, postgres::Postgres},
    service::Service,
    staff::text,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::store::{World, mail, on_both, world};

/// Something that happens to a centre.
#[derive(Debug, Clone)]
enum Happens {
    Mail { from: u8, language: Option<Language> },
    Call { days_ago: i64, marked: bool },
    Classified { which: usize, answers: Answers },
    Marked { which: usize, marking: Option<Marking> },
    Closed { which: usize },
    Reopened { which: usize },
    Later { hours: i64 },
}

fn happens() -> impl Strategy<Value = Happens> {
    let language = prop::option::of(prop::sample::select(Language::ALL.to_vec()));
    let marking = prop::option::of(prop::sample::select(vec![
        Marking::Spam,
        Marking::Test,
        Marking::Duplicate,
    ]));
    prop_oneof![
        4 => (0u8..4, language).prop_map(|(from, language)| Happens::Mail { from, language }),
        1 => (0i64..800, any::<bool>()).prop_map(|(days_ago, marked)| Happens::Call { days_ago, marked }),
        4 => (any::<usize>(), answers()).prop_map(|(which, answers)| Happens::Classified { which, answers }),
        2 => (any::<usize>(), marking).prop_map(|(which, marking)| Happens::Marked { which, marking }),
        1 => any::<usize>().prop_map(|which| Happens::Closed { which }),
        1 => any::<usize>().prop_map(|which| Happens::Reopened { which }),
        2 => (1i64..400).prop_map(|hours| Happens::Later { hours }),
    ]
}

fn answers() -> impl Strategy<Value = Answers> {
    let of = |question: &'static str, given: &'static [&'static str]| {
        prop::option::of(prop::sample::select(given.to_vec()))
            .prop_map(move |answer| answer.map(|answer| (question.to_owned(), vec![answer.to_owned()])))
    };
    (
        of("kind", &["counselling", "report", "prank", "spam", "duplicate"]),
        of("topic", &["grooming", "sexting", "other"]),
        of("age", &["9", "14"]),
        of("platform_named", &["Neka mreža"]),
        of("region", &["belgrade", "abroad"]),
    )
        .prop_map(|(a, b, c, d, e)| [a, b, c, d, e].into_iter().flatten().collect())
}

impl Happens {
    async fn to(self, world: &World, number: usize) -> Result<(), StoreError> {
        let (store, mila) = (&world.store, &world.mila);
        let all = references(world).await;
        let pick = |which: usize| all.get(which % all.len().max(1)).copied();
        match self {
            Self::Mail { from, language } => {
                let mut incoming = mail(
                    &format!("{from}@example.org"),
                    &format!("m{number}"),
                    "x",
                    Vec::new(),
                );
                incoming.language = language;
                world.arrives(&format!("e{number}"), incoming).await;
            }
            Self::Call { days_ago, marked } => {
                let kind = if marked { "test" } else { "counselling" };
                let call = NewCall {
                    id: uuid::Uuid::new_v4(),
                    network: "telephone".to_owned(),
                    at: world.clock.now() - TimeDelta::days(days_ago),
                    for_whom: None,
                    caller: String::new(),
                    text: "poziv".to_owned(),
                    answers: Answers::from([("kind".to_owned(), vec![kind.to_owned()])]),
                };
                store.log_call(mila, call).await?;
            }
            Self::Classified { which, answers } => {
                if let Some(contact) = pick(which) {
                    store.classify(mila, contact, answers).await?;
                }
            }
            Self::Marked { which, marking } => {
                if let Some(contact) = pick(which) {
                    store.mark(mila, contact, marking).await?;
                }
            }
            Self::Closed { which } => {
                if let Some(contact) = pick(which) {
                    store.close(mila, contact).await?;
                }
            }
            Self::Reopened { which } => {
                if let Some(contact) = pick(which) {
                    store.reopen(mila, contact).await?;
                }
            }
            Self::Later { hours } => world.clock.advance(TimeDelta::hours(hours)),
        }
        Ok(())
    }
}

async fn references(world: &World) -> Vec<Reference> {
    let filter = Filter::default();
    let page = world.store.inbox(View::All, &filter, world.mila.id, None, 1_000);
    page.await.unwrap().rows.iter().map(|row| row.reference).collect()
}

async fn agrees(world: &World, history: &[Happens]) {
    let store = &world.store;
    let verified = store.verify_totals().await.unwrap();
    assert!(verified.differences.is_empty(), "{history:?}: {verified:?}");
    let figures = store.verify_figures(10).await.unwrap();
    assert!(figures.is_empty(), "{history:?}: {figures:?}");
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    for period in [
        Period::default(),
        Period {
            from: day("2026-11-25"),
            to: day("2026-12-03"),
        },
        Period {
            from: day("2025-02-11"),
            to: None,
        },
        Period {
            from: None,
            to: day("2026-11-30"),
        },
    ] {
        let card = store.totals(period).await.unwrap().registered;
        let dimensions: Vec<String> = dimensions(store.scheme()).into_iter().collect();
        let mut cuts = vec![Vec::new()];
        cuts.extend(dimensions.iter().map(|one| vec![one.clone()]));
        cuts.push(vec!["topic".to_owned(), "channel".to_owned()]);
        cuts.push(vec!["kind".to_owned(), "hour".to_owned()]);
        for by in cuts {
            for every in [None, Some(Every::Day), Some(Every::Week), Some(Every::Quarter)] {
                let cut = Cut {
                    period,
                    by: by.clone(),
                    every,
                };
                let found = store.breakdown(&cut).await.unwrap();
                let rows: i64 = found.rows.iter().map(|row| row.count).sum();
                assert_eq!(found.registered, card, "{history:?}: {cut:?}");
                assert_eq!(rows + found.rest, card, "{history:?}: {cut:?}");
                assert!(found.rest >= 0, "{history:?}: {cut:?}");
                let every_contact_has_one = by.is_empty() || by == ["channel"] || by == ["weekday"];
                assert!(found.rest == 0 || !every_contact_has_one, "{history:?}: {cut:?}");
            }
        }
    }
}

async fn any_history(world: World, of: usize, seed: u8) {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let history = prop::collection::vec(happens(), of)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    for (number, step) in history.iter().cloned().enumerate() {
        // What is refused, as closing what is closed, changes nothing: that is shown by the recount, too.
        match step.to(&world, number + usize::from(seed) * 1_000).await {
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{error}: {history:?}"),
        }
    }
    agrees(&world, &history).await;
    world.store.rebuild_figures().await.unwrap();
    agrees(&world, &history).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_any_history_card_breakdowns_days_and_recount_are_equal() {
    for seed in 0..6 {
        any_history(world(None).await, 60, seed).await;
    }
    let database = Postgres::url_of_fresh_database().await.unwrap();
    any_history(world(Some(database)).await, 120, 9).await;
}

#[tokio::test]
async fn however_long_a_period_is_asked_for_it_is_cut_where_something_was_counted() {
    on_both(async |world: World| {
        let period = Period {
            from: "0001-01-01".parse().ok(),
            to: "9999-12-31".parse().ok(),
        };
        for every in ["day", "week", "month"] {
            let cut = Cut::parse(period, &format!("channel,{every}")).unwrap();
            assert!(world.store.breakdown(&cut).await.unwrap().rows.is_empty());
        }
        world
            .arrives("one", mail("ana@example.org", "a@x", "help", vec![]))
            .await;
        for every in ["day", "week", "month"] {
            let cut = Cut::parse(period, &format!("channel,{every}")).unwrap();
            let found = world.store.breakdown(&cut).await.unwrap();
            assert_eq!((found.registered, found.rows.len()), (1, 1), "{every}");
        }
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
            let cut = Cut::parse(Period::default(), by);
            let refused = match cut {
                Ok(cut) => world.store.breakdown(&cut).await.is_err(),
                Err(_) => true,
            };
            assert!(refused, "{by}");
        }
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
        mila.until_said(&reference, 1).await.unwrap();
        let answers = json!({ "answers": { "topic": [topic], "gender": ["girl"] } });
        mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
            .await
            .unwrap();
    }
    crate::writing::posted(&service, "četvrta").await;
    mila.until_contacts(4).await.unwrap();
    let found = manager.get("/api/v1/statistics/figures?by=topic").await.unwrap();
    assert_eq!(found.get("registered"), Some(&json!(4)));
    assert_eq!(found.get("rest"), Some(&json!(1)), "not classified yet");
    assert_eq!(
        found.get("rows"),
        Some(&json!([
            { "values": ["grooming"], "count": 2 },
            { "values": ["sexting"], "count": 1 }
        ]))
    );
    let crossed = manager
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
    let page = manager.page("/desk/statistics?by=topic").await.unwrap();
    assert!(
        page.contains("grooming") && page.contains("not classified so"),
        "{page}"
    );
    let csv = manager
        .page("/desk/statistics/figures.csv?by=topic&and=gender")
        .await
        .unwrap();
    assert_eq!(
        csv,
        "Topic,girl,Total\r\ngrooming,2,2\r\nsexting,1,1\r\nnot classified so,,1\r\nRegistered,,4\r\n"
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
        .must(&["statistics", "--by", "topic", "--format", "csv"])
        .unwrap();
    assert_eq!(said, "topic,count\r\ngrooming,2\r\nsexting,1\r\n");
    let said = service.must(&["statistics", "verify"]).unwrap();
    assert!(said.contains("equals the recount of 4 contacts"), "{said}");
    service.must(&["statistics", "rebuild"]).unwrap();
    service.must(&["statistics", "verify"]).unwrap();
}
