//! The changes that registering a batch of messages causes. They are collected in memory and then written together.

use std::collections::{BTreeMap, HashMap, HashSet};

use hotline_core::{routing::skills::DANGER, statistics::figures::Cell, time::hours::Opening};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::write_contact,
        entity::{
            attachments, contacts, events, jobs, journal, journal_contacts, locked_files, messages, outbox,
            versions,
        },
        history::event,
        values::{FetchState, HistoryKind, Outcome},
    },
    error::StoreError,
    intake::choices,
    jobs::new::{deliver_job, fetch_job},
    registration::{batch::BatchState, message::Arrival},
    statistics::counts,
};

/// All changes that registering a batch of messages causes.
#[derive(Default)]
pub(super) struct Changes {
    /// The time at which the batch is registered, in microseconds since 1970.
    pub(super) now: i64,
    pub(super) state: BatchState,
    /// Which lines are open. Read once for each line that has a new message.
    pub(super) openings: BTreeMap<String, Opening>,
    /// New messages that the batch adds to contacts.
    pub(super) messages: Vec<messages::Model>,
    /// Stored messages whose content the batch changed, by id.
    pub(super) rewritten: HashMap<Uuid, messages::Model>,
    pub(super) versions: Vec<versions::Model>,
    /// Hashes of the identifiers of persons who had sent `/stop` and then wrote again.
    pub(super) heard: HashSet<Vec<u8>>,
    /// Lines and hashes of the identifiers whose persons get the out-of-hours answer.
    pub(super) closed_told: Vec<(String, Vec<u8>)>,
    pub(super) attachments: Vec<attachments::ActiveModel>,
    /// The locks of those attachments that are known abuse material.
    pub(super) locked_files: Vec<locked_files::ActiveModel>,
    pub(super) outbox: Vec<outbox::ActiveModel>,
    pub(super) events: Vec<events::ActiveModel>,
    pub(super) figures: BTreeMap<Cell, i64>,
    pub(super) outcomes: BTreeMap<(Outcome, &'static str), Vec<i64>>,
    /// Links between contacts and raw messages that did not become messages of their own, such as delivery reports.
    pub(super) raw_links: Vec<journal_contacts::ActiveModel>,
}

impl Changes {
    pub(super) fn set_outcome(&mut self, journal_id: i64, outcome: Outcome, reason: &'static str) {
        self.outcomes
            .entry((outcome, reason))
            .or_default()
            .push(journal_id);
    }

    /// Links a raw message to a contact, so that erasing the contact erases the raw message too. Used for raw messages that did not become
    /// messages of their own: parts and versions of other messages, delivery reports, and repeated deliveries. Does nothing if `contact` is
    /// `None`.
    pub(super) fn link_raw(&mut self, journal_id: i64, contact: Option<Uuid>) {
        self.raw_links
            .extend(contact.map(|contact_id| journal_contacts::ActiveModel {
                journal_id: Set(journal_id),
                contact_id: Set(contact_id),
            }));
    }

    pub(super) fn event(
        &mut self,
        contact_id: Uuid,
        at: i64,
        actor: Option<Uuid>,
        kind: HistoryKind,
        detail: &str,
    ) {
        self.events.push(event(contact_id, at, actor, kind, detail));
    }

    /// Snoozes a new contact whose identifier is blocked, unless it is in danger. `until` is the end of the block.
    pub(super) fn keep_out(&mut self, contact: Uuid, until: i64) -> Result<(), StoreError> {
        let row = self.state.contact_mut(contact)?;
        if row.urgency >= DANGER {
            return Ok(());
        }
        row.snoozed_until = Some(until);
        self.event(contact, self.now, None, HistoryKind::KeptOut, "");
        Ok(())
    }

    /// Applies the stored choices of the sender to an arriving message. A language that the sender chose replaces the language of the
    /// message. If the sender had sent `/stop`, the new message allows replies again.
    pub(super) fn apply_choices(&mut self, arrival: &mut Arrival<'_>) {
        let Some(hash) = &arrival.identifier_hash else {
            return;
        };
        let choice = self.state.choices.entry(hash.clone()).or_default();
        arrival.incoming.language = choice.language.or(arrival.incoming.language);
        if std::mem::take(&mut choice.stopped) {
            self.heard.insert(hash.clone());
        }
    }

