//! Channel adapters, one file or folder for each channel. An adapter uses `core` and its platform, but no SQL and no screens.

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

/// All kinds of channels. To add a channel, add its module and list it here.
pub const KINDS: &[ChannelKind] = &[
    email::KIND,
    webform::KIND,
    telegram::KIND,
    discord::KIND,
    bridge::KIND,
];
