//! How the work stands at this moment: what is open, how old it is, and what did not get through.

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
    },
    error::StoreError,
    inbox::list::not_through,
    statistics::{figures::StatisticsFilter, snapshot::Snapshot},
};

/// How the work stands. It is of the moment and not of a period: what is erased can leave it.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
pub struct Backlog {
    /// Contacts that are open.
    pub open: i64,
    /// Within how many minutes the oldest of them was registered, in whole hours. `None`: none is open.
    pub oldest_open: Option<i64>,
    /// Within how many minutes who waits longest has waited for us, in whole hours. `None`: nobody waits.
    pub longest_waiting: Option<i64>,
    /// Open contacts with a reply that failed, or has been on its way for longer than a quarter of an hour.
    pub undelivered: i64,
}

impl Snapshot<'_> {
    /// Ages are in whole hours for every reader: the minute is that of one person, and two readers are told the same.
    pub(crate) async fn standing(&mut self) -> Result<Backlog, StoreError> {
        use contacts::Column;

        let open = self.registered(Measure::Contact, Period::default()).await?
            - self.registered(Measure::Closing, Period::default()).await?;
        // Written out as in their indexes.
        let oldest_open = self
            .oldest("status <> 'closed' AND marking IS NULL", Column::OpenedAt)
            .await?;
        let longest_waiting = self
            .oldest("status = 'waiting' AND marking IS NULL", Column::WaitingSince)
            .await?;
        let undelivered = with_undelivered(self.as_of.timestamp_micros())
            .count(&self.on)
            .await?;
        let coarse = |minutes: i64| minutes - minutes % 60 + 60;
        Ok(Backlog {
            open,
            oldest_open: oldest_open.map(coarse),
            longest_waiting: longest_waiting.map(coarse),
            undelivered: i64::try_from(undelivered).unwrap_or(i64::MAX),
        })
    }

    /// How many of something there are in a period.
    pub(crate) async fn registered(&mut self, of: Measure, period: Period) -> Result<i64, StoreError> {
        Ok(self
            .breakdown(&StatisticsFilter::of(of, period, [], None))
            .await?
            .registered)
    }

    /// How many minutes ago the oldest of these was.
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

/// The open contacts with a reply that did not get through: those that the inbox marks so.
fn with_undelivered(now: i64) -> Select<contacts::Entity> {
    let of_message = outbox::Entity::belongs_to(messages::Entity)
        .from(outbox::Column::MessageId)
        .to(messages::Column::Id)
        .into();
    let replies = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::ContactId)
        .join(JoinType::InnerJoin, of_message)
        // Written out as in their index.
        .filter(Expr::cust("\"outbox\".\"state\" <> 'sent'"))
        .filter(not_through(now))
        .filter(messages::Column::Direction.eq("reply"));
    contacts::Entity::find()
        .filter(contacts::Column::Status.ne("closed"))
        .filter(contacts::Column::Id.in_subquery(replies.into_query()))
}
