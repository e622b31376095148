//! Cases: the list, the page of a single case, its actions, the letters to institutions, and their JSON.

pub(crate) mod actions;
pub(crate) mod api;
pub(crate) mod letter;
pub(crate) mod list;
pub(crate) mod page;
