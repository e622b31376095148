//! Operational alarms: the conditions that are tracked, and the messages about them that are due.

use chrono::{DateTime, Utc};
use hotline_core::operation::{
    Condition, ConditionKind, Observation, OperationMessage, OperationSettings, Step, TrackedCondition,
};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, EntityTrait, Iterable, sea_query::OnConflict,
};

use crate::{
    db::{
        entity::operation_alarms::{self, Column},
        store::{Store, time},
    },
    error::StoreError,
};

/// The advisory lock of PostgreSQL that lets one process at a time decide.
const OPERATION_LOCK: i64 = 0x686f_746c_0029;
/// The number of messages that are claimed at most. They are sent at the same time, and the next ones are claimed after that.
const MOST_AT_ONCE: usize = 16;

impl Store {
    /// Compares what was seen now with the conditions that were tracked before. Returns the messages that are due now. The transaction also
    /// claims them for at least five minutes, so each is returned to one process only. `machine` is the name of this machine: a condition of
    /// another machine is left alone, because only that machine can tell whether it lasts. `watching_since` is the start of this process.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn due_operation_messages(
        &self,
        settings: &OperationSettings,
        observed: &[Observation],
        machine: &str,
        watching_since: DateTime<Utc>,
    ) -> Result<Vec<OperationMessage>, StoreError> {
        let now = self.clock.now();
        let decide = |tracked: &[TrackedCondition]| settings.decide(observed, tracked, watching_since, now);
        // Reads without a lock, so that an idle service writes nothing.
        if decide(&tracked_by(&self.reading, machine).await?).is_empty() {
            return Ok(Vec::new());
        }
        let transaction = self.begin_operation().await?;
        let mut due = Vec::new();
        for step in decide(&tracked_by(&transaction, machine).await?) {
            match step {
                Step::Track(tracked) => store_condition(&transaction, tracked).await?,
                Step::Forget(condition) => delete_condition(&transaction, condition).await?,
                Step::Tell(..) if due.len() == MOST_AT_ONCE => {}
                Step::Tell(tracked, message) => {
                    store_condition(&transaction, tracked).await?;
                    due.push(message);
                }
            }
        }
        transaction.commit().await?;
        Ok(due)
    }

    /// Records that a message reached somebody. Without this call, the message is due again later.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_operation_message(&self, message: &OperationMessage) -> Result<(), StoreError> {
        let transaction = self.begin_operation().await?;
        let row = operation_alarms::Entity::find_by_id(key(&message.condition))
            .one(&transaction)
            .await?;
        let Some(tracked) = row.and_then(to_tracked) else {
            return Ok(());
        };
        match tracked.after_telling(message.stage, self.clock.now()) {
            Some(tracked) => store_condition(&transaction, tracked).await?,
            None => delete_condition(&transaction, tracked.condition).await?,
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Begins a write transaction that excludes every other one about tracked conditions. On SQLite, every write transaction does.
    async fn begin_operation(&self) -> Result<DatabaseTransaction, StoreError> {
        let transaction = self.begin().await?;
        if !self.on_sqlite() {
            let lock = format!("SELECT pg_advisory_xact_lock({OPERATION_LOCK})");
            transaction.execute_unprepared(&lock).await?;
        }
        Ok(transaction)
    }
}

/// Returns the tracked conditions that concern the whole installation, a line or this machine. Leaves out kinds that only another version
/// of Hotline knows.
async fn tracked_by(
    connection: &impl ConnectionTrait,
    machine: &str,
) -> Result<Vec<TrackedCondition>, StoreError> {
    let rows = operation_alarms::Entity::find().all(connection).await?;
    let known = rows.into_iter().filter_map(to_tracked);
    let is_here = |condition: &Condition| !condition.kind.concerns_machine() || condition.subject == machine;
    Ok(known.filter(|known| is_here(&known.condition)).collect())
}

fn to_tracked(row: operation_alarms::Model) -> Option<TrackedCondition> {
    Some(TrackedCondition {
        condition: Condition {
            kind: ConditionKind::parse(&row.kind)?,
            subject: row.subject,
        },
        since: time(row.since),
        gone_since: row.gone_since.map(time),
        told_at: row.told_at.map(time),
        tried_at: row.tried_at.map(time),
        attempts: u32::try_from(row.attempts).unwrap_or(0),
    })
}

fn key(condition: &Condition) -> (String, String) {
    (condition.kind.as_str().to_owned(), condition.subject.clone())
}

async fn store_condition(
    transaction: &DatabaseTransaction,
    tracked: TrackedCondition,
) -> Result<(), StoreError> {
    let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
    let (kind, subject) = key(&tracked.condition);
    let row = operation_alarms::ActiveModel {
        kind: Set(kind),
        subject: Set(subject),
        since: Set(tracked.since.timestamp_micros()),
        gone_since: Set(micros(tracked.gone_since)),
        told_at: Set(micros(tracked.told_at)),
        tried_at: Set(micros(tracked.tried_at)),
        attempts: Set(i32::try_from(tracked.attempts).unwrap_or(i32::MAX)),
    };
    let replace = OnConflict::columns([Column::Kind, Column::Subject])
        .update_columns(Column::iter().filter(|column| !matches!(column, Column::Kind | Column::Subject)))
        .to_owned();
    operation_alarms::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

async fn delete_condition(transaction: &DatabaseTransaction, condition: Condition) -> Result<(), StoreError> {
    operation_alarms::Entity::delete_by_id(key(&condition))
        .exec(transaction)
        .await?;
    Ok(())
}
