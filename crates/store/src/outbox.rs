//! What leaves us: handed to a channel at least once, with its true state kept on the message.

use std::time::Duration;

use hotline_core::{
    contact::Status,
    ids,
    job::Delivery,
    line::LineName,
    message::{DeliveryReport, Fate, OutboundFile, OutboundMessage},
    reference::Reference,
    token::ThreadToken,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    entity::{attachments, contacts, jobs, messages, outbox},
    error::{Conflict, StoreError},
    inbox::reference_of,
    people::has_stopped,
    queue::Claimed,
    register::{deliver_job, event},
    staff::Person,
    store::{Store, time},
    thread::{Card, said_place, seal, unseal},
};

/// A message to be handed to a channel.
pub struct Outgoing {
    /// The line it leaves by.
    pub line: LineName,
    /// What to send.
    pub message: OutboundMessage,
    /// How often it was tried before.
    pub tries: u32,
    /// How many of its pieces were handed over.
    pub done: usize,
}

/// What there is to do for a deliver job.
pub enum Due {
    /// Hand this over.
    Now(Box<Outgoing>),
    /// An earlier message of the same contact comes first.
    Later,
    /// Nothing: it was sent, or erased, meanwhile.
    Done,
}

/// For this long a message waits behind an earlier one of its contact that could not be handed over yet, in microseconds.
const BEHIND: i64 = 15 * 60 * 1_000_000;

