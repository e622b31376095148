//! Targets: the time within which a waiting person is to get a reply, by urgency and line.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{contact::urgency::Urgency, time::hours::OpeningHours};

/// When the time of a target passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetClock {
    /// Time passes only while the line is open. A line without opening hours is always open.
    #[default]
    OpeningHours,
    /// Time always passes.
    Always,
}

/// The target of one urgency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Target {
    /// Minutes from the first message to the first reply. 0: no target.
    pub first_minutes: u32,
    /// Minutes from the first unanswered later message to the reply. 0: no target.
    pub next_minutes: u32,
    /// When these minutes pass.
    pub clock: TargetClock,
}

/// The targets of one line. If an urgency has no target here, the target of the centre applies to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineTargets {
    /// The target of contacts in immediate danger.
    pub danger: Option<Target>,
    /// The target of urgent contacts.
    pub urgent: Option<Target>,
    /// The target of ordinary contacts.
    pub ordinary: Option<Target>,
}

/// The `[targets]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Targets {
    /// The desk warns when at most this percentage of the target time is left.
    pub warn_percent: u8,
    /// The target of contacts in immediate danger.
    pub danger: Target,
    /// The target of urgent contacts.
    pub urgent: Target,
    /// The target of ordinary contacts.
    pub ordinary: Target,
    /// The targets of lines, by the line's name.
    pub lines: BTreeMap<String, LineTargets>,
}

impl Default for Targets {
    fn default() -> Self {
        let in_hours = |first_minutes, next_minutes| Target {
            first_minutes,
            next_minutes,
            clock: TargetClock::OpeningHours,
        };
        Self {
            warn_percent: 25,
            danger: Target {
                first_minutes: 2,
                next_minutes: 2,
                clock: TargetClock::Always,
            },
            urgent: in_hours(30, 60),
            ordinary: in_hours(4 * 60, 8 * 60),
            lines: BTreeMap::new(),
        }
    }
}

/// A setting of the targets that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTargets {
    /// The percentage is above 100.
    #[error("`targets.warn_percent` is 0 to 100")]
    WarnPercent,
    /// A target is longer than 30 days. A longer target might not end within the days in which its end is searched.
    #[error("`targets{0}`: a target is at most 30 days (43200 minutes)")]
    TooLong(String),
}

/// The longest target, in minutes: 30 days.
const LONGEST: u32 = 30 * 24 * 60;

/// Whether a reply is the first reply of its contact or a later one.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum ReplyOrder {
    /// The first reply.
    First,
    /// A later reply.
    Next,
}

crate::named!(ReplyOrder);

/// How near the end of a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// There is time left.
    InTime,
    /// At most [`Targets::warn_percent`] of the target time is left.
    Soon,
    /// The target has been missed.
    Late,
}

/// When the reply to one waiting contact is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When the reply is due.
    pub at: DateTime<Utc>,
    /// The time from which the desk warns.
    pub warn_from: DateTime<Utc>,
}

impl Due {
    /// Returns how near the end of the target is.
    #[must_use]
    pub fn pace(&self, now: DateTime<Utc>) -> Pace {
        if now >= self.at {
            Pace::Late
        } else if now >= self.warn_from {
            Pace::Soon
        } else {
            Pace::InTime
        }
    }
}

impl Target {
    /// Returns the time within which the reply is to be sent. `None`: there is no target.
    #[must_use]
    pub fn within(&self, order: ReplyOrder) -> Option<TimeDelta> {
        let minutes = match order {
            ReplyOrder::First => self.first_minutes,
            ReplyOrder::Next => self.next_minutes,
        };
        (minutes > 0).then(|| TimeDelta::minutes(minutes.into()))
    }

    /// Returns the hours in which time passes. `None`: time always passes.
    fn hours<'a>(&self, hours: Option<&'a OpeningHours>) -> Option<&'a OpeningHours> {
        hours.filter(|_| self.clock == TargetClock::OpeningHours)
    }
}

impl Targets {
    /// Checks the settings.
    ///
    /// # Errors
    /// Returns an error about the first setting that cannot work.
    pub fn check(&self) -> Result<(), InvalidTargets> {
        if self.warn_percent > 100 {
            return Err(InvalidTargets::WarnPercent);
        }
        let centre = Urgency::ALL
            .iter()
            .map(|urgency| (String::new(), *urgency, self.of("", *urgency)));
        let of_lines = self.lines.keys().flat_map(|line| {
            let of_line =
                move |urgency: &Urgency| (format!(".lines.{line}"), *urgency, self.of(line, *urgency));
            Urgency::ALL.iter().map(of_line)
        });
        for (place, urgency, target) in centre.chain(of_lines) {
            if target.first_minutes.max(target.next_minutes) > LONGEST {
                return Err(InvalidTargets::TooLong(format!("{place}.{}", urgency.as_str())));
            }
        }
        Ok(())
    }

    /// Returns the target of an urgency on a line.
    #[must_use]
    pub fn of(&self, line: &str, urgency: Urgency) -> Target {
        let own = self.lines.get(line).copied().unwrap_or_default();
        match urgency {
            Urgency::Danger => own.danger.unwrap_or(self.danger),
            Urgency::Urgent => own.urgent.unwrap_or(self.urgent),
            Urgency::Ordinary => own.ordinary.unwrap_or(self.ordinary),
        }
    }

