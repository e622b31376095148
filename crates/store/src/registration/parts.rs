//! Messages that arrive in several parts, and parts that arrive in several versions. The resulting message does not depend on the order in
//! which the parts and versions arrive.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::{
        lifecycle::Status,
        message::{Content, Incoming, MessagePart, Origin, Part},
    },
    identifiers::ids,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    db::{
        entity::versions,
        store::{Store, time},
        values::{HistoryKind, Outcome},
    },
    error::StoreError,
    registration::{changes::Changes, message::Arrival},
    sealing::{
        bodies::{MessageContent, PartContent, first_words, seal, unseal},
        keys::DataKey,
        places::{contact_content_place, message_content_place, version_place},
    },
};

/// A message that is stored or that the batch added, and its contact.
#[derive(Clone, Copy)]
pub(super) struct FoundMessage {
    pub(super) contact: Uuid,
    pub(super) message: Uuid,
}

/// The relation of an incoming message part to the existing messages that have the same platform message id.
pub(super) enum Match {
    /// There is no message with this platform message id.
    New,
    /// The message already contains this version of the part.
    Repeated(FoundMessage),
    /// The part belongs to this message, which lacks it or contains a different version of it.
    Belongs(FoundMessage),
    /// The existing messages with this id contain the same version of the part with different content: the platform used the id twice.
    OtherContent,
}

/// How an arriving part changes the existing message that it belongs to.
enum Change {
    /// The message did not contain this part.
    Added,
    /// The part is a newer version of an existing part and replaces it.
    Newer,
    /// The part is older than the existing version. It is stored as an earlier version of the message.
    Older,
}

impl PartContent {
    pub(super) fn new(incoming: &Incoming, part: &MessagePart, journal_id: i64) -> Self {
        Self {
            id: part.id.clone(),
            place: part.place,
            version: part.version,
            text: incoming.text.clone(),
            quoted: incoming.quoted.clone(),
            files: incoming.parts.iter().map(same_file).collect(),
            files_of: journal_id,
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.text == other.text && self.quoted == other.quoted && self.files == other.files
    }
}

/// Returns a string that is equal for the same file in all versions of its message.
fn same_file(part: &Part) -> String {
    match &part.content {
        Content::Elsewhere(file) => file.unique.clone(),
        Content::Here(_) | Content::NotTaken(_) | Content::TooLarge(_) => format!(
            "{} {} {}",
            part.name.as_deref().unwrap_or_default(),
            part.media_type,
            part.content.size()
        ),
    }
}

impl Store {
    /// Finds the message to which a part belongs. `all` are the sender's existing messages that have the same platform message id.
    pub(super) async fn match_part(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        incoming: &Incoming,
        part: &MessagePart,
        all: &[FoundMessage],
    ) -> Result<Match, StoreError> {
        let new = PartContent::new(incoming, part, 0);
        for found in all {
            let key = self.contact_key(changes.state.contact(found.contact)?)?;
            let mut body = self.message_content(&key, changes.message(found.message)?)?;
            body.parts.retain(|known| known.id == part.id);
            let same_version = match body.parts.pop() {
                Some(known) if known.version == new.version => Some(known),
                Some(known) if known.version > new.version => {
                    self.kept_version(transaction, changes, &key, found.message, part)
                        .await?
                }
                Some(_) | None => None,
            };
            match same_version {
                None => return Ok(Match::Belongs(*found)),
                Some(known) if known.says_the_same(&new) => return Ok(Match::Repeated(*found)),
                Some(_) => {}
            }
        }
        Ok(if all.is_empty() {
            Match::New
        } else {
            Match::OtherContent
        })
    }

    /// Searches the replaced versions of a message for the part that has the same id and version number as `part`.
    async fn kept_version(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        key: &DataKey,
        message: Uuid,
        part: &MessagePart,
    ) -> Result<Option<PartContent>, StoreError> {
        let stored = versions::Entity::find()
            .filter(versions::Column::MessageId.eq(message))
            .all(transaction)
            .await?;
        let new = changes.versions.iter().filter(|kept| kept.message_id == message);
        for kept in stored.iter().chain(new) {
            let Some(sealed) = &kept.body else { continue };
            let body: MessageContent = unseal(key, &version_place(kept.id), sealed)?;
            let mut same = body.parts.into_iter();
            if let Some(same) = same.find(|one| one.id == part.id && one.version == part.version) {
                return Ok(Some(same));
            }
        }
        Ok(None)
    }

