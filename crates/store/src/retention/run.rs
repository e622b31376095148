//! The run that erases what is due. Each contact is erased in a transaction of its own, so an interrupted run continues where it stopped.
//!
//! A lease in the database lets only one process erase at a time, also on PostgreSQL and also beside the command line. Each transaction
//! renews the lease, so a process that lost it erases nothing more.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{identifiers::ids, retention::latest_run};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    contacts::erase::ErasureOrder,
    db::{
        entity::retention_runs,
        erasure_list::ErasedThing,
        store::{Store, time},
        values::ErasureCause,
    },
    error::{Conflict, StoreError},
    retention::due::DueContact,
};

/// How long a process that no longer erases keeps others from erasing. Clearing a large database after the last contact takes some minutes.
const LEASE: Duration = Duration::from_secs(10 * 60);

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionRun {
    /// The number of contacts that were erased.
    pub erased: u64,
    /// Whether the run ended before everything was erased, because the process stops.
    pub stopped: bool,
    /// `false` if SQLite's write-ahead log still contains erased content, because other connections were reading from it. The log is emptied
    /// when the service next stops.
    pub emptied: bool,
}

/// When the last complete run took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// The day for which it ran.
    pub day: NaiveDate,
    /// When it finished.
    pub finished_at: DateTime<Utc>,
}

