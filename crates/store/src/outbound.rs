//! Outgoing messages: the outbox, delivery, and taking a reply back. Also fetching files from platforms.

pub mod delivery;
pub mod fetch;
pub mod outgoing;
pub(crate) mod undo;
