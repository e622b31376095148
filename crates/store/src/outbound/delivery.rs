//! Delivery: each message is sent at least once, and the outcome of each attempt is recorded.

use std::time::Duration;

use hotline_core::{
    contact::{
        lifecycle::Status,
        message::{DeliveryReport, Fate},
    },
    identifiers::{reference::Reference, token::ThreadToken},
    job::Delivery,
    text::reason::Reason,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, jobs, messages, outbox},
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind, JobState},
    },
    error::{Conflict, StoreError},
    jobs::{
        new::deliver_job,
        queue::{Claimed, end_job, put_off},
    },
    sealing::{
        bodies::{seal, unseal},
        places::reason_place,
    },
    staff::accounts::StaffMember,
};

/// Whether an attempt that did not deliver the message is added to the message's stored number of attempts.
#[derive(Clone, Copy)]
enum Counts {
    AsAttempt,
    Not,
}

impl Store {
    /// Records how many chunks of a message the platform or mail server accepted. A long message is split into several chunks. A retry
    /// skips the first `done` chunks. Also renews the job's lease. Returns `false` if another process has taken over the job; that process
    /// may then be sending the same message.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn pieces_done(&self, job: &Claimed, done: usize, lease: Duration) -> Result<bool, StoreError> {
        let update = outbox::ActiveModel {
            id: Unchanged(job.outbox_id),
            done: Set(i32::try_from(done).unwrap_or(i32::MAX)),
            state: Set(Stored(Delivery::Sending)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        let ours = put_off(&transaction, job, self.after(lease)).await?;
        if ours {
            update.update(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(ours)
    }

    /// Records that the platform or mail server accepted the whole message, and ends the job in the same transaction.
    ///
    /// # Errors
    /// Fails if a database query fails. The message will then be sent again, with the same id.
    pub async fn sent(&self, job: &Claimed) -> Result<(), StoreError> {
        self.end(job, Delivery::Sent, None).await
    }

    /// Records that the platform or mail server rejected the message permanently, or that all attempts failed. Ends the job. The message is
    /// shown as failed.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn failed(&self, job: &Claimed, reason: Reason) -> Result<(), StoreError> {
        self.end(job, Delivery::Failed, Some(&reason)).await
    }

    /// Records that it is unknown whether the platform or mail server accepted the message, and ends the job. An automatic retry could
    /// deliver the message twice, so staff decide whether to send it again.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn uncertain(&self, job: &Claimed, reason: Reason) -> Result<(), StoreError> {
        self.end(job, Delivery::Unknown, Some(&reason)).await
    }

    /// Queues a message for another attempt after `wait`, because the platform or mail server did not accept it or because it is unknown
    /// whether it was accepted. Until the next attempt, the message is shown as `state`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_back(
        &self,
        job: &Claimed,
        state: Delivery,
        wait: Duration,
        reason: Reason,
    ) -> Result<(), StoreError> {
        self.put_back(job, state, wait, reason, Counts::AsAttempt).await
    }

