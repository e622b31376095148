//! Outgoing messages: the outbox, delivery, and taking replies back before they are sent. Also fetches the files of received messages from
//! platforms.

pub mod delivery;
pub mod failed;
pub mod fetch;
pub mod outgoing;
pub mod sizes;
pub(crate) mod undo;
