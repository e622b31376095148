//! What staff record about a referral, as it is stored.

use chrono::NaiveDate;
use hotline_core::casework::answers::{Deadlines, Outcome};

use crate::{cases::Details, db::entity::referrals};

/// What staff record about a referral.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferralRecord {
    /// The texts and the day of sending.
    pub details: Details,
    /// When the answer is due, and when the owner of the case is reminded.
    pub deadlines: Deadlines,
    /// What came of the referral. `None` while staff wait for the answer.
    pub outcome: Option<Outcome>,
    /// The day on which the institution answered. `None` if it did not answer.
    pub answered_on: Option<NaiveDate>,
}

/// Returns what is recorded about a referral with these details.
pub(super) fn record_of(referral: &referrals::Model, details: Details) -> ReferralRecord {
    ReferralRecord {
        details,
        deadlines: deadlines_of(referral),
        outcome: outcome_of(referral),
        answered_on: day(referral.answered_on.as_deref()),
    }
}

pub(super) fn deadlines_of(referral: &referrals::Model) -> Deadlines {
    Deadlines {
        due_on: day(referral.due_on.as_deref()),
        remind_on: day(referral.remind_on.as_deref()),
    }
}

/// Returns the outcome of a referral. The store wrote the name of the outcome, so it always parses.
pub(super) fn outcome_of(referral: &referrals::Model) -> Option<Outcome> {
    referral.outcome.as_deref().and_then(Outcome::parse)
}

/// Parses a stored day. The store wrote the day, so it always parses.
pub(super) fn day(stored: Option<&str>) -> Option<NaiveDate> {
    stored.and_then(|day| day.parse().ok())
}
