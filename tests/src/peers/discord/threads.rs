//! Threads: creates, changes and lists them.

use serde_json::{Value, json};

use super::messages::{check_name, unknown_message};
use super::objects::{self, at, merge, number, set, text};
use super::rest::{self, Answer, Ask, Reply, done, id, no_content, not_found};
use super::state::{Channel, State};

/// The allowed auto-archive durations, in minutes.
const DURATIONS: [u64; 4] = [60, 1440, 4320, 10080];

fn is_archived(object: &Value) -> bool {
    at(at(object, "thread_metadata"), "archived") == true
}

fn archived_at(object: &Value) -> &str {
    text(at(object, "thread_metadata"), "archive_timestamp")
}

impl State {
    pub(super) fn thread_route(&mut self, ask: &Ask, channel: u64, rest: &[&str]) -> Answer {
        let kind = self.channels.get(&channel).map_or(0, Channel::kind);
        match (ask.method.as_str(), rest) {
            ("POST", ["threads"]) => self.create_thread(channel, &ask.body),
            ("GET", ["threads", "archived", "public"]) => Ok(self.archive(ask, channel, 11, false)),
            ("GET", ["threads", "archived", "private"]) => {
                if !self.may(objects::MANAGE_THREADS | objects::READ_MESSAGE_HISTORY) {
                    return Err(rest::missing_permissions());
                }
                Ok(self.archive(ask, channel, 12, false))
            }
            ("GET", ["users", "@me", "threads", "archived", "private"]) => {
                Ok(self.archive(ask, channel, 12, true))
            }
            (_, ["thread-members", ..]) if !matches!(kind, 11 | 12) => Err(Reply::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            )),
            ("GET", ["thread-members"]) => {
                let members = self
                    .channels
                    .get(&channel)
                    .map(|place| place.members.values().cloned());
                done(members.into_iter().flatten().collect::<Vec<_>>().into())
            }
            ("PUT", ["thread-members", user]) => {
                let user = if *user == "@me" { self.bot } else { id(user) };
                self.add_member(channel, user)
            }
            ("DELETE", ["thread-members", user]) => {
                let user = if *user == "@me" { self.bot } else { id(user) };
                self.remove_member(channel, user)
            }
            ("GET", ["thread-members", user]) => {
                let user = if *user == "@me" { self.bot } else { id(user) };
                let member = self
                    .channels
                    .get(&channel)
                    .and_then(|place| place.members.get(&user));
                member
                    .cloned()
                    .map_or_else(|| Err(Reply::error(404, 10007, "Unknown Member")), done)
            }
            _ => Err(not_found()),
        }
    }

    pub(super) fn active_threads(&self) -> Value {
        self.with_members(self.threads(|object| !is_archived(object)))
    }

    fn with_members(&self, threads: Vec<Value>) -> Value {
        let members: Vec<Value> = threads
            .iter()
            .filter_map(|thread| thread.get("member").cloned())
            .collect();
        json!({ "threads": threads, "members": members, "has_more": false })
    }

    fn archive(&self, ask: &Ask, channel: u64, kind: u64, joined: bool) -> Reply {
        let before = ask.parameter("before").unwrap_or_default();
        let before_id = before.parse::<u64>().ok().filter(|_| joined);
        let mut found = self.threads(|object| {
            let own = number(object, "id").unwrap_or_default();
            let older = match before_id {
                Some(before) => own < before,
                None => before.is_empty() || archived_at(object) < before,
            };
            let mine = self
                .channels
                .get(&own)
                .is_some_and(|place| place.members.contains_key(&self.bot));
            is_archived(object)
                && number(object, "parent_id") == Some(channel)
                && number(object, "type") == Some(kind)
                && older
                && (mine || !joined)
        });
        if !joined {
            found.sort_by(|one, other| archived_at(other).cmp(archived_at(one)));
        }
        let limit = ask
            .number("limit")
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(50);
        let more = found.len() > limit;
        found.truncate(limit);
        let mut body = self.with_members(found);
        set(&mut body, "has_more", more);
        Reply::new(200, body)
    }

    fn create_thread(&mut self, channel: u64, body: &Value) -> Answer {
        let kind = number(body, "type").unwrap_or(12);
        let needed = match kind {
            11 => objects::CREATE_PUBLIC_THREADS,
            12 => objects::CREATE_PRIVATE_THREADS,
            _ => {
                let message = "Value must be one of {10, 11, 12}.";
                return Err(Reply::form("type", "BASE_TYPE_CHOICES", message));
            }
        };
        let thread = self.new_id();
        let object = self.open_thread(channel, thread, kind, needed, body)?;
        if kind == 11 {
            let mut notice = objects::message(thread, channel, &self.user(self.bot));
            set(&mut notice, "type", 18);
            set(&mut notice, "content", text(&object, "name"));
            let reference = json!({ "channel_id": thread.to_string(), "guild_id": self.guild.to_string() });
            set(&mut notice, "message_reference", reference);
            self.publish(channel, thread, notice);
        }
        Ok(Reply::new(201, object))
    }

    pub(super) fn thread_of_message(&mut self, ask: &Ask, channel: u64, message: u64) -> Answer {
        if ask.method != "POST" {
            return Err(not_found());
        }
        let known = self
            .channels
            .get(&channel)
            .and_then(|place| place.messages.get(&message));
        let Some(mut started) = known.cloned() else {
            return Err(unknown_message());
        };
        if self.channels.contains_key(&message) {
            let text = "A thread has already been created for this message";
            return Err(Reply::error(400, 160_004, text));
        }
        let object = self.open_thread(channel, message, 11, objects::CREATE_PUBLIC_THREADS, &ask.body)?;
        let flags = number(&started, "flags").unwrap_or_default() | 1 << 5;
        set(&mut started, "flags", flags);
        set(&mut started, "thread", object.clone());
        self.replace(channel, message, started);
        Ok(Reply::new(201, object))
    }

    /// Creates a thread in a channel and sends the event.
    fn open_thread(
        &mut self,
        parent: u64,
        thread: u64,
        kind: u64,
        needed: u64,
        body: &Value,
    ) -> Result<Value, Reply> {
        if self.channels.get(&parent).is_none_or(|place| place.kind() != 0) {
            return Err(Reply::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        if !self.may(needed) {
            return Err(rest::missing_permissions());
        }
        check_name(text(body, "name"))?;
        let duration = number(body, "auto_archive_duration").unwrap_or(4320);
        check_duration(duration)?;
        let now = objects::timestamp(objects::now_ms());
        let mut metadata = json!({
            "archived": false,
            "archive_timestamp": now,
            "auto_archive_duration": duration,
            "locked": false,
            "create_timestamp": now,
        });
        if kind == 12 {
            set(
                &mut metadata,
                "invitable",
                at(body, "invitable").as_bool().unwrap_or(true),
            );
        }
        let object = json!({
            "id": thread.to_string(),
            "type": kind,
            "guild_id": self.guild.to_string(),
            "parent_id": parent.to_string(),
            "owner_id": self.bot.to_string(),
            "name": text(body, "name").trim(),
            "last_message_id": null,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "rate_limit_per_user": number(body, "rate_limit_per_user").unwrap_or_default(),
            "flags": 0,
            "thread_metadata": metadata,
        });
        let mut place = Channel::new(object, None);
        place
            .members
            .insert(self.bot, objects::thread_member(thread, self.bot, &now));
        self.channels.insert(thread, place);
        let object = self.channel_view(thread);
        let mut event = object.clone();
        set(&mut event, "newly_created", true);
        self.dispatch("THREAD_CREATE", objects::GUILDS, &event, false);
        Ok(object)
    }

    pub(super) fn edit_thread(&mut self, thread: u64, body: &Value) -> Answer {
        let Some(place) = self.channels.get(&thread) else {
            return Err(not_found());
        };
        let manages = self.may(objects::MANAGE_THREADS);
        let owns = number(&place.object, "owner_id") == Some(self.bot);
        let metadata = at(&place.object, "thread_metadata");
        let locks = body
            .get("locked")
            .is_some_and(|locked| locked != at(metadata, "locked"));
        if !manages && (!owns || locks || at(metadata, "locked") == true) {
            return Err(rest::missing_permissions());
        }
        if is_archived(&place.object) && at(body, "archived") != false {
            return Err(Reply::error(400, 50083, "Thread is archived"));
        }
        if let Some(duration) = number(body, "auto_archive_duration") {
            check_duration(duration)?;
        }
        self.set_thread(thread, body);
        done(self.channel_view(thread))
    }

    /// Changes a thread and sends the event.
    pub(super) fn set_thread(&mut self, thread: u64, changes: &Value) {
        let Some(place) = self.channels.get_mut(&thread) else {
            return;
        };
        let mut metadata = at(&place.object, "thread_metadata").clone();
        let was = at(&metadata, "archived").clone();
        for field in ["archived", "locked", "auto_archive_duration", "invitable"] {
            if let Some(value) = changes.get(field) {
                set(&mut metadata, field, value.clone());
            }
        }
        if *at(&metadata, "archived") != was {
            set(
                &mut metadata,
                "archive_timestamp",
                objects::timestamp(objects::now_ms()),
            );
        }
        set(&mut place.object, "thread_metadata", metadata);
        for field in ["name", "rate_limit_per_user"] {
            if let Some(value) = changes.get(field) {
                set(&mut place.object, field, value.clone());
            }
        }
        if self.sees(thread) {
            let object = self.channel_view(thread);
            self.dispatch("THREAD_UPDATE", objects::GUILDS, &object, false);
        }
    }

    /// Takes a thread out of the archive, as a new message does.
    pub(super) fn revive(&mut self, channel: u64) {
        let archived = self
            .channels
            .get(&channel)
            .is_some_and(|place| is_archived(&place.object));
        if archived {
            self.set_thread(channel, &json!({ "archived": false }));
        }
    }

    fn add_member(&mut self, thread: u64, user: u64) -> Answer {
        if !self.users.contains_key(&user) {
            return Err(Reply::error(404, 10013, "Unknown User"));
        }
        if self
            .channels
            .get(&thread)
            .is_some_and(|place| is_archived(&place.object))
        {
            return Err(Reply::error(400, 50083, "Thread is archived"));
        }
        if user != self.bot && !self.may(objects::SEND_MESSAGES_IN_THREADS) {
            return Err(rest::missing_permissions());
        }
        let now = objects::timestamp(objects::now_ms());
        let member = objects::thread_member(thread, user, &now);
        let known = self.channels.get_mut(&thread).and_then(|place| {
            let known = place.members.insert(user, member.clone());
            let count = place.members.len();
            set(&mut place.object, "member_count", count);
            known
        });
        if known.is_none() {
            let mut added = member;
            merge(
                &mut added,
                json!({ "member": self.member(user), "presence": null })
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            );
            self.members_changed(thread, json!({ "added_members": [added] }));
            if user != self.bot {
                // The system message about the added member.
                let notice_id = self.new_id();
                let mut notice = objects::message(notice_id, thread, &self.user(self.bot));
                set(&mut notice, "type", 1);
                set(&mut notice, "mentions", json!([self.user(user)]));
                self.publish(thread, notice_id, notice);
            }
        }
        no_content()
    }

    fn remove_member(&mut self, thread: u64, user: u64) -> Answer {
        if user != self.bot && !self.may(objects::MANAGE_THREADS) {
            return Err(rest::missing_permissions());
        }
        let removed = self.channels.get_mut(&thread).and_then(|place| {
            let removed = place.members.remove(&user);
            let count = place.members.len();
            set(&mut place.object, "member_count", count);
            removed
        });
        if removed.is_some() {
            self.members_changed(thread, json!({ "removed_member_ids": [user.to_string()] }));
        }
        no_content()
    }

    fn members_changed(&mut self, thread: u64, change: Value) {
        let count = self.channels.get(&thread).map_or(0, |place| place.members.len());
        let mut data = json!({
            "id": thread.to_string(),
            "guild_id": self.guild.to_string(),
            "member_count": count.min(50),
        });
        if let Value::Object(fields) = change {
            merge(&mut data, fields);
        }
        self.dispatch("THREAD_MEMBERS_UPDATE", objects::GUILD_MEMBERS, &data, false);
    }
}

fn check_duration(minutes: u64) -> Result<(), Reply> {
    if DURATIONS.contains(&minutes) {
        return Ok(());
    }
    let message = "Value must be one of {60, 1440, 4320, 10080}.";
    Err(Reply::form("auto_archive_duration", "BASE_TYPE_CHOICES", message))
}
