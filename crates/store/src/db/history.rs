//! The history of contacts: each event records one thing that happened to a contact.

use hotline_core::staff::audit::AuditAction;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    db::{entity::events, store::Store, values::HistoryKind},
    error::StoreError,
};

/// The kinds of history events that can make an unfinished reply to the contact unsuitable.
const KINDS_A_WRITER_MUST_SEE: [HistoryKind; 6] = [
    HistoryKind::Registered,
    HistoryKind::Joined,
    HistoryKind::Edited,
    HistoryKind::EditedEarlier,
    HistoryKind::Replied,
    HistoryKind::News,
];

/// Builds a history event for insertion. `actor` is the member of staff who acted, or `None` if the service or the person acted.
pub(crate) fn event(
    contact_id: Uuid,
    at: i64,
    actor: Option<Uuid>,
    kind: HistoryKind,
    detail: &str,
) -> events::ActiveModel {
    events::ActiveModel {
        id: NotSet,
        contact_id: Set(contact_id),
        at: Set(at),
        actor: Set(actor),
        kind: Set(kind),
        detail: Set(detail.to_owned()),
    }
}

impl Store {
    /// Adds an event to the history of a contact. `actor` is `None` if the service or the person acted. What staff do is also recorded in
    /// the audit.
    pub(crate) async fn add_event(
        &self,
        transaction: &DatabaseTransaction,
        contact: Uuid,
        actor: Option<Uuid>,
        kind: HistoryKind,
        detail: &str,
    ) -> Result<(), StoreError> {
        let event = event(contact, self.now(), actor, kind, detail);
        event.insert(transaction).await?;
        if actor.is_some() {
            let object = format!("{contact} {kind}");
            self.audit_in(transaction, actor, AuditAction::ChangeContact, &object)
                .await?;
        }
        Ok(())
    }
}

/// Some history events, such as a new message, can make an unfinished reply unsuitable. Returns the number of the contact's newest event of
/// this sort. A reply is accepted only if its writer has seen this event. Returns 0 if the contact has no such event.
pub(crate) async fn newest_event(
    connection: &impl sea_orm::ConnectionTrait,
    contact: Uuid,
) -> Result<i64, StoreError> {
    let newest = events::Entity::find()
        .filter(events::Column::ContactId.eq(contact))
        .filter(events::Column::Kind.is_in(KINDS_A_WRITER_MUST_SEE))
        .order_by_desc(events::Column::Id)
        .one(connection)
        .await?;
    Ok(newest.map_or(0, |event| event.id))
}

/// Returns whether the reply with the id `message` was taken back. A reply that was taken back must not be sent, even if the browser
/// submits its form again.
pub(crate) async fn was_taken_back(
    connection: &impl sea_orm::ConnectionTrait,
    contact: Uuid,
    message: Uuid,
) -> Result<bool, StoreError> {
    let found = events::Entity::find()
        .filter(events::Column::ContactId.eq(contact))
        .filter(events::Column::Kind.eq(HistoryKind::Unsent))
        .filter(events::Column::Detail.eq(message.to_string()))
        .one(connection)
        .await?;
    Ok(found.is_some())
}
