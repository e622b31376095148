//! Locking a file that a member of staff suspects.

use hotline_core::{abuse_material::FileHash, identifiers::reference::Reference};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    contacts::attachments::OURS,
    db::{
        entity::{attachments, contacts, journal},
        store::Store,
        values::FetchState,
    },
    error::{Conflict, StoreError},
    registration::locks::FileToLock,
    sealing::places::attachment_place,
    staff::accounts::StaffMember,
};

impl Store {
    /// Locks a file of a received message, and every equal file of all contacts: nobody may open them, nor the raw messages that contain
    /// them. Any member of staff who may work on contacts can lock a file of any contact.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact has no such received file. Returns [`Conflict::SoAlready`] if it is locked or purged.
    pub async fn lock_file(
        &self,
        who: &StaffMember,
        reference: Reference,
        id: Uuid,
    ) -> Result<(), StoreError> {
        // Reads the file before the transaction, because nothing else can be written during it.
        let Some((seen, contact)) = self.file_of(reference, id).await? else {
            return Err(StoreError::NotFound("file"));
        };
        let hash = self.hash_of_stored(&seen, &contact).await?;
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let contact = self.lock_contact(&transaction, reference).await?;
        let file = attachments::Entity::find_by_id(id)
            .filter(attachments::Column::ContactId.eq(contact.id))
            .filter(attachments::Column::JournalId.ne(OURS))
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("file"))?;
        if matches!(file.fate, FetchState::Locked | FetchState::Purged) {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let mut all = vec![(file, contact)];
        if let Some(hash) = &hash {
            all.extend(self.equal_files(&transaction, hash, id).await?);
        }
        for (file, contact) in all {
            let received = journal::Entity::find_by_id(file.journal_id)
                .one(&transaction)
                .await?;
            let file = FileToLock {
                id: file.id,
                media_type: file.media_type,
                size: file.size,
                received_at: received.map_or(contact.opened_at, |raw| raw.received_at),
                hash: hash.filter(|_| file.kept),
            };
            self.lock_in(&transaction, &contact, &file, Some(who.id)).await?;
        }
        self.commit(transaction).await
    }

    /// Computes the hash of a file. Returns `None` if its bytes are not stored.
    async fn hash_of_stored(
        &self,
        file: &attachments::Model,
        contact: &contacts::Model,
    ) -> Result<Option<FileHash>, StoreError> {
        if !file.kept {
            return Ok(None);
        }
        let key = self.attachment_key(file, contact).await?;
        let sealed = self.files.read(file.id).await?;
        let bytes = key.open(&attachment_place(file.id, "bytes"), &sealed)?;
        Ok(Some(Sha256::digest(&bytes).into()))
    }

    /// Returns the received files with this hash that are not locked, except `id`, with their contacts.
    async fn equal_files(
        &self,
        transaction: &DatabaseTransaction,
        hash: &FileHash,
        id: Uuid,
    ) -> Result<Vec<(attachments::Model, contacts::Model)>, StoreError> {
        let equal = attachments::Entity::find()
            .filter(attachments::Column::FileHash.eq(self.keys.file_lookup(hash)))
            .filter(attachments::Column::Id.ne(id))
            .filter(attachments::Column::JournalId.ne(OURS))
            .filter(attachments::Column::Fate.is_not_in([FetchState::Locked, FetchState::Purged]))
            .all(transaction)
            .await?;
        let mut with_contacts = Vec::with_capacity(equal.len());
        for file in equal {
            let contact = contacts::Entity::find_by_id(file.contact_id)
                .one(transaction)
                .await?;
            with_contacts.extend(contact.map(|contact| (file, contact)));
        }
        Ok(with_contacts)
    }
}
