//! Channels and their messages.

use std::time::Instant;

use serde_json::{Value, json};

use super::objects::{self, at, list, merge, number, set, text};
use super::rest::{self, Answer, Ask, Reply, done, id, no_content, not_found};
use super::state::State;

fn unknown_channel() -> Reply {
    Reply::error(404, 10003, "Unknown Channel")
}

pub(super) fn unknown_message() -> Reply {
    Reply::error(404, 10008, "Unknown Message")
}

impl State {
    pub(super) fn channel_route(&mut self, ask: &Ask, channel: u64, rest: &[&str]) -> Answer {
        let Some(kind) = self.channels.get(&channel).map(|place| place.kind()) else {
            return Err(unknown_channel());
        };
        if !self.sees(channel) {
            return Err(rest::missing_access());
        }
        match (ask.method.as_str(), rest) {
            ("GET", []) => done(self.channel_view(channel)),
            ("PATCH", []) => self.edit_channel(channel, &ask.body),
            ("GET", ["messages"]) => self.listing(ask, channel),
            ("POST", ["messages"]) => self.create_message(ask, channel),
            ("GET", ["messages", message]) => {
                self.may_read(kind)?;
                self.shown(channel, id(message))
                    .map_or_else(|| Err(unknown_message()), done)
            }
            ("PATCH", ["messages", message]) => self.edit_message(ask, channel, id(message)),
            ("DELETE", ["messages", message]) => self.delete_message(channel, id(message)),
            ("POST", ["typing"]) => {
                self.may_send(channel)?;
                no_content()
            }
            (_, ["messages", message, "threads"]) => self.thread_of_message(ask, channel, id(message)),
            (_, ["threads" | "thread-members", ..] | ["users", "@me", "threads", ..]) => {
                self.thread_route(ask, channel, rest)
            }
            _ => Err(not_found()),
        }
    }

    fn may_read(&self, kind: u64) -> Result<(), Reply> {
        let may = kind == 1 || self.may(objects::READ_MESSAGE_HISTORY);
        if may {
            Ok(())
        } else {
            Err(rest::missing_permissions())
        }
    }

    /// Checks that the bot may send into the channel.
    pub(super) fn may_send(&self, channel: u64) -> Result<(), Reply> {
        let Some(place) = self.channels.get(&channel) else {
            return Err(unknown_channel());
        };
        if let Some(person) = place.recipient {
            return if self.closed_dms.contains(&person) {
                Err(Reply::error(403, 50007, "Cannot send messages to this user"))
            } else {
                Ok(())
            };
        }
        let needed = if place.is_thread() {
            objects::SEND_MESSAGES_IN_THREADS
        } else {
            objects::SEND_MESSAGES
        };
        if !self.may(needed) {
            return Err(rest::missing_permissions());
        }
        let locked = at(at(&place.object, "thread_metadata"), "locked") == true;
        if locked && !self.may(objects::MANAGE_THREADS) {
            return Err(Reply::error(400, 160_005, "This thread is locked"));
        }
        Ok(())
    }

    /// Returns a message in the form in which the REST API returns it.
    fn shown(&self, channel: u64, message: u64) -> Option<Value> {
        let own = self.channels.get(&channel)?.messages.get(&message)?;
        if let Some(planted) = self.planted.get(&(channel, message)) {
            return Some(planted.clone());
        }
        let place = self.channels.get(&channel)?;
        let author = number(at(own, "author"), "id");
        let open = place.kind() == 1
            || self.privileged & objects::MESSAGE_CONTENT != 0
            || author == Some(self.bot)
            || self.mentions_bot(own);
        Some(if open {
            own.clone()
        } else {
            objects::without_content(own)
        })
    }

