//! Staff accounts, invitations, sessions, tokens, devices for push messages, canned replies, the texts, lines and wrap-up questions that are
//! changed on screen, and the audit log.

pub mod accounts;
pub mod administration;
pub mod audit;
pub mod availability;
pub mod canned;
pub mod directory;
pub mod invitations;
pub mod lines;
pub mod own_sessions;
pub mod passwords;
pub mod push;
pub mod schemes;
pub mod sessions;
pub mod texts;
pub mod tokens;
pub(crate) mod work;
