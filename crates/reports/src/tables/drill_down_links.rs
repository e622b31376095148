//! Drill-down links: URLs of the lists of items that a figure counts.

use chrono::NaiveDate;
use hotline_core::{
    statistics::figures::{CASE_KIND, FORWARDED, INSTITUTION, Measure},
    time::period::Period,
};
use hotline_store::statistics::counts::{BANDS, Breakdown};

use crate::labels::query_of;

/// The figures for which drill-down URLs are built: one measure in one period, with its grouping.
#[derive(Clone, Copy)]
pub struct DrillDownLinks<'a> {
    of: Measure,
    period: Period,
    by: &'a [String],
    /// Whether the period was narrowed to one of its intervals.
    is_piece: bool,
}

impl<'a> DrillDownLinks<'a> {
    pub fn of(found: &'a Breakdown) -> Self {
        Self {
            of: found.of,
            period: Period {
                from: found.from,
                to: found.to,
            },
            by: &found.by,
            is_piece: false,
        }
    }

    pub const fn new(
        of: Measure,
        (from, to): (Option<NaiveDate>, Option<NaiveDate>),
        by: &'a [String],
    ) -> Self {
        Self {
            of,
            period: Period { from, to },
            by,
            is_piece: false,
        }
    }

    /// Removes the grouping. The list at the URL then contains all items in the period.
    pub const fn uncut(self) -> Self {
        Self { by: &[], ..self }
    }

    /// Narrows the period to an interval such as `2024-03`. `None` leaves the period unchanged.
    pub fn in_piece(self, piece: Option<&str>) -> Self {
        // An interval name such as `2024-03` does not depend on today's date, so any date can be passed as today.
        let named = piece.and_then(|piece| Period::named(piece, NaiveDate::default()));
        let Some(named) = named else { return self };
        let from = [named.from, self.period.from].into_iter().flatten().max();
        let to = [named.to, self.period.to].into_iter().flatten().min();
        Self {
            period: Period { from, to },
            is_piece: true,
            ..self
        }
    }

    /// Returns the URL of the list of items with these values. Each value belongs to the dimension at the same position in the grouping. An
    /// empty or omitted value matches all items that have a value in that dimension. Returns `None` if the desk has no such list, for
    /// example for referrals.
    pub fn address<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> Option<String> {
        // No link, because the list could differ from the figure. The list would use the age bands that are in force at the end of the
        // interval. The figure uses the age bands that are in force at the end of the period.
        if self.is_piece && self.by.iter().any(|by| by.starts_with(BANDS)) {
            return None;
        }
        let mut values: Vec<&str> = values.into_iter().collect();
        values.resize(self.by.len(), "");
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let (from, to) = (day(self.period.from), day(self.period.to));
        match self.of {
            Measure::Contact | Measure::Closing => {
                let query = query_of([
                    ("of", &self.of.as_str().to_owned()),
                    ("from", &from),
                    ("to", &to),
                    ("by", &self.by.join(",")),
                    ("is", &values.join(",")),
                ]);
                Some(format!("/desk/statistics/contacts?{query}"))
            }
            Measure::Case => {
                let of = |dimension: &str| {
                    let place = self.by.iter().position(|by| by == dimension);
                    let value = place.and_then(|place| values.get(place));
                    value.copied().unwrap_or_default().to_owned()
                };
                // Only forwarded cases have an institution. A figure of a grouping by institution therefore counts only forwarded cases.
                let any_institution = self.by.iter().any(|by| by == INSTITUTION);
                let kind = match of(CASE_KIND).as_str() {
                    "" if any_institution => FORWARDED.to_owned(),
                    kind => kind.to_owned(),
                };
                let query = query_of([
                    ("from", &from),
                    ("to", &to),
                    ("kind", &kind),
                    ("institution", &of(INSTITUTION)),
                ]);
                Some(format!("/desk/cases?{query}"))
            }
            Measure::Referral => None,
        }
    }
}
