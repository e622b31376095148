//! For any sequence of events, statistics equal a recount of the tables, and each figure's drill-down lists as many contacts as the figure
//! says.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{NaiveDate, TimeDelta};
use hotline_core::{
    casework::answers::Outcome,
    centre::Centre,
    contact::{
        classification::Answers,
        lifecycle::Marking,
        message::{Evidence, Incoming},
    },
    identifiers::reference::Reference,
    job::JobKind,
    staff::rights::Role,
    statistics::{
        figures::{CASE_KIND, INSTITUTION, Measure},
        purpose::Purpose,
    },
    text::locale::{Language, Locales},
    time::{
        clock::Clock,
        period::{Every, Period},
    },
};
use hotline_reports::{
    cover::Cover,
    exports::{CsvForm, csv_of_tables},
    tables::of_report,
};
use hotline_store::{
    cases::{CaseTarget, CasesOf, Details},
    contacts::reply::NewReply,
    db::store::Store,
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
    registration::register::NewCall,
    staff::accounts::StaffMember,
    statistics::{
        adjustments::NewAdjustment,
        counts::{DrillDown, SelectedValues, StatisticsFilter},
    },
};
use hotline_tests::peers::postgres::Postgres;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::{ConnectionTrait, Database, QueryResult, Statement};
use serde_json::json;

use crate::store::{World, mail, world};

/// An event in the life of a centre.
#[derive(Debug, Clone)]
enum Happens {
    /// A new mail. With `joins`, the mail is a reply to the person's earlier mails.
    Mail {
        joins: bool,
        language: Option<Language>,
    },
    /// An earlier mail arrives again as a new raw message.
    Repeated {
        back: usize,
    },
    Call {
        days_ago: i64,
        marked: bool,
    },
    Classified {
        which: usize,
        answers: Answers,
    },
    Marked {
        which: usize,
        marking: Option<Marking>,
    },
    Closed {
        which: usize,
    },
    Reopened {
        which: usize,
    },
    Answered {
        which: usize,
    },
    InACase {
        which: usize,
    },
    Forwarded {
        which: usize,
        to: &'static str,
    },
    Entered {
        days_ago: i64,
        count: i64,
        correction: bool,
    },
    Withdrawn {
        which: usize,
    },
    Read {
        which: usize,
    },
    Erased {
        which: usize,
    },
    Later {
        hours: i64,
    },
    /// The program stops and starts.
    Restarted,
}

