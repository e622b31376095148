//! Fetching files of received messages from a platform. On some lines, files are fetched immediately. On other lines, staff request each
//! file that they need, and the audit log records each request.

use std::{collections::HashSet, time::Duration};

use hotline_core::{
    abuse_material::FileHash,
    contact::file_type::is_misnamed,
    identifiers::{line_name::LineName, private::Private, reference::Reference},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{attachments, contacts, jobs},
        store::Store,
        values::{FetchState, HistoryKind},
    },
    error::{Conflict, StoreError},
    jobs::{
        new::fetch_job,
        queue::{Claimed, end_job},
    },
    registration::locks::FileToLock,
    sealing::places::attachment_place,
    staff::accounts::StaffMember,
};

/// A file to fetch from the platform on which the person sent it.
pub struct ToFetch {
    /// The line on which the file arrived.
    pub line: LineName,
    /// The platform's id of the file, with which the channel adapter downloads it. It is not the reference of a contact.
    pub reference: Private<String>,
    /// Time since the job to fetch the file was created.
    pub waited: Duration,
}

impl Store {
    /// Requests that a file of a received message be fetched from its platform.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the file is already stored, is already requested, or cannot be fetched. Returns
    /// [`StoreError::NotFound`] if the contact does not have this file.
    pub async fn want_file(
        &self,
        who: &StaffMember,
        reference: Reference,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
        let file = attachments::Entity::find_by_id(id)
            .filter(attachments::Column::ContactId.eq(contact.id))
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("file"))?;
        if file.fate == FetchState::Locked {
            return Err(StoreError::Conflict(Conflict::FileLocked));
        }
        if file.kept || file.remote.is_none() || file.fate == FetchState::Wanted {
            return Err(StoreError::Conflict(Conflict::NothingToFetch));
        }
        attachments::ActiveModel {
            id: Unchanged(id),
            fate: Set(FetchState::Wanted),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        fetch_job(id, self.now()).insert(&transaction).await?;
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::FileWanted,
            "",
        )
        .await?;
        let object = format!("{reference} {id}");
        self.audit_in(&transaction, Some(who.id), AuditAction::Fetch, &object)
            .await?;
        self.commit(transaction).await?;
        self.fetch_due.notify_one();
        Ok(())
    }

    /// Loads the file that a fetch job is to fetch. Ends the job and returns `None` if the file is already stored or was erased.
    ///
    /// # Errors
    /// Fails if a database query fails or a value cannot be decrypted.
    pub async fn file_to_fetch(&self, job: &Claimed) -> Result<Option<ToFetch>, StoreError> {
        let Some((file, contact)) = self.find_file(job.attachment_id).await? else {
            self.drop_job(job).await?;
            return Ok(None);
        };
        let is_locked = file.fate == FetchState::Locked;
        let Some(sealed) = file.remote.as_ref().filter(|_| !file.kept && !is_locked) else {
            self.drop_job(job).await?;
            return Ok(None);
        };
        let key = self.attachment_key(&file, &contact).await?;
        let reference = key.open(&attachment_place(file.id, "remote"), sealed)?;
        let made_at = jobs::Entity::find_by_id(job.id).one(&self.reading).await?;
        let waited = made_at.map_or(0, |made| self.now().saturating_sub(made.made_at));
        Ok(Some(ToFetch {
            waited: Duration::from_micros(u64::try_from(waited).unwrap_or_default()),
            line: LineName::stored(contact.line),
            reference: String::from_utf8_lossy(&reference).into_owned().into(),
        }))
    }

    /// Stores a fetched file and ends the job.
    ///
    /// # Errors
    /// Fails if the file could not be stored. The file can safely be fetched again.
    pub async fn keep_fetched(&self, job: &Claimed, bytes: Vec<u8>) -> Result<(), StoreError> {
        let Some((file, contact)) = self.find_file(job.attachment_id).await? else {
            return self.drop_job(job).await;
        };
        self.files.room()?;
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let key = self.attachment_key(&file, &contact).await?;
        let sealed = key.seal(&attachment_place(file.id, "bytes"), &bytes)?;
        let hash: FileHash = Sha256::digest(&bytes).into();
        let name = self.attachment_row(&file, &contact).await?.name;
        let misnamed = is_misnamed(name.as_deref(), &file.media_type, &bytes);
        drop(bytes);
        self.files.write(vec![(file.id, sealed)]).await?;
        let kept = attachments::ActiveModel {
            id: Unchanged(file.id),
            kept: Set(true),
            size: Set(size),
            fate: Set(FetchState::Idle),
            file_hash: Set(Some(self.keys.file_lookup(&hash))),
            misnamed: Set(misnamed),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        if end_job(&transaction, job).await? {
            kept.update(&transaction).await?;
            self.add_event(&transaction, contact.id, None, HistoryKind::FileFetched, "")
                .await?;
            if !self
                .known_of(&transaction, &HashSet::from([hash]))
                .await?
                .is_empty()
            {
                let file = FileToLock {
                    id: file.id,
                    media_type: file.media_type,
                    size,
                    received_at: self.now(),
                    hash: Some(hash),
                };
                self.lock_in(&transaction, &contact, &file, None).await?;
            }
        }
        self.commit(transaction).await
    }

    /// Records that a file could not be fetched, and ends the job. Staff can request the file again.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn fetch_failed(&self, job: &Claimed) -> Result<(), StoreError> {
        let Some((file, contact)) = self.find_file(job.attachment_id).await? else {
            return self.drop_job(job).await;
        };
        let failed = attachments::ActiveModel {
            id: Unchanged(file.id),
            fate: Set(FetchState::Failed),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        if end_job(&transaction, job).await? {
            failed.update(&transaction).await?;
            self.add_event(&transaction, contact.id, None, HistoryKind::FileFailed, "")
                .await?;
        }
        self.commit(transaction).await
    }

    async fn find_file(&self, id: Uuid) -> Result<Option<(attachments::Model, contacts::Model)>, StoreError> {
        let Some(file) = attachments::Entity::find_by_id(id).one(&self.reading).await? else {
            return Ok(None);
        };
        let contact = contacts::Entity::find_by_id(file.contact_id)
            .one(&self.reading)
            .await?;
        Ok(contact.map(|contact| (file, contact)))
    }

    /// Finds a file and its contact, by the contact's reference and the file's id.
    pub(crate) async fn file_of(
        &self,
        reference: Reference,
        id: Uuid,
    ) -> Result<Option<(attachments::Model, contacts::Model)>, StoreError> {
        let found = self.find_file(id).await?;
        Ok(found.filter(|(_, contact)| reference_of(contact) == reference))
    }
}
