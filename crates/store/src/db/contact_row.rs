//! The row of a contact: writing it, and values that are derived from it.

use hotline_core::identifiers::reference::Reference;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Unchanged, DatabaseTransaction, DbErr, Iterable, ModelTrait, SqlErr,
};

use crate::{
    db::entity::contacts,
    error::{Conflict, StoreError},
};

/// Writes the columns in which `after` differs from `before`. A change of the assignee also clears `danger_seen_at`. Does not update the
/// counts of the statistics; the caller must update them.
///
/// # Errors
/// Returns [`Conflict::NewerOpen`] if the change reopens the contact while its person has another open contact.
pub(crate) async fn write_contact(
    transaction: &DatabaseTransaction,
    before: &contacts::Model,
    after: &contacts::Model,
) -> Result<(), StoreError> {
    let mut after = after.clone();
    // Another assignee has not seen the contact yet.
    if after.assignee != before.assignee {
        after.danger_seen_at = None;
    }
    let mut update = contacts::ActiveModel {
        id: Unchanged(before.id),
        ..Default::default()
    };
    for column in contacts::Column::iter() {
        let value = after.get(column);
        if value != before.get(column) {
            update.set(column, value);
        }
    }
    if update.is_changed() {
        update.update(transaction).await.map_err(newer_open)?;
    }
    Ok(())
}

/// Converts an error of the update. The violation of a unique index becomes [`Conflict::NewerOpen`], because an update of a contact can
/// violate a unique index only by reopening the contact while its person has another open contact.
fn newer_open(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(Conflict::NewerOpen),
        Some(_) | None => error.into(),
    }
}

pub(crate) fn reference_of(contact: &contacts::Model) -> Reference {
    Reference::from_number(u64::try_from(contact.reference).unwrap_or_default())
}

/// Returns whether the contact has a message from the person that staff have not read. An erased contact has no text to read.
pub(crate) fn is_unread(contact: &contacts::Model) -> bool {
    contact.data_key.is_some() && contact.read_at.is_none_or(|read| read < contact.last_in_at)
}

/// Returns whether a contact is a call (by telephone or face to face). A call is stored as first read at the time of its arrival, and any
/// other contact as first read later.
pub(crate) fn is_call(contact: &contacts::Model) -> bool {
    contact
        .first_read_at
        .is_some_and(|read| read <= contact.opened_at)
}
