//! Cases: the list, and the page of a single case.

pub(crate) mod list;
pub(crate) mod page;
