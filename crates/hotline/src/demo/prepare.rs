//! Prepares the data of the demo: the sample centre, its past months and its working day.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use hotline_core::{
    text::locale::{Language, Locales},
    time::clock::{Clock, SystemClock},
};
use hotline_store::{
    db::store::Store,
    registration::past::PastContact,
    staff::{
        accounts::StaffMember,
        passwords::Device,
        sessions::{BegunSession, SessionToken},
    },
};

use super::{
    cases::CaseContact,
    centre::{self, Centre, CentreData, PASSWORD, People},
    clock::DemoClock,
    day::Day,
    dice::Dice,
    past::Making,
    samples::Samples,
};
use crate::{
    lines::{LineOpener, Lines, line_settings, open_lines},
    service::{self, Durability},
    settings::Settings,
};

/// The seed of all choices. The data is the same in every run, except that dates are relative to the day of the run.
const SEED: u64 = 19_833;
/// The topics of the contacts from which cases are formed.
const CASE_TOPICS: [&str; 4] = ["sextortion", "grooming", "csam", "intimate_images"];
/// Of the contacts with these topics, every ninth becomes a case.
const CASE_EVERY: usize = 9;
/// The counsellors who are at the desk when the demo starts.
const AT_THE_DESK: [&str; 5] = ["mila", "vuk", "jana", "luka", "sara"];

/// Prepares the data in the folder of the settings. `progress` is called with each step.
pub async fn prepare(
    settings: &Settings,
    language: Language,
    durability: Durability,
    count: u16,
    progress: impl Fn(&str),
) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let locales = Arc::new(Locales);
    let lines = open_lines(settings, &LineOpener::new(settings, &locales))?;
    let clock = Arc::new(DemoClock::new(now));
    let line_settings = line_settings(&lines);
    let lines = Arc::new(Lines::new(lines));
    let store = service::open_store_at(
        settings,
        line_settings,
        Arc::<DemoClock>::clone(&clock),
        durability,
    )
    .await?;
    let data = CentreData::read()?;
    let hours = centre::opening_hours(now, settings.centre.time_zone, &data.texts.long_day)?;
    let centre = Centre {
        store: &store,
        clock: &clock,
        data,
        language,
        hours,
    };
    progress("demo-step-centre");
    let people = centre.add_staff().await?;
    centre.plan(&people).await?;
    progress("demo-step-past");
    let samples = Samples::read()?;
    let counsellors = counsellors(&people)?;
    let making = Making {
        store: &store,
        lines: &lines,
        samples: &samples,
        staff: &counsellors,
        hours: &centre.hours,
        zone: settings.centre.time_zone,
        now,
        language,
        count,
    };
    let mut dice = Dice::new(SEED);
    let past = making.contacts(&mut dice)?;
    let topic_of = |one: &PastContact| one.answers.get("topic")?.first().cloned();
    let forming: Vec<(usize, String, DateTime<Utc>, Arc<StaffMember>)> = past
        .iter()
        .enumerate()
        .filter_map(|(number, one)| {
            let topic = topic_of(one).filter(|topic| CASE_TOPICS.contains(&topic.as_str()))?;
            Some((number, topic, one.closed_at, Arc::clone(&one.assignee)))
        })
        .step_by(CASE_EVERY)
        .collect();
    let references = store.write_past(past).await?;
    progress("demo-step-cases");
    let mut of_cases = Vec::with_capacity(forming.len());
    for (number, topic, closed_at, counsellor) in forming {
        let reference = references.get(number).context("No such contact")?;
        of_cases.push(CaseContact {
            reference: *reference,
            closed_at,
            counsellor,
            topic,
        });
    }
    of_cases.sort_by_key(|one| one.closed_at);
    centre.form_cases(&people, &of_cases, &mut dice, now).await?;
    clock.set(now);
    let first_day = making.first_day()?;
    centre.enter_balances(&people, first_day).await?;
    centre.reach_out(&people, first_day, &mut dice).await?;
    progress("demo-step-day");
    let day = Day {
        store: &store,
        lines: &lines,
        clock: &clock,
        people: &people,
        centre: &centre.data,
        hours: &centre.hours,
        language,
        now,
    };
    day.play().await?;
    clock.set(now);
    log_in_colleagues(&store).await?;
    store.disconnect().await;
    Ok(())
}

fn counsellors(people: &People) -> anyhow::Result<Vec<Arc<StaffMember>>> {
    let named = ["mila", "vuk", "jana", "luka", "nina"].iter();
    named.map(|login| centre::person(people, login)).collect()
}

/// Logs in the colleagues who are at the desk, and switches them on duty. Returns their sessions.
pub async fn log_in_colleagues(store: &Store) -> anyhow::Result<Vec<SessionToken>> {
    let password = PASSWORD.to_owned().into();
    let logging_in = AT_THE_DESK
        .iter()
        .map(|login| store.log_in(login, &password, Device::Known));
    let mut tokens = Vec::new();
    for logged_in in join_all(logging_in).await {
        if let Some((person, token)) = logged_in?.and_then(BegunSession::complete) {
            store.set_on_duty(&person, true).await?;
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// Returns whether the folder contains the data of an earlier run.
pub fn is_prepared(folder: &Path) -> bool {
    folder.join("hotline.db").exists()
}
