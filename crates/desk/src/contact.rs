//! A single contact: its page, its API, and the actions of staff.

pub(crate) mod action;
pub(crate) mod actions;
pub(crate) mod api;
pub(crate) mod attachments;
pub(crate) mod calls;
pub(crate) mod canned;
pub(crate) mod closing;
pub(crate) mod files;
pub(crate) mod form_case;
pub(crate) mod locks;
pub(crate) mod macros;
pub(crate) mod open;
pub(crate) mod preview;
pub(crate) mod questions;
pub(crate) mod reply;
pub(crate) mod reveal;
pub(crate) mod wrap_up;
