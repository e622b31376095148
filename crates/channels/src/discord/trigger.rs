//! The reasons to read conversations or to check the contact button.

use serenity::all::{ChannelId, UserId};

#[derive(Debug, Clone, Copy)]
pub enum ReadTrigger {
    /// The gateway may have lost events, so all conversations are read.
    MissedEvents,
    /// A person wrote a message. `person` is `None` if the author can't be read.
    NewMessage {
        channel: ChannelId,
        person: Option<UserId>,
        direct: bool,
    },
    /// The line created or found the private thread of a person.
    NewThread(ChannelId),
    /// The contact button may be missing from the Discord channel that the setting `room` names.
    Button,
    /// A message was edited.
    EditedMessage { channel: ChannelId, message: u64 },
}
