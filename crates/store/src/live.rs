//! Subscriptions for pages that update while they are open: database changes, presence (who has a contact open) and typing reports.

pub mod changes;
pub mod presence;
pub mod typing;
