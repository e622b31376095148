//! Legal holds on a contact or a case (`/desk/contacts/{reference}/holds`, `/desk/cases/{id}/holds`): placing and lifting them, each with a
//! reason.

use askama::Template;
use axum::extract::{Path, State};
use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    staff::{audit::AuditAction, rights::Right},
    text::locale::Language,
};
use hotline_reports::labels::format_day;
use hotline_store::contacts::holds::{HoldTarget, LegalHold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contact::open::parse_reference,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{ContactPath, Cookies, FormOrJson, IdPath, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

/// The holds on a contact or case.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HoldsJson {
    /// The holds, newest first.
    holds: Vec<HoldJson>,
}

/// A legal hold.
#[derive(Serialize, JsonSchema)]
struct HoldJson {
    id: Uuid,
    /// The name of the supervisor who placed the hold.
    by: Option<String>,
    at: DateTime<Utc>,
    /// The last day of the hold. `null`: until somebody lifts it.
    until: Option<NaiveDate>,
    /// The reason. `null` if the content was erased.
    reason: Option<String>,
    /// Whether the hold keeps the contact or case today.
    in_force: bool,
    /// The name of the supervisor who lifted the hold.
    lifted_by: Option<String>,
    /// When the hold was lifted. `null` if nobody lifted it.
    lifted_at: Option<DateTime<Utc>>,
    /// Why the hold was lifted.
    lift_reason: Option<String>,
}

impl From<LegalHold> for HoldJson {
    fn from(hold: LegalHold) -> Self {
        let lifted_at = hold.lifted.as_ref().map(|lifted| lifted.at);
        let (lifted_by, lift_reason) = hold
            .lifted
            .map_or((None, None), |lifted| (lifted.by, lifted.reason));
        Self {
            id: hold.id,
            by: hold.by,
            at: hold.at,
            until: hold.until,
            reason: hold.reason,
            in_force: hold.is_in_force,
            lifted_by,
            lifted_at,
            lift_reason,
        }
    }
}

/// A new hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldForm {
    /// Why the contact or case is kept.
    #[serde(default)]
    reason: String,
    /// The last day of the hold, such as 2027-01-31. If empty, the hold is in force until it is lifted.
    #[serde(default)]
    until: String,
}

/// Why a hold is lifted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftForm {
    #[serde(default)]
    reason: String,
}

/// The path parameters that identify a hold on a contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ContactHoldPath {
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    reference: String,
    /// The id of the hold.
    id: Uuid,
}

/// The path parameters that identify a hold on a case.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseHoldPath {
    /// The id of the case.
    id: Uuid,
    /// The id of the hold.
    hold: Uuid,
}

/// The response to an action on a hold: the holds as JSON or, for a form, a redirect to their page.
type HoldsAnswer = Result<Answer<HoldsJson>, PageError>;

#[derive(Template)]
#[template(path = "retention/holds.html")]
struct HoldsPage<'a> {
    frame: Frame<'a>,
    holds: Vec<LegalHold>,
    /// What is on hold, in words.
    title: String,
    /// The page of the contact or case.
    back: String,
    /// The address of this page.
    address: String,
    today: NaiveDate,
}

impl HoldsPage<'_> {
    fn is_held(&self) -> bool {
        self.holds.iter().any(|hold| hold.is_in_force)
    }

    fn day(&self, day: &NaiveDate) -> String {
        format_day(*day)
    }

    fn name(&self, name: &Option<String>) -> String {
        name.as_ref()
            .map(|name| self.frame.words.own(name))
            .unwrap_or_default()
    }
}

/// `GET /desk/contacts/{reference}/holds` and `GET /api/v1/contacts/{reference}/holds`: shows the holds on a contact.
pub(crate) async fn of_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
) -> HoldsAnswer {
    let reference = parse_reference(&reference)?;
    let holds = desk.store.holds(HoldTarget::Contact(reference)).await?;
    desk.note_read(&me, AuditAction::Holds, &reference.to_string())
        .await;
    if format.is_json() {
        return Ok(holds_json(holds));
    }
    Ok(Answer::Page(written(&HoldsPage {
        holds,
        title: reference.to_string(),
        back: format!("/desk/contacts/{reference}?view=all"),
        address: format!("/desk/contacts/{reference}/holds"),
        today: desk.store.today(),
        frame: Frame::new(&desk, &jar, &me, "inbox").await?,
    })?))
}

