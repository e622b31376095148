//! Cases as JSON.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::casework::answers::Outcome;
use hotline_store::cases::{Case, CaseEntryKind, CaseRow, CaseTask, CaseTaskKind, Details};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A case in a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CaseRowJson {
    id: Uuid,
    /// The number of the case within its year, followed by the year: `12/2026`.
    number: String,
    /// `true` if the case was forwarded to an institution; `false` if it is advisory, that is, without a confirmed referral.
    forwarded: bool,
    formed_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    /// The first words of the case's summary.
    summary: String,
    /// Whether a referral of the case waits for confirmation by a second member of staff.
    to_confirm: bool,
    /// The earliest day on which an answer of an institution is due; null if staff wait for no answer.
    answer_due: Option<NaiveDate>,
    /// Whether such an answer is late.
    overdue: bool,
}

/// A referral that waits for the member of staff who asks.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CaseTaskJson {
    kind: CaseTaskKind,
    /// The id of the case.
    case: Uuid,
    /// The number of the case within its year, followed by the year: `12/2026`.
    number: String,
    /// The id of the institution in the classification scheme.
    institution: String,
    /// The last day on which the answer is in time; null if no answer is expected yet.
    due_on: Option<NaiveDate>,
    /// Whether the answer is late.
    overdue: bool,
}

/// A case.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CaseJson {
    id: Uuid,
    /// The number of the case within its year, followed by the year: `12/2026`.
    number: String,
    /// `true` if the case was forwarded to an institution; `false` if it is advisory, that is, without a confirmed referral.
    forwarded: bool,
    /// The name of the member of staff who formed the case from a contact.
    formed_by: Option<String>,
    formed_at: DateTime<Utc>,
    /// The name of the owner of the case. Only the owner and supervisors may change the summary and the referrals.
    owner: String,
    closed_at: Option<DateTime<Utc>>,
    summary: String,
    contacts: Vec<CaseContactJson>,
    referrals: Vec<ReferralJson>,
    /// Additions, and the reasons for taking the case over or returning a referral, oldest first.
    entries: Vec<CaseEntryJson>,
    /// Earlier texts of the summary and of the details of referrals, oldest first.
    versions: Vec<CaseVersionJson>,
}

/// A contact that belongs to a case.
#[derive(Serialize, JsonSchema)]
struct CaseContactJson {
    reference: String,
    channel: String,
    /// The day on which the statistics count the contact, in the centre's time zone.
    day: String,
}

/// A referral of a case to an institution.
#[derive(Serialize, JsonSchema)]
struct ReferralJson {
    id: Uuid,
    /// The id of the institution in the classification scheme.
    institution: String,
    proposed_by: String,
    proposed_at: DateTime<Utc>,
    /// A number that changes with each change of `details`. To confirm the referral, send this number as `seen`.
    changed: i64,
    /// The name of the member of staff who confirmed the referral; null if it is not confirmed.
    confirmed_by: Option<String>,
    confirmed_at: Option<DateTime<Utc>>,
    /// The name of the member of staff who returned the referral for changes; null if nobody did, or if it was changed since.
    returned_by: Option<String>,
    returned_at: Option<DateTime<Utc>>,
    /// The last day on which the answer is in time; null before the referral is confirmed.
    due_on: Option<NaiveDate>,
    /// The day from which the owner of the case is reminded.
    remind_on: Option<NaiveDate>,
    /// Whether the answer is late.
    overdue: bool,
    /// What came of the referral; null while staff wait for the answer. `details.outcome` has it in words.
    outcome_kind: Option<Outcome>,
    /// The day on which the institution answered.
    answered_on: Option<NaiveDate>,
    details: Details,
}

/// A text that a member of staff added to a case.
#[derive(Serialize, JsonSchema)]
struct CaseEntryJson {
    kind: CaseEntryKind,
    /// The id of the referral that was returned; null for the other kinds.
    referral: Option<Uuid>,
    /// The name of the author.
    by: String,
    at: DateTime<Utc>,
    text: String,
}

/// An earlier text of a case. The text is a summary of the case or the details of a referral.
#[derive(Serialize, JsonSchema)]
struct CaseVersionJson {
    /// When the text was replaced.
    at: DateTime<Utc>,
    /// The name of the member of staff who replaced the text.
    by: String,
    /// The id of the referral to which the text belongs; null if the text is a summary.
    referral: Option<Uuid>,
    text: String,
}

impl From<CaseRow> for CaseRowJson {
    fn from(case: CaseRow) -> Self {
        Self {
            id: case.id,
            number: format!("{}/{}", case.number, case.year),
            forwarded: case.forwarded,
            formed_at: case.formed_at,
            closed_at: case.closed_at,
            summary: case.summary,
            to_confirm: case.to_confirm,
            answer_due: case.answer_due,
            overdue: case.overdue,
        }
    }
}

impl From<CaseTask> for CaseTaskJson {
    fn from(task: CaseTask) -> Self {
        Self {
            kind: task.kind,
            case: task.case,
            number: format!("{}/{}", task.number, task.year),
            institution: task.institution,
            due_on: task.due_on,
            overdue: task.overdue,
        }
    }
}

impl From<Case> for CaseJson {
    fn from(case: Case) -> Self {
        let contacts = case.contacts.into_iter().map(|contact| CaseContactJson {
            reference: contact.reference.to_string(),
            channel: contact.channel,
            day: contact.day,
        });
        let referrals = case.referrals.into_iter().map(|one| ReferralJson {
            id: one.id,
            due_on: one.record.deadlines.due_on,
            remind_on: one.record.deadlines.remind_on,
            overdue: one.overdue,
            outcome_kind: one.record.outcome,
            answered_on: one.record.answered_on,
            returned_at: one.returned.as_ref().map(|(_, at)| *at),
            returned_by: one.returned.map(|(by, _)| by),
            institution: one.institution,
            proposed_by: one.proposed_by.1,
            proposed_at: one.proposed_at,
            changed: one.changed,
            confirmed_by: one.confirmed_by,
            confirmed_at: one.confirmed_at,
            details: one.record.details,
        });
        let entries = case.entries.into_iter().map(|one| CaseEntryJson {
            kind: one.kind,
            referral: one.referral,
            by: one.by,
            at: one.at,
            text: one.text,
        });
        let versions = case.versions.into_iter().map(|one| CaseVersionJson {
            at: one.at,
            by: one.by,
            referral: one.referral,
            text: one.text,
        });
        Self {
            id: case.id,
            number: format!("{}/{}", case.number, case.year),
            forwarded: case.forwarded,
            formed_by: case.formed_by,
            formed_at: case.formed_at,
            owner: case.owner.1,
            closed_at: case.closed_at,
            summary: case.summary,
            contacts: contacts.collect(),
            referrals: referrals.collect(),
            entries: entries.collect(),
            versions: versions.collect(),
        }
    }
}
