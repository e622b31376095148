//! Messages with several parts and versions. Their parts may arrive in any order and result in the same message.

use std::cmp::Ordering;

use hotline_core::{
    contact::{
        lifecycle::Status,
        message::{Content, Incoming, Part, Piece},
    },
    identifiers::ids,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    db::{
        entity::{attachments, versions},
        store::{Store, time},
        values::{HistoryKind, Outcome},
    },
    error::StoreError,
    jobs::queue::Journalled,
    registration::changes::Changes,
    sealing::{
        bodies::{Body, PieceBody, first_words, seal, unseal},
        keys::DataKey,
        places::{body_place, card_place, version_place},
    },
};

/// An existing message, and the index of its contact.
#[derive(Clone, Copy)]
pub(super) struct FoundMessage {
    pub(super) contact: usize,
    pub(super) message: Uuid,
}

/// The relation of an incoming part to the existing messages that have the same platform message id.
pub(super) enum Match {
    /// There is no message with this id.
    New,
    /// The message already contains this part.
    Repeated(FoundMessage),
    /// It is a new part or version of this message.
    Belongs(FoundMessage),
    /// The platform used the same id for different content.
    OtherContent,
}

/// The relation of a part to the message that it belongs to.
enum Change {
    /// An additional part.
    Added,
    /// A newer version of an existing part; it replaces that part.
    Newer,
    /// A version older than the existing part; it is kept as an earlier version.
    Older,
}

