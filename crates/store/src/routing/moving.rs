//! Moving all open contacts of a counsellor to a colleague or back to the queue.

use hotline_core::{contact::lifecycle::Status, staff::audit::AuditAction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{contact_row::write_contact, entity::contacts, store::Store, values::HistoryKind},
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Moves all open contacts of the counsellor `from` to the colleague `to`, or back to the queue if `to` is `None`. Snoozed contacts
    /// move too and stay snoozed. Returns the number of contacts that were moved.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such counsellor or colleague. Returns [`Conflict::SoAlready`] if both are the same
    /// person.
    pub async fn move_work(
        &self,
        who: &StaffMember,
        from: Uuid,
        to: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        if to == Some(from) {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let from = self.colleague(from).await?;
        let to = match to {
            Some(to) => Some(self.colleague(to).await?),
            None => None,
        };
        let transaction = self.begin().await?;
        let mut open = contacts::Entity::find()
            .filter(contacts::Column::Assignee.eq(from.id))
            .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
            .order_by_asc(contacts::Column::Id);
        if !self.on_sqlite() {
            open = open.lock_exclusive();
        }
        let open = open.all(&transaction).await?;
        let (kind, name) = match &to {
            Some(to) => (HistoryKind::HandedOver, to.name.as_str()),
            None => (HistoryKind::GivenBack, ""),
        };
        for contact in &open {
            let moved = contacts::Model {
                assignee: to.as_ref().map(|to| to.id),
                team: to.as_ref().and_then(|to| to.team.clone()),
                ..contact.clone()
            };
            write_contact(&transaction, contact, &moved).await?;
            self.add_event(&transaction, contact.id, Some(who.id), kind, name)
                .await?;
        }
        self.audit_in(&transaction, Some(who.id), AuditAction::MoveWork, &from.login)
            .await?;
        self.commit(transaction).await?;
        self.route_due.notify_one();
        Ok(u64::try_from(open.len()).unwrap_or(u64::MAX))
    }
}
