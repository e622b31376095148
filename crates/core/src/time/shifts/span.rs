//! The times of shifts, written as `07:30`.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The regular expression of a time in a plan.
pub(super) const PATTERN: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

/// The number of minutes from 00:00 to 24:00.
const MINUTES_OF_DAY: u16 = 24 * 60;

/// A time in a shift plan, in whole minutes from 00:00 to 24:00. 24:00 is the midnight at the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShiftTime(u16);

impl ShiftTime {
    /// The midnight at the beginning of the day.
    pub const MIDNIGHT: Self = Self(0);
    /// The midnight at the end of the day.
    pub const END_OF_DAY: Self = Self(MINUTES_OF_DAY);

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
}

/// The error for a text that is not a time of a shift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a time such as 07:30; the first time is 00:00 and the last is 24:00")]
pub struct BadShiftTime(String);

impl FromStr for ShiftTime {
    type Err = BadShiftTime;

    /// Parses exactly two digits, a colon and two digits.
    fn from_str(text: &str) -> Result<Self, BadShiftTime> {
        let two_digits = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Self::new(two_digits(hour)?, two_digits(minute)?))
            .ok_or_else(|| BadShiftTime(text.to_owned()))
    }
}

impl TryFrom<String> for ShiftTime {
    type Error = BadShiftTime;

    fn try_from(text: String) -> Result<Self, BadShiftTime> {
        text.parse()
    }
}

impl From<ShiftTime> for String {
    fn from(time: ShiftTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ShiftTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl JsonSchema for ShiftTime {
    fn schema_name() -> Cow<'static, str> {
        "ShiftTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "description": "A time in the time zone of the centre.",
            "examples": ["07:30", "24:00"],
        })
    }
}

/// The times of a shift. If `to` is not after `from`, the shift ends on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftSpan {
    /// When the shift begins.
    pub from: ShiftTime,
    /// When the shift ends.
    pub to: ShiftTime,
}

impl ShiftSpan {
    /// Returns the minutes between the beginning of the first day and the end of the shift. The result is greater than 1,440 if the shift
    /// ends on the next day.
    pub(super) const fn end_minutes(self) -> u16 {
        if self.to.0 > self.from.0 {
            self.to.0
        } else {
            self.to.0 + MINUTES_OF_DAY
        }
    }

    /// Returns this span with the later of both ends. `None` if it would last longer than a day.
    pub(super) fn until_end_of(self, other: Self) -> Option<Self> {
        let end = self.end_minutes().max(other.end_minutes());
        let length = end - self.from.0;
        // A span that begins and ends at the same time of the day has no length, except from 00:00 to 24:00.
        let is_span = length < MINUTES_OF_DAY || (self.from.0 == 0 && length == MINUTES_OF_DAY);
        is_span.then_some(Self {
            from: self.from,
            to: ShiftTime(if end > MINUTES_OF_DAY {
                end - MINUTES_OF_DAY
            } else {
                end
            }),
        })
    }

    /// Returns the local times of a shift that begins on this date. `None`: the times are too far in the future for a calendar.
    pub(super) fn local_times(self, date: NaiveDate) -> Option<LocalTimes> {
        let midnight = date.and_time(NaiveTime::MIN);
        let after = |minutes: u16| midnight.checked_add_signed(TimeDelta::minutes(minutes.into()));
        Some(LocalTimes {
            from: after(self.from.0)?,
            to: after(self.end_minutes())?,
            span: self,
        })
    }
}

impl fmt::Display for ShiftSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// The beginning and the end of a shift in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LocalTimes {
    /// When the shift begins.
    pub from: NaiveDateTime,
    /// When the shift ends.
    pub to: NaiveDateTime,
    /// The times as written in the plan.
    pub span: ShiftSpan,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_of_the_day_is_read_back_as_it_is_written() {
        for minute in 0..=MINUTES_OF_DAY {
            let time = ShiftTime(minute);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        for text in [
            "", "7:30", "07:60", "24:01", "25:00", "07:30:00", "+7:30", "07-30", " 07:30",
        ] {
            assert_eq!(text.parse::<ShiftTime>(), Err(BadShiftTime(text.to_owned())));
        }
    }

    #[test]
    fn a_shift_over_midnight_ends_on_the_next_day() {
        let date: NaiveDate = "2028-02-29".parse().unwrap();
        for (from, to, end) in [
            ("07:30", "15:30", "2028-02-29T15:30:00"),
            ("16:00", "24:00", "2028-03-01T00:00:00"),
            ("16:00", "00:00", "2028-03-01T00:00:00"),
            ("22:00", "06:00", "2028-03-01T06:00:00"),
        ] {
            let span = ShiftSpan {
                from: from.parse().unwrap(),
                to: to.parse().unwrap(),
            };
            assert_eq!(span.local_times(date).unwrap().to, end.parse().unwrap(), "{span}");
            assert_eq!(span.local_times(NaiveDate::MAX).is_some(), end.contains("02-29"));
        }
    }
}
