//! The actions of staff on cases. Staff form a case from contacts and can refer the case to an institution. A second member of staff must
//! confirm each referral.

use axum::extract::{Path, State};
use chrono::NaiveDate;
use hotline_core::{
    casework::answers::{Deadlines, Outcome},
    identifiers::reference::Reference,
    staff::rights::Right,
};
use hotline_store::{
    cases::{CaseTarget, Details, ReferralRecord},
    contacts::drafts::DraftKind,
    error::Conflict,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    cases::page::{CaseAnswer, CaseRequest, ReferralPath, answer_with_case},
    contact::{
        action::{ContactAction, ContactAnswer, answer_with_contact},
        form_case::form_from_many,
        open::{check_readable, find_contact, parse_reference},
    },
    http::{
        access::Who,
        errors::PageError,
        extractors::{FormOrJson, IdPath, NoBody, ResponseFormat},
        flash::Flash,
    },
    state::Desk,
};

/// The path parameters that identify a case and one of its contacts.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseContactPath {
    /// The id of the case.
    id: Uuid,
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    reference: String,
}

/// The case to which the contact in the path is added, or the summary of a new case.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CaseForm {
    /// The id of the case. If empty, a new case is formed from the contact.
    #[serde(default)]
    case: String,
    /// The summary of the new case. Ignored if the contact is added to an existing case.
    #[serde(default)]
    summary: String,
    /// The references of other contacts of the same incident, separated by spaces or commas, at most 200. They are added to the new case too.
    /// If one of them cannot be added, no case is formed. Ignored if the contact is added to an existing case.
    #[serde(default)]
    also: String,
}

pub(crate) async fn form_case(action: ContactAction<FormOrJson<CaseForm>>) -> CaseAnswer {
    let (desk, me) = (&action.desk, &action.me);
    let form = &action.form;
    let (id, flash) = match form.case.as_str() {
        "" => {
            let mut references = vec![action.reference];
            references.extend(parse_references(&form.also)?);
            let id = form_from_many(desk, me, &references, form.summary.trim()).await?;
            (id, Flash::CaseFormed)
        }
        id => {
            let id = id.parse().map_err(|_| PageError::Bad("error-form"))?;
            if !desk.store.may_read_case(me, id).await? {
                return Err(PageError::NotFound);
            }
            let target = CaseTarget::Existing(id);
            (
                desk.store.form_case(me, action.reference, target).await?,
                Flash::AddedToCase,
            )
        }
    };
    answer_with_case(desk, me, action.format, id, flash).await
}

fn parse_references(typed: &str) -> Result<Vec<Reference>, PageError> {
    let separate = |letter: char| letter.is_whitespace() || ",;".contains(letter);
    let typed = typed.split(separate).filter(|one| !one.is_empty());
    typed.map(parse_reference).collect()
}

/// A contact to add to a case.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddedContactForm {
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    reference: String,
}

/// `POST /desk/cases/{id}/contacts` and `POST /api/v1/cases/{id}/contacts`: adds a contact that reports the same incident.
pub(crate) async fn add_contact(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<AddedContactForm>,
) -> CaseAnswer {
    let reference = parse_reference(form.reference.trim())?;
    let (store, me) = (&request.desk.store, &request.me);
    check_readable(&request.desk, me, reference).await?;
    store.form_case(me, reference, CaseTarget::Existing(id)).await?;
    request.respond(id, Flash::AddedToCase).await
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
    request.respond(id, Flash::SummarySaved).await
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
    request.respond(id, Flash::ReferralProposed).await
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
    request.respond(id, Flash::ReferralConfirmed).await
}

/// The return of a referral for changes.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReturnForm {
    /// The value of the referral's field `changed` when this member of staff read the referral.
    seen: i64,
    /// What the owner of the case is to change.
    reason: String,
}

pub(crate) async fn return_referral(
    request: CaseRequest,
    Path(ReferralPath { id, referral }): Path<ReferralPath>,
    FormOrJson(form): FormOrJson<ReturnForm>,
) -> CaseAnswer {
    request
        .desk
        .store
        .return_referral(&request.me, id, referral, form.seen, &form.reason)
        .await?;
    request.respond(id, Flash::ReferralReturned).await
}

