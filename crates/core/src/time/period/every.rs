//! Divides periods into intervals for display and into spans for queries. A span is a day, a month or a year for which the database stores
//! counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::time::period::Period;

/// Returns the spans that together make up the period from `from` to `to`, both included. The list is as short as possible: it contains
/// whole years where possible, otherwise whole months, otherwise single days.
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

/// The length of the intervals into which a period is divided.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Every {
    /// Days.
    Day,
    /// ISO 8601 weeks, which begin on Monday.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

crate::named!(Every);

impl Every {
    /// Returns the length of an interval in months, or `None` for days and weeks.
    pub(super) const fn months(self) -> Option<u32> {
        match self {
            Self::Day | Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }

    /// Returns the whole interval that contains the day `day`.
    #[must_use]
    pub fn around(self, day: NaiveDate) -> Period {
        let Some(months) = self.months() else {
            let back = match self {
                Self::Week => day.weekday().num_days_from_monday(),
                Self::Day | Self::Month | Self::Quarter | Self::Year => 0,
            };
            let length = if self == Self::Week { 6 } else { 0 };
            let first = day.checked_sub_days(Days::new(back.into())).unwrap_or(day);
            return Period::of(first, first.checked_add_days(Days::new(length)).unwrap_or(first));
        };
        let month = day.month0() / months * months + 1;
        let first = NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        let next = first.checked_add_months(Months::new(months));
        let last = next.and_then(|next| next.pred_opt());
        Period::of(first, last.unwrap_or(first))
    }

    /// Returns the name of the interval that contains the day `day`: `2026-01-31`, `2026-W05`, `2026-01`, `2026-Q1` or `2026`.
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

/// Divides a period into spans for which counts are stored. Returns each span with the name of the interval that contains it. If `every` is
/// `None`, the period is not divided into intervals, and the names are `None`.
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

/// Groups days into periods of consecutive days.
#[must_use]
pub fn runs(days: &BTreeSet<NaiveDate>) -> Vec<Period> {
    let mut runs: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for day in days {
        match runs.last_mut().filter(|(_, last)| last.succ_opt() == Some(*day)) {
            Some((_, last)) => *last = *day,
            None => runs.push((*day, *day)),
        }
    }
    runs.into_iter()
        .map(|(first, last)| Period::of(first, last))
        .collect()
}

pub(super) fn next_month(day: NaiveDate) -> Option<NaiveDate> {
    match day.month() {
        12 => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(day.year(), month + 1, 1),
    }
}
