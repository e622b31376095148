//! Retention: how long the content of closed contacts is kept, and what is erased on which day.
//!
//! Without a rule that matches, a contact is kept. Of several rules that match, the one with the most months applies.

use std::{fmt, path::PathBuf};

use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::time::{clock::day_of, local::resolve};

#[cfg(test)]
mod properties;

/// The most months that a rule may have.
pub const MOST_MONTHS: u16 = 1_200;

/// The number of days that staff see in advance.
pub const DAYS_AHEAD: u64 = 30;

/// The `[retention]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// The hour of the day, in the centre's time zone, from which the service erases what is due.
    pub hour: u8,
    /// The number of months after closing for which every contact of a forwarded case is kept at least. `None`: no such rule.
    pub forwarded_months: Option<u16>,
    /// The file that lists what was erased, by which a restored backup is erased again. `None`: `erased.jsonl` in the data folder. A file on
    /// another disk is not replaced when the data folder is restored.
    pub list_file: Option<PathBuf>,
    /// The rules. Without rules, nothing is erased automatically.
    pub rules: Vec<RetentionRule>,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            hour: 3,
            forwarded_months: None,
            list_file: None,
            rules: Vec::new(),
        }
    }
}

/// Whether a contact belongs to a case that was forwarded to an institution.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CaseOutcome {
    /// The contact belongs to a forwarded case.
    Forwarded,
    /// The contact belongs to no forwarded case.
    NotForwarded,
}

crate::named!(CaseOutcome);

/// A rule: the content of matching contacts is kept for some months after closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// The kind of the contacts, an answer to the first wrap-up question. `None`: every kind, also contacts without a kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// Whether the contacts belong to a forwarded case. `None`: both.
    #[serde(default)]
    pub outcome: Option<CaseOutcome>,
    /// The number of months after closing.
    pub months: u16,
}

impl RetentionRule {
    fn matches(&self, kind: Option<&str>, outcome: CaseOutcome) -> bool {
        self.kind.as_deref().is_none_or(|own| kind == Some(own))
            && self.outcome.is_none_or(|own| own == outcome)
    }
}

/// The rule as the protocol states it, such as `kind=silent months=1`.
impl fmt::Display for RetentionRule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = &self.kind {
            write!(to, "kind={kind} ")?;
        }
        if let Some(outcome) = self.outcome {
            write!(to, "outcome={} ", outcome.as_str())?;
        }
        write!(to, "months={}", self.months)
    }
}

/// A mistake in the `[retention]` settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetention {
    /// The hour is not an hour of a day.
    #[error("`retention.hour` is 0 to 23")]
    Hour,
    /// A rule has no months, or more than [`MOST_MONTHS`]. The text names the setting.
    #[error("`{0}` is 1 to {MOST_MONTHS} months")]
    Months(String),
    /// Two rules are for the same contacts. The text is the second rule.
    #[error("`retention.rules`: two rules are for the same contacts: `{0}`")]
    Twice(String),
    /// The wrap-up questions have no such kind of contact.
    #[error("`retention.rules`: the wrap-up questions have no kind `{0}`")]
    UnknownKind(String),
}

/// An order to keep a contact or case, whatever the rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The last day of the hold. `None`: until somebody lifts it.
    pub until: Option<NaiveDate>,
}

impl Hold {
    /// Returns whether the hold is in force on a day.
    #[must_use]
    pub fn is_in_force(self, day: NaiveDate) -> bool {
        self.until.is_none_or(|until| day <= until)
    }
}

/// The facts about a contact whose content is not erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFacts {
    /// The day on which the contact was closed. `None` while it is open.
    pub closed_on: Option<NaiveDate>,
    /// The kind of the contact. `None` if it is not classified.
    pub kind: Option<String>,
    /// The holds on the contact that nobody lifted.
    pub holds: Vec<Hold>,
}

