//! The state of the stand-in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Call, Fault, Stored};

/// Returns the current time by Telegram's own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "Telegram's clock is not the clock of the program under test"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// Returns the current time in seconds since 1970.
pub(super) fn unix_now() -> i64 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The identifier of the first update.
pub(super) const FIRST_UPDATE: i64 = 700_000_001;

/// Suffixes that are appended to a photo's file identifier to identify its smaller sizes.
pub(super) const SMALLER: [&str; 3] = ["-s", "-m", "-t"];

/// The state shared by the server's tasks and the test.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

impl Server {
    pub(super) fn new(port: u16) -> Self {
        Self {
            port,
            state: Mutex::new(State::default()),
            changed: watch::Sender::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes all tasks that wait for a change.
    pub(super) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.lock());
        self.changed
            .send_modify(|version| *version = version.wrapping_add(1));
        result
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// A pending update.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) id: i64,
    /// When the update was created, in seconds since 1970.
    pub(super) since: i64,
    /// The update as sent.
    pub(super) json: String,
}

/// The bot's membership in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Member,
    Blocked,
    Deactivated,
    Left,
}

#[derive(Debug)]
pub(super) struct Chat {
    /// The documented Chat object.
    pub(super) info: Map<String, Value>,
    /// The other party of a private chat.
    pub(super) user: Option<Map<String, Value>>,
    pub(super) standing: Standing,
    pub(super) last_message: i64,
    pub(super) messages: BTreeMap<i64, Value>,
    /// The bot's own messages, in order.
    pub(super) sent: Vec<i64>,
    /// The identifier of the latest update about each message, by message identifier.
    pub(super) updates: BTreeMap<i64, i64>,
}

impl Chat {
    pub(super) fn private(id: i64, first_name: &str) -> Self {
        let user = json!({ "id": id, "is_bot": false, "first_name": first_name });
        let info = json!({ "id": id, "type": "private", "first_name": first_name });
        Self {
            user: Some(object(user)),
            ..Self::new(object(info))
        }
    }

    pub(super) fn group(id: i64, title: &str) -> Self {
        // Identifiers of supergroups start with -100 and have at least 13 digits.
        let kind = if id <= -1_000_000_000_000 {
            "supergroup"
        } else {
            "group"
        };
        Self::new(object(json!({ "id": id, "type": kind, "title": title })))
    }

    fn new(info: Map<String, Value>) -> Self {
        Self {
            info,
            user: None,
            standing: Standing::Member,
            last_message: 0,
            messages: BTreeMap::new(),
            sent: Vec::new(),
            updates: BTreeMap::new(),
        }
    }

    pub(super) fn is_private(&self) -> bool {
        self.user.is_some()
    }

    pub(super) fn next_message(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }
}

/// A file on the server.
#[derive(Clone, Debug)]
pub(super) struct FileEntry {
    pub(super) stored: Stored,
    pub(super) path: String,
    /// The content; `None` if only the size is stored.
    pub(super) bytes: Option<Arc<[u8]>>,
}

/// The current webhook.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) max_connections: usize,
    pub(super) own_certificate: bool,
    pub(super) client: reqwest::Client,
    /// Distinguishes this webhook from earlier ones.
    pub(super) epoch: u64,
    pub(super) last_error: Option<(i64, String)>,
}

/// A fault for the next requests of a method.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) method: String,
    pub(super) fault: Fault,
    pub(super) left: usize,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) next_update: i64,
    pub(super) queue: VecDeque<Pending>,
    /// The most recently confirmed updates. A faulty server delivers some of them again.
    pub(super) gone: VecDeque<Pending>,
    pub(super) confirmed: i64,
    pub(super) allowed: Vec<String>,
    pub(super) retention: Duration,
    /// The number of the latest getUpdates request. Earlier requests must end.
    pub(super) poll: u64,
    pub(super) offsets: Vec<i64>,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) files: BTreeMap<String, FileEntry>,
    serial: u64,
    pub(super) calls: Vec<Call>,
    pub(super) webhook: Option<Webhook>,
    pub(super) webhook_epoch: u64,
    pub(super) webhook_parallel: usize,
    pub(super) webhook_timeout: Duration,
    pub(super) attempts: BTreeMap<i64, u32>,
    pub(super) rules: Vec<Rule>,
    pub(super) chaos_one_in: u32,
    pub(super) chaos_requests: u32,
    pub(super) chaos_turn: usize,
    pub(super) duplicate: bool,
    pub(super) reorder: bool,
    pub(super) freeze: bool,
    random: u64,
    /// Lists of commands, by scope and language.
    pub(super) commands: BTreeMap<String, Value>,
    /// The bot's name and descriptions, by kind and language.
    pub(super) profile: BTreeMap<String, String>,
    /// Callback queries that the bot has not answered yet.
    pub(super) queries: BTreeSet<String>,
    pub(super) utf16_lengths: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            next_update: FIRST_UPDATE,
            queue: VecDeque::new(),
            gone: VecDeque::new(),
            confirmed: 0,
            allowed: Vec::new(),
            retention: Duration::from_secs(24 * 60 * 60),
            poll: 0,
            offsets: Vec::new(),
            chats: BTreeMap::new(),
            files: BTreeMap::new(),
            serial: 0,
            calls: Vec::new(),
            webhook: None,
            webhook_epoch: 0,
            webhook_parallel: 1,
            webhook_timeout: Duration::from_secs(10),
            attempts: BTreeMap::new(),
            rules: Vec::new(),
            chaos_one_in: 0,
            chaos_requests: 0,
            chaos_turn: 0,
            duplicate: false,
            reorder: false,
            freeze: false,
            random: 4242,
            commands: BTreeMap::new(),
            profile: BTreeMap::new(),
            queries: BTreeSet::new(),
            utf16_lengths: false,
        }
    }
}

