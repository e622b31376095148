//! Queries for figures, and their results.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use hotline_core::{
    statistics::figures::{self, ANSWERED, FIRST_REPLY, HOUR, Measure, URGENT_READ, WEEKDAY},
    time::{
        clock,
        period::{self, Every, Period},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Conflict, StoreError};

/// If a period begins more than this many days before the first interval with a count, [`Breakdown::pieces`] starts with that interval and
/// leaves out the earlier, empty intervals.
const FARTHEST: Days = Days::new(1_100);

/// A query for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsFilter {
    /// The measure to count.
    pub of: Measure,
    /// The days to count.
    pub period: Period,
    /// The dimensions to group by: none, one or two.
    pub by: Vec<String>,
    /// The intervals into which the period is divided, such as months. `None` if the period is not divided.
    pub every: Option<Every>,
}

impl StatisticsFilter {
    /// Builds a query that counts registered communications.
    #[must_use]
    pub fn contacts<const N: usize>(period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self::of(Measure::Contact, period, by, every)
    }

    /// Builds a query that counts items of any measure.
    #[must_use]
    pub fn of<const N: usize>(of: Measure, period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self {
            of,
            period,
            by: by.map(str::to_owned).into(),
            every,
        }
    }

    /// Parses a list such as `channel,month`: dimensions, and at most one kind of interval.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if there are two kinds of intervals. Invalid dimensions are rejected when the query runs.
    pub fn parse(of: Measure, period: Period, by: &str) -> Result<Self, StoreError> {
        let mut cut = Self::of(of, period, [], None);
        for name in by.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match Every::parse(name) {
                Some(_) if cut.every.is_some() => return Err(StoreError::Conflict(Conflict::NoDimension)),
                Some(every) => cut.every = Some(every),
                None => cut.by.push(name.to_owned()),
            }
        }
        Ok(cut)
    }
}

/// The figures of a period, grouped as requested.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct Breakdown {
    /// The measure that was counted.
    pub of: Measure,
    /// The first day of the period. `None` if the period has no beginning.
    pub from: Option<NaiveDate>,
    /// The last day of the period. `None` if the period has no end.
    pub to: Option<NaiveDate>,
    /// Time zone that determines where a day begins.
    pub time_zone: String,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
    /// The dimensions, in the requested order.
    pub by: Vec<String>,
    /// The intervals into which the period is divided. `None` if the period is not divided.
    pub every: Option<Every>,
    /// Number of items registered by this software in the period. Equals the sum of the counts of all rows plus `rest`.
    pub registered: i64,
    /// One row for each combination of interval and values, with its count. Items without a value in a requested dimension are in no row.
    pub rows: Vec<FigureRow>,
    /// Number of items that no row counts: items without a value in a requested dimension, such as unclassified contacts, and items of
    /// suppressed rows.
    pub rest: i64,
    /// Rows with a count below this value are suppressed. Other rows are suppressed too if small counts could be derived from them
    /// ([`crate::db::store::Store::breakdown_for_reader`]). `None` if the reader may see all counts.
    #[serde(rename = "hidden_below", skip_serializing_if = "Option::is_none")]
    pub suppressed_below: Option<i64>,
    /// The values of the dimension in their order, if small figures are suppressed and the breakdown has only one dimension. A value in
    /// this list without a row is suppressed or has no items. Otherwise empty, also if the values of the dimension are not listed anywhere.
    #[serde(skip)]
    pub possible_values: Vec<String>,
    /// The first day of the month in which this software registered its first contact. Earlier intervals have no figures, not even zero.
    #[serde(skip)]
    pub began: NaiveDate,
}

/// One row of a breakdown.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct FigureRow {
    /// The interval of the row, such as `2024-03`. `None` if the period is not divided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<String>,
    /// One value for each dimension.
    pub values: Vec<String>,
    /// Number of items with these values in this interval.
    pub count: i64,
}

impl Breakdown {
    /// Returns the sum of the counts of all rows.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// Returns the number of items with this value in the first dimension: the sum of the counts of all rows with this value, or 0 if no
    /// row has it.
    #[must_use]
    pub fn count(&self, value: &str) -> i64 {
        let of_value = self
            .rows
            .iter()
            .filter(|row| row.values.first().is_some_and(|first| first == value));
        of_value.map(|row| row.count).sum()
    }

    /// Returns the intervals of the requested period up to today, including intervals without counts. The result starts with the first
    /// interval that has a count if the period has no beginning, or if it begins more than 1,100 days before that interval. Intervals before
    /// this software registered its first contact are left out: nobody knows their counts. If the period has no end, the result ends with the last interval that has a count.
    #[must_use]
    pub fn pieces(&self) -> Vec<String> {
        let zone = self.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let today = clock::day_of(self.as_of, zone);
        let days = |piece: Option<&String>| Period::named(piece?, today);
        let pieces = || self.rows.iter().filter_map(|row| row.piece.as_ref());
        let first = days(pieces().min()).and_then(|piece| piece.from);
        let last = days(pieces().max()).and_then(|piece| piece.to);
        let (Some(first), Some(last)) = (first, last) else {
            return Vec::new();
        };
        let far = first.checked_sub_days(FARTHEST).unwrap_or(first);
        let from = self
            .from
            .filter(|from| *from >= far)
            .map_or(first, |from| from.max(self.began).min(first));
        let to = self.to.map_or(last, |to| to.min(today).max(last));
        let spans = period::pieces(from, to, self.every).into_values();
        let pieces: BTreeSet<String> = spans.flatten().collect();
        pieces.into_iter().collect()
    }

    /// Suppresses the rows with a count below `least`. Also suppresses other rows if a reader could otherwise derive a suppressed count by
    /// subtraction.
    pub(super) fn suppress_small_counts(&mut self, least: i64) {
        let place = |row: &FigureRow| {
            let mut values: Vec<&str> = row.piece.as_deref().into_iter().collect();
            values.extend(row.values.iter().map(String::as_str));
            let last = values.pop().unwrap_or_default().to_owned();
            (values.pop().unwrap_or_default().to_owned(), last)
        };
        let cells = self.rows.iter().map(|row| (place(row), row.count));
        let masked = hotline_core::statistics::suppression::masked(&cells.collect(), least);
        self.rows.retain(|row| !masked.contains(&place(row)));
    }
}

impl StatisticsFilter {
    /// Returns whether the figures are grouped by a dimension that describes persons.
    pub(super) fn is_personal(&self) -> bool {
        self.by.iter().any(|dimension| figures::is_personal(dimension))
    }

    /// Returns whether the figures are grouped so finely that suppressing small counts would not protect persons.
    pub(super) fn is_fine(&self) -> bool {
        let by = |dimensions: &[&str]| self.by.iter().any(|one| dimensions.contains(&one.as_str()));
        let crossed = self.by.len() + usize::from(self.every.is_some()) > 1;
        by(&[HOUR, WEEKDAY, FIRST_REPLY])
            || matches!(self.every, Some(Every::Day | Every::Week))
            || self.every.is_some() && self.by.len() > 1
            // Published figures contain the number of missed contacts for each day, and urgent contacts are few. Figures that
            // combine `ANSWERED` or `URGENT_READ` with another grouping could therefore identify persons.
            || crossed && by(&[ANSWERED, URGENT_READ])
    }
}
