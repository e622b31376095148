//! Operational alarms: the conditions of the service about which people outside the desk are told, and when they are told.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The time after which a message that reached nobody is tried again for the first time. An attempt ends earlier, so a message is never sent
/// by two processes at the same time.
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(5);
/// The number of doublings of this time at most. It is limited by `repeat_hours` before.
const MOST_DOUBLINGS: u32 = 10;
/// A message about the end of a condition that reached nobody for this long is given up.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// A time that is further in the future than this shows that the clock was set back. The clocks of two machines differ by less.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::hours(1);

/// The `[operation]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperationSettings {
    /// Minutes for which a line must be down or report trouble before people are told.
    pub line_down_minutes: u16,
    /// Hours for which messages may have waited at a platform that deletes them after a day, before people are told.
    pub behind_hours: u16,
    /// Minutes for which every other condition must last before people are told, and for which a condition must be over before they are
    /// told that it is over.
    pub settle_minutes: u16,
    /// Hours after which a message about a condition that lasts is repeated.
    pub repeat_hours: u16,
    /// The people who are told.
    pub recipients: Vec<OperationRecipient>,
}

/// A person who is told about the condition of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationRecipient {
    /// The name that the log shows.
    pub name: String,
    /// The line that sends the message: a mail line, a Telegram line or a bridge line.
    pub line: String,
    /// The address on that line: an e-mail address, the id of a Telegram chat, or an id that the bridge program knows.
    pub to: String,
}

impl Default for OperationSettings {
    fn default() -> Self {
        Self {
            line_down_minutes: 15,
            behind_hours: 6,
            settle_minutes: 5,
            repeat_hours: 6,
            recipients: Vec::new(),
        }
    }
}

/// The kind of a condition that needs an operator.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ConditionKind {
    /// A line does not reach its source, cannot be opened, or cannot read everything in its source.
    LineTrouble,
    /// Messages may have waited for hours at a platform that deletes them after a day.
    LineBehind,
    /// Jobs failed and are no longer run automatically.
    ParkedJobs,
    /// The disk with the data folder has less than twice the reserve.
    DiskNearlyFull,
    /// The disk with the data folder has less than the reserve, so no message is accepted.
    DiskFull,
    /// No good backup was finished for twice its interval.
    BackupLate,
    /// The audit was not chained, or its end was not copied.
    AuditHeadOld,
}

crate::named!(ConditionKind);

impl ConditionKind {
    /// Returns the heading of the section in `docs/operating.md` that says what to do.
    #[must_use]
    pub const fn runbook(self) -> &'static str {
        match self {
            Self::LineTrouble => "LineDown",
            Self::LineBehind => "TelegramBehind",
            Self::ParkedJobs => "ParkedJobs",
            Self::DiskNearlyFull | Self::DiskFull => "DiskNearlyFull",
            Self::BackupLate => "BackupLate",
            Self::AuditHeadOld => "AuditHeadOld",
        }
    }

    /// Returns whether the condition concerns one machine, so that another machine cannot tell whether it lasts.
    #[must_use]
    pub const fn concerns_machine(self) -> bool {
        match self {
            Self::DiskNearlyFull | Self::DiskFull | Self::AuditHeadOld => true,
            Self::LineTrouble | Self::LineBehind | Self::ParkedJobs | Self::BackupLate => false,
        }
    }
}

/// A condition: its kind, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The kind.
    pub kind: ConditionKind,
    /// The name of the line or of the machine. Empty if the condition concerns the whole installation.
    pub subject: String,
}

/// What was seen of a condition just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The condition.
    pub condition: Condition,
    /// Whether it lasts.
    pub state: ConditionState,
}

/// Whether a condition lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionState {
    /// It has lasted since this time, as far as is known.
    Lasts(DateTime<Utc>),
    /// It does not last.
    Over,
    /// This could not be found out.
    Unknown,
}

/// A condition that was seen earlier, and what was sent about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedCondition {
    /// The condition.
    pub condition: Condition,
    /// Since when it lasts.
    pub since: DateTime<Utc>,
    /// When it was first missed after it had been told. `None`: it lasts.
    pub gone_since: Option<DateTime<Utc>>,
    /// When somebody was last told about it. `None`: nobody was.
    pub told_at: Option<DateTime<Utc>>,
    /// When the last message was begun that has reached nobody so far.
    pub tried_at: Option<DateTime<Utc>>,
    /// How often this message was begun.
    pub attempts: u32,
}

impl TrackedCondition {
    fn new(condition: Condition, since: DateTime<Utc>) -> Self {
        Self {
            condition,
            since,
            gone_since: None,
            told_at: None,
            tried_at: None,
            attempts: 0,
        }
    }

    /// Returns the condition without a message that was begun.
    fn without_attempts(&self) -> Self {
        Self {
            tried_at: None,
            attempts: 0,
            ..self.clone()
        }
    }

    /// Returns the condition after a message about it reached somebody. `None`: it is over, so it is no longer tracked.
    #[must_use]
    pub fn after_telling(&self, stage: Stage, now: DateTime<Utc>) -> Option<Self> {
        match stage {
            Stage::Over => None,
            Stage::Began | Stage::Lasts => Some(Self {
                told_at: Some(now),
                ..self.without_attempts()
            }),
        }
    }
}

/// What a message says about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It began.
    Began,
    /// It still lasts.
    Lasts,
    /// It is over.
    Over,
}

/// A message about a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationMessage {
    /// The condition.
    pub condition: Condition,
    /// Since when it lasts or lasted.
    pub since: DateTime<Utc>,
    /// What the message says.
    pub stage: Stage,
    /// How often the message was begun before.
    pub earlier_attempts: u32,
}

