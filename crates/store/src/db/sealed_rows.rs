//! Opens what is sealed in a row of the database.

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
    /// The data key of a contact. An erased contact has none.
    pub(crate) fn contact_key(&self, contact: &contacts::Model) -> Result<DataKey, StoreError> {
        let wrapped = contact
            .data_key
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        self.keys.data_key(&contact_place(contact.id), wrapped)
    }

    /// A contact's card.
    pub(crate) fn card(&self, contact: &contacts::Model) -> Result<Card, StoreError> {
        let sealed = contact
            .card
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(&self.contact_key(contact)?, &card_place(contact.id), sealed)
    }

    /// What a message says.
    pub(crate) fn body(&self, key: &DataKey, message: &messages::Model) -> Result<Body, StoreError> {
        let sealed = message
            .body
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        unseal(key, &body_place(message.id), sealed)
    }
}
