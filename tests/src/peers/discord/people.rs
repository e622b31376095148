//! What people do on Discord.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Discord;
use super::fields::{mentioned, snapshot};
use super::objects::{self, at, list, merge, number, set, text};
use super::state::{State, Stored};

impl Discord {
    /// Somebody with an account and in the guild; gives the id back. An id that is there gets the
    /// new names.
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

    /// The direct channel of a person with the bot; made when there is none.
    pub fn dm_of(&self, person: u64) -> Result<u64> {
        let mut state = self.state();
        state.known(person)?;
        Ok(state.dm_of(person))
    }

    /// A person writes to the bot directly; gives the id of the message.
    pub fn says(&self, person: u64, text: &str) -> Result<u64> {
        let channel = self.dm_of(person)?;
        self.sends(person, channel, json!({ "content": text }))
    }

    /// A person sends a message into a channel; `content` has the fields in which it differs from
    /// an empty one, such as [`content`](super::content) makes them.
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

    /// The content of an answer to a message of the same channel.
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

    /// The content of a forward of a message.
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

    /// A person changes the text of a message.
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

    /// Somebody deletes a message.
    pub fn deletes(&self, channel: u64, message: u64) -> Result<()> {
        if self.state().remove_message(channel, message) {
            return Ok(());
        }
        bail!("no such message")
    }

    /// A person presses a button; gives the id of the interaction. An error when the message has
    /// no such button, or one that is disabled.
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

    /// A person fills in the form the bot has last shown to them under this `custom_id`, and
    /// sends it off; gives the id of the interaction.
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

    /// Any interaction, also one that could not be: its type, its data and the message it is on.
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

    /// What the bot has answered to an interaction: the bodies of its callback, then of its
    /// changes and of further messages.
    pub fn interaction_answers(&self, interaction: u64) -> Vec<Value> {
        let state = self.state();
        state
            .interactions
            .get(&interaction)
            .map(|known| known.answers.clone())
            .unwrap_or_default()
    }

    /// The messages only one person sees, oldest first.
    pub fn hidden_messages(&self) -> Vec<Value> {
        self.state()
            .hidden
            .values()
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// From now on, the bot cannot send to this person.
    pub fn forbids_dms(&self, person: u64) {
        self.state().closed_dms.insert(person);
    }

    /// From now on, the bot can send to this person again.
    pub fn allows_dms(&self, person: u64) {
        self.state().closed_dms.remove(&person);
    }

    /// A file that can be sent and downloaded; gives the attachment.
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

    /// A file of so many bytes, all of them zeros and none of them in memory.
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

    /// Somebody archives a thread, or takes it out of the archive.
    pub fn archives(&self, thread: u64, archived: bool) {
        self.state().set_thread(thread, &json!({ "archived": archived }));
    }

    /// Somebody deletes a channel or a thread; the bot gets 404 for it from now on.
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

/// The component with this id, however deep.
fn component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|one| {
        if text(one, "custom_id") == custom_id {
            return Some(one);
        }
        component(list(one, "components"), custom_id)
    })
}

/// The components of a form as they come back filled in.
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
