//! The state that all modules of a Discord line share.

use std::sync::{Arc, OnceLock};

use hotline_core::{
    centre::{Centre, CentreInForce},
    identifiers::line_name::LineName,
    intake::{Cursor, Intake, NotAccepted, Source},
    text::locale::{Language, Locales, Words},
    time::clock::Clock,
};
use serenity::all::{ChannelId, GuildId, Route, UserId};
use tokio::sync::mpsc;

use super::{
    conversations::{Conversation, Conversations},
    rest::{Rest, RestError},
    thread_locks::ThreadLocks,
    trigger::ReadTrigger,
};
use crate::{channel::Attachments, json};

pub struct DiscordLine {
    pub name: LineName,
    pub rest: Rest,
    /// The bot's own user id. It is read from the token or, if the token does not contain it, requested from Discord.
    pub me: OnceLock<UserId>,
    /// The Discord server and the Discord channel in which the contact button is posted, from the settings `guild` and `room`.
    pub room: Option<(GuildId, ChannelId)>,
    pub attachments: Attachments,
    pub acknowledge: bool,
    pub centre: CentreInForce,
    pub locales: Arc<Locales>,
    pub public_url: String,
    pub clock: Arc<dyn Clock>,
    pub conversations: Conversations,
    pub threads: ThreadLocks,
    pub triggers: mpsc::UnboundedSender<ReadTrigger>,
}

impl DiscordLine {
    /// Returns the bot's own user id. Requests the id from Discord if it is not known yet.
    pub async fn own_id(&self) -> Result<UserId, RestError> {
        if let Some(me) = self.me.get() {
            return Ok(*me);
        }
        let me = self.rest.get(Route::UserMe).await?;
        let me = UserId::new(json::id(&me, "/id").ok_or(RestError::Broke)?);
        Ok(*self.me.get_or_init(|| me))
    }

    /// Returns whether a user id is the bot's own.
    pub fn is_own_id(&self, id: Option<u64>) -> bool {
        id.is_some() && id == self.me.get().map(|me| me.get())
    }

    /// Loads all conversations from the database.
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

    /// Returns the cursor of a conversation: a record of how far the conversation was read. A cursor is stored in the same transaction as
    /// the messages that were read.
    pub fn cursor(&self, channel: ChannelId, conversation: &Conversation) -> Cursor {
        Cursor {
            line: self.name.clone(),
            source: Source::Conversation(channel.to_string().into()),
            position: serde_json::to_string(conversation).unwrap_or_default(),
        }
    }

    /// Sends a trigger to the task `pull`, which reads conversations. Drops the trigger if the line was stopped.
    pub fn trigger_read(&self, trigger: ReadTrigger) {
        let _ = self.triggers.send(trigger);
    }

    /// Returns the localized texts in the language `locale`. If `locale` is not a supported language, returns the texts in the centre's
    /// language.
    pub fn words(&self, locale: &str) -> &Words {
        self.locales
            .of(Language::parse(locale).unwrap_or(self.centre.settings().language))
    }

    /// Returns the centre with the texts and opening hours in force. If the hours cannot be read, the text of the settings remains.
    pub async fn centre_now(&self, intake: &dyn Intake) -> Centre {
        let hours = intake.opening(&self.name).await.unwrap_or_default().hours;
        let centre = self.centre.current();
        centre.with_hours(hours.as_deref(), &self.locales, self.clock.now())
    }

    /// Returns the localized text with the key `key`. Replaces its placeholders with the details of the centre and the values in `more`.
    pub fn localized(&self, centre: &Centre, words: &Words, key: &str, more: &[(&str, &str)]) -> String {
        let form = [("form", self.public_url.as_str())];
        centre.say(words, key, &[&form, more].concat())
    }
}
