//! Staff accounts: log-in, invitations, password, second factors, the identity provider, sessions and preferences.

pub(crate) mod api;
pub(crate) mod factors;
pub(crate) mod invitation;
pub mod login;
pub(crate) mod notices;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod preferences;
pub(crate) mod provider;
pub(crate) mod push;
pub mod qr;
pub(crate) mod second_step;
pub(crate) mod sessions;