    /// Returns a message that the batch added, or a stored message with the batch's changes.
    pub(super) fn message(&self, id: Uuid) -> Result<&messages::Model, StoreError> {
        let new = self.messages.iter().find(|message| message.id == id);
        new.or_else(|| self.rewritten.get(&id))
            .or_else(|| self.state.messages.get(&id))
            .ok_or(StoreError::NotFound("message"))
    }

    /// Replaces a message that was read with [`Changes::message`]. `message` is its changed version.
    pub(super) fn put(&mut self, message: messages::Model) {
        match self.messages.iter_mut().find(|new| new.id == message.id) {
            Some(new) => *new = message,
            None => {
                self.rewritten.insert(message.id, message);
            }
        }
    }

    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let mut opened = Vec::new();
        for (id, contact) in &self.state.contacts {
            match self.state.before(*id) {
                None => opened.push(contacts::ActiveModel::from(contact.clone()).reset_all()),
                Some(before) => write_contact(transaction, before, contact).await?,
            }
        }
        if !opened.is_empty() {
            contacts::Entity::insert_many(opened)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.messages.is_empty() {
            let messages = self.messages.into_iter();
            messages::Entity::insert_many(
                messages.map(|message| messages::ActiveModel::from(message).reset_all()),
            )
            .exec_without_returning(transaction)
            .await?;
        }
        for message in self.rewritten.into_values() {
            let update = messages::ActiveModel {
                id: Unchanged(message.id),
                body: Set(message.body),
                ..Default::default()
            };
            update.update(transaction).await?;
        }
        if !self.versions.is_empty() {
            let versions = self.versions.into_iter();
            versions::Entity::insert_many(versions.map(|one| versions::ActiveModel::from(one).reset_all()))
                .exec_without_returning(transaction)
                .await?;
        }
        choices::hear_again(transaction, self.heard.into_iter().collect()).await?;
        choices::note_closed_told(transaction, self.closed_told, self.now).await?;
        let fetch: Vec<_> = self
            .attachments
            .iter()
            .filter_map(|attachment| wanted_at_once(attachment, self.now))
            .collect();
        if !fetch.is_empty() {
            jobs::Entity::insert_many(fetch)
                .exec_without_returning(transaction)
                .await?;
        }
        // Attachments are inserted in chunks, because each row binds many values and databases limit the number of bound values in a
        // statement.
        for some in self.attachments.chunks(500) {
            attachments::Entity::insert_many(some.to_vec())
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.locked_files.is_empty() {
            locked_files::Entity::insert_many(self.locked_files)
                .exec_without_returning(transaction)
                .await?;
        }
        let now = |outgoing: &outbox::ActiveModel| deliver_job(outgoing, *outgoing.queued_at.as_ref());
        let deliver: Vec<_> = self.outbox.iter().map(now).collect();
        if !deliver.is_empty() {
            outbox::Entity::insert_many(self.outbox)
                .exec_without_returning(transaction)
                .await?;
            jobs::Entity::insert_many(deliver)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.events.is_empty() {
            events::Entity::insert_many(self.events)
                .exec_without_returning(transaction)
                .await?;
        }
        counts::add(transaction, self.figures).await?;
        if !self.raw_links.is_empty() {
            journal_contacts::Entity::insert_many(self.raw_links)
                .exec_without_returning(transaction)
                .await?;
        }
        for ((outcome, reason), ids) in self.outcomes {
            journal::Entity::update_many()
                .col_expr(journal::Column::Outcome, Expr::value(outcome))
                .col_expr(journal::Column::Reason, Expr::value(reason))
                .filter(journal::Column::Id.is_in(ids))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }
}

/// Builds the job that fetches an attachment from its platform. `None` if the attachment is not to be fetched immediately.
fn wanted_at_once(attachment: &attachments::ActiveModel, now: i64) -> Option<jobs::ActiveModel> {
    let wanted = *attachment.fate.as_ref() == FetchState::Wanted;
    wanted.then(|| fetch_job(*attachment.id.as_ref(), now))
}
