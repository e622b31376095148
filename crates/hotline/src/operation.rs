//! The worker of operational alarms: looks at the condition of the service, and tells people outside the desk. A message names the kind of
//! the condition and a line or a machine, and nothing about people.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use hotline_core::{
    centre::Centre,
    contact::message::OutboundMessage,
    identifiers::line_name::LineName,
    operation::{
        Condition, ConditionKind, ConditionState, Observation, OperationMessage, OperationRecipient,
        OperationSettings, Stage,
    },
    text::locale::Locales,
    time::{
        clock::{Clock, SystemClock},
        local::format_time,
    },
};
use hotline_store::{
    db::{condition::DiskSpace, store::Store},
    error::StoreError,
};
use tokio_util::sync::CancellationToken;

use crate::{automatic_message, lines::Lines};

/// The time between two looks at the service, also from the start to the first look, so that lines have connected before.
const LOOK: Duration = Duration::from_secs(15);
/// The time limit for telling a recipient by all lines. It ends before the message may be claimed again.
const PATIENCE: Duration = Duration::from_secs(4 * 60);
/// The age from which the copied end of the audit counts as old. It is usually about a second.
const AUDIT_HEAD_AGE: Duration = Duration::from_secs(5 * 60);

/// What the worker needs.
pub struct Watch {
    pub store: Arc<Store>,
    pub lines: Arc<Lines>,
    pub settings: OperationSettings,
    /// The hours between two scheduled backups; 0: none are scheduled.
    pub backup_every: u16,
    pub started_at: DateTime<Utc>,
    pub centre: Arc<Centre>,
    pub locales: Arc<Locales>,
}

/// Checks the times of the settings.
///
/// # Errors
/// Returns an error that names the setting.
pub fn check_times(settings: &OperationSettings) -> anyhow::Result<()> {
    ensure!(
        (1..24).contains(&settings.behind_hours),
        "`operation.behind_hours` is from 1 to 23, because messages are deleted after 24 hours"
    );
    ensure!(
        settings.repeat_hours > 0,
        "`operation.repeat_hours` is at least 1"
    );
    Ok(())
}

