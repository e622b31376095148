//! The current backlog: open contacts, their age, and undelivered replies.

use chrono::{DateTime, Utc};
use hotline_core::{statistics::figures::Measure, time::period::Period};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::Expr,
};
use serde::Serialize;

use crate::{
    db::{
        entity::{contacts, messages, outbox},
        store::time,
        values::Direction,
    },
    error::StoreError,
    inbox::list::not_through,
    statistics::{counts::StatisticsFilter, snapshot::Snapshot},
};

/// The backlog at the time of the snapshot, regardless of the reporting period. Erasing a contact can change it.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Backlog {
    /// Number of open contacts.
    pub open: i64,
    /// Age of the oldest open contact in minutes, rounded up to a multiple of 60. `None` if no contact is open.
    pub oldest_open: Option<i64>,
    /// Longest time for which a person has been waiting for a reply, in minutes, rounded up to a multiple of 60. `None` if no person is
    /// waiting.
    pub longest_waiting: Option<i64>,
    /// Number of open contacts with an undelivered reply: its delivery failed, or it has been unsent for more than 15 minutes.
    pub undelivered: i64,
    /// Number of contacts in quarantine. No other figure includes them.
    pub quarantined: i64,
}

impl Snapshot<'_> {
    /// Loads the backlog. Times are rounded up to a whole hour, because the exact number of minutes would reveal when a person wrote.
    pub(crate) async fn backlog(&mut self) -> Result<Backlog, StoreError> {
        use contacts::Column;

        let open = self.registered(Measure::Contact, Period::default()).await?
            - self.registered(Measure::Closing, Period::default()).await?;
        // The database can use the partial indexes, because these SQL conditions repeat the conditions of the indexes word for word.
        let oldest_open = self
            .oldest("status <> 'closed' AND marking IS NULL", Column::OpenedAt)
            .await?;
        let longest_waiting = self
            .oldest("status = 'waiting' AND marking IS NULL", Column::WaitingSince)
            .await?;
        let undelivered = with_undelivered(self.as_of.timestamp_micros())
            .count(&self.on)
            .await?;
        let quarantined = self.quarantined().await?;
        let coarse = |minutes: i64| minutes - minutes % 60 + 60;
        Ok(Backlog {
            open,
            oldest_open: oldest_open.map(coarse),
            longest_waiting: longest_waiting.map(coarse),
            undelivered: i64::try_from(undelivered).unwrap_or(i64::MAX),
            quarantined,
        })
    }

    /// Returns the number of contacts in quarantine.
    pub(crate) async fn quarantined(&mut self) -> Result<i64, StoreError> {
        let quarantined = self.store.quarantined_now(&self.on).await?;
        Ok(i64::try_from(quarantined).unwrap_or(i64::MAX))
    }

    /// Returns how many items of the measure `of` this software registered in a period.
    pub(crate) async fn registered(&mut self, of: Measure, period: Period) -> Result<i64, StoreError> {
        Ok(self
            .breakdown(&StatisticsFilter::of(of, period, [], None))
            .await?
            .registered)
    }

    /// Returns the age, in minutes, of the oldest contact that matches the SQL condition `these`. The age is measured from the time in the
    /// column `since`.
    async fn oldest(&self, these: &'static str, since: contacts::Column) -> Result<Option<i64>, StoreError> {
        let oldest: Option<i64> = contacts::Entity::find()
            .select_only()
            .column(since)
            .filter(Expr::cust(these))
            .filter(since.is_not_null())
            .order_by_asc(since)
            .into_tuple()
            .one(&self.on)
            .await?;
        Ok(oldest.map(|since| minutes(self.as_of, time(since))))
    }
}

fn minutes(now: DateTime<Utc>, since: DateTime<Utc>) -> i64 {
    (now - since).num_minutes().max(0)
}

/// Builds the query for open contacts that the inbox marks as undelivered.
fn with_undelivered(now: i64) -> Select<contacts::Entity> {
    let of_message = outbox::Entity::belongs_to(messages::Entity)
        .from(outbox::Column::MessageId)
        .to(messages::Column::Id)
        .into();
    let replies = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::ContactId)
        .join(JoinType::InnerJoin, of_message)
        // The database can use the partial index, because this SQL condition repeats the condition of the index word for word.
        .filter(Expr::cust("\"outbox\".\"state\" <> 'sent'"))
        .filter(not_through(now))
        .filter(messages::Column::Direction.eq(Direction::Reply));
    contacts::Entity::find()
        .filter(contacts::Column::Status.ne("closed"))
        .filter(contacts::Column::Id.in_subquery(replies.into_query()))
}
