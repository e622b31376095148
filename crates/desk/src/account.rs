//! Staff accounts: log-in, invitations, password, second factors, sessions and preferences.

pub(crate) mod api;
pub(crate) mod factors;
pub(crate) mod invitation;
pub mod login;
pub(crate) mod password;
pub(crate) mod preferences;
pub(crate) mod push;
mod qr;
pub(crate) mod second_step;
pub(crate) mod sessions;
