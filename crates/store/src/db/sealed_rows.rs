//! Decrypting the sealed (encrypted) values of database rows.

use crate::{
    db::{
        entity::{contacts, messages},
        store::Store,
    },
    error::StoreError,
    sealing::{
        bodies::{ContactContent, MessageContent, unseal},
        keys::DataKey,
        places::{contact_content_place, contact_place, message_content_place},
    },
};

impl Store {
    /// Returns the data key of a contact. Fails for an erased contact, because its data key was deleted.
    pub(crate) fn contact_key(&self, contact: &contacts::Model) -> Result<DataKey, StoreError> {
        let wrapped = contact
            .data_key
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        self.keys.data_key(&contact_place(contact.id), wrapped)
    }

    /// Decrypts the sealed content of a contact. Fails for an erased contact, because its content was deleted.
    pub(crate) fn contact_content(&self, contact: &contacts::Model) -> Result<ContactContent, StoreError> {
        let sealed = contact
            .card
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(
            &self.contact_key(contact)?,
            &contact_content_place(contact.id),
            sealed,
        )
    }

    /// Decrypts the sealed content of a message with the data key of its contact. Fails for an erased message, because its content was
    /// deleted.
    pub(crate) fn message_content(
        &self,
        key: &DataKey,
        message: &messages::Model,
    ) -> Result<MessageContent, StoreError> {
        let sealed = message
            .body
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(key, &message_content_place(message.id), sealed)
    }
}
