//! Subscriptions for pages that update while they are open: changes, presence and typing.

pub mod changes;
pub mod presence;
pub mod typing;
