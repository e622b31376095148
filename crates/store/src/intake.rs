//! Messages on their way in: the journal of raw messages, cursors, receipt codes, and what people chose for themselves.

pub(crate) mod choices;
pub(crate) mod cursors;
pub mod journal;
pub mod lines;
mod readiness;
pub mod receipts;
pub mod reconcile;
