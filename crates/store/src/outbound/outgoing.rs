//! Queues outgoing messages, and loads them when they are to be sent.

use std::time::Duration;

use hotline_core::{
    contact::message::{OutboundFile, OutboundMessage},
    identifiers::{ids, line_name::LineName},
    job::Delivery,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{attachments, contacts, messages, outbox},
        store::{Store, time},
        stored::Stored,
        values::Direction,
    },
    error::{Conflict, StoreError},
    intake::choices::choice_of,
    jobs::{
        new::{deliver_job, outbox_row},
        queue::Claimed,
    },
    sealing::bodies::ContactContent,
};

/// An outgoing message with its delivery progress.
pub struct Outgoing {
    /// The line that sends the message.
    pub line: LineName,
    /// The message to send.
    pub message: OutboundMessage,
    /// Number of earlier attempts to send the message.
    pub tries: u32,
    /// Time since the message was queued.
    pub waited: Duration,
    /// Number of chunks of the message that the platform or mail server already accepted. A long message is split into several chunks.
    pub done: usize,
}

/// What to do about a deliver job.
pub enum Due {
    /// Send this message now.
    Now(Box<Outgoing>),
    /// Try later, because an earlier message of the same contact must be sent first.
    Later,
    /// Do nothing, because the message was already sent or was erased.
    Done,
}

/// How long an unsent message delays the later messages of its contact, in microseconds since it was queued.
const BEHIND: i64 = 15 * 60 * 1_000_000;

