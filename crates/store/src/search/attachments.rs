//! The searchable texts of attachments: their names, and what is in plain text files.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    contacts::attachments::OURS,
    db::{
        entity::{attachments, contacts, journal},
        store::Store,
        values::FetchState,
    },
    error::StoreError,
    sealing::{
        keys::DataKey,
        places::{attachment_place, raw_place},
    },
};

/// The largest file whose text is searched, in bytes. A longer one is found by its name only.
const LARGEST: i64 = 256 << 10;
/// Media types whose bytes are text that people read. Other files are found by their names only: a program that reads documents of strangers
/// could be attacked by them.
const TEXT: [&str; 6] = [
    "text/plain",
    "text/csv",
    "text/markdown",
    "text/calendar",
    "text/vcard",
    "application/json",
];

/// Number of raw messages whose keys one query loads.
const PORTION: usize = 5_000;

/// Columns of the journal that lead to the key of a raw message.
type WrappedKey = (i64, Vec<u8>, Option<Vec<u8>>);

/// The attachments of contacts, and what is needed to decrypt them.
#[derive(Default)]
pub(super) struct AttachmentsByContact {
    rows: HashMap<Uuid, Vec<attachments::Model>>,
    /// The keys of raw messages, by the number of the message in the journal.
    keys: HashMap<i64, DataKey>,
}

impl Store {
    /// Loads the attachments of these contacts, newest message first.
    pub(super) async fn searchable_attachments(
        &self,
        all: &[contacts::Model],
    ) -> Result<AttachmentsByContact, StoreError> {
        let rows = attachments::Entity::find()
            .filter(attachments::Column::ContactId.is_in(all.iter().map(|contact| contact.id)))
            .order_by_desc(attachments::Column::JournalId)
            .all(&self.reading)
            .await?;
        let mut found = AttachmentsByContact::default();
        if rows.is_empty() {
            return Ok(found);
        }
        let mut raw: Vec<i64> = rows.iter().map(|row| row.journal_id).collect();
        raw.dedup();
        for portion in raw.chunks(PORTION) {
            let wrapped: Vec<WrappedKey> = journal::Entity::find()
                .select_only()
                .columns([
                    journal::Column::Id,
                    journal::Column::ExternalHash,
                    journal::Column::DataKey,
                ])
                .filter(journal::Column::Id.is_in(portion.iter().copied()))
                .into_tuple()
                .all(&self.reading)
                .await?;
            for (id, hash, wrapped) in wrapped {
                let key = wrapped.and_then(|wrapped| self.keys.data_key(&raw_place(&hash), &wrapped).ok());
                found.keys.extend(key.map(|key| (id, key)));
            }
        }
        for row in rows {
            found.rows.entry(row.contact_id).or_default().push(row);
        }
        Ok(found)
    }

    /// Returns the searchable texts of a contact's attachments, each with whether the person sent the file. What cannot be read or decrypted
    /// is left out.
    pub(super) async fn texts_of_attachments(
        &self,
        contact: &contacts::Model,
        own_key: &DataKey,
        all: &AttachmentsByContact,
    ) -> Vec<(bool, String)> {
        let mut texts = Vec::new();
        for part in all.rows.get(&contact.id).into_iter().flatten() {
            if part.fate == FetchState::Locked {
                continue;
            }
            let is_by_person = part.journal_id != OURS;
            let key = if is_by_person {
                all.keys.get(&part.journal_id)
            } else {
                Some(own_key)
            };
            let Some(key) = key else { continue };
            let open = |what, sealed: &[u8]| key.open(&attachment_place(part.id, what), sealed).ok();
            let name = part.name.as_ref().and_then(|sealed| open("name", sealed));
            texts.extend(name.map(|name| (is_by_person, text_of(&name))));
            if part.kept && part.size <= LARGEST && is_text(&part.media_type) {
                let sealed = self.files.read(part.id).await.ok();
                let bytes = sealed.and_then(|sealed| open("bytes", &sealed));
                texts.extend(bytes.map(|bytes| (is_by_person, text_of(&bytes))));
            }
        }
        texts
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns whether a media type, with or without parameters, is one of [`TEXT`].
fn is_text(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    TEXT.iter().any(|text| text.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_texts_are_read() {
        for (media_type, expected) in [
            ("text/plain", true),
            ("Text/Plain; charset=utf-8", true),
            ("text/html", false),
            ("application/pdf", false),
            ("", false),
        ] {
            assert_eq!(is_text(media_type), expected, "{media_type}");
        }
    }
}
