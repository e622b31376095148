//! Routing: duty, offers, the next contact, and the supervisor's page.

pub(crate) mod alarm;
pub(crate) mod api;
pub(crate) mod duty;
pub(crate) mod words;
