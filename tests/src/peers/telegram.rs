//! A stand-in of the Telegram Bot API server, after Telegram's public documentation.
//!
//! It speaks HTTP on a port of 127.0.0.1 and knows one bot. The test plays the people who write
//! to the bot, sees every request of the bot, and can make the server misbehave.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::free_port;
use state::{Rule, Server};

pub mod content;
mod entities;
mod http;
mod methods;
mod params;
mod people;
mod request;
mod sending;
mod state;
mod updates;
mod webhook;

pub use people::Person;
pub use request::Upload;

const TOKEN: &str = "4242:stand-in-token";
const BOT_ID: i64 = 4242;

/// The User object of the bot.
fn bot_user() -> Value {
    json!({ "id": BOT_ID, "is_bot": true, "first_name": "Centar", "username": "centar_bot" })
}

/// The server. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Telegram {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: Arc<Server>,
    tasks: Mutex<Option<Tasks>>,
}

/// What runs while the server is up; ended when dropped.
#[derive(Debug)]
struct Tasks {
    stop: Option<oneshot::Sender<()>>,
    accept: JoinHandle<()>,
    deliver: JoinHandle<()>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.accept.abort();
        self.deliver.abort();
    }
}

/// One request the server got.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method's name as it was requested; `file` for the download of a file.
    pub method: String,
    /// When the request had been read.
    pub at: SystemTime,
    /// Its parameters, from the query and the body. What a form holds as JSON is parsed.
    pub params: Value,
    /// The files that came with it.
    pub files: Vec<Upload>,
    /// The HTTP status of the answer; `None` if there was none, or not yet.
    pub answered: Option<u16>,
}

/// A file the server keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The identifier to get it by.
    pub file_id: String,
    /// The identifier that tells it from other files.
    pub file_unique_id: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What may go wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Not carried out; the connection is closed without an answer.
    Drop,
    /// Carried out, but the connection is closed without an answer.
    DropAfter,
    /// Carried out at once, but answered only after this time.
    Delay(Duration),
    /// Not carried out: 429, to be tried again after this many seconds.
    TooMany {
        /// The seconds.
        retry_after: u64,
    },
    /// Not carried out: an error of the Bot API.
    Status {
        /// The error code, also the HTTP status.
        code: u16,
        /// The description.
        description: String,
    },
    /// Not carried out: 502 and a page of HTML.
    Garbage,
    /// Not carried out: a page of HTML that says it is all well, as a wall between us may show.
    Page,
    /// Carried out, but the connection is closed after half of the answer's body.
    HalfBody,
}

impl Telegram {
    /// Starts a server.
    pub async fn start() -> Result<Self> {
        let telegram = Self {
            shared: Arc::new(Shared {
                server: Arc::new(Server::new(free_port()?)),
                tasks: Mutex::new(None),
            }),
        };
        telegram.restart().await?;
        Ok(telegram)
    }

    /// Stops the server: nobody listens any more, and all its connections are cut.
    pub async fn stop(&self) {
        let tasks = self.tasks().take();
        if let Some(mut tasks) = tasks {
            tasks.deliver.abort();
            if let Some(stop) = tasks.stop.take() {
                // The task is gone already if nobody listens.
                let _ = stop.send(());
            }
            // They end at once, or were ended.
            let _ = (&mut tasks.accept).await;
            let _ = (&mut tasks.deliver).await;
        }
    }

