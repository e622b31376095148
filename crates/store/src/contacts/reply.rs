//! Writing replies and notes. Each operation writes the message and its history event in one transaction.

use hotline_core::{
    contact::{
        lifecycle::{Status, Step},
        message::{LONGEST_TEXT, OutboundFile},
    },
    identifiers::reference::Reference,
    staff::audit::AuditAction,
    text::canned,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseTransaction, EntityTrait};
use uuid::Uuid;

use crate::{
    contacts::drafts::drop_draft,
    db::{
        contact_row::write_contact,
        entity::{contacts, messages},
        history::{newest_event, was_taken_back},
        store::Store,
        stored::Stored,
        values::{Direction, DraftKind, HistoryKind},
    },
    error::{Conflict, StoreError},
    intake::choices::choice_of,
    sealing::{
        bodies::{MessageContent, seal},
        places::{contact_content_place, message_content_place},
    },
    staff::accounts::StaffMember,
};

/// A reply to be sent.
#[derive(Default)]
pub struct NewReply {
    /// Id of the form in which the reply was written. The id prevents a second reply if the form is submitted twice.
    pub id: Uuid,
    /// Text of the reply.
    pub text: String,
    /// Files to send with the reply.
    pub files: Vec<OutboundFile>,
    /// The address to which this reply and all later replies are sent. It must be one of the offered addresses. `None` keeps the current
    /// address.
    pub to: Option<String>,
    /// Id of the newest history event that the author has seen. The reply is refused if [`crate::contacts::detail::ContactDetail::newest`]
    /// is a newer event. `None` sends the reply without this check.
    pub seen: Option<i64>,
}

impl Store {
    /// Writes a reply and queues it for delivery, in one transaction. An unassigned contact is assigned to `who`, a closed contact is
    /// reopened, and a marking is removed. Does nothing if the same reply is already stored.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] in each of these cases: the text is empty and there are no files; the text is too long; the text is
    /// an unfinished search for a canned reply; there are files, but the line sends none; the contact is assigned to someone else; the
    /// contact has no reply address; `to` is not an offered address; the person sent `/stop`; the author has not seen a new event in the
    /// history; the reply with this id was taken back.
    pub async fn reply(
        &self,
        who: &StaffMember,
        reference: Reference,
        reply: NewReply,
    ) -> Result<(), StoreError> {
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
        let (transaction, contact) = self.begin_work(who, reference).await?;
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
        let mut card = self.contact_content(&contact)?;
        if let Some(to) = &to {
            let to = card.resolve_masked(to)?;
            card.choose(&to)?;
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
        let status = contact.status.0.after(Step::Replied).unwrap_or(Status::Answered);
        let team = match contact.assignee {
            Some(_) => contact.team.clone(),
            None => who.team.clone(),
        };
        let card = seal(
            &self.contact_key(&contact)?,
            &contact_content_place(contact.id),
            &card,
        )?;
        let answered = contacts::Model {
            status: Stored(status),
            assignee: Some(contact.assignee.unwrap_or(who.id)),
            team,
            waiting_since: None,
            closed_at: None,
            card: Some(card),
            ..contact.clone()
        };
        self.note_reply_target(&transaction, &contact).await?;
        self.change_contact(&transaction, &contact, &answered).await?;
        if contact.assignee.is_none() {
            self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::Claimed, "")
                .await?;
        }
        self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::Replied, "")
            .await?;
        if !contact.status.0.is_open() {
            self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::Reopened, "")
                .await?;
        }
        if contact.marking.is_some_and(|marking| marking.0.closes()) {
            self.mark_in(&transaction, who, &answered, None, None).await?;
        }
        self.commit(transaction).await?;
        self.deliver_due.notify_one();
        Ok(())
    }

    /// Writes an internal note, which is never sent.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the text is empty or too long.
    pub async fn note(
        &self,
        who: &StaffMember,
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
        self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::Noted, "")
            .await?;
        self.commit(transaction).await
    }

    /// Returns `true` if the message with this id is already stored, for example because the form was submitted twice. Returns an error if
    /// the stored message has a different text, because the new text would otherwise be lost.
    async fn written_before(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        who: &StaffMember,
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
            && self.message_content(&self.contact_key(contact)?, &known)?.text == text;
        if same {
            Ok(true)
        } else {
            Err(StoreError::Conflict(Conflict::DoneAlready))
        }
    }

    /// Allows the person to send files. The page on which the person reads the replies then accepts them.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the line does not support asking for files, or if the contact is assigned to someone else.
    pub async fn ask_for_files(&self, who: &StaffMember, reference: Reference) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if !self.line(&contact.line).is_some_and(|line| line.asks_for_files) {
            return Err(StoreError::Conflict(Conflict::NoFilesOnRequest));
        }
        let asked = contacts::Model {
            files_wanted: true,
            ..contact.clone()
        };
        write_contact(&transaction, &contact, &asked).await?;
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::FilesAsked,
            "",
        )
        .await?;
        let object = reference.to_string();
        self.audit_in(&transaction, Some(who.id), AuditAction::AskForFiles, &object)
            .await?;
        self.commit(transaction).await
    }

    #[expect(clippy::too_many_arguments, reason = "one message is all of these")]
    pub(crate) async fn write_message(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        who: &StaffMember,
        id: Uuid,
        direction: Direction,
        text: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let body = MessageContent {
            text: text.to_owned(),
            ..MessageContent::default()
        };
        let message = messages::ActiveModel {
            id: Set(id),
            contact_id: Set(contact.id),
            direction: Set(direction),
            author: Set(Some(who.id)),
            at: Set(now),
            journal_id: Set(None),
            body: Set(Some(seal(
                &self.contact_key(contact)?,
                &message_content_place(id),
                &body,
            )?)),
            message_id_hash: Set(None),
            digest: Set(None),
        };
        message.insert(transaction).await?;
        Ok(())
    }
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
