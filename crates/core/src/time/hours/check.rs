//! The check of opening hours for mistakes.

use std::{collections::BTreeSet, fmt};

use chrono::{NaiveDate, Weekday};

use crate::time::hours::{OpeningHours, TimeSpan};

/// The part of the opening hours to which a list of spans belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimesOf {
    /// The weekly times of this weekday.
    Weekday(Weekday),
    /// The exception for this date.
    Date(NaiveDate),
}

/// A mistake in opening hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// A span that does not end after it begins.
    #[error(
        "{times_of}: the span {span} does not end after it begins; write hours after midnight on the next day"
    )]
    Reversed {
        /// Where the span is.
        times_of: TimesOf,
        /// The span.
        span: TimeSpan,
    },
    /// Two spans of the same day that have opening time in common.
    #[error("{times_of}: the spans {first} and {second} overlap")]
    Overlapping {
        /// Where the spans are.
        times_of: TimesOf,
        /// The span that begins first.
        first: TimeSpan,
        /// The span that begins later or at the same time.
        second: TimeSpan,
    },
    /// A date with more than one exception.
    #[error("{date} has more than one exception")]
    DoubleException {
        /// The date.
        date: NaiveDate,
    },
    /// Hours that are closed on every day of a year.
    #[error("the hours are closed on every day of the year from {from}")]
    NeverOpen {
        /// The first day of that year.
        from: NaiveDate,
    },
}

impl OpeningHours {
    /// Checks the hours for mistakes. `today` is the first day of the year in which the hours must be open at least once.
    ///
    /// # Errors
    /// Returns the first mistake. The check looks for mistakes in the weekly times, then in the exceptions, then in the year from `today`.
    pub fn check(&self, today: NaiveDate) -> Result<(), InvalidHours> {
        for weekday in WEEK {
            check_spans(TimesOf::Weekday(weekday), self.weekly.times_on(weekday))?;
        }
        let mut dates = BTreeSet::new();
        for exception in &self.exceptions {
            let date = exception.date;
            if !dates.insert(date) {
                return Err(InvalidHours::DoubleException { date });
            }
            check_spans(TimesOf::Date(date), &exception.times)?;
        }
        let open = today
            .iter_days()
            .take(366)
            .any(|date| !self.times_on(date).is_empty());
        open.then_some(()).ok_or(InvalidHours::NeverOpen { from: today })
    }
}

impl fmt::Display for TimesOf {
    /// Writes the name of the setting (`monday`) or the date (`2026-12-31`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Weekday(Weekday::Mon) => f.write_str("monday"),
            Self::Weekday(Weekday::Tue) => f.write_str("tuesday"),
            Self::Weekday(Weekday::Wed) => f.write_str("wednesday"),
            Self::Weekday(Weekday::Thu) => f.write_str("thursday"),
            Self::Weekday(Weekday::Fri) => f.write_str("friday"),
            Self::Weekday(Weekday::Sat) => f.write_str("saturday"),
            Self::Weekday(Weekday::Sun) => f.write_str("sunday"),
        }
    }
}

const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

fn check_spans(times_of: TimesOf, spans: &[TimeSpan]) -> Result<(), InvalidHours> {
    if let Some(&span) = spans.iter().find(|span| span.closes <= span.opens) {
        return Err(InvalidHours::Reversed { times_of, span });
    }
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let mut pairs = sorted.iter().zip(sorted.iter().skip(1));
    match pairs.find(|(first, second)| second.opens < first.closes) {
        Some((&first, &second)) => Err(InvalidHours::Overlapping {
            times_of,
            first,
            second,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::hours::{HolidayCalendar, HoursException, WeeklyTimes};

    const SETTINGS: &str = r#"
        holidays = "none"
        [weekly]
        monday = ["07:30-12:00", "13:00-15:30"]
        sunday = ["20:00-24:00"]
        [[exceptions]]
        date = "2026-11-30"
        [[exceptions]]
        date = "2026-12-25"
        times = ["10:00-12:00"]
    "#;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Returns the message of the mistake in the settings `SETTINGS`, after `from` is replaced by `to`.
    fn mistake(from: &str, to: &str) -> String {
        assert!(SETTINGS.contains(from));
        let hours: OpeningHours = toml::from_str(&SETTINGS.replace(from, to)).unwrap();
        hours.check(date("2026-11-28")).unwrap_err().to_string()
    }

    #[test]
    fn the_check_names_the_weekday_or_date_of_a_mistake() {
        assert_eq!(
            mistake("13:00-15:30", "15:30-13:00"),
            "monday: the span 15:30-13:00 does not end after it begins; write hours after midnight on the next day"
        );
        assert_eq!(
            mistake("10:00-12:00", "10:00-10:00"),
            "2026-12-25: the span 10:00-10:00 does not end after it begins; write hours after midnight on the next day"
        );
        assert_eq!(
            mistake("\"13:00-15:30\"", "\"11:59-15:30\""),
            "monday: the spans 07:30-12:00 and 11:59-15:30 overlap"
        );
        assert_eq!(
            mistake("\"10:00-12:00\"", "\"10:00-12:00\", \"08:00-14:00\""),
            "2026-12-25: the spans 08:00-14:00 and 10:00-12:00 overlap"
        );
        assert_eq!(
            mistake("2026-12-25", "2026-11-30"),
            "2026-11-30 has more than one exception"
        );
    }

    #[test]
    fn hours_must_open_within_a_year() {
        let exception = HoursException {
            date: date("2027-11-28"),
            times: vec!["09:00-10:00".parse().unwrap()],
            reason: None,
        };
        let hours = OpeningHours {
            weekly: WeeklyTimes::default(),
            holidays: HolidayCalendar::None,
            exceptions: vec![exception],
        };
        assert_eq!(
            hours.check(date("2026-11-28")),
            Ok(()),
            "open on the last day of the search"
        );
        let from = date("2026-11-27");
        assert_eq!(hours.check(from), Err(InvalidHours::NeverOpen { from }));
        assert_eq!(hours.check(date("2027-11-28")), Ok(()));
        assert!(hours.check(date("2027-11-29")).is_err());
    }

    #[test]
    fn spans_that_adjoin_do_not_overlap() {
        let settings = SETTINGS.replace("13:00-15:30", "12:00-15:30");
        let hours: OpeningHours = toml::from_str(&settings).unwrap();
        assert_eq!(hours.check(date("2026-11-28")), Ok(()));
    }
}
