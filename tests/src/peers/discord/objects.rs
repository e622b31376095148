//! The objects of Discord's API, as JSON.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::state::{EPOCH, State};

pub(super) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(super) const ADMINISTRATOR: u64 = 1 << 3;
pub(super) const VIEW_CHANNEL: u64 = 1 << 10;
pub(super) const SEND_MESSAGES: u64 = 1 << 11;
pub(super) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(super) const ATTACH_FILES: u64 = 1 << 15;
pub(super) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(super) const MENTION_EVERYONE: u64 = 1 << 17;
pub(super) const MANAGE_THREADS: u64 = 1 << 34;
pub(super) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(super) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(super) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;

pub(super) const GUILDS: u64 = 1;
pub(super) const GUILD_MEMBERS: u64 = 1 << 1;
pub(super) const GUILD_PRESENCES: u64 = 1 << 8;
pub(super) const GUILD_MESSAGES: u64 = 1 << 9;
pub(super) const DIRECT_MESSAGES: u64 = 1 << 12;
pub(super) const MESSAGE_CONTENT: u64 = 1 << 15;
/// The intents that must be enabled for the application.
pub(super) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
/// All intents.
pub(super) const INTENTS: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

static NULL: Value = Value::Null;

/// Returns a field; null if it is missing.
pub(super) fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&NULL)
}

/// Returns a text field; empty if it is missing.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    at(value, key).as_str().unwrap_or_default()
}

/// Returns a numeric field. A text of digits, such as an id, is converted.
pub(super) fn number(value: &Value, key: &str) -> Option<u64> {
    as_number(at(value, key))
}

/// Returns the value of a number, or of a text of digits.
pub(super) fn as_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Returns the elements of a list; none if the field is not a list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    at(value, key).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Sets a field of an object.
pub(super) fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Sets several fields of an object.
pub(super) fn merge(object: &mut Value, fields: Map<String, Value>) {
    if let Some(own) = object.as_object_mut() {
        own.extend(fields);
    }
}

/// Returns the milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in of a foreign service has the time of the machine"
)]
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Formats milliseconds since 1970 in Discord's format for times.
pub(super) fn timestamp(ms: u64) -> String {
    let (days, in_day) = (ms / 86_400_000, ms % 86_400_000);
    // Converts days since 1970 to a date, counting years from March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}000+00:00")
}

/// Returns the time that is encoded in an id.
pub(super) fn time_of(id: u64) -> String {
    timestamp((id >> 22) + EPOCH)
}

