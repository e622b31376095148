//! Incoming messages: the journal of raw messages, the positions up to which each source was read (cursors), conversations read with
//! receipt codes, the state of the lines, and the choices stored for identifiers.

pub(crate) mod choices;
pub(crate) mod cursors;
pub mod journal;
pub mod lines;
mod readiness;
pub mod receipts;
pub mod reconcile;
