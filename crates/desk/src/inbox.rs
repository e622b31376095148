//! The inbox page: its filters and its rows.

pub(crate) mod api;
pub(crate) mod bulk;
pub(crate) mod filters;
pub(crate) mod page;
pub(crate) mod rows;
