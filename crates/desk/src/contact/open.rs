//! Loads a contact by its reference.

use hotline_core::{identifiers::reference::Reference, routing::skills::DANGER, staff::audit::AuditAction};
use hotline_store::{contacts::detail::ContactDetail, staff::accounts::StaffMember};

use crate::{
    http::{access::Arrival, errors::PageError},
    state::Desk,
};

/// Loads a contact for display, and records in the audit log that `me` opened the contact. The contact then counts as read, and an alarm
/// about it ends, unless a page of another site or host led the browser here: no link may change anything (OWASP ASVS 3.5.3). The next
/// request from the desk makes up for it.
pub(crate) async fn open_contact(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
    arrival: Arrival,
) -> Result<ContactDetail, PageError> {
    let contact = find_contact(desk, me, reference).await?;
    desk.note_read(me, AuditAction::OpenContact, &contact.reference.to_string())
        .await;
    if arrival == Arrival::FromElsewhere {
        return Ok(contact);
    }
    if contact.is_unread
        && let Err(error) = desk.store.note_contact_read(contact.id).await
    {
        tracing::warn!(error = %error, "It could not be noted that a contact was read");
    }
    let is_mine = contact
        .assignee
        .as_ref()
        .is_some_and(|(assignee, _)| *assignee == me.id);
    if contact.urgency >= DANGER
        && is_mine
        && !contact.danger_seen
        && let Err(error) = desk.store.note_danger_seen(contact.id).await
    {
        tracing::warn!(error = %error, "It could not be noted that a contact in danger was opened");
    }
    Ok(contact)
}

/// Loads a contact as `me` may read it. Fails with [`PageError::NotFound`] if the contact does not exist.
pub(crate) async fn find_contact(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
) -> Result<ContactDetail, PageError> {
    let found = desk.store.contact_for(me, reference).await?;
    found.ok_or(PageError::NotFound)
}

/// Fails with [`PageError::NotFound`] if `me` may not read a contact that a form names.
pub(crate) async fn check_readable(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
) -> Result<(), PageError> {
    match desk.store.may_read_contact(me, reference).await? {
        true => Ok(()),
        false => Err(PageError::NotFound),
    }
}

/// Refuses lists of contacts by their answers to a counsellor who may not read every contact: from such lists, the answers of each contact
/// could be derived.
pub(crate) async fn refuse_limited(desk: &Desk, me: &StaffMember) -> Result<(), PageError> {
    match desk.store.is_limited(me).await? {
        true => Err(PageError::MayNot),
        false => Ok(()),
    }
}

/// Parses a reference from a path. A malformed reference cannot belong to a contact, so it causes [`PageError::NotFound`].
pub(crate) fn parse_reference(reference: &str) -> Result<Reference, PageError> {
    Reference::parse(reference).map_err(|_| PageError::NotFound)
}