fn happens() -> impl Strategy<Value = Happens> {
    let language = prop::option::of(prop::sample::select(Language::ALL.to_vec()));
    let marking = prop::option::of(prop::sample::select(vec![
        Marking::Spam,
        Marking::Test,
        Marking::Duplicate,
    ]));
    prop_oneof![
        5 => (any::<bool>(), language).prop_map(|(joins, language)| Happens::Mail { joins, language }),
        1 => (1usize..12).prop_map(|back| Happens::Repeated { back }),
        1 => Just(Happens::Restarted),
        1 => (0i64..800, any::<bool>()).prop_map(|(days_ago, marked)| Happens::Call { days_ago, marked }),
        4 => (any::<usize>(), answers()).prop_map(|(which, answers)| Happens::Classified { which, answers }),
        2 => (any::<usize>(), marking).prop_map(|(which, marking)| Happens::Marked { which, marking }),
        1 => any::<usize>().prop_map(|which| Happens::Closed { which }),
        1 => any::<usize>().prop_map(|which| Happens::Reopened { which }),
        2 => any::<usize>().prop_map(|which| Happens::Answered { which }),
        2 => any::<usize>().prop_map(|which| Happens::InACase { which }),
        2 => (any::<usize>(), prop::sample::select(vec!["mup", "health"]))
            .prop_map(|(which, to)| Happens::Forwarded { which, to }),
        1 => (0i64..900, -20i64..200, any::<bool>())
            .prop_map(|(days_ago, count, correction)| Happens::Entered { days_ago, count, correction }),
        1 => any::<usize>().prop_map(|which| Happens::Withdrawn { which }),
        2 => any::<usize>().prop_map(|which| Happens::Read { which }),
        1 => any::<usize>().prop_map(|which| Happens::Erased { which }),
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
        of("urgency", &["ordinary", "urgent", "danger"]),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
}

impl Happens {
    async fn to(self, world: &mut World, vuk: &StaffMember, number: usize) -> Result<(), StoreError> {
        let (store, mila) = (&Arc::clone(&world.store), &world.mila.clone());
        let all = references(world).await;
        let pick = |which: usize| all.get(which % all.len().max(1)).copied();
        match self {
            Self::Mail { joins, language } => {
                let before = number.saturating_sub(50)..number;
                let evidence = before
                    .filter(|_| joins)
                    .map(|earlier| Evidence::EarlierMessage(format!("m{earlier}")));
                let mut incoming = mail_number(number, evidence.collect());
                incoming.language = language;
                world.arrives(&format!("e{number}"), incoming).await;
            }
            Self::Repeated { back } => {
                let incoming = mail_number(number.saturating_sub(back), Vec::new());
                world.arrives(&format!("r{number}"), incoming).await;
            }
            Self::Call { days_ago, marked } => {
                let kind = if marked { "test" } else { "counselling" };
                let answers = Answers::from([("kind".to_owned(), vec![kind.to_owned()])]);
                store.log_call(mila, call(world, days_ago, answers)).await?;
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
                    store
                        .close(mila, contact, Some("nobody waits for this one"))
                        .await?;
                }
            }
            Self::Reopened { which } => {
                if let Some(contact) = pick(which) {
                    store.reopen(mila, contact).await?;
                }
            }
            Self::Answered { which } => {
                if let Some(contact) = pick(which) {
                    let reply = NewReply {
                        id: uuid::Uuid::new_v4(),
                        text: "odgovor".to_owned(),
                        ..NewReply::default()
                    };
                    store.reply(mila, contact, reply).await?;
                    send_all(world).await?;
                }
            }
            Self::InACase { which } => {
                if let Some(contact) = pick(which) {
                    store
                        .form_case(
                            mila,
                            contact,
                            CaseTarget::New {
                                summary: "",
                                also: &[],
                            },
                        )
                        .await?;
                }
            }
            Self::Forwarded { which, to } => {
                let (cases, _) = store.cases(mila, &CasesOf::default(), 1_000).await?;
                if let Some(case) = cases.get(which % cases.len().max(1)) {
                    let details = Details {
                        sent: "dopis".to_owned(),
                        ..Details::default()
                    };
                    store.propose_referral(mila, case.id, to, &details).await?;
                    let case = store.case(case.id).await?.unwrap();
                    let proposed = case.referrals.iter().find(|one| one.confirmed_by.is_none());
                    let proposed = proposed.unwrap();
                    store
                        .confirm_referral(vuk, case.id, proposed.id, proposed.changed)
                        .await?;
                    // Every second referral is answered, so that it is counted under another outcome.
                    if which % 2 == 0 {
                        store
                            .record_referral(mila, case.id, proposed.id, |record| {
                                record.outcome = Some(Outcome::Removed);
                            })
                            .await?;
                    }
                }
            }
            Self::Entered {
                days_ago,
                count,
                correction,
            } => {
                let day = store.today() - TimeDelta::days(days_ago);
                let new = NewAdjustment {
                    of: Measure::Contact,
                    value: "telephone".to_owned(),
                    correction,
                    from: day,
                    to: day,
                    count,
                    source: "izveštaj".to_owned(),
                    reason: "razlog".to_owned(),
                };
                store.enter_adjustment(None, &new).await?;
            }
            Self::Withdrawn { which } => {
                let entered = store.balances().await?;
                if let Some(one) = entered.get(which % entered.len().max(1)) {
                    store.withdraw_balance(None, one.id).await?;
                }
            }
            Self::Read { which } => {
                if let Some(contact) = pick(which) {
                    let opened = store.contact(contact).await?.unwrap();
                    store.note_contact_read(opened.id).await?;
                }
            }
            Self::Erased { which } => {
                if let Some(contact) = pick(which) {
                    store.erase("test", contact).await?;
                }
            }
            Self::Later { hours } => world.clock.advance(TimeDelta::hours(hours)),
            Self::Restarted => world.store = world.reopened().await,
        }
        Ok(())
    }
}

/// Builds a call that happened some days ago and is logged now.
pub fn call(world: &World, days_ago: i64, answers: Answers) -> NewCall {
    NewCall {
        talk: None,
        id: uuid::Uuid::new_v4(),
        network: "telephone".to_owned(),
        at: world.clock.now() - TimeDelta::days(days_ago),
        for_whom: None,
        caller: String::new(),
        text: "poziv".to_owned(),
        answers,
    }
}

/// Builds a mail from one of four people. The same number always gives the same mail.
fn mail_number(number: usize, evidence: Vec<Evidence>) -> Incoming {
    let from = format!("{}@example.org", number % 4);
    mail(&from, &format!("m{number}"), "x", evidence)
}

