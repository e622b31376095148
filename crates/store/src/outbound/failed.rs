//! Messages to people that were not delivered, for staff who look after the queue.

use chrono::{DateTime, Utc};
use hotline_core::{identifiers::reference::Reference, job::Delivery, text::reason::Reason};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, outbox},
        store::{Store, time},
    },
    error::StoreError,
};

/// The number of messages that [`Store::failed_messages`] returns at most.
pub const FAILED_LISTED: u64 = 100;

/// A message to a person whose delivery failed, or of which it is unknown whether it was delivered.
#[derive(Debug, Clone)]
pub struct FailedMessage {
    /// The reference of the contact.
    pub reference: Reference,
    /// The id of the message.
    pub message: Uuid,
    /// The line on which the message was sent.
    pub line: String,
    /// When the message was last queued.
    pub queued_at: DateTime<Utc>,
    /// Either [`Delivery::Failed`] or [`Delivery::Unknown`].
    pub state: Delivery,
    /// Why the message was not delivered. `None` if the reason is unknown or the contact was erased.
    pub reason: Option<Reason>,
}

impl Store {
    /// Returns the messages whose delivery failed or is unknown, the newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn failed_messages(&self) -> Result<Vec<FailedMessage>, StoreError> {
        let rows = outbox::Entity::find()
            .filter(outbox::Column::State.is_in([Delivery::Failed, Delivery::Unknown].map(Delivery::as_str)))
            // The literal condition of the index `outbox_unsent`.
            .filter(Expr::cust("state <> 'sent'"))
            .order_by_desc(outbox::Column::QueuedAt)
            .limit(FAILED_LISTED)
            .all(&self.reading)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(rows.iter().map(|row| row.contact_id)))
            .all(&self.reading)
            .await?;
        let message = |row: outbox::Model| {
            let contact = found.iter().find(|contact| contact.id == row.contact_id)?;
            Some(FailedMessage {
                reference: reference_of(contact),
                message: row.message_id,
                reason: self.localized(contact, &row),
                line: row.line,
                queued_at: time(row.queued_at),
                state: row.state.0,
            })
        };
        Ok(rows.into_iter().filter_map(message).collect())
    }
}
