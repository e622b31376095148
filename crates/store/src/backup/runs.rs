//! Which process makes a backup, and how the last ones ended.
//!
//! A lease in the database lets only one process make a backup, also on PostgreSQL and also beside the command line. The process renews
//! the lease while it works. The lease of a process that was killed ends after ten minutes.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::identifiers::ids;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        entity::backup_runs::{self, Column},
        schema,
        store::{Store, time},
    },
    error::StoreError,
};

/// How long a process that no longer renews its lease keeps others from making a backup.
const LEASE: Duration = Duration::from_secs(10 * 60);
/// The time after which a failed scheduled backup is tried again.
const RETRY: TimeDelta = TimeDelta::minutes(10);
/// The longest stored description of a problem, in characters.
const LONGEST_PROBLEM: usize = 500;

/// The right of one process to make a backup.
#[derive(Debug)]
pub struct BackupLease(Uuid);

/// How the last backups ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupState {
    /// When the last good backup was finished.
    pub finished_at: Option<DateTime<Utc>>,
    /// The name of the last good backup.
    pub name: Option<String>,
    /// Why the last attempt failed. `None`: it succeeded, or there was none.
    pub failure: Option<BackupFailure>,
    /// When the database was created.
    pub created_at: DateTime<Utc>,
}

/// A failed attempt to make a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFailure {
    /// When it failed.
    pub at: DateTime<Utc>,
    /// The reason in English.
    pub problem: String,
}

/// How an attempt to make a backup ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupOutcome {
    /// The backup with this name is complete.
    Finished(String),
    /// The attempt failed for this reason, in English.
    Failed(String),
    /// The process was asked to stop, or there was nothing to do.
    Abandoned,
}

impl BackupState {
    /// Returns whether a scheduled backup has to be made now. `every` is in hours; 0: backups are not scheduled.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>, every: u16) -> bool {
        if every == 0 {
            return false;
        }
        // A time in the future shows that the clock was set back.
        let is_recent = |at: DateTime<Utc>, wait: TimeDelta| at <= now && now - at < wait;
        let has_failed = self
            .failure
            .as_ref()
            .is_some_and(|failure| is_recent(failure.at, RETRY));
        let is_fresh = self
            .finished_at
            .is_some_and(|at| is_recent(at, TimeDelta::hours(every.into())));
        !has_failed && !is_fresh
    }

    /// Returns when no good backup will have been finished, or was finished, for twice the interval `every`, in hours. If there was none, the
    /// time counts from the day on which the database was created. `None`: no backups are scheduled.
    #[must_use]
    pub fn late_from(&self, every: u16) -> Option<DateTime<Utc>> {
        let since = self.finished_at.unwrap_or(self.created_at);
        (every > 0).then(|| since + TimeDelta::hours(i64::from(every) * 2))
    }

    /// Returns whether no good backup was finished for twice the interval `every`, in hours. Without an interval, no backup is late.
    #[must_use]
    pub fn is_late(&self, now: DateTime<Utc>, every: u16) -> bool {
        self.late_from(every).is_some_and(|late_from| now > late_from)
    }
}

impl Store {
    /// Returns how the last backups ended.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn backup_state(&self) -> Result<BackupState, StoreError> {
        let row = backup_runs::Entity::find_by_id(1).one(&self.reading).await?;
        let created_at = schema::created_at(&self.reading).await?;
        let Some(row) = row else {
            return Ok(BackupState {
                created_at,
                ..BackupState::default()
            });
        };
        Ok(BackupState {
            finished_at: row.finished_at.map(time),
            name: row.name,
            failure: row.failed_at.map(|at| BackupFailure {
                at: time(at),
                problem: row.problem.unwrap_or_default(),
            }),
            created_at,
        })
    }

    /// Takes the lease. Returns `None` if another process makes a backup.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn take_backup_lease(&self) -> Result<Option<BackupLease>, StoreError> {
        let owner = ids::new(self.clock.now());
        let (now, until) = (self.now(), self.after(LEASE));
        // A lease that ends much later than a whole lease from now shows that the clock was set back. The clocks of two machines differ by less.
        let free = Condition::any()
            .add(Column::Owner.is_null())
            .add(Column::LeaseUntil.lte(now))
            .add(Column::LeaseUntil.gt(self.after(2 * LEASE)));
        let transaction = self.begin().await?;
        let taken = backup_runs::Entity::update_many()
            .col_expr(Column::Owner, Expr::value(Some(owner)))
            .col_expr(Column::LeaseUntil, Expr::value(until))
            .filter(Column::Id.eq(1))
            .filter(free)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok((taken.rows_affected > 0).then_some(BackupLease(owner)))
    }

    /// Renews the lease. Returns `false` if another process has taken it.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn renew_backup_lease(&self, lease: &BackupLease) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let renewed = backup_runs::Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(self.after(LEASE)))
            .filter(Column::Owner.eq(lease.0))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(renewed.rows_affected > 0)
    }

    /// Ends the lease and stores how the attempt ended.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn end_backup(&self, lease: BackupLease, outcome: &BackupOutcome) -> Result<(), StoreError> {
        let none = || Expr::value(Option::<String>::None);
        let transaction = self.begin().await?;
        let mut ended = backup_runs::Entity::update_many()
            .col_expr(Column::Owner, Expr::value(Option::<Uuid>::None))
            .filter(Column::Owner.eq(lease.0));
        match outcome {
            BackupOutcome::Finished(name) => {
                ended = ended
                    .col_expr(Column::FinishedAt, Expr::value(self.now()))
                    .col_expr(Column::Name, Expr::value(name.clone()))
                    .col_expr(Column::FailedAt, Expr::value(Option::<i64>::None))
                    .col_expr(Column::Problem, none());
            }
            BackupOutcome::Failed(problem) => {
                let problem: String = problem.chars().take(LONGEST_PROBLEM).collect();
                ended = ended
                    .col_expr(Column::FailedAt, Expr::value(self.now()))
                    .col_expr(Column::Problem, Expr::value(problem));
            }
            BackupOutcome::Abandoned => {}
        }
        ended.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_510_800 + hour * 3_600, 0).unwrap()
    }

    fn finished(hour: i64) -> BackupState {
        BackupState {
            finished_at: Some(at(hour)),
            ..BackupState::default()
        }
    }

    #[test]
    fn a_backup_is_due_after_its_interval() {
        assert!(BackupState::default().is_due(at(0), 24), "the first one");
        assert!(!BackupState::default().is_due(at(0), 0), "not scheduled");
        assert!(!finished(0).is_due(at(23), 24));
        assert!(finished(0).is_due(at(24), 24));
        assert!(finished(9).is_due(at(0), 24), "the clock was set back");
    }

    #[test]
    fn a_failed_backup_is_tried_again_later() {
        let mut state = finished(0);
        state.failure = Some(BackupFailure {
            at: at(30),
            problem: String::new(),
        });
        assert!(!state.is_due(at(30), 24));
        assert!(state.is_due(at(31), 24));
    }

    #[test]
    fn a_backup_is_late_after_two_intervals() {
        assert!(!finished(0).is_late(at(48), 24));
        assert!(finished(0).is_late(at(49), 24));
        assert!(!finished(0).is_late(at(999), 0), "not scheduled");
        let never = BackupState {
            created_at: at(30),
            ..BackupState::default()
        };
        assert!(!never.is_late(at(78), 24));
        assert!(never.is_late(at(79), 24));
    }
}
