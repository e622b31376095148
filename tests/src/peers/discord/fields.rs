//! Checks the bodies of the bot's messages, and builds message objects from them.

use serde_json::{Map, Value, json};

use super::objects::{self, as_number, at, list, number, set, text};
use super::rest::{self, Reply};
use super::state::{State, Stored, Upload};

/// The message flags that the bot may set.
const FLAGS: u64 = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 13 | 1 << 15;

impl State {
    /// Returns the message fields that a request body sets.
    pub(super) fn fields(
        &mut self,
        channel: u64,
        body: &Value,
        files: &[Upload],
    ) -> Result<Map<String, Value>, Reply> {
        let mut fields = Map::new();
        if let Some(content) = body.get("content") {
            let content = content.as_str().unwrap_or_default();
            if content.chars().count() > 2000 {
                let message = "Must be 2000 or fewer in length.";
                return Err(Reply::form("content", "BASE_TYPE_MAX_LENGTH", message));
            }
            // Discord trims white space at both ends of a message.
            let content = content.trim();
            let allowed = at(body, "allowed_mentions");
            let parses = |kind: &str| list(allowed, "parse").iter().any(|part| part == kind);
            let is_allowed = |user: &u64| {
                let named = list(allowed, "users")
                    .iter()
                    .any(|id| objects::as_number(id) == Some(*user));
                allowed.is_null() || parses("users") || named
            };
            let ids = mentioned(content).into_iter().filter(is_allowed);
            let users: Vec<Value> = ids.filter_map(|user| self.users.get(&user).cloned()).collect();
            let everyone = content.contains("@everyone") || content.contains("@here");
            let may = self.may(objects::MENTION_EVERYONE) && (allowed.is_null() || parses("everyone"));
            fields.insert("mentions".to_owned(), users.into());
            fields.insert("mention_everyone".to_owned(), (everyone && may).into());
            fields.insert("content".to_owned(), content.into());
        }
        if let Some(embeds) = body.get("embeds") {
            fields.insert("embeds".to_owned(), checked_embeds(embeds)?.into());
        }
        if let Some(components) = body.get("components") {
            let mut next = 1;
            let components = checked_components(components, "components", &mut next)?;
            fields.insert("components".to_owned(), components.into());
        }
        if let Some(flags) = number(body, "flags") {
            fields.insert("flags".to_owned(), (flags & FLAGS).into());
        }
        if let Some(tts) = at(body, "tts").as_bool() {
            fields.insert("tts".to_owned(), tts.into());
        }
        if let Some(poll) = body.get("poll").filter(|poll| poll.is_object()) {
            fields.insert("poll".to_owned(), poll.clone());
        }
        if !files.is_empty() {
            fields.insert(
                "attachments".to_owned(),
                self.uploads(channel, body, files)?.into(),
            );
        }
        Ok(fields)
    }

    fn uploads(&mut self, channel: u64, body: &Value, files: &[Upload]) -> Result<Vec<Value>, Reply> {
        let direct = self.channels.get(&channel).is_some_and(|place| place.kind() == 1);
        if !direct && !self.may(objects::ATTACH_FILES) {
            return Err(rest::missing_permissions());
        }
        if files.iter().any(|file| file.bytes.len() > self.upload_limit) {
            return Err(Reply::error(413, 40005, "Request entity too large"));
        }
        if files.len() > 10 {
            let message = "Must be 10 or fewer in length.";
            return Err(Reply::form("attachments", "BASE_TYPE_MAX_LENGTH", message));
        }
        let mut attachments = Vec::new();
        for file in files {
            let number_in_form = file.field.trim_start_matches("files[").trim_end_matches(']');
            let told = list(body, "attachments").iter();
            let told = told.into_iter().find(|told| {
                let id = number(told, "id").map(|id| id.to_string());
                id.as_deref() == Some(number_in_form)
            });
            let name = told
                .map(|told| text(told, "filename"))
                .filter(|name| !name.is_empty());
            let stored = Stored {
                content_type: file
                    .content_type
                    .clone()
                    .unwrap_or_else(|| "application/octet-stream".to_owned()),
                size: u64::try_from(file.bytes.len()).unwrap_or_default(),
                bytes: Some(file.bytes.clone()),
            };
            let mut attachment = self.store(channel, name.unwrap_or(&file.name), stored);
            for field in ["description", "title", "duration_secs", "waveform"] {
                if let Some(value) = told.and_then(|told| told.get(field)) {
                    set(&mut attachment, field, value.clone());
                }
            }
            attachments.push(attachment);
        }
        Ok(attachments)
    }

