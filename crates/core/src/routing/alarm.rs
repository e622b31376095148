//! Alarms to people outside the desk: when an alarm is sent, and to which recipients.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The `[alarm]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmSettings {
    /// Minutes for which a contact in danger may wait before the alarm is raised, unless a present assignee has opened the contact. If no
    /// counsellor is available, the alarm is raised at once.
    pub after_minutes: u16,
    /// Minutes between two steps of an alarm. Each step is sent to the recipients of all steps so far.
    pub repeat_minutes: u16,
    /// When a test alarm is sent each week, such as "Mon 09:00" in the centre's time zone. `None`: no weekly test.
    pub weekly_test: Option<WeeklyTest>,
    /// The people to whom alarms are sent.
    pub recipients: Vec<AlarmRecipient>,
}

/// A person to whom alarms are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmRecipient {
    /// The name that the history of alarms shows.
    pub name: String,
    /// The line that sends the alarm: a mail line, a Telegram line, or a bridge line, which sends a signed webhook.
    pub line: String,
    /// The address on that line: an e-mail address, the id of a Telegram chat, or an id that the bridge program knows.
    pub to: String,
    /// The first step that is sent to this recipient. Steps are counted from 1.
    #[serde(default = "first_step")]
    pub from_step: u16,
}

const fn first_step() -> u16 {
    1
}

impl Default for AlarmSettings {
    fn default() -> Self {
        Self {
            after_minutes: 2,
            repeat_minutes: 5,
            weekly_test: None,
            recipients: Vec::new(),
        }
    }
}

/// A weekday and a time in the centre's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WeeklyTest {
    weekday: Weekday,
    time: NaiveTime,
}

impl TryFrom<String> for WeeklyTest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once(' ').and_then(|(weekday, time)| {
            Some(Self {
                weekday: weekday.parse().ok()?,
                time: NaiveTime::parse_from_str(time, "%H:%M").ok()?,
            })
        });
        parsed.ok_or_else(|| format!("{text:?} is not a weekday and a time such as \"Mon 09:00\""))
    }
}

impl From<WeeklyTest> for String {
    fn from(test: WeeklyTest) -> Self {
        format!("{} {}", test.weekday, test.time.format("%H:%M"))
    }
}

impl WeeklyTest {
    /// Returns the most recent moment at or before `now` at which the test was due. A time that the clock change skips counts as the moment
    /// of the change.
    #[must_use]
    pub fn last_due(self, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let today = now.with_timezone(&zone).date_naive();
        let back = (today.weekday().num_days_from_monday() + 7 - self.weekday.num_days_from_monday()) % 7;
        let at = |days: u32| {
            let date = today - TimeDelta::days(i64::from(days));
            let local = date.and_time(self.time).and_local_timezone(zone);
            let local = local.earliest().unwrap_or_else(|| {
                let later = date.and_time(self.time) + TimeDelta::hours(1);
                later
                    .and_local_timezone(zone)
                    .earliest()
                    .unwrap_or(now.with_timezone(&zone))
            });
            local.with_timezone(&Utc)
        };
        Some(at(back))
            .filter(|due| *due <= now)
            .unwrap_or_else(|| at(back + 7))
    }
}

impl AlarmSettings {
    /// Returns whether the alarm about a contact in danger is due. `in_care` is `true` if the contact has an assignee who is present and
    /// has opened the contact.
    #[must_use]
    pub fn is_due(
        &self,
        waiting_since: DateTime<Utc>,
        in_care: bool,
        anybody_available: bool,
        now: DateTime<Utc>,
    ) -> bool {
        let patience = TimeDelta::minutes(self.after_minutes.into());
        !in_care && (!anybody_available || now - waiting_since >= patience)
    }

    /// Returns the time between two steps of an alarm.
    #[must_use]
    pub fn repeat_after(&self) -> TimeDelta {
        TimeDelta::minutes(self.repeat_minutes.max(1).into())
    }

    /// Returns the recipients to whom a step is sent: the recipients of this step and of all earlier steps.
    pub fn told_in(&self, step: u16) -> impl Iterator<Item = &AlarmRecipient> {
        self.recipients
            .iter()
            .filter(move |recipient| recipient.from_step <= step)
    }

    /// Returns the number of the first step that is sent to all recipients.
    #[must_use]
    pub fn last_step(&self) -> u16 {
        let steps = self.recipients.iter().map(|recipient| recipient.from_step);
        steps.max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_alarm_comes_after_two_minutes_or_at_once_if_nobody_is_there() {
        let settings = AlarmSettings::default();
        let due = |minutes, in_care, anybody| {
            let now = at("2026-11-27T15:00:00Z");
            settings.is_due(now - TimeDelta::minutes(minutes), in_care, anybody, now)
        };
        assert!(!due(1, false, true));
        assert!(due(2, false, true));
        assert!(due(0, false, false));
        assert!(!due(60, true, true));
        assert!(!due(60, true, false));
    }

    #[test]
    fn the_weekly_test_is_due_once_a_week_in_the_centres_time() {
        let test = WeeklyTest::try_from("Mon 09:00".to_owned()).unwrap();
        let last = |now| test.last_due(at(now), chrono_tz::Europe::Belgrade);
        assert_eq!(last("2026-11-30T08:00:00Z"), at("2026-11-30T08:00:00Z"));
        assert_eq!(last("2026-11-30T07:59:59Z"), at("2026-11-23T08:00:00Z"));
        assert_eq!(last("2026-12-06T23:00:00Z"), at("2026-11-30T08:00:00Z"));
        let skipped = WeeklyTest::try_from("Sun 02:30".to_owned()).unwrap();
        let due = skipped.last_due(at("2027-03-28T12:00:00Z"), chrono_tz::Europe::Belgrade);
        assert_eq!(due, at("2027-03-28T01:30:00Z"));
        assert_eq!(String::from(skipped), "Sun 02:30");
        assert!(WeeklyTest::try_from("tomorrow".to_owned()).is_err());
    }

    #[test]
    fn each_step_tells_more_people() {
        let recipient = |name: &str, from_step| AlarmRecipient {
            name: name.to_owned(),
            line: "mail".to_owned(),
            to: format!("{name}@example.org"),
            from_step,
        };
        let settings = AlarmSettings {
            recipients: vec![recipient("duty", 1), recipient("head", 2)],
            ..AlarmSettings::default()
        };
        let told = |step| {
            settings
                .told_in(step)
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(1), ["duty"]);
        assert_eq!(told(2), ["duty", "head"]);
        assert_eq!(settings.last_step(), 2);
    }
}
