//! Periods of calendar days in the centre's time zone: naming, comparing and dividing them.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::time::period::every::next_month;
pub use crate::time::period::every::{Every, pieces, runs, spans};

mod every;

/// A period of calendar days in the centre's time zone, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day. `None`: the period begins when the centre was established.
    pub from: Option<NaiveDate>,
    /// The last day. `None`: the period ends today.
    pub to: Option<NaiveDate>,
}

/// The names of the periods whose days depend on the current day. `ever` is the period without a first and last day.
pub const NAMES: [&str; 10] = [
    "last_month",
    "month",
    "last_quarter",
    "quarter",
    "last_year",
    "year",
    "ever",
    "week",
    "yesterday",
    "today",
];

impl Period {
    /// Returns the period from one day to another.
    #[must_use]
    pub const fn of(from: NaiveDate, to: NaiveDate) -> Self {
        Self {
            from: Some(from),
            to: Some(to),
        }
    }

    /// Returns the period with this name. The period is complete, that is, it can include days after `today`. The periods in [`NAMES`]
    /// depend on `today`. All other valid names have the forms that [`Every::piece_of`] returns: `2024`, `2024-Q1`, `2024-03`, `2024-W05`,
    /// `2024-01-31`. Returns `None` for any other name.
    #[must_use]
    pub fn named(name: &str, today: NaiveDate) -> Option<Self> {
        let whole = |every: Every, back: u32| {
            let day = every.months().and_then(|months| {
                let first = today.with_day(1)?;
                first.checked_sub_months(Months::new(months * back))
            });
            every.around(day.unwrap_or(today))
        };
        Some(match name {
            "ever" => Self::default(),
            "today" => Self::of(today, today),
            "yesterday" => {
                let day = today.pred_opt().unwrap_or(today);
                Self::of(day, day)
            }
            "week" => whole(Every::Week, 0),
            "month" => whole(Every::Month, 0),
            "last_month" => whole(Every::Month, 1),
            "quarter" => whole(Every::Quarter, 0),
            "last_quarter" => whole(Every::Quarter, 1),
            "year" => whole(Every::Year, 0),
            "last_year" => whole(Every::Year, 1),
            written => return Self::written(written),
        })
    }

    fn written(text: &str) -> Option<Self> {
        if let Ok(monday) = NaiveDate::parse_from_str(&format!("{text}-1"), "%G-W%V-%u") {
            return Some(Every::Week.around(monday));
        }
        if let (10, Ok(day)) = (text.len(), NaiveDate::parse_from_str(text, "%Y-%m-%d")) {
            return Some(Self::of(day, day));
        }
        let year: i32 = text.get(..4)?.parse().ok()?;
        let first = |month| NaiveDate::from_ymd_opt(year, month, 1);
        let (every, day) = match text.get(4..)? {
            "" => (Every::Year, first(1)?),
            "-Q1" => (Every::Quarter, first(1)?),
            "-Q2" => (Every::Quarter, first(4)?),
            "-Q3" => (Every::Quarter, first(7)?),
            "-Q4" => (Every::Quarter, first(10)?),
            month => (Every::Month, first(month.strip_prefix('-')?.parse().ok()?)?),
        };
        Some(every.around(day))
    }

