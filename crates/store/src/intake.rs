//! Incoming messages: the journal of raw messages, the read positions in the sources (cursors), receipt codes, and the choices stored for
//! identifiers.

pub(crate) mod choices;
pub(crate) mod cursors;
pub mod journal;
pub mod lines;
mod readiness;
pub mod receipts;
pub mod reconcile;
