//! What starts a read of conversations.

use serenity::all::{ChannelId, UserId};

/// A reason to read conversations: something may have changed.
#[derive(Debug, Clone, Copy)]
pub enum ReadTrigger {
    /// Events may have been missed.
    MissedEvents,
    /// A person wrote. `person` is `None` if the author can't be read.
    NewMessage {
        channel: ChannelId,
        person: Option<UserId>,
        direct: bool,
    },
    /// A thread was created for a person.
    NewThread(ChannelId),
    /// The contact button may be missing from the server channel that the setting `room` names.
    Button,
    /// A message was edited.
    EditedMessage { channel: ChannelId, message: u64 },
}
