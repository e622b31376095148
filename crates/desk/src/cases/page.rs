//! The printable page of a case (`/desk/cases/{id}`), and the actions of staff on cases. Staff form a case from contacts and can refer the
//! case to an institution. A second member of staff must confirm each referral.

use aide::OperationInput;
use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use hotline_core::{contact::classification::Institution, staff::rights::Right, text::locale::Language};
use hotline_store::{
    cases::{Case, CaseVersion, Details, Referral},
    contacts::drafts::DraftKind,
    error::Conflict,
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    cases::api::CaseJson,
    contact::{
        action::{ContactAction, ContactAnswer, answer_with_contact},
        open::{find_contact, parse_reference},
    },
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "cases/page.html")]
struct CasePage<'a> {
    frame: Frame<'a>,
    case: Case,
    institutions: &'a [Institution],
}

/// The response to a successful change of a case. An API request gets the case as JSON, and a form gets a redirect to the case's page.
type CaseAnswer = Result<Answer<CaseJson>, PageError>;

/// The path parameters that identify a referral.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReferralPath {
    /// The id of the case.
    id: Uuid,
    /// The id of the referral.
    referral: Uuid,
}

/// The path parameters that identify a case and one of its contacts.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseContactPath {
    /// The id of the case.
    id: Uuid,
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    reference: String,
}

/// The data that handlers for cases extract from a request: the shared state, the member of staff, and the format of the response.
pub(crate) struct CaseRequest {
    desk: Desk,
    me: StaffMember,
    format: ResponseFormat,
}

impl FromRequestParts<Desk> for CaseRequest {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, PageError> {
        let Who(me) = Who::from_request_parts(parts, desk)
            .await
            .map_err(|_| PageError::NotLoggedIn)?;
        let Ok(format) = ResponseFormat::from_request_parts(parts, desk).await;
        let desk = desk.clone();
        Ok(Self { desk, me, format })
    }
}

impl OperationInput for CaseRequest {}

impl CaseRequest {
    /// Returns the response to a successful change of the case with this id: the case as JSON or, for a form, a redirect to the case's
    /// page.
    async fn respond(&self, id: Uuid) -> CaseAnswer {
        answer_with_case(&self.desk, &self.me, self.format, id).await
    }
}

async fn answer_with_case(desk: &Desk, me: &StaffMember, format: ResponseFormat, id: Uuid) -> CaseAnswer {
    if !format.is_json() {
        return Ok(Answer::redirect(&format!("/desk/cases/{id}")));
    }
    let case = open_case(desk, me, id).await?;
    Ok(Answer::Json(case.into()))
}

/// Loads a case for display, and records in the audit log that `me` opened the case.
async fn open_case(desk: &Desk, me: &StaffMember, id: Uuid) -> Result<Case, PageError> {
    let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
    desk.note_read(me, "open case", &id.to_string()).await;
    Ok(case)
}

/// `GET /desk/cases/{id}` and `GET /api/v1/cases/{id}`: shows a case.
pub(crate) async fn show_case(
    request: CaseRequest,
    Cookies(jar): Cookies,
    Path(IdPath { id }): Path<IdPath>,
) -> CaseAnswer {
    let (desk, me) = (&request.desk, &request.me);
    let case = open_case(desk, me, id).await?;
    if request.format.is_json() {
        return Ok(Answer::Json(case.into()));
    }
    let rendered = page(&CasePage {
        frame: Frame::new(desk, desk.words(&jar), me, "cases").await?,
        case,
        institutions: &desk.store.scheme().institutions,
    })?;
    Ok(Answer::Page(rendered))
}

/// The case to which the contact in the path is added.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseForm {
    /// The id of the case. If empty, a new case is formed from the contact.
    #[serde(default)]
    case: String,
}

pub(crate) async fn form_case(action: ContactAction<FormOrJson<CaseForm>>) -> CaseAnswer {
    let (desk, me) = (&action.desk, &action.me);
    let case = match action.form.case.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let id = desk.store.form_case(me, action.reference, case).await?;
    answer_with_case(desk, me, action.format, id).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SummaryForm {
    summary: String,
}

pub(crate) async fn describe(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<SummaryForm>,
) -> CaseAnswer {
    request
        .desk
        .store
        .describe_case(&request.me, id, &form.summary)
        .await?;
    request.respond(id).await
}

/// A referral to propose.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProposalForm {
    /// The id of the institution in the classification scheme.
    institution: String,
    /// The legal basis of the referral.
    #[serde(default)]
    basis: String,
    /// A description of the information that is sent to the institution.
    #[serde(default)]
    sent: String,
}

pub(crate) async fn propose_referral(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<ProposalForm>,
) -> CaseAnswer {
    let details = Details {
        basis: form.basis,
        sent: form.sent,
        ..Details::default()
    };
    request
        .desk
        .store
        .propose_referral(&request.me, id, &form.institution, &details)
        .await?;
    request.respond(id).await
}

/// The confirmation of a referral by a second member of staff.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ConfirmationForm {
    /// The value of the referral's field `changed` when this member of staff read the referral.
    seen: i64,
}

pub(crate) async fn confirm_referral(
    request: CaseRequest,
    Path(ReferralPath { id, referral }): Path<ReferralPath>,
    FormOrJson(form): FormOrJson<ConfirmationForm>,
) -> CaseAnswer {
    request
        .desk
        .store
        .confirm_referral(&request.me, id, referral, form.seen)
        .await?;
    request.respond(id).await
}

