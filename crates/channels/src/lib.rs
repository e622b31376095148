//! Adapters: one file or folder a channel. They know `core` and their own outside, nothing of SQL or screens.

mod bridge;
pub mod channel;
mod clean;
mod discord;
mod email;
mod json;
mod pace;
mod split;
mod telegram;
mod webform;

use channel::Kind;

/// Every channel there is. A new one is its file and a line here.
pub const KINDS: &[Kind] = &[
    email::KIND,
    webform::KIND,
    telegram::KIND,
    discord::KIND,
    bridge::KIND,
];
