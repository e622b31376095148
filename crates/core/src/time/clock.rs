//! The clock. Code that needs the time receives a clock, so that tests can control the time.

use std::sync::Mutex;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

/// A source of the current time. Lints forbid every other source.
pub trait Clock: Send + Sync {
    /// Returns the current time in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The system clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for the time"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock whose time changes only when [`FixedClock::advance`] is called.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    /// Creates a clock that is set to `at`.
    #[must_use]
    pub const fn new(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves the clock by `by`, which may be negative.
    pub fn advance(&self, by: Duration) {
        let mut at = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *at += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Returns the calendar day of the time `at` in the time zone of the centre. A contact counts on the calendar day of its first message.
#[must_use]
pub fn day_of(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// Returns the first moment of a calendar day in the time zone of the centre. If the clocks are set forward at midnight, the day begins
/// later than 00:00.
#[must_use]
pub fn start_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    (0..24)
        .find_map(|hour| {
            let local = midnight + Duration::hours(hour);
            local.and_local_timezone(zone).earliest()
        })
        .map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_where_the_day_before_ends_also_in_the_nights_when_clocks_are_set() {
        for zone in [chrono_tz::Europe::Belgrade, chrono_tz::America::Santiago] {
            let mut day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
            for _ in 0..365 {
                let start = start_of_day(day, zone);
                assert_eq!(day_of(start, zone), day);
                let before = start - Duration::milliseconds(1);
                assert_eq!(day_of(before, zone), day.pred_opt().unwrap());
                day = day.succ_opt().unwrap();
            }
        }
    }

    #[test]
    fn a_contact_counts_on_its_local_day_across_both_daylight_saving_nights() {
        let zone = chrono_tz::Europe::Belgrade;
        let day = |text: &str| day_of(text.parse().unwrap(), zone).to_string();
        assert_eq!(
            day("2026-03-28T22:30:00Z"),
            "2026-03-28",
            "23:30 before the clocks go forward"
        );
        assert_eq!(day("2026-03-28T23:30:00Z"), "2026-03-29", "00:30 after");
        assert_eq!(
            day("2026-10-24T21:30:00Z"),
            "2026-10-24",
            "23:30 before the clocks go back"
        );
        assert_eq!(day("2026-10-24T22:30:00Z"), "2026-10-25", "00:30 after");
        assert_eq!(
            day("2026-12-31T23:30:00Z"),
            "2027-01-01",
            "the year turns at local midnight"
        );
    }
}
