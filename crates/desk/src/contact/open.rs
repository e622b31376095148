//! Loads a contact by its reference.

use hotline_core::identifiers::reference::Reference;
use hotline_store::{contacts::detail::ContactDetail, staff::accounts::Person};

use crate::{http::errors::PageError, state::Desk};

/// Loads a contact for display, and records that `me` opened it.
pub(crate) async fn opened(desk: &Desk, me: &Person, reference: &str) -> Result<ContactDetail, PageError> {
    let opened = find(desk, reference).await?;
    desk.note_read(me, "open contact", &opened.reference.to_string())
        .await;
    if !opened.was_read
        && let Err(error) = desk.store.note_first_read(opened.id).await
    {
        tracing::warn!(error = %error, "When a contact was first read could not be noted");
    }
    Ok(opened)
}

/// Loads a contact, or fails with [`PageError::NotFound`].
pub(crate) async fn find(desk: &Desk, reference: &str) -> Result<ContactDetail, PageError> {
    desk.store
        .contact(parsed(reference)?)
        .await?
        .ok_or(PageError::NotFound)
}

pub(crate) fn parsed(reference: &str) -> Result<Reference, PageError> {
    Reference::parse(reference).map_err(|_| PageError::NotFound)
}
