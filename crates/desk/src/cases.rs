//! Cases: the list and the page of one.

pub(crate) mod list;
pub(crate) mod page;