impl State {
    /// Returns a unique number.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Returns a pseudo-random number below `limit`. The sequence is the same in every run.
    pub(super) fn roll(&mut self, limit: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(self.random >> 33).unwrap_or(0);
        number.checked_rem(limit).unwrap_or(0)
    }

    /// Shuffles a list pseudo-randomly.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.roll(last + 1);
            list.swap(last, other);
        }
    }

    /// Takes the fault for a request of this method, if there is one.
    pub(super) fn next_fault(&mut self, method: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.left > 0
                && (rule.method == "any" || rule.method == "*" || rule.method.eq_ignore_ascii_case(method))
        });
        if let Some(rule) = rule {
            rule.left = rule.left.saturating_sub(1);
            let fault = rule.fault.clone();
            self.rules.retain(|rule| rule.left > 0);
            return Some(fault);
        }
        if self.chaos_one_in == 0 {
            return None;
        }
        self.chaos_requests += 1;
        if self.chaos_requests < self.chaos_one_in {
            return None;
        }
        self.chaos_requests = 0;
        let faults = [
            Fault::Drop,
            Fault::DropAfter,
            Fault::Delay(Duration::from_millis(50)),
            Fault::TooMany { retry_after: 1 },
            Fault::Garbage,
            Fault::HalfBody,
        ];
        let turn = self.chaos_turn % faults.len();
        self.chaos_turn = turn + 1;
        faults.get(turn).cloned()
    }

    /// Stores a file. Without `bytes`, only the size is stored.
    pub(super) fn keep_file(
        &mut self,
        folder: &str,
        name: &str,
        size: u64,
        bytes: Option<Arc<[u8]>>,
    ) -> Stored {
        let serial = self.serial();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let path = match extension {
            Some(extension) => format!("{folder}/file_{serial}.{extension}"),
            None => format!("{folder}/file_{serial}"),
        };
        let stored = Stored {
            file_id: format!("BQACAgQAAxkBAAI{serial:06}-stand_in"),
            file_unique_id: format!("AgADs{serial:06}"),
            name: name.to_owned(),
            size,
        };
        let entry = FileEntry {
            stored: stored.clone(),
            path,
            bytes,
        };
        self.files.insert(stored.file_id.clone(), entry);
        stored
    }

    /// Finds the file with this identifier. The identifier of a smaller size finds the same file.
    pub(super) fn find_file(&self, id: &str) -> Option<&FileEntry> {
        let smaller = SMALLER.iter().find_map(|name| id.strip_suffix(name));
        self.files.get(smaller.unwrap_or(id))
    }

    /// Returns the chat with a person, creating it if necessary.
    pub(super) fn private_chat(&mut self, id: i64) -> &mut Chat {
        self.chats
            .entry(id)
            .or_insert_with(|| Chat::private(id, "Person"))
    }

    /// Returns the group with this identifier, creating it if necessary.
    pub(super) fn group_chat(&mut self, id: i64) -> &mut Chat {
        self.chats.entry(id).or_insert_with(|| Chat::group(id, "Group"))
    }

    /// Returns the User object of a person.
    pub(super) fn user(&mut self, id: i64) -> Value {
        let user = self.private_chat(id).user.clone();
        Value::Object(user.unwrap_or_default())
    }
}

/// Returns the map of a JSON object; empty for other values.
pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value {
        map
    } else {
        Map::new()
    }
}

/// Replaces fields of `base` by those of `over`.
pub(super) fn overlay(base: &mut Map<String, Value>, over: &Value) {
    if let Some(over) = over.as_object() {
        base.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}
