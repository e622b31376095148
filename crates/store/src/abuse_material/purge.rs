//! Destroying a locked file: its bytes, its name, its address at the platform, and the raw messages that contain it.
//!
//! The other files of the raw message get a new key, and the old key is destroyed. What remains of the file in free blocks of the disk or
//! in an old write-ahead log can then not be decrypted with the keys in the database.

use std::{collections::HashSet, sync::PoisonError};

use hotline_core::{abuse_material::FileHash, identifiers::ids, staff::audit::AuditAction};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    contacts::attachments::OURS,
    db::{
        entity::{attachments, contacts, jobs, journal, journal_contacts, locked_files},
        erasure_list::ErasedThing,
        store::Store,
        values::{FetchState, HistoryKind, Outcome},
    },
    error::StoreError,
    registration::locks::FileToLock,
    sealing::{
        keys::DataKey,
        places::{attachment_place, raw_place},
    },
};

impl Store {
    /// Destroys the files whose hold has ended. Each is destroyed in a transaction of its own. Returns their number.
    ///
    /// # Errors
    /// Fails if a database query or writing a file fails. What was destroyed until then stays destroyed.
    pub async fn purge_held_files(&self) -> Result<u64, StoreError> {
        let today = self.today().to_string();
        let ended = locked_files::Entity::find()
            .filter(locked_files::Column::PurgedAt.is_null())
            .filter(locked_files::Column::ReleasedAt.is_null())
            // Days in this form are ordered as texts.
            .filter(locked_files::Column::HoldUntil.lt(today.clone()))
            .all(&self.reading)
            .await?;
        let mut purged = 0;
        for lock in ended {
            let transaction = self.begin().await?;
            self.lock_registration(&transaction).await?;
            let row = locked_files::Entity::find_by_id(lock.id)
                .one(&transaction)
                .await?;
            let is_due = |row: &locked_files::Model| {
                let ended = row.hold_until.as_ref().is_some_and(|until| *until < today);
                ended && row.purged_at.is_none() && row.released_at.is_none()
            };
            let Some(mut row) = row.filter(is_due) else {
                continue;
            };
            let files = self.purge_in(&transaction, &mut row).await?;
            self.write_protocol(&transaction, row).await?;
            self.commit(transaction).await?;
            self.files.remove(files).await;
            self.list_purge(lock.sha256.as_deref()).await;
            purged += 1;
        }
        if purged > 0 {
            self.clear_deleted().await?;
        }
        Ok(purged)
    }

    /// Adds a destroyed file to the list of erasures, from which it is destroyed again after a restore, and to the known files.
    pub(super) async fn list_purge(&self, sha256: Option<&[u8]>) {
        let Some(hash) = sha256.and_then(|hash| FileHash::try_from(hash).ok()) else {
            return;
        };
        let lookup = self.keys.file_lookup(&hash);
        let hex = data_encoding::HEXLOWER.encode(&lookup);
        self.purged_files
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(lookup);
        self.list_erasure(ErasedThing::File(hex), Vec::new()).await;
    }

    /// Destroys the files that the list of erasures names, if a restored backup still contains them. Returns their number.
    ///
    /// # Errors
    /// Fails if the list cannot be read, or if a database query or writing a file fails.
    pub(crate) async fn purge_listed_files(&self) -> Result<u64, StoreError> {
        let listed = self.listed_erasures().await?;
        let lookups: HashSet<Vec<u8>> = listed
            .iter()
            .filter_map(|entry| match &entry.what {
                ErasedThing::File(hex) => data_encoding::HEXLOWER.decode(hex.as_bytes()).ok(),
                ErasedThing::Contact(_) => None,
            })
            .collect();
        let mut purged = 0;
        for lookup in &lookups {
            // One after the other, because destroying a file changes the ids of the other files of its raw message.
            let left = || {
                attachments::Entity::find()
                    .filter(attachments::Column::FileHash.eq(lookup.clone()))
                    .filter(attachments::Column::Fate.ne(FetchState::Purged))
                    .filter(attachments::Column::JournalId.ne(OURS))
            };
            while let Some(file) = left().one(&self.reading).await? {
                purged += u64::from(self.purge_again(file.id).await?);
            }
        }
        *self.purged_files.write().unwrap_or_else(PoisonError::into_inner) = lookups;
        if purged > 0 {
            self.clear_deleted().await?;
        }
        Ok(purged)
    }

