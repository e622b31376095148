//! The actions of people on Discord.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Discord;
use super::fields::{mentioned, snapshot};
use super::objects::{self, at, list, merge, number, set, text};
use super::state::{State, Stored};

impl Discord {
    /// Creates a person in the guild and returns the id. A person who already exists gets the new names.
    pub fn person(&self, id: u64, username: &str, global_name: Option<&str>) -> u64 {
        let mut state = self.state();
        state
            .users
            .insert(id, objects::user(id, username, global_name, false));
        let user = state.user(id);
        for place in state
            .channels
            .values_mut()
            .filter(|place| place.recipient == Some(id))
        {
            set(&mut place.object, "recipients", json!([user]));
        }
        id
    }

    /// Returns the direct channel between a person and the bot, creating it if necessary.
    pub fn dm_of(&self, person: u64) -> Result<u64> {
        let mut state = self.state();
        state.known(person)?;
        Ok(state.dm_of(person))
    }

    /// Sends a direct message from a person to the bot and returns the message's id.
    pub fn says(&self, person: u64, text: &str) -> Result<u64> {
        let channel = self.dm_of(person)?;
        self.sends(person, channel, json!({ "content": text }))
    }

    /// Sends a message from a person into a channel. The functions of [`content`](super::content) build the message's fields, which replace
    /// those of an empty message.
    pub fn sends(&self, person: u64, channel: u64, content: Value) -> Result<u64> {
        let mut state = self.state();
        state.known(person)?;
        let place = state.channels.get(&channel).context("no such channel")?;
        if place.recipient.is_some_and(|recipient| recipient != person) {
            bail!("the direct channel {channel} is of somebody else");
        }
        let id = state.new_id();
        let mut message = objects::message(id, channel, &state.user(person));
        let mentions = mentioned(text(&content, "content")).into_iter();
        let mentions: Vec<Value> = mentions
            .filter_map(|user| state.users.get(&user).cloned())
            .collect();
        set(&mut message, "mentions", mentions);
        let Value::Object(fields) = content else {
            bail!("the content of a message is an object");
        };
        merge(&mut message, fields);
        state.revive(channel);
        state.publish(channel, id, message);
        Ok(id)
    }

    /// Returns the content of a reply to a message in the same channel.
    pub fn reply_to(&self, message: u64, text: &str) -> Result<Value> {
        let (channel, other) = self.state().message(message).context("no such message")?;
        Ok(json!({
            "type": 19,
            "content": text,
            "message_reference": {
                "type": 0,
                "channel_id": channel.to_string(),
                "message_id": message.to_string(),
            },
            "referenced_message": other,
        }))
    }

    /// Returns the content of a forward of a message.
    pub fn forward_of(&self, message: u64) -> Result<Value> {
        let (channel, other) = self.state().message(message).context("no such message")?;
        Ok(json!({
            "content": "",
            "flags": 1 << 14,
            "message_reference": {
                "type": 1,
                "channel_id": channel.to_string(),
                "message_id": message.to_string(),
            },
            "message_snapshots": [{ "message": snapshot(&other) }],
        }))
    }

    /// Edits the text of a person's message.
    pub fn edits(&self, person: u64, channel: u64, message: u64, content: &str) -> Result<()> {
        let mut state = self.state();
        let place = state.channels.get(&channel).context("no such channel")?;
        let mut edited = place.messages.get(&message).context("no such message")?.clone();
        if number(at(&edited, "author"), "id") != Some(person) {
            bail!("the message {message} is of somebody else");
        }
        set(&mut edited, "content", content);
        set(
            &mut edited,
            "edited_timestamp",
            objects::timestamp(objects::now_ms()),
        );
        state.replace(channel, message, edited);
        Ok(())
    }

    /// Deletes a message.
    pub fn deletes(&self, channel: u64, message: u64) -> Result<()> {
        if self.state().remove_message(channel, message) {
            return Ok(());
        }
        bail!("no such message")
    }

    /// Presses a button and returns the interaction's id. Fails if the message has no such button, or if the button is disabled.
    pub fn presses(&self, person: u64, message: u64, custom_id: &str) -> Result<u64> {
        let mut state = self.state();
        state.known(person)?;
        let (channel, shown) = state.message(message).context("no such message")?;
        let button = component(list(&shown, "components"), custom_id).context("no such button")?;
        if at(button, "disabled") == true {
            bail!("the button {custom_id} is disabled");
        }
        let data = json!({
            "custom_id": custom_id,
            "component_type": at(button, "type"),
            "id": at(button, "id"),
        });
        Ok(state.interact(person, channel, 3, &data, Some(message)))
    }

