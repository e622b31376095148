//! Opening (decrypting) the sealed values of database rows.

use crate::{
    db::{
        entity::{contacts, messages},
        store::Store,
    },
    error::StoreError,
    sealing::{
        bodies::{Body, Card, unseal},
        keys::DataKey,
        places::{body_place, card_place, contact_place},
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

    /// Opens the sealed content of a contact.
    pub(crate) fn card(&self, contact: &contacts::Model) -> Result<Card, StoreError> {
        let sealed = contact
            .card
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(&self.contact_key(contact)?, &card_place(contact.id), sealed)
    }

    /// Opens the sealed content of a message.
    pub(crate) fn body(&self, key: &DataKey, message: &messages::Model) -> Result<Body, StoreError> {
        let sealed = message
            .body
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(key, &body_place(message.id), sealed)
    }
}
