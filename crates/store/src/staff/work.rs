//! Transactions in which a member of staff works on one contact.

use hotline_core::{identifiers::reference::Reference, staff::rights::Right};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    db::{entity::contacts, store::Store},
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Begins a transaction and locks the contact in it.
    pub(crate) async fn begin_on(
        &self,
        reference: Reference,
    ) -> Result<(DatabaseTransaction, contacts::Model), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.lock_contact(&transaction, reference).await?;
        Ok((transaction, contact))
    }

    /// Begins a transaction and locks the contact in it, like [`Store::begin_on`]. Fails if the contact is assigned to someone else and
    /// `who` may not work on others' contacts.
    pub(crate) async fn begin_work(
        &self,
        who: &StaffMember,
        reference: Reference,
    ) -> Result<(DatabaseTransaction, contacts::Model), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.lock_for_work(&transaction, who, reference).await?;
        Ok((transaction, contact))
    }

    /// Loads and locks the contact in an existing transaction. Like [`Store::begin_work`], fails if the contact is assigned to someone else
    /// and `who` may not work on others' contacts.
    pub(crate) async fn lock_for_work(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        reference: Reference,
    ) -> Result<contacts::Model, StoreError> {
        let contact = self.lock_contact(transaction, reference).await?;
        if is_assigned_to_other(who, &contact) {
            return Err(StoreError::Conflict(Conflict::AssignedToOther));
        }
        Ok(contact)
    }

    /// Loads and locks the contact in an existing transaction.
    pub(crate) async fn lock_contact(
        &self,
        transaction: &DatabaseTransaction,
        reference: Reference,
    ) -> Result<contacts::Model, StoreError> {
        let mut query = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        let contact = query.one(transaction).await?;
        contact.ok_or(StoreError::NotFound("contact"))
    }
}

/// Returns whether a contact is assigned to someone else and `who` may not work on others' contacts.
pub(crate) fn is_assigned_to_other(who: &StaffMember, contact: &contacts::Model) -> bool {
    contact.assignee.is_some_and(|assignee| assignee != who.id) && !who.role.may(Right::WorkOnOthers)
}
