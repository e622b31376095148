//! Writes the files of incoming messages to disk. This happens before the messages are registered.

use std::collections::HashMap;

use hotline_core::{
    abuse_material::FileHash,
    contact::{
        file_type::is_misnamed,
        message::{Content, Normalised},
    },
    identifiers::ids,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{entity::attachments, store::Store, values::FetchState},
    error::StoreError,
    jobs::queue::Journalled,
    sealing::places::{attachment_place, raw_place},
};

/// The files of a message.
#[derive(Default)]
pub(super) struct IncomingFiles {
    /// A row for each file. The rows are not linked to a message yet.
    pub(super) rows: Vec<attachments::ActiveModel>,
    /// The hash of each stored file, by the id of its row.
    pub(super) hashes: HashMap<Uuid, FileHash>,
}

impl Store {
    /// Encrypts the files of a message and writes the encrypted files to disk.
    pub(super) async fn write_incoming_files(
        &self,
        journalled: &Journalled,
        normalised: &Normalised,
    ) -> Result<IncomingFiles, StoreError> {
        let Normalised::Message(incoming) = normalised else {
            return Ok(IncomingFiles::default());
        };
        if incoming.parts.is_empty() {
            return Ok(IncomingFiles::default());
        }
        let key = self
            .keys
            .data_key(&raw_place(&journalled.external_hash), &journalled.data_key)?;
        let (mut incoming_files, mut files) = (IncomingFiles::default(), Vec::new());
        for (position, part) in (0..).zip(&incoming.parts) {
            let id = ids::new(self.clock.now());
            let name = part
                .name
                .as_ref()
                .map(|name| key.seal(&attachment_place(id, "name"), name.as_bytes()))
                .transpose()?;
            let kept = match &part.content {
                Content::Here(bytes) => {
                    incoming_files.hashes.insert(id, Sha256::digest(bytes).into());
                    files.push((id, key.seal(&attachment_place(id, "bytes"), bytes)?));
                    true
                }
                Content::NotTaken(_) | Content::TooLarge(_) | Content::Elsewhere(_) => false,
            };
            let misnamed = match &part.content {
                Content::Here(bytes) => is_misnamed(part.name.as_deref(), &part.media_type, bytes),
                Content::NotTaken(_) | Content::TooLarge(_) | Content::Elsewhere(_) => false,
            };
            let (remote, fate) = match &part.content {
                Content::Here(_) | Content::NotTaken(_) => (None, FetchState::Idle),
                Content::TooLarge(_) => (None, FetchState::TooLarge),
                Content::Elsewhere(file) => {
                    let place = attachment_place(id, "remote");
                    let sealed = key.seal(&place, file.reference.expose().as_bytes())?;
                    (
                        Some(sealed),
                        if file.at_once {
                            FetchState::Wanted
                        } else {
                            FetchState::Idle
                        },
                    )
                }
            };
            let hash = incoming_files.hashes.get(&id);
            let file_hash = hash.map(|hash| self.keys.file_lookup(hash));
            incoming_files.rows.push(attachments::ActiveModel {
                id: Set(id),
                contact_id: NotSet,
                message_id: NotSet,
                journal_id: Set(journalled.job.journal_id),
                position: Set(position),
                name: Set(name),
                media_type: Set(part.media_type.clone()),
                inline: Set(part.inline),
                size: Set(i64::try_from(part.content.size()).unwrap_or(i64::MAX)),
                kept: Set(kept),
                remote: Set(remote),
                fate: Set(fate),
                file_hash: Set(file_hash),
                misnamed: Set(misnamed),
            });
        }
        self.files.write(files).await?;
        Ok(incoming_files)
    }
}
