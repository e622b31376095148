//! What starts a read of conversations.

use serenity::all::{ChannelId, UserId};

/// A notice that something may have changed.
#[derive(Debug, Clone, Copy)]
pub enum Bell {
    /// Events may have been missed.
    Gap,
    /// A person wrote. `person` is `None` if the author can't be read.
    Wrote {
        channel: ChannelId,
        person: Option<UserId>,
        direct: bool,
    },
    /// A thread was created for a person.
    Thread(ChannelId),
    /// The contact button may be missing from the server channel that the setting `room` names.
    Room,
    /// A message was edited.
    Edited { channel: ChannelId, message: u64 },
}