impl PieceBody {
    pub(super) fn new(incoming: &Incoming, piece: &Piece, journal_id: i64) -> Self {
        Self {
            id: piece.id.clone(),
            place: piece.place,
            version: piece.version,
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

/// Returns a value by which the same file is recognised in different versions of its message.
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
    /// Finds the message that a part belongs to, among the existing messages that have the same platform message id.
    pub(super) async fn match_part(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        incoming: &Incoming,
        piece: &Piece,
        all: &[FoundMessage],
    ) -> Result<Match, StoreError> {
        let new = PieceBody::new(incoming, piece, 0);
        for found in all {
            let key = self.contact_key(changes.state.contact(found.contact)?)?;
            let mut body = self.body(&key, changes.message(found.message)?)?;
            body.pieces.retain(|known| known.id == piece.id);
            let same_version = match body.pieces.pop() {
                Some(known) if known.version == new.version => Some(known),
                Some(known) if known.version > new.version => {
                    self.kept_version(transaction, changes, &key, found.message, piece)
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

    /// Finds an earlier version of a part that was replaced.
    async fn kept_version(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        key: &DataKey,
        message: Uuid,
        piece: &Piece,
    ) -> Result<Option<PieceBody>, StoreError> {
        let stored = versions::Entity::find()
            .filter(versions::Column::MessageId.eq(message))
            .all(transaction)
            .await?;
        let new = changes.versions.iter().filter(|kept| kept.message_id == message);
        for kept in stored.iter().chain(new) {
            let Some(sealed) = &kept.body else { continue };
            let body: Body = unseal(key, &version_place(kept.id), sealed)?;
            let mut same = body.pieces.into_iter();
            if let Some(same) = same.find(|one| one.id == piece.id && one.version == piece.version) {
                return Ok(Some(same));
            }
        }
        Ok(None)
    }

    /// Merges a part into an existing message. `mine` are the contacts of its sender.
    #[expect(clippy::too_many_arguments, reason = "one piece is all of these")]
    pub(super) fn merge(
        &self,
        changes: &mut Changes,
        journalled: &Journalled,
        incoming: &Incoming,
        piece: &Piece,
        mine: &[usize],
        found: FoundMessage,
        parts: Vec<attachments::ActiveModel>,
    ) -> Result<(), StoreError> {
        let journal_id = journalled.job.journal_id;
        let key = self.contact_key(changes.state.contact(found.contact)?)?;
        let mut message = changes.message(found.message)?.clone();
        changes.link_raw(journal_id, Some(message.contact_id));
        let before = self.body(&key, &message)?;
        let mut body = before.clone();
        let mut new = PieceBody::new(incoming, piece, journal_id);
        let known = before.pieces.iter().find(|known| known.id == piece.id);
        let change = match known.map(|known| piece.version.cmp(&known.version)) {
            None => Change::Added,
            Some(Ordering::Greater | Ordering::Equal) => Change::Newer,
            Some(Ordering::Less) => Change::Older,
        };
        if incoming.live && known.is_some() {
            changes.set_outcome(journal_id, Outcome::Version, "");
            if let Change::Newer = change {
                body.pieces.retain(|known| known.id != piece.id);
                body.pieces.push(new);
                body.compose();
                message.body = Some(seal(&key, &body_place(message.id), &body)?);
                changes.put(message);
            }
            return Ok(());
        }
        let same_files = known.filter(|known| known.files == new.files);
        if let Some(known) = same_files {
            // Keeps the existing files, because they may already be fetched.
            new.files_of = known.files_of;
        } else {
            changes.attachments.extend(parts.into_iter().map(|mut part| {
                part.contact_id = Set(message.contact_id);
                part.message_id = Set(message.id);
                part
            }));
        }
        body.pieces.retain(|known| known.id != piece.id);
        body.pieces.push(new);
        body.compose();
        for remark in &incoming.remarks {
            if !body.remarks.contains(remark) {
                body.remarks.push(*remark);
            }
        }
        let at = journalled.raw.received_at;
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
                let written = if piece.version == 0 { time(message.at) } else { at };
                self.keep_version(changes, &key, message.id, written.timestamp_micros(), &body)?;
                if before.edited_at.is_none() {
                    let mut shown = before;
                    shown.edited_at = Some(time(message.at));
                    message.body = Some(seal(&key, &body_place(message.id), &shown)?);
                    changes.put(message);
                }
                return Ok(());
            }
        }
        let words = first_words(&body.text);
        message.body = Some(seal(&key, &body_place(message.id), &body)?);
        changes.put(message);
        self.look_at_change(changes, journalled, incoming, mine, found, &change, words)
    }

    /// Sets the contact back to waiting. If this contact is closed and its person has another open contact, the other contact is set back
    /// instead.
    #[expect(clippy::too_many_arguments, reason = "one change is all of these")]
    fn look_at_change(
        &self,
        changes: &mut Changes,
        journalled: &Journalled,
        incoming: &Incoming,
        mine: &[usize],
        found: FoundMessage,
        change: &Change,
        words: String,
    ) -> Result<(), StoreError> {
        let is_open = |index: &usize| {
            let contact = changes.state.contact(*index);
            contact.is_ok_and(|contact| contact.status.0 != Status::Closed)
        };
        let elsewhere = mine
            .iter()
            .copied()
            .find(|index| *index != found.contact && is_open(index));
        let target = match elsewhere {
            Some(open) if !is_open(&found.contact) => open,
            Some(_) | None => found.contact,
        };
        let at = journalled.raw.received_at.timestamp_micros();
        changes.state.join(target, at, incoming.origin, changes.now);
        changes.changed.insert(target);
        let contact = changes.state.contact(target)?;
        let (id, key) = (contact.id, self.contact_key(contact)?);
        let mut card = self.card(contact)?;
        if target == found.contact && !words.is_empty() {
            card.first_words = words;
        }
        let card = seal(&key, &card_place(id), &card)?;
        if let Some(contact) = changes.state.contacts.get_mut(target) {
            contact.card = Some(card);
        }
        if let Change::Newer = change {
            let kind = if target == found.contact {
                HistoryKind::Edited
            } else {
                HistoryKind::EditedEarlier
            };
            changes.event(id, self.now(), None, kind, "");
        } else if target != found.contact {
            changes.event(id, self.now(), None, HistoryKind::EditedEarlier, "");
        }
        Ok(())
    }

    fn keep_version(
        &self,
        changes: &mut Changes,
        key: &DataKey,
        message: Uuid,
        at: i64,
        body: &Body,
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
