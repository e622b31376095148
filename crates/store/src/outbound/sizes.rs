//! The number of messages to people that were not sent yet, or that failed.

use chrono::{DateTime, Utc};
use hotline_core::job::Delivery;
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use crate::{
    db::{
        entity::outbox,
        store::{Store, time},
        stored::Stored,
    },
    error::StoreError,
};

/// The states of a message that was not sent.
const UNSENT: [Delivery; 5] = [
    Delivery::Queued,
    Delivery::Sending,
    Delivery::Delayed,
    Delivery::Failed,
    Delivery::Unknown,
];

/// The messages to people in one delivery state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxSize {
    /// The state.
    pub state: Delivery,
    /// The number of messages.
    pub messages: u64,
    /// When the oldest of them was queued. `None` if there is none.
    pub oldest: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns the number and the age of the messages to people in each delivery state, except those that were sent.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn outbox_sizes(&self) -> Result<Vec<OutboxSize>, StoreError> {
        let mut sizes = Vec::with_capacity(UNSENT.len());
        for state in UNSENT {
            let oldest = in_state(state)
                .select_only()
                .column(outbox::Column::QueuedAt)
                .order_by_asc(outbox::Column::QueuedAt)
                .limit(1)
                .into_tuple::<i64>()
                .one(&self.reading)
                .await?;
            sizes.push(OutboxSize {
                state,
                messages: in_state(state).count(&self.reading).await?,
                oldest: oldest.map(time),
            });
        }
        Ok(sizes)
    }
}

fn in_state(state: Delivery) -> Select<outbox::Entity> {
    outbox::Entity::find()
        .filter(outbox::Column::State.eq(Stored(state)))
        // The literal condition of the index `outbox_unsent`.
        .filter(Expr::cust("state <> 'sent'"))
}
