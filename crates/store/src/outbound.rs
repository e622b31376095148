//! Messages on their way out: the outbox, delivery, taking a reply back, and fetching files.

pub mod delivery;
pub mod fetch;
pub mod outgoing;
pub(crate) mod undo;