    /// Starts the stopped server again, on the same port and with all it remembers.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await;
        let server = &self.shared.server;
        let listener = TcpListener::bind(("127.0.0.1", server.port))
            .await
            .with_context(|| format!("listening on port {}", server.port))?;
        let (stop, stopped) = oneshot::channel();
        let tasks = Tasks {
            stop: Some(stop),
            accept: tokio::spawn(http::serve(listener, Arc::clone(server), stopped)),
            deliver: tokio::spawn(webhook::deliver(Arc::clone(server))),
        };
        *self.tasks() = Some(tasks);
        Ok(())
    }

    fn tasks(&self) -> MutexGuard<'_, Option<Tasks>> {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> &Server {
        &self.shared.server
    }

    /// The port the server listens on.
    pub fn port(&self) -> u16 {
        self.server().port
    }

    /// The address to use in place of `https://api.telegram.org`.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The bot's token.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The bot's user identifier.
    pub fn bot_id(&self) -> i64 {
        BOT_ID
    }

    /// The bot's username, without `@`.
    pub fn bot_username(&self) -> &'static str {
        "centar_bot"
    }

    /// All requests so far, in the order they came.
    pub fn calls(&self) -> Vec<Call> {
        self.server().lock().calls.clone()
    }

    /// The requests of one method so far.
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        let state = self.server().lock();
        let calls = state.calls.iter();
        calls
            .filter(|call| call.method.eq_ignore_ascii_case(method))
            .cloned()
            .collect()
    }

    /// Forgets the requests so far.
    pub fn forget_calls(&self) {
        self.server().lock().calls.clear();
    }

    /// The bot's messages in a chat, in the order they were sent; as they are now, after all
    /// edits, and without those the bot has deleted.
    pub fn sent_to(&self, chat_id: i64) -> Vec<Value> {
        let state = self.server().lock();
        let Some(chat) = state.chats.get(&chat_id) else {
            return Vec::new();
        };
        let messages = chat.sent.iter().filter_map(|id| chat.messages.get(id));
        messages.cloned().collect()
    }

    /// One message of a chat, whoever wrote it.
    pub fn message(&self, chat_id: i64, message_id: i64) -> Option<Value> {
        let state = self.server().lock();
        state.chats.get(&chat_id)?.messages.get(&message_id).cloned()
    }

    /// The offsets of all getUpdates requests; 0 where none was given.
    pub fn offsets(&self) -> Vec<i64> {
        self.server().lock().offsets.clone()
    }

    /// The highest identifier among the updates that were confirmed or delivered; 0 before that.
    pub fn confirmed(&self) -> i64 {
        self.server().lock().confirmed
    }

    /// How many updates wait to be collected.
    pub fn pending(&self) -> usize {
        let mut state = self.server().lock();
        state.expire();
        state.queue.len()
    }

    /// The identifiers of the updates that wait to be collected.
    pub fn pending_ids(&self) -> Vec<i64> {
        let mut state = self.server().lock();
        state.expire();
        state.queue.iter().map(|pending| pending.id).collect()
    }

    /// The identifier of the newest update; 0 before the first one.
    pub fn last_update(&self) -> i64 {
        let next = self.server().lock().next_update;
        if next == state::FIRST_UPDATE { 0 } else { next - 1 }
    }

    /// The newest update that told of a message, if the bot wanted one.
    pub fn update_of(&self, chat_id: i64, message_id: i64) -> Option<i64> {
        let state = self.server().lock();
        state.chats.get(&chat_id)?.updates.get(&message_id).copied()
    }

    /// The identifier the next update gets. Telegram chooses a random one after a quiet week.
    pub fn set_next_update(&self, update_id: i64) {
        self.server().lock().next_update = update_id;
    }

    /// Drops updates older than this; 24 hours unless told otherwise. The age counts from the
    /// date of the message, and of the last edit for edits.
    pub fn forget_older_than(&self, age: Duration) {
        self.server().change(|state| state.retention = age);
    }

    /// How often the server has tried to deliver an update to the webhook.
    pub fn webhook_attempts(&self, update_id: i64) -> u32 {
        webhook::attempts(&self.server().lock().attempts, update_id)
    }

    /// How many updates go to the webhook at the same time, within the bot's `max_connections`;
    /// one unless told otherwise.
    pub fn set_webhook_parallel(&self, number: usize) {
        self.server().change(|state| state.webhook_parallel = number);
    }

    /// How long the server waits for the answer of the webhook; 10 seconds unless told otherwise.
    pub fn set_webhook_timeout(&self, time: Duration) {
        self.server().change(|state| state.webhook_timeout = time);
    }

    /// Measures the length of texts in UTF-16 units instead of characters.
    pub fn utf16_lengths(&self, on: bool) {
        self.server().lock().utf16_lengths = on;
    }

    /// Lets the next requests of a method (or of `any`) go wrong, so many of them; `usize::MAX`
    /// for all of them. Faults of the same method come in the order they were given.
    pub fn fault(&self, method_or_any: &str, how: Fault, times: usize) {
        self.server().lock().rules.push(Rule {
            method: method_or_any.to_owned(),
            fault: how,
            left: times,
        });
    }

    /// Ends all faults, `chaos` and the other switches included.
    pub fn clear_faults(&self) {
        self.server().change(|state| {
            state.rules.clear();
            state.chaos_one_in = 0;
            state.duplicate = false;
            state.reorder = false;
            state.freeze = false;
        });
    }

    /// Lets every n-th request of any method go wrong, by each kind of fault in turn; 0 ends it.
    pub fn chaos(&self, one_in: u32) {
        let mut state = self.server().lock();
        state.chaos_one_in = one_in;
        state.chaos_requests = 0;
    }

    /// Hands out updates again now and then although they were confirmed, or delivered to the
    /// webhook.
    pub fn duplicate(&self, on: bool) {
        self.server().lock().duplicate = on;
    }

    /// Gives the updates of a page in no order.
    pub fn reorder(&self, on: bool) {
        self.server().lock().reorder = on;
    }

    /// Never answers the getUpdates requests that come from now on, and does not carry them out.
    pub fn freeze(&self, on: bool) {
        self.server().lock().freeze = on;
    }

    /// Keeps a file people can send.
    pub fn add_file(&self, bytes: &[u8], name: &str) -> Stored {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut state = self.server().lock();
        state.keep_file("documents", name, size, Some(bytes.into()))
    }

    /// Keeps a file that has a size only; if it is small enough to be downloaded, it is all zeros.
    pub fn add_huge_file(&self, size: u64) -> Stored {
        let mut state = self.server().lock();
        state.keep_file("documents", "huge.bin", size, None)
    }
}
