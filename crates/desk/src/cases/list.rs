//! The list of cases (`/desk/cases`). On the statistics page, figures that count cases link to this list.

use askama::Template;
use axum::extract::{Query, State};
use chrono::NaiveDate;
use hotline_core::{
    contact::classification::{Scheme, is_id},
    staff::{audit::AuditAction, rights::Right},
    statistics::figures::{ADVISORY, FORWARDED, INSTITUTION},
    text::locale::{Language, Words},
    time::period::Period,
};
use hotline_store::cases::{CaseRow, CaseTask, CaseTaskKind, CasesOf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cases::api::{CaseRowJson, CaseTaskJson},
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page},
    },
    state::Desk,
    statistics,
};
use hotline_reports::{cover::period_label, exports::days, labels::format_day, tables::value_label};

/// The largest number of cases on the list.
const MOST: u64 = 200;

#[derive(Template)]
#[template(path = "cases/list.html")]
struct CaseListPage<'a> {
    frame: Frame<'a>,
    /// The referrals that wait for the reader, by the reason. Empty if the list is filtered.
    tasks: Vec<(CaseTaskKind, Vec<CaseTask>)>,
    scheme: &'a Scheme,
    cases: Vec<CaseRow>,
    /// A text that describes the filter; `None` if the list is not filtered.
    asked_for: Option<String>,
    /// Number of cases that match the filter.
    count: i64,
    /// A text which states that only the newest [`MOST`] cases are listed; `None` if all matching cases are listed.
    cut_off: Option<String>,
}

impl CaseListPage<'_> {
    fn number(&self) -> String {
        self.frame.words.counted("n-cases", self.count)
    }

    fn task_label(&self, kind: &CaseTaskKind) -> String {
        self.frame.words.say(match kind {
            CaseTaskKind::AnswerDue => "case-answer-due",
            CaseTaskKind::Returned => "case-returned",
            CaseTaskKind::ToConfirm => "case-tasks-to-confirm",
        })
    }

    fn institution(&self, task: &CaseTask) -> String {
        value_label(self.frame.words, self.scheme, INSTITUTION, &task.institution)
    }

    /// Formats a day on which an answer is due.
    fn due_day(&self, due: &NaiveDate) -> String {
        format_day(*due)
    }
}

/// The filter of the list of cases. An empty field matches every case. If a period is given, only cases that were formed in that period
/// match.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CasesQuery {
    #[serde(flatten)]
    formed: statistics::page::StatisticsQuery,
    /// The kind of case: `advisory` or `forwarded`. If empty, both kinds match.
    #[serde(default)]
    kind: String,
    /// The id, from the classification scheme, of the first institution to which the case was forwarded. If empty, all cases match,
    /// including cases that were not forwarded.
    #[serde(default)]
    institution: String,
}

impl CasesQuery {
    fn read(&self, desk: &Desk) -> Result<CasesOf, PageError> {
        Ok(CasesOf {
            period: self.formed.period(desk.store.today())?,
            forwarded: match self.kind.as_str() {
                "" => None,
                FORWARDED => Some(true),
                ADVISORY => Some(false),
                _ => return Err(PageError::Bad("error-form")),
            },
            institution: match self.institution.as_str() {
                "" => None,
                one if is_id(one) => Some(one.to_owned()),
                _ => return Err(PageError::Bad("error-form")),
            },
        })
    }
}

/// The cases that match a filter.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CaseListJson {
    /// Number of matching cases. `cases` contains at most 200 of them.
    count: u64,
    /// The matching cases, newest first.
    cases: Vec<CaseRowJson>,
    /// The referrals that wait for the member of staff who asks, at most 200. The filter does not apply to them.
    tasks: Vec<CaseTaskJson>,
}

pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Query(asked): Query<CasesQuery>,
) -> Result<Answer<CaseListJson>, PageError> {
    let of = asked.read(&desk)?;
    let (cases, count) = desk.store.cases(&me, &of, MOST).await?;
    let days = match of.period {
        Period { from: None, to: None } => String::new(),
        Period { from, to } => days(from, to),
    };
    let listed = [days.as_str(), &asked.kind, &asked.institution];
    let listed: Vec<&str> = listed.into_iter().filter(|one| !one.is_empty()).collect();
    desk.note_read(&me, AuditAction::ListCases, &listed.join(" "))
        .await;
    let tasks = desk.store.case_tasks(&me).await?;
    if format.is_json() {
        let tasks = tasks.into_iter().map(CaseTaskJson::from).collect();
        let cases = cases.into_iter().map(CaseRowJson::from).collect();
        return Ok(Answer::Json(CaseListJson { count, cases, tasks }));
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let shown = i64::try_from(cases.len()).unwrap_or(i64::MAX);
    let words = desk.words(&jar);
    let asked_for = grouping_label(&desk, words, &of);
    let tasks = match asked_for {
        None => grouped(tasks),
        Some(_) => Vec::new(),
    };
    let rendered = page(&CaseListPage {
        asked_for,
        tasks,
        scheme: &desk.store.scheme(),
        count,
        cut_off: (shown < count).then(|| words.counted("cases-shown", shown)),
        frame: Frame::new(&desk, &jar, &me, "cases").await?,
        cases,
    })?;
    Ok(Answer::Page(rendered))
}

/// Groups the referrals by the reason for which they wait. Reasons without a referral are left out.
fn grouped(mut tasks: Vec<CaseTask>) -> Vec<(CaseTaskKind, Vec<CaseTask>)> {
    let mut groups = Vec::new();
    for kind in CaseTaskKind::ALL {
        let (of_kind, others): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|task| task.kind == kind);
        tasks = others;
        if !of_kind.is_empty() {
            groups.push((kind, of_kind));
        }
    }
    groups
}

/// Returns a text that describes the filter; `None` if the filter matches every case.
fn grouping_label(desk: &Desk, words: &Words, of: &CasesOf) -> Option<String> {
    let Period { from, to } = of.period;
    let days = (of.period != Period::default()).then(|| period_label(words, from, to));
    let kind = of.forwarded.map(|forwarded| {
        let kind = if forwarded { FORWARDED } else { ADVISORY };
        words.say(&format!("case-{kind}"))
    });
    let institution = of.institution.as_ref();
    let institution = institution.map(|one| value_label(words, &desk.store.scheme(), INSTITUTION, one));
    let said: Vec<String> = [days, kind, institution].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}
