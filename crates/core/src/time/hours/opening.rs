//! When opening hours are open: spans of local time as periods in UTC.

use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::time::{clock::day_of, hours::OpeningHours};

/// The number of days that a search looks ahead or back. It is more than a year, so that a search finds hours that open once a year.
pub const SEARCH_DAYS: u16 = 400;

impl OpeningHours {
    /// Returns whether the service is open at this moment. A span includes the moment at which it opens and excludes the moment at which it
    /// closes.
    ///
    /// In the night when the clocks go forward, a time in the skipped hour means the moment of the clock change. In the night when the
    /// clocks go back, a time in the repeated hour means its first occurrence, as in RFC 5545, section 3.3.5. The span from 01:00 to 04:00
    /// therefore lasts two hours in the first night and four hours in the second.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let mut spans = days_around(at, zone).flat_map(|day| self.spans_on(day, zone));
        spans.any(|span| span.contains(&at))
    }

    /// Returns the first moment after `at` at which the service opens or closes. Spans that adjoin or overlap are one open period, also at
    /// midnight. `None`: this does not happen within [`SEARCH_DAYS`].
    #[must_use]
    pub fn next_change(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        self.open_periods(at, zone)
            .flat_map(|period| [period.start, period.end])
            .find(|change| *change > at)
            .filter(|change| *change <= search_end(at))
    }

    /// Returns the first moment after `at` at which the service opens. If the service is open at `at`, this is the opening after the next
    /// closing. `None`: the service does not open within [`SEARCH_DAYS`].
    #[must_use]
    pub fn next_opening(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        self.open_periods(at, zone)
            .map(|period| period.start)
            .find(|opening| *opening > at)
            .filter(|opening| *opening <= search_end(at))
    }

    /// Returns how long the service is open between two moments. The result is zero if `to` is not after `from`. Only the first
    /// [`SEARCH_DAYS`] after `from` are counted.
    #[must_use]
    pub fn open_between(&self, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> TimeDelta {
        let to = to.min(search_end(from));
        self.open_spans(from, zone)
            .take_while(|span| span.start < to)
            .map(|span| span.end.min(to) - span.start.max(from))
            .filter(|length| *length > TimeDelta::zero())
            .sum()
    }

    /// Returns the first moment at which the service has been open for `wait` since `from`. If `wait` is zero or negative, this is the
    /// first open moment at or after `from`. `None`: there is no such moment within [`SEARCH_DAYS`].
    #[must_use]
    pub fn after_open(&self, from: DateTime<Utc>, wait: TimeDelta, zone: Tz) -> Option<DateTime<Utc>> {
        let mut wait = wait.max(TimeDelta::zero());
        for span in self.open_spans(from, zone).filter(|span| span.end > from) {
            let start = span.start.max(from);
            if wait <= span.end - start {
                return start
                    .checked_add_signed(wait)
                    .filter(|at| *at <= search_end(from));
            }
            wait -= span.end - start;
        }
        None
    }

    /// Returns the last moment from which the opening hours until `to` add up to `wait`. This function is the inverse of
    /// [`Self::after_open`]. If `wait` is zero or negative, this is `to`. `None`: there is no such moment within the last [`SEARCH_DAYS`].
    #[must_use]
    pub fn before_open(&self, to: DateTime<Utc>, wait: TimeDelta, zone: Tz) -> Option<DateTime<Utc>> {
        if wait <= TimeDelta::zero() {
            return Some(to);
        }
        let mut wait = wait;
        let days = std::iter::successors(Some(day_of(to, zone)), NaiveDate::pred_opt);
        for day in days.take(usize::from(SEARCH_DAYS) + 3) {
            for span in self
                .spans_on(day, zone)
                .into_iter()
                .rev()
                .filter(|span| span.start < to)
            {
                let end = span.end.min(to);
                if wait <= end - span.start {
                    return end.checked_sub_signed(wait);
                }
                wait -= end - span.start;
            }
        }
        None
    }

    /// Returns the parts of open periods between two moments, in order.
    #[must_use]
    pub fn open_periods_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        zone: Tz,
    ) -> Vec<Range<DateTime<Utc>>> {
        let spans = self.open_spans(from, zone).take_while(|span| span.start < to);
        join_spans(spans)
            .map(|period| period.start.max(from)..period.end.min(to))
            .filter(|period| period.start < period.end)
            .collect()
    }

    /// Returns the spans of [`Self::open_spans`], with adjoining spans of consecutive days joined into one period. Hours around the clock
    /// are a single period, so computing the first period can take a pass over all days.
    fn open_periods(&self, at: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = Range<DateTime<Utc>>> {
        join_spans(self.open_spans(at, zone))
    }

    /// Returns the open spans of each day, from the local day of `at` until after [`search_end`], in order.
    fn open_spans(&self, at: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = Range<DateTime<Utc>>> {
        let days = day_of(at, zone).iter_days().take(usize::from(SEARCH_DAYS) + 3);
        days.flat_map(move |day| self.spans_on(day, zone))
    }

    /// Returns the open spans of a day in UTC, in order. They are not empty and do not overlap, and they begin when those of the previous
    /// day have ended.
    pub(super) fn spans_on(&self, day: NaiveDate, zone: Tz) -> Vec<Range<DateTime<Utc>>> {
        let times = self.times_on(day).iter();
        let mut spans: Vec<_> = times
            .map(|span| span.opens.moment_on(day, zone)..span.closes.moment_on(day, zone))
            .filter(|span| span.start < span.end)
            .collect();
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        join_spans(spans.into_iter()).collect()
    }
}

/// Joins spans that adjoin or overlap. The spans must be in order.
fn join_spans(
    spans: impl Iterator<Item = Range<DateTime<Utc>>>,
) -> impl Iterator<Item = Range<DateTime<Utc>>> {
    let mut spans = spans.peekable();
    std::iter::from_fn(move || {
        let mut joined = spans.next()?;
        while let Some(next) = spans.next_if(|next| next.start <= joined.end) {
            joined.end = joined.end.max(next.end);
        }
        Some(joined)
    })
}

/// Returns the last moment of a search that begins at `at`.
pub(super) fn search_end(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_add_days(Days::new(SEARCH_DAYS.into()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns the days whose spans may contain `at`: its local day and the next one. The next day matters if a clock change shortly after
/// midnight repeats the end of the previous day.
pub(super) fn days_around(at: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = NaiveDate> {
    day_of(at, zone).iter_days().take(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELGRADE: Tz = chrono_tz::Europe::Belgrade;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Hours with the same times on every day.
    fn daily(spans: &[&str]) -> OpeningHours {
        let spans = format!("{spans:?}");
        let days = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        let weekly: Vec<String> = days.iter().map(|day| format!("{day} = {spans}")).collect();
        let text = format!("holidays = \"none\"\n[weekly]\n{}", weekly.join("\n"));
        toml::from_str(&text).unwrap()
    }

    /// Returns the hours and minutes of opening time between two moments.
    fn open(hours: &OpeningHours, from: &str, to: &str) -> (i64, i64) {
        let minutes = hours.open_between(at(from), at(to), BELGRADE).num_minutes();
        (minutes / 60, minutes % 60)
    }

    #[test]
    fn the_centre_is_open_on_working_days_from_half_past_seven() {
        let hours = OpeningHours::default();
        let is_open = |text: &str| hours.is_open(at(text), BELGRADE);
        assert!(!is_open("2026-11-27T06:29:59Z"), "Friday, 07:29:59");
        assert!(is_open("2026-11-27T06:30:00Z"), "Friday, 07:30");
        assert!(is_open("2026-11-27T14:29:59Z"), "Friday, 15:29:59");
        assert!(!is_open("2026-11-27T14:30:00Z"), "Friday, 15:30");
        assert!(!is_open("2026-11-28T10:00:00Z"), "Saturday");
        assert!(is_open("2026-07-01T05:30:00Z"), "07:30 in summer");
        assert!(!is_open("2026-11-11T10:00:00Z"), "Armistice Day, a Wednesday");
        assert!(is_open("2028-02-29T10:00:00Z"), "a leap day, a Tuesday");
    }

    #[test]
    fn open_periods_are_cut_at_both_ends() {
        let hours = daily(&["08:00-24:00", "00:00-02:00"]);
        let found =
            hours.open_periods_between(at("2026-11-24T10:00:00Z"), at("2026-11-25T08:00:00Z"), BELGRADE);
        let expected = [
            at("2026-11-24T10:00:00Z")..at("2026-11-25T01:00:00Z"),
            at("2026-11-25T07:00:00Z")..at("2026-11-25T08:00:00Z"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_wait_passes_only_while_the_centre_is_open() {
        let hours = OpeningHours::default();
        let after = |from: &str, minutes: i64| {
            hours
                .after_open(at(from), TimeDelta::minutes(minutes), BELGRADE)
                .unwrap()
        };
        // Friday, 14:30.
        let friday = "2026-11-27T13:30:00Z";
        assert_eq!(after(friday, 0), at(friday));
        assert_eq!(after(friday, 60), at("2026-11-27T14:30:00Z"), "at the closing");
        assert_eq!(after(friday, 120), at("2026-11-30T07:30:00Z"), "Monday, 08:30");
        assert_eq!(
            after("2026-11-28T10:00:00Z", 0),
            at("2026-11-30T06:30:00Z"),
            "the next opening"
        );
        assert_eq!(after(friday, -1), at(friday));
        assert_eq!(open(&hours, friday, "2026-11-30T07:30:00Z"), (2, 0));
    }

    #[test]
    fn the_clock_change_shortens_and_lengthens_the_open_night() {
        let night = daily(&["01:00-04:00"]);
        assert_eq!(
            open(&night, "2026-03-28T22:00:00Z", "2026-03-29T10:00:00Z"),
            (2, 0)
        );
        assert_eq!(
            open(&night, "2026-10-24T22:00:00Z", "2026-10-25T10:00:00Z"),
            (4, 0)
        );
        assert_eq!(
            open(&night, "2026-10-25T22:00:00Z", "2026-10-26T10:00:00Z"),
            (3, 0)
        );
        let after = |from: &str, hours| night.after_open(at(from), TimeDelta::hours(hours), BELGRADE);
        // 04:00 in summer time, and 04:00 in winter time.
        assert_eq!(after("2026-03-29T00:00:00Z", 2), Some(at("2026-03-29T02:00:00Z")));
        assert_eq!(after("2026-10-24T23:00:00Z", 4), Some(at("2026-10-25T03:00:00Z")));
    }

    #[test]
    fn a_time_in_the_skipped_hour_is_the_moment_of_the_clock_change() {
        let spring = "2026-03-28T23:00:00Z";
        let change = at("2026-03-29T01:00:00Z");
        let opens = daily(&["02:30-05:00"]);
        assert_eq!(opens.next_change(at(spring), BELGRADE), Some(change));
        let closes = daily(&["00:30-02:30"]);
        assert_eq!(
            closes.next_change(at("2026-03-29T00:30:00Z"), BELGRADE),
            Some(change)
        );
        // The span lies within the skipped hour, so it opens only on the next day.
        let within = daily(&["02:10-02:50"]);
        assert_eq!(
            within.next_opening(at(spring), BELGRADE),
            Some(at("2026-03-30T00:10:00Z"))
        );
    }

    #[test]
    fn a_time_in_the_repeated_hour_is_its_first_occurrence() {
        let midnight = at("2026-10-24T22:00:00Z");
        let closes = daily(&["01:00-02:30"]);
        assert_eq!(
            closes.after_open(midnight, TimeDelta::minutes(90), BELGRADE),
            Some(at("2026-10-25T00:30:00Z"))
        );
        assert!(
            !closes.is_open(at("2026-10-25T01:15:00Z"), BELGRADE),
            "02:15 in winter time"
        );
        let opens = daily(&["02:30-05:00"]);
        assert_eq!(
            opens.next_opening(midnight, BELGRADE),
            Some(at("2026-10-25T00:30:00Z"))
        );
        assert!(
            opens.is_open(at("2026-10-25T01:15:00Z"), BELGRADE),
            "02:15 in winter time"
        );
    }

    #[test]
    fn spans_that_meet_at_midnight_are_one_open_period() {
        let hours = daily(&["00:00-02:00", "20:00-24:00"]);
        let evening = at("2026-07-01T18:00:00Z");
        assert!(hours.is_open(at("2026-07-01T22:00:00Z"), BELGRADE), "midnight");
        assert_eq!(
            hours.next_change(evening, BELGRADE),
            Some(at("2026-07-02T00:00:00Z"))
        );
        assert_eq!(
            open(&hours, "2026-07-01T10:00:00Z", "2026-07-02T10:00:00Z"),
            (6, 0)
        );
    }

    #[test]
    fn hours_around_the_clock_never_change() {
        let always = daily(&["00:00-24:00"]);
        let now = at("2026-03-28T12:00:00Z");
        assert_eq!(always.next_change(now, BELGRADE), None);
        assert_eq!(always.next_opening(now, BELGRADE), None);
        assert_eq!(always.closed_period(now, BELGRADE), None);
        let later = at("2030-01-01T00:00:00Z");
        assert_eq!(
            always.open_between(now, later, BELGRADE),
            TimeDelta::days(400),
            "at most 400 days"
        );
        assert_eq!(
            always.after_open(now, TimeDelta::days(400), BELGRADE),
            Some(now + TimeDelta::days(400))
        );
        assert_eq!(always.after_open(now, TimeDelta::days(401), BELGRADE), None);
    }

    #[test]
    fn a_clock_change_after_midnight_repeats_no_closed_evening() {
        // At 00:01 on 7 November 2010, clocks in St. John's went back to 23:01 on 6 November.
        let zone = chrono_tz::America::St_Johns;
        let hours = daily(&["00:00-08:00"]);
        let repeated = at("2010-11-07T03:00:00Z");
        assert_eq!(
            repeated.with_timezone(&zone).naive_local().to_string(),
            "2010-11-06 23:30:00"
        );
        assert!(hours.is_open(repeated, zone));
        assert_eq!(
            hours.next_change(repeated, zone),
            Some(at("2010-11-07T11:30:00Z"))
        );
    }

    #[test]
    fn hours_that_never_open_have_no_known_change() {
        let never = daily(&[]);
        let now = at("2026-03-28T12:00:00Z");
        assert!(!never.is_open(now, BELGRADE));
        assert_eq!(never.next_change(now, BELGRADE), None);
        assert_eq!(never.next_opening(now, BELGRADE), None);
        assert_eq!(never.after_open(now, TimeDelta::zero(), BELGRADE), None);
        let period = never.closed_period(now, BELGRADE).unwrap();
        assert_eq!((period.since, period.until), (None, None));
    }
}
