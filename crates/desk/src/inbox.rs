//! The inbox: its page, filters, rows and API.

pub(crate) mod api;
pub(crate) mod bulk;
pub(crate) mod filters;
mod groups;
pub(crate) mod page;
pub(crate) mod rows;
mod thread;
