//! Opening hours: weekly times, holidays, and exceptions for single dates. All times are in the centre's time zone.
//!
//! `check.rs` finds mistakes in hours. `opening.rs` and `closed.rs` compute when hours are open and closed; [`OpeningHours::is_open`]
//! describes the effect of clock changes.

use chrono::{Datelike, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::time::hours::{
    check::{InvalidHours, TimesOf},
    closed::{ClosedPeriod, Opening},
    opening::SEARCH_DAYS,
    span::{BadTimeSpan, TimeOfDay, TimeSpan},
    words::opens_in_words,
};
use crate::{
    text::bilingual::Text,
    time::holidays::{Holiday, serbian_holiday},
};

mod check;
mod closed;
mod opening;
#[cfg(test)]
mod properties;
mod span;
mod words;

/// The opening hours of the centre or of a line. Without opening hours (`None`), a line is always open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningHours {
    /// The opening times of each weekday.
    pub weekly: WeeklyTimes,
    /// The holidays on which the service is closed.
    #[serde(default)]
    pub holidays: HolidayCalendar,
    /// Single dates with other times. An exception replaces the weekly times of its date, and applies even if the date is a holiday.
    #[serde(default)]
    pub exceptions: Vec<HoursException>,
}

/// The opening times of each weekday. The service is closed on a weekday without a span.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeeklyTimes {
    /// The times on Monday.
    pub monday: Vec<TimeSpan>,
    /// The times on Tuesday.
    pub tuesday: Vec<TimeSpan>,
    /// The times on Wednesday.
    pub wednesday: Vec<TimeSpan>,
    /// The times on Thursday.
    pub thursday: Vec<TimeSpan>,
    /// The times on Friday.
    pub friday: Vec<TimeSpan>,
    /// The times on Saturday.
    pub saturday: Vec<TimeSpan>,
    /// The times on Sunday.
    pub sunday: Vec<TimeSpan>,
}

/// A set of holidays on which the service is closed.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HolidayCalendar {
    /// The non-working days of Serbia.
    #[default]
    Serbia,
    /// No holidays: the weekly times apply on every date.
    None,
}

crate::named!(HolidayCalendar);

/// The times of a single date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursException {
    /// The date, in the centre's time zone.
    pub date: NaiveDate,
    /// The times on this date. The list is empty if the service is closed all day.
    #[serde(default)]
    pub times: Vec<TimeSpan>,
    /// The reason, as shown to the public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

impl OpeningHours {
    /// Returns the spans of opening time on this date, in the order of the settings.
    #[must_use]
    pub fn times_on(&self, date: NaiveDate) -> &[TimeSpan] {
        if let Some(exception) = self.exception_on(date) {
            return &exception.times;
        }
        match self.holidays.holiday_on(date) {
            Some(_) => &[],
            None => self.weekly.times_on(date.weekday()),
        }
    }

    /// Returns the exception for this date, if there is one.
    #[must_use]
    pub fn exception_on(&self, date: NaiveDate) -> Option<&HoursException> {
        self.exceptions.iter().find(|exception| exception.date == date)
    }
}

impl Default for OpeningHours {
    /// Returns the centre's usual hours: Monday to Friday from 07:30 to 15:30, closed on the non-working days of Serbia.
    fn default() -> Self {
        let opens = TimeOfDay::new(7, 30).unwrap_or(TimeOfDay::MIDNIGHT);
        let closes = TimeOfDay::new(15, 30).unwrap_or(TimeOfDay::END_OF_DAY);
        let times = vec![TimeSpan { opens, closes }];
        Self {
            weekly: WeeklyTimes {
                monday: times.clone(),
                tuesday: times.clone(),
                wednesday: times.clone(),
                thursday: times.clone(),
                friday: times,
                saturday: Vec::new(),
                sunday: Vec::new(),
            },
            holidays: HolidayCalendar::Serbia,
            exceptions: Vec::new(),
        }
    }
}

impl WeeklyTimes {
    /// Returns the spans of opening time on this weekday.
    #[must_use]
    pub fn times_on(&self, weekday: Weekday) -> &[TimeSpan] {
        match weekday {
            Weekday::Mon => &self.monday,
            Weekday::Tue => &self.tuesday,
            Weekday::Wed => &self.wednesday,
            Weekday::Thu => &self.thursday,
            Weekday::Fri => &self.friday,
            Weekday::Sat => &self.saturday,
            Weekday::Sun => &self.sunday,
        }
    }
}

impl HolidayCalendar {
    /// Returns the holiday on this date, if this calendar contains one.
    #[must_use]
    pub fn holiday_on(self, date: NaiveDate) -> Option<Holiday> {
        match self {
            Self::Serbia => serbian_holiday(date),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"
        holidays = "none"
        [weekly]
        monday = ["07:30-12:00", "13:00-15:30"]
        sunday = ["20:00-24:00"]
        [[exceptions]]
        date = "2026-11-30"
        reason = { sr = "Обука", en = "Training" }
        [[exceptions]]
        date = "2026-12-25"
        times = ["10:00-12:00"]
    "#;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn written(hours: &OpeningHours, day: &str) -> String {
        let times: Vec<String> = hours
            .times_on(date(day))
            .iter()
            .map(TimeSpan::to_string)
            .collect();
        times.join(" ")
    }

    #[test]
    fn an_exception_replaces_the_weekly_times_and_the_holiday() {
        let mut hours: OpeningHours = toml::from_str(SETTINGS).unwrap();
        assert_eq!(hours.check(date("2026-11-28")), Ok(()));
        assert_eq!(
            written(&hours, "2026-12-07"),
            "07:30-12:00 13:00-15:30",
            "a Monday"
        );
        assert_eq!(written(&hours, "2026-11-30"), "", "a Monday with an exception");
        assert_eq!(
            written(&hours, "2026-12-25"),
            "10:00-12:00",
            "a Friday with an exception"
        );
        assert_eq!(
            written(&hours, "2027-05-03"),
            "07:30-12:00 13:00-15:30",
            "without holidays"
        );
        hours.holidays = HolidayCalendar::Serbia;
        assert_eq!(written(&hours, "2027-05-03"), "", "Easter Monday");
        hours.exceptions.push(HoursException {
            date: date("2027-05-03"),
            times: vec!["09:00-10:00".parse().unwrap()],
            reason: None,
        });
        assert_eq!(
            written(&hours, "2027-05-03"),
            "09:00-10:00",
            "an exception on a holiday"
        );
    }

    #[test]
    fn unknown_keys_and_wrong_times_are_refused() {
        for (from, to, expected) in [
            ("monday", "mondays", "unknown field `mondays`"),
            ("times", "time", "unknown field `time`"),
            ("holidays", "holiday", "unknown field `holiday`"),
            ("none", "croatia", "unknown variant `croatia`"),
            ("07:30-12:00", "7-12", "“7-12” is not a span of time"),
        ] {
            let error = toml::from_str::<OpeningHours>(&SETTINGS.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn the_default_hours_are_those_of_the_centre() {
        let settings = r#"
            [weekly]
            monday = ["07:30-15:30"]
            tuesday = ["07:30-15:30"]
            wednesday = ["07:30-15:30"]
            thursday = ["07:30-15:30"]
            friday = ["07:30–15:30"]
        "#;
        let hours = OpeningHours::default();
        assert_eq!(toml::from_str::<OpeningHours>(settings).unwrap(), hours);
        assert_eq!(hours.check(date("2026-11-28")), Ok(()));
        let json = serde_json::to_string(&hours.weekly.monday).unwrap();
        assert_eq!(json, "[\"07:30-15:30\"]");
    }
}
