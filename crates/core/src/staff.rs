//! Rights and preferences of staff.

pub mod preferences;
pub mod rights;
