//! Administration: the accounts of staff. No page shows the content of a contact.

pub(crate) mod links;
pub(crate) mod staff;
