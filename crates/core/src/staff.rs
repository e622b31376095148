//! Rights and preferences of staff.

pub mod preferences;
pub mod push;
pub mod rights;
