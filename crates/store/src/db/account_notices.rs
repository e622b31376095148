//! Queueing notices about accounts, in the transaction of what they are about.

use hotline_core::staff::{
    audit::AuditAction,
    notices::{AT_MOST_EVERY, AccountNotice, Concerned},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{account_notices, staff},
        store::Store,
    },
    error::StoreError,
};

impl Store {
    /// Queues the notice that follows an entry of the audit, if there is one.
    pub(crate) async fn queue_notice_after(
        &self,
        transaction: &DatabaseTransaction,
        actor: Option<Uuid>,
        action: AuditAction,
        object: &str,
    ) -> Result<(), StoreError> {
        if self.accounts.notices_line.is_none() {
            return Ok(());
        }
        let Some((notice, concerned)) = AccountNotice::of(action) else {
            return Ok(());
        };
        let account = match (concerned, actor) {
            (Concerned::Actor, Some(actor)) => staff::Entity::find_by_id(actor).one(transaction).await?,
            (Concerned::Actor, None) => None,
            (Concerned::Object, _) => {
                let login = object.split([' ', ':']).next().unwrap_or_default();
                staff::Entity::find()
                    .filter(staff::Column::Login.eq(login))
                    .one(transaction)
                    .await?
            }
        };
        match account {
            Some(account) => self.queue_notice(transaction, &account, notice).await,
            None => Ok(()),
        }
    }

    /// Queues a notice to an account that is enabled and has an address. Of those that strangers can cause, it queues one in a while. The notice
    /// keeps the address, so that a notice about a new address goes to the earlier one.
    pub(crate) async fn queue_notice(
        &self,
        transaction: &DatabaseTransaction,
        account: &staff::Model,
        notice: AccountNotice,
    ) -> Result<(), StoreError> {
        let address = account.notice_address.as_ref().filter(|_| account.active);
        let Some(address) = address else {
            return Ok(());
        };
        if notice.is_repeated_by_strangers() {
            let since = self.clock.now() - AT_MOST_EVERY;
            let earlier = account_notices::Entity::find()
                .filter(account_notices::Column::StaffId.eq(account.id))
                .filter(account_notices::Column::Notice.eq(notice.as_str()))
                .filter(account_notices::Column::At.gt(since.timestamp_micros()))
                .one(transaction)
                .await?;
            if earlier.is_some() {
                return Ok(());
            }
        }
        let row = account_notices::ActiveModel {
            id: NotSet,
            staff_id: Set(account.id),
            notice: Set(notice.as_str().to_owned()),
            at: Set(self.now()),
            address: Set(Some(address.clone())),
            attempts: Set(0),
            next_at: Set(self.now()),
        };
        row.insert(transaction).await?;
        Ok(())
    }
}