async fn references(world: &World) -> Vec<Reference> {
    let filter = Filter::default();
    let page = world.store.inbox(View::All, &filter, world.mila.id, None, 1_000);
    page.await.unwrap().rows.iter().map(|row| row.reference).collect()
}

/// Sends all queued replies.
async fn send_all(world: &World) -> Result<(), StoreError> {
    let store = &world.store;
    let minute = std::time::Duration::from_secs(60);
    for job in store.claim(JobKind::Deliver, 100, minute, i32::MAX, &[]).await? {
        store.sent(&job).await?;
    }
    Ok(())
}

fn periods() -> [Period; 4] {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let of = |from, to| Period { from, to };
    [
        Period::default(),
        of(day("2026-11-25"), day("2026-12-03")),
        of(day("2025-02-11"), None),
        of(None, day("2026-11-30")),
    ]
}

/// A contact that counts in the total, as stored in the tables.
struct Lies {
    day: NaiveDate,
    channel: String,
    topic: Option<String>,
}

/// Reads all contacts that count in the total directly from the tables.
async fn lie_in_tables(url: &str) -> Vec<Lies> {
    let database = Database::connect(url).await.unwrap();
    let all = "SELECT opened_at, channel, answers FROM contacts LEFT JOIN records ON contact_id = id
        WHERE marking IS NULL OR marking NOT IN ('spam', 'test', 'duplicate')";
    let all = Statement::from_string(database.get_database_backend(), all);
    let lies = |row: QueryResult| {
        let opened: i64 = row.try_get("", "opened_at").unwrap();
        let opened = chrono::DateTime::from_timestamp_micros(opened).unwrap();
        let answers: Option<String> = row.try_get("", "answers").unwrap();
        let answers: serde_json::Value =
            answers.map_or(json!({}), |answers| serde_json::from_str(&answers).unwrap());
        let topic = answers.pointer("/topic/0").and_then(serde_json::Value::as_str);
        Lies {
            day: opened.with_timezone(&chrono_tz::Europe::Belgrade).date_naive(),
            channel: row.try_get("", "channel").unwrap(),
            topic: topic.map(str::to_owned),
        }
    };
    database
        .query_all_raw(all)
        .await
        .unwrap()
        .into_iter()
        .map(lies)
        .collect()
}

fn counted<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, i64> {
    let mut counted = BTreeMap::new();
    for one in all {
        *counted.entry(one).or_default() += 1;
    }
    counted
}

/// Checks that stored figures and exports equal a recount of the tables.
async fn equals_the_tables(store: &Store, lie: &[Lies], period: Period, history: &[Happens]) {
    let of_period = || lie.iter().filter(|one| period.holds(one.day));
    let kept = async |by: &str| -> BTreeMap<String, i64> {
        let cut = StatisticsFilter::parse(Measure::Contact, period, by).unwrap();
        let rows = store.breakdown(&cut).await.unwrap().rows.into_iter();
        rows.map(|row| (row.piece.into_iter().chain(row.values).collect(), row.count))
            .collect()
    };
    let channels = counted(of_period().map(|one| one.channel.clone()));
    assert_eq!(kept("channel").await, channels, "{history:?}");
    let topics = counted(of_period().filter_map(|one| one.topic.clone()));
    assert_eq!(kept("topic").await, topics, "{history:?}");
    let days = counted(of_period().map(|one| one.day.to_string()));
    assert_eq!(kept("day").await, days, "{history:?}");
    let of_day = |one: &Lies| one.topic.as_ref().map(|topic| format!("{}{topic}", one.day));
    let crossed = counted(of_period().filter_map(of_day));
    let cut = StatisticsFilter::parse(Measure::Contact, period, "topic,channel,day").unwrap();
    let rows = store.breakdown(&cut).await.unwrap().rows.into_iter();
    let mut by_day = BTreeMap::new();
    for row in rows {
        *by_day
            .entry(format!("{}{}", row.piece.unwrap(), row.values[0]))
            .or_default() += row.count;
    }
    assert_eq!(by_day, crossed, "{history:?}");

    let locales = Locales;
    let words = locales.of(Language::En);
    let report = store.report(period, 0).await.unwrap();
    let tables = of_report(words, &store.scheme(), &report);
    let cover = Cover::of_report(words, &Centre::default(), &report, Purpose::Internal, None);
    let exported = csv_of_tables(words, &cover, &tables, CsvForm::default()).unwrap();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in csv::Reader::from_reader(exported.as_slice()).records() {
        let line = line.unwrap();
        for table in &tables {
            let column = match table.id.as_str() {
                "channels" => words.say("registered"),
                "over_time" => words.say("total"),
                _ => continue,
            };
            let of_foot = table.foot.iter().any(|foot| foot.label == line[1]);
            if line[0] == table.title && line[2] == column && !of_foot {
                *sums.entry(table.id.as_str()).or_default() += line[3].parse::<i64>().unwrap();
            }
        }
    }
    let all = i64::try_from(of_period().count()).unwrap();
    let expected = ["channels", "over_time"].map(|id| (id, all));
    sums.entry("channels").or_default();
    sums.entry("over_time").or_default();
    assert_eq!(sums, expected.into(), "{history:?}");
}

