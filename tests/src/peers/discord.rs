//! A stand-in of Discord: its REST API, its gateway and its files, from the public documentation.
//!
//! There is one application with a bot, and one guild with a room in it. Everything is in memory
//! and stays there while the servers are stopped.

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

/// Discord on two ports of 127.0.0.1, for REST and files and for the gateway.
///
/// Clones are handles of the same server; it ends with the last one.
#[derive(Clone)]
pub struct Discord {
    running: Arc<Running>,
}

struct Running {
    world: Arc<World>,
    /// The servers; they end when this is dropped.
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

    /// Stops the servers: their ports refuse connections, the open ones are cut.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        tasks.shutdown().await;
        self.state().tell_connections(&Out::Cut);
    }

    /// Starts the servers again, on the same ports and with all they knew.
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

    /// The address of the REST API: what serenity calls a proxy.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.running.world.api_port)
    }

    /// The address of the gateway.
    pub fn gateway_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.running.world.gateway_port)
    }

    /// The token of the bot.
    pub fn token(&self) -> String {
        self.state().token.clone()
    }

    /// The id of the bot and of its application.
    pub fn bot_id(&self) -> u64 {
        self.state().bot
    }

    /// The id of the guild.
    pub fn guild_id(&self) -> u64 {
        self.state().guild
    }

    /// The id of the room, a text channel.
    pub fn room_id(&self) -> u64 {
        self.state().room
    }

    /// What the bot may do in the guild; everything, unless told otherwise.
    pub fn set_permissions(&self, permissions: u64) {
        let mut state = self.state();
        state.permissions = permissions;
        let role = state.roles().as_array().and_then(|roles| roles.last().cloned());
        let data = serde_json::json!({ "guild_id": state.guild.to_string(), "role": role });
        state.dispatch("GUILD_ROLE_UPDATE", objects::GUILDS, &data, false);
    }

    /// Whether the application may have the privileged intent for the content of messages; it may,
    /// unless told otherwise. Without it, Identify with this intent is refused with 4014.
    pub fn allow_message_content(&self, allowed: bool) {
        let mut state = self.state();
        state.privileged &= !objects::MESSAGE_CONTENT;
        if allowed {
            state.privileged |= objects::MESSAGE_CONTENT;
        }
    }

    /// Exactly which privileged intents the application may have.
    pub fn allow_privileged_intents(&self, intents: u64) {
        self.state().privileged = intents & objects::PRIVILEGED;
    }

    /// What happens to every Identify from now on; `None`: it is taken.
    pub fn refuse_sessions(&self, how: Option<Refusal>) {
        self.state().refusal = how;
    }

    /// How many sessions the bot may still begin today, as it is told when it asks for the gateway.
    pub fn set_session_starts(&self, left: usize, reset_after: Duration) {
        self.state().starts = Some((left, reset_after));
    }

    /// Another token for the bot, in whatever form.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// How often the bot shall send a heartbeat, on connections from now on; 2 seconds.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        self.state().heartbeat = interval;
    }

    /// How many events are kept for who resumes; 1000.
    pub fn set_replay_limit(&self, events: usize) {
        self.state().replay_limit = events;
    }

    /// How long a nonce is remembered; 5 minutes.
    pub fn set_nonce_window(&self, window: Duration) {
        self.state().nonce_window = window;
    }

    /// The largest file the bot may send; 10 MiB.
    pub fn set_upload_limit(&self, bytes: usize) {
        self.state().upload_limit = bytes;
    }

    /// From now on, each route takes only so many requests in this time; `None` for no limit.
    pub fn limit_routes(&self, limit: Option<(u32, Duration)>) {
        let mut state = self.state();
        state.route_limit = limit;
        state.buckets.clear();
    }

    /// All requests so far, files included, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The messages of a channel, oldest first.
    pub fn messages(&self, channel: u64) -> Vec<Value> {
        let state = self.state();
        let place = state.channels.get(&channel);
        place
            .map(|place| place.messages.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The messages of the bot in a channel, oldest first.
    pub fn sent_to(&self, channel: u64) -> Vec<Value> {
        let bot = Some(self.bot_id());
        let mut messages = self.messages(channel);
        messages.retain(|message| number(at(message, "author"), "id") == bot);
        messages
    }

    /// A channel or a thread, as the bot sees it.
    pub fn channel(&self, channel: u64) -> Option<Value> {
        let state = self.state();
        state
            .channels
            .contains_key(&channel)
            .then(|| state.channel_view(channel))
    }

    /// The ids of all threads, oldest first.
    pub fn threads(&self) -> Vec<u64> {
        let state = self.state();
        state
            .channels
            .iter()
            .filter(|(_, place)| place.is_thread())
            .map(|(id, _)| *id)
            .collect()
    }

    /// The users in a thread.
    pub fn thread_members(&self, thread: u64) -> Vec<u64> {
        let state = self.state();
        state
            .channels
            .get(&thread)
            .map(|place| place.members.keys().copied().collect())
            .unwrap_or_default()
    }

    /// The global commands.
    pub fn commands(&self) -> Vec<Value> {
        self.state().commands.get(&0).cloned().unwrap_or_default()
    }

    /// How often the bot has identified itself, also in vain.
    pub fn identifies(&self) -> usize {
        self.state().identifies
    }

    /// How often the bot has resumed a session, also in vain.
    pub fn resumes(&self) -> usize {
        self.state().resumes
    }

    /// How many heartbeats the bot has sent.
    pub fn heartbeats(&self) -> usize {
        self.state().heartbeats
    }

    /// The intents the bot last identified with.
    pub fn intents(&self) -> Option<u64> {
        self.state().intents
    }

    /// How many gateway sessions are connected.
    pub fn connected(&self) -> usize {
        self.state().connected()
    }

    /// The next `times` requests whose method and path (`POST /api/v10/...`) have this part in
    /// them go wrong; `any` is for all.
    pub fn fault(&self, part: &str, how: Fault, times: u32) {
        self.state().faults.add(part, how, times);
    }

    /// Every n-th request goes wrong, in turn in each way there is, and every 4n-th event is lost,
    /// sent twice, sent after the next one or not sent because the connection is cut; 0 for none.
    pub fn chaos(&self, one_in: u32) {
        self.state().faults.set_chaos(one_in);
    }

    /// Switches all faults off.
    pub fn no_faults(&self) {
        self.state().faults.clear();
    }

    /// Cuts the connections of the gateway without a close frame.
    pub fn cut(&self) {
        self.state().tell_connections(&Out::Cut);
    }

    /// Closes the connections of the gateway with this code. The sessions remain, unless the code
    /// is one after which they cannot be resumed.
    pub fn close(&self, code: u16) {
        let mut state = self.state();
        state.tell_connections(&Out::Close(code, String::new()));
        state.forget_sessions(code);
    }

    /// Tells the bot to reconnect and resume (op 7).
    pub fn reconnect(&self) {
        let payload = serde_json::json!({ "op": 7, "d": null, "s": null, "t": null });
        self.state().send_raw(&payload.to_string());
    }

    /// Tells the bot that its session is invalid (op 9).
    pub fn invalidate(&self, resumable: bool) {
        self.state().invalidate(resumable);
    }

    /// The next so many events never get sent, though they are counted.
    pub fn drop_events(&self, events: u32) {
        self.state().faults.lose = events;
    }

    /// Whether every event is sent twice.
    pub fn duplicate_events(&self, on: bool) {
        self.state().faults.duplicate = on;
    }

    /// Whether every other event is sent only after the next one, or after a second.
    pub fn reorder_events(&self, on: bool) {
        self.state().faults.reorder = on;
    }

    /// How long events take.
    pub fn delay_events(&self, time: Duration) {
        self.state().faults.delay = time;
    }

    /// Whether heartbeats stay unanswered.
    pub fn withhold_acks(&self, on: bool) {
        self.state().faults.withhold_acks = on;
    }

    /// Sends any event to all sessions, also one that could not be.
    pub fn push_event(&self, name: &str, data: &Value) {
        self.state().dispatch(name, 0, data, false);
    }

    /// Sends any text to all sessions, also one that is no JSON.
    pub fn push_raw(&self, text: &str) {
        self.state().send_raw(text);
    }

    /// Shows something else instead of a message in answers of the REST API.
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

/// Listens on a port that may just have been given up.
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
