//! The answers of institutions to referrals: when they are due, when staff are reminded, and what came of the referral.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

/// The `[cases]` settings.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaseSettings {
    /// The number of days in which an institution is to answer a referral.
    pub answer_days: u16,
    /// The numbers of days for institutions that have another one. The keys are ids of institutions in the classification scheme.
    pub institutions: BTreeMap<String, u16>,
}

impl Default for CaseSettings {
    fn default() -> Self {
        Self {
            answer_days: 15,
            institutions: BTreeMap::new(),
        }
    }
}

/// What came of a referral.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// The institution answered, and none of the other outcomes applies.
    Answered,
    /// The institution took measures, such as opening an investigation.
    Measures,
    /// The content was removed.
    Removed,
    /// The institution declined, for example because another institution is responsible.
    Declined,
    /// The institution did not answer, and staff no longer wait for an answer.
    NoAnswer,
}

crate::named!(Outcome);

impl Outcome {
    /// Returns whether the institution answered, so that the outcome has a day of the answer.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        match self {
            Self::Answered | Self::Measures | Self::Removed | Self::Declined => true,
            Self::NoAnswer => false,
        }
    }
}

/// The days on which something is expected of a referral.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// The last day on which the answer is in time. `None` before the referral is confirmed, unless staff entered a day.
    pub due_on: Option<NaiveDate>,
    /// The day from which the owner of the case is reminded. `None` if `due_on` is `None`.
    pub remind_on: Option<NaiveDate>,
}

impl Deadlines {
    /// Sets the day on which the answer is due. The reminder moves to the same day.
    #[must_use]
    pub const fn due(day: Option<NaiveDate>) -> Self {
        Self {
            due_on: day,
            remind_on: day,
        }
    }

    /// Returns whether the answer is late on the day `today`. On the due day itself, the answer is still in time.
    #[must_use]
    pub fn is_overdue(self, today: NaiveDate) -> bool {
        self.due_on.is_some_and(|due| due < today)
    }
}

impl CaseSettings {
    /// Returns the day on which the answer of an institution is due if the referral was sent on the day `sent`. `None` if that day is outside
    /// the calendar.
    #[must_use]
    pub fn due_on(&self, institution: &str, sent: NaiveDate) -> Option<NaiveDate> {
        let days = self.institutions.get(institution).copied();
        sent.checked_add_days(Days::new(days.unwrap_or(self.answer_days).into()))
    }

    /// Returns the deadlines after the day of sending changed from `before` to `after`. The time for the answer begins on the day of sending
    /// or, if that day is not entered, on the day of confirmation. A due day that staff chose stays as it is, with its reminder. If the due day
    /// moves, the reminder moves to the same day.
    #[must_use]
    pub fn follow(
        &self,
        institution: &str,
        (before, after): (NaiveDate, NaiveDate),
        deadlines: Deadlines,
    ) -> Deadlines {
        if before != after && deadlines.due_on == self.due_on(institution, before) {
            Deadlines::due(self.due_on(institution, after))
        } else {
            deadlines
        }
    }
}

/// Returns the median number of days. If there are two middle values, the smaller one is the median, so that the median is always a number
/// that occurred.
#[must_use]
pub fn median_days(mut days: Vec<i64>) -> Option<i64> {
    days.sort_unstable();
    let middle = days.len().checked_sub(1)? / 2;
    days.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn settings() -> CaseSettings {
        CaseSettings {
            answer_days: 15,
            institutions: BTreeMap::from([("mup".to_owned(), 30)]),
        }
    }

    #[test]
    fn an_institution_can_have_its_own_number_of_days() {
        let sent = day("2026-11-20");
        assert_eq!(settings().due_on("mup", sent), Some(day("2026-12-20")));
        assert_eq!(settings().due_on("education", sent), Some(day("2026-12-05")));
    }

    #[test]
    fn a_chosen_due_day_stays_when_the_day_of_sending_changes() {
        let days = (day("2026-11-20"), day("2026-11-22"));
        let chosen = Deadlines::due(Some(day("2026-11-25")));
        assert_eq!(settings().follow("mup", days, chosen), chosen);
        let usual = Deadlines {
            due_on: Some(day("2026-12-20")),
            remind_on: Some(day("2026-12-31")),
        };
        let moved = Deadlines::due(Some(day("2026-12-22")));
        assert_eq!(settings().follow("mup", days, usual), moved);
    }

    #[test]
    fn an_answer_is_still_in_time_on_its_due_day() {
        let deadlines = Deadlines::due(Some(day("2026-12-05")));
        assert!(!deadlines.is_overdue(day("2026-12-05")));
        assert!(deadlines.is_overdue(day("2026-12-06")));
        assert!(!Deadlines::default().is_overdue(day("2026-12-06")));
    }

    proptest! {
        #[test]
        fn half_of_the_answers_came_within_the_median(days in proptest::collection::vec(0i64..90, 1..40)) {
            let median = median_days(days.clone()).unwrap();
            prop_assert!(days.contains(&median));
            let within = days.iter().filter(|one| **one <= median).count();
            prop_assert!(within * 2 >= days.len());
            let below = days.iter().filter(|one| **one < median).count();
            prop_assert!(below * 2 < days.len());
        }
    }
}