    /// Queues a message for another attempt after `wait`, because the platform or mail server asked for a pause. The attempt that ended
    /// with this request is not counted. Until the next attempt, the message is shown as delayed.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_waiting(&self, job: &Claimed, wait: Duration, reason: Reason) -> Result<(), StoreError> {
        self.put_back(job, Delivery::Delayed, wait, reason, Counts::Not)
            .await
    }

    async fn put_back(
        &self,
        job: &Claimed,
        state: Delivery,
        wait: Duration,
        reason: Reason,
        counts: Counts,
    ) -> Result<(), StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            return self.drop_job(job).await;
        };
        let tries = match counts {
            Counts::AsAttempt => row.tries,
            Counts::Not => row.tries.saturating_sub(1).max(0),
        };
        let update = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(Stored(state)),
            tries: Set(tries),
            reason: Set(Some(self.seal_reason(&contact, row.id, &reason)?)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        let changed = jobs::Entity::update_many()
            .col_expr(jobs::Column::State, Expr::value(JobState::Ready))
            .col_expr(jobs::Column::DueAt, Expr::value(self.after(wait)))
            .col_expr(jobs::Column::Reason, Expr::value(state.as_str()))
            .filter(jobs::Column::Id.eq(job.id))
            .filter(jobs::Column::Attempt.eq(job.attempt))
            .exec(&transaction)
            .await?;
        if changed.rows_affected == 1 {
            update.update(&transaction).await?;
            self.add_event(
                &transaction,
                contact.id,
                None,
                HistoryKind::Delivery,
                state.as_str(),
            )
            .await?;
        }
        self.commit(transaction).await
    }

    async fn end(&self, job: &Claimed, state: Delivery, reason: Option<&Reason>) -> Result<(), StoreError> {
        let Some((row, contact)) = self.find_outgoing(job.outbox_id).await? else {
            return self.drop_job(job).await;
        };
        let reason = reason
            .map(|reason| self.seal_reason(&contact, row.id, reason))
            .transpose()?;
        let transaction = self.begin().await?;
        if end_job(&transaction, job).await? {
            self.note_fate(&transaction, &row, state, reason).await?;
        }
        self.commit(transaction).await
    }

    async fn note_fate(
        &self,
        transaction: &DatabaseTransaction,
        row: &outbox::Model,
        state: Delivery,
        reason: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        // Locks the contact before its outbox rows, in the same order as everywhere else, to prevent deadlocks.
        self.locked(transaction, row.contact_id).await?;
        let mut update = outbox::ActiveModel {
            id: Unchanged(row.id),
            state: Set(Stored(state)),
            ..Default::default()
        };
        if reason.is_some() {
            update.reason = Set(reason);
        }
        if state == Delivery::Sent {
            update.sent_at = Set(Some(now));
            self.note_first_reply(transaction, row, now).await?;
        }
        update.update(transaction).await?;
        self.add_event(
            transaction,
            row.contact_id,
            None,
            HistoryKind::Delivery,
            state.as_str(),
        )
        .await?;
        if matches!(state, Delivery::Failed | Delivery::Unknown) {
            self.reopen_after_failed_delivery(transaction, row).await?;
        }
        Ok(())
    }

    /// Loads a contact and locks it until the transaction ends.
    pub(crate) async fn locked(
        &self,
        transaction: &DatabaseTransaction,
        id: Uuid,
    ) -> Result<Option<contacts::Model>, StoreError> {
        let mut query = contacts::Entity::find_by_id(id);
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        Ok(query.one(transaction).await?)
    }

    /// Sets a contact back to waiting because the delivery of a reply failed or ended with an unknown result. A closed contact is reopened.
    /// Does nothing if the outgoing message is not a reply, if the contact already waits, or if the person has another open contact.
    async fn reopen_after_failed_delivery(
        &self,
        transaction: &DatabaseTransaction,
        row: &outbox::Model,
    ) -> Result<(), StoreError> {
        let message = messages::Entity::find_by_id(row.message_id)
            .one(transaction)
            .await?;
        let contact = self.locked(transaction, row.contact_id).await?;
        let (Some(message), Some(contact)) = (message, contact) else {
            return Ok(());
        };
        if message.direction != Direction::Reply || contact.status.0 == Status::Waiting {
            return Ok(());
        }
        // If the person has another open contact, staff reply in that contact, so this contact is not reopened.
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
        let reopened = contacts::Model {
            status: Stored(Status::Waiting),
            waiting_since: Some(self.now()),
            closed_at: None,
            snoozed_until: None,
            ..contact.clone()
        };
        self.change_contact(transaction, &contact, &reopened).await
    }

    /// Decrypts the reason for the delivery state of an outgoing message. `None` if there is no reason or if the contact was erased.
    pub(crate) fn localized(&self, contact: &contacts::Model, outgoing: &outbox::Model) -> Option<Reason> {
        let key = self.contact_key(contact).ok()?;
        unseal(&key, &reason_place(outgoing.id), outgoing.reason.as_ref()?).ok()
    }

    fn seal_reason(
        &self,
        contact: &contacts::Model,
        id: Uuid,
        reason: &Reason,
    ) -> Result<Vec<u8>, StoreError> {
        let short = Reason {
            known: reason.known,
            words: reason.words.chars().take(2_000).collect(),
        };
        seal(&self.contact_key(contact)?, &reason_place(id), &short)
    }

    /// Returns the contact from which the outgoing message with this id was sent. Returns `None` if there is no such message, or if `token`
    /// is given and is not the contact's thread token.
    pub(crate) async fn sent_by_us(
        &self,
        transaction: &DatabaseTransaction,
        id: Uuid,
        token: Option<&ThreadToken>,
    ) -> Result<Option<Uuid>, StoreError> {
        let row = outbox::Entity::find_by_id(id).one(transaction).await?;
        let proven =
            |row: &outbox::Model| token.is_none_or(|token| self.keys.thread_token(row.contact_id) == *token);
        Ok(row.filter(proven).map(|row| row.contact_id))
    }

    /// Applies a delivery report to the outgoing message that it concerns. A report without a message id concerns the newest outgoing
    /// message of the contact with the report's thread token. Returns the contact of the outgoing message, or `None` if this service did
    /// not send the message.
    pub(crate) async fn apply_report(
        &self,
        transaction: &DatabaseTransaction,
        report: &DeliveryReport,
    ) -> Result<Option<Uuid>, StoreError> {
        let Some(token) = &report.token else {
            return Ok(None);
        };
        let thread = self.keys.lookup("thread", token.expose());
        let Some(contact) = contacts::Entity::find()
            .filter(contacts::Column::ThreadHash.eq(thread))
            .one(transaction)
            .await?
        else {
            return Ok(None);
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
            return Ok(None);
        };
        // Reports can arrive out of order. A report of a delay therefore does not replace the state `Failed`.
        if report.fate == Fate::Delayed && row.state.0 == Delivery::Failed {
            return Ok(Some(contact.id));
        }
        let reason = self.seal_reason(&contact, row.id, &report.reason.expose().as_str().into())?;
        let state = match report.fate {
            Fate::Failed => Delivery::Failed,
            Fate::Delayed => Delivery::Delayed,
            Fate::Delivered => Delivery::Sent,
        };
        self.note_fate(transaction, &row, state, Some(reason)).await?;
        Ok(Some(contact.id))
    }

    /// Queues a message again after its delivery failed or ended with an unknown result. The message keeps its id.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the state of the message is neither failed nor unknown, if a job to deliver it already exists,
    /// or if the contact is assigned to someone else.
    pub async fn send_again(
        &self,
        who: &StaffMember,
        reference: Reference,
        message: Uuid,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
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
            state: Set(Stored(Delivery::Queued)),
            tries: Set(0),
            queued_at: Set(now),
            ..Default::default()
        };
        deliver_job(&again, now).insert(&transaction).await?;
        again.update(&transaction).await?;
        let queued = Delivery::Queued.as_str();
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::Delivery,
            queued,
        )
        .await?;
        self.commit(transaction).await?;
        self.deliver_due.notify_one();
        Ok(())
    }
}
