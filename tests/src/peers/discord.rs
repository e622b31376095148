//! A stand-in for Discord: its REST API, gateway and file server, written from the public documentation.
//!
//! The stand-in has one application with a bot, and one guild with one text channel, called the room. All state is in memory and survives
//! while the servers are stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::free_port;

pub mod content;
mod events;
mod faults;
mod fields;
mod gateway;
mod interactions;
mod messages;
mod objects;
mod people;
mod rest;
mod server;
mod state;
mod threads;

pub use self::faults::{Fault, Refusal};
pub use self::state::{Call, Upload};

use self::events::Out;
use self::objects::{at, number};
use self::state::{State, World};

/// The stand-in on two ports of 127.0.0.1: one for REST and files, one for the gateway.
///
/// Clones share one server, which stops when the last clone is dropped.
#[derive(Clone)]
pub struct Discord {
    running: Arc<Running>,
}

struct Running {
    world: Arc<World>,
    /// The running servers. Dropping the set stops them.
    tasks: Mutex<JoinSet<()>>,
}

impl std::fmt::Debug for Discord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let world = &self.running.world;
        let ports = (world.api_port, world.gateway_port);
        f.debug_tuple("Discord").field(&ports).finish()
    }
}

impl Discord {
    /// Starts the servers.
    pub async fn start() -> Result<Self> {
        let world = Arc::new(World::new(free_port()?, free_port()?));
        let running = Arc::new(Running {
            world,
            tasks: Mutex::default(),
        });
        let discord = Self { running };
        discord.restart().await?;
        Ok(discord)
    }

