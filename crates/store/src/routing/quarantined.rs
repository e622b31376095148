//! Contacts in quarantine.

use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
};

impl Store {
    /// Returns the number of contacts in quarantine.
    pub(super) async fn quarantined_now(&self) -> Result<u64, StoreError> {
        let quarantined = contacts::Entity::find()
            .filter(Expr::cust("marking IS NOT NULL"))
            .filter(Expr::cust("marking = 'quarantine'"));
        Ok(quarantined.count(&self.reading).await?)
    }
}
