//! What is asked of the figures, and what is answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use hotline_core::{
    statistics::figures::{self, ANSWERED, FIRST_REPLY, HOUR, Measure, URGENT_READ, WEEKDAY},
    time::{
        clock,
        period::{self, Every, Period},
    },
};
use serde::Serialize;

use crate::error::{Conflict, StoreError};

/// A period that begins earlier than this before anything was counted is shown from there.
const FARTHEST: Days = Days::new(1_100);

/// What is asked of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsFilter {
    /// What is counted.
    pub of: Measure,
    /// For which days.
    pub period: Period,
    /// By which dimensions: none, one or two.
    pub by: Vec<String>,
    /// And by which pieces of the period, if by any.
    pub every: Option<Every>,
}

impl StatisticsFilter {
    /// Registered communications of a period, by these dimensions.
    #[must_use]
    pub fn contacts<const N: usize>(period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self::of(Measure::Contact, period, by, every)
    }

    /// Anything that is counted, of a period, by these dimensions.
    #[must_use]
    pub fn of<const N: usize>(of: Measure, period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self {
            of,
            period,
            by: by.map(str::to_owned).into(),
            every,
        }
    }

    /// Reads `channel,month`: up to two dimensions, and one way to cut the period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the period is cut in two ways. What is no dimension is refused when it is looked up.
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

/// Figures of a period, cut as was asked.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Breakdown {
    /// What is counted.
    pub of: Measure,
    /// The first day, if the period has one.
    pub from: Option<NaiveDate>,
    /// The last day, if the period has one.
    pub to: Option<NaiveDate>,
    /// The zone in which a day is a day.
    pub time_zone: String,
    /// When these figures were read.
    pub as_of: DateTime<Utc>,
    /// The dimensions, in the order asked for.
    pub by: Vec<String>,
    /// The pieces of the period, if it is cut into any.
    pub every: Option<Every>,
    /// Registered by this software in the period: what the rows and the rest are together.
    pub registered: i64,
    /// What has a value in each dimension asked for.
    pub rows: Vec<FigureRow>,
    /// What has none in one of them, as what is not classified yet; and what is hidden.
    pub rest: i64,
    /// Rows of less than this are hidden, and what would tell them ([`crate::db::store::Store::shown`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_below: Option<i64>,
}

/// A row of a breakdown.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FigureRow {
    /// The piece of the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<String>,
    /// The values, one for each dimension.
    pub values: Vec<String>,
    /// How many.
    pub count: i64,
}

impl Breakdown {
    /// What the rows are together.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// The count of one dimension's value; 0 if it has no row.
    #[must_use]
    pub fn count(&self, value: &str) -> i64 {
        let of_value = self
            .rows
            .iter()
            .filter(|row| row.values.first().is_some_and(|first| first == value));
        of_value.map(|row| row.count).sum()
    }

    /// Every piece from the first in which there was anything to the last, and those before and after it that were asked for, unless
    /// the period begins years before anything.
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
            .map_or(first, |from| from.min(first));
        let to = self.to.map_or(last, |to| to.min(today).max(last));
        let spans = period::pieces(from, to, self.every).into_values();
        let pieces: BTreeSet<String> = spans.flatten().collect();
        pieces.into_iter().collect()
    }

    /// Takes out the rows below `least`, and as many more as are needed so that none of these can be found by subtracting the others.
    pub(super) fn hide(&mut self, least: i64) {
        let place = |row: &FigureRow| {
            let mut values: Vec<&str> = row.piece.as_deref().into_iter().collect();
            values.extend(row.values.iter().map(String::as_str));
            let last = values.pop().unwrap_or_default().to_owned();
            (values.pop().unwrap_or_default().to_owned(), last)
        };
        let cells = self.rows.iter().map(|row| (place(row), row.count));
        let masked = hotline_core::statistics::mask::masked(&cells.collect(), least);
        self.rows.retain(|row| !masked.contains(&place(row)));
    }
}

impl StatisticsFilter {
    /// Whether it tells of persons.
    pub(super) fn is_personal(&self) -> bool {
        self.by.iter().any(|dimension| figures::is_personal(dimension))
    }

    /// Whether its rows are of so few, or of so short a time, that hiding the small ones would not keep what they tell.
    pub(super) fn is_fine(&self) -> bool {
        let by = |dimensions: &[&str]| self.by.iter().any(|one| dimensions.contains(&one.as_str()));
        let crossed = self.by.len() + usize::from(self.every.is_some()) > 1;
        by(&[HOUR, WEEKDAY, FIRST_REPLY])
            || matches!(self.every, Some(Every::Day | Every::Week))
            || self.every.is_some() && self.by.len() > 1
            // How many were missed is known of every day, and how long the urgent ones lay unread is of few.
            || crossed && by(&[ANSWERED, URGENT_READ])
    }
}
