//! The secret in the address of a person's shift calendar. Only its keyed hash is stored.

use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{chance, private::Private},
    staff::{audit::AuditAction, rights::Right},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{calendar_secrets, staff},
        store::{Store, time},
    },
    error::StoreError,
    staff::accounts::{StaffMember, person},
};

impl Store {
    /// Makes the secret in the address of a person's calendar. An earlier secret of this person stops working. The new one is not stored, so
    /// it cannot be shown again.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn renew_calendar_secret(&self, who: &StaffMember) -> Result<Private<String>, StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&chance::bytes::<32>());
        let transaction = self.begin().await?;
        // Two requests of the same person run one after another, so that the second replaces the secret of the first.
        self.lock_registration(&transaction).await?;
        self.forget_calendar(&transaction, who.id).await?;
        calendar_secrets::ActiveModel {
            staff_id: Set(who.id),
            hash: Set(self.calendar_hash(&secret)),
            made_at: Set(self.now()),
        }
        .insert(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::MakeCalendarAddress, "")
            .await?;
        transaction.commit().await?;
        Ok(secret.into())
    }

    /// Revokes the address of a person's calendar. Changes nothing if there is none.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn revoke_calendar_secret(&self, who: &StaffMember) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        if self.forget_calendar(&transaction, who.id).await? {
            self.audit_in(&transaction, Some(who.id), AuditAction::RevokeCalendarAddress, "")
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Returns when the address of a person's calendar was made; `None` if the person has none.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn calendar_made_at(&self, who: &StaffMember) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = calendar_secrets::Entity::find_by_id(who.id)
            .one(&self.reading)
            .await?;
        Ok(row.map(|row| time(row.made_at)))
    }

    /// Returns the active member of staff who takes duty and whose calendar has this secret.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn calendar_owner(&self, secret: &str) -> Result<Option<StaffMember>, StoreError> {
        // The database compares keyed hashes, so the time of the comparison reveals nothing about the secret.
        let found = calendar_secrets::Entity::find()
            .filter(calendar_secrets::Column::Hash.eq(self.calendar_hash(secret)))
            .one(&self.reading)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let row = staff::Entity::find_by_id(found.staff_id)
            .one(&self.reading)
            .await?;
        let owner = row.filter(|row| row.active).and_then(person);
        Ok(owner.filter(|owner| owner.role.may(Right::TakeDuty)))
    }

    /// Revokes the address of an account's calendar in a transaction, and returns whether there was one.
    pub(crate) async fn forget_calendar(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<bool, StoreError> {
        let deleted = calendar_secrets::Entity::delete_by_id(staff_id)
            .exec(transaction)
            .await?;
        Ok(deleted.rows_affected > 0)
    }

    fn calendar_hash(&self, secret: &str) -> Vec<u8> {
        self.keys.lookup("calendar secret", secret)
    }
}
