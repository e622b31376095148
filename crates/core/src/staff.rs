//! Rights, preferences and second factors of staff.

pub mod factors;
pub mod preferences;
pub mod push;
pub mod recovery;
pub mod rights;
pub mod totp;
