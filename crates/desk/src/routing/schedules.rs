//! Opening hours and the shift plan as JSON (`/api/v1/hours`, `/api/v1/shifts`), and swaps of shifts.

use axum::extract::{Path, Query, State};
use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::time::{coverage::Disagreement, hours::OpeningHours, shifts::ShiftPlan};
use hotline_store::routing::schedules::CENTRE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::{Answer, Confirmation, IdJson},
        errors::PageError,
        extractors::{FormOrJson, IdPath, ResponseFormat},
        flash::Flash,
    },
    routing::coverage,
    state::Desk,
};

/// The line whose hours are read.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LineQuery {
    /// The name of the line. Empty: the whole centre, whose hours apply to every line without hours of its own.
    #[serde(default)]
    pub line: String,
}

/// The opening hours of a line or of the whole centre.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HoursJson {
    /// The name of the line. Empty: the whole centre.
    line: String,
    /// The number of the version, from 1. 0: nothing is stored.
    version: i64,
    /// When the version was made.
    made_at: Option<DateTime<Utc>>,
    /// The id of the member of staff who made the version.
    made_by: Option<Uuid>,
    /// The hours. `null`: no hours are stored, or they cannot be read.
    hours: Option<OpeningHours>,
}

pub(crate) async fn show_hours(
    State(desk): State<Desk>,
    Query(query): Query<LineQuery>,
) -> Result<Answer<HoursJson>, PageError> {
    check_line(&desk, &query.line).await?;
    let stored = desk.store.opening_hours(&query.line).await?;
    Ok(Answer::Json(HoursJson {
        line: query.line,
        version: stored.version,
        made_at: stored.made_at,
        made_by: stored.made_by,
        hours: stored.content,
    }))
}

/// New opening hours.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewHours {
    /// The name of the line. Empty: the whole centre.
    #[serde(default)]
    line: String,
    /// The version that the new hours replace. 0: nothing is stored yet. If a newer version is stored, the request is refused.
    version: i64,
    /// The hours.
    hours: OpeningHours,
}

pub(crate) async fn put_hours(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(new): FormOrJson<NewHours>,
) -> Result<Answer<VersionJson>, PageError> {
    check_line(&desk, &new.line).await?;
    let store = &desk.store;
    let version = store
        .set_opening_hours(&me, &new.line, new.version, &new.hours)
        .await?;
    Ok(Answer::Json(VersionJson { version }))
}

/// Returns an error if there is no such line.
pub(super) async fn check_line(desk: &Desk, line: &str) -> Result<(), PageError> {
    let lines = desk.store.line_states().await?;
    if line == CENTRE || lines.iter().any(|one| one.line == line) {
        return Ok(());
    }
    Err(PageError::NotFound)
}

/// The version of a schedule that was stored.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VersionJson {
    /// The number of the new version.
    version: i64,
}

/// The shift plan.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ShiftsJson {
    /// The number of the version, from 1. 0: nothing is stored.
    version: i64,
    /// When the version was made.
    made_at: Option<DateTime<Utc>>,
    /// The id of the member of staff who made the version.
    made_by: Option<Uuid>,
    /// The plan. `null`: no plan is stored, or it cannot be read. Without shifts, everybody counts as planned at all times.
    plan: Option<ShiftPlan>,
    /// Where the plan and the opening hours disagree in the next 14 days.
    disagreements: Vec<Disagreement>,
}

pub(crate) async fn show_shifts(State(desk): State<Desk>) -> Result<Answer<ShiftsJson>, PageError> {
    let stored = desk.store.shift_plan().await?;
    let disagreements = match &stored.content {
        Some(plan) => coverage::find(&desk, plan).await?,
        None => Vec::new(),
    };
    Ok(Answer::Json(ShiftsJson {
        version: stored.version,
        made_at: stored.made_at,
        made_by: stored.made_by,
        plan: stored.content,
        disagreements,
    }))
}

/// A new shift plan.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewShifts {
    /// The version that the new plan replaces. 0: nothing is stored yet. If a newer version is stored, the request is refused.
    version: i64,
    /// The plan.
    plan: ShiftPlan,
}

pub(crate) async fn put_shifts(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(new): FormOrJson<NewShifts>,
) -> Result<Answer<VersionJson>, PageError> {
    let version = desk.store.set_shift_plan(&me, new.version, &new.plan).await?;
    Ok(Answer::Json(VersionJson { version }))
}

/// A request to give your own weekly shift of one date to a colleague.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SwapForm {
    /// The date on which the shift begins.
    date: NaiveDate,
    /// The id of the weekly shift.
    shift: Uuid,
    /// The id of the colleague who takes the shift.
    to: Uuid,
}

/// The page that shows the swaps.
const SHIFTS: &str = "/desk/routing/shifts";

pub(crate) async fn ask_swap(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(form): FormOrJson<SwapForm>,
) -> Result<Answer<IdJson>, PageError> {
    let id = desk.store.ask_swap(&me, form.date, form.shift, form.to).await?;
    Ok(format.answer(IdJson { id }, SHIFTS, Flash::SwapAsked))
}

/// The decision about a request to swap.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SwapDecision {
    /// Whether the swap is confirmed. Otherwise it is declined.
    confirmed: bool,
}

pub(crate) async fn decide_swap(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(path): Path<IdPath>,
    FormOrJson(form): FormOrJson<SwapDecision>,
) -> Result<Confirmation, PageError> {
    desk.store.decide_swap(&me, path.id, form.confirmed).await?;
    let flash = if form.confirmed {
        Flash::SwapConfirmed
    } else {
        Flash::SwapDeclined
    };
    Ok(format.confirm(SHIFTS, flash))
}
