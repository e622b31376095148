//! Staff accounts: log-in, invitations, password, sessions and preferences.

pub(crate) mod api;
pub(crate) mod invitation;
pub mod login;
pub(crate) mod password;
pub(crate) mod preferences;
pub(crate) mod push;
pub(crate) mod sessions;
