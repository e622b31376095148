//! What is counted of a contact, and how: the one definition behind every figure that is shown, exported or published.
//!
//! A registered communication ([`crate::counting`]) has at most one value in each dimension. It is counted once in the total of its
//! day, once under each of its values, and once under each pair of them; and so in the month and the year of its day. What has no
//! value in a dimension is counted nowhere in it: it is the rest of the total. So the values of a dimension and its rest are the
//! total by construction, whichever way a figure is cut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

use crate::{
    classification::{Answers, Scheme, is_id},
    clock,
};

/// Dimensions that every contact has, whatever the scheme asks. The others are the questions of the scheme.
pub const CHANNEL: &str = "channel";
/// The language of the person.
pub const LANGUAGE: &str = "language";
/// The hour of the day in the centre's zone, `00` to `23`.
pub const HOUR: &str = "hour";
/// The day of the week, `1` (Monday) to `7`.
pub const WEEKDAY: &str = "weekday";
/// `yes` or `no`, by its kind.
pub const COUNSELLING: &str = "counselling";

/// What is known of a contact as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The local day on which it was registered.
    pub day: NaiveDate,
    /// Its value in each dimension in which it has one.
    pub values: BTreeMap<String, String>,
}

impl Facts {
    /// What is counted of a contact of this channel and language, registered at this time, with what was chosen of it
    /// ([`Scheme::chosen_and_words`]). Of questions that take several the first answer counts.
    #[must_use]
    pub fn of(
        channel: &str,
        language: Option<&str>,
        registered_at: DateTime<Utc>,
        zone: Tz,
        scheme: &Scheme,
        chosen: &Answers,
    ) -> Self {
        let local = registered_at.with_timezone(&zone);
        let weekday = local.weekday().number_from_monday();
        let mut values = BTreeMap::from([
            (CHANNEL.to_owned(), channel.to_owned()),
            (HOUR.to_owned(), format!("{:02}", local.hour())),
            (WEEKDAY.to_owned(), weekday.to_string()),
        ]);
        if let Some(language) = language {
            values.insert(LANGUAGE.to_owned(), language.to_owned());
        }
        if let Some(kind) = scheme.kind(chosen) {
            let said = if kind.counselling { "yes" } else { "no" };
            values.insert(COUNSELLING.to_owned(), said.to_owned());
        }
        for (question, given) in chosen {
            // What an earlier version of the scheme had is counted as it was.
            if let Some(first) = given.first().filter(|first| is_id(first)) {
                values.insert(question.clone(), first.clone());
            }
        }
        Self {
            day: clock::day_of(registered_at, zone),
            values,
        }
    }
}

/// Every dimension of a scheme, by name.
#[must_use]
pub fn dimensions(scheme: &Scheme) -> BTreeSet<String> {
    let chosen = scheme.questions.iter().filter(|question| question.text.is_none());
    let asked = chosen.map(|question| question.id.as_str());
    let fixed = [CHANNEL, LANGUAGE, HOUR, WEEKDAY, COUNSELLING];
    asked.chain(fixed).map(str::to_owned).collect()
}

/// A place in which contacts are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// A day (`2026-01-31`), a month (`2026-01`) or a year (`2026`).
    pub span: String,
    /// A dimension; empty: the total.
    pub one: String,
    /// Another, later in the alphabet; empty: there is none.
    pub other: String,
    /// The value in the one.
    pub value: String,
    /// The value in the other.
    pub other_value: String,
}

/// How the cells change when what is known of a contact changes. `None`: it does not count.
#[must_use]
pub fn change(before: Option<&Facts>, after: Option<&Facts>) -> BTreeMap<Cell, i64> {
    let mut changed: BTreeMap<Cell, i64> = BTreeMap::new();
    for (facts, by) in [(before, -1), (after, 1)] {
        for cell in facts.into_iter().flat_map(cells) {
            *changed.entry(cell).or_default() += by;
        }
    }
    changed.retain(|_, by| *by != 0);
    changed
}

/// Every cell in which a contact is counted.
fn cells(facts: &Facts) -> Vec<Cell> {
    let day = facts.day.to_string();
    let mut cells = Vec::new();
    for span in [day.get(..4), day.get(..7), day.get(..)].into_iter().flatten() {
        let mut add = |one: &str, other: &str, value: &str, other_value: &str| {
            cells.push(Cell {
                span: span.to_owned(),
                one: one.to_owned(),
                other: other.to_owned(),
                value: value.to_owned(),
                other_value: other_value.to_owned(),
            });
        };
        add("", "", "", "");
        for (place, (one, value)) in facts.values.iter().enumerate() {
            add(one, "", value, "");
            for (other, other_value) in facts.values.iter().skip(place + 1) {
                add(one, other, value, other_value);
            }
        }
    }
    cells
}