/// Changes to what is recorded about a referral. An omitted field keeps its value. Days have the format `YYYY-MM-DD`. An empty field removes
/// the stored value.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReferralOutcome {
    basis: Option<String>,
    sent: Option<String>,
    /// The day on which staff sent the referral.
    #[schemars(extend("format" = "date"))]
    sent_on: Option<String>,
    /// The number that the institution assigned to the referral.
    number: Option<String>,
    /// What came of the referral, in words.
    outcome: Option<String>,
    /// What came of the referral: `answered`, `measures`, `removed`, `declined` or `no_answer`. If empty, staff wait for the answer.
    outcome_kind: Option<String>,
    /// The day on which the institution answered. If it is empty and the institution answered, it is today.
    #[schemars(extend("format" = "date"))]
    answered_on: Option<String>,
    /// The last day on which the answer is in time.
    #[schemars(extend("format" = "date"))]
    due_on: Option<String>,
    /// The day from which the owner of the case is reminded that the answer is due.
    #[schemars(extend("format" = "date"))]
    remind_on: Option<String>,
}

/// Parses an optional field of a form. `None`: the field is omitted. `Some(None)`: the field is empty.
fn parse_field<T>(text: Option<&str>, parse: fn(&str) -> Option<T>) -> Result<Option<Option<T>>, PageError> {
    match text {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match parse(text) {
            Some(value) => Ok(Some(Some(value))),
            None => Err(PageError::Bad("error-form")),
        },
    }
}

pub(crate) async fn note_outcome(
    request: CaseRequest,
    Path(ReferralPath { id, referral }): Path<ReferralPath>,
    FormOrJson(outcome): FormOrJson<ReferralOutcome>,
) -> CaseAnswer {
    let day = |text: &Option<String>| parse_field(text.as_deref(), |text| text.parse::<NaiveDate>().ok());
    let (sent_on, answered_on) = (day(&outcome.sent_on)?, day(&outcome.answered_on)?);
    let (due_on, remind_on) = (day(&outcome.due_on)?, day(&outcome.remind_on)?);
    let kind = parse_field(outcome.outcome_kind.as_deref(), Outcome::parse)?;
    // The form beside the letter has no other field.
    let is_sending = sent_on.is_some_and(|day| day.is_some()) && outcome.number.is_none();
    let change = |record: &mut ReferralRecord| {
        let (details, deadlines) = (&mut record.details, record.deadlines);
        details.sent_on = sent_on.unwrap_or(details.sent_on);
        for (field, text) in [
            (&mut details.basis, outcome.basis),
            (&mut details.sent, outcome.sent),
            (&mut details.number, outcome.number),
            (&mut details.outcome, outcome.outcome),
        ] {
            *field = text.unwrap_or_else(|| std::mem::take(field));
        }
        record.outcome = kind.unwrap_or(record.outcome);
        record.answered_on = answered_on.unwrap_or(record.answered_on);
        record.deadlines = Deadlines {
            due_on: due_on.unwrap_or(deadlines.due_on),
            remind_on: remind_on.unwrap_or(deadlines.remind_on),
        };
    };
    request
        .desk
        .store
        .record_referral(&request.me, id, referral, change)
        .await?;
    let flash = if is_sending {
        Flash::LetterSent
    } else {
        Flash::ReferralSaved
    };
    request.respond(id, flash).await
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
    request.respond(id, Flash::ReferralWithdrawn).await
}

/// An addition to a case.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AdditionForm {
    /// The text. The page shows it with the name of its author.
    text: String,
}

pub(crate) async fn add(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<AdditionForm>,
) -> CaseAnswer {
    request
        .desk
        .store
        .add_to_case(&request.me, id, &form.text)
        .await?;
    request.respond(id, Flash::AdditionSaved).await
}

/// The reason for taking a case over.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TakeOverForm {
    reason: String,
}

pub(crate) async fn take_over(
    request: CaseRequest,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<TakeOverForm>,
) -> CaseAnswer {
    request
        .desk
        .store
        .take_case_over(&request.me, id, &form.reason)
        .await?;
    request.respond(id, Flash::CaseTakenOver).await
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
    let flash = if form.closed {
        Flash::CaseClosed
    } else {
        Flash::CaseReopened
    };
    request.respond(id, flash).await
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
    let case = desk.store.case_for(&me, id).await?.ok_or(PageError::NotFound)?;
    let contact = find_contact(&desk, &me, parse_reference(&reference)?).await?;
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
    answer_with_contact(&desk, &me, format, contact.reference, "all", Flash::NewsDrafted).await
}
