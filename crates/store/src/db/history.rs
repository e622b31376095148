//! The history of contacts: one event for each thing that happened to one.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{db::entity::events, error::StoreError};

/// Events after which a reply that was begun before them may be the wrong one.
const NEWS: [&str; 6] = [
    "registered",
    "joined",
    "edited",
    "edited_earlier",
    "replied",
    "news",
];

/// An event to be inserted. `actor` is the member of staff who acted; `None` for the service and the person.
pub(crate) fn event(
    contact_id: Uuid,
    at: i64,
    actor: Option<Uuid>,
    kind: &str,
    detail: &str,
) -> events::ActiveModel {
    events::ActiveModel {
        id: NotSet,
        contact_id: Set(contact_id),
        at: Set(at),
        actor: Set(actor),
        kind: Set(kind.to_owned()),
        detail: Set(detail.to_owned()),
    }
}

/// What a reply must have seen: the number of the newest event that could change its words. Zero if there is none.
pub(crate) async fn newest_event(
    connection: &impl sea_orm::ConnectionTrait,
    contact: Uuid,
) -> Result<i64, StoreError> {
    let newest = events::Entity::find()
        .filter(events::Column::ContactId.eq(contact))
        .filter(events::Column::Kind.is_in(NEWS))
        .order_by_desc(events::Column::Id)
        .one(connection)
        .await?;
    Ok(newest.map_or(0, |event| event.id))
}

/// Whether the message with this id was taken back: it is not sent after all because its form arrives once more.
pub(crate) async fn was_taken_back(
    connection: &impl sea_orm::ConnectionTrait,
    contact: Uuid,
    message: Uuid,
) -> Result<bool, StoreError> {
    let found = events::Entity::find()
        .filter(events::Column::ContactId.eq(contact))
        .filter(events::Column::Kind.eq("unsent"))
        .filter(events::Column::Detail.eq(message.to_string()))
        .one(connection)
        .await?;
    Ok(found.is_some())
}
