//! Notes about a person: internal notes that are pinned, so that they are shown beside every contact of the same identifier.
//!
//! A pinned note stays a note of its contact. Erasing the contact erases it.

use chrono::{DateTime, Utc};
use hotline_core::identifiers::reference::Reference;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, messages, pinned_notes},
        store::{Store, time},
        values::{Direction, HistoryKind},
    },
    error::{Conflict, StoreError},
    inbox::list::name_of,
    staff::accounts::StaffMember,
};

/// Maximum number of notes about one person. More would be read by nobody.
const MOST_PINNED: u64 = 20;

/// A note about a person.
pub struct PinnedNote {
    /// The id of the note, which is a message of the contact.
    pub id: Uuid,
    /// The contact in which the note was written.
    pub reference: Reference,
    /// Display name of the member of staff who wrote the note. `None` if the account no longer exists.
    pub author: Option<String>,
    /// When the note was written.
    pub at: DateTime<Utc>,
    /// The text.
    pub text: String,
}

impl Store {
    /// Pins a note, or removes the pin. Returns `false` if nothing changed.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact has no such note. Returns [`StoreError::Conflict`] if the contact has no identifier,
    /// so that no other contact can be of the same person, or if 20 notes about the person are pinned already.
    pub async fn pin_note(
        &self,
        who: &StaffMember,
        reference: Reference,
        note: Uuid,
        pinned: bool,
    ) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        let found = messages::Entity::find_by_id(note).one(&transaction).await?;
        let is_note =
            |found: &messages::Model| found.contact_id == contact.id && found.direction == Direction::Note;
        if !found.as_ref().is_some_and(is_note) {
            return Err(StoreError::NotFound("note"));
        }
        // A contact has a hash also if nobody gave an identifier. Then no other contact is known to be of the same person.
        let content = self.contact_content(&contact)?;
        let hash = content.identifier.and(contact.identifier_hash.clone());
        let Some(hash) = hash else {
            return Err(StoreError::Conflict(Conflict::NoIdentifier));
        };
        let known = pinned_notes::Entity::find_by_id(note).one(&transaction).await?;
        if known.is_some() == pinned {
            return Ok(false);
        }
        let kind = if pinned {
            let of_person = pinned_notes::Entity::find()
                .filter(pinned_notes::Column::Line.eq(&contact.line))
                .filter(pinned_notes::Column::IdentifierHash.eq(hash.clone()));
            if of_person.count(&transaction).await? >= MOST_PINNED {
                return Err(StoreError::Conflict(Conflict::TooManyPinned));
            }
            let row = pinned_notes::ActiveModel {
                message_id: Set(note),
                contact_id: Set(contact.id),
                line: Set(contact.line.clone()),
                identifier_hash: Set(hash),
            };
            pinned_notes::Entity::insert(row)
                .exec_without_returning(&transaction)
                .await?;
            HistoryKind::Pinned
        } else {
            pinned_notes::Entity::delete_by_id(note)
                .exec(&transaction)
                .await?;
            HistoryKind::Unpinned
        };
        self.add_event(&transaction, contact.id, Some(who.id), kind, "")
            .await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Returns the pinned notes about the person of a contact, newest first.
    pub(crate) async fn pinned_notes(
        &self,
        contact: &contacts::Model,
        names: &[(Uuid, String)],
    ) -> Result<Vec<PinnedNote>, StoreError> {
        let Some(hash) = &contact.identifier_hash else {
            return Ok(Vec::new());
        };
        let pinned = pinned_notes::Entity::find()
            .filter(pinned_notes::Column::Line.eq(&contact.line))
            .filter(pinned_notes::Column::IdentifierHash.eq(hash.clone()))
            .all(&self.reading)
            .await?;
        if pinned.is_empty() {
            return Ok(Vec::new());
        }
        let of = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(pinned.iter().map(|one| one.contact_id)))
            .all(&self.reading)
            .await?;
        let notes = messages::Entity::find()
            .filter(messages::Column::Id.is_in(pinned.iter().map(|one| one.message_id)))
            .order_by_desc(messages::Column::At)
            .all(&self.reading)
            .await?;
        let shown = notes.into_iter().filter_map(|note| {
            let of = of.iter().find(|one| one.id == note.contact_id)?;
            let key = self.contact_key(of).ok()?;
            Some(PinnedNote {
                id: note.id,
                reference: reference_of(of),
                author: note.author.and_then(|author| name_of(names, author)),
                at: time(note.at),
                text: self.message_content(&key, &note).ok()?.text,
            })
        });
        Ok(shown.collect())
    }
}
