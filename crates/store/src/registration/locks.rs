//! Locking files as suspected abuse material: known files when they arrive, and single files.

use std::{
    collections::{HashMap, HashSet},
    sync::PoisonError,
};

use hotline_core::{abuse_material::FileHash, identifiers::ids, staff::audit::AuditAction};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{attachments, contacts, jobs, locked_files},
        store::Store,
        values::{FetchState, HistoryKind},
    },
    error::StoreError,
    registration::changes::Changes,
    statistics::counts::AT_ONCE,
};

/// A file that is to be locked.
pub(crate) struct FileToLock {
    /// The id of the attachment.
    pub(crate) id: Uuid,
    pub(crate) media_type: String,
    pub(crate) size: i64,
    /// When the file arrived, in microseconds since 1970.
    pub(crate) received_at: i64,
    /// The hash of the bytes. `None` if they were never stored here.
    pub(crate) hash: Option<FileHash>,
}

impl Store {
    /// Returns those of the hashes that the list of known files contains, or that belong to a file which is locked or was purged.
    pub(crate) async fn known_of(
        &self,
        connection: &impl ConnectionTrait,
        hashes: &HashSet<FileHash>,
    ) -> Result<HashSet<FileHash>, StoreError> {
        let list = self.known_files.current().await;
        let mut known: HashSet<FileHash> = hashes.intersection(&list).copied().collect();
        let by_lookup: HashMap<Vec<u8>, FileHash> = hashes
            .iter()
            .map(|hash| (self.keys.file_lookup(hash), *hash))
            .collect();
        // Files that were purged before an older backup of the database was restored.
        {
            let purged = self.purged_files.read().unwrap_or_else(PoisonError::into_inner);
            known.extend(
                by_lookup
                    .iter()
                    .filter(|(lookup, _)| purged.contains(*lookup))
                    .map(|(_, hash)| hash),
            );
        }
        let lookups: Vec<&Vec<u8>> = by_lookup.keys().collect();
        for some in lookups.chunks(AT_ONCE) {
            let found: Vec<Option<Vec<u8>>> = attachments::Entity::find()
                .select_only()
                .column(attachments::Column::FileHash)
                .distinct()
                .filter(attachments::Column::FileHash.is_in(some.iter().map(|lookup| (*lookup).clone())))
                .filter(attachments::Column::Fate.is_in([FetchState::Locked, FetchState::Purged]))
                .into_tuple()
                .all(connection)
                .await?;
            known.extend(
                found
                    .into_iter()
                    .flatten()
                    .filter_map(|lookup| by_lookup.get(&lookup)),
            );
        }
        Ok(known)
    }

    /// Locks those files of a batch that are known, before anybody can see them. `hashes` are the hashes of the stored files.
    pub(super) async fn lock_known_files(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        hashes: &HashMap<Uuid, FileHash>,
    ) -> Result<(), StoreError> {
        let all: HashSet<FileHash> = hashes.values().copied().collect();
        if all.is_empty() {
            return Ok(());
        }
        let known = self.known_of(transaction, &all).await?;
        if known.is_empty() {
            return Ok(());
        }
        let mut locked = Vec::new();
        for row in &mut changes.attachments {
            let id = *row.id.as_ref();
            let Some(hash) = hashes.get(&id).filter(|hash| known.contains(*hash)) else {
                continue;
            };
            row.fate = Set(FetchState::Locked);
            let file = FileToLock {
                id,
                media_type: row.media_type.as_ref().clone(),
                size: *row.size.as_ref(),
                received_at: changes.now,
                hash: Some(*hash),
            };
            locked.push((*row.contact_id.as_ref(), file));
        }
        for (contact_id, file) in locked {
            let contact = changes.state.contact(contact_id)?.clone();
            changes.locked_files.push(self.lock_row(&contact, &file, None));
            changes.event(contact_id, changes.now, None, HistoryKind::FileLocked, "");
            self.audit_lock(transaction, &contact, &file, None).await?;
        }
        Ok(())
    }

    /// Locks a file of a contact, and drops the job that fetches it. `by` is the member of staff; `None` if the file is known.
    pub(crate) async fn lock_in(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        file: &FileToLock,
        by: Option<Uuid>,
    ) -> Result<(), StoreError> {
        attachments::ActiveModel {
            id: Unchanged(file.id),
            fate: Set(FetchState::Locked),
            file_hash: match &file.hash {
                Some(hash) => Set(Some(self.keys.file_lookup(hash))),
                None => NotSet,
            },
            ..Default::default()
        }
        .update(transaction)
        .await?;
        jobs::Entity::delete_many()
            .filter(jobs::Column::AttachmentId.eq(file.id))
            .exec(transaction)
            .await?;
        locked_files::Entity::insert(self.lock_row(contact, file, by))
            .exec_without_returning(transaction)
            .await?;
        self.add_event(transaction, contact.id, by, HistoryKind::FileLocked, "")
            .await?;
        self.audit_lock(transaction, contact, file, by).await
    }

    fn lock_row(
        &self,
        contact: &contacts::Model,
        file: &FileToLock,
        by: Option<Uuid>,
    ) -> locked_files::ActiveModel {
        locked_files::ActiveModel {
            id: Set(ids::new(self.clock.now())),
            attachment_id: Set(file.id),
            contact_id: Set(contact.id),
            reference: Set(contact.reference),
            line: Set(contact.line.clone()),
            received_at: Set(file.received_at),
            media_type: Set(file.media_type.clone()),
            size: Set(file.size),
            sha256: Set(file.hash.map(|hash| hash.to_vec())),
            locked_at: Set(self.now()),
            locked_by: Set(by),
            decision: Set(None),
            proposed_by: Set(None),
            proposed_at: Set(None),
            confirmed_by: Set(None),
            confirmed_at: Set(None),
            hold_until: Set(None),
            released_at: Set(None),
            purged_at: Set(None),
            protocol: Set(None),
            signature: Set(None),
        }
    }

    async fn audit_lock(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        file: &FileToLock,
        by: Option<Uuid>,
    ) -> Result<(), StoreError> {
        let object = format!("{} {}", reference_of(contact), file.id);
        self.audit_in(transaction, by, AuditAction::LockFile, &object)
            .await
    }
}
