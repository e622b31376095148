//! Staff accounts: log-in, password and preferences.

pub(crate) mod api;
pub mod login;
pub(crate) mod password;
pub(crate) mod preferences;