    /// Makes a message a reply to another one, or a forward of it, if the body asks for that.
    pub(super) fn refer(&self, message: &mut Value, body: &Value) -> Result<(), Reply> {
        let reference = at(body, "message_reference");
        let Some(referred) = number(reference, "message_id") else {
            return Ok(());
        };
        let place = number(message, "channel_id").unwrap_or_default();
        let channel = number(reference, "channel_id").unwrap_or(place);
        let other = self
            .channels
            .get(&channel)
            .and_then(|place| place.messages.get(&referred));
        let forward = number(reference, "type") == Some(1);
        let mut own = json!({
            "type": u8::from(forward),
            "channel_id": channel.to_string(),
            "message_id": referred.to_string(),
        });
        if self
            .channels
            .get(&channel)
            .is_some_and(|place| place.recipient.is_none())
        {
            set(&mut own, "guild_id", self.guild.to_string());
        }
        match other {
            None if forward || at(reference, "fail_if_not_exists") != false => {
                let code = "MESSAGE_REFERENCE_UNKNOWN_MESSAGE";
                return Err(Reply::form("message_reference", code, "Unknown message"));
            }
            None => return Ok(()),
            Some(other) if forward => {
                set(
                    message,
                    "flags",
                    number(message, "flags").unwrap_or_default() | 1 << 14,
                );
                set(
                    message,
                    "message_snapshots",
                    json!([{ "message": snapshot(other) }]),
                );
            }
            Some(other) => {
                set(message, "type", 19);
                set(message, "referenced_message", other.clone());
                let allowed = at(body, "allowed_mentions");
                if allowed.is_null() || at(allowed, "replied_user") == true {
                    let mut mentions = list(message, "mentions").to_vec();
                    mentions.push(at(other, "author").clone());
                    set(message, "mentions", mentions);
                }
            }
        }
        set(message, "message_reference", own);
        Ok(())
    }
}

fn checked_embeds(embeds: &Value) -> Result<Vec<Value>, Reply> {
    let mut checked = embeds.as_array().cloned().unwrap_or_default();
    if checked.len() > 10 {
        return Err(Reply::form(
            "embeds",
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        ));
    }
    let mut total = 0;
    for (index, embed) in checked.iter_mut().enumerate() {
        for (field, longest) in [("title", 256), ("description", 4096)] {
            let length = text(embed, field).chars().count();
            total += length;
            if length > longest {
                let message = format!("Must be {longest} or fewer in length.");
                return Err(Reply::form(
                    &format!("embeds.{index}.{field}"),
                    "BASE_TYPE_MAX_LENGTH",
                    &message,
                ));
            }
        }
        set(embed, "type", "rich");
    }
    if total > 6000 {
        let message = "Embed size exceeds maximum size of 6000";
        return Err(Reply::form("embeds", "MAX_EMBED_SIZE_EXCEEDED", message));
    }
    Ok(checked)
}

/// Returns the components with ids assigned, or an error if one is invalid.
pub(super) fn checked_components(
    components: &Value,
    path: &str,
    next: &mut u64,
) -> Result<Vec<Value>, Reply> {
    let mut checked = components.as_array().cloned().unwrap_or_default();
    let limits = [
        ("custom_id", 100),
        ("label", 80),
        ("placeholder", 150),
        ("content", 4000),
        ("value", 4000),
    ];
    for (index, component) in checked.iter_mut().enumerate() {
        let kind = number(component, "type").unwrap_or_default();
        for (field, longest) in limits {
            if text(component, field).chars().count() > longest {
                let field = format!("{path}.{index}.{field}");
                let message = format!("Must be {longest} or fewer in length.");
                return Err(Reply::form(&field, "BASE_TYPE_MAX_LENGTH", &message));
            }
        }
        let link_or_premium = matches!(number(component, "style"), Some(5 | 6));
        if kind == 2 && !link_or_premium && text(component, "custom_id").is_empty() {
            let field = format!("{path}.{index}.custom_id");
            return Err(Reply::form(
                &field,
                "BASE_TYPE_REQUIRED",
                "A custom id is required",
            ));
        }
        if number(component, "id").unwrap_or_default() == 0 {
            set(component, "id", *next);
        }
        *next += 1;
        if let Some(inner) = component.get("components") {
            let path = format!("{path}.{index}.components");
            if kind == 1 && !(1..=5).contains(&inner.as_array().map_or(0, Vec::len)) {
                return Err(Reply::form(
                    &path,
                    "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 5 in length.",
                ));
            }
            let inner = checked_components(inner, &path, next)?;
            set(component, "components", inner);
        }
        if let Some(inner) = component.get("component") {
            let path = format!("{path}.{index}.component");
            let inner = checked_components(&json!([inner]), &path, next)?
                .into_iter()
                .next();
            set(component, "component", inner);
        }
    }
    Ok(checked)
}

/// Returns the snapshot of a message that a forward contains.
pub(super) fn snapshot(message: &Value) -> Value {
    let mut own = json!({});
    let fields = [
        "type",
        "content",
        "timestamp",
        "edited_timestamp",
        "mentions",
        "mention_roles",
        "attachments",
        "embeds",
        "components",
        "sticker_items",
        "flags",
    ];
    for field in fields {
        if let Some(value) = message.get(field) {
            set(&mut own, field, value.clone());
        }
    }
    own
}

/// Returns the ids of users that a text mentions.
pub(super) fn mentioned(content: &str) -> Vec<u64> {
    let parts = content
        .split("<@")
        .skip(1)
        .filter_map(|part| part.split_once('>'));
    let mut ids: Vec<u64> = parts
        .filter_map(|(id, _)| as_number(&id.trim_start_matches('!').into()))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
