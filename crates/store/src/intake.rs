//! Incoming messages: the journal of raw messages, cursors, receipt codes, and the choices people made.

pub(crate) mod choices;
pub(crate) mod cursors;
pub mod journal;
pub mod lines;
mod readiness;
pub mod receipts;
pub mod reconcile;