/// Changes to the details of a referral. An omitted field keeps its value.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReferralOutcome {
    basis: Option<String>,
    sent: Option<String>,
    /// The day on which the referral was sent, as `YYYY-MM-DD`. If empty, the stored day is removed.
    #[schemars(extend("format" = "date"))]
    sent_on: Option<String>,
    /// The number that the institution assigned to the referral.
    number: Option<String>,
    outcome: Option<String>,
}

pub(crate) async fn note_outcome(
    request: CaseRequest,
    Path(ReferralPath { id, referral }): Path<ReferralPath>,
    FormOrJson(outcome): FormOrJson<ReferralOutcome>,
) -> CaseAnswer {
    let sent_on = match outcome.sent_on.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(day) => Some(Some(day.parse().map_err(|_| PageError::Bad("error-form"))?)),
    };
    let change = |details: &mut Details| {
        details.sent_on = sent_on.unwrap_or(details.sent_on);
        for (field, text) in [
            (&mut details.basis, outcome.basis),
            (&mut details.sent, outcome.sent),
            (&mut details.number, outcome.number),
            (&mut details.outcome, outcome.outcome),
        ] {
            *field = text.unwrap_or_else(|| std::mem::take(field));
        }
    };
    request
        .desk
        .store
        .detail_referral(&request.me, id, referral, change)
        .await?;
    request.respond(id).await
}

pub(crate) async fn withdraw_referral(
    request: CaseRequest,
    Path(ReferralPath { id, referral }): Path<ReferralPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> CaseAnswer {
    request
        .desk
        .store
        .withdraw_referral(&request.me, id, referral)
        .await?;
    request.respond(id).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseClosing {
    closed: bool,
}

pub(crate) async fn close(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<CaseClosing>,
) -> CaseAnswer {
    request
        .desk
        .store
        .close_case(&request.me, id, form.closed)
        .await?;
    request.respond(id).await
}

/// For one contact of the case, saves a draft of a reply in the contact's language. The draft tells the person whether the case was
/// forwarded, and to which institutions. A counsellor then checks the draft and sends it.
pub(crate) async fn draft_news(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(CaseContactPath { id, reference }): Path<CaseContactPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> ContactAnswer {
    let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
    let contact = find_contact(&desk, parse_reference(&reference)?).await?;
    if case.contacts.iter().all(|one| one.reference != contact.reference) {
        return Err(PageError::NotFound);
    }
    let others = contact
        .assignee
        .as_ref()
        .is_some_and(|(assignee, _)| *assignee != me.id);
    if others && !me.role.may(Right::WorkOnOthers) {
        return Err(PageError::Conflict(Conflict::AssignedToOther));
    }
    let reference = contact.reference.to_string();
    let language = contact.language;
    let words = desk.locales.of(language.unwrap_or(desk.centre.language));
    let institutions = &desk.store.scheme().institutions;
    let sent = case.referrals.iter().filter(|one| one.confirmed_by.is_some());
    let sent: Vec<String> = sent
        .filter_map(|one| institutions.iter().find(|known| known.id == one.institution))
        .map(|institution| words.either(&institution.sr, &institution.en))
        .collect();
    let text = if sent.is_empty() {
        words.with("tell-advisory", "reference", &reference)
    } else {
        let sent = sent.join(", ");
        words.with_all(
            "tell-forwarded",
            &[("reference", &reference), ("institution", &sent)],
        )
    };
    // If the member of staff already has a draft of a reply to this contact, the new text is appended to that draft.
    let begun = desk
        .store
        .draft(me.id, contact.reference, DraftKind::Reply)
        .await?;
    let text = begun.map_or(text.clone(), |begun| format!("{}\n\n{text}", begun.text));
    desk.store
        .keep_draft(
            &me,
            contact.reference,
            DraftKind::Reply,
            &text,
            contact.newest,
            None,
        )
        .await?;
    answer_with_contact(&desk, &me, format, contact.reference, "all").await
}

impl CasePage<'_> {
    fn number(&self) -> String {
        format!("{}/{}", self.case.number, self.case.year)
    }

    /// Returns the label for an earlier text of the case. If the text belongs to a referral, the label is the name of the institution. If
    /// the referral was withdrawn, or if the text is a summary, the label is a fixed text.
    fn version_of(&self, one: &CaseVersion) -> String {
        let of = one
            .referral
            .and_then(|id| self.case.referrals.iter().find(|known| known.id == id));
        match (of, one.referral) {
            (Some(referral), _) => self.institution(&referral.institution),
            (None, Some(_)) => self.frame.words.say("referral-withdrawn"),
            (None, None) => self.frame.words.say("case-summary"),
        }
    }

    fn institution(&self, id: &str) -> String {
        let known = self.institutions.iter().find(|known| known.id == *id);
        known.map_or_else(
            || id.to_owned(),
            |known| self.frame.words.either(&known.sr, &known.en),
        )
    }

    /// Returns whether the reader of the page may confirm this referral. The member of staff who proposed a referral may not confirm it.
    fn may_confirm(&self, referral: &Referral) -> bool {
        referral.confirmed_by.is_none() && referral.proposed_by.0 != self.frame.me.id
    }
}