async fn agrees(store: &Store, url: &str, history: &[Happens]) {
    let lie = lie_in_tables(url).await;
    let verified = store.verify_figures(10).await.unwrap();
    assert!(verified.differences.is_empty(), "{history:?}: {verified:?}");
    for period in periods() {
        equals_the_tables(store, &lie, period, history).await;
        let report = store.report(period, 0).await.unwrap();
        let totals = &report.period;
        let card = totals.sum.registered;
        let channels: i64 = totals.channels.iter().map(|part| part.sum.total).sum();
        assert_eq!(channels, totals.sum.total, "{history:?}");
        let entered = totals.sum.opening_balance + totals.sum.corrections;
        assert_eq!(card + entered, totals.sum.total, "{history:?}");
        let cases = &totals.cases;
        assert_eq!(
            cases.advisory.total + cases.forwarded.total,
            cases.sum.total,
            "{history:?}"
        );
        let institutions: i64 = cases.institutions.iter().map(|part| part.sum.total).sum();
        assert_eq!(institutions, cases.forwarded.total, "{history:?}");
        let flow = report.flow;
        assert_eq!(flow.opened, card, "{history:?}");
        assert_eq!(
            flow.carried_over + flow.opened - flow.closed,
            flow.open,
            "{history:?}"
        );
        assert!(flow.open >= 0, "{history:?}");
        assert_eq!(
            report.first_reply.answered + report.first_reply.not_answered,
            card,
            "{history:?}"
        );
        let answering = report.answering;
        let answered = answering.replied + answering.taken + answering.unneeded;
        assert_eq!(answered + answering.missed + answering.open, card, "{history:?}");
        for by in ["topic,channel", "weekday", "answered"] {
            opens_to_what_it_counts(store, Measure::Contact, period, by, history).await;
        }
        opens_to_what_it_counts(store, Measure::Closing, period, "channel", history).await;
        let dimensions: Vec<String> = store.dimensions(Measure::Contact).into_iter().collect();
        let mut cuts = vec![Vec::new()];
        cuts.extend(dimensions.iter().map(|one| vec![one.clone()]));
        cuts.push(vec!["topic".to_owned(), "channel".to_owned()]);
        cuts.push(vec!["kind".to_owned(), "hour".to_owned()]);
        for by in cuts {
            for every in [None, Some(Every::Day), Some(Every::Week), Some(Every::Quarter)] {
                let cut = StatisticsFilter {
                    of: Measure::Contact,
                    period,
                    by: by.clone(),
                    every,
                };
                let found = store.breakdown(&cut).await.unwrap();
                assert_eq!(found.registered, card, "{history:?}: {cut:?}");
                assert_eq!(found.sum() + found.rest, card, "{history:?}: {cut:?}");
                assert!(found.rest >= 0, "{history:?}: {cut:?}");
                let every_contact_has_one = by.is_empty() || by == ["channel"] || by == ["weekday"];
                assert!(found.rest == 0 || !every_contact_has_one, "{history:?}: {cut:?}");
            }
        }
        for by in [
            ["topic", "channel"],
            ["hour", "weekday"],
            ["age_insafe", "gender"],
        ] {
            let mut whole: BTreeMap<Vec<String>, i64> = Default::default();
            for row in store
                .breakdown(&StatisticsFilter::contacts(period, by, None))
                .await
                .unwrap()
                .rows
            {
                whole.insert(row.values, row.count);
            }
            let mut by_day: BTreeMap<Vec<String>, i64> = Default::default();
            let cut = StatisticsFilter::contacts(period, by, Some(Every::Day));
            for row in store.breakdown(&cut).await.unwrap().rows {
                *by_day.entry(row.values).or_default() += row.count;
            }
            assert_eq!(whole, by_day, "{history:?}: {by:?}");
        }
        for by in [CASE_KIND, INSTITUTION] {
            let cut = StatisticsFilter::of(Measure::Case, period, [by], Some(Every::Month));
            let found = store.breakdown(&cut).await.unwrap();
            assert_eq!(found.registered, cases.sum.registered, "{history:?}");
            assert_eq!(found.sum() + found.rest, found.registered, "{history:?}");
        }
    }
    let open = store.report(Period::default(), 0).await.unwrap().flow.open;
    assert_eq!(open, open_contacts(store).await, "{history:?}");
}