impl Store {
    /// The message of a deliver job, marked as being sent.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it may not be sent; else when the database refuses or the message does not open.
    pub async fn outgoing(&self, job: &Claimed) -> Result<Due, StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            self.drop_job(job).await?;
            return Ok(Due::Done);
        };
        if row.state == Delivery::Sent.as_str() {
            self.drop_job(job).await?;
            return Ok(Due::Done);
        }
        if self.is_behind(&row).await? {
            return Ok(Due::Later);
        }
        if has_stopped(&self.reading, &contact).await? {
            return Err(StoreError::Conflict(Conflict::Stopped));
        }
        let message = messages::Entity::find_by_id(row.message_id)
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("message"))?;
        let key = self.contact_key(&contact)?;
        let body = self.body(&key, &message)?;
        let card = self.card(&contact)?;
        let to = goes_to(&card, row.line == contact.line).ok_or(StoreError::Conflict(Conflict::NoAddress))?;
        let uncertain = job.interrupted || row.state == Delivery::Unknown.as_str();
        let state = if uncertain {
            Delivery::Unknown
        } else {
            Delivery::Sending
        };
        self.set_state(&row, state, row.tries + 1).await?;
        Ok(Due::Now(Box::new(Outgoing {
            line: LineName::stored(row.line),
            tries: u32::try_from(row.tries).unwrap_or_default(),
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
                automatic: message.direction == "automatic",
                written_at: time(message.at),
            },
        })))
    }

    /// Whether an earlier message to the same person by the same line is still on its way.
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

    /// Notes how many pieces of a message were handed over, so that they are not handed over again. The lease begins anew.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pieces_done(&self, job: &Claimed, done: usize, lease: Duration) -> Result<(), StoreError> {
        let update = outbox::ActiveModel {
            id: Unchanged(job.outbox_id),
            done: Set(i32::try_from(done).unwrap_or(i32::MAX)),
            state: Set(Delivery::Sending.as_str().to_owned()),
            ..Default::default()
        };
        let until = self
            .now()
            .saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let transaction = self.begin().await?;
        let ours = jobs::Entity::update_many()
            .col_expr(jobs::Column::DueAt, Expr::value(until))
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&transaction)
            .await?;
        if ours.rows_affected == 1 {
            update.update(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The ids of a contact's thread as the other side knows them, oldest first, at most 20.
    pub(crate) async fn thread_ids(&self, contact: &contacts::Model) -> Result<Vec<String>, StoreError> {
        let newest = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact.id))
            .filter(messages::Column::TheirIdHash.is_not_null())
            .order_by_desc(messages::Column::At)
            .one(&self.reading)
            .await?;
        let Some(newest) = newest else {
            return Ok(Vec::new());
        };
        let body = self.body(&self.contact_key(contact)?, &newest)?;
        let mut ids = body.references;
        ids.extend(body.their_id);
        let surplus = ids.len().saturating_sub(20);
        Ok(ids.split_off(surplus))
    }

    async fn find_outgoing(&self, id: Uuid) -> Result<Option<(outbox::Model, contacts::Model)>, StoreError> {
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
            state: Set(state.as_str().to_owned()),
            tries: Set(tries),
            ..Default::default()
        };
        update.update(&self.writing).await?;
        Ok(())
    }

    pub(crate) async fn drop_job(&self, job: &Claimed) -> Result<(), StoreError> {
        jobs::Entity::delete_many()
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&self.writing)
            .await?;
        Ok(())
    }

    /// The channel took the message: one commit notes it and ends the job.
    ///
    /// # Errors
    /// When the database refuses: the message will be handed over again, with the same id.
    pub async fn sent(&self, job: &Claimed) -> Result<(), StoreError> {
        self.end(job, Delivery::Sent, None).await
    }

    /// The channel refused the message for good, or it was given up on: it stays visible as failed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed(&self, job: &Claimed, said: &str) -> Result<(), StoreError> {
        self.end(job, Delivery::Failed, Some(said)).await
    }

    /// The channel may or may not have taken the message, and a repeat would be seen: somebody decides.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn uncertain(&self, job: &Claimed, said: &str) -> Result<(), StoreError> {
        self.end(job, Delivery::Unknown, Some(said)).await
    }

    /// The channel did not take the message, or may not have: tried again after `wait`, and shown as `state` until then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_back(
        &self,
        job: &Claimed,
        state: Delivery,
        wait: Duration,
        said: &str,
    ) -> Result<(), StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            return self.drop_job(job).await;
        };
        let update = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(state.as_str().to_owned()),
            said: Set(Some(self.seal_said(&contact, row.id, said)?)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        let due = self
            .now()
            .saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        let changed = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value("ready"))
            .col_expr(jobs::Column::DueAt, Expr::value(due))
            .col_expr(jobs::Column::Reason, Expr::value(state.as_str()))
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&transaction)
            .await?;
        if changed.rows_affected == 1 {
            update.update(&transaction).await?;
            event(contact.id, self.now(), None, "delivery", state.as_str())
                .insert(&transaction)
                .await?;
        }
        transaction.commit().await?;
        self.tell().await;
        Ok(())
    }

    async fn end(&self, job: &Claimed, state: Delivery, said: Option<&str>) -> Result<(), StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            return self.drop_job(job).await;
        };
        let said = said
            .map(|said| self.seal_said(&contact, row.id, said))
            .transpose()?;
        let transaction = self.begin().await?;
        let ended = jobs::Entity::delete_many()
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&transaction)
            .await?;
        if ended.rows_affected == 1 {
            self.note_fate(&transaction, &row, state, said).await?;
        }
        transaction.commit().await?;
        self.tell().await;
        Ok(())
    }

    async fn note_fate(
        &self,
        transaction: &DatabaseTransaction,
        row: &outbox::Model,
        state: Delivery,
        said: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let mut update = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(state.as_str().to_owned()),
            ..Default::default()
        };
        if said.is_some() {
            update.said = Set(said);
        }
        if state == Delivery::Sent {
            update.sent_at = Set(Some(now));
        }
        update.update(transaction).await?;
        event(row.contact_id, now, None, "delivery", state.as_str())
            .insert(transaction)
            .await?;
        if matches!(state, Delivery::Failed | Delivery::Unknown) {
            self.look_again(transaction, row).await?;
        }
        Ok(())
    }

    /// A reply did not reach the person: somebody has to look at the contact again, closed or not.
    async fn look_again(
        &self,
        transaction: &DatabaseTransaction,
        row: &outbox::Model,
    ) -> Result<(), StoreError> {
        let message = messages::Entity::find_by_id(row.message_id)
            .one(transaction)
            .await?;
        let contact = contacts::Entity::find_by_id(row.contact_id)
            .one(transaction)
            .await?;
        let (Some(message), Some(contact)) = (message, contact) else {
            return Ok(());
        };
        if message.direction != "reply" || contact.status == Status::Waiting.as_str() {
            return Ok(());
        }
        // Who has a newer contact open is answered there.
        let newer = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::OpenKey.eq(contact.open_key.clone()))
            .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
            .filter(contacts::Column::Id.ne(contact.id))
            .one(transaction)
            .await?;
        if newer.is_some() {
            return Ok(());
        }
        contacts::ActiveModel {
            id: Unchanged(contact.id),
            status: Set(Status::Waiting.as_str().to_owned()),
            waiting_since: Set(Some(self.now())),
            closed_at: Set(None),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        Ok(())
    }

    /// A sealed text, opened with a contact's key.
    pub(crate) fn said(&self, contact: &contacts::Model, outgoing: &outbox::Model) -> Option<String> {
        let key = self.contact_key(contact).ok()?;
        unseal(&key, &said_place(outgoing.id), outgoing.said.as_ref()?).ok()
    }

    fn seal_said(&self, contact: &contacts::Model, id: Uuid, said: &str) -> Result<Vec<u8>, StoreError> {
        let short: String = said.chars().take(2_000).collect();
        seal(&self.contact_key(contact)?, &said_place(id), &short)
    }

    /// Whether this id and token belong to a message we sent.
    pub(crate) async fn sent_by_us(
        &self,
        transaction: &DatabaseTransaction,
        id: Uuid,
        token: &ThreadToken,
    ) -> Result<bool, StoreError> {
        let row = outbox::Entity::find_by_id(id).one(transaction).await?;
        Ok(row.is_some_and(|row| self.keys.thread_token(row.contact_id) == *token))
    }

    /// Notes what another machine reports of one of our messages. False if it is about nothing we sent.
    pub(crate) async fn apply_report(
        &self,
        transaction: &DatabaseTransaction,
        report: &DeliveryReport,
    ) -> Result<bool, StoreError> {
        let Some(token) = &report.token else {
            return Ok(false);
        };
        let thread = self.keys.lookup("thread", token.expose());
        let Some(contact) = contacts::Entity::find()
            .filter(contacts::Column::ThreadHash.eq(thread))
            .one(transaction)
            .await?
        else {
            return Ok(false);
        };
        let mut of_contact = outbox::Entity::find().filter(outbox::Column::ContactId.eq(contact.id));
        if let Some(id) = report.message {
            of_contact = of_contact.filter(outbox::Column::Id.eq(id));
        }
        let Some(row) = of_contact
            .order_by_desc(outbox::Column::QueuedAt)
            .one(transaction)
            .await?
        else {
            return Ok(false);
        };
        let said = self.seal_said(&contact, row.id, report.said.expose())?;
        let state = match report.fate {
            Fate::Failed => Delivery::Failed,
            Fate::Delayed => Delivery::Delayed,
            Fate::Delivered => Delivery::Sent,
        };
        self.note_fate(transaction, &row, state, Some(said)).await?;
        Ok(true)
    }

    /// Queues a failed message once more, with the same id.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it did not fail, or somebody else holds the contact.
    pub async fn send_again(
        &self,
        who: &Person,
        reference: Reference,
        message: Uuid,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_held(who, reference).await?;
        let row = outbox::Entity::find()
            .filter(outbox::Column::MessageId.eq(message))
            .filter(outbox::Column::ContactId.eq(contact.id))
            .filter(outbox::Column::State.is_in([Delivery::Failed, Delivery::Unknown].map(Delivery::as_str)))
            .one(&transaction)
            .await?
            .ok_or(StoreError::Conflict(Conflict::NotFailed))?;
        let under_way = jobs::Entity::find().filter(jobs::Column::OutboxId.eq(row.id));
        if under_way.one(&transaction).await?.is_some() {
            return Err(StoreError::Conflict(Conflict::NotFailed));
        }
        let now = self.now();
        let again = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(Delivery::Queued.as_str().to_owned()),
            tries: Set(0),
            queued_at: Set(now),
            ..Default::default()
        };
        deliver_job(&again).insert(&transaction).await?;
        again.update(&transaction).await?;
        event(
            contact.id,
            now,
            Some(who.id),
            "delivery",
            Delivery::Queued.as_str(),
        )
        .insert(&transaction)
        .await?;
        transaction.commit().await?;
        self.deliver_due.notify_one();
        self.tell().await;
        Ok(())
    }

    /// The rows that send a message of a contact: by its own line, and by another one too if the person left an address.
    pub(crate) async fn queue_message(
        &self,
        transaction: &impl ConnectionTrait,
        contact: &contacts::Model,
        card: &Card,
        message: Uuid,
        now: i64,
    ) -> Result<(), StoreError> {
        let also = self
            .line(&contact.line)
            .and_then(|settings| settings.answers_also_by.clone());
        let mut lines = vec![contact.line.clone()];
        lines.extend(also.filter(|_| card.answer_to.is_some()));
        for line in lines {
            let outgoing =
                crate::register::queued(ids::new(self.clock.now()), message, contact.id, line, now);
            deliver_job(&outgoing).insert(transaction).await?;
            outgoing.insert(transaction).await?;
        }
        Ok(())
    }
}

/// Where a message to this person goes: on the contact's own line to where the person asked for, else where it came from.
pub(crate) fn goes_to(card: &Card, own_line: bool) -> Option<String> {
    if own_line && card.answers_lie_ready {
        Some(String::new())
    } else if own_line {
        card.answer_to.clone().or_else(|| card.identifier.clone())
    } else {
        card.answer_to.clone()
    }
}