/// The facts about a case to which a contact belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// The day on which the case was closed. `None` while it is open.
    pub closed_on: Option<NaiveDate>,
    /// Whether the case was forwarded to an institution.
    pub forwarded: bool,
    /// The holds on the case that nobody lifted.
    pub holds: Vec<Hold>,
    /// The contacts of the case whose content is not erased.
    pub contacts: Vec<ContactFacts>,
}

/// Why a contact is kept without a day of erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The contact, or a contact of the same case, is open.
    Open,
    /// A case of the contact is open.
    CaseOpen,
    /// The contact, its case or another contact of the case is on hold until somebody lifts the hold.
    OnHold,
    /// No rule matches.
    NoRule,
}

/// What the rules say about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// The contact is kept.
    Kept(Kept),
    /// The contact is erased on a day.
    Due {
        /// The first day on which the contact may be erased.
        on: NaiveDate,
        /// The rule from which this day follows.
        rule: &'a RetentionRule,
    },
}

impl<'a> Decision<'a> {
    /// Returns the decision that keeps the content longer.
    #[must_use]
    pub fn longer(self, other: Self) -> Self {
        match (self, other) {
            (Self::Kept(_), _) => self,
            (_, Self::Kept(_)) => other,
            (Self::Due { on, .. }, Self::Due { on: later, .. }) => match later > on {
                true => other,
                false => self,
            },
        }
    }

    /// Returns the rule if the contact is due on or before `day`.
    #[must_use]
    pub fn due_by(self, day: NaiveDate) -> Option<&'a RetentionRule> {
        match self {
            Self::Due { on, rule } if on <= day => Some(rule),
            Self::Due { .. } | Self::Kept(_) => None,
        }
    }
}

/// The rules of a centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules(Vec<RetentionRule>);

impl RetentionSettings {
    /// Checks the numbers of the settings, and that no two rules are for the same contacts.
    ///
    /// # Errors
    /// Returns the first mistake.
    pub fn check(&self) -> Result<(), InvalidRetention> {
        if self.hour > 23 {
            return Err(InvalidRetention::Hour);
        }
        let lawful = |months: u16| (1..=MOST_MONTHS).contains(&months);
        if self.forwarded_months.is_some_and(|months| !lawful(months)) {
            return Err(InvalidRetention::Months("retention.forwarded_months".to_owned()));
        }
        for (place, rule) in self.rules.iter().enumerate() {
            if !lawful(rule.months) {
                return Err(InvalidRetention::Months("retention.rules: months".to_owned()));
            }
            let same = |other: &RetentionRule| other.kind == rule.kind && other.outcome == rule.outcome;
            if self.rules.iter().take(place).any(same) {
                return Err(InvalidRetention::Twice(rule.to_string()));
            }
        }
        Ok(())
    }

    /// Checks that each rule is for a kind of contact that `is_known`.
    ///
    /// # Errors
    /// Returns the first unknown kind.
    pub fn check_kinds(&self, is_known: impl Fn(&str) -> bool) -> Result<(), InvalidRetention> {
        let mut kinds = self.rules.iter().filter_map(|rule| rule.kind.as_deref());
        let unknown = kinds.find(|kind| !is_known(kind));
        unknown.map_or(Ok(()), |kind| Err(InvalidRetention::UnknownKind(kind.to_owned())))
    }

    /// Returns all rules, with the rule of `forwarded_months`.
    #[must_use]
    pub fn rules(&self) -> RetentionRules {
        let forwarded = self.forwarded_months.map(|months| RetentionRule {
            kind: None,
            outcome: Some(CaseOutcome::Forwarded),
            months,
        });
        RetentionRules(self.rules.iter().cloned().chain(forwarded).collect())
    }
}

impl RetentionRules {
    /// Returns the rules in the order of the settings.
    #[must_use]
    pub fn list(&self) -> &[RetentionRule] {
        &self.0
    }

