//! The files that a package of evidence contains: the raw messages and the files of a contact, as they arrived.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hotline_core::identifiers::reference::Reference;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    contacts::attachments::OURS,
    db::{
        entity::{attachments, contacts, journal, journal_contacts, messages},
        store::{Store, time},
        values::FetchState,
    },
    error::StoreError,
    sealing::places::attachment_place,
    statistics::counts::AT_ONCE,
};

/// What a package of evidence contains, without the bytes.
pub struct EvidenceList {
    contact: contacts::Model,
    /// The raw messages and files, in the order in which they arrived.
    pub items: Vec<EvidenceItem>,
    /// What the package does not contain, and why, in English.
    pub withheld: Vec<String>,
}

/// A raw message or a file.
pub struct EvidenceItem {
    source: EvidenceSource,
    /// When it was received. `None` for a file that staff sent.
    pub received_at: Option<DateTime<Utc>>,
    /// Whether only the head of a raw message was stored, because it was too large.
    pub is_cut: bool,
}

enum EvidenceSource {
    Raw(Box<journal::Model>),
    File(Box<attachments::Model>),
}

impl EvidenceList {
    /// Returns whether two lists name the same items, and withhold the same.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let ids = |list: &Self| -> Vec<(Option<i64>, Option<Uuid>)> {
            let ids = list.items.iter().map(|item| match &item.source {
                EvidenceSource::Raw(row) => (Some(row.id), None),
                EvidenceSource::File(file) => (None, Some(file.id)),
            });
            ids.collect()
        };
        ids(self) == ids(other) && self.withheld == other.withheld
    }
}

impl EvidenceItem {
    /// Returns the folder of the package in which the item is.
    #[must_use]
    pub const fn folder(&self) -> &'static str {
        match self.source {
            EvidenceSource::Raw(_) => "raw",
            EvidenceSource::File(_) => "files",
        }
    }
}

impl Store {
    /// Returns what a package of evidence contains. Leaves out files that are locked as suspected abuse material, and the raw messages that
    /// contain them: nobody may open them.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact does not exist.
    pub async fn evidence_list(&self, reference: Reference) -> Result<EvidenceList, StoreError> {
        let contact = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(reference.number()))
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        self.evidence_list_in(&self.reading, contact).await
    }

    /// Like [`Store::evidence_list`], as a connection or transaction sees it.
    pub(crate) async fn evidence_list_in(
        &self,
        connection: &impl ConnectionTrait,
        contact: contacts::Model,
    ) -> Result<EvidenceList, StoreError> {
        let files = attachments::Entity::find()
            .filter(attachments::Column::ContactId.eq(contact.id))
            .order_by_asc(attachments::Column::Id)
            .all(connection)
            .await?;
        let is_hidden =
            |file: &attachments::Model| matches!(file.fate, FetchState::Locked | FetchState::Purged);
        let hidden: Vec<i64> = files
            .iter()
            .filter(|file| is_hidden(file))
            .map(|file| file.journal_id)
            .collect();
        let raw = raw_of_contact(connection, &contact, &files).await?;
        let mut list = EvidenceList {
            contact,
            items: Vec::new(),
            withheld: Vec::new(),
        };
        for (row, is_linked_only) in &raw {
            let received_at = time(row.received_at);
            // A repeated delivery or an edit contains the files of the message that it repeats, and has no list of its own.
            let hides = hidden.contains(&row.id) || *is_linked_only && !hidden.is_empty();
            if hides || row.data_key.is_none() {
                let why = match hides {
                    true => "contains, or may contain, a locked or destroyed file",
                    false => "no longer stored",
                };
                let received = received_at.format("%Y-%m-%dT%H:%M:%SZ");
                list.withheld
                    .push(format!("raw message {received}, {} bytes: {why}", row.size));
                continue;
            }
            list.items.push(EvidenceItem {
                source: EvidenceSource::Raw(Box::new(row.clone())),
                received_at: Some(received_at),
                is_cut: row.cut_from.is_some(),
            });
        }
        for file in files {
            let received = raw.iter().find(|(row, _)| row.id == file.journal_id);
            let received_at = received.map(|(row, _)| time(row.received_at));
            if !file.kept || is_hidden(&file) {
                let why = match is_hidden(&file) {
                    true => "locked or destroyed",
                    false => "not stored here",
                };
                list.withheld
                    .push(format!("file {}, {} bytes: {why}", file.id, file.size));
                continue;
            }
            list.items.push(EvidenceItem {
                source: EvidenceSource::File(Box::new(file)),
                received_at,
                is_cut: false,
            });
        }
        Ok(list)
    }

    /// Creates a temporary file without a name in the data folder, for a package. Only encrypted data may be written into it.
    ///
    /// # Errors
    /// Fails if the file cannot be created.
    pub fn temporary_file(&self) -> Result<std::fs::File, StoreError> {
        Ok(self.files.temporary()?)
    }

    /// Loads the bytes of an item.
    ///
    /// # Errors
    /// Fails if the bytes cannot be read or decrypted, for example because the contact was erased since.
    pub async fn evidence_bytes(
        &self,
        list: &EvidenceList,
        item: &EvidenceItem,
    ) -> Result<Vec<u8>, StoreError> {
        match &item.source {
            EvidenceSource::Raw(row) => self.open_raw(row).await,
            EvidenceSource::File(file) => {
                let key = self.attachment_key(file, &list.contact).await?;
                let sealed = self.files.read(file.id).await?;
                key.open(&attachment_place(file.id, "bytes"), &sealed)
            }
        }
    }
}

/// Returns the raw messages of a contact, oldest first: those of its messages and files and, marked as such, those only linked to it, such as
/// edits, delivery reports and repeated deliveries.
async fn raw_of_contact(
    connection: &impl ConnectionTrait,
    contact: &contacts::Model,
    files: &[attachments::Model],
) -> Result<Vec<(journal::Model, bool)>, StoreError> {
    let messages = messages::Entity::find()
        .filter(messages::Column::ContactId.eq(contact.id))
        .all(connection)
        .await?;
    let linked = journal_contacts::Entity::find()
        .filter(journal_contacts::Column::ContactId.eq(contact.id))
        .all(connection)
        .await?;
    let own: BTreeSet<i64> = messages
        .iter()
        .filter_map(|message| message.journal_id)
        .chain(files.iter().map(|file| file.journal_id))
        .filter(|id| *id != OURS)
        .collect();
    let linked = linked.iter().map(|link| link.journal_id);
    let ids: BTreeSet<i64> = own.iter().copied().chain(linked).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut raw = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let found = journal::Entity::find()
            .filter(journal::Column::Id.is_in(some.iter().copied()))
            .order_by_asc(journal::Column::Id)
            .all(connection)
            .await?;
        let found = found.into_iter().map(|row| {
            let is_linked_only = !own.contains(&row.id);
            (row, is_linked_only)
        });
        raw.extend(found);
    }
    Ok(raw)
}
