//! Alarms: raised for neglected contacts in immediate danger, and repeated until the contact is no longer neglected.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{ids, reference::Reference},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{alarm_notices, alarms, contacts},
        store::{Store, time},
        values::{AlarmKind, HistoryKind},
    },
    error::StoreError,
    routing::in_danger::is_in_care,
    staff::{accounts::StaffMember, availability::Colleague},
};

/// A step of an alarm that is due and has to be sent to its recipients now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueStep {
    /// The alarm.
    pub alarm: Uuid,
    /// Why the alarm was raised.
    pub kind: AlarmKind,
    /// The number of this step, from 1.
    pub step: u16,
    /// The contact in immediate danger; `None` for a test.
    pub reference: Option<Reference>,
    /// Since when the person has waited. For a test: when the test was raised.
    pub since: DateTime<Utc>,
}

/// An alarm with every attempt to send it to a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRecord {
    /// Why the alarm was raised.
    pub kind: AlarmKind,
    /// The contact in immediate danger; `None` for a test.
    pub reference: Option<Reference>,
    /// When the alarm was raised.
    pub raised_at: DateTime<Utc>,
    /// When the alarm ended. `None`: it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// The attempts to send the alarm, in order.
    pub notices: Vec<AlarmNotice>,
}

/// An attempt to send an alarm to a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmNotice {
    /// When the alarm was sent, or could not be sent.
    pub at: DateTime<Utc>,
    /// The step of the alarm to which the attempt belongs.
    pub step: i16,
    /// The recipient's name in the settings.
    pub recipient: String,
    /// The line that sent the alarm.
    pub line: String,
    /// Why the alarm could not be sent. Empty if the line accepted the alarm.
    pub problem: String,
}