    fn listing(&self, ask: &Ask, channel: u64) -> Answer {
        let limit = match ask.parameter("limit") {
            None => 50,
            Some(limit) => match limit.parse::<usize>() {
                Ok(limit @ 1..=100) => limit,
                Ok(_) | Err(_) => {
                    let message = "int value should be between 1 and 100.";
                    return Err(Reply::form("limit", "NUMBER_TYPE_MAX", message));
                }
            },
        };
        let Some(place) = self.channels.get(&channel) else {
            return Err(unknown_channel());
        };
        if place.kind() != 1 && !self.may(objects::READ_MESSAGE_HISTORY) {
            return done(json!([]));
        }
        let older =
            |than: u64, limit: usize| place.messages.range(..than).rev().take(limit).map(|(id, _)| *id);
        let newer = |than: u64, limit: usize| {
            let mut ids: Vec<u64> = place
                .messages
                .range(than.saturating_add(1)..)
                .take(limit)
                .map(|(id, _)| *id)
                .collect();
            ids.reverse();
            ids
        };
        let ids: Vec<u64> = if let Some(around) = ask.number("around") {
            let mut ids = newer(around, limit / 2);
            ids.extend(older(around.saturating_add(1), limit - limit / 2));
            ids
        } else if let Some(before) = ask.number("before") {
            older(before, limit).collect()
        } else if let Some(after) = ask.number("after") {
            newer(after, limit)
        } else {
            older(u64::MAX, limit).collect()
        };
        let messages: Vec<Value> = ids.into_iter().filter_map(|id| self.shown(channel, id)).collect();
        done(messages.into())
    }

