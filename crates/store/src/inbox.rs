//! The inbox, that is, the list of contacts: its views, filters and order.

mod by_wait;
pub mod list;
pub(crate) mod view;
