//! Times of day and spans between them, written as `07:30-15:30`.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::{GapInfo, Tz};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A time of day in the centre's time zone, in whole minutes from 00:00 to 24:00. 24:00 is the midnight at the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// The midnight at the beginning of the day.
    pub const MIDNIGHT: Self = Self(0);
    /// The midnight at the end of the day.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// Returns the time with this hour and minute, or `None` if there is no such time. The last time is 24:00.
    #[must_use]
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        let time = Self(u16::from(hour) * 60 + u16::from(minute));
        (minute < 60 && time <= Self::END_OF_DAY).then_some(time)
    }

    /// Returns the number of minutes between 00:00 and this time on a day without a clock change.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Returns the moment of this time on a day. A time that a clock change skips is the moment of the change. A time that a clock change
    /// repeats is its first occurrence. A later local time therefore never has an earlier moment.
    pub(super) fn moment_on(self, day: NaiveDate, zone: Tz) -> DateTime<Utc> {
        let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.0.into());
        let existing = local.and_local_timezone(zone).earliest();
        existing
            .or_else(|| GapInfo::new(&local, &zone)?.end)
            .map_or_else(|| local.and_utc(), |at| at.to_utc())
    }

    /// Parses exactly two digits, a colon and two digits.
    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        Self::new(two_digits(hour)?, two_digits(minute)?)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A span of opening time on one day. It is open at `opens` and closed at `closes`. A span that continues after midnight is written as two
/// spans: one that closes at 24:00, and one on the next day that opens at 00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeSpan {
    /// When the span begins.
    pub opens: TimeOfDay,
    /// When the span ends. A span that does not end after it begins is invalid and contains no opening time.
    pub closes: TimeOfDay,
}

/// The error for a text that is not a time span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a span of time such as 07:30-15:30; the first time is 00:00 and the last is 24:00")]
pub struct BadTimeSpan(String);

impl FromStr for TimeSpan {
    type Err = BadTimeSpan;

    /// Parses `07:30-15:30`. The dash may also be an en dash.
    fn from_str(text: &str) -> Result<Self, BadTimeSpan> {
        let span = text.split_once(['-', '–']).and_then(|(opens, closes)| {
            Some(Self {
                opens: TimeOfDay::parse(opens)?,
                closes: TimeOfDay::parse(closes)?,
            })
        });
        span.ok_or_else(|| BadTimeSpan(text.to_owned()))
    }
}

impl TryFrom<String> for TimeSpan {
    type Error = BadTimeSpan;

    fn try_from(text: String) -> Result<Self, BadTimeSpan> {
        text.parse()
    }
}

impl From<TimeSpan> for String {
    fn from(span: TimeSpan) -> Self {
        span.to_string()
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.opens, self.closes)
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)[-–](([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
            "description": "A span of opening time on one day, in the time zone of the centre.",
            "examples": ["07:30-15:30", "20:00-24:00"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_as_two_times_with_a_dash() {
        for (text, written) in [
            ("07:30-15:30", "07:30-15:30"),
            ("00:00–24:00", "00:00-24:00"),
            ("23:59-24:00", "23:59-24:00"),
            // The check of the hours reports a span that ends before it begins, with its day.
            ("15:30-07:30", "15:30-07:30"),
        ] {
            assert_eq!(text.parse::<TimeSpan>().unwrap().to_string(), written);
        }
        for text in [
            "",
            "07:30",
            "7:30-15:30",
            "07:30-24:01",
            "07:60-15:30",
            "07:30 - 15:30",
            "07:30-15:30-16:00",
            "+7:30-15:30",
            "07:30:00-15:30",
        ] {
            assert_eq!(text.parse::<TimeSpan>(), Err(BadTimeSpan(text.to_owned())));
        }
    }

    #[test]
    fn every_minute_of_the_day_is_read_back_as_it_is_written() {
        for minute in 0..=TimeOfDay::END_OF_DAY.minutes() {
            let time = TimeOfDay(minute);
            assert_eq!(TimeOfDay::parse(&time.to_string()), Some(time));
        }
        assert_eq!(TimeOfDay::new(24, 1), None);
        assert_eq!(TimeOfDay::new(10, 60), None);
    }
}
