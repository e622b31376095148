//! Reads conversations page by page, starting after the last accepted message. An event about a message triggers a read of its
//! conversation. If the gateway may have lost events, all conversations are read.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use hotline_core::{
    contact::message::RawMessage,
    intake::{Intake, NotAccepted},
};
use serde_json::{Value, json};
use serenity::all::{ChannelId, Route, UserId};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    conversations::{Conversation, Reach},
    line::DiscordLine,
    rest::RestError,
    times::{changed_in, first_id, id, sent_in},
    trigger::ReadTrigger,
};
use crate::json;

/// The maximum number of messages on a page (Discord's limit).
const PAGE: usize = 100;
/// The maximum number of pending `Task`s that run at the same time.
const TOGETHER: usize = 4;
/// The maximum number of pending `Task`s that run before newly arrived triggers are handled.
const BATCH: usize = 16;
/// The interval at which each conversation with a message from the last day is read without a trigger. These reads find messages whose
/// events were lost.
const SWEEP: Duration = Duration::from_secs(60);
/// The interval at which all conversations are read without a trigger.
const GREAT_SWEEP: Duration = Duration::from_secs(3_600);
/// How far back in time a direct conversation is read when the line first learns of it. The conversation may be older than the line.
const NEW: chrono::Duration = chrono::Duration::days(14);

/// Discord's channel type of a direct conversation.
const DIRECT: i64 = 1;

/// A pending task. Earlier variants of this enum run first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Post the contact button in the Discord channel that the setting `room` names.
    PostButton,
    /// Ask Discord which person a Discord channel belongs to, and read the channel if it is a direct conversation.
    Identify(ChannelId),
    /// Read the new messages of a conversation.
    ReadNew(ChannelId),
    /// Read one message again because it was edited.
    ReadMessage(ChannelId, u64),
    /// Read the new messages of a conversation, and the edited messages among its last `PAGE` messages.
    ReadNewAndEdited(ChannelId),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
