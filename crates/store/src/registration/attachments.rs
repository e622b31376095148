//! Writes the files of incoming messages to disk. This happens before the messages are registered.

use hotline_core::{
    contact::message::{Content, Normalised},
    identifiers::ids,
};
use sea_orm::ActiveValue::{NotSet, Set};

use crate::{
    db::{entity::attachments, store::Store, values::FetchState},
    error::StoreError,
    jobs::queue::Journalled,
    sealing::places::{attachment_place, raw_place},
};

impl Store {
    /// Encrypts the files of a message and writes the encrypted files to disk. Returns an attachment row for each file.
    pub(super) async fn write_incoming_files(
        &self,
        journalled: &Journalled,
        normalised: &Normalised,
    ) -> Result<Vec<attachments::ActiveModel>, StoreError> {
        let Normalised::Message(incoming) = normalised else {
            return Ok(Vec::new());
        };
        if incoming.parts.is_empty() {
            return Ok(Vec::new());
        }
        let key = self
            .keys
            .data_key(&raw_place(&journalled.external_hash), &journalled.data_key)?;
        let (mut rows, mut files) = (Vec::new(), Vec::new());
        for (position, part) in (0..).zip(&incoming.parts) {
            let id = ids::new(self.clock.now());
            let name = part
                .name
                .as_ref()
                .map(|name| key.seal(&attachment_place(id, "name"), name.as_bytes()))
                .transpose()?;
            let kept = match &part.content {
                Content::Here(bytes) => {
                    files.push((id, key.seal(&attachment_place(id, "bytes"), bytes)?));
                    true
                }
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
            rows.push(attachments::ActiveModel {
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
            });
        }
        self.files.write(files).await?;
        Ok(rows)
    }
}
