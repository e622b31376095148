//! The audit log, which records who performed which action. The log never contains text that people wrote.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    DatabaseTransaction,
};
use uuid::Uuid;

use crate::{
    db::{entity::audit, store::Store},
    error::StoreError,
    staff::accounts::StaffMember,
};

impl Store {
    /// Records that `who` is about to do `action` to `object`.
    ///
    /// # Errors
    /// Fails if a database query fails. The caller must then not perform the action.
    pub async fn audit(
        &self,
        who: Option<&StaffMember>,
        action: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.audit_in(&transaction, who.map(|who| who.id), action, object)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn audit_in(
        &self,
        transaction: &DatabaseTransaction,
        actor: Option<Uuid>,
        action: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        let row = audit::ActiveModel {
            id: NotSet,
            at: Set(self.now()),
            actor: Set(actor),
            action: Set(action.to_owned()),
            object: Set(object.to_owned()),
        };
        row.insert(transaction).await?;
        Ok(())
    }
}