    /// Stops the servers. Open connections are cut, and new ones are refused.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        tasks.shutdown().await;
        self.state().tell_connections(&Out::Cut);
    }

    /// Starts the servers again, on the same ports and with the same state.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await;
        let world = &self.running.world;
        let api = listen(world.api_port).await?;
        let gateway = listen(world.gateway_port).await?;
        let mut tasks = self.tasks();
        tasks.spawn(server::serve(api, world.clone()));
        tasks.spawn(gateway::serve(gateway, world.clone()));
        Ok(())
    }

    /// Returns the URL of the REST API, for the proxy setting of serenity.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.running.world.api_port)
    }

    /// Returns the URL of the gateway.
    pub fn gateway_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.running.world.gateway_port)
    }

    /// Returns the token of the bot.
    pub fn token(&self) -> String {
        self.state().token.clone()
    }

    /// Returns the id of the bot, which is also the id of its application.
    pub fn bot_id(&self) -> u64 {
        self.state().bot
    }

    /// Returns the id of the guild.
    pub fn guild_id(&self) -> u64 {
        self.state().guild
    }

    /// Returns the id of the room, a text channel.
    pub fn room_id(&self) -> u64 {
        self.state().room
    }

    /// Sets the bot's permissions in the guild. By default the bot has all permissions.
    pub fn set_permissions(&self, permissions: u64) {
        let mut state = self.state();
        state.permissions = permissions;
        let role = state.roles().as_array().and_then(|roles| roles.last().cloned());
        let data = serde_json::json!({ "guild_id": state.guild.to_string(), "role": role });
        state.dispatch("GUILD_ROLE_UPDATE", objects::GUILDS, &data, false);
    }

    /// Sets whether the application may use the privileged intent for message content; by default it may. Without this right, an Identify
    /// with this intent is refused with close code 4014.
    pub fn allow_message_content(&self, allowed: bool) {
        let mut state = self.state();
        state.privileged &= !objects::MESSAGE_CONTENT;
        if allowed {
            state.privileged |= objects::MESSAGE_CONTENT;
        }
    }

    /// Sets the privileged intents that the application may use.
    pub fn allow_privileged_intents(&self, intents: u64) {
        self.state().privileged = intents & objects::PRIVILEGED;
    }

    /// Refuses every Identify from now on; `None` accepts them.
    pub fn refuse_sessions(&self, how: Option<Refusal>) {
        self.state().refusal = how;
    }

    /// Sets how many sessions the bot may still start, and the time until this limit is reset. `GET /gateway/bot` returns both.
    pub fn set_session_starts(&self, left: usize, reset_after: Duration) {
        self.state().starts = Some((left, reset_after));
    }

    /// Replaces the token of the bot. The new token may be malformed.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// Sets the heartbeat interval of new connections; 2 seconds by default.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        self.state().heartbeat = interval;
    }

    /// Sets how many events are kept for resumed sessions; 1000 by default.
    pub fn set_replay_limit(&self, events: usize) {
        self.state().replay_limit = events;
    }

    /// Sets how long a nonce is remembered; 5 minutes by default.
    pub fn set_nonce_window(&self, window: Duration) {
        self.state().nonce_window = window;
    }

    /// Sets the largest file that the bot may send; 10 MiB by default.
    pub fn set_upload_limit(&self, bytes: usize) {
        self.state().upload_limit = bytes;
    }

    /// Limits the requests to each route per period; `None` removes the limit.
    pub fn limit_routes(&self, limit: Option<(u32, Duration)>) {
        let mut state = self.state();
        state.route_limit = limit;
        state.buckets.clear();
    }

    /// Returns all requests so far in the order of arrival, including requests for files.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Returns the messages of a channel, oldest first.
    pub fn messages(&self, channel: u64) -> Vec<Value> {
        let state = self.state();
        let place = state.channels.get(&channel);
        place
            .map(|place| place.messages.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Returns the bot's messages in a channel, oldest first.
    pub fn sent_to(&self, channel: u64) -> Vec<Value> {
        let bot = Some(self.bot_id());
        let mut messages = self.messages(channel);
        messages.retain(|message| number(at(message, "author"), "id") == bot);
        messages
    }

    /// Returns a channel or thread as the bot sees it.
    pub fn channel(&self, channel: u64) -> Option<Value> {
        let state = self.state();
        state
            .channels
            .contains_key(&channel)
            .then(|| state.channel_view(channel))
    }

    /// Returns the ids of all threads, oldest first.
    pub fn threads(&self) -> Vec<u64> {
        let state = self.state();
        state
            .channels
            .iter()
            .filter(|(_, place)| place.is_thread())
            .map(|(id, _)| *id)
            .collect()
    }

    /// Returns the users in a thread.
    pub fn thread_members(&self, thread: u64) -> Vec<u64> {
        let state = self.state();
        state
            .channels
            .get(&thread)
            .map(|place| place.members.keys().copied().collect())
            .unwrap_or_default()
    }

    /// Returns the global commands.
    pub fn commands(&self) -> Vec<Value> {
        self.state().commands.get(&0).cloned().unwrap_or_default()
    }

    /// Returns how often the bot sent Identify, including refused attempts.
    pub fn identifies(&self) -> usize {
        self.state().identifies
    }

    /// Returns how often the bot sent Resume, including refused attempts.
    pub fn resumes(&self) -> usize {
        self.state().resumes
    }

    /// Returns how many heartbeats the bot has sent.
    pub fn heartbeats(&self) -> usize {
        self.state().heartbeats
    }

    /// Returns the intents of the bot's last Identify.
    pub fn intents(&self) -> Option<u64> {
        self.state().intents
    }

    /// Returns how many gateway sessions are connected.
    pub fn connected(&self) -> usize {
        self.state().connected()
    }

    /// Makes the next `times` matching requests fail. A request matches if `part` occurs in its method and path (`POST /api/v10/...`);
    /// `any` matches all.
    pub fn fault(&self, part: &str, how: Fault, times: u32) {
        self.state().faults.add(part, how, times);
    }

    /// Makes every `one_in`-th request fail, with each kind of fault in turn. Every (4 × `one_in`)-th event is lost, sent twice, sent after
    /// the next event, or withheld by cutting the connection. 0 switches these faults off.
    pub fn chaos(&self, one_in: u32) {
        self.state().faults.set_chaos(one_in);
    }

    /// Switches all faults off.
    pub fn no_faults(&self) {
        self.state().faults.clear();
    }

    /// Cuts the gateway connections without a close frame.
    pub fn cut(&self) {
        self.state().tell_connections(&Out::Cut);
    }

    /// Closes the gateway connections with this code. The sessions remain unless the code forbids resuming.
    pub fn close(&self, code: u16) {
        let mut state = self.state();
        state.tell_connections(&Out::Close(code, String::new()));
        state.forget_sessions(code);
    }

    /// Asks the bot to reconnect and resume (op 7).
    pub fn reconnect(&self) {
        let payload = serde_json::json!({ "op": 7, "d": null, "s": null, "t": null });
        self.state().send_raw(&payload.to_string());
    }

    /// Declares the bot's session invalid (op 9).
    pub fn invalidate(&self, resumable: bool) {
        self.state().invalidate(resumable);
    }

    /// Loses the next events. Lost events still advance the sequence number.
    pub fn drop_events(&self, events: u32) {
        self.state().faults.lose = events;
    }

    /// Sets whether every event is sent twice.
    pub fn duplicate_events(&self, on: bool) {
        self.state().faults.duplicate = on;
    }

    /// Sets whether every other event is held back until the next one is sent, or for one second.
    pub fn reorder_events(&self, on: bool) {
        self.state().faults.reorder = on;
    }

    /// Delays every event.
    pub fn delay_events(&self, time: Duration) {
        self.state().faults.delay = time;
    }

    /// Sets whether heartbeats get no acknowledgement.
    pub fn withhold_acks(&self, on: bool) {
        self.state().faults.withhold_acks = on;
    }

    /// Sends an event to all sessions. The event need not be one that Discord could send.
    pub fn push_event(&self, name: &str, data: &Value) {
        self.state().dispatch(name, 0, data, false);
    }

    /// Sends a text to all sessions. The text need not be JSON.
    pub fn push_raw(&self, text: &str) {
        self.state().send_raw(text);
    }

    /// Replaces a message in the responses of the REST API.
    pub fn rewrite_message(&self, channel: u64, message: u64, instead: Value) {
        self.state().planted.insert((channel, message), instead);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.running.world.lock()
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds a port. Retries for two seconds, because the port may have been released only a moment ago.
async fn listen(port: u16) -> Result<TcpListener> {
    let address = ("127.0.0.1", port);
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(address).await {
            return Ok(listener);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on port {port}"))
}