enum ReadFailure {
    #[error(transparent)]
    Rest(#[from] RestError),
    #[error(transparent)]
    NotAccepted(#[from] NotAccepted),
}

/// The pending tasks. For each task, the time at which it is due and the number of failed attempts.
type Due = BTreeMap<Task, (Instant, u32)>;

impl DiscordLine {
    /// Handles triggers and reads conversations until `stop` is cancelled.
    pub(super) async fn pull(
        &self,
        intake: &dyn Intake,
        triggered: &mut mpsc::UnboundedReceiver<ReadTrigger>,
        stop: &CancellationToken,
    ) {
        while !self.prepare(intake).await {
            let pause = tokio::time::sleep(Duration::from_secs(5));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
        let mut due = Due::new();
        let (mut sweep, mut great) = (Instant::now() + SWEEP, Instant::now() + GREAT_SWEEP);
        loop {
            let next = due.values().map(|(at, _)| *at).min();
            let next = next.map_or(sweep, |next| next.min(sweep));
            tokio::select! {
                trigger = triggered.recv() => match trigger {
                    Some(trigger) => self.handle_trigger(intake, trigger, &mut due).await,
                    None => return,
                },
                () = tokio::time::sleep_until(next) => {}
                () = stop.cancelled() => return,
            }
            while let Ok(trigger) = triggered.try_recv() {
                self.handle_trigger(intake, trigger, &mut due).await;
            }
            let now = Instant::now();
            if now >= sweep {
                sweep = now + SWEEP;
                let all = now >= great;
                if all {
                    great = now + GREAT_SWEEP;
                    schedule(&mut due, Task::PostButton);
                }
                self.schedule_conversations(&mut due, all);
            }
            let batch: Vec<(Task, u32)> = due
                .iter()
                .filter(|(_, (at, _))| *at <= now)
                .map(|(task, (_, failures))| (*task, *failures))
                .take(BATCH)
                .collect();
            due.retain(|task, _| !batch.iter().any(|(taken, _)| taken == task));
            let done = futures::stream::iter(batch)
                .map(|(task, failures)| async move { (task, failures, self.run_task(intake, task).await) })
                .buffer_unordered(TOGETHER)
                .collect::<Vec<_>>();
            let Some(done) = stop.run_until_cancelled(done).await else {
                return;
            };
            for (task, failures, read) in done {
                if let Err(failed) = read {
                    self.reschedule(intake, &mut due, task, failures, failed).await;
                }
            }
        }
    }

    async fn handle_trigger(&self, intake: &dyn Intake, trigger: ReadTrigger, due: &mut Due) {
        match trigger {
            ReadTrigger::MissedEvents => {
                self.find_threads().await;
                self.schedule_conversations(due, true);
            }
            ReadTrigger::NewMessage {
                channel,
                person,
                direct,
            } => match (self.conversations.get(channel), person) {
                (Some(_), _) => schedule(due, Task::ReadNew(channel)),
                (None, _) if !direct => {}
                (None, None) => schedule(due, Task::Identify(channel)),
                (None, Some(person)) => {
                    self.start_conversation(intake, channel, person).await;
                    schedule(due, Task::ReadNew(channel));
                }
            },
            ReadTrigger::NewThread(channel) => {
                // Stores the conversation that belongs to the new thread. If this fails, the next call of `find_threads` finds the thread
                // again.
                if let Some(conversation) = self.conversations.get(channel) {
                    let cursor = self.cursor(channel, &conversation);
                    let _ = intake.accept(Vec::new(), Some(cursor)).await;
                }
                schedule(due, Task::ReadNew(channel));
            }
            ReadTrigger::Button => schedule(due, Task::PostButton),
            ReadTrigger::EditedMessage { channel, message } => {
                if self.conversations.get(channel).is_some() {
                    schedule(due, Task::ReadMessage(channel, message));
                }
            }
        }
    }

    /// Determines the bot's own id and loads the conversations. Returns whether both succeeded.
    async fn prepare(&self, intake: &dyn Intake) -> bool {
        if let Err(error) = self.own_id().await {
            tracing::warn!(line.name = %self.name, reason = %error, "Line {} cannot be read and is tried again", self.name);
            return false;
        }
        self.load_conversations(intake).await.is_ok()
    }

    /// Records a new direct conversation.
    async fn start_conversation(&self, intake: &dyn Intake, channel: ChannelId, person: UserId) {
        let conversation = Conversation {
            person,
            thread: false,
            after: first_id(self.clock.now() - NEW),
            reach: Reach::Open,
        };
        self.conversations.put(channel, conversation);
        // Discord announces a conversation only once, so the conversation is stored now. If this fails, it is stored together with its
        // first page of messages.
        let cursor = self.cursor(channel, &conversation);
        let _ = intake.accept(Vec::new(), Some(cursor)).await;
    }

    /// Asks Discord which person a Discord channel belongs to, because the event named only the channel. Reads the channel if it is a
    /// direct conversation.
    async fn identify_conversation(
        &self,
        intake: &dyn Intake,
        channel: ChannelId,
    ) -> Result<(), ReadFailure> {
        if self.conversations.get(channel).is_none() {
            let found = self.rest.get(Route::Channel { channel_id: channel }).await?;
            let mut people = json::list(&found, "/recipients").filter_map(|one| json::id(one, "/id"));
            let person = people.find(|id| !self.is_own_id(Some(*id)));
            let Some(person) = person.filter(|_| json::number(&found, "/type") == Some(DIRECT)) else {
                return Ok(());
            };
            self.start_conversation(intake, channel, UserId::new(person))
                .await;
        }
        self.read_new(intake, channel).await
    }

    fn schedule_conversations(&self, due: &mut Due, all: bool) {
        let recent = first_id(self.clock.now() - chrono::Duration::days(1));
        for (channel, conversation) in self.conversations.readable() {
            if all || conversation.after > recent {
                schedule(due, Task::ReadNewAndEdited(channel));
            }
        }
        if all {
            for channel in self.conversations.shut() {
                schedule(due, Task::ReadNewAndEdited(channel));
            }
        }
    }

    async fn run_task(&self, intake: &dyn Intake, task: Task) -> Result<(), ReadFailure> {
        match task {
            Task::PostButton => Ok(self.post_button().await?),
            Task::Identify(channel) => self.identify_conversation(intake, channel).await,
            Task::ReadNew(channel) => self.read_new(intake, channel).await,
            Task::ReadNewAndEdited(channel) => {
                self.read_new(intake, channel).await?;
                self.read_last_page(intake, channel).await
            }
            Task::ReadMessage(channel, message) => {
                let Some(conversation) = self.conversations.get(channel) else {
                    return Ok(());
                };
                let route = Route::ChannelMessage {
                    channel_id: channel,
                    message_id: message.max(1).into(),
                };
                let found = self.rest.get(route).await?;
                let raw = self.to_raw(channel, &conversation, &found, changed_in(&found));
                intake.accept(raw.into_iter().collect(), None).await?;
                Ok(())
            }
        }
    }

    /// Reads every message after the last accepted message, oldest first. Stores each page in the same transaction as the cursor, which
    /// records how far the conversation was read.
    async fn read_new(&self, intake: &dyn Intake, channel: ChannelId) -> Result<(), ReadFailure> {
        let Some(mut conversation) = self.conversations.get(channel) else {
            return Ok(());
        };
        loop {
            let after = conversation.after.to_string();
            let params = vec![("limit", PAGE.to_string()), ("after", after)];
            let page = self.fetch_page(channel, params).await?;
            let last = page.iter().filter_map(id).max();
            if last.is_none() && conversation.reach == Reach::Open {
                return Ok(());
            }
            conversation.reach = Reach::Open;
            let whole = page.len() == PAGE;
            conversation.after = conversation.after.max(last.unwrap_or_default());
            let raws: Vec<_> = page
                .iter()
                .filter_map(|message| self.to_raw(channel, &conversation, message, sent_in(message)))
                .collect();
            let cursor = self.cursor(channel, &conversation);
            intake.accept(raws, Some(cursor)).await?;
            self.conversations.put(channel, conversation);
            if !whole {
                return Ok(());
            }
        }
    }

    /// Reads the last `PAGE` messages of a conversation again. Hands each edited message to the intake as a new version. The intake
    /// ignores a version that is already stored.
    async fn read_last_page(&self, intake: &dyn Intake, channel: ChannelId) -> Result<(), ReadFailure> {
        let Some(conversation) = self.conversations.get(channel) else {
            return Ok(());
        };
        let page = self
            .fetch_page(channel, vec![("limit", PAGE.to_string())])
            .await?;
        let changed = page.iter().filter(|message| {
            let read = id(message).is_some_and(|id| id <= conversation.after);
            read && message.get("edited_timestamp").is_some_and(Value::is_string)
        });
        let raws: Vec<_> = changed
            .filter_map(|message| self.to_raw(channel, &conversation, message, changed_in(message)))
            .collect();
        if !raws.is_empty() {
            intake.accept(raws, None).await?;
        }
        Ok(())
    }

    /// Fetches a page of messages, oldest first.
    async fn fetch_page(
        &self,
        channel: ChannelId,
        params: Vec<(&'static str, String)>,
    ) -> Result<Vec<Value>, RestError> {
        let route = Route::ChannelMessages { channel_id: channel };
        let Value::Array(mut page) = self.rest.get_with(route, params).await? else {
            return Err(RestError::Broke);
        };
        page.sort_by_key(id);
        Ok(page)
    }

    /// Converts a message into a raw message. `at` is stored as the time at which the message was received. Returns `None` if the bot
    /// itself wrote the message.
    fn to_raw(
        &self,
        channel: ChannelId,
        conversation: &Conversation,
        message: &Value,
        at: DateTime<Utc>,
    ) -> Option<RawMessage> {
        if self.is_own_id(json::id(message, "/author/id")) {
            return None;
        }
        // A message without an id is identified by a hash of its content.
        let number = id(message).map_or_else(|| content_hash(message), |id| id.to_string());
        let edited = json::text(message, "/edited_timestamp").unwrap_or_default();
        let envelope = json!({
            "channel": channel.to_string(),
            "person": conversation.person.to_string(),
            "thread": conversation.thread,
            "message": message,
        });
        let now = self.clock.now();
        Some(RawMessage {
            line: self.name.clone(),
            external_id: format!("{channel} {number} {edited}"),
            received_at: at.min(now),
            bytes: envelope.to_string().into_bytes(),
            cut_from: None,
        })
    }

    /// Schedules another attempt after a failed task, or stores a notice for staff if Discord permanently refuses access to the
    /// conversation.
    async fn reschedule(
        &self,
        intake: &dyn Intake,
        due: &mut Due,
        task: Task,
        failures: u32,
        failed: ReadFailure,
    ) {
        let (channel, of_message) = match task {
            Task::PostButton => return self.reschedule_button(due, failures, failed),
            Task::ReadNew(channel) | Task::ReadNewAndEdited(channel) => (channel, false),
            Task::Identify(channel) | Task::ReadMessage(channel, _) => (channel, true),
        };
        let mut wait = Duration::from_secs(1 << failures.min(8));
        match failed {
            // Discord permanently refuses to return this message, for example because it was deleted. The stored versions of the message
            // are kept.
            ReadFailure::Rest(error) if error.is_for_good() && of_message => return,
            ReadFailure::Rest(error) if error.is_for_good() => {
                tracing::warn!(line.name = %self.name, reason = %error, "A conversation of line {} cannot be read", self.name);
                let reach = if error.is_gone() { Reach::Gone } else { Reach::Shut };
                if self.note_gap(intake, channel, reach).await.is_ok() {
                    return;
                }
            }
            ReadFailure::Rest(RestError::Limited(asked)) => wait = asked,
            ReadFailure::Rest(error) => {
                tracing::warn!(line.name = %self.name, reason = %error, "A conversation of line {} is read again later", self.name);
            }
            ReadFailure::NotAccepted(_) => {}
        }
        due.insert(task, (Instant::now() + wait, failures.saturating_add(1)));
    }

    /// Schedules another attempt to post the contact button. Tries again even after Discord refused the post, because an administrator of
    /// the server may grant the permission later.
    fn reschedule_button(&self, due: &mut Due, failures: u32, failed: ReadFailure) {
        let mut wait = Duration::from_secs(1 << failures.min(9));
        if let ReadFailure::Rest(error) = failed {
            tracing::warn!(line.name = %self.name, reason = %error, "The button could not be put into the room of line {} and is tried again", self.name);
            if let RestError::Limited(asked) = error {
                wait = wait.max(asked);
            }
        }
        due.insert(
            Task::PostButton,
            (Instant::now() + wait, failures.saturating_add(1)),
        );
    }

    /// Records that a conversation can't be read, and stores a notice about it. Staff see the notice in the person's contact.
    async fn note_gap(
        &self,
        intake: &dyn Intake,
        channel: ChannelId,
        reach: Reach,
    ) -> Result<(), NotAccepted> {
        let Some(mut conversation) = self.conversations.get(channel) else {
            return Ok(());
        };
        conversation.reach = reach;
        let now = self.clock.now();
        let gap = json!({ "gap": { "person": conversation.person.to_string() } });
        let raw = RawMessage {
            line: self.name.clone(),
            external_id: format!("{channel} gap after {}", conversation.after),
            received_at: now,
            bytes: gap.to_string().into_bytes(),
            cut_from: None,
        };
        let cursor = self.cursor(channel, &conversation);
        intake.accept(vec![raw], Some(cursor)).await?;
        self.conversations.put(channel, conversation);
        Ok(())
    }
}

fn content_hash(message: &Value) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(message.to_string()))
}

fn schedule(due: &mut Due, task: Task) {
    due.insert(task, (Instant::now(), 0));
}
