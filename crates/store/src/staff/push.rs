//! Devices that get push messages, and the key pair with which this installation identifies itself to push services.

use hotline_core::{
    staff::{audit::AuditAction, push::Concerns},
    text::locale::Language,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    db::{
        entity::{push_devices, push_keys},
        store::Store,
    },
    error::StoreError,
    sealing::{
        bodies::{seal, unseal},
        places::{PUSH_KEY_PLACE, push_device_place},
    },
    staff::accounts::StaffMember,
};

/// Id of the only row in the table `push_keys`.
const ONLY: i32 = 1;

/// The subscription of a browser to push messages (`PushSubscription` of the Push API). The type intentionally does not implement `Debug`,
/// because whoever knows the endpoint could find the device.
#[derive(Clone, Serialize, Deserialize)]
pub struct PushDevice {
    /// The address at the push service.
    pub endpoint: String,
    /// The public key of the browser: an uncompressed point of the curve P-256.
    pub p256dh: Vec<u8>,
    /// The secret that only this service and the browser know.
    pub auth: Vec<u8>,
    /// The language of the page on which the member of staff switched the notifications on.
    pub language: Language,
}

impl Store {
    /// Returns the private key with which this installation signs its requests to push services. Stores the key `new` if there is none
    /// yet. If two processes start at the same time, both use the key that was stored first.
    ///
    /// # Errors
    /// Fails if a database query fails, or if the stored key was sealed with another master key.
    pub async fn push_key(&self, new: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let new = Zeroizing::new(new);
        if let Some(key) = self.stored_push_key().await? {
            return Ok(key);
        }
        let (key, data_key) = self.keys.new_data_key(PUSH_KEY_PLACE)?;
        let row = push_keys::ActiveModel {
            id: Set(ONLY),
            data_key: Set(data_key),
            sealed: Set(key.seal(PUSH_KEY_PLACE, &new)?),
        };
        let transaction = self.begin().await?;
        push_keys::Entity::insert(row)
            .on_conflict(OnConflict::column(push_keys::Column::Id).do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        self.stored_push_key()
            .await?
            .ok_or(StoreError::NotFound("push key"))
    }

    async fn stored_push_key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let row = push_keys::Entity::find_by_id(ONLY).one(&self.reading).await?;
        row.map(|row| {
            let key = self.keys.data_key(PUSH_KEY_PLACE, &row.data_key)?;
            Ok(Zeroizing::new(key.open(PUSH_KEY_PLACE, &row.sealed)?))
        })
        .transpose()
    }

    /// Lets a device get notifications until the session with this secret ends. An earlier subscription of this session or device ends.
    ///
    /// # Errors
    /// Fails if the session has ended.
    pub async fn subscribe_device(
        &self,
        who: &StaffMember,
        token: &str,
        device: &PushDevice,
    ) -> Result<(), StoreError> {
        let session_hash = self.session_hash(token);
        let endpoint_hash = self.endpoint_hash(device);
        let place = push_device_place(&session_hash);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let row = push_devices::ActiveModel {
            staff_id: Set(who.id),
            endpoint_hash: Set(endpoint_hash.clone()),
            data_key: Set(data_key),
            sealed: Set(seal(&key, &place, device)?),
            session_hash: Set(session_hash.clone()),
            told: Set(None),
            told_at: Set(0),
        };
        let earlier = Condition::any()
            .add(push_devices::Column::SessionHash.eq(session_hash))
            .add(push_devices::Column::EndpointHash.eq(endpoint_hash));
        let transaction = self.begin().await?;
        push_devices::Entity::delete_many()
            .filter(earlier)
            .exec(&transaction)
            .await?;
        push_devices::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::PushOn, "")
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Lets the device of a session belong to the session with another hash.
    pub(crate) async fn move_device(
        &self,
        transaction: &DatabaseTransaction,
        from: &[u8],
        to: &[u8],
    ) -> Result<(), StoreError> {
        let found = push_devices::Entity::find_by_id(from.to_vec())
            .one(transaction)
            .await?;
        let Some(row) = found else { return Ok(()) };
        let (device, _) = self.open_device(&row)?;
        let place = push_device_place(to);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let sealed = seal(&key, &place, &device)?;
        push_devices::Entity::delete_by_id(from.to_vec())
            .exec(transaction)
            .await?;
        let moved = push_devices::ActiveModel {
            staff_id: Set(row.staff_id),
            endpoint_hash: Set(row.endpoint_hash),
            data_key: Set(data_key),
            sealed: Set(sealed),
            session_hash: Set(to.to_vec()),
            told: Set(row.told),
            told_at: Set(row.told_at),
        };
        push_devices::Entity::insert(moved)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }

    /// Ends the subscription that was made in the session with this secret.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn unsubscribe_device(&self, who: &StaffMember, token: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        push_devices::Entity::delete_by_id(self.session_hash(token))
            .exec(&transaction)
            .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::PushOff, "")
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns whether the session with this secret has a device that gets notifications.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn has_device(&self, token: &str) -> Result<bool, StoreError> {
        let row = push_devices::Entity::find_by_id(self.session_hash(token));
        Ok(row.one(&self.reading).await?.is_some())
    }

    /// Returns whether the subscription of a device still exists.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn is_subscribed(&self, device: &PushDevice) -> Result<bool, StoreError> {
        let row = push_devices::Entity::find()
            .filter(push_devices::Column::EndpointHash.eq(self.endpoint_hash(device)))
            .one(&self.reading);
        Ok(row.await?.is_some())
    }

    /// Ends the subscription of a device that its push service no longer knows.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn end_device(&self, device: &PushDevice) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        push_devices::Entity::delete_many()
            .filter(push_devices::Column::EndpointHash.eq(self.endpoint_hash(device)))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    fn endpoint_hash(&self, device: &PushDevice) -> Vec<u8> {
        self.keys.lookup("push endpoint", &device.endpoint)
    }

    /// Returns the subscription and the concerns of which the device was told. The concerns are `None` before the first look.
    pub(crate) fn open_device(
        &self,
        row: &push_devices::Model,
    ) -> Result<(PushDevice, Option<Concerns>), StoreError> {
        let place = push_device_place(&row.session_hash);
        let device = unseal(&self.keys.data_key(&place, &row.data_key)?, &place, &row.sealed)?;
        let told = row
            .told
            .as_deref()
            .and_then(|told| serde_json::from_str(told).ok());
        Ok((device, told))
    }
}
