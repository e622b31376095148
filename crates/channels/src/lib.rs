//! The channel adapters. Each channel has its own file or folder. An adapter calls the crate `core` and the API of its platform. It
//! contains no SQL and no pages for staff.

mod backoff;
mod bridge;
pub mod channel;
mod clean;
mod discord;
mod email;
mod json;
mod refusals;
mod telegram;
mod webform;

use channel::ChannelKind;

/// All kinds of channels. To add a channel, add its module and then list its kind here.
pub const KINDS: &[ChannelKind] = &[
    email::KIND,
    webform::KIND,
    telegram::KIND,
    discord::KIND,
    bridge::KIND,
];
