//! The whole closed period around a moment, so that messages of the same period can be treated as one.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::time::hours::{
    OpeningHours,
    opening::{SEARCH_DAYS, days_around, search_end},
};

/// A period in which the service is closed without interruption. Either both ends are known or neither is: a closed period of more than
/// [`SEARCH_DAYS`] days has no known ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClosedPeriod {
    /// The moment at which the service closed. `None`: the period lasts longer than [`SEARCH_DAYS`].
    pub since: Option<DateTime<Utc>>,
    /// The moment at which the service opens again. `None`: the period lasts longer than [`SEARCH_DAYS`].
    pub until: Option<DateTime<Utc>>,
}

/// Whether a line is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// No opening hours are stored for the line or the centre, or they cannot be read. The line counts as open.
    Unknown,
    /// The line is open.
    Open,
    /// The line is closed.
    Closed {
        /// The whole time for which the line is closed.
        period: ClosedPeriod,
        /// When the line opens. `None`: not within the next 400 days.
        opens: Option<DateTime<Utc>>,
    },
}

impl OpeningHours {
    /// Returns whether a line with these hours is open at `at`.
    #[must_use]
    pub fn opening(&self, at: DateTime<Utc>, zone: Tz) -> Opening {
        match self.closed_period(at, zone) {
            None => Opening::Open,
            Some(period) => Opening::Closed {
                period,
                opens: period.until.or_else(|| self.next_opening(at, zone)),
            },
        }
    }

    /// Returns the whole closed period around `at`, or `None` if the service is open at `at`. The result is the same for every moment of
    /// a closed period.
    #[must_use]
    pub fn closed_period(&self, at: DateTime<Utc>, zone: Tz) -> Option<ClosedPeriod> {
        if self.is_open(at, zone) {
            return None;
        }
        let since = self.last_closing(at, zone);
        let until = self.next_opening(at, zone);
        let ends = since
            .zip(until)
            .filter(|(since, until)| *until <= search_end(*since));
        let (since, until) = ends.unzip();
        Some(ClosedPeriod { since, until })
    }

    /// Returns the last moment, at or before `at`, at which a span ends. `None`: no span ends within the [`SEARCH_DAYS`] before `at`. The
    /// search also covers a few days before these.
    fn last_closing(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let last = days_around(at, zone).last()?;
        let days = std::iter::successors(Some(last), NaiveDate::pred_opt).take(usize::from(SEARCH_DAYS) + 3);
        let mut closings = days.filter_map(|day| {
            let spans = self.spans_on(day, zone).into_iter();
            spans.map(|span| span.end).rfind(|closing| *closing <= at)
        });
        closings.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELGRADE: Tz = chrono_tz::Europe::Belgrade;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_closed_period_reaches_over_weekends_and_holidays() {
        let hours = OpeningHours::default();
        let period = |text: &str| hours.closed_period(at(text), BELGRADE);
        let easter = ClosedPeriod {
            since: Some(at("2026-04-09T13:30:00Z")),
            until: Some(at("2026-04-14T05:30:00Z")),
        };
        for moment in [
            "2026-04-09T13:30:00Z",
            "2026-04-12T00:00:00Z",
            "2026-04-14T05:29:59Z",
        ] {
            assert_eq!(period(moment), Some(easter));
        }
        assert_eq!(period("2026-04-14T05:30:00Z"), None);
        let next = |text: &str| hours.next_opening(at(text), BELGRADE);
        assert_eq!(next("2026-04-14T05:29:59Z"), Some(at("2026-04-14T05:30:00Z")));
        assert_eq!(next("2026-04-14T05:30:00Z"), Some(at("2026-04-15T05:30:00Z")));
    }

    #[test]
    fn a_long_closed_period_has_no_ends_at_any_of_its_moments() {
        for (reopens, is_known) in [("2027-02-04", true), ("2027-02-06", false)] {
            let exception =
                |date: &str| format!("[[exceptions]]\ndate = \"{date}\"\ntimes = [\"10:00-24:00\"]\n");
            let text = format!("weekly = {{}}\n{}{}", exception("2025-12-31"), exception(reopens));
            let hours: OpeningHours = toml::from_str(&text).unwrap();
            let periods = [
                "2026-01-01T00:00:00Z",
                "2026-07-01T00:00:00Z",
                "2027-02-03T00:00:00Z",
            ]
            .map(|moment| hours.closed_period(at(moment), BELGRADE).unwrap());
            assert_eq!([periods[0]; 3], periods);
            assert_eq!(
                (periods[0].since.is_some(), periods[0].until.is_some()),
                (is_known, is_known)
            );
        }
    }
}
