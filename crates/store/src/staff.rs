//! Staff accounts, invitations, sessions, second factors, tokens, devices for push messages, canned replies, the texts, lines and wrap-up
//! questions that are changed on screen, and the audit log.

pub mod accounts;
pub mod administration;
pub mod audit;
pub mod availability;
pub mod canned;
pub(crate) mod codes;
pub mod directory;
pub mod factors;
pub mod half_sessions;
pub mod identities;
pub mod invitations;
pub mod lines;
pub mod notices;
pub mod own_sessions;
pub mod passkeys;
pub mod passwords;
pub mod push;
pub mod schemes;
pub mod sessions;
pub(crate) mod sight;
pub mod texts;
pub mod tokens;
pub(crate) mod work;
