//! Retention (`/desk/retention`): the rules, what they erase in the next 30 days, and the protocol of what was erased. Only readers with the
//! right to read contacts see references.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Days, NaiveDate, Utc};
use hotline_core::{
    contact::classification::KIND,
    retention::{CaseOutcome, DAYS_AHEAD, RetentionRule},
    staff::{audit::AuditAction, rights::Right},
    text::locale::{Language, Words},
};
use hotline_reports::{
    exports::{CSV, CsvForm, begun, harmless, writer},
    labels::format_day,
};
use hotline_store::{
    retention::{due::DueContact, protocol::Erasure, run::LastRun},
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{
        access::Who,
        answers::{Answer, CsvFile},
        errors::PageError,
        page::{Frame, page as written},
    },
    state::Desk,
};

pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod holds;
mod package;
pub(crate) mod person;
pub(crate) mod record;

/// The number of references and of entries of the protocol that the page shows.
const MOST: usize = 200;

/// The rules of retention, and what they erase.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RetentionJson {
    /// The hour of the day from which the service erases what is due, in the centre's time zone.
    hour: u8,
    rules: Vec<RuleJson>,
    /// The day of the last complete run. `null` if there was none.
    last_day: Option<NaiveDate>,
    /// When the last complete run finished.
    finished_at: Option<DateTime<Utc>>,
    /// The number of contacts that the rules erase in the next 30 days.
    due: usize,
    /// This number by day and rule.
    days: Vec<DueDayJson>,
    /// The contacts that the rules erase in the next 30 days. Empty for readers without the right to read contacts.
    contacts: Vec<DueContactJson>,
    /// The number of contacts that were erased so far.
    erased: u64,
}

/// A rule: the content of matching contacts is kept for some months after closing.
#[derive(Serialize, JsonSchema)]
struct RuleJson {
    /// The rule as the protocol states it.
    rule: String,
    /// The kind of the contacts. `null`: every kind.
    kind: Option<String>,
    /// Whether the contacts belong to a forwarded case. `null`: both.
    outcome: Option<CaseOutcome>,
    months: u16,
}

/// The number of contacts that a rule erases on a day.
#[derive(Serialize, JsonSchema)]
struct DueDayJson {
    day: NaiveDate,
    /// The rule as the protocol states it.
    rule: String,
    contacts: u64,
}

/// A contact that a rule erases.
#[derive(Serialize, JsonSchema)]
struct DueContactJson {
    reference: String,
    day: NaiveDate,
    /// The rule as the protocol states it.
    rule: String,
}

/// What the page and the API state.
struct Retention {
    due: Vec<DueContact>,
    /// The number of contacts by day and rule.
    days: BTreeMap<(NaiveDate, String), u64>,
    last: Option<LastRun>,
    protocol: Vec<Erasure>,
    erased: u64,
}

impl Retention {
    /// Loads the numbers. What is overdue counts on the present day.
    async fn load(desk: &Desk) -> Result<Self, PageError> {
        let store = &desk.store;
        let today = store.today();
        let last_day = today.checked_add_days(Days::new(DAYS_AHEAD)).unwrap_or(today);
        let mut due = store.due_contacts(last_day).await?;
        let mut days: BTreeMap<(NaiveDate, String), u64> = BTreeMap::new();
        for one in &mut due {
            one.on = one.on.max(today);
            *days.entry((one.on, one.rule.clone())).or_default() += 1;
        }
        let (protocol, erased) = store.erasures(u64::try_from(MOST).unwrap_or(1)).await?;
        Ok(Self {
            due,
            days,
            last: store.last_retention_run().await?,
            protocol,
            erased,
        })
    }
}

#[derive(Template)]
#[template(path = "retention/page.html")]
struct RetentionPage<'a> {
    frame: Frame<'a>,
    retention: Retention,
    /// The rules in words, by the text with which the protocol states them.
    rules: Vec<(String, String)>,
    /// The time of day from which the service erases what is due.
    begins: String,
}

impl RetentionPage<'_> {
    /// Returns a rule in words. The protocol may contain a rule that is no longer in the settings.
    fn rule(&self, rule: &str) -> String {
        let known = self.rules.iter().find(|(name, _)| name == rule);
        known.map_or_else(|| rule.to_owned(), |(_, label)| label.clone())
    }

    fn sees_references(&self) -> bool {
        self.frame.may(Right::ReadContacts)
    }

    fn due(&self) -> impl Iterator<Item = &DueContact> {
        self.retention.due.iter().take(MOST)
    }

    fn day(&self, day: &NaiveDate) -> String {
        format_day(*day)
    }

    /// Says how many contacts the rules erase.
    fn ahead(&self) -> String {
        let count = i64::try_from(self.retention.due.len()).unwrap_or(i64::MAX);
        self.frame.words.counted("retention-ahead-count", count)
    }
}