    /// Returns when the reply to a person who has waited since `since` is due. `hours` are the opening hours of the contact's line. `None`:
    /// there is no target, or the line does not open long enough within 400 days.
    #[must_use]
    pub fn due(
        &self,
        target: Target,
        order: ReplyOrder,
        since: DateTime<Utc>,
        hours: Option<&OpeningHours>,
        zone: Tz,
    ) -> Option<Due> {
        let within = target.within(order)?;
        let unwarned = within * i32::from(100 - self.warn_percent.min(100)) / 100;
        let after = |wait: TimeDelta| match target.hours(hours) {
            Some(hours) => hours.after_open(since, wait, zone),
            None => since.checked_add_signed(wait),
        };
        Some(Due {
            at: after(within)?,
            warn_from: after(unwarned)?,
        })
    }

    /// Returns the latest time at which a wait can have begun if its target is missed at `now`. The targets of all waits that began at this
    /// time or earlier are missed. This function is the inverse of [`Targets::due`]; the database query for late contacts uses it. `None`:
    /// no target is missed.
    #[must_use]
    pub fn late_since(
        target: Target,
        order: ReplyOrder,
        now: DateTime<Utc>,
        hours: Option<&OpeningHours>,
        zone: Tz,
    ) -> Option<DateTime<Utc>> {
        let within = target.within(order)?;
        match target.hours(hours) {
            Some(hours) => hours.before_open(now, within, zone),
            None => now.checked_sub_signed(within),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BELGRADE: Tz = chrono_tz::Europe::Belgrade;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn due(urgency: Urgency, since: &str) -> Due {
        let targets = Targets::default();
        let hours = OpeningHours::default();
        let target = targets.of("mail", urgency);
        targets
            .due(target, ReplyOrder::First, at(since), Some(&hours), BELGRADE)
            .unwrap()
    }

    #[test]
    fn danger_is_due_in_two_minutes_also_at_night() {
        let danger = due(Urgency::Danger, "2026-11-28T01:00:00Z");
        assert_eq!(danger.at, at("2026-11-28T01:02:00Z"));
        assert_eq!(danger.pace(at("2026-11-28T01:01:29Z")), Pace::InTime);
        assert_eq!(danger.pace(at("2026-11-28T01:01:30Z")), Pace::Soon);
        assert_eq!(danger.pace(at("2026-11-28T01:02:00Z")), Pace::Late);
    }

    #[test]
    fn other_targets_pass_only_in_opening_hours() {
        // Friday 15:20 in Belgrade; the centre closes at 15:30 and opens on Monday at 07:30.
        let urgent = due(Urgency::Urgent, "2026-11-27T14:20:00Z");
        assert_eq!(urgent.at, at("2026-11-30T06:50:00Z"));
        let weekend = due(Urgency::Ordinary, "2026-11-28T12:00:00Z");
        assert_eq!(weekend.at, at("2026-11-30T10:30:00Z"));
    }

    #[test]
    fn a_line_may_have_other_targets_and_none() {
        let settings = "[lines.chat]\nurgent = { first_minutes = 5, next_minutes = 10, clock = \"always\" }\n\
                        ordinary = { first_minutes = 0 }\n";
        let targets: Targets = toml::from_str(settings).unwrap();
        assert_eq!(targets.of("chat", Urgency::Urgent).next_minutes, 10);
        assert_eq!(targets.of("mail", Urgency::Urgent), Targets::default().urgent);
        assert_eq!(targets.of("chat", Urgency::Danger), targets.danger);
        let none = targets.of("chat", Urgency::Ordinary);
        assert_eq!(
            targets.due(
                none,
                ReplyOrder::First,
                at("2026-11-27T14:20:00Z"),
                None,
                BELGRADE
            ),
            None
        );
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        for (settings, expected) in [
            ("warn_percent = 101", "`targets.warn_percent` is 0 to 100"),
            ("urgent = { first_minutes = 43201 }", "`targets.urgent`"),
            (
                "[lines.chat]\ndanger = { next_minutes = 99999 }",
                "`targets.lines.chat.danger`",
            ),
        ] {
            let targets: Targets = toml::from_str(settings).unwrap();
            let error = targets.check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(Targets::default().check(), Ok(()));
    }

    proptest! {
        /// At every moment, the query for late contacts and the countdown of each row agree.
        #[test]
        fn late_contacts_are_those_whose_target_has_passed(
            waited in 0i64..20_000,
            minute in 0i64..600_000,
            minutes in 1u32..2_000,
            always in any::<bool>(),
        ) {
            let now = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minute);
            let since = now - TimeDelta::minutes(waited);
            let clock = if always { TargetClock::Always } else { TargetClock::OpeningHours };
            let target = Target { first_minutes: minutes, next_minutes: minutes, clock };
            let hours = OpeningHours::default();
            let targets = Targets::default();
            let late = targets
                .due(target, ReplyOrder::Next, since, Some(&hours), BELGRADE)
                .is_some_and(|due| due.pace(now) == Pace::Late);
            let limit = Targets::late_since(target, ReplyOrder::Next, now, Some(&hours), BELGRADE);
            prop_assert_eq!(late, limit.is_some_and(|limit| since <= limit));
        }
    }
}
