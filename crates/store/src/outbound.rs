//! Outgoing messages (the outbox, delivery, and taking replies back), and fetching files from platforms.

pub mod delivery;
pub mod fetch;
pub mod outgoing;
pub(crate) mod undo;
