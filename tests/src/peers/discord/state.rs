//! The state of the stand-in.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::events::{Out, Session};
use super::faults::{Faults, Refusal};
use super::objects::{self, at, number, set};

/// Milliseconds from 1970 to Discord's epoch, the beginning of 2015.
pub(super) const EPOCH: u64 = 1_420_070_400_000;

/// The server's state and addresses, shared by all its tasks.
pub(super) struct World {
    pub(super) api_port: u16,
    pub(super) gateway_port: u16,
    state: Mutex<State>,
}

impl World {
    pub(super) fn new(api_port: u16, gateway_port: u16) -> Self {
        let state = Mutex::new(State::new(api_port, gateway_port));
        Self {
            api_port,
            gateway_port,
            state,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that the server received.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method, such as `POST`.
    pub method: String,
    /// The path, such as `/api/v10/users/@me`.
    pub path: String,
    /// The query string, without the question mark.
    pub query: String,
    /// When the request arrived.
    pub at: Instant,
    /// The JSON body, or the `payload_json` of a form; null if there was none.
    pub body: Value,
    /// The files of a form.
    pub files: Vec<Upload>,
    /// The status of the response; 0 before it is sent, or if the connection was closed instead.
    pub status: u16,
}

/// A file that the bot uploaded.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The name of the form field, such as `files[0]`.
    pub field: String,
    /// The file name.
    pub name: String,
    /// The media type that the bot declared.
    pub content_type: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

/// A file on the server.
pub(super) struct Stored {
    pub(super) content_type: String,
    /// The content; `None` if the file consists of `size` zero bytes.
    pub(super) bytes: Option<Bytes>,
    pub(super) size: u64,
}

/// A direct channel, the room or a thread.
pub(super) struct Channel {
    pub(super) object: Value,
    pub(super) messages: BTreeMap<u64, Value>,
    /// The other party of a direct channel.
    pub(super) recipient: Option<u64>,
    /// The members of a thread, by user id.
    pub(super) members: BTreeMap<u64, Value>,
}

impl Channel {
    pub(super) fn new(object: Value, recipient: Option<u64>) -> Self {
        Self {
            object,
            messages: BTreeMap::new(),
            recipient,
            members: BTreeMap::new(),
        }
    }

    pub(super) fn kind(&self) -> u64 {
        number(&self.object, "type").unwrap_or_default()
    }

    pub(super) fn is_thread(&self) -> bool {
        matches!(self.kind(), 11 | 12)
    }
}

/// A button press or a submitted form.
pub(super) struct Interaction {
    pub(super) token: String,
    pub(super) kind: u64,
    pub(super) person: u64,
    pub(super) channel: u64,
    /// The message that contains the pressed button.
    pub(super) message: Option<u64>,
    pub(super) created: Instant,
    /// The type of the bot's first response; `None` before that response.
    pub(super) answered: Option<u64>,
    /// The form with which the bot responded.
    pub(super) modal: Option<Value>,
    /// The message with which the bot responded.
    pub(super) original: Option<u64>,
    /// Whether the message `original` still shows "thinking".
    pub(super) thinking: bool,
    /// The bodies of all responses of the bot.
    pub(super) answers: Vec<Value>,
}

/// The state of the server.
pub(super) struct State {
    pub(super) api_port: u16,
    pub(super) gateway_port: u16,
    pub(super) bot: u64,
    pub(super) token: String,
    pub(super) guild: u64,
    pub(super) room: u64,
    pub(super) bot_role: u64,
    pub(super) permissions: u64,
    pub(super) users: BTreeMap<u64, Value>,
    pub(super) channels: BTreeMap<u64, Channel>,
    /// Messages that only one person sees, each with its channel.
    pub(super) hidden: BTreeMap<u64, (u64, Value)>,
    /// Messages that responses contain in place of the stored ones, by channel and message.
    pub(super) planted: HashMap<(u64, u64), Value>,
    /// People who refuse direct messages.
    pub(super) closed_dms: BTreeSet<u64>,
    /// Nonces with their messages, newest last: author, nonce, channel, message, time.
    pub(super) nonces: VecDeque<(u64, String, u64, u64, Instant)>,
    pub(super) nonce_window: Duration,
    pub(super) files: HashMap<u64, Stored>,
    pub(super) upload_limit: usize,
    pub(super) interactions: BTreeMap<u64, Interaction>,
    /// Commands by guild; 0 for the global ones.
    pub(super) commands: BTreeMap<u64, Vec<Value>>,
    pub(super) calls: Vec<Call>,
    pub(super) faults: Faults,
    /// The rate limit of each route: requests and period.
    pub(super) route_limit: Option<(u32, Duration)>,
    /// When the window of a route began, and its number of requests.
    pub(super) buckets: HashMap<String, (Instant, u32)>,
    /// The privileged intents that the application may use.
    pub(super) privileged: u64,
    pub(super) heartbeat: Duration,
    pub(super) replay_limit: usize,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) connections: Vec<UnboundedSender<Out>>,
    pub(super) refusal: Option<Refusal>,
    /// How many sessions may still be started, and the time until the limit is reset.
    pub(super) starts: Option<(usize, Duration)>,
    pub(super) identifies: usize,
    pub(super) resumes: usize,
    pub(super) heartbeats: usize,
    pub(super) intents: Option<u64>,
    last_id: u64,
}

impl State {
    fn new(api_port: u16, gateway_port: u16) -> Self {
        let mut state = Self {
            api_port,
            gateway_port,
            bot: 0,
            token: String::new(),
            guild: 0,
            room: 0,
            bot_role: 0,
            // The administrator permission includes all others.
            permissions: objects::ADMINISTRATOR,
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            hidden: BTreeMap::new(),
            planted: HashMap::new(),
            closed_dms: BTreeSet::new(),
            nonces: VecDeque::new(),
            nonce_window: Duration::from_secs(300),
            files: HashMap::new(),
            upload_limit: 10 << 20,
            interactions: BTreeMap::new(),
            commands: BTreeMap::new(),
            calls: Vec::new(),
            faults: Faults::default(),
            route_limit: None,
            buckets: HashMap::new(),
            privileged: objects::MESSAGE_CONTENT,
            heartbeat: Duration::from_secs(2),
            replay_limit: 1000,
            sessions: BTreeMap::new(),
            connections: Vec::new(),
            refusal: None,
            starts: None,
            identifies: 0,
            resumes: 0,
            heartbeats: 0,
            intents: None,
            last_id: 0,
        };
        state.bot = state.new_id();
        state.guild = state.new_id();
        state.room = state.new_id();
        state.bot_role = state.new_id();
        let start = STANDARD_NO_PAD.encode(state.bot.to_string());
        state.token = format!("{start}.Gst4nd.1n-0f-D1sc0rd_f0r-Tests_0nly-x00");
        let bot = objects::user(state.bot, "helpline", Some("Helpline"), true);
        state.users.insert(state.bot, bot);
        let room = Channel::new(objects::room(state.room, state.guild), None);
        state.channels.insert(state.room, room);
        state
    }

