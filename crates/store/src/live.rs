//! What live pages subscribe to: changes, presence and typing.

pub mod changes;
pub mod presence;
pub mod typing;