    /// Returns the period that ends on the day before this period begins. If this period is a whole month, quarter or year, the result is
    /// the previous month, quarter or year. If it consists of several whole months, the result has the same number of months. Otherwise the
    /// result has the same number of days. `None`: this period has no first or no last day.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        let (from, to) = (self.from?, self.to?);
        let last = from.pred_opt()?;
        let whole = [Every::Year, Every::Quarter, Every::Month]
            .into_iter()
            .find(|every| every.around(from) == self);
        if let Some(every) = whole {
            return Some(every.around(last));
        }
        // The period consists of several whole months but is not a quarter or a year, for example January to April.
        if from.day() == 1 && to.succ_opt().is_some_and(|next| next.day() == 1) {
            let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32 + 1;
            let first = from.checked_sub_months(Months::new(months.unsigned_abs()))?;
            return Some(Self::of(first, last));
        }
        let days = u64::try_from((to - from).num_days()).ok()?;
        Some(Self::of(last.checked_sub_days(Days::new(days))?, last))
    }

    /// Returns the same days a year earlier. 29 February becomes 28 February. If this period ends on the last day of a month, the result
    /// also ends on the last day of that month. `None`: this period has no first or no last day.
    #[must_use]
    pub fn a_year_before(self) -> Option<Self> {
        let earlier = |day: NaiveDate| day.checked_sub_months(Months::new(12));
        let (from, to) = (self.from?, self.to?);
        let ends_month = to.succ_opt().is_some_and(|next| next.day() == 1);
        let last = earlier(to)?;
        let to = if ends_month {
            Every::Month.around(last).to?
        } else {
            last
        };
        Some(Self::of(earlier(from)?, to))
    }

    /// Returns the part of the period up to `today`, including `today`. `None`: the period begins after `today`.
    #[must_use]
    pub fn until(self, today: NaiveDate) -> Option<Self> {
        let begun = self.from.is_none_or(|from| from <= today);
        begun.then_some(Self {
            to: self.to.map(|to| to.min(today)),
            ..self
        })
    }

    /// Shortens this period for a comparison with the unfinished period `other`. The result has at most as many days as `other` has had so
    /// far, including `today`. Returns this period unchanged if `other` has not begun, or if it ends today or earlier.
    #[must_use]
    pub fn as_far_as(self, other: Self, today: NaiveDate) -> Self {
        let passed = match (other.from, other.to, self.from) {
            (Some(from), Some(to), Some(first)) if from <= today && today < to => {
                first.checked_add_signed(today - from)
            }
            _ => None,
        };
        Self {
            to: [self.to, passed].into_iter().flatten().min(),
            ..self
        }
    }

    /// Returns the part of the period that consists of whole calendar months that are over on the day `today`. `None`: the period contains
    /// no such month.
    #[must_use]
    pub fn whole_months(self, today: NaiveDate) -> Option<Self> {
        let over = Every::Month.around(today).before()?.to?;
        let last = self.to.map_or(over, |to| to.min(over));
        let to = match Every::Month.around(last).to? {
            end if end == last => last,
            _ => last.with_day(1)?.pred_opt()?,
        };
        let from = match self.from {
            Some(from) if from.day() > 1 => Some(next_month(from)?),
            from => from,
        };
        let some = from.is_none_or(|from| from <= to);
        some.then_some(Self { from, to: Some(to) })
    }

    /// Returns whether the period contains the day `day`.
    #[must_use]
    pub fn holds(self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Returns the length of the intervals into which a chart divides the period. A longer period has longer intervals, so that the chart
    /// does not have too many columns.
    #[must_use]
    pub fn pieces(self) -> Every {
        match (self.from, self.to) {
            (Some(from), Some(to)) => match (to - from).num_days() {
                ..=45 => Every::Day,
                46..=200 => Every::Week,
                // Up to five years, that is, at most 60 columns.
                201..=1_830 => Every::Month,
                _ => Every::Year,
            },
            _ => Every::Year,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        Period::of(day(from), day(to))
    }

    #[test]
    fn periods_have_the_names_people_give_them() {
        let on = |name| Period::named(name, day("2026-11-26")).unwrap();
        assert_eq!(on("week"), period("2026-11-23", "2026-11-29"));
        assert_eq!(on("yesterday"), period("2026-11-25", "2026-11-25"));
        assert_eq!(on("last_month"), period("2026-10-01", "2026-10-31"));
        assert_eq!(on("last_quarter"), period("2026-07-01", "2026-09-30"));
        assert_eq!(on("last_year"), period("2025-01-01", "2025-12-31"));
        assert!(
            NAMES
                .iter()
                .all(|name| Period::named(name, day("2024-02-29")).is_some())
        );
        assert_eq!(
            Period::written("2024-Q1"),
            Some(period("2024-01-01", "2024-03-31"))
        );
        assert_eq!(
            Period::written("2024-02"),
            Some(period("2024-02-01", "2024-02-29"))
        );
        assert_eq!(Period::written("2024-13"), None);
        assert_eq!(Period::written("letos"), None);
    }

    #[test]
    fn days_that_follow_one_another_are_one_run() {
        let days = ["2026-01-30", "2026-01-31", "2026-02-01", "2026-03-01"].map(day);
        let expected = [
            period("2026-01-30", "2026-02-01"),
            period("2026-03-01", "2026-03-01"),
        ];
        assert_eq!(runs(&days.into()), expected);
    }

    #[test]
    fn a_period_is_compared_with_what_people_compare_it_with() {
        let before = |from, to| period(from, to).before().unwrap();
        assert_eq!(
            before("2024-03-01", "2024-03-31"),
            period("2024-02-01", "2024-02-29")
        );
        assert_eq!(
            before("2024-01-01", "2024-04-30"),
            period("2023-09-01", "2023-12-31")
        );
        assert_eq!(
            before("2024-01-01", "2024-12-31"),
            period("2023-01-01", "2023-12-31")
        );
        assert_eq!(
            before("2026-11-23", "2026-11-29"),
            period("2026-11-16", "2026-11-22")
        );
        let a_year = |from, to| period(from, to).a_year_before().unwrap();
        assert_eq!(
            a_year("2024-02-01", "2024-02-29"),
            period("2023-02-01", "2023-02-28")
        );
        assert_eq!(
            a_year("2025-02-01", "2025-02-28"),
            period("2024-02-01", "2024-02-29")
        );
        assert_eq!(Period::default().before(), None);
    }

    #[test]
    fn a_period_that_is_not_over_is_compared_with_as_many_days() {
        let today = day("2026-11-03");
        let month = Period::named("month", today).unwrap();
        assert_eq!(month.until(today), Some(period("2026-11-01", "2026-11-03")));
        let before = month.before().unwrap();
        assert_eq!(before.as_far_as(month, today), period("2026-10-01", "2026-10-03"));
        let a_year = month.a_year_before().unwrap();
        assert_eq!(a_year.as_far_as(month, today), period("2025-11-01", "2025-11-03"));
        let over = day("2026-12-01");
        assert_eq!(before.as_far_as(month, over), period("2026-10-01", "2026-10-31"));
        assert_eq!(month.until(day("2026-10-31")), None);
        // 30 days of March have begun, but February has only 28 days.
        let march = period("2026-03-01", "2026-03-31");
        let february = march.before().unwrap();
        assert_eq!(
            february.as_far_as(march, day("2026-03-30")),
            period("2026-02-01", "2026-02-28")
        );
    }

    #[test]
    fn the_whole_months_of_a_period_are_those_that_are_over() {
        let today = day("2026-11-26");
        let whole = |from: &str, to: &str| period(from, to).whole_months(today);
        assert_eq!(
            whole("2026-01-02", "2026-12-31"),
            Some(period("2026-02-01", "2026-10-31"))
        );
        assert_eq!(
            whole("2026-02-01", "2026-02-28"),
            Some(period("2026-02-01", "2026-02-28"))
        );
        assert_eq!(whole("2026-02-01", "2026-02-27"), None);
        assert_eq!(whole("2026-11-01", "2026-11-30"), None);
        let ever = Period::default().whole_months(today).unwrap();
        assert_eq!((ever.from, ever.to), (None, Some(day("2026-10-31"))));
    }

    #[test]
    fn pieces_are_cut_where_people_cut_them() {
        let cut = |every| pieces(day("2026-12-28"), day("2027-01-04"), Some(every));
        assert_eq!(cut(Every::Week)["2027-01-03"].as_deref(), Some("2026-W53"));
        assert_eq!(cut(Every::Quarter)["2026-12-28"].as_deref(), Some("2026-Q4"));
        assert_eq!(cut(Every::Year)["2027-01-04"].as_deref(), Some("2027"));
        let months = pieces(day("2026-01-01"), day("2026-03-31"), Some(Every::Quarter));
        assert_eq!(months.len(), 3, "whole months, not days");
    }

    #[test]
    fn a_period_is_whole_years_whole_months_and_days() {
        assert_eq!(
            spans(day("2024-12-30"), day("2027-02-02")),
            [
                "2024-12-30",
                "2024-12-31",
                "2025",
                "2026",
                "2027-01",
                "2027-02-01",
                "2027-02-02"
            ]
        );
        assert_eq!(spans(day("2026-02-01"), day("2026-02-28")), ["2026-02"]);
        assert!(spans(day("2026-02-02"), day("2026-02-01")).is_empty());
    }

    proptest! {
        #[test]
        fn spans_are_the_period_and_nothing_twice(from in 0u64..2_000, length in 0u64..2_000) {
            let first = day("2020-01-01") + Days::new(from);
            let last = first + Days::new(length);
            let spans = spans(first, last);
            let mut at = first;
            let mut covered = 0;
            while at <= last {
                let of_day = at.to_string();
                let covering = spans.iter().filter(|span| of_day.starts_with(span.as_str())).count();
                prop_assert_eq!(covering, 1);
                covered += 1;
                at = at + Days::new(1);
            }
            prop_assert_eq!(covered, length + 1);
            prop_assert!(spans.len() <= 9 + 22 + 60);
        }
    }
}