impl Store {
    /// Raises, ends and repeats alarms. Returns the steps that are due now. The transaction also claims these steps, so each step is
    /// returned only once, to one process.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn due_alarms(&self) -> Result<Vec<DueStep>, StoreError> {
        if !self.may_alarm().await? {
            return Ok(Vec::new());
        }
        let transaction = self.begin().await?;
        self.lock_routing(&transaction).await?;
        let colleagues = self.availabilities_in(&transaction).await?;
        let neglected = self.neglected(&transaction, &colleagues).await?;
        let open = alarms::Entity::find()
            .filter(alarms::Column::EndedAt.is_null())
            .all(&transaction)
            .await?;
        for alarm in &open {
            let goes_on = neglected
                .iter()
                .any(|contact| Some(contact.id) == alarm.contact_id);
            let all_told = alarm.kind != AlarmKind::Danger && alarm.step > 0;
            if all_told || (alarm.kind == AlarmKind::Danger && !goes_on) {
                self.end_alarm(&transaction, alarm.id).await?;
            }
        }
        for contact in &neglected {
            if !open.iter().any(|alarm| alarm.contact_id == Some(contact.id)) {
                self.raise_alarm(&transaction, AlarmKind::Danger, Some(contact.id))
                    .await?;
            }
        }
        self.raise_weekly_test(&transaction).await?;
        let due = self.take_due_steps(&transaction).await?;
        self.commit(transaction).await?;
        Ok(due)
    }

    /// Returns whether an alarm may have to be raised, ended or repeated. Reads without a lock, so that an idle service does not write.
    async fn may_alarm(&self) -> Result<bool, StoreError> {
        let danger = self.in_danger().one(&self.reading).await?;
        let open = alarms::Entity::find()
            .filter(alarms::Column::EndedAt.is_null())
            .one(&self.reading)
            .await?;
        Ok(danger.is_some() || open.is_some() || self.weekly_test_due(&self.reading).await?)
    }

    /// Returns the contacts in immediate danger for which an alarm is due.
    async fn neglected(
        &self,
        transaction: &DatabaseTransaction,
        colleagues: &[Colleague],
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let now = self.clock.now();
        let anybody = colleagues.iter().any(|one| one.availability.is_available());
        let mut waiting = self.endangered(transaction).await?;
        waiting.retain(|contact| {
            let since = time(contact.waiting_since.unwrap_or(contact.last_in_at));
            self.alarm
                .is_due(since, is_in_care(contact, colleagues), anybody, now)
        });
        Ok(waiting)
    }

    async fn raise_alarm(
        &self,
        transaction: &DatabaseTransaction,
        kind: AlarmKind,
        contact: Option<Uuid>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let alarm = alarms::ActiveModel {
            id: Set(ids::new(self.clock.now())),
            kind: Set(kind),
            contact_id: Set(contact),
            raised_at: Set(now),
            step: Set(0),
            next_at: Set(now),
            ended_at: Set(None),
        };
        alarm.insert(transaction).await?;
        Ok(())
    }

    async fn end_alarm(&self, transaction: &DatabaseTransaction, alarm: Uuid) -> Result<(), StoreError> {
        let ended = alarms::ActiveModel {
            id: Unchanged(alarm),
            ended_at: Set(Some(self.now())),
            ..Default::default()
        };
        ended.update(transaction).await?;
        Ok(())
    }

    async fn weekly_test_due(&self, connection: &impl sea_orm::ConnectionTrait) -> Result<bool, StoreError> {
        let Some(weekly) = self.alarm.weekly_test else {
            return Ok(false);
        };
        let due = weekly.last_due(self.clock.now(), self.zone).timestamp_micros();
        let sent = alarms::Entity::find()
            .filter(alarms::Column::Kind.eq(AlarmKind::WeeklyTest))
            .filter(alarms::Column::RaisedAt.gte(due))
            .one(connection)
            .await?;
        Ok(sent.is_none())
    }

    async fn raise_weekly_test(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        if self.weekly_test_due(transaction).await? {
            self.raise_alarm(transaction, AlarmKind::WeeklyTest, None).await?;
        }
        Ok(())
    }

    async fn take_due_steps(&self, transaction: &DatabaseTransaction) -> Result<Vec<DueStep>, StoreError> {
        let now = self.now();
        let due = alarms::Entity::find()
            .filter(alarms::Column::EndedAt.is_null())
            .filter(alarms::Column::NextAt.lte(now))
            .order_by_asc(alarms::Column::RaisedAt)
            .all(transaction)
            .await?;
        let repeat = self.alarm.repeat_after().num_microseconds().unwrap_or(i64::MAX);
        let ids = due.iter().filter_map(|alarm| alarm.contact_id);
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ids))
            .all(transaction)
            .await?;
        let mut steps = Vec::with_capacity(due.len());
        for alarm in due {
            // A test is sent to all recipients at once.
            let step = match alarm.kind {
                AlarmKind::Danger => alarm.step.saturating_add(1),
                AlarmKind::Test | AlarmKind::WeeklyTest => i16::try_from(self.alarm.last_step()).unwrap_or(1),
            };
            let taken = alarms::ActiveModel {
                id: Unchanged(alarm.id),
                step: Set(step),
                next_at: Set(now.saturating_add(repeat)),
                ..Default::default()
            };
            taken.update(transaction).await?;
            let contact = rows.iter().find(|row| Some(row.id) == alarm.contact_id);
            if let Some(contact) = contact {
                self.add_event(transaction, contact.id, None, HistoryKind::Alarmed, "")
                    .await?;
            }
            steps.push(DueStep {
                alarm: alarm.id,
                kind: alarm.kind,
                step: u16::try_from(step).unwrap_or(1),
                reference: contact.map(reference_of),
                since: time(
                    contact
                        .and_then(|contact| contact.waiting_since)
                        .unwrap_or(alarm.raised_at),
                ),
            });
        }
        Ok(steps)
    }

    /// Records an attempt to send an alarm to a recipient. `problem` says why the alarm could not be sent. If there is a problem and a
    /// later step has further recipients, the next step is due at once.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_alarm(
        &self,
        step: &DueStep,
        recipient: &str,
        line: &str,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let notice = alarm_notices::ActiveModel {
            id: NotSet,
            alarm_id: Set(step.alarm),
            at: Set(self.now()),
            step: Set(i16::try_from(step.step).unwrap_or(i16::MAX)),
            recipient: Set(recipient.to_owned()),
            line: Set(line.to_owned()),
            problem: Set(problem.unwrap_or_default().to_owned()),
        };
        notice.insert(&transaction).await?;
        if problem.is_some() && step.step < self.alarm.last_step() {
            let at_once = alarms::ActiveModel {
                id: Unchanged(step.alarm),
                next_at: Set(self.now()),
                ..Default::default()
            };
            at_once.update(&transaction).await?;
        }
        self.commit(transaction).await
    }

    /// Raises a test alarm, which is sent to all recipients once.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn test_alarm(&self, who: &StaffMember) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.raise_alarm(&transaction, AlarmKind::Test, None).await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::AlarmTest, "")
            .await?;
        self.commit(transaction).await
    }

    /// Returns the most recent alarms, newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn alarms(&self, most: u64) -> Result<Vec<AlarmRecord>, StoreError> {
        let rows = alarms::Entity::find()
            .order_by_desc(alarms::Column::RaisedAt)
            .limit(most)
            .all(&self.reading)
            .await?;
        let notices = alarm_notices::Entity::find()
            .filter(alarm_notices::Column::AlarmId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(alarm_notices::Column::Id)
            .all(&self.reading)
            .await?;
        let references: HashMap<Uuid, Reference> = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(rows.iter().filter_map(|row| row.contact_id)))
            .all(&self.reading)
            .await?
            .iter()
            .map(|contact| (contact.id, reference_of(contact)))
            .collect();
        let records = rows.into_iter().map(|row| AlarmRecord {
            kind: row.kind,
            reference: row.contact_id.and_then(|id| references.get(&id).copied()),
            raised_at: time(row.raised_at),
            ended_at: row.ended_at.map(time),
            notices: notices
                .iter()
                .filter(|notice| notice.alarm_id == row.id)
                .map(|notice| AlarmNotice {
                    at: time(notice.at),
                    step: notice.step,
                    recipient: notice.recipient.clone(),
                    line: notice.line.clone(),
                    problem: notice.problem.clone(),
                })
                .collect(),
        });
        Ok(records.collect())
    }

    /// Returns the recipients to whom the last alarm or test could not be sent, with the problem.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn failing_alarm_paths(&self) -> Result<Vec<AlarmNotice>, StoreError> {
        let mut failing: Vec<AlarmNotice> = Vec::new();
        let recent = self.alarms(20).await?;
        let newest_first = recent.iter().flat_map(|alarm| alarm.notices.iter().rev());
        let mut seen = Vec::new();
        for notice in newest_first {
            let path = (notice.recipient.as_str(), notice.line.as_str());
            if seen.contains(&path) {
                continue;
            }
            seen.push(path);
            if !notice.problem.is_empty() {
                failing.push(notice.clone());
            }
        }
        Ok(failing)
    }
}
