//! The inbox, that is, the list of contacts: its views, filters and order, and what of it devices are notified of.

mod by_wait;
pub mod list;
pub mod push;
pub(crate) mod view;
