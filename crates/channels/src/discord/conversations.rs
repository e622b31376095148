//! The conversations of a line. For each conversation, the line records the person and the id of the last accepted message. The database
//! contains these records in encrypted form. This module keeps a copy of them in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serenity::all::{ChannelId, UserId};

/// The prefix of a form's message id. For other messages, the id begins with the id of the Discord channel. A form belongs to no Discord
/// channel until a thread is created for it.
pub const FORM: &str = "form";

/// A conversation with one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The person who writes to the helpline.
    pub person: UserId,
    /// `true` if the conversation is a private thread in the Discord channel that the setting `room` names. Other people may write there as
    /// well. `false` if the conversation consists of direct messages.
    pub thread: bool,
    /// The id of the last accepted message.
    pub after: u64,
    #[serde(default)]
    pub reach: Reach,
}

/// Whether a conversation can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    Open,
    /// Discord refuses the bot access to the conversation. The line tries again regularly, because Discord may allow access later.
    Shut,
    /// The conversation no longer exists.
    Gone,
}

/// The conversations of one line, by the id of their Discord channel.
#[derive(Default)]
pub struct Conversations(Mutex<HashMap<ChannelId, Conversation>>);

impl Conversations {
    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, channel: ChannelId) -> Option<Conversation> {
        self.lock().get(&channel).copied()
    }

    pub fn put(&self, channel: ChannelId, conversation: Conversation) {
        self.lock().insert(channel, conversation);
    }

    /// Marks a conversation as gone, so that it is not read again.
    pub fn end(&self, channel: ChannelId) {
        if let Some(conversation) = self.lock().get_mut(&channel) {
            conversation.reach = Reach::Gone;
        }
    }

    /// Returns the newest private thread of a person. Ignores threads that the bot can't read.
    pub fn thread_of(&self, person: UserId) -> Option<ChannelId> {
        let all = self.lock();
        let mine = all
            .iter()
            .filter(|(_, one)| one.person == person && one.thread && one.reach == Reach::Open);
        mine.map(|(channel, _)| *channel).max()
    }

    /// Returns the conversations to which Discord refuses the bot access.
    pub fn shut(&self) -> Vec<ChannelId> {
        let all = self.lock();
        let shut = all.iter().filter(|(_, one)| one.reach == Reach::Shut);
        shut.map(|(channel, _)| *channel).collect()
    }

    /// Returns the conversations that can be read.
    pub fn readable(&self) -> Vec<(ChannelId, Conversation)> {
        let all = self.lock();
        all.iter()
            .filter(|(_, one)| one.reach == Reach::Open)
            .map(|(channel, one)| (*channel, *one))
            .collect()
    }
}