/// What is to be done about a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is tracked like this from now on.
    Track(TrackedCondition),
    /// It is no longer tracked, and nobody has to be told.
    Forget(Condition),
    /// It is tracked like this from now on, and a message is to be sent.
    Tell(TrackedCondition, OperationMessage),
}

impl OperationSettings {
    /// Returns what is to be done now, from what was seen and what was tracked before. `watching_since` is the start of this process: what
    /// it reads at first may be what an earlier process left. A tracked condition that was not looked for, such as one of a paused line, is
    /// forgotten.
    #[must_use]
    pub fn decide(
        &self,
        observed: &[Observation],
        tracked: &[TrackedCondition],
        watching_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Vec<Step> {
        let is_tracked = |one: &Observation| tracked.iter().any(|known| known.condition == one.condition);
        let new = observed.iter().filter(|one| !is_tracked(one));
        let mut steps: Vec<Step> = new.filter_map(begin).collect();
        for known in tracked {
            let seen = observed.iter().find(|one| one.condition == known.condition);
            let step = match seen.map(|one| one.state) {
                None => Some(Step::Forget(known.condition.clone())),
                Some(ConditionState::Unknown) => None,
                Some(ConditionState::Lasts(_)) => self.step_while_it_lasts(known, watching_since, now),
                Some(ConditionState::Over) => self.step_after_its_end(known, now),
            };
            steps.extend(step);
        }
        steps
    }

    fn step_while_it_lasts(
        &self,
        known: &TrackedCondition,
        watching_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Step> {
        if known.gone_since.is_some() {
            return Some(Step::Track(TrackedCondition {
                gone_since: None,
                ..known.without_attempts()
            }));
        }
        if let Some(told_at) = known.told_at {
            let is_due = has_passed(told_at, self.repeat_after(), now);
            return self.tell_if(is_due, known, Stage::Lasts, now);
        }
        let patience = self.patience(known.condition.kind);
        let after_start = patience.min(self.line_down_after());
        let is_due = has_passed(known.since, patience, now) && has_passed(watching_since, after_start, now);
        self.tell_if(is_due, known, Stage::Began, now)
    }

    fn step_after_its_end(&self, known: &TrackedCondition, now: DateTime<Utc>) -> Option<Step> {
        if known.told_at.is_none() {
            // A message that is being sent may still reach somebody, who then has to be told about the end.
            let is_being_sent = known.tried_at.is_some_and(|at| !has_passed(at, RETRY_AFTER, now));
            return (!is_being_sent).then(|| Step::Forget(known.condition.clone()));
        }
        let Some(gone) = known.gone_since else {
            return Some(Step::Track(TrackedCondition {
                gone_since: Some(now),
                ..known.without_attempts()
            }));
        };
        if known.attempts > 0 && has_passed(gone, GIVE_UP_AFTER, now) {
            return Some(Step::Forget(known.condition.clone()));
        }
        let is_due = has_passed(gone, self.settle_after(), now);
        self.tell_if(is_due, known, Stage::Over, now)
    }

    fn tell_if(
        &self,
        is_due: bool,
        known: &TrackedCondition,
        stage: Stage,
        now: DateTime<Utc>,
    ) -> Option<Step> {
        let retry_after = self.retry_after(known.attempts);
        let may_try = known.tried_at.is_none_or(|at| has_passed(at, retry_after, now));
        (is_due && may_try).then(|| {
            let tried = TrackedCondition {
                tried_at: Some(now),
                attempts: known.attempts.saturating_add(1),
                ..known.clone()
            };
            let message = OperationMessage {
                condition: known.condition.clone(),
                since: known.since,
                stage,
                earlier_attempts: known.attempts,
            };
            Step::Tell(tried, message)
        })
    }

    /// Returns how long a condition lasts before people are told.
    fn patience(&self, kind: ConditionKind) -> TimeDelta {
        match kind {
            ConditionKind::LineTrouble => self.line_down_after(),
            ConditionKind::LineBehind => TimeDelta::hours(self.behind_hours.into()),
            ConditionKind::ParkedJobs
            | ConditionKind::DiskNearlyFull
            | ConditionKind::DiskFull
            | ConditionKind::BackupLate
            | ConditionKind::AuditHeadOld => self.settle_after(),
        }
    }

    /// Returns the time after which a message is tried again that was begun this often and reached nobody. It doubles with each attempt.
    fn retry_after(&self, attempts: u32) -> TimeDelta {
        let doublings = attempts.saturating_sub(1).min(MOST_DOUBLINGS);
        (RETRY_AFTER * (1_i32 << doublings)).min(self.repeat_after())
    }

    fn line_down_after(&self) -> TimeDelta {
        TimeDelta::minutes(self.line_down_minutes.into())
    }

    fn settle_after(&self) -> TimeDelta {
        TimeDelta::minutes(self.settle_minutes.into())
    }

    fn repeat_after(&self) -> TimeDelta {
        TimeDelta::hours(self.repeat_hours.into())
    }
}

/// Returns the step that begins to track a condition, if it lasts.
fn begin(seen: &Observation) -> Option<Step> {
    match seen.state {
        ConditionState::Lasts(since) => {
            Some(Step::Track(TrackedCondition::new(seen.condition.clone(), since)))
        }
        ConditionState::Over | ConditionState::Unknown => None,
    }
}

/// Returns whether `wait` has passed since a time. A time in the future shows that the clock was set back, so the wait has passed.
fn has_passed(since: DateTime<Utc>, wait: TimeDelta, now: DateTime<Utc>) -> bool {
    now - since >= wait || since - now > CLOCK_DIFFERENCE
}
