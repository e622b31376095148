//! All conversations, with the person and the last accepted message of each. The intake stores them encrypted; this module
//! keeps them in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hotline_core::intake::{Cursor, Intake, NotAccepted, Source};
use serde::{Deserialize, Serialize};
use serenity::all::{ChannelId, UserId};

use super::Shared;

/// A conversation with one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The person who writes to the helpline.
    pub person: UserId,
    /// Whether it is a private thread under the room. Other people may be in a thread.
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
    /// Discord refuses us access. The line tries again from time to time, because the refusal may be lifted.
    Shut,
    /// It no longer exists.
    Gone,
}

/// All conversations, by channel.
#[derive(Default)]
pub struct Conversations(Mutex<HashMap<ChannelId, Conversation>>);

impl Conversations {
    fn all(&self) -> MutexGuard<'_, HashMap<ChannelId, Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, channel: ChannelId) -> Option<Conversation> {
        self.all().get(&channel).copied()
    }

    pub fn put(&self, channel: ChannelId, conversation: Conversation) {
        self.all().insert(channel, conversation);
    }

    /// Marks a conversation as no longer existing.
    pub fn end(&self, channel: ChannelId) {
        if let Some(conversation) = self.all().get_mut(&channel) {
            conversation.reach = Reach::Gone;
        }
    }

    /// Returns the newest readable thread of a person.
    pub fn thread_of(&self, person: UserId) -> Option<ChannelId> {
        let all = self.all();
        let mine = all
            .iter()
            .filter(|(_, one)| one.person == person && one.thread && one.reach == Reach::Open);
        mine.map(|(channel, _)| *channel).max()
    }

    /// Returns the conversations to which Discord refuses us access.
    pub fn shut(&self) -> Vec<ChannelId> {
        let all = self.all();
        let shut = all.iter().filter(|(_, one)| one.reach == Reach::Shut);
        shut.map(|(channel, _)| *channel).collect()
    }

    /// Returns the conversations that can be read.
    pub fn readable(&self) -> Vec<(ChannelId, Conversation)> {
        let all = self.all();
        all.iter()
            .filter(|(_, one)| one.reach == Reach::Open)
            .map(|(channel, one)| (*channel, *one))
            .collect()
    }
}

impl Shared {
    /// Loads all conversations from the intake.
    pub async fn load_conversations(&self, intake: &dyn Intake) -> Result<(), NotAccepted> {
        for cursor in intake.conversations(&self.name).await? {
            let Source::Conversation(channel) = cursor.source else {
                continue;
            };
            let channel = channel.expose().parse().ok().filter(|id| *id != 0);
            let conversation = serde_json::from_str(&cursor.position).ok();
            if let (Some(channel), Some(conversation)) = (channel, conversation) {
                self.conversations.put(ChannelId::new(channel), conversation);
            }
        }
        Ok(())
    }

    /// Returns the cursor of a conversation, which is accepted together with the messages that were read.
    pub fn cursor(&self, channel: ChannelId, conversation: &Conversation) -> Cursor {
        Cursor {
            line: self.name.clone(),
            source: Source::Conversation(channel.to_string().into()),
            position: serde_json::to_string(conversation).unwrap_or_default(),
        }
    }
}
