//! The job queue: claiming, retrying and parking jobs, and running parked jobs again. The transaction that writes the result of a job also
//! removes the job.

use std::{collections::HashMap, time::Duration};

use hotline_core::{
    contact::message::RawMessage,
    identifiers::{line_name::LineName, reference::Reference},
    job::JobKind,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{jobs, journal},
        store::{Store, time},
        transactions::commit_measured,
        values::{JobState, Outcome},
    },
    error::StoreError,
    sealing::places::raw_place,
};

/// A job that this process claimed for a limited time (the lease). Each claim increases the attempt number. The number is a fencing token:
/// if another process claimed the job after the lease ended, this process cannot finish the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claimed {
    /// Id of the job.
    pub id: i64,
    /// Number of this attempt, from 1.
    pub attempt: i32,
    /// `true` if the previous attempt was interrupted: its process stopped or its lease ended before the job was finished.
    pub interrupted: bool,
    /// Journal id of the raw message, for a receive job. 0 for other kinds of job.
    pub journal_id: i64,
    /// Outbox id of the outgoing message, for a deliver job. The nil UUID for other kinds of job.
    pub outbox_id: Uuid,
    /// Id of the attachment, for a fetch job. The nil UUID for other kinds of job.
    pub attachment_id: Uuid,
}

/// A decrypted raw message, with the data that the store needs to register the message.
pub struct Journalled {
    /// The receive job of the message.
    pub job: Claimed,
    /// The raw message.
    pub raw: RawMessage,
    pub(crate) external_hash: Vec<u8>,
    pub(crate) data_key: Vec<u8>,
    /// The reference for the new contact, if this message opens a contact.
    pub(crate) reference: Reference,
}

/// An unfinished job, as shown to staff: ready, running or parked.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ListedJob {
    /// Number of the job.
    pub id: i64,
    /// Kind of the job: `receive`, `deliver` or `fetch`.
    pub kind: JobKind,
    /// `ready`, `running` or `parked`.
    pub state: JobState,
    /// Number of attempts so far.
    pub attempt: i32,
    /// When the job was created.
    pub made_at: chrono::DateTime<chrono::Utc>,
    /// When the next attempt is due. For a running job, when its lease ends.
    pub due_at: chrono::DateTime<chrono::Utc>,
    /// Why the last attempt failed. For a running job: `interrupted` if the previous attempt was interrupted, otherwise empty. Never
    /// contains text that people wrote.
    pub reason: String,
}

impl Store {
    /// Waits until a notification says that a job of this kind may be due, but at most `at_most`.
    pub async fn until_due(&self, kind: JobKind, at_most: Duration) {
        let due = match kind {
            JobKind::Receive => &self.receive_due,
            JobKind::Deliver => &self.deliver_due,
            JobKind::Fetch => &self.fetch_due,
        };
        let _ = tokio::time::timeout(at_most, due.notified()).await;
    }

    /// Claims at most `most` due jobs of a kind, oldest first, for the duration of `lease`. Claims only jobs that were claimed fewer than
    /// `fewer_than` times. Skips the jobs with the ids `in_hand`, on which this process is still working. The claim is committed before
    /// this function returns.
    ///
    /// If the system clock was set back after a job was created, the due time of the job can be far in the future. Two kinds of jobs
    /// therefore always count as due: jobs that were due at their creation and were never attempted, and jobs whose remaining wait exceeds
    /// [`JobKind::LONGEST_WAIT`].
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn claim(
        &self,
        kind: JobKind,
        most: u64,
        lease: Duration,
        fewer_than: i32,
        in_hand: &[i64],
    ) -> Result<Vec<Claimed>, StoreError> {
        let now = self.now();
        let (far, until) = (self.after(JobKind::LONGEST_WAIT), self.after(lease));
        let backend = self.writing.backend();
        let skip = if backend == DbBackend::Postgres {
            " FOR UPDATE SKIP LOCKED"
        } else {
            ""
        };
        let in_hand: Vec<String> = in_hand.iter().map(i64::to_string).collect();
        let besides = if in_hand.is_empty() {
            String::new()
        } else {
            format!(" AND id NOT IN ({})", in_hand.join(", "))
        };
        // The expressions in `SET` read the values from before the update. If the state was `running` before the update, the previous
        // attempt was interrupted.
        let sql = format!(
            "UPDATE jobs SET attempt = attempt + 1, state = 'running', due_at = $1, \
             reason = CASE WHEN state = 'running' THEN 'interrupted' ELSE '' END \
             WHERE id IN (SELECT id FROM jobs WHERE kind = $2 AND state <> 'parked' \
             AND (due_at <= $3 OR (attempt = 0 AND due_at <= made_at) OR due_at > $4){besides} \
             AND attempt < $5 ORDER BY id LIMIT $6{skip}) RETURNING id, attempt, journal_id, outbox_id, attachment_id, reason"
        );
        let most = i64::try_from(most).unwrap_or(1);
        let values = [
            until.into(),
            kind.as_str().into(),
            now.into(),
            far.into(),
            fewer_than.into(),
            most.into(),
        ];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let mut claimed = Vec::new();
        let transaction = self.begin().await?;
        for row in transaction.query_all_raw(statement).await? {
            let row = ClaimedRow::from_query_result(&row, "")?;
            claimed.push(Claimed {
                id: row.id,
                attempt: row.attempt,
                interrupted: row.reason == "interrupted",
                journal_id: row.journal_id.unwrap_or_default(),
                outbox_id: row.outbox_id.unwrap_or_default(),
                attachment_id: row.attachment_id.unwrap_or_default(),
            });
        }
        commit_measured(transaction).await?;
        claimed.sort_unstable_by_key(|job| job.id);
        Ok(claimed)
    }