    /// Creates an id that encodes the time and is higher than all earlier ids.
    pub(super) fn new_id(&mut self) -> u64 {
        let fresh = objects::now_ms().saturating_sub(EPOCH) << 22;
        self.last_id = fresh.max(self.last_id + 1);
        self.last_id
    }

    pub(super) fn user(&self, id: u64) -> Value {
        self.users.get(&id).cloned().unwrap_or_default()
    }

    /// Returns the direct channel of a person, creating it if necessary.
    pub(super) fn dm_of(&mut self, person: u64) -> u64 {
        let known = self
            .channels
            .iter()
            .find(|(_, channel)| channel.recipient == Some(person));
        if let Some((id, _)) = known {
            return *id;
        }
        let id = self.new_id();
        let object = objects::direct_channel(id, &self.user(person));
        self.channels.insert(id, Channel::new(object, Some(person)));
        id
    }

    /// Returns whether the bot has all these permissions in the guild.
    pub(super) fn may(&self, permissions: u64) -> bool {
        let all = self.permissions;
        all & objects::ADMINISTRATOR != 0 || all & permissions == permissions
    }

    /// Returns whether the bot can see the channel.
    pub(super) fn sees(&self, id: u64) -> bool {
        let Some(channel) = self.channels.get(&id) else {
            return false;
        };
        match channel.kind() {
            1 => true,
            12 => {
                let member = channel.members.contains_key(&self.bot) || self.may(objects::MANAGE_THREADS);
                member && self.may(objects::VIEW_CHANNEL)
            }
            _ => self.may(objects::VIEW_CHANNEL),
        }
    }

