//! Contacts in danger that are in quarantine. They are alarmed about and assigned like any other contact in danger, but only so many at a
//! time: a robot may claim danger in every post, and must not bury the contacts that are not quarantined.

use hotline_core::routing::skills::DANGER;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    inbox::view::Order,
};

/// The number of quarantined contacts in danger that are alarmed about and assigned at a time: those that have waited longest.
const AT_ONCE: u64 = 20;

impl Store {
    /// Returns the number of contacts in quarantine.
    pub(super) async fn quarantined_now(&self) -> Result<u64, StoreError> {
        let quarantined = contacts::Entity::find()
            .filter(Expr::cust("marking IS NOT NULL"))
            .filter(Expr::cust("marking = 'quarantine'"));
        Ok(quarantined.count(&self.reading).await?)
    }

    /// Returns the quarantined contacts in danger whose turn it is, the longest-waiting first.
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
            .order_by_asc(Order::Pressing.expression())
            .limit(AT_ONCE);
        Ok(query.all(connection).await?)
    }

    /// Returns those of [`Store::quarantined_in_danger`] that have no assignee.
    pub(super) async fn unassigned_quarantined(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let mut waiting = self.quarantined_in_danger(connection).await?;
        waiting.retain(|contact| contact.assignee.is_none());
        Ok(waiting)
    }
}
