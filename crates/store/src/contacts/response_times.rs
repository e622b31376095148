//! The times at which a contact was read and first answered. The transaction that records such a time also updates the statistics.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::{is_unread, write_contact},
        entity::{contacts, messages, outbox},
        store::Store,
        values::Direction,
    },
    error::StoreError,
};

impl Store {
    /// Records that staff have read the contact. Does nothing if they have read all of it before, or if the contact was erased.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_contact_read(&self, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.locked(&transaction, id).await?;
        if let Some(contact) = contact.filter(is_unread) {
            // The recorded time must be later than the arrival of the contact. A first reading at the arrival would identify a call.
            let at = self.now().max(contact.opened_at + 1).max(contact.last_in_at);
            let read = contacts::Model {
                first_read_at: contact.first_read_at.or(Some(at)),
                read_at: Some(at),
                ..contact.clone()
            };
            if contact.first_read_at.is_none() {
                self.change_contact(&transaction, &contact, &read).await?;
            } else {
                write_contact(&transaction, &contact, &read).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Records that the assignee opened a contact in danger, which ends the alarm about the contact. Does nothing if this is already
    /// recorded.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_danger_seen(&self, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.locked(&transaction, id).await?;
        if let Some(contact) = contact.filter(|contact| contact.danger_seen_at.is_none()) {
            let seen = contacts::Model {
                danger_seen_at: Some(self.now()),
                ..contact.clone()
            };
            write_contact(&transaction, &contact, &seen).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Records the time of the first reply to a contact. Called when the platform or mail server has accepted a message. Does nothing if
    /// that message is not a reply, or if a first reply is already recorded.
    pub(crate) async fn note_first_reply(
        &self,
        transaction: &DatabaseTransaction,
        row: &outbox::Model,
        now: i64,
    ) -> Result<(), StoreError> {
        let replied = messages::Entity::find_by_id(row.message_id)
            .filter(messages::Column::Direction.eq(Direction::Reply))
            .one(transaction)
            .await?;
        let contact = self.locked(transaction, row.contact_id).await?;
        let Some(contact) = contact.filter(|contact| contact.first_reply_at.is_none() && replied.is_some())
        else {
            return Ok(());
        };
        let answered = contacts::Model {
            first_reply_at: Some(now),
            ..contact.clone()
        };
        self.change_contact(transaction, &contact, &answered).await
    }
}
