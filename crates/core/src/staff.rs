//! Rights and preferences of staff, and the actions that the audit records.

pub mod audit;
pub mod preferences;
pub mod push;
pub mod rights;