impl Watch {
    /// Looks at the service and tells people until `stop` is cancelled. Ends at once if there are no recipients.
    pub async fn work(self, stop: CancellationToken) {
        if self.settings.recipients.is_empty() {
            tracing::info!(
                "Nobody is told about the condition of the service, because `operation.recipients` names nobody"
            );
            return;
        }
        let machine = machine_name();
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            if let Err(error) = self.look(&machine).await {
                tracing::error!(error = %error, "The condition of the service could not be read, so nobody is told about it");
            }
        }
    }

    async fn look(&self, machine: &str) -> Result<(), StoreError> {
        let mut observed = self.observe_lines().await?;
        observed.extend(self.observe_service(machine).await?);
        let due = self
            .store
            .due_operation_messages(&self.settings, &observed, machine, self.started_at)
            .await?;
        // All at the same time, because the claim of a message that waits for another one would end.
        join_all(due.iter().map(|message| self.tell_all(message))).await;
        Ok(())
    }

    async fn observe_service(&self, machine: &str) -> Result<Vec<Observation>, StoreError> {
        let now = SystemClock.now();
        let sizes = self.store.queue_sizes().await?;
        let has_parked = sizes.iter().any(|size| size.parked > 0);
        let is_head_old = self.store.audit_head_age() > AUDIT_HEAD_AGE;
        let mut observed = vec![
            observation(ConditionKind::ParkedJobs, "", lasts_if(has_parked, now)),
            observation(ConditionKind::AuditHeadOld, machine, lasts_if(is_head_old, now)),
        ];
        let disk = self.store.disk_space().inspect_err(|error| {
            tracing::error!(error = %error, "The free space of the data folder cannot be determined");
        });
        for (kind, is_met) in disk_conditions(disk.ok()) {
            let state = is_met.map_or(ConditionState::Unknown, |is_met| lasts_if(is_met, now));
            observed.push(observation(kind, machine, state));
        }
        let backup = self.store.backup_state().await?;
        if let Some(late_from) = backup.late_from(self.backup_every) {
            // Only a finished backup ends the condition.
            let state = if now > late_from {
                ConditionState::Lasts(late_from)
            } else if backup.finished_at.is_some() {
                ConditionState::Over
            } else {
                ConditionState::Unknown
            };
            observed.push(observation(ConditionKind::BackupLate, "", state));
        }
        Ok(observed)
    }

    /// Looks at every line that is not paused. A line that is not up and well has trouble.
    async fn observe_lines(&self) -> Result<Vec<Observation>, StoreError> {
        let now = SystemClock.now();
        let lines = self.lines.current();
        let mut observed = Vec::new();
        for line in self.store.line_states().await?.iter().filter(|line| !line.paused) {
            let is_well = line.up && line.problem.is_empty();
            let since = line.since.filter(|_| !line.up).unwrap_or(now);
            let state = match is_well {
                true => ConditionState::Over,
                false => ConditionState::Lasts(since),
            };
            observed.push(observation(ConditionKind::LineTrouble, &line.line, state));
            let loses_messages = lines
                .iter()
                .any(|(name, open)| name.as_str() == line.line && open.channel.loses_messages_after_a_day());
            if loses_messages {
                observed.push(observation(ConditionKind::LineBehind, &line.line, state));
            }
        }
        let unopened = self.store.unopened_lines().await?;
        for line in unopened.iter().filter(|line| !line.paused) {
            observed.push(observation(
                ConditionKind::LineTrouble,
                &line.name,
                ConditionState::Lasts(now),
            ));
            // The channel, which could tell, is not open.
            observed.push(observation(
                ConditionKind::LineBehind,
                &line.name,
                ConditionState::Unknown,
            ));
        }
        Ok(observed)
    }

    /// Sends a message to all recipients at the same time. It counts as sent if it reached one of them.
    async fn tell_all(&self, message: &OperationMessage) {
        let told = self
            .settings
            .recipients
            .iter()
            .map(|recipient| tokio::time::timeout(PATIENCE, self.tell(message, recipient)));
        let reached = join_all(told).await;
        let kind = message.condition.kind.as_str();
        if !reached.contains(&Ok(true)) {
            tracing::error!(kind, subject = %message.condition.subject, "Nobody could be told about the condition of the service");
            return;
        }
        if let Err(error) = self.store.note_operation_message(message).await {
            tracing::error!(kind, error = %error, "It could not be recorded that people were told about the condition of the service");
        }
    }

    /// Sends a message to a recipient, by the recipient's line or, if that fails, by another mail line. Returns whether a line accepted it.
    /// If that is uncertain, no other line is tried before the next attempt, which begins with the next line.
    async fn tell(&self, message: &OperationMessage, recipient: &OperationRecipient) -> bool {
        let outgoing = self.build(message, recipient);
        let mut lines = self.lines_to(recipient);
        let earlier = usize::try_from(message.earlier_attempts).unwrap_or_default();
        let first = earlier.checked_rem(lines.len()).unwrap_or_default();
        lines.rotate_left(first);
        for line in lines {
            let Err(error) = automatic_message::send(&self.lines, &line, &outgoing).await else {
                return true;
            };
            tracing::error!(recipient = %recipient.name, line.name = %line, problem = error.problem, "A message about the condition of the service could not be sent");
            if error.is_uncertain {
                return false;
            }
        }
        false
    }

    /// Returns the lines by which a recipient can be reached: first the line of the settings. If that is a mail line, the other mail lines
    /// follow.
    fn lines_to(&self, recipient: &OperationRecipient) -> Vec<LineName> {
        let lines = self.lines.current();
        let is_own = |name: &LineName| name.as_str() == recipient.line;
        let is_mail = lines.iter().any(|(name, line)| is_own(name) && line.is_mailbox());
        let others = lines
            .iter()
            .filter(|(name, line)| is_mail && line.is_mailbox() && !is_own(name));
        let own = lines.keys().filter(|name| is_own(name));
        own.chain(others.map(|(name, _)| name)).cloned().collect()
    }

    fn build(&self, message: &OperationMessage, recipient: &OperationRecipient) -> OutboundMessage {
        let words = self.locales.of(self.centre.language);
        let kind = message.condition.kind;
        let key = match message.stage {
            Stage::Began | Stage::Lasts => format!("operation-{}", kind.as_str()),
            Stage::Over => format!("operation-{}-over", kind.as_str()),
        };
        let what = words.with(&key, "subject", &message.condition.subject);
        let action = words.say(&format!("operation-{}-action", kind.as_str()));
        let since = format_time(message.since, self.centre.time_zone);
        let hours = self.settings.repeat_hours.to_string();
        let values = [
            ("what", what.as_str()),
            ("since", &since),
            ("action", &action),
            ("runbook", kind.runbook()),
            ("hours", &hours),
        ];
        let (title, text) = match message.stage {
            Stage::Began | Stage::Lasts => ("operation-title", "operation-text"),
            Stage::Over => ("operation-over-title", "operation-over-text"),
        };
        automatic_message::build(
            None,
            recipient.to.clone(),
            self.centre.say(words, title, &values),
            self.centre.say(words, text, &values),
        )
    }
}

fn observation(kind: ConditionKind, subject: &str, state: ConditionState) -> Observation {
    Observation {
        condition: Condition {
            kind,
            subject: subject.to_owned(),
        },
        state,
    }
}

fn lasts_if(is_met: bool, now: DateTime<Utc>) -> ConditionState {
    match is_met {
        true => ConditionState::Lasts(now),
        false => ConditionState::Over,
    }
}

/// Returns whether each condition of the disk is met; `None` if that is unknown. A full disk is also nearly full.
fn disk_conditions(disk: Option<DiskSpace>) -> [(ConditionKind, Option<bool>); 2] {
    let is_below =
        |reserves: u64| disk.map(|disk| disk.free_bytes < disk.reserve_bytes.saturating_mul(reserves));
    [
        (ConditionKind::DiskNearlyFull, is_below(2)),
        (ConditionKind::DiskFull, is_below(1)),
    ]
}

/// Returns the name of this machine.
fn machine_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_below_twice_the_reserve() {
        let met = |free_bytes| {
            let disk = DiskSpace {
                free_bytes,
                reserve_bytes: 100,
            };
            disk_conditions(Some(disk)).map(|(_, is_met)| is_met)
        };
        assert_eq!(met(200), [Some(false), Some(false)]);
        assert_eq!(met(199), [Some(true), Some(false)]);
        assert_eq!(met(99), [Some(true), Some(true)]);
        assert_eq!(disk_conditions(None).map(|(_, is_met)| is_met), [None, None]);
    }

    #[test]
    fn waiting_longer_than_the_platform_keeps_messages_is_refused() {
        let times = |behind_hours, repeat_hours| {
            check_times(&OperationSettings {
                behind_hours,
                repeat_hours,
                ..OperationSettings::default()
            })
        };
        assert!(times(6, 6).is_ok());
        for (behind, repeat, key) in [
            (24, 6, "behind_hours"),
            (0, 6, "behind_hours"),
            (6, 0, "repeat_hours"),
        ] {
            assert!(times(behind, repeat).unwrap_err().to_string().contains(key));
        }
    }
}
