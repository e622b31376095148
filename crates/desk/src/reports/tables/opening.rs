//! Where figures open: the address of a list of what they count.

use chrono::NaiveDate;
use hotline_core::{
    statistics::figures::{CASE_KIND, FORWARDED, INSTITUTION, Measure},
    time::period::Period,
};
use hotline_store::statistics::figures::{BANDS, Breakdown};

use crate::reports::labels::query_of;

/// Figures of one kind, of some days.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    of: Measure,
    period: Period,
    by: &'a [String],
    /// Whether the days are those of a piece of the period.
    is_piece: bool,
}

impl<'a> Opening<'a> {
    pub(crate) fn of(found: &'a Breakdown) -> Self {
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

    pub(crate) const fn new(
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

    /// For all of them, whatever they are.
    pub(crate) const fn uncut(self) -> Self {
        Self { by: &[], ..self }
    }

    /// For the days of a piece alone.
    pub(crate) fn in_piece(self, piece: Option<&str>) -> Self {
        // A piece says its days whatever day it is.
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

    /// The list of those that have these values; of dimensions without one, of those that have any. `None`: there is no such list.
    pub(crate) fn address<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> Option<String> {
        // Bands are those of the period's end: of a piece they may be others.
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
                // Only what was forwarded has any institution.
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