/// Checks that the drill-down of every figure lists as many contacts as the figure says, each once, over all pages.
async fn opens_to_what_it_counts(store: &Store, of: Measure, period: Period, by: &str, history: &[Happens]) {
    let cut = StatisticsFilter::parse(of, period, by).unwrap();
    for row in store.breakdown(&cut).await.unwrap().rows {
        let values = cut
            .by
            .iter()
            .cloned()
            .zip(row.values.into_iter().map(SelectedValues::one));
        let pointed = DrillDown {
            of,
            period,
            values: values.collect(),
        };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.pointed_at(&pointed, after, 5).await.unwrap();
            assert_eq!(page.count, row.count, "{history:?}: {pointed:?}");
            seen.extend(page.rows.iter().map(|row| row.reference.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(
            (i64::try_from(all).unwrap(), seen.len()),
            (row.count, all),
            "{history:?}: {pointed:?}"
        );
    }
}

/// Counts the open contacts that have no marking, one by one.
pub async fn open_contacts(store: &Store) -> i64 {
    let everything = Filter::default();
    let page = store
        .inbox(View::All, &everything, uuid::Uuid::nil(), None, 1_000)
        .await
        .unwrap();
    assert!(page.next.is_none(), "more than one page of contacts");
    let open = page
        .rows
        .iter()
        .filter(|row| row.status.is_open() && row.marking.is_none());
    i64::try_from(open.count()).unwrap()
}

/// Returns all published figures of each period.
async fn published(store: &Store) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    for period in periods() {
        let mut report = serde_json::to_value(store.report(period, 0).await.unwrap()).unwrap();
        // The time of computation differs between reports, so it is removed.
        for pointer in [
            "",
            "/ever",
            "/period",
            "/before",
            "/a_year_before",
            "/over_time",
            "/topics",
            "/hours",
            "/counselling",
        ] {
            if let Some(fields) = report
                .pointer_mut(pointer)
                .and_then(serde_json::Value::as_object_mut)
            {
                fields.remove("as_of");
            }
        }
        all.push(report);
    }
    all
}

async fn any_history(mut world: World, of: usize, seed: u8) {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let history = prop::collection::vec(happens(), of)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let password = "a long password".to_owned().into();
    let vuk = world.store.add_staff("vuk", "Vuk", Role::Supervisor, &password);
    let vuk = vuk.await.unwrap();
    for (number, step) in history.iter().cloned().enumerate() {
        // A refused step, such as closing a closed contact, must change nothing. The recount checks that as well.
        match step
            .to(&mut world, &vuk, number + usize::from(seed) * 1_000)
            .await
        {
            Ok(()) | Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => {}
            Err(error) => panic!("{error}: {history:?}"),
        }
    }
    agrees(&world.store, &world.url(), &history).await;
    let before = published(&world.store).await;
    world.store.rebuild_figures().await.unwrap();
    assert_eq!(published(&world.store).await, before, "{history:?}");
    // Closes all open contacts, as erasure requires, and then erases everyone.
    for contact in references(&world).await {
        let closed = world
            .store
            .close(&world.mila, contact, Some("nobody waits for this one"))
            .await;
        assert!(
            matches!(closed, Ok(()) | Err(StoreError::Conflict(_))),
            "{history:?}"
        );
    }
    let before = published(&world.store).await;
    for contact in references(&world).await {
        match world.store.erase("test", contact).await {
            Ok(_) => {
                let again = world.store.erase("test", contact).await;
                assert!(matches!(again, Err(StoreError::Conflict(Conflict::DoneAlready))));
            }
            Err(StoreError::Conflict(Conflict::StillOpen | Conflict::CaseOpen | Conflict::DoneAlready)) => {}
            Err(error) => panic!("{error}: {history:?}"),
        }
    }
    assert_eq!(
        published(&world.store).await,
        before,
        "erasing changes a figure: {history:?}"
    );
    let reopened = world.reopened().await;
    assert_eq!(published(&reopened).await, before, "{history:?}");
    agrees(&reopened, &world.url(), &history).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_any_history_card_breakdowns_days_and_recount_are_equal() {
    for seed in 0..6 {
        any_history(world(None).await, 60, seed).await;
    }
    let database = Postgres::url_of_fresh_database().await.unwrap();
    any_history(world(Some(database)).await, 120, 9).await;
}
