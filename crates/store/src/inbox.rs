//! The inbox, that is, the list of contacts: its views, filters and order.

pub mod list;
pub(crate) mod view;
