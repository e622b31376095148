//! Contacts in danger that are in quarantine. The desk plays a sound for them, alarms are raised about them, and they are assigned, like
//! other contacts in danger. This applies to at most `AT_ONCE` of them at a time. A robot may claim danger in every post. Without the
//! limit, the contacts of the robot would hide the contacts that are not quarantined.

use hotline_core::routing::skills::DANGER;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
};

/// The maximum number of quarantined contacts in danger for which the desk plays a sound, alarms are raised and a counsellor is assigned at
/// a time. The contacts that have waited longest come first.
const AT_ONCE: u64 = 20;

impl Store {
    /// Returns the number of contacts in quarantine.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn quarantine_size(&self) -> Result<u64, StoreError> {
        self.quarantined_now(&self.reading).await
    }

    /// Returns the number of contacts in quarantine, as the transaction sees it.
    pub(crate) async fn quarantined_now(&self, connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
        let quarantined = contacts::Entity::find()
            .filter(Expr::cust("marking IS NOT NULL"))
            .filter(Expr::cust("marking = 'quarantine'"));
        Ok(quarantined.count(connection).await?)
    }

    /// Returns the `AT_ONCE` quarantined contacts in danger that have waited longest, the longest-waiting first.
    pub(super) async fn quarantined_in_danger(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        // The database can use the index of urgent contacts, because these conditions repeat its conditions.
        let query = contacts::Entity::find()
            .filter(Expr::cust("status <> 'closed' AND urgency > 0"))
            .filter(contacts::Column::Urgency.gte(DANGER))
            .filter(Expr::cust("status = 'waiting' AND marking = 'quarantine'"))
            .filter(self.in_sight())
            .order_by_asc(contacts::Column::WaitingSince)
            .limit(AT_ONCE);
        Ok(query.all(connection).await?)
    }

    /// Returns the contacts of [`Store::quarantined_in_danger`] that have no assignee.
    pub(super) async fn unassigned_quarantined(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let mut waiting = self.quarantined_in_danger(connection).await?;
        waiting.retain(|contact| contact.assignee.is_none());
        Ok(waiting)
    }
}