    /// Fills in and submits the form that the bot last showed under this `custom_id`. Returns the interaction's id.
    pub fn submits(&self, person: u64, custom_id: &str, fields: &[(&str, &str)]) -> Result<u64> {
        let mut state = self.state();
        let shown = state.interactions.values().rev().find_map(|known| {
            let modal = known
                .modal
                .as_ref()
                .filter(|modal| text(modal, "custom_id") == custom_id)?;
            (known.person == person).then(|| (modal.clone(), known.channel, known.message))
        });
        let (modal, channel, message) = shown.context("no such form was shown to this person")?;
        let mut next = 1;
        let components = filled(list(&modal, "components"), fields, &mut next);
        let data = json!({ "custom_id": custom_id, "components": components, "resolved": {} });
        Ok(state.interact(person, channel, 5, &data, message))
    }

    /// Sends an interaction with the given type, data and message. The interaction need not be one that Discord could send.
    pub fn interacts(
        &self,
        person: u64,
        channel: u64,
        kind: u64,
        data: &Value,
        message: Option<u64>,
    ) -> Result<u64> {
        let mut state = self.state();
        state.known(person)?;
        Ok(state.interact(person, channel, kind, data, message))
    }

    /// Returns the bot's responses to an interaction: the body of the callback, then the bodies of edits and further messages.
    pub fn interaction_answers(&self, interaction: u64) -> Vec<Value> {
        let state = self.state();
        state
            .interactions
            .get(&interaction)
            .map(|known| known.answers.clone())
            .unwrap_or_default()
    }

    /// Returns the messages that only one person sees, oldest first.
    pub fn hidden_messages(&self) -> Vec<Value> {
        self.state()
            .hidden
            .values()
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// Makes Discord refuse direct messages from the bot to this person.
    pub fn forbids_dms(&self, person: u64) {
        self.state().closed_dms.insert(person);
    }

    /// Makes Discord accept direct messages from the bot to this person again.
    pub fn allows_dms(&self, person: u64) {
        self.state().closed_dms.remove(&person);
    }

    /// Stores a file that people can send and the bot can download. Returns the attachment.
    pub fn add_file(&self, bytes: &[u8], name: &str, content_type: &str) -> Value {
        let stored = Stored {
            content_type: content_type.to_owned(),
            bytes: Some(Bytes::copy_from_slice(bytes)),
            size: u64::try_from(bytes.len()).unwrap_or_default(),
        };
        let mut state = self.state();
        let room = state.room;
        state.store(room, name, stored)
    }

    /// Creates a file of `size` zero bytes. The bytes are generated on download, so the file takes no memory.
    pub fn add_huge_file(&self, size: u64) -> Value {
        let stored = Stored {
            content_type: "application/octet-stream".to_owned(),
            bytes: None,
            size,
        };
        let mut state = self.state();
        let room = state.room;
        state.store(room, "huge.bin", stored)
    }

    /// Archives a thread, or takes it out of the archive.
    pub fn archives(&self, thread: u64, archived: bool) {
        self.state().set_thread(thread, &json!({ "archived": archived }));
    }

    /// Deletes a channel or a thread. From then on the bot gets 404 for it.
    pub fn deletes_channel(&self, channel: u64) -> Result<()> {
        let mut state = self.state();
        let seen = state.sees(channel);
        let gone = state.channels.remove(&channel).context("no such channel")?;
        if !seen || gone.recipient.is_some() {
            return Ok(());
        }
        if !gone.is_thread() {
            state.dispatch("CHANNEL_DELETE", objects::GUILDS, &gone.object, false);
            return Ok(());
        }
        let mut data = Map::new();
        for field in ["id", "guild_id", "parent_id", "type"] {
            data.insert(field.to_owned(), at(&gone.object, field).clone());
        }
        state.dispatch("THREAD_DELETE", objects::GUILDS, &data.into(), false);
        Ok(())
    }
}

impl State {
    fn known(&self, person: u64) -> Result<()> {
        if self.users.contains_key(&person) {
            Ok(())
        } else {
            bail!("nobody has the id {person}")
        }
    }
}

/// Finds the component with this id at any depth.
fn component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|one| {
        if text(one, "custom_id") == custom_id {
            return Some(one);
        }
        component(list(one, "components"), custom_id)
    })
}

/// Returns the components of a form with the values filled in.
fn filled(components: &[Value], fields: &[(&str, &str)], next: &mut u64) -> Vec<Value> {
    let mut all = Vec::new();
    for one in components {
        let mut own = json!({ "type": at(one, "type"), "id": *next });
        *next += 1;
        if let Some(inner) = one.get("components") {
            let inner = inner.as_array().map(Vec::as_slice).unwrap_or_default();
            set(&mut own, "components", filled(inner, fields, next));
        } else if let Some(inner) = one.get("component") {
            let inner = filled(std::slice::from_ref(inner), fields, next)
                .into_iter()
                .next();
            set(&mut own, "component", inner);
        } else {
            let custom_id = text(one, "custom_id");
            let value = fields
                .iter()
                .find(|(name, _)| *name == custom_id)
                .map(|(_, value)| *value);
            set(&mut own, "custom_id", custom_id);
            set(&mut own, "value", value.unwrap_or_else(|| text(one, "value")));
        }
        all.push(own);
    }
    all
}
