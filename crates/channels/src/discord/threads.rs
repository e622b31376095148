//! Private threads in the Discord channel that the setting `room` names. When a person submits the form behind the contact button, the line
//! creates a private thread for the replies. The line keeps at most one thread for each person.

use hotline_core::identifiers::reference::Reference;
use serde_json::Value;
use serenity::all::{ChannelId, ChannelType, CreateThread, LightMethod, Route, UserId};

use super::{
    conversations::{Conversation, Reach},
    line::DiscordLine,
    rest::{RestError, refusal},
    trigger::ReadTrigger,
};
use crate::json;

/// A request for the private thread of a person.
#[derive(Debug, Clone, Copy)]
pub struct ThreadRequest {
    pub person: UserId,
    /// The reference of the contact, which becomes the name of the thread.
    pub reference: Reference,
    /// Whether to add the person again if the thread already exists.
    pub invite: bool,
}

/// Why no thread is available for a person.
pub enum NoThread {
    /// A later attempt may succeed.
    NotYet(RestError),
    /// The setting `room` is missing, or Discord does not allow the thread.
    Never,
}

impl DiscordLine {
    /// Returns the private thread of a person. Creates the thread if needed.
    pub(super) async fn thread_for(&self, request: ThreadRequest) -> Result<ChannelId, NoThread> {
        let ThreadRequest { person, invite, .. } = request;
        if self.room.is_none() {
            return Err(NoThread::Never);
        }
        let turn = self.threads.lock_of(person);
        let _turn = turn.lock().await;
        let known = self.conversations.thread_of(person);
        if let Some(thread) = known.filter(|_| !invite) {
            return Ok(thread);
        }
        if !invite && self.threads.is_refused(person) {
            return Err(NoThread::Never);
        }
        match self.make_thread(request, known).await {
            Ok(thread) => Ok(thread),
            Err(error) if error.is_for_good() => {
                tracing::warn!(line.name = %self.name, reason = %error, "There can be no thread for somebody, who is answered by direct message");
                self.threads.refuse(person);
                Err(NoThread::Never)
            }
            Err(error) => Err(NoThread::NotYet(error)),
        }
    }

    async fn make_thread(
        &self,
        request: ThreadRequest,
        known: Option<ChannelId>,
    ) -> Result<ChannelId, RestError> {
        if let Some(thread) = known {
            match self.invite(thread, request.person).await {
                Ok(()) => return Ok(thread),
                // The thread was deleted, so a new thread is created below.
                Err(error) if error.is_gone() => self.conversations.end(thread),
                Err(error) => return Err(error),
            }
        }
        let name = request.reference.to_string();
        // The connection may have broken after an earlier attempt created the thread. The bot's existing threads are therefore searched
        // first.
        let made = self.own_threads().await?;
        let made = made.into_iter().find(|(thread, known)| {
            *known == name
                && self
                    .conversations
                    .get(*thread)
                    .is_none_or(|one| one.person == request.person)
        });
        let thread = match made {
            Some((thread, _)) => thread,
            None => self.create_thread(name).await?,
        };
        self.invite(thread, request.person).await?;
        self.track_thread(thread, request.person);
        Ok(thread)
    }

    async fn invite(&self, thread: ChannelId, person: UserId) -> Result<(), RestError> {
        let member = Route::ChannelThreadMember {
            channel_id: thread,
            user_id: person,
        };
        self.rest.request(LightMethod::Put, member).await?;
        Ok(())
    }

    async fn create_thread(&self, name: String) -> Result<ChannelId, RestError> {
        let Some((_, room)) = self.room else {
            return Err(refusal(404, 0, "there is no room"));
        };
        let new = CreateThread::new(name)
            .kind(ChannelType::PrivateThread)
            .invitable(false);
        let route = Route::ChannelThreads { channel_id: room };
        let made = self.rest.send(LightMethod::Post, route, &new).await?;
        json::id(&made, "/id").map(ChannelId::new).ok_or(RestError::Broke)
    }

    /// Returns the id and the name of each active thread that the bot created in the Discord channel that the setting `room` names.
    async fn own_threads(&self) -> Result<Vec<(ChannelId, String)>, RestError> {
        let Some((guild, room)) = self.room else {
            return Ok(Vec::new());
        };
        let active = self
            .rest
            .get(Route::GuildThreadsActive { guild_id: guild })
            .await?;
        let ours = json::list(&active, "/threads").filter(|thread| {
            self.is_own_id(json::id(thread, "/owner_id"))
                && json::id(thread, "/parent_id") == Some(room.get())
        });
        let named = ours.filter_map(|thread| {
            let name = json::text(thread, "/name").unwrap_or_default().to_owned();
            Some((ChannelId::new(json::id(thread, "/id")?), name))
        });
        Ok(named.collect())
    }

    /// Records that a thread is the conversation with a person, and queues a read of the thread.
    fn track_thread(&self, thread: ChannelId, person: UserId) {
        if self.conversations.get(thread).is_some() {
            return;
        }
        let conversation = Conversation {
            person,
            thread: true,
            after: thread.get(),
            reach: Reach::Open,
        };
        self.conversations.put(thread, conversation);
        self.trigger_read(ReadTrigger::NewThread(thread));
    }

    /// Finds and records threads that the bot created but that were not recorded, for example because the program stopped in between.
    pub(super) async fn find_threads(&self) {
        let Ok(threads) = self.own_threads().await else {
            return;
        };
        for (thread, _) in threads {
            if self.conversations.get(thread).is_some() {
                continue;
            }
            let members = Route::ChannelThreadMembers { channel_id: thread };
            let Ok(Value::Array(members)) = self.rest.get(members).await else {
                continue;
            };
            let people = members.iter().filter_map(|member| json::id(member, "/user_id"));
            let mut others = people.filter(|id| !self.is_own_id(Some(*id)));
            // If a thread has two or more members besides the bot, it is unclear for whom it was created, so it is not recorded.
            if let (Some(person), None) = (others.next(), others.next()) {
                self.track_thread(thread, UserId::new(person));
            }
        }
    }
}
