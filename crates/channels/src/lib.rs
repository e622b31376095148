//! Adapters: one file or folder a channel. They know `core` and their own outside, nothing of SQL or screens.

mod backoff;
mod bridge;
pub mod channel;
mod clean;
mod discord;
mod email;
mod json;
mod split;
mod telegram;
mod webform;

use channel::ChannelKind;

/// Every channel there is. A new one is its file and a line here.
pub const KINDS: &[ChannelKind] = &[
    email::KIND,
    webform::KIND,
    telegram::KIND,
    discord::KIND,
    bridge::KIND,
];
