//! Cases as JSON.

use chrono::{DateTime, Utc};
use hotline_store::cases::{Case, CaseRow, Details};
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
    closed_at: Option<DateTime<Utc>>,
    summary: String,
    contacts: Vec<CaseContactJson>,
    referrals: Vec<ReferralJson>,
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
    details: Details,
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
            institution: one.institution,
            proposed_by: one.proposed_by.1,
            proposed_at: one.proposed_at,
            changed: one.changed,
            confirmed_by: one.confirmed_by,
            confirmed_at: one.confirmed_at,
            details: one.details,
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
            closed_at: case.closed_at,
            summary: case.summary,
            contacts: contacts.collect(),
            referrals: referrals.collect(),
            versions: versions.collect(),
        }
    }
}
