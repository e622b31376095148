//! Taking back a reply before its delivery begins.

use hotline_core::{contact::lifecycle::Status, identifiers::reference::Reference, job::JobKind};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, ModelTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    contacts::drafts::Draft,
    db::{
        entity::{attachments, contacts, jobs, messages, outbox},
        history::newest_event,
        store::Store,
        stored::Stored,
        values::{Direction, DraftKind, HistoryKind, JobState},
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Takes back a reply whose delivery has not begun. The text of the reply becomes a draft again. The files of the reply are deleted.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the delivery has begun, or if someone else wrote the reply.
    pub async fn undo(
        &self,
        who: &StaffMember,
        reference: Reference,
        message: Uuid,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        let message = messages::Entity::find_by_id(message)
            .filter(messages::Column::ContactId.eq(contact.id))
            .filter(messages::Column::Direction.eq(Direction::Reply))
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        if message.author != Some(who.id) {
            return Err(StoreError::Conflict(Conflict::NotYours));
        }
        let leaving = outbox::Entity::find()
            .filter(outbox::Column::MessageId.eq(message.id))
            .all(&transaction)
            .await?;
        let dropped = jobs::Entity::delete_many()
            .filter(jobs::Column::OutboxId.is_in(leaving.iter().map(|one| one.id)))
            .filter(jobs::Column::Kind.eq(JobKind::Deliver.as_str()))
            .filter(jobs::Column::State.eq(JobState::Ready))
            .filter(jobs::Column::Attempt.eq(0))
            .exec(&transaction)
            .await?;
        if leaving.is_empty() || dropped.rows_affected != leaving.len() as u64 {
            return Err(StoreError::Conflict(Conflict::HasLeft));
        }
        let mut text = self.message_content(&self.contact_key(&contact)?, &message)?.text;
        // If the author has already begun another draft, the text of that draft is added below the text of the reply.
        if let Some(begun) = self.draft(who.id, reference, DraftKind::Reply).await? {
            text = format!("{text}\n\n{}", begun.text);
        }
        let draft = Draft {
            text,
            seen: newest_event(&transaction, contact.id).await?,
            at: self.clock.now(),
        };
        self.put_draft(&transaction, who, &contact, DraftKind::Reply, &draft)
            .await?;
        outbox::Entity::delete_many()
            .filter(outbox::Column::MessageId.eq(message.id))
            .exec(&transaction)
            .await?;
        let files: Vec<Uuid> = attachments::Entity::find()
            .filter(attachments::Column::MessageId.eq(message.id))
            .all(&transaction)
            .await?
            .into_iter()
            .map(|file| file.id)
            .collect();
        attachments::Entity::delete_many()
            .filter(attachments::Column::MessageId.eq(message.id))
            .exec(&transaction)
            .await?;
        let id = message.id.to_string();
        message.delete(&transaction).await?;
        self.wait_again(&transaction, who, &contact).await?;
        self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::Unsent, &id)
            .await?;
        self.commit(transaction).await?;
        self.files.remove(files).await;
        Ok(())
    }

    /// Restores the status that the contact would have if the reply had not been written. If the person has written since the last
    /// remaining reply, the contact waits since the first message after that reply. If the person has not written since, the contact is
    /// answered. A closed contact is reopened, and a marking is removed.
    async fn wait_again(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let all = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact.id))
            .order_by_desc(messages::Column::At)
            .all(transaction)
            .await?;
        let unanswered = all.iter().take_while(|one| one.direction != Direction::Reply);
        let since = unanswered
            .filter(|one| one.direction == Direction::In)
            .map(|one| one.at)
            .min();
        let status = if since.is_some() {
            Status::Waiting
        } else {
            Status::Answered
        };
        let open = contacts::Model {
            status: Stored(status),
            waiting_since: since,
            closed_at: None,
            ..contact.clone()
        };
        self.change_contact(transaction, contact, &open).await?;
        if let Some(since) = since {
            self.forget_reply_target(transaction, contact.id, since).await?;
        }
        if contact.marking.is_some_and(|marking| marking.0.closes()) {
            self.mark_in(transaction, who, &open, None, None).await?;
        }
        Ok(())
    }
}
