//! Adapters: one file or folder a channel. They know `core` and their own outside, nothing of SQL or screens.

pub mod channel;
mod clean;
mod email;
mod webform;

use channel::Kind;

/// Every channel there is. A new one is its file and a line here.
pub const KINDS: &[Kind] = &[email::KIND, webform::KIND];