impl Store {
    /// Loads the message of a deliver job and marks it as being sent.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the person sent `/stop` or left no address for replies on this line. Returns another error if a
    /// database query fails or a value cannot be decrypted.
    pub async fn outgoing(&self, job: &Claimed) -> Result<Due, StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            self.drop_job(job).await?;
            return Ok(Due::Done);
        };
        if row.state.0 == Delivery::Sent {
            self.drop_job(job).await?;
            return Ok(Due::Done);
        }
        if self.is_behind(&row).await? {
            return Ok(Due::Later);
        }
        if choice_of(&self.reading, &contact).await?.stopped {
            return Err(StoreError::Conflict(Conflict::Stopped));
        }
        let message = messages::Entity::find_by_id(row.message_id)
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        let key = self.contact_key(&contact)?;
        let body = self.message_content(&key, &message)?;
        let card = self.contact_content(&contact)?;
        let to = card
            .answer_address(row.line == contact.line)
            .ok_or(StoreError::Conflict(Conflict::NoAddress))?;
        // If an earlier attempt was interrupted or its outcome is unknown, the platform or mail server may already have the message.
        let uncertain = job.interrupted || [Delivery::Unknown, Delivery::Sending].contains(&row.state.0);
        let outgoing = Outgoing {
            line: LineName::stored(row.line.clone()),
            tries: u32::try_from(row.tries).unwrap_or_default(),
            waited: Duration::from_micros(
                u64::try_from(self.now().saturating_sub(row.queued_at)).unwrap_or_default(),
            ),
            done: usize::try_from(row.done).unwrap_or_default(),
            message: OutboundMessage {
                id: row.id,
                reference: reference_of(&contact),
                token: self.keys.thread_token(contact.id),
                to: to.into(),
                subject: card.subject.map(Into::into),
                text: body.text.into(),
                thread: self.thread_ids(&contact).await?,
                files: self.files_of(&contact, message.id).await?,
                uncertain,
                automatic: message.direction == Direction::Automatic,
                written_at: time(message.at),
            },
        };
        let state = if uncertain {
            Delivery::Unknown
        } else {
            Delivery::Sending
        };
        // The state is set after everything is loaded, so that a message is marked as being sent only if it can be handed over.
        self.set_state(&row, state, row.tries + 1).await?;
        Ok(Due::Now(Box::new(outgoing)))
    }

    /// Returns whether this message must wait for an earlier message of the same contact on the same line. Always `false` on a line that
    /// does not keep the order of messages.
    async fn is_behind(&self, row: &outbox::Model) -> Result<bool, StoreError> {
        if !self.line(&row.line).is_some_and(|line| line.keeps_order) {
            return Ok(false);
        }
        let under_way = [Delivery::Queued, Delivery::Sending, Delivery::Delayed];
        let earlier = outbox::Entity::find()
            .filter(outbox::Column::ContactId.eq(row.contact_id))
            .filter(outbox::Column::Line.eq(&row.line))
            .filter(outbox::Column::QueuedAt.gt(self.now().saturating_sub(BEHIND)))
            .filter(outbox::Column::QueuedAt.lt(row.queued_at))
            .filter(outbox::Column::State.is_in(under_way.map(Delivery::as_str)))
            .one(&self.reading)
            .await?;
        Ok(earlier.is_some())
    }

    async fn files_of(
        &self,
        contact: &contacts::Model,
        message: Uuid,
    ) -> Result<Vec<OutboundFile>, StoreError> {
        let rows = attachments::Entity::find()
            .filter(attachments::Column::MessageId.eq(message))
            .order_by_asc(attachments::Column::Position)
            .all(&self.reading)
            .await?;
        let reference = reference_of(contact);
        let mut files = Vec::with_capacity(rows.len());
        for row in rows {
            let file = self.attachment(reference, row.id).await?;
            let file = file.ok_or(StoreError::NotFound("file"))?;
            files.push(OutboundFile {
                name: file.name.unwrap_or_else(|| reference.to_string()),
                media_type: file.media_type,
                bytes: file.bytes,
            });
        }
        Ok(files)
    }

    /// Returns the message ids of a thread, oldest first: the ids to which the contact's latest message refers, and last the id of that
    /// message. Leaves out the oldest ids if there are more than 20.
    pub(crate) async fn thread_ids(&self, contact: &contacts::Model) -> Result<Vec<String>, StoreError> {
        let newest = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact.id))
            .filter(messages::Column::MessageIdHash.is_not_null())
            .order_by_desc(messages::Column::At)
            .one(&self.reading)
            .await?;
        let Some(newest) = newest else {
            return Ok(Vec::new());
        };
        let body = self.message_content(&self.contact_key(contact)?, &newest)?;
        let mut ids = body.references;
        ids.extend(body.message_id);
        let surplus = ids.len().saturating_sub(20);
        Ok(ids.split_off(surplus))
    }

    pub(crate) async fn find_outgoing(
        &self,
        id: Uuid,
    ) -> Result<Option<(outbox::Model, contacts::Model)>, StoreError> {
        let Some(row) = outbox::Entity::find_by_id(id).one(&self.reading).await? else {
            return Ok(None);
        };
        let contact = contacts::Entity::find_by_id(row.contact_id)
            .one(&self.reading)
            .await?;
        Ok(contact.map(|contact| (row, contact)))
    }

    async fn set_state(&self, row: &outbox::Model, state: Delivery, tries: i32) -> Result<(), StoreError> {
        let update = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(Stored(state)),
            tries: Set(tries),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        update.update(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Queues a message for delivery on the contact's line. If the person left an address for answers, the message is also queued on the
    /// line that the setting `answers_also_by` of the contact's line names. Delivery begins after the delay in which the author can take
    /// the message back.
    pub(crate) async fn queue_message(
        &self,
        transaction: &impl ConnectionTrait,
        contact: &contacts::Model,
        card: &ContactContent,
        message: Uuid,
        now: i64,
    ) -> Result<(), StoreError> {
        let due_at = now.saturating_add(i64::try_from(self.undo.as_micros()).unwrap_or_default());
        let also = self
            .line(&contact.line)
            .and_then(|settings| settings.answers_also_by.clone());
        let mut lines = vec![contact.line.clone()];
        lines.extend(also.filter(|_| card.answer_to.is_some()));
        for line in lines {
            let outgoing = outbox_row(ids::new(self.clock.now()), message, contact.id, line, now);
            deliver_job(&outgoing, due_at).insert(transaction).await?;
            outgoing.insert(transaction).await?;
        }
        Ok(())
    }
}