impl Store {
    /// Returns the last complete run. `None` if there was none.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn last_retention_run(&self) -> Result<Option<LastRun>, StoreError> {
        let row = retention_runs::Entity::find_by_id(1).one(&self.reading).await?;
        Ok(row.and_then(|row| {
            Some(LastRun {
                day: row.last_day?.parse().ok()?,
                finished_at: time(row.finished_at?),
            })
        }))
    }

    /// Erases what is due, if a run of the settings' hour was missed or has come. Returns `None` if no run is due.
    ///
    /// The first run takes place at the next hour after the service started with rules, so that staff can look at the preview before.
    ///
    /// # Errors
    /// Returns the errors of [`Store::run_retention`].
    pub async fn run_retention_if_due(
        &self,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<RetentionRun>, StoreError> {
        let day = latest_run(self.clock.now(), self.retention.hour, self.zone);
        let row = retention_runs::Entity::find_by_id(1).one(&self.reading).await?;
        let last = row.and_then(|row| row.last_day);
        let has_rules = self.retention.rules().fewest_months().is_some();
        match last.as_deref().map(str::parse::<NaiveDate>) {
            // Rules that are added later first apply at the next hour.
            _ if !has_rules => {
                if last.is_some() {
                    self.set_last_day(None).await?;
                }
                Ok(None)
            }
            Some(Ok(last)) if last >= day => Ok(None),
            Some(_) => {
                let run = self.run_retention("nightly worker", goes_on).await;
                match run {
                    // Another process is running it now.
                    Err(StoreError::Conflict(Conflict::RetentionRuns)) => Ok(None),
                    run => run.map(Some),
                }
            }
            None => {
                self.set_last_day(Some(day)).await?;
                Ok(None)
            }
        }
    }

    /// Erases every contact that is due today, by the order of closing. `agent` is the name of the worker or the operating-system account.
    /// Stops after the current contact once `goes_on` returns `false`.
    ///
    /// # Errors
    /// Returns [`Conflict::RetentionRuns`] if another process is erasing. Returns another error if a database query fails; what was erased
    /// until then stays erased.
    pub async fn run_retention(
        &self,
        agent: &str,
        goes_on: impl Fn() -> bool,
    ) -> Result<RetentionRun, StoreError> {
        let owner = ids::new(self.clock.now());
        self.take_lease(owner).await?;
        let run = self.erase_due(owner, agent, &goes_on).await;
        match run {
            Ok(run) => {
                let day = latest_run(self.clock.now(), self.retention.hour, self.zone);
                self.end_lease(owner, (!run.stopped).then_some(day)).await?;
                Ok(run)
            }
            Err(error) => {
                // If this fails too, the lease ends by its time.
                let _ = self.end_lease(owner, None).await;
                Err(error)
            }
        }
    }

    async fn erase_due(
        &self,
        owner: Uuid,
        agent: &str,
        goes_on: &impl Fn() -> bool,
    ) -> Result<RetentionRun, StoreError> {
        let rules = self.retention.rules();
        let today = self.today();
        let (mut erased, mut stopped) = (0, false);
        let mut after = None;
        'run: loop {
            let some = self.closed_contacts(&rules, today, after).await?;
            for due in self.due_of(&self.reading, &rules, today, &some).await? {
                if !goes_on() {
                    stopped = true;
                    break 'run;
                }
                erased += u64::from(self.erase_due_contact(owner, agent, &due, today).await?);
            }
            after = some.last().and_then(|last| Some((last.closed_at?, last.id)));
            if after.is_none() {
                break;
            }
        }
        // Also if nothing was due: an earlier run may have been interrupted before it cleared the database.
        let emptied = self.clear_deleted().await?;
        Ok(RetentionRun {
            erased,
            stopped,
            emptied,
        })
    }

    /// Erases a contact if it is still due. Returns `false` if it is not.
    async fn erase_due_contact(
        &self,
        owner: Uuid,
        agent: &str,
        due: &DueContact,
        today: NaiveDate,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        self.renew_lease(&transaction, owner).await?;
        let contact = self.lock_to_erase(&transaction, due.reference).await?;
        let rules = self.retention.rules();
        let Some(rule) = self.due_rule(&transaction, &rules, today, &contact).await? else {
            return Ok(false);
        };
        let order = ErasureOrder {
            cause: ErasureCause::Rule,
            rule: &rule,
            agent,
            actor: None,
        };
        match self.erase_in(&transaction, &contact, &order).await {
            Ok(erased) => {
                self.commit(transaction).await?;
                self.files.remove(erased.files).await;
                self.list_erasure(ErasedThing::Contact(due.reference.to_string()), erased.raw)
                    .await;
                Ok(true)
            }
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn take_lease(&self, owner: Uuid) -> Result<(), StoreError> {
        let (now, until) = (self.now(), self.after(LEASE));
        // A lease that ends later than a whole lease from now shows that the clock was set back.
        let free = Condition::any()
            .add(retention_runs::Column::Owner.is_null())
            .add(retention_runs::Column::LeaseUntil.lte(now))
            .add(retention_runs::Column::LeaseUntil.gt(until));
        let transaction = self.begin().await?;
        let taken = retention_runs::Entity::update_many()
            .col_expr(retention_runs::Column::Owner, Expr::value(Some(owner)))
            .col_expr(retention_runs::Column::LeaseUntil, Expr::value(until))
            .filter(retention_runs::Column::Id.eq(1))
            .filter(free)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        match taken.rows_affected {
            0 => Err(StoreError::Conflict(Conflict::RetentionRuns)),
            _ => Ok(()),
        }
    }

    async fn renew_lease(&self, transaction: &DatabaseTransaction, owner: Uuid) -> Result<(), StoreError> {
        let renewed = retention_runs::Entity::update_many()
            .col_expr(retention_runs::Column::LeaseUntil, Expr::value(self.after(LEASE)))
            .filter(retention_runs::Column::Owner.eq(owner))
            .exec(transaction)
            .await?;
        match renewed.rows_affected {
            0 => Err(StoreError::Conflict(Conflict::RetentionRuns)),
            _ => Ok(()),
        }
    }

    /// Ends the lease. If the run is complete, stores its day.
    async fn end_lease(&self, owner: Uuid, day: Option<NaiveDate>) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let mut ended = retention_runs::Entity::update_many()
            .col_expr(retention_runs::Column::Owner, Expr::value(Option::<Uuid>::None))
            .filter(retention_runs::Column::Owner.eq(owner));
        if let Some(day) = day {
            ended = ended
                .col_expr(retention_runs::Column::LastDay, Expr::value(day.to_string()))
                .col_expr(retention_runs::Column::FinishedAt, Expr::value(self.now()));
        }
        ended.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn set_last_day(&self, day: Option<NaiveDate>) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        retention_runs::Entity::update_many()
            .col_expr(
                retention_runs::Column::LastDay,
                Expr::value(day.map(|day| day.to_string())),
            )
            .filter(retention_runs::Column::Id.eq(1))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