/// `GET /desk/retention`: shows the rules, what they erase, and the newest entries of the protocol.
pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let settings = desk.store.retention_settings();
    let words = desk.words(&jar);
    let list = settings.rules();
    written(&RetentionPage {
        frame: Frame::new(&desk, &jar, &me, "retention").await?,
        retention: Retention::load(&desk).await?,
        rules: list
            .list()
            .iter()
            .map(|rule| (rule.to_string(), in_words(&desk, words, rule)))
            .collect(),
        begins: format!("{:02}:00", settings.hour),
    })
}

/// `GET /api/v1/retention`: returns the rules and what they erase.
pub(crate) async fn show(State(desk): State<Desk>, Who(me): Who) -> Result<Answer<RetentionJson>, PageError> {
    let retention = Retention::load(&desk).await?;
    let settings = desk.store.retention_settings();
    let sees_references = me.role.may(Right::ReadContacts);
    let days = retention
        .days
        .into_iter()
        .map(|((day, rule), contacts)| DueDayJson { day, rule, contacts });
    let rules = settings.rules();
    Ok(Answer::Json(RetentionJson {
        hour: settings.hour,
        rules: rules
            .list()
            .iter()
            .map(|rule| RuleJson {
                rule: rule.to_string(),
                kind: rule.kind.clone(),
                outcome: rule.outcome,
                months: rule.months,
            })
            .collect(),
        last_day: retention.last.map(|last| last.day),
        finished_at: retention.last.map(|last| last.finished_at),
        due: retention.due.len(),
        days: days.collect(),
        contacts: retention
            .due
            .into_iter()
            .filter(|_| sees_references)
            .map(|due| DueContactJson {
                reference: due.reference.to_string(),
                day: due.on,
                rule: due.rule,
            })
            .collect(),
        erased: retention.erased,
    }))
}

/// `GET /desk/retention/protocol` and `GET /api/v1/retention/protocol`: sends the whole protocol as CSV. The column of references is empty
/// for readers without the right to read contacts.
pub(crate) async fn download_protocol(State(desk): State<Desk>, Who(me): Who) -> Result<CsvFile, PageError> {
    desk.note_read(&me, AuditAction::ProtocolOfErasures, "").await;
    let (protocol, _) = desk.store.erasures(u64::from(u32::MAX)).await?;
    let form = CsvForm::default();
    let mut csv = writer(begun(form), form);
    let head = ["number", "erased_at", "reference", "cause", "rule", "by"];
    csv.write_record(head).map_err(PageError::fault)?;
    for entry in &protocol {
        let record = [
            entry.number.to_string(),
            entry.at.to_rfc3339(),
            reference_for(&me, entry),
            entry.cause.as_str().to_owned(),
            harmless(&entry.rule),
            harmless(&entry.agent),
        ];
        csv.write_record(record).map_err(PageError::fault)?;
    }
    let file = csv
        .into_inner()
        .map_err(|error| PageError::fault(error.into_error()))?;
    let headers = [
        (header::CONTENT_TYPE, CSV),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"erasures.csv\"",
        ),
    ];
    Ok(CsvFile((headers, file).into_response()))
}

fn reference_for(me: &StaffMember, entry: &Erasure) -> String {
    match me.role.may(Right::ReadContacts) {
        true => entry.reference.to_string(),
        false => String::new(),
    }
}

/// Returns a rule in words.
fn in_words(desk: &Desk, words: &Words, rule: &RetentionRule) -> String {
    let scheme = desk.store.scheme();
    let kind = match &rule.kind {
        None => words.say("retention-every-kind"),
        Some(kind) => {
            let question = scheme.question(KIND);
            let answer = question.and_then(|question| question.answer(kind));
            answer.map_or_else(|| kind.clone(), |answer| words.either(&answer.sr, &answer.en))
        }
    };
    let outcome = rule
        .outcome
        .map(|outcome| words.say(&format!("retention-outcome-{}", outcome.as_str())));
    let months = words.count("retention-months", i64::from(rule.months));
    let parts = [Some(kind), outcome, Some(months)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
