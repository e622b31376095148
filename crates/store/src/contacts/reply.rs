//! Writing replies and notes. Each step is one transaction with its entry in the history.

use hotline_core::{
    contact::{
        lifecycle::{Status, Step},
        message::{LONGEST_TEXT, OutboundFile},
    },
    identifiers::reference::Reference,
    staff::rights::Right,
    text::canned,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::db::stored::Stored;
use crate::db::values::DraftKind;
use crate::{
    contacts::{closing::newer_open, drafts::drop_draft},
    db::{
        entity::{contacts, messages},
        history::{event, newest_event, was_taken_back},
        store::Store,
        values::{Direction, HistoryKind},
    },
    error::{Conflict, StoreError},
    intake::choices::choice_of,
    sealing::{
        bodies::{Body, seal},
        places::{body_place, card_place},
    },
    staff::accounts::Person,
};

/// A reply to be sent.
#[derive(Default)]
pub struct NewReply {
    /// Id of the form in which the reply was written. It prevents a second reply if the form is submitted twice.
    pub id: Uuid,
    /// Its text.
    pub text: String,
    /// Its files.
    pub files: Vec<OutboundFile>,
    /// The address for this reply and all later ones, chosen from those at which the person asked to be answered. `None` keeps the current
    /// address.
    pub to: Option<String>,
    /// The newest event that the writer has seen ([`crate::contacts::detail::ContactDetail::newest`]). `None` sends the reply even if later
    /// events arrived.
    pub seen: Option<i64>,
}

impl Store {
    /// Writes a reply and queues it, in one transaction. An unassigned contact is assigned to `who`, and a closed one is reopened.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the text is empty or too long, if the contact is assigned to someone else, if an event arrived that the
    /// writer has not seen, if there is no address, if the person asked not to be written to, or if the line sends no files.
    pub async fn reply(&self, who: &Person, reference: Reference, reply: NewReply) -> Result<(), StoreError> {
        let NewReply {
            id,
            text,
            files,
            to,
            seen,
        } = reply;
        let text = if files.is_empty() {
            checked(&text)?
        } else {
            not_too_long(&text)?
        };
        if canned::is_unfinished(text) {
            return Err(StoreError::Conflict(Conflict::CannedNotChosen));
        }
        let (transaction, contact) = self.begin_held(who, reference).await?;
        if self
            .written_before(&transaction, &contact, who, id, Direction::Reply, text)
            .await?
        {
            return Ok(());
        }
        if was_taken_back(&transaction, contact.id, id).await? {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        if let Some(seen) = seen
            && newest_event(&transaction, contact.id).await? > seen
        {
            return Err(StoreError::Conflict(Conflict::NotSeen));
        }
        let mut card = self.card(&contact)?;
        if let Some(to) = &to {
            card.choose(to)?;
        }
        card.write_to();
        if card.answer_address(true).is_none() {
            return Err(StoreError::Conflict(Conflict::NoAddress));
        }
        if choice_of(&transaction, &contact).await?.stopped {
            return Err(StoreError::Conflict(Conflict::Stopped));
        }
        let now = self.now();
        self.write_message(&transaction, &contact, who, id, Direction::Reply, text, now)
            .await?;
        self.write_files(&transaction, &contact, id, files).await?;
        self.queue_message(&transaction, &contact, &card, id, now).await?;
        drop_draft(&transaction, who.id, contact.id, DraftKind::Reply).await?;
        let status = status_of(&contact)
            .after(Step::Replied)
            .unwrap_or(Status::Answered);
        let update = contacts::ActiveModel {
            id: Unchanged(contact.id),
            status: Set(Stored(status)),
            assignee: Set(Some(contact.assignee.unwrap_or(who.id))),
            team: Set(match contact.assignee {
                Some(_) => contact.team.clone(),
                None => who.team.clone(),
            }),
            waiting_since: Set(None),
            closed_at: Set(None),
            card: Set(Some(seal(
                &self.contact_key(&contact)?,
                &card_place(contact.id),
                &card,
            )?)),
            ..Default::default()
        };
        update.update(&transaction).await.map_err(newer_open)?;
        if contact.assignee.is_none() {
            event(contact.id, now, Some(who.id), HistoryKind::Claimed, "")
                .insert(&transaction)
                .await?;
        }
        event(contact.id, now, Some(who.id), HistoryKind::Replied, "")
            .insert(&transaction)
            .await?;
        if !status_of(&contact).is_open() {
            event(contact.id, now, Some(who.id), HistoryKind::Reopened, "")
                .insert(&transaction)
                .await?;
        }
        let answered = contacts::Model {
            status: Stored(status),
            closed_at: None,
            ..contact.clone()
        };
        self.recount_contact(&transaction, &contact, &answered).await?;
        if contact.marking.is_some() {
            self.mark_in(&transaction, who, &answered, None, None).await?;
        }
        self.done(transaction).await?;
        self.deliver_due.notify_one();
        Ok(())
    }

    /// Writes an internal note. It is never sent.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is empty or too long.
    pub async fn note(
        &self,
        who: &Person,
        reference: Reference,
        id: Uuid,
        text: &str,
    ) -> Result<(), StoreError> {
        let text = checked(text)?;
        let (transaction, contact) = self.begin_on(reference).await?;
        if self
            .written_before(&transaction, &contact, who, id, Direction::Note, text)
            .await?
        {
            return Ok(());
        }
        let now = self.now();
        self.write_message(&transaction, &contact, who, id, Direction::Note, text, now)
            .await?;
        drop_draft(&transaction, who.id, contact.id, DraftKind::Note).await?;
        event(contact.id, now, Some(who.id), HistoryKind::Noted, "")
            .insert(&transaction)
            .await?;
        self.done(transaction).await
    }

    /// Returns whether this message was already written, because its form was submitted twice. The same id with a different text is an
    /// error, since the new text would be lost.
    async fn written_before(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        who: &Person,
        id: Uuid,
        direction: Direction,
        text: &str,
    ) -> Result<bool, StoreError> {
        let Some(known) = messages::Entity::find_by_id(id).one(transaction).await? else {
            return Ok(false);
        };
        let same = known.contact_id == contact.id
            && known.author == Some(who.id)
            && known.direction == direction
            && self.body(&self.contact_key(contact)?, &known)?.text == text;
        if same {
            Ok(true)
        } else {
            Err(StoreError::Conflict(Conflict::DoneAlready))
        }
    }

    /// Asks the person for files. The page on which the person reads the answer then accepts files.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the line does not ask for files, or if the contact is assigned to someone else.
    pub async fn ask_for_files(&self, who: &Person, reference: Reference) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_held(who, reference).await?;
        if !self.line(&contact.line).is_some_and(|line| line.asks_for_files) {
            return Err(StoreError::Conflict(Conflict::NoFilesOnRequest));
        }
        contacts::ActiveModel {
            id: Unchanged(contact.id),
            files_wanted: Set(true),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        event(contact.id, self.now(), Some(who.id), HistoryKind::FilesAsked, "")
            .insert(&transaction)
            .await?;
        let object = reference.to_string();
        self.audit_in(&transaction, Some(who.id), "ask for files", &object)
            .await?;
        self.done(transaction).await
    }

    /// Begins a transaction and locks the contact in it.
    pub(crate) async fn begin_on(
        &self,
        reference: Reference,
    ) -> Result<(DatabaseTransaction, contacts::Model), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.contact_locked(&transaction, reference).await?;
        Ok((transaction, contact))
    }

    /// Loads the contact and locks it until the transaction ends.
    async fn contact_locked(
        &self,
        transaction: &DatabaseTransaction,
        reference: Reference,
    ) -> Result<contacts::Model, StoreError> {
        let mut query = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        let contact = query.one(transaction).await?;
        contact.ok_or(StoreError::NotFound("contact"))
    }

    /// Begins a transaction like [`Store::begin_on`]. Fails if the contact is assigned to someone else and `who` may not work on others'
    /// contacts.
    pub(crate) async fn begin_held(
        &self,
        who: &Person,
        reference: Reference,
    ) -> Result<(DatabaseTransaction, contacts::Model), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.held_locked(&transaction, who, reference).await?;
        Ok((transaction, contact))
    }

    /// Loads and locks the contact in an existing transaction, with the check of [`Store::begin_held`].
    pub(crate) async fn held_locked(
        &self,
        transaction: &DatabaseTransaction,
        who: &Person,
        reference: Reference,
    ) -> Result<contacts::Model, StoreError> {
        let contact = self.contact_locked(transaction, reference).await?;
        if is_out_of_reach(who, &contact) {
            return Err(StoreError::Conflict(Conflict::HeldByOther));
        }
        Ok(contact)
    }

    #[expect(clippy::too_many_arguments, reason = "one message is all of these")]
    pub(crate) async fn write_message(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        who: &Person,
        id: Uuid,
        direction: Direction,
        text: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let body = Body {
            text: text.to_owned(),
            ..Body::default()
        };
        let message = messages::ActiveModel {
            id: Set(id),
            contact_id: Set(contact.id),
            direction: Set(direction),
            author: Set(Some(who.id)),
            at: Set(now),
            journal_id: Set(None),
            body: Set(Some(seal(&self.contact_key(contact)?, &body_place(id), &body)?)),
            their_id_hash: Set(None),
            digest: Set(None),
        };
        message.insert(transaction).await?;
        Ok(())
    }

    pub(crate) async fn done(&self, transaction: DatabaseTransaction) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.notify_changed().await;
        Ok(())
    }
}

/// Returns whether a contact is assigned to someone else and `who` may not work on others' contacts.
pub(crate) fn is_out_of_reach(who: &Person, contact: &contacts::Model) -> bool {
    contact.assignee.is_some_and(|assignee| assignee != who.id) && !who.role.may(Right::WorkOnOthers)
}

pub(crate) fn status_of(contact: &contacts::Model) -> Status {
    contact.status.0
}

fn checked(text: &str) -> Result<&str, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(StoreError::Conflict(Conflict::NoText));
    }
    not_too_long(text)
}

pub(crate) fn not_too_long(text: &str) -> Result<&str, StoreError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_TEXT {
        return Err(StoreError::Conflict(Conflict::TooLong));
    }
    Ok(text)
}
