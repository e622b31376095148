//! Outgoing messages: the outbox, delivery, and taking replies back. Also the fetching of files from platforms.

pub mod delivery;
pub mod fetch;
pub mod outgoing;
pub(crate) mod undo;