/// `GET /desk/cases/{id}/holds` and `GET /api/v1/cases/{id}/holds`: shows the holds on a case.
pub(crate) async fn of_case(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(IdPath { id }): Path<IdPath>,
) -> HoldsAnswer {
    let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
    let holds = desk.store.holds(HoldTarget::Case(id)).await?;
    desk.note_read(&me, AuditAction::Holds, &format!("case {id}"))
        .await;
    if format.is_json() {
        return Ok(holds_json(holds));
    }
    let frame = Frame::new(&desk, &jar, &me, "cases").await?;
    Ok(Answer::Page(written(&HoldsPage {
        holds,
        title: format!("{} {}/{}", frame.words.say("case"), case.number, case.year),
        back: format!("/desk/cases/{id}"),
        address: format!("/desk/cases/{id}/holds"),
        today: desk.store.today(),
        frame,
    })?))
}

/// `POST /desk/contacts/{reference}/holds` and the same below `/api/v1`: places a hold on a contact.
pub(crate) async fn place_on_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(ContactPath { reference }): Path<ContactPath>,
    FormOrJson(form): FormOrJson<HoldForm>,
) -> HoldsAnswer {
    let reference = parse_reference(&reference)?;
    let (target, until) = (HoldTarget::Contact(reference), day_of(&form.until)?);
    desk.store.place_hold(&me, target, until, &form.reason).await?;
    respond(&desk, format, target, Flash::HoldPlaced).await
}

/// `POST /desk/cases/{id}/holds` and the same below `/api/v1`: places a hold on a case and all its contacts.
pub(crate) async fn place_on_case(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<HoldForm>,
) -> HoldsAnswer {
    let (target, until) = (HoldTarget::Case(id), day_of(&form.until)?);
    desk.store.place_hold(&me, target, until, &form.reason).await?;
    respond(&desk, format, target, Flash::HoldPlaced).await
}

/// `POST /desk/contacts/{reference}/holds/{id}/lift` and the same below `/api/v1`: lifts a hold on a contact.
pub(crate) async fn lift_from_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(path): Path<ContactHoldPath>,
    FormOrJson(form): FormOrJson<LiftForm>,
) -> HoldsAnswer {
    let target = HoldTarget::Contact(parse_reference(&path.reference)?);
    desk.store.lift_hold(&me, target, path.id, &form.reason).await?;
    respond(&desk, format, target, Flash::HoldLifted).await
}

/// `POST /desk/cases/{id}/holds/{hold}/lift` and the same below `/api/v1`: lifts a hold on a case.
pub(crate) async fn lift_from_case(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(path): Path<CaseHoldPath>,
    FormOrJson(form): FormOrJson<LiftForm>,
) -> HoldsAnswer {
    let target = HoldTarget::Case(path.id);
    desk.store.lift_hold(&me, target, path.hold, &form.reason).await?;
    respond(&desk, format, target, Flash::HoldLifted).await
}

async fn respond(desk: &Desk, format: ResponseFormat, target: HoldTarget, flash: Flash) -> HoldsAnswer {
    if format.is_json() {
        return Ok(holds_json(desk.store.holds(target).await?));
    }
    let page = match target {
        HoldTarget::Contact(reference) => format!("/desk/contacts/{reference}/holds"),
        HoldTarget::Case(id) => format!("/desk/cases/{id}/holds"),
    };
    Ok(Answer::redirect(&page, flash))
}

fn holds_json(holds: Vec<LegalHold>) -> Answer<HoldsJson> {
    Answer::Json(HoldsJson {
        holds: holds.into_iter().map(HoldJson::from).collect(),
    })
}

fn day_of(typed: &str) -> Result<Option<NaiveDate>, PageError> {
    match typed.trim() {
        "" => Ok(None),
        day => day.parse().map(Some).map_err(|_| PageError::Bad("error-form")),
    }
}