/// The fewest spans that together are a period of days, both ends included: whole years, whole months, days.
#[must_use]
pub fn spans(from: NaiveDate, to: NaiveDate) -> Vec<String> {
    let mut spans = Vec::new();
    let mut day = from;
    while day <= to {
        let next_year = NaiveDate::from_ymd_opt(day.year() + 1, 1, 1);
        let next_month = next_month(day);
        let after =
            |next: Option<NaiveDate>| next.filter(|next| next.pred_opt().is_some_and(|last| last <= to));
        let (span, next) = if let (1, Some(next)) = (day.ordinal(), after(next_year)) {
            (day.format("%Y").to_string(), Some(next))
        } else if let (1, Some(next)) = (day.day(), after(next_month)) {
            (day.format("%Y-%m").to_string(), Some(next))
        } else {
            (day.to_string(), day.checked_add_days(Days::new(1)))
        };
        spans.push(span);
        match next {
            Some(next) => day = next,
            None => break,
        }
    }
    spans
}

/// Into which pieces a period is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Into days.
    Day,
    /// Into weeks of ISO 8601, which begin on Monday.
    Week,
    /// Into months.
    Month,
    /// Into quarters.
    Quarter,
    /// Into years.
    Year,
}

impl Every {
    /// Every way there is.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// Its name in addresses and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The way with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|every| every.as_str() == name)
    }

    /// The piece a day is in: `2026-01-31`, `2026-W05`, `2026-01`, `2026-Q1` or `2026`.
    #[must_use]
    pub fn piece_of(self, day: NaiveDate) -> String {
        match self {
            Self::Day => day.to_string(),
            Self::Week => day.format("%G-W%V").to_string(),
            Self::Month => day.format("%Y-%m").to_string(),
            Self::Quarter => format!("{}-Q{}", day.year(), day.month0() / 3 + 1),
            Self::Year => day.format("%Y").to_string(),
        }
    }
}

/// The spans that together are a period, each with the piece it is in.
#[must_use]
pub fn pieces(from: NaiveDate, to: NaiveDate, every: Option<Every>) -> BTreeMap<String, Option<String>> {
    let Some(every) = every else {
        return spans(from, to).into_iter().map(|span| (span, None)).collect();
    };
    let mut pieces = BTreeMap::new();
    let mut first = from;
    while first <= to {
        let piece = every.piece_of(first);
        let mut last = first;
        while let Some(next) = last
            .succ_opt()
            .filter(|next| *next <= to && every.piece_of(*next) == piece)
        {
            last = next;
        }
        pieces.extend(
            spans(first, last)
                .into_iter()
                .map(|span| (span, Some(piece.clone()))),
        );
        match last.succ_opt() {
            Some(next) => first = next,
            None => break,
        }
    }
    pieces
}

fn next_month(day: NaiveDate) -> Option<NaiveDate> {
    match day.month() {
        12 => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(day.year(), month + 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Belgrade;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn facts(at: &str, answers: &[(&str, &str)]) -> Facts {
        let answers = answers
            .iter()
            .map(|(question, answer)| ((*question).to_owned(), vec![(*answer).to_owned()]))
            .collect();
        let at: DateTime<Utc> = at.parse().unwrap();
        let scheme = Scheme::centre().unwrap();
        let (chosen, _) = scheme.chosen_and_words(&answers);
        Facts::of("letters", Some("sr-Latn"), at, Belgrade, &scheme, &chosen)
    }

    #[test]
    fn a_contact_counts_on_its_local_day_in_both_nights_when_clocks_are_set_and_at_the_end_of_a_year() {
        for (at, on, hour) in [
            ("2026-03-28T22:30:00Z", "2026-03-28", "23"),
            ("2026-03-28T23:30:00Z", "2026-03-29", "00"),
            ("2026-10-24T21:30:00Z", "2026-10-24", "23"),
            ("2026-10-24T22:30:00Z", "2026-10-25", "00"),
            ("2026-12-31T22:30:00Z", "2026-12-31", "23"),
            ("2026-12-31T23:30:00Z", "2027-01-01", "00"),
        ] {
            let facts = facts(at, &[]);
            assert_eq!((facts.day, facts.values[HOUR].as_str()), (day(on), hour), "{at}");
        }
    }

    #[test]
    fn words_of_ones_own_are_not_counted_and_a_kind_says_whether_it_was_counselling() {
        let prank = facts(
            "2026-11-26T10:00:00Z",
            &[("kind", "prank"), ("platform_named", "X Y")],
        );
        assert_eq!(prank.values[COUNSELLING], "no");
        assert_eq!(prank.values.get("platform_named"), None);
        assert_eq!(prank.values[WEEKDAY], "4");
    }

    #[test]
    fn what_does_not_change_touches_no_cell() {
        let before = facts("2026-11-26T10:00:00Z", &[("kind", "counselling")]);
        assert!(change(Some(&before), Some(&before)).is_empty());
        let after = facts(
            "2026-11-26T10:00:00Z",
            &[("kind", "counselling"), ("gender", "girl")],
        );
        let changed = change(Some(&before), Some(&after));
        assert!(
            changed
                .iter()
                .all(|(cell, by)| *by == 1 && (cell.one == "gender" || cell.other == "gender"))
        );
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
