//! Times in the centre's time zone that people type, choose or read.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;

/// The format in which an HTML field `datetime-local` sends a time.
pub const FORM_FORMAT: &str = "%Y-%m-%dT%H:%M";

/// The time of day to which "tomorrow" and "on Monday" refer.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(8, 0, 0).expect("08:00 is a time of day");

/// A time in the near future that is chosen by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedTime {
    /// 08:00 on the next day.
    Tomorrow,
    /// 08:00 on the next Monday. On a Monday, this is the Monday of the next week.
    Monday,
}

impl NamedTime {
    /// Returns the point in time, seen from `now` in the time zone `zone`.
    #[must_use]
    pub fn after(self, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let today = now.with_timezone(&zone).date_naive();
        let day = match self {
            Self::Tomorrow => today.checked_add_days(Days::new(1)),
            Self::Monday => next_monday(today),
        };
        day.and_then(|day| resolve(day.and_time(MORNING), zone))
            .unwrap_or(now)
    }
}

fn next_monday(today: NaiveDate) -> Option<NaiveDate> {
    let since_monday = today.weekday().days_since(Weekday::Mon);
    today.checked_add_days(Days::new(u64::from(7 - since_monday)))
}

/// Parses a time in the format [`FORM_FORMAT`]. Of a local time that occurs twice, the earlier one is returned. A local time that does not
/// occur, because the clocks are set forward, is taken as the same time an hour later.
#[must_use]
pub fn parse_typed(typed: &str, zone: Tz) -> Option<DateTime<Utc>> {
    resolve(NaiveDateTime::parse_from_str(typed, FORM_FORMAT).ok()?, zone)
}

/// Returns the time of a local time, by the rule of [`parse_typed`].
pub(crate) fn resolve(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let later = || {
        zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?)
            .earliest()
    };
    let resolved = zone.from_local_datetime(&local).earliest().or_else(later)?;
    Some(resolved.to_utc())
}

/// Formats a time in a time zone as `31.01.2026. 12:00`.
#[must_use]
pub fn format_time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%d.%m.%Y. %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Europe::Belgrade;

    fn at(typed: &str) -> DateTime<Utc> {
        parse_typed(typed, ZONE).unwrap()
    }

    #[test]
    fn tomorrow_and_monday_begin_at_eight_also_when_clocks_change() {
        for (now, tomorrow, monday) in [
            ("2026-11-27T16:00", "2026-11-28T08:00", "2026-11-30T08:00"),
            ("2026-11-30T07:00", "2026-12-01T08:00", "2026-12-07T08:00"),
            ("2026-11-29T23:59", "2026-11-30T08:00", "2026-11-30T08:00"),
            ("2026-03-28T09:00", "2026-03-29T08:00", "2026-03-30T08:00"),
            ("2026-10-24T09:00", "2026-10-25T08:00", "2026-10-26T08:00"),
        ] {
            assert_eq!(NamedTime::Tomorrow.after(at(now), ZONE), at(tomorrow), "{now}");
            assert_eq!(NamedTime::Monday.after(at(now), ZONE), at(monday), "{now}");
        }
    }

    #[test]
    fn a_typed_time_is_read_in_both_nights_of_changing_clocks() {
        assert_eq!(at("2026-10-25T02:30").to_rfc3339(), "2026-10-25T00:30:00+00:00");
        assert_eq!(at("2026-03-29T02:30"), at("2026-03-29T03:30"));
        assert_eq!(parse_typed("tomorrow", ZONE), None);
    }
}