    /// Takes the lock that lets only one process run the jobs of the database (SQLite only). Jobs that an earlier process had claimed
    /// become due immediately, because no other process can be working on them. Does nothing on PostgreSQL: several processes may run jobs
    /// there, and the leases prevent two processes from running the same job.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if another process runs the jobs of this SQLite database. Returns another error if a database query
    /// fails.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        if !self.on_sqlite() {
            return Ok(());
        }
        let lock = self.files.lock()?;
        let _ = self.served.set(lock);
        let transaction = self.begin().await?;
        jobs::Entity::update_many()
            .col_expr(jobs::Column::DueAt, Expr::value(self.now()))
            .filter(jobs::Column::State.eq(JobState::Running))
            .exec(&transaction)
            .await?;
        commit_measured(transaction).await?;
        Ok(())
    }

    /// Makes a job due again after `wait`. Does nothing if another process claimed the job after the lease ended. `reason` must not contain
    /// text that people wrote.
    ///
    /// # Errors
    /// Fails if a database query fails. The job then becomes due when its lease ends.
    pub async fn retry(&self, job: &Claimed, wait: Duration, reason: &str) -> Result<(), StoreError> {
        self.settle(job, "ready", self.after(wait), reason).await
    }

    /// Parks a job, so that it does not run until staff run it again. Does nothing if another process claimed the job after the lease
    /// ended. `reason` must not contain text that people wrote.
    ///
    /// # Errors
    /// Fails if a database query fails. The job then becomes due when its lease ends.
    pub async fn park(&self, job: &Claimed, reason: &str) -> Result<(), StoreError> {
        self.settle(job, "parked", self.now(), reason).await
    }

    async fn settle(&self, job: &Claimed, state: &str, due_at: i64, reason: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(state))
            .col_expr(jobs::Column::DueAt, Expr::value(due_at))
            .col_expr(jobs::Column::Reason, Expr::value(reason))
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&transaction)
            .await?;
        commit_measured(transaction).await?;
        Ok(())
    }

    /// Removes a job for which nothing is left to do.
    pub(crate) async fn drop_job(&self, job: &Claimed) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        end_job(&transaction, job).await?;
        commit_measured(transaction).await?;
        Ok(())
    }

    /// Splits jobs into portions whose raw messages have at most `most` bytes in total. A message that is larger than `most` is alone in
    /// its portion.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn in_portions(&self, claimed: &[Claimed], most: u64) -> Result<Vec<Vec<Claimed>>, StoreError> {
        let sizes: HashMap<i64, i64> = journal::Entity::find()
            .select_only()
            .column(journal::Column::Id)
            .column(journal::Column::Size)
            .filter(journal::Column::Id.is_in(claimed.iter().map(|job| job.journal_id)))
            .into_tuple::<(i64, i64)>()
            .all(&self.reading)
            .await?
            .into_iter()
            .collect();
        let mut portions: Vec<Vec<Claimed>> = Vec::new();
        let mut bytes = 0u64;
        for job in claimed {
            let size = sizes.get(&job.journal_id).copied().unwrap_or_default();
            bytes = bytes.saturating_add(u64::try_from(size).unwrap_or_default());
            match portions.last_mut() {
                Some(portion) if bytes <= most => portion.push(*job),
                _ => {
                    bytes = u64::try_from(size).unwrap_or_default();
                    portions.push(vec![*job]);
                }
            }
        }
        Ok(portions)
    }

    /// Loads and decrypts the raw messages of these jobs. If a message is missing or cannot be decrypted, its job is parked and the message
    /// is left out.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn raw_messages(&self, claimed: &[Claimed]) -> Result<Vec<Journalled>, StoreError> {
        let rows = journal::Entity::find()
            .filter(journal::Column::Id.is_in(claimed.iter().map(|job| job.journal_id)))
            .all(&self.reading)
            .await?;
        let mut opened = Vec::with_capacity(rows.len());
        for job in claimed {
            let Some(row) = rows.iter().find(|row| row.id == job.journal_id) else {
                self.park(job, "its raw message is gone").await?;
                continue;
            };
            match self.open_raw(row).await {
                Ok(bytes) => opened.push(Journalled {
                    job: *job,
                    raw: RawMessage {
                        line: LineName::stored(row.line.clone()),
                        external_id: String::new(),
                        received_at: time(row.received_at),
                        bytes,
                        cut_from: row.cut_from.and_then(|size| u64::try_from(size).ok()),
                    },
                    external_hash: row.external_hash.clone(),
                    data_key: row.data_key.clone().unwrap_or_default(),
                    reference: self.reference_of_row(row.id, row.reference),
                }),
                Err(error) => {
                    tracing::error!(job.id, error = %error, "Could not open the raw message of job {}", job.id);
                    self.park(job, &error.to_string()).await?;
                }
            }
        }
        Ok(opened)
    }

    pub(crate) async fn open_raw(&self, row: &journal::Model) -> Result<Vec<u8>, StoreError> {
        let place = raw_place(&row.external_hash);
        let wrapped = row.data_key.as_ref().ok_or(StoreError::NotFound("raw message"))?;
        let key = self.keys.data_key(&place, wrapped)?;
        match (&row.sealed, row.file) {
            (Some(sealed), _) => key.open(&place, sealed),
            (None, Some(file)) => key.open(&place, &self.files.read(file).await?),
            (None, None) => Err(StoreError::NotFound("raw message")),
        }
    }

    /// Returns at most 500 unfinished jobs, oldest first. Leaves out jobs that are not parked if `parked_only` is `true`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn listed(&self, parked_only: bool) -> Result<Vec<ListedJob>, StoreError> {
        let mut query = jobs::Entity::find().order_by_asc(jobs::Column::Id).limit(500);
        if parked_only {
            query = query.filter(jobs::Column::State.eq(JobState::Parked));
        }
        let rows = query.all(&self.reading).await?;
        Ok(rows
            .into_iter()
            .map(|row| ListedJob {
                id: row.id,
                kind: row.kind.0,
                state: row.state,
                attempt: row.attempt,
                made_at: time(row.made_at),
                due_at: time(row.due_at),
                reason: row.reason,
            })
            .collect())
    }

    /// Returns the 200 newest raw messages that were ignored or were delivery reports, newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        let rows = journal::Entity::find()
            .filter(Condition::any().add(journal::Column::Outcome.is_in(["ignored", "report"])))
            .order_by_desc(journal::Column::Id)
            .limit(200)
            .all(&self.reading)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| SetAside {
                id: row.id,
                line: row.line,
                received_at: time(row.received_at),
                outcome: row.outcome,
                reason: row.reason,
            })
            .collect())
    }

    /// Makes the parked job `job` ready to run again. If `job` is `None`, makes all parked jobs ready. Returns the number of jobs made
    /// ready.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn run_again(&self, job: Option<i64>) -> Result<u64, StoreError> {
        let mut update = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(JobState::Ready))
            .col_expr(jobs::Column::DueAt, Expr::value(self.now()))
            .filter(jobs::Column::State.eq(JobState::Parked));
        if let Some(id) = job {
            update = update.filter(jobs::Column::Id.eq(id));
        }
        let transaction = self.begin().await?;
        let changed = update.exec(&transaction).await?.rows_affected;
        commit_measured(transaction).await?;
        self.receive_due.notify_one();
        self.deliver_due.notify_one();
        self.fetch_due.notify_one();
        Ok(changed)
    }
}

