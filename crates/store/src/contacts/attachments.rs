//! Attachments of received messages and of replies: their names, media types and encrypted bytes.

use hotline_core::{
    contact::{file_type::is_misnamed, message::OutboundFile},
    identifiers::{ids, reference::Reference},
};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};
use uuid::Uuid;

use crate::{
    db::{
        entity::{attachments, contacts, journal},
        store::Store,
        values::FetchState,
    },
    error::{Conflict, StoreError},
    sealing::{
        bodies::MessageContent,
        keys::DataKey,
        places::{attachment_place, raw_place},
    },
};

/// An attachment of a message, without its bytes.
pub struct Attachment {
    /// The id of the attachment.
    pub id: Uuid,
    /// File name as sent. `None` if the file has no name or the name cannot be decrypted.
    pub name: Option<String>,
    /// Media type as sent.
    pub media_type: String,
    /// Size in bytes.
    pub size: i64,
    /// Whether the first bytes of the file do not fit its name or its media type.
    pub misnamed: bool,
    /// Whether the message displays the file within its text, like an inline image.
    pub inline: bool,
    /// Where the bytes are, or why they are missing.
    pub location: FileLocation,
}

/// Where the bytes of an attachment are, or why they are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileLocation {
    /// Stored by this service.
    #[serde(rename = "here")]
    Stored,
    /// On the platform; staff have not requested the file yet.
    #[serde(rename = "elsewhere")]
    OnPlatform,
    /// On the platform; the file was requested and will be fetched.
    #[serde(rename = "wanted")]
    Requested,
    /// On the platform; the last attempt to fetch the bytes failed.
    Failed,
    /// On the platform, but larger than the platform's download limit.
    TooLarge,
    /// Dropped, because the line does not accept files.
    #[serde(rename = "not_taken")]
    Dropped,
    /// Locked as suspected abuse material: nobody may open it.
    Locked,
    /// Locked, and then destroyed.
    Purged,
}

/// The bytes of an attachment, with its name and media type.
pub struct Bytes {
    /// File name as sent. `None` if the file has no name or the name cannot be decrypted.
    pub name: Option<String>,
    /// Media type as sent.
    pub media_type: String,
    /// The decrypted content.
    pub bytes: Vec<u8>,
}

/// The journal id of an attachment in a reply. Such a file did not arrive in a raw message, so the journal of raw messages has no entry for
/// it.
pub(crate) const OURS: i64 = 0;

impl Store {
    /// Removes from `rest` the files that belong to the message version with the content `body`, and returns them in the order in which
    /// that version lists them. Removes and returns all files if `body` is `None`.
    pub(crate) async fn take_files(
        &self,
        rest: &mut Vec<&attachments::Model>,
        body: Option<&MessageContent>,
        contact: &contacts::Model,
    ) -> Result<Vec<Attachment>, StoreError> {
        let place = |part: &attachments::Model| match body {
            Some(body) => body.place_of_files(part.journal_id),
            None => Some(0),
        };
        let mut mine: Vec<_> = rest.extract_if(.., |part| place(part).is_some()).collect();
        mine.sort_by_key(|part| (place(part), part.position));
        let mut shown = Vec::with_capacity(mine.len());
        for part in mine {
            shown.push(self.attachment_row(part, contact).await?);
        }
        Ok(shown)
    }

    pub(crate) async fn attachment_row(
        &self,
        part: &attachments::Model,
        contact: &contacts::Model,
    ) -> Result<Attachment, StoreError> {
        let name = match &part.name {
            // The name may describe what nobody shall see.
            Some(_) if part.fate == FetchState::Locked => None,
            Some(sealed) => {
                let key = self.attachment_key(part, contact).await.ok();
                let name = key.and_then(|key| key.open(&attachment_place(part.id, "name"), sealed).ok());
                name.map(|name| String::from_utf8_lossy(&name).into_owned())
            }
            None => None,
        };
        let location = match (part.kept, part.fate, part.remote.is_some()) {
            (_, FetchState::Locked, _) => FileLocation::Locked,
            (_, FetchState::Purged, _) => FileLocation::Purged,
            (true, ..) => FileLocation::Stored,
            (false, FetchState::Wanted, _) => FileLocation::Requested,
            (false, FetchState::Failed, _) => FileLocation::Failed,
            (false, FetchState::TooLarge, _) => FileLocation::TooLarge,
            (false, _, true) => FileLocation::OnPlatform,
            (false, _, false) => FileLocation::Dropped,
        };
        Ok(Attachment {
            id: part.id,
            name,
            media_type: part.media_type.clone(),
            size: part.size,
            misnamed: part.misnamed,
            inline: part.inline,
            location,
        })
    }