    fn create_message(&mut self, ask: &Ask, channel: u64) -> Answer {
        self.may_send(channel)?;
        let nonce = at(&ask.body, "nonce");
        let nonce_text = nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned);
        if nonce_text.chars().count() > 25 {
            let message = "Must be 25 or fewer in length.";
            return Err(Reply::form("nonce", "BASE_TYPE_MAX_LENGTH", message));
        }
        let window = self.nonce_window;
        self.nonces.retain(|(.., at)| at.elapsed() < window);
        if at(&ask.body, "enforce_nonce") == true && !nonce.is_null() {
            let same = self
                .nonces
                .iter()
                .find(|(author, known, ..)| *author == self.bot && *known == nonce_text);
            let first = same.and_then(|(_, _, channel, message, _)| self.shown(*channel, *message));
            if let Some(mut first) = first {
                set(&mut first, "nonce", nonce.clone());
                return done(first);
            }
        }
        let fields = self.fields(channel, &ask.body, &ask.files)?;
        let message_id = self.new_id();
        let mut message = objects::message(message_id, channel, &self.user(self.bot));
        merge(&mut message, fields);
        self.refer(&mut message, &ask.body)?;
        if is_empty(&message) {
            return Err(Reply::error(400, 50006, "Cannot send an empty message"));
        }
        if !nonce.is_null() {
            set(&mut message, "nonce", nonce.clone());
            self.nonces
                .push_back((self.bot, nonce_text, channel, message_id, Instant::now()));
        }
        self.revive(channel);
        self.publish(channel, message_id, message.clone());
        // Only the response and the event contain the nonce.
        let kept = self
            .channels
            .get_mut(&channel)
            .and_then(|place| place.messages.get_mut(&message_id));
        if let Some(fields) = kept.and_then(Value::as_object_mut) {
            fields.remove("nonce");
        }
        done(message)
    }

    fn edit_message(&mut self, ask: &Ask, channel: u64, message: u64) -> Answer {
        let known = self
            .channels
            .get(&channel)
            .and_then(|place| place.messages.get(&message));
        let Some(mut edited) = known.cloned() else {
            return Err(unknown_message());
        };
        if number(at(&edited, "author"), "id") != Some(self.bot) {
            return Err(Reply::error(
                403,
                50005,
                "Cannot edit a message authored by another user",
            ));
        }
        self.change(&mut edited, ask)?;
        self.replace(channel, message, edited.clone());
        done(edited)
    }

    /// Applies the fields of a request to a message of the bot.
    pub(super) fn change(&mut self, message: &mut Value, ask: &Ask) -> Result<(), Reply> {
        let channel = number(message, "channel_id").unwrap_or_default();
        let mut fields = self.fields(channel, &ask.body, &ask.files)?;
        let kept: Option<Vec<u64>> = at(&ask.body, "attachments")
            .as_array()
            .map(|all| all.iter().filter_map(|a| number(a, "id")).collect());
        let stays = |attachment: &&Value| {
            let id = number(attachment, "id").unwrap_or_default();
            kept.as_ref().is_none_or(|kept| kept.contains(&id))
        };
        let mut attachments: Vec<Value> = list(message, "attachments")
            .iter()
            .filter(stays)
            .cloned()
            .collect();
        attachments.extend(
            fields
                .remove("attachments")
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .cloned(),
        );
        merge(message, fields);
        set(message, "attachments", attachments);
        if is_empty(message) {
            return Err(Reply::error(400, 50006, "Cannot send an empty message"));
        }
        set(message, "edited_timestamp", objects::timestamp(objects::now_ms()));
        Ok(())
    }

    /// Replaces a message with its edited version and sends the event.
    pub(super) fn replace(&mut self, channel: u64, message: u64, edited: Value) {
        if let Some(place) = self.channels.get_mut(&channel) {
            place.messages.insert(message, edited.clone());
        }
        self.announce("MESSAGE_UPDATE", channel, &edited);
    }

    fn delete_message(&mut self, channel: u64, message: u64) -> Answer {
        let place = self.channels.get(&channel);
        let Some((place, known)) = place.and_then(|place| Some((place, place.messages.get(&message)?)))
        else {
            return Err(unknown_message());
        };
        if number(at(known, "author"), "id") != Some(self.bot) {
            if place.kind() == 1 {
                return Err(Reply::error(403, 50003, "Cannot execute action on a DM channel"));
            }
            if !self.may(objects::MANAGE_MESSAGES) {
                return Err(rest::missing_permissions());
            }
        }
        self.remove_message(channel, message);
        no_content()
    }

    /// Removes a message and sends the event. Returns whether the message existed.
    pub(super) fn remove_message(&mut self, channel: u64, message: u64) -> bool {
        let Some(place) = self.channels.get_mut(&channel) else {
            return false;
        };
        let was = place.messages.remove(&message).is_some();
        let direct = place.kind() == 1;
        self.planted.remove(&(channel, message));
        if was && self.sees(channel) {
            let mut data = json!({ "id": message.to_string(), "channel_id": channel.to_string() });
            if !direct {
                set(&mut data, "guild_id", self.guild.to_string());
            }
            let need = if direct {
                objects::DIRECT_MESSAGES
            } else {
                objects::GUILD_MESSAGES
            };
            self.dispatch("MESSAGE_DELETE", need, &data, false);
        }
        was
    }

    fn edit_channel(&mut self, channel: u64, body: &Value) -> Answer {
        let Some(place) = self.channels.get(&channel) else {
            return Err(unknown_channel());
        };
        if place.kind() == 1 {
            return Err(Reply::error(403, 50003, "Cannot execute action on a DM channel"));
        }
        if let Some(name) = at(body, "name").as_str() {
            check_name(name)?;
        }
        if place.is_thread() {
            return self.edit_thread(channel, body);
        }
        if !self.may(objects::MANAGE_CHANNELS) {
            return Err(rest::missing_permissions());
        }
        if let Some(place) = self.channels.get_mut(&channel) {
            for field in ["name", "topic", "nsfw", "rate_limit_per_user", "position"] {
                if let Some(value) = body.get(field) {
                    set(&mut place.object, field, value.clone());
                }
            }
        }
        let object = self.channel_view(channel);
        self.dispatch("CHANNEL_UPDATE", objects::GUILDS, &object, false);
        done(object)
    }
}

/// Checks the name of a channel.
pub(super) fn check_name(name: &str) -> Result<(), Reply> {
    if (1..=100).contains(&name.trim().chars().count()) {
        return Ok(());
    }
    Err(Reply::form(
        "name",
        "BASE_TYPE_BAD_LENGTH",
        "Must be between 1 and 100 in length.",
    ))
}

/// Returns whether a message is empty.
pub(super) fn is_empty(message: &Value) -> bool {
    let lists = [
        "attachments",
        "embeds",
        "components",
        "sticker_items",
        "message_snapshots",
    ];
    text(message, "content").is_empty()
        && lists.iter().all(|field| list(message, field).is_empty())
        && at(message, "poll").is_null()
}
