//! A stand-in for the Telegram Bot API server, written from Telegram's public documentation.
//!
//! The server speaks HTTP on a port of 127.0.0.1 and has one bot. The test plays the people who write to the bot, can inspect every request
//! of the bot, and can make the server misbehave.

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

/// Returns the bot's User object.
fn bot_user() -> Value {
    json!({ "id": BOT_ID, "is_bot": true, "first_name": "Centar", "username": "centar_bot" })
}

/// The server. Clones share it, and it stops when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Telegram {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: Arc<Server>,
    tasks: Mutex<Option<Tasks>>,
}

/// The tasks of a running server. Dropping the value ends the tasks.
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

/// A request that the server received.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name of the method as requested; `file` for a download.
    pub method: String,
    /// The time at which the whole request had been read.
    pub at: SystemTime,
    /// The parameters from the query and the body. JSON in form fields is parsed.
    pub params: Value,
    /// The uploaded files.
    pub files: Vec<Upload>,
    /// The HTTP status of the response; `None` if no response was sent.
    pub answered: Option<u16>,
}

/// A file on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The identifier for downloads.
    pub file_id: String,
    /// The identifier that is the same for all copies of the file.
    pub file_unique_id: String,
    /// The file name.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
}

/// A fault of a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes the connection without carrying out the request or responding.
    Drop,
    /// Carries out the request, then closes the connection without a response.
    DropAfter,
    /// Carries out the request at once, and delays the response.
    Delay(Duration),
    /// Responds 429 without carrying out the request.
    TooMany {
        /// How long the client should wait, in seconds.
        retry_after: u64,
    },
    /// Responds with an error of the Bot API, without carrying out the request.
    Status {
        /// The error code, which is also the HTTP status.
        code: u16,
        /// The description.
        description: String,
    },
    /// Responds 502 with an HTML page, without carrying out the request.
    Garbage,
    /// Responds 200 with an HTML page, as a captive portal does, without carrying out the request.
    Page,
    /// Carries out the request, then closes the connection after half of the response's body.
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

    /// Stops the server. Open connections are cut, and new ones are refused.
    pub async fn stop(&self) {
        let tasks = self.tasks().take();
        if let Some(mut tasks) = tasks {
            tasks.deliver.abort();
            if let Some(stop) = tasks.stop.take() {
                // The task may have ended already.
                let _ = stop.send(());
            }
            // Both tasks have received the stop signal.
            let _ = (&mut tasks.accept).await;
            let _ = (&mut tasks.deliver).await;
        }
    }

    /// Starts the stopped server again, on the same port and with the same state.
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

    /// Returns the port of the server.
    pub fn port(&self) -> u16 {
        self.server().port
    }

    /// Returns the URL that replaces `https://api.telegram.org`.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Returns the bot's token.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Returns the bot's user identifier.
    pub fn bot_id(&self) -> i64 {
        BOT_ID
    }

    /// Returns the bot's username, without `@`.
    pub fn bot_username(&self) -> &'static str {
        "centar_bot"
    }

    /// Returns all requests so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.server().lock().calls.clone()
    }

    /// Returns the requests of one method so far.
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

    /// Returns the bot's messages in a chat, in the order of sending. Edits are applied, and deleted messages are left out.
    pub fn sent_to(&self, chat_id: i64) -> Vec<Value> {
        let state = self.server().lock();
        let Some(chat) = state.chats.get(&chat_id) else {
            return Vec::new();
        };
        let messages = chat.sent.iter().filter_map(|id| chat.messages.get(id));
        messages.cloned().collect()
    }

    /// Returns a message of a chat, from any sender.
    pub fn message(&self, chat_id: i64, message_id: i64) -> Option<Value> {
        let state = self.server().lock();
        state.chats.get(&chat_id)?.messages.get(&message_id).cloned()
    }

    /// Returns the offset of each getUpdates request; 0 for a request without an offset.
    pub fn offsets(&self) -> Vec<i64> {
        self.server().lock().offsets.clone()
    }

    /// Returns the highest identifier of a confirmed or delivered update; 0 if there is none.
    pub fn confirmed(&self) -> i64 {
        self.server().lock().confirmed
    }

    /// Returns how many updates are pending.
    pub fn pending(&self) -> usize {
        let mut state = self.server().lock();
        state.expire();
        state.queue.len()
    }

    /// Returns the identifiers of the pending updates.
    pub fn pending_ids(&self) -> Vec<i64> {
        let mut state = self.server().lock();
        state.expire();
        state.queue.iter().map(|pending| pending.id).collect()
    }

    /// Returns the identifier of the newest update; 0 if there is none.
    pub fn last_update(&self) -> i64 {
        let next = self.server().lock().next_update;
        if next == state::FIRST_UPDATE { 0 } else { next - 1 }
    }

    /// Returns the identifier of the newest update about a message; `None` if the bot did not want updates of that kind.
    pub fn update_of(&self, chat_id: i64, message_id: i64) -> Option<i64> {
        let state = self.server().lock();
        state.chats.get(&chat_id)?.updates.get(&message_id).copied()
    }

    /// Sets the identifier of the next update. Telegram chooses a random one after a week without updates.
    pub fn set_next_update(&self, update_id: i64) {
        self.server().lock().next_update = update_id;
    }

    /// Sets the age at which pending updates are dropped; 24 hours by default. The age counts from the date of the message or of its last
    /// edit.
    pub fn forget_older_than(&self, age: Duration) {
        self.server().change(|state| state.retention = age);
    }

    /// Returns how often the server has tried to deliver an update to the webhook.
    pub fn webhook_attempts(&self, update_id: i64) -> u32 {
        webhook::attempts(&self.server().lock().attempts, update_id)
    }

    /// Sets how many updates are delivered to the webhook concurrently, within the bot's `max_connections`; one by default.
    pub fn set_webhook_parallel(&self, number: usize) {
        self.server().change(|state| state.webhook_parallel = number);
    }

    /// Sets how long the server waits for the response of the webhook; 10 seconds by default.
    pub fn set_webhook_timeout(&self, time: Duration) {
        self.server().change(|state| state.webhook_timeout = time);
    }

    /// Sets whether limits on the length of texts count UTF-16 code units instead of characters.
    pub fn utf16_lengths(&self, on: bool) {
        self.server().lock().utf16_lengths = on;
    }

    /// Makes the next `times` requests of a method (or of `any`) fail; `usize::MAX` makes all of them fail. Faults of the same method apply
    /// in the order in which they were set.
    pub fn fault(&self, method_or_any: &str, how: Fault, times: usize) {
        self.server().lock().rules.push(Rule {
            method: method_or_any.to_owned(),
            fault: how,
            left: times,
        });
    }

    /// Switches off all faults, including `chaos` and the other switches.
    pub fn clear_faults(&self) {
        self.server().change(|state| {
            state.rules.clear();
            state.chaos_one_in = 0;
            state.duplicate = false;
            state.reorder = false;
            state.freeze = false;
        });
    }

    /// Makes every `one_in`-th request fail, with each kind of fault in turn; 0 switches this off.
    pub fn chaos(&self, one_in: u32) {
        let mut state = self.server().lock();
        state.chaos_one_in = one_in;
        state.chaos_requests = 0;
    }

    /// Sets whether updates are sometimes delivered again after they were confirmed or delivered to the webhook.
    pub fn duplicate(&self, on: bool) {
        self.server().lock().duplicate = on;
    }

    /// Sets whether each response to getUpdates lists its updates in random order.
    pub fn reorder(&self, on: bool) {
        self.server().lock().reorder = on;
    }

    /// Sets whether new getUpdates requests get no response and have no effect.
    pub fn freeze(&self, on: bool) {
        self.server().lock().freeze = on;
    }

    /// Stores a file that people can send.
    pub fn add_file(&self, bytes: &[u8], name: &str) -> Stored {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut state = self.server().lock();
        state.keep_file("documents", name, size, Some(bytes.into()))
    }

    /// Stores a file of this size without content. If the file is small enough to download, the download consists of zeros.
    pub fn add_huge_file(&self, size: u64) -> Stored {
        let mut state = self.server().lock();
        state.keep_file("documents", "huge.bin", size, None)
    }
}