    /// Returns the key that encrypts an attachment: the key of its raw message, or the contact's key if staff sent the file.
    pub(crate) async fn attachment_key(
        &self,
        part: &attachments::Model,
        contact: &contacts::Model,
    ) -> Result<DataKey, StoreError> {
        const ERASED: StoreError = StoreError::NotFound("content: it was erased");
        if part.journal_id == OURS {
            return self.contact_key(contact);
        }
        let row = journal::Entity::find_by_id(part.journal_id)
            .one(&self.reading)
            .await?;
        let row = row.ok_or(ERASED)?;
        let wrapped = row.data_key.ok_or(ERASED)?;
        self.keys.data_key(&raw_place(&row.external_hash), &wrapped)
    }

    /// Loads the bytes of an attachment of this contact. Returns `None` if the contact has no such attachment or if the bytes are not
    /// stored. Before a member of staff opens the file, the caller must record this in the audit log.
    ///
    /// # Errors
    /// Returns [`StoreError::Locked`] if the file is locked as suspected abuse material. Fails if the file cannot be read or decrypted.
    pub async fn attachment(&self, reference: Reference, id: Uuid) -> Result<Option<Bytes>, StoreError> {
        let Some((part, contact)) = self.file_of(reference, id).await? else {
            return Ok(None);
        };
        if part.fate == FetchState::Locked {
            return Err(StoreError::Locked);
        }
        if !part.kept {
            return Ok(None);
        }
        let key = match self.attachment_key(&part, &contact).await {
            Err(StoreError::NotFound(_)) => return Ok(None),
            key => key?,
        };
        let bytes = key.open(&attachment_place(id, "bytes"), &self.files.read(id).await?)?;
        let row = self.attachment_row(&part, &contact).await?;
        Ok(Some(Bytes {
            name: row.name,
            media_type: row.media_type,
            bytes,
        }))
    }

    /// Stores the files of a reply, encrypted with the contact's key.
    pub(crate) async fn write_files(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        message: Uuid,
        files: Vec<OutboundFile>,
    ) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        if !self.line(&contact.line).is_some_and(|line| line.sends_files) {
            return Err(StoreError::Conflict(Conflict::SendsNoFiles));
        }
        self.files.room()?;
        let key = self.contact_key(contact)?;
        let (mut rows, mut sealed) = (Vec::new(), Vec::new());
        for (position, file) in (0..).zip(files) {
            let id = ids::new(self.clock.now());
            let misnamed = is_misnamed(Some(&file.name), &file.media_type, &file.bytes);
            sealed.push((id, key.seal(&attachment_place(id, "bytes"), &file.bytes)?));
            rows.push(attachments::ActiveModel {
                id: Set(id),
                contact_id: Set(contact.id),
                message_id: Set(message),
                journal_id: Set(OURS),
                position: Set(position),
                name: Set(Some(
                    key.seal(&attachment_place(id, "name"), file.name.as_bytes())?,
                )),
                media_type: Set(file.media_type),
                inline: Set(false),
                size: Set(i64::try_from(file.bytes.len()).unwrap_or(i64::MAX)),
                kept: Set(true),
                remote: Set(None),
                fate: Set(FetchState::Idle),
                file_hash: Set(None),
                misnamed: Set(misnamed),
            });
        }
        self.files.write(sealed).await?;
        attachments::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }
}