    async fn purge_again(&self, id: Uuid) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let file = attachments::Entity::find_by_id(id).one(&transaction).await?;
        let Some(file) = file.filter(|file| file.fate != FetchState::Purged) else {
            return Ok(false);
        };
        let contact = contacts::Entity::find_by_id(file.contact_id)
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        if file.fate != FetchState::Locked {
            // The hash is not known here, only its keyed hash, which the attachment keeps.
            let file = FileToLock {
                id,
                media_type: file.media_type,
                size: file.size,
                received_at: contact.opened_at,
                hash: None,
            };
            self.lock_in(&transaction, &contact, &file, None).await?;
        }
        let lock = locked_files::Entity::find()
            .filter(locked_files::Column::AttachmentId.eq(id))
            .filter(locked_files::Column::PurgedAt.is_null())
            .one(&transaction)
            .await?;
        let mut lock = lock.ok_or(StoreError::NotFound("locked file"))?;
        let files = self.purge_in(&transaction, &mut lock).await?;
        self.write_protocol(&transaction, lock).await?;
        self.commit(transaction).await?;
        self.files.remove(files).await;
        Ok(true)
    }

    /// Destroys a locked file in an open transaction. Returns the ids of the files to delete after the commit. The caller stores the row.
    pub(super) async fn purge_in(
        &self,
        transaction: &DatabaseTransaction,
        row: &mut locked_files::Model,
    ) -> Result<Vec<Uuid>, StoreError> {
        // The attachment got a new id if an equal file of the same raw message was destroyed before.
        let stored = locked_files::Entity::find_by_id(row.id).one(transaction).await?;
        row.attachment_id = stored.ok_or(StoreError::NotFound("locked file"))?.attachment_id;
        let file = attachments::Entity::find_by_id(row.attachment_id)
            .one(transaction)
            .await?
            .ok_or(StoreError::NotFound("file"))?;
        attachments::ActiveModel {
            id: Unchanged(file.id),
            name: Set(None),
            kept: Set(false),
            remote: Set(None),
            fate: Set(FetchState::Purged),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        let mut files = vec![file.id];
        if file.journal_id != OURS {
            files.extend(self.purge_raw(transaction, file.journal_id).await?);
            files.extend(purge_copies(transaction, row.contact_id).await?);
        }
        row.purged_at = Some(self.now());
        self.add_event(transaction, row.contact_id, None, HistoryKind::FilePurged, "")
            .await?;
        self.audit_in(transaction, None, AuditAction::PurgeFile, &row.id.to_string())
            .await?;
        Ok(files)
    }

    /// Destroys a raw message with its key, and moves its other files to a new key and new ids.
    async fn purge_raw(
        &self,
        transaction: &DatabaseTransaction,
        journal_id: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let raw = journal::Entity::find_by_id(journal_id).one(transaction).await?;
        let Some(raw) = raw else { return Ok(Vec::new()) };
        let Some(wrapped) = &raw.data_key else {
            return Ok(Vec::new());
        };
        let place = raw_place(&raw.external_hash);
        let old = self.keys.data_key(&place, wrapped)?;
        let (new, wrapped) = self.keys.new_data_key(&place)?;
        let others = attachments::Entity::find()
            .filter(attachments::Column::JournalId.eq(journal_id))
            .filter(attachments::Column::Fate.ne(FetchState::Purged))
            .all(transaction)
            .await?;
        let mut replaced: Vec<Uuid> = raw.file.into_iter().collect();
        for other in others {
            replaced.push(other.id);
            self.move_to_key(transaction, other, &old, &new).await?;
        }
        journal::ActiveModel {
            id: Unchanged(raw.id),
            data_key: Set(Some(wrapped)),
            sealed: Set(None),
            file: Set(None),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        Ok(replaced)
    }

    /// Encrypts a file with another key. The file gets a new id, so that the old file stays readable if the transaction fails.
    async fn move_to_key(
        &self,
        transaction: &DatabaseTransaction,
        file: attachments::Model,
        old: &DataKey,
        new: &DataKey,
    ) -> Result<(), StoreError> {
        let (before, after) = (file.id, ids::new(self.clock.now()));
        let again = |what: &str, sealed: &[u8]| {
            let plain = old.open(&attachment_place(before, what), sealed)?;
            new.seal(&attachment_place(after, what), &plain)
        };
        let name = file
            .name
            .as_deref()
            .map(|sealed| again("name", sealed))
            .transpose()?;
        let remote = file
            .remote
            .as_deref()
            .map(|sealed| again("remote", sealed))
            .transpose()?;
        if file.kept {
            let bytes = again("bytes", &self.files.read(before).await?)?;
            self.files.write(vec![(after, bytes)]).await?;
        }
        let moved = attachments::Model {
            id: after,
            name,
            remote,
            ..file
        };
        attachments::Entity::delete_by_id(before)
            .exec(transaction)
            .await?;
        attachments::Entity::insert(attachments::ActiveModel::from(moved).reset_all())
            .exec_without_returning(transaction)
            .await?;
        jobs::Entity::update_many()
            .col_expr(jobs::Column::AttachmentId, Expr::value(after))
            .filter(jobs::Column::AttachmentId.eq(before))
            .exec(transaction)
            .await?;
        locked_files::Entity::update_many()
            .col_expr(locked_files::Column::AttachmentId, Expr::value(after))
            .filter(locked_files::Column::AttachmentId.eq(before))
            .exec(transaction)
            .await?;
        Ok(())
    }
}

/// Destroys the repeated deliveries of messages of a contact, which contain the same files. Returns the ids of the files to delete.
async fn purge_copies(transaction: &DatabaseTransaction, contact: Uuid) -> Result<Vec<Uuid>, StoreError> {
    let linked = journal_contacts::Entity::find()
        .filter(journal_contacts::Column::ContactId.eq(contact))
        .all(transaction)
        .await?;
    let copies = journal::Entity::find()
        .filter(journal::Column::Id.is_in(linked.iter().map(|one| one.journal_id)))
        .filter(journal::Column::Outcome.eq(Outcome::Ignored))
        .all(transaction)
        .await?;
    let mut files = Vec::new();
    for copy in copies {
        files.extend(copy.file);
        journal::ActiveModel {
            id: Unchanged(copy.id),
            data_key: Set(None),
            sealed: Set(None),
            file: Set(None),
            ..Default::default()
        }
        .update(transaction)
        .await?;
    }
    Ok(files)
}
