//! Cases: the list, the page of a single case, and their JSON.

pub(crate) mod api;
pub(crate) mod list;
pub(crate) mod page;