/// Removes a finished job. Must run in the transaction that writes the result of the job. Returns `false` if another process claimed the
/// job after the lease ended. The caller must then not write the result.
pub(crate) async fn end_job(connection: &impl ConnectionTrait, job: &Claimed) -> Result<bool, StoreError> {
    let ended = jobs::Entity::delete_many()
        .filter(jobs::Column::Id.eq(job.id))
        .filter(jobs::Column::Attempt.eq(job.attempt))
        .exec(connection)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Sets the time at which the lease of a running job ends. The caller writes the progress of the job in the same transaction. Returns
/// `false` if another process claimed the job after the lease ended. The caller must then not write the progress.
pub(crate) async fn put_off(
    connection: &impl ConnectionTrait,
    job: &Claimed,
    due_at: i64,
) -> Result<bool, StoreError> {
    let put_off = jobs::Entity::update_many()
        .col_expr(jobs::Column::DueAt, Expr::value(due_at))
        .filter(jobs::Column::Id.eq(job.id))
        .filter(jobs::Column::Attempt.eq(job.attempt))
        .exec(connection)
        .await?;
    Ok(put_off.rows_affected == 1)
}

/// A raw message that was ignored or was a delivery report, so it did not become a message of a contact.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SetAside {
    /// Id of the raw message in the journal.
    pub id: i64,
    /// Name of the line on which the message arrived.
    pub line: String,
    /// When the message was received.
    pub received_at: chrono::DateTime<chrono::Utc>,
    /// `ignored` or `report`.
    pub outcome: Outcome,
    /// Why the message was ignored, or why a delivery report matches no sent message. Empty for other delivery reports. Never contains text
    /// that people wrote.
    pub reason: String,
}

#[derive(FromQueryResult)]
struct ClaimedRow {
    id: i64,
    attempt: i32,
    journal_id: Option<i64>,
    outbox_id: Option<Uuid>,
    attachment_id: Option<Uuid>,
    reason: String,
}
