//! The number of unfinished jobs, as shown to administrators.

use chrono::{DateTime, Utc};
use hotline_core::job::JobKind;
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::{
    db::{
        entity::jobs,
        store::{Store, time},
        stored::Stored,
        values::JobState,
    },
    error::StoreError,
};

/// The number of unfinished jobs of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSize {
    /// The kind of the jobs.
    pub kind: JobKind,
    /// Jobs that wait until they are due, or until a worker is free.
    pub ready: u64,
    /// Jobs that run now.
    pub running: u64,
    /// Jobs that wait until staff run them again.
    pub parked: u64,
}

impl Store {
    /// Returns the number of unfinished jobs of each kind.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn queue_sizes(&self) -> Result<Vec<QueueSize>, StoreError> {
        let mut sizes = Vec::new();
        for kind in [JobKind::Receive, JobKind::Deliver, JobKind::Fetch] {
            sizes.push(QueueSize {
                kind,
                ready: self.count_jobs(kind, JobState::Ready).await?,
                running: self.count_jobs(kind, JobState::Running).await?,
                parked: self.count_jobs(kind, JobState::Parked).await?,
            });
        }
        Ok(sizes)
    }

    /// Returns when the oldest message that waits for registration was accepted. Leaves out messages whose job is parked. Returns `None`
    /// if no message waits.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn oldest_unregistered(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let oldest = jobs::Entity::find()
            .select_only()
            .column(jobs::Column::MadeAt)
            .filter(jobs::Column::Kind.eq(Stored(JobKind::Receive)))
            // The literal condition of the index `jobs_in_order`.
            .filter(Expr::cust("state <> 'parked'"))
            .order_by_asc(jobs::Column::Id)
            .limit(1)
            .into_tuple::<i64>()
            .one(&self.reading)
            .await?;
        Ok(oldest.map(time))
    }

    async fn count_jobs(&self, kind: JobKind, state: JobState) -> Result<u64, StoreError> {
        let jobs = jobs::Entity::find()
            .filter(jobs::Column::Kind.eq(Stored(kind)))
            .filter(jobs::Column::State.eq(state));
        Ok(jobs.count(&self.reading).await?)
    }
}
