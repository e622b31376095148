//! The conversations there are: with whom, and how far each was read. Kept sealed by the intake, known here while we run.

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
    /// With whom.
    pub person: UserId,
    /// Whether it is a private thread under the room. Others may be in it.
    pub thread: bool,
    /// The id of the last message that was accepted.
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
    /// We are not let in; tried again now and then, for that may pass.
    Shut,
    /// It does not exist any more.
    Gone,
}

/// Every conversation, by its channel.
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

    /// A conversation does not exist any more.
    pub fn end(&self, channel: ChannelId) {
        if let Some(conversation) = self.all().get_mut(&channel) {
            conversation.reach = Reach::Gone;
        }
    }

    /// The thread of somebody.
    pub fn thread_of(&self, person: UserId) -> Option<ChannelId> {
        let all = self.all();
        let mine = all
            .iter()
            .filter(|(_, one)| one.person == person && one.thread && one.reach == Reach::Open);
        mine.map(|(channel, _)| *channel).max()
    }

    /// Those that we are not let into.
    pub fn shut(&self) -> Vec<ChannelId> {
        let all = self.all();
        let shut = all.iter().filter(|(_, one)| one.reach == Reach::Shut);
        shut.map(|(channel, _)| *channel).collect()
    }

    /// Those that can be read.
    pub fn readable(&self) -> Vec<(ChannelId, Conversation)> {
        let all = self.all();
        all.iter()
            .filter(|(_, one)| one.reach == Reach::Open)
            .map(|(channel, one)| (*channel, *one))
            .collect()
    }
}

impl Shared {
    /// Reads every conversation from the intake.
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

    /// How far a conversation was read, to be accepted together with what was read.
    pub fn cursor(&self, channel: ChannelId, conversation: &Conversation) -> Cursor {
        Cursor {
            line: self.name.clone(),
            source: Source::Conversation(channel.to_string().into()),
            position: serde_json::to_string(conversation).unwrap_or_default(),
        }
    }
}