    /// Returns the fewest months of all rules. `None` if there are no rules.
    #[must_use]
    pub fn fewest_months(&self) -> Option<u16> {
        self.0.iter().map(|rule| rule.months).min()
    }

    /// Returns what the rules say about a contact that belongs to these cases.
    ///
    /// Erasing a contact also erases the texts of its cases. A contact is therefore kept as long as each of its cases, and a case is kept as
    /// long as each of its contacts.
    #[must_use]
    pub fn decide(&self, contact: &ContactFacts, cases: &[CaseFacts]) -> Decision<'_> {
        let forwarded = cases.iter().any(|case| case.forwarded);
        let mut decision = self.decide_for(contact, forwarded, None, &[]);
        for case in cases {
            let Some(closed_on) = case.closed_on else {
                return Decision::Kept(Kept::CaseOpen);
            };
            for one in std::iter::once(contact).chain(&case.contacts) {
                let of_one = self.decide_for(one, case.forwarded, Some(closed_on), &case.holds);
                decision = decision.longer(of_one);
            }
        }
        decision
    }

    /// Returns what the rules say about one contact, closed not before `case_closed`, with the holds on its case.
    fn decide_for(
        &self,
        contact: &ContactFacts,
        forwarded: bool,
        case_closed: Option<NaiveDate>,
        case_holds: &[Hold],
    ) -> Decision<'_> {
        let mut held_until: Option<NaiveDate> = None;
        for hold in contact.holds.iter().chain(case_holds) {
            let Some(until) = hold.until else {
                return Decision::Kept(Kept::OnHold);
            };
            held_until = held_until.max(Some(until));
        }
        let Some(closed_on) = contact.closed_on else {
            return Decision::Kept(Kept::Open);
        };
        let outcome = match forwarded {
            true => CaseOutcome::Forwarded,
            false => CaseOutcome::NotForwarded,
        };
        let matching = |rule: &&RetentionRule| rule.matches(contact.kind.as_deref(), outcome);
        let Some(rule) = self.0.iter().filter(matching).max_by_key(|rule| rule.months) else {
            return Decision::Kept(Kept::NoRule);
        };
        let closed_on = case_closed.map_or(closed_on, |day| day.max(closed_on));
        let (Some(on), free) = (
            months_after(closed_on, rule.months),
            held_until.map(|day| day.succ_opt()),
        ) else {
            return Decision::Kept(Kept::NoRule);
        };
        match free {
            None => Decision::Due { on, rule },
            Some(Some(free)) => Decision::Due {
                on: on.max(free),
                rule,
            },
            // The hold ends with the calendar.
            Some(None) => Decision::Kept(Kept::OnHold),
        }
    }
}

/// Returns the day some months after `day`. If that month has no such day, returns the last day of the month: one month after 31 January is
/// 28 or 29 February. `None` if the day is outside the calendar.
#[must_use]
pub fn months_after(day: NaiveDate, months: u16) -> Option<NaiveDate> {
    day.checked_add_months(Months::new(months.into()))
}

/// Returns the day some months before `day`, by the same rule as [`months_after`].
#[must_use]
pub fn months_before(day: NaiveDate, months: u16) -> Option<NaiveDate> {
    day.checked_sub_months(Months::new(months.into()))
}

/// Returns the day of the latest run that was to begin at or before `now`. A run begins each day at `hour`. If this hour does not occur on a
/// day because the clocks are set forward, the run begins an hour later; if it occurs twice, the run begins at the first time.
#[must_use]
pub fn latest_run(now: DateTime<Utc>, hour: u8, zone: Tz) -> NaiveDate {
    let today = day_of(now, zone);
    let time = NaiveTime::from_hms_opt(hour.into(), 0, 0).unwrap_or_default();
    let has_begun = resolve(today.and_time(time), zone).is_none_or(|begins| begins <= now);
    match has_begun {
        true => today,
        false => today.pred_opt().unwrap_or(today),
    }
}
