//! The inbox: its page, filters, rows, search and API.

pub(crate) mod api;
pub(crate) mod bulk;
pub(crate) mod filters;
mod groups;
pub(crate) mod page;
pub(crate) mod rows;
pub(crate) mod search;
mod thread;