/// Percent-encodes a name for use in a path.
pub(super) fn escaped(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

pub(super) fn user(id: u64, username: &str, global_name: Option<&str>, bot: bool) -> Value {
    let mut user = json!({
        "id": id.to_string(),
        "username": username,
        "discriminator": if bot { "0001" } else { "0" },
        "global_name": global_name,
        "avatar": null,
        "avatar_decoration_data": null,
        "banner": null,
        "accent_color": null,
        "collectibles": null,
        "primary_guild": null,
        "public_flags": 0,
    });
    if bot {
        set(&mut user, "bot", true);
    }
    user
}

pub(super) fn direct_channel(id: u64, recipient: &Value) -> Value {
    json!({
        "id": id.to_string(),
        "type": 1,
        "flags": 0,
        "last_message_id": null,
        "recipients": [recipient],
    })
}

pub(super) fn room(id: u64, guild: u64) -> Value {
    json!({
        "id": id.to_string(),
        "type": 0,
        "guild_id": guild.to_string(),
        "name": "room",
        "topic": null,
        "position": 0,
        "permission_overwrites": [],
        "nsfw": false,
        "parent_id": null,
        "last_message_id": null,
        "rate_limit_per_user": 0,
        "flags": 0,
    })
}

pub(super) fn thread_member(thread: u64, user: u64, joined: &str) -> Value {
    json!({
        "id": thread.to_string(),
        "user_id": user.to_string(),
        "join_timestamp": joined,
        "flags": 0,
    })
}

/// Creates an empty message.
pub(super) fn message(id: u64, channel: u64, author: &Value) -> Value {
    json!({
        "id": id.to_string(),
        "type": 0,
        "channel_id": channel.to_string(),
        "author": author,
        "content": "",
        "timestamp": time_of(id),
        "edited_timestamp": null,
        "tts": false,
        "mention_everyone": false,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": false,
        "flags": 0,
    })
}

/// Removes the fields that require the intent for message content.
pub(super) fn without_content(message: &Value) -> Value {
    let mut message = message.clone();
    set(&mut message, "content", "");
    for field in ["attachments", "embeds", "components"] {
        set(&mut message, field, json!([]));
    }
    if let Some(fields) = message.as_object_mut() {
        fields.remove("poll");
        fields.remove("message_snapshots");
    }
    if message.get("referenced_message").is_some_and(Value::is_object) {
        let referenced = without_content(at(&message, "referenced_message"));
        set(&mut message, "referenced_message", referenced);
    }
    message
}

impl State {
    pub(super) fn roles(&self) -> Value {
        let role = |id: u64, name: &str, permissions: u64, position: u64, managed: bool| {
            json!({
                "id": id.to_string(),
                "name": name,
                "description": null,
                "color": 0,
                "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
                "hoist": false,
                "icon": null,
                "unicode_emoji": null,
                "position": position,
                "permissions": permissions.to_string(),
                "managed": managed,
                "mentionable": false,
                "flags": 0,
            })
        };
        let everyone = role(self.guild, "@everyone", 0, 0, false);
        let mut own = role(self.bot_role, "Helpline", self.permissions, 1, true);
        set(&mut own, "tags", json!({ "bot_id": self.bot.to_string() }));
        json!([everyone, own])
    }

    pub(super) fn member(&self, user: u64) -> Value {
        let roles = if user == self.bot {
            vec![self.bot_role.to_string()]
        } else {
            Vec::new()
        };
        json!({
            "user": self.user(user),
            "nick": null,
            "avatar": null,
            "banner": null,
            "roles": roles,
            "joined_at": time_of(self.guild),
            "premium_since": null,
            "deaf": false,
            "mute": false,
            "flags": 0,
            "pending": false,
            "communication_disabled_until": null,
        })
    }

    pub(super) fn guild(&self) -> Value {
        json!({
            "id": self.guild.to_string(),
            "name": "Helpline",
            "icon": null,
            "icon_hash": null,
            "splash": null,
            "discovery_splash": null,
            "owner_id": self.guild.to_string(),
            "region": "deprecated",
            "afk_channel_id": null,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": self.roles(),
            "emojis": [],
            "stickers": [],
            "features": [],
            "mfa_level": 0,
            "application_id": null,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "rules_channel_id": null,
            "max_presences": null,
            "max_members": 500_000,
            "vanity_url_code": null,
            "description": null,
            "banner": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "public_updates_channel_id": null,
            "nsfw_level": 0,
            "premium_progress_bar_enabled": false,
            "safety_alerts_channel_id": null,
            "incidents_data": null,
        })
    }

    /// Returns the guild as the gateway sends it to a session with these intents.
    pub(super) fn guild_create(&self, intents: u64) -> Value {
        let mut guild = self.guild();
        let all = intents & (GUILD_MEMBERS | GUILD_PRESENCES) != 0;
        let members: Vec<Value> = self
            .users
            .keys()
            .filter(|user| all || **user == self.bot)
            .map(|user| self.member(*user))
            .collect();
        let threads = self.threads(|object| at(at(object, "thread_metadata"), "archived") == false);
        let more = json!({
            "joined_at": time_of(self.guild),
            "large": false,
            "unavailable": false,
            "member_count": self.users.len(),
            "voice_states": [],
            "members": members,
            "channels": self.guild_channels(),
            "threads": threads,
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        });
        if let Value::Object(fields) = more {
            merge(&mut guild, fields);
        }
        guild
    }

    /// Returns the channels of the guild, without threads.
    pub(super) fn guild_channels(&self) -> Vec<Value> {
        let rooms = self.channels.iter().filter(|(_, channel)| channel.kind() == 0);
        rooms.map(|(_, channel)| channel.object.clone()).collect()
    }

    /// Returns the visible threads that `wanted` selects, newest first.
    pub(super) fn threads(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let threads = self
            .channels
            .iter()
            .rev()
            .filter(|(id, channel)| channel.is_thread() && self.sees(**id));
        threads
            .filter(|(_, channel)| wanted(&channel.object))
            .map(|(id, _)| self.channel_view(*id))
            .collect()
    }

    /// Returns a channel as the bot sees it; a thread includes the bot's membership.
    pub(super) fn channel_view(&self, id: u64) -> Value {
        let Some(channel) = self.channels.get(&id) else {
            return Value::Null;
        };
        let mut object = channel.object.clone();
        if let Some(member) = channel.members.get(&self.bot) {
            set(&mut object, "member", member.clone());
        }
        object
    }

    pub(super) fn application_flags(&self) -> u64 {
        let flag = |intent: u64, flag: u64| if self.privileged & intent == 0 { 0 } else { flag };
        flag(GUILD_PRESENCES, 1 << 13) | flag(GUILD_MEMBERS, 1 << 15) | flag(MESSAGE_CONTENT, 1 << 19)
    }

    pub(super) fn application(&self) -> Value {
        json!({
            "id": self.bot.to_string(),
            "name": "Helpline",
            "icon": null,
            "description": "",
            "summary": "",
            "type": null,
            "bot": self.user(self.bot),
            "bot_public": true,
            "bot_require_code_grant": false,
            "verify_key": "00".repeat(32),
            "owner": user(self.guild, "owner", None, false),
            "team": null,
            "flags": self.application_flags(),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "hook": true,
            "redirect_uris": [],
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "integration_types_config": { "0": {} },
        })
    }
}
