//! Checks at start-up that the master key belongs to this database. The check decrypts the proof, a stored value that was encrypted with
//! the right master key. A wrong master key is therefore found at start-up, and not only when a counsellor opens a contact.

use anyhow::{bail, ensure};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};

use crate::{
    db::{
        entity::{contacts, conversations, journal, key_proofs, staff},
        schema::read_pending,
        store::Store,
    },
    error::StoreError,
    sealing::{
        keys::{Keys, WrappedBy},
        master_key::KeySource,
        places::{conversation_place, raw_place},
    },
};

/// Id of the row with the proof in the table `key_proofs`. Another row has the keys that last when the master key is replaced.
pub(super) const ONLY: i32 = 1;
const PLACE: &str = "proof of the master key";
/// The migration that made the table `key_proofs`.
const SINCE: &str = "m20261128_000011_restores";
pub(super) const WRONG: &str = "The master key is not the one this database was sealed with";

/// Returns whether a new master key may be created: whether the database has no key proof and no messages, contacts, conversations or staff
/// accounts.
pub(crate) async fn needs_no_key(database: &impl ConnectionTrait) -> Result<bool, StoreError> {
    Ok(key_proofs::Entity::find().one(database).await?.is_none()
        && journal::Entity::find().one(database).await?.is_none()
        && contacts::Entity::find().one(database).await?.is_none()
        && conversations::Entity::find().one(database).await?.is_none()
        && staff::Entity::find().one(database).await?.is_none())
}

/// Returns an error if migrations are pending and neither master key opens the proof. Without this check, the database would be migrated
/// before the wrong key is noticed, and the backup before the migrations would name this key.
pub(crate) async fn refuse_wrong_key(
    database: &impl ConnectionTrait,
    source: &KeySource,
    old_source: Option<&KeySource>,
) -> anyhow::Result<()> {
    // The migrations report what is wrong with the schema.
    let Ok(pending) = read_pending(database).await else {
        return Ok(());
    };
    let is_old = pending.schema.is_some() && !pending.names.is_empty();
    if !is_old || pending.names.iter().any(|name| name == SINCE) {
        return Ok(());
    }
    let Some(sealed) = proof(database).await? else {
        return Ok(());
    };
    for source in [Some(source), old_source].into_iter().flatten() {
        if proves(&Keys::load(source, false)?, &sealed) {
            return Ok(());
        }
    }
    bail!(WRONG)
}

impl Store {
    /// Returns an error if the master key does not belong to this database. Writes a proof if the database has none and if the master key
    /// decrypts the newest sealed value.
    pub(crate) async fn prove_key(&self) -> anyhow::Result<()> {
        if self.read_proof().await?.is_none() {
            ensure!(self.opens_newest().await?, WRONG);
            self.write_proof().await?;
        }
        // If two processes with different master keys start at the same time, only the first process stores its proof. In the second
        // process, the check below fails.
        let proof = self.read_proof().await?;
        ensure!(proof.is_some_and(|sealed| proves(&self.keys, &sealed)), WRONG);
        Ok(())
    }

    async fn read_proof(&self) -> Result<Option<Vec<u8>>, StoreError> {
        proof(&self.reading).await
    }

    /// Returns a new proof of the present master key.
    pub(super) fn new_proof(&self) -> Result<Vec<u8>, StoreError> {
        let (_, sealed) = self.keys.new_data_key(PLACE)?;
        Ok(sealed)
    }

    async fn write_proof(&self) -> Result<(), StoreError> {
        let sealed = self.new_proof()?;
        let row = key_proofs::ActiveModel {
            id: Set(ONLY),
            sealed: Set(sealed),
        };
        let transaction = self.begin().await?;
        key_proofs::Entity::insert(row)
            .on_conflict(OnConflict::column(key_proofs::Column::Id).do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns whether the master key decrypts the newest contact. If no contact has sealed (encrypted) content, the newest raw message is
    /// tried instead or, if there is none, the read position of a conversation. Returns `true` if the database has none of these sealed
    /// values.
    async fn opens_newest(&self) -> Result<bool, StoreError> {
        let contact = contacts::Entity::find()
            .filter(contacts::Column::DataKey.is_not_null())
            .order_by_desc(contacts::Column::Id)
            .one(&self.reading)
            .await?;
        if let Some(contact) = contact {
            return Ok(self.contact_key(&contact).is_ok());
        }
        let raw = journal::Entity::find()
            .filter(journal::Column::DataKey.is_not_null())
            .order_by_desc(journal::Column::Id)
            .one(&self.reading)
            .await?;
        if let Some((hash, key)) = raw.and_then(|raw| Some((raw.external_hash, raw.data_key?))) {
            return Ok(self.keys.data_key(&raw_place(&hash), &key).is_ok());
        }
        let conversation = conversations::Entity::find().one(&self.reading).await?;
        Ok(conversation.is_none_or(|row| {
            let place = conversation_place(&row.source_hash);
            self.keys.data_key(&place, &row.data_key).is_ok()
        }))
    }
}

/// Returns the stored proof.
pub(crate) async fn proof(database: &impl ConnectionTrait) -> Result<Option<Vec<u8>>, StoreError> {
    let row = key_proofs::Entity::find_by_id(ONLY).one(database).await?;
    Ok(row.map(|row| row.sealed))
}

/// Returns which master key opens the proof.
pub(super) fn proved_by(keys: &Keys, sealed: &[u8]) -> WrappedBy {
    keys.wrapped_by(PLACE, sealed)
}

/// Returns whether a master key opens the proof.
pub(super) fn proves(keys: &Keys, sealed: &[u8]) -> bool {
    keys.data_key(PLACE, sealed).is_ok()
}