    /// Merges a part into the existing message `found`. `mine` are the contacts of the sender.
    pub(super) fn merge(
        &self,
        changes: &mut Changes,
        arrival: Arrival<'_>,
        part: &MessagePart,
        mine: &[Uuid],
        found: FoundMessage,
    ) -> Result<(), StoreError> {
        let incoming = &arrival.incoming;
        let journal_id = arrival.journalled.job.journal_id;
        let key = self.contact_key(changes.state.contact(found.contact)?)?;
        let mut message = changes.message(found.message)?.clone();
        changes.link_raw(journal_id, Some(message.contact_id));
        let before = self.message_content(&key, &message)?;
        let mut body = before.clone();
        let mut new = PartContent::new(incoming, part, journal_id);
        let known = before.parts.iter().find(|known| known.id == part.id);
        let change = match known.map(|known| part.version.cmp(&known.version)) {
            None => Change::Added,
            Some(Ordering::Greater | Ordering::Equal) => Change::Newer,
            Some(Ordering::Less) => Change::Older,
        };
        if incoming.live && known.is_some() {
            changes.set_outcome(journal_id, Outcome::Version, "");
            if let Change::Newer = change {
                body.parts.retain(|known| known.id != part.id);
                body.parts.push(new);
                body.compose();
                message.body = Some(seal(&key, &message_content_place(message.id), &body)?);
                changes.put(message);
            }
            return Ok(());
        }
        let same_files = known.filter(|known| known.files == new.files);
        if let Some(known) = same_files {
            // Uses the files of the existing version, because they may have been fetched already.
            new.files_of = known.files_of;
        } else {
            changes
                .attachments
                .extend(arrival.attachments.into_iter().map(|mut part| {
                    part.contact_id = Set(message.contact_id);
                    part.message_id = Set(message.id);
                    part
                }));
        }
        body.parts.retain(|known| known.id != part.id);
        body.parts.push(new);
        body.compose();
        for remark in &incoming.remarks {
            if !body.remarks.contains(remark) {
                body.remarks.push(*remark);
            }
        }
        let at = arrival.journalled.raw.received_at;
        match change {
            Change::Added => changes.set_outcome(journal_id, Outcome::Part, ""),
            Change::Newer => {
                changes.set_outcome(journal_id, Outcome::Version, "");
                let written = before.edited_at.unwrap_or(time(message.at));
                self.keep_version(changes, &key, message.id, written.timestamp_micros(), &before)?;
                body.edited_at = Some(at);
            }
            Change::Older => {
                changes.set_outcome(journal_id, Outcome::Version, "");
                let written = if part.version == 0 { time(message.at) } else { at };
                self.keep_version(changes, &key, message.id, written.timestamp_micros(), &body)?;
                if before.edited_at.is_none() {
                    let mut shown = before;
                    shown.edited_at = Some(time(message.at));
                    message.body = Some(seal(&key, &message_content_place(message.id), &shown)?);
                    changes.put(message);
                }
                return Ok(());
            }
        }
        let words = first_words(&body.text);
        let text = body.text.clone();
        message.body = Some(seal(&key, &message_content_place(message.id), &body)?);
        changes.put(message);
        let target = wait_again(changes, mine, found.contact, at, incoming.origin)?;
        self.raise_by_text(changes, target, &text)?;
        self.show_change(changes, target, found.contact, &change, words)
    }

    /// Shows a changed message in the contact `target`. `found` is the contact that contains the message. If both are the same contact,
    /// `words` becomes the contact's preview, and a newer version of the message is recorded in the contact's history. If they differ, only
    /// the history of `target` records the change.
    fn show_change(
        &self,
        changes: &mut Changes,
        target: Uuid,
        found: Uuid,
        change: &Change,
        words: String,
    ) -> Result<(), StoreError> {
        let contact = changes.state.contact(target)?;
        let key = self.contact_key(contact)?;
        let mut card = self.contact_content(contact)?;
        if target == found && !words.is_empty() {
            card.first_words = words;
        }
        let card = seal(&key, &contact_content_place(target), &card)?;
        changes.state.contact_mut(target)?.card = Some(card);
        let kind = match change {
            Change::Newer if target == found => HistoryKind::Edited,
            Change::Added | Change::Older if target == found => return Ok(()),
            Change::Newer | Change::Added | Change::Older => HistoryKind::EditedEarlier,
        };
        changes.event(target, self.now(), None, kind, "");
        Ok(())
    }

    fn keep_version(
        &self,
        changes: &mut Changes,
        key: &DataKey,
        message: Uuid,
        at: i64,
        body: &MessageContent,
    ) -> Result<(), StoreError> {
        let id = ids::new(self.clock.now());
        changes.versions.push(versions::Model {
            id,
            message_id: message,
            at,
            body: Some(seal(key, &version_place(id), body)?),
        });
        Ok(())
    }
}

/// Sets a contact to waiting because one of its messages changed. `mine` are the contacts of the sender. If the contact is closed and
/// another contact in `mine` is open, the open contact is set to waiting instead. Returns the id of the contact that was set to waiting.
fn wait_again(
    changes: &mut Changes,
    mine: &[Uuid],
    contact: Uuid,
    at: DateTime<Utc>,
    origin: Origin,
) -> Result<Uuid, StoreError> {
    let is_open = |id: &Uuid| {
        let contact = changes.state.contact(*id);
        contact.is_ok_and(|contact| contact.status.0 != Status::Closed)
    };
    let elsewhere = mine.iter().copied().find(|id| *id != contact && is_open(id));
    let target = match elsewhere {
        Some(open) if !is_open(&contact) => open,
        Some(_) | None => contact,
    };
    changes
        .state
        .join(target, at.timestamp_micros(), origin, changes.now)?;
    Ok(target)
}