    /// Finds a message in any channel, and returns it with its channel.
    pub(super) fn message(&self, id: u64) -> Option<(u64, Value)> {
        if let Some((channel, message)) = self.hidden.get(&id) {
            return Some((*channel, message.clone()));
        }
        self.channels.iter().find_map(|(channel, object)| {
            let message = object.messages.get(&id)?;
            Some((*channel, message.clone()))
        })
    }

    /// Stores a file and returns the attachment.
    pub(super) fn store(&mut self, channel: u64, name: &str, stored: Stored) -> Value {
        let id = self.new_id();
        let name_in_url = objects::escaped(name);
        let url = format!(
            "http://127.0.0.1:{}/cdn/attachments/{channel}/{id}/{name_in_url}",
            self.api_port
        );
        let attachment = json!({
            "id": id.to_string(),
            "filename": name,
            "size": stored.size,
            "url": url,
            "proxy_url": url,
            "content_type": stored.content_type,
        });
        self.files.insert(id, stored);
        attachment
    }

    /// Adds a message to its channel and sends the event.
    pub(super) fn publish(&mut self, channel: u64, id: u64, message: Value) {
        let author = number(at(&message, "author"), "id").unwrap_or_default();
        let now = objects::timestamp(objects::now_ms());
        if let Some(place) = self.channels.get_mut(&channel) {
            set(&mut place.object, "last_message_id", id.to_string());
            if place.is_thread() {
                for counter in ["message_count", "total_message_sent"] {
                    let count = number(&place.object, counter).unwrap_or_default() + 1;
                    set(&mut place.object, counter, count);
                }
                let user = self.users.contains_key(&author).then_some(author);
                if let Some(user) = user {
                    let member = objects::thread_member(channel, user, &now);
                    place.members.entry(user).or_insert(member);
                    let count = place.members.len();
                    set(&mut place.object, "member_count", count);
                }
            }
            place.messages.insert(id, message.clone());
        }
        self.announce("MESSAGE_CREATE", channel, &message);
    }

    /// Sends a message event to the bot if the bot can see the channel.
    pub(super) fn announce(&mut self, event: &str, channel: u64, message: &Value) {
        if !self.sees(channel) {
            return;
        }
        let direct = self.channels.get(&channel).is_some_and(|place| place.kind() == 1);
        let mut data = message.clone();
        if direct {
            self.dispatch(event, objects::DIRECT_MESSAGES, &data, false);
            return;
        }
        set(&mut data, "guild_id", self.guild.to_string());
        let author = number(at(message, "author"), "id").unwrap_or_default();
        let is_member = self.users.contains_key(&author) && message.get("webhook_id").is_none();
        if is_member {
            let mut member = self.member(author);
            if let Some(fields) = member.as_object_mut() {
                fields.remove("user");
            }
            set(&mut data, "member", member);
        }
        let content_is_free = author == self.bot || self.mentions_bot(message);
        self.dispatch(event, objects::GUILD_MESSAGES, &data, !content_is_free);
    }

    /// Returns whether the message mentions the bot.
    pub(super) fn mentions_bot(&self, message: &Value) -> bool {
        let mentions = at(message, "mentions").as_array().into_iter().flatten();
        mentions
            .into_iter()
            .any(|user| number(user, "id") == Some(self.bot))
    }
}
