//! Incoming messages: the journal of raw messages, the cursors (the positions up to which each source was read), the connection state of
//! the lines, and the choices stored for identifiers. Also loads the conversation that a person reads with a receipt code.

pub(crate) mod choices;
pub(crate) mod cursors;
pub mod journal;
pub mod lines;
mod readiness;
pub mod receipts;
pub mod reconcile;
