//! Interactions: people press buttons and fill in forms, and the bot responds.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fields::checked_components;
use super::messages::{is_empty, unknown_message};
use super::objects::{self, at, merge, number, set, text};
use super::rest::{Answer, Ask, Reply, done, id, no_content, not_found};
use super::state::{Interaction, State};

/// How long the bot may take for its first response.
const ANSWER: Duration = Duration::from_secs(3);
/// How long the bot may send further responses.
const TOKEN: Duration = Duration::from_secs(15 * 60);
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;

impl State {
    /// Creates an interaction, sends it to the bot and returns its id.
    pub(super) fn interact(
        &mut self,
        person: u64,
        channel: u64,
        kind: u64,
        data: &Value,
        message: Option<u64>,
    ) -> u64 {
        let interaction_id = self.new_id();
        let token = format!(
            "aW50ZXJhY3Rpb246{interaction_id}{:x}{}",
            self.new_id(),
            "Zm9yLXRlc3Rz".repeat(4)
        );
        let direct = self.channels.get(&channel).is_some_and(|place| place.kind() == 1);
        let mut place = self.channel_view(channel);
        let mut event = json!({
            "id": interaction_id.to_string(),
            "application_id": self.bot.to_string(),
            "type": kind,
            "data": data,
            "channel_id": channel.to_string(),
            "token": token,
            "version": 1,
            "locale": "en-US",
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": 10 << 20,
        });
        if direct {
            set(&mut event, "user", self.user(person));
            set(&mut event, "app_permissions", u64::MAX.to_string());
            set(&mut event, "authorizing_integration_owners", json!({ "0": "0" }));
            set(&mut event, "context", 1);
        } else {
            let guild = self.guild.to_string();
            let mut member = self.member(person);
            let all = objects::VIEW_CHANNEL | objects::SEND_MESSAGES | objects::READ_MESSAGE_HISTORY;
            set(&mut member, "permissions", all.to_string());
            set(&mut event, "member", member);
            set(&mut event, "guild_id", guild.clone());
            set(
                &mut event,
                "guild",
                json!({ "id": guild, "locale": "en-US", "features": [] }),
            );
            set(&mut event, "guild_locale", "en-US");
            set(&mut event, "app_permissions", self.permissions.to_string());
            set(
                &mut event,
                "authorizing_integration_owners",
                json!({ "0": guild }),
            );
            set(&mut event, "context", 0);
            set(&mut place, "permissions", all.to_string());
        }
        set(&mut event, "channel", place);
        if let Some((_, message)) = message.and_then(|message| self.message(message)) {
            set(&mut event, "message", message);
        }
        let interaction = Interaction {
            token,
            kind,
            person,
            channel,
            message,
            created: Instant::now(),
            answered: None,
            modal: None,
            original: None,
            thinking: false,
            answers: Vec::new(),
        };
        self.interactions.insert(interaction_id, interaction);
        self.dispatch("INTERACTION_CREATE", 0, &event, false);
        interaction_id
    }

    pub(super) fn callback_route(&mut self, ask: &Ask, interaction: u64, token: &str) -> Answer {
        if ask.method != "POST" {
            return Err(not_found());
        }
        let unknown = || Reply::error(404, 10062, "Unknown interaction");
        let Some(known) = self
            .interactions
            .get(&interaction)
            .filter(|known| known.token == token)
        else {
            return Err(unknown());
        };
        if known.answered.is_some() {
            return Err(Reply::error(
                400,
                40060,
                "Interaction has already been acknowledged.",
            ));
        }
        if known.created.elapsed() > ANSWER {
            return Err(unknown());
        }
        let (of_component, of_modal) = (known.kind == 3, known.kind == 5);
        let (channel, pressed) = (known.channel, known.message);
        let data = at(&ask.body, "data");
        let kind = number(&ask.body, "type").unwrap_or_default();
        let mut original = None;
        match kind {
            4 => original = Some(self.respond(interaction, channel, data, ask)?),
            5 => {
                let flags = number(data, "flags").unwrap_or_default() & EPHEMERAL;
                original = Some(self.think(interaction, channel, flags));
            }
            6 | 7 if (of_component || of_modal) && pressed.is_some() => {
                original = pressed;
                if let (7, Some(message)) = (kind, pressed) {
                    self.change_any(message, data, ask)?;
                }
            }
            9 if !of_modal => {
                for (field, longest) in [("custom_id", 100), ("title", 45)] {
                    let length = text(data, field).chars().count();
                    if !(1..=longest).contains(&length) {
                        let message = format!("Must be between 1 and {longest} in length.");
                        return Err(Reply::form(
                            &format!("data.{field}"),
                            "BASE_TYPE_BAD_LENGTH",
                            &message,
                        ));
                    }
                }
                checked_components(at(data, "components"), "data.components", &mut 1)?;
            }
            _ => {
                let message = "Value is not a valid type for this interaction.";
                return Err(Reply::form("type", "BASE_TYPE_CHOICES", message));
            }
        }
        if let Some(known) = self.interactions.get_mut(&interaction) {
            known.answered = Some(kind);
            known.answers.push(ask.body.clone());
            known.original = original;
            known.thinking = kind == 5;
            known.modal = (kind == 9).then(|| data.clone());
        }
        if ask.parameter("with_response") != Some("true") {
            return no_content();
        }
        let mut response = json!({ "interaction": { "id": interaction.to_string(), "type": kind } });
        if let Some((_, message)) = original.and_then(|message| self.message(message)) {
            set(
                &mut response,
                "resource",
                json!({ "type": kind, "message": message }),
            );
        }
        done(response)
    }

    /// Creates an empty message that responds to an interaction.
    fn bare_answer(&mut self, interaction: u64, channel: u64) -> (u64, Value) {
        let message_id = self.new_id();
        let mut message = objects::message(message_id, channel, &self.user(self.bot));
        let own = self.bot.to_string();
        set(&mut message, "application_id", own.clone());
        set(&mut message, "webhook_id", own);
        set(&mut message, "interaction_metadata", self.metadata(interaction));
        (message_id, message)
    }

    fn metadata(&self, interaction: u64) -> Value {
        let Some(known) = self.interactions.get(&interaction) else {
            return Value::Null;
        };
        let mut metadata = json!({
            "id": interaction.to_string(),
            "type": known.kind,
            "user": self.user(known.person),
            "authorizing_integration_owners": { "0": self.guild.to_string() },
        });
        if let (Some(message), true) = (known.message, known.kind == 3) {
            set(&mut metadata, "interacted_message_id", message.to_string());
        }
        if known.kind == 5 {
            let opened = self.interactions.iter().rev().find(|(_, other)| {
                other.person == known.person && other.modal.is_some() && other.channel == known.channel
            });
            set(
                &mut metadata,
                "triggering_interaction_metadata",
                opened.map(|(id, _)| self.metadata(*id)),
            );
        }
        metadata
    }

    /// Responds with a message and returns its id.
    fn respond(&mut self, interaction: u64, channel: u64, data: &Value, ask: &Ask) -> Result<u64, Reply> {
        let fields = self.fields(channel, data, &ask.files)?;
        let (message_id, mut message) = self.bare_answer(interaction, channel);
        merge(&mut message, fields);
        if is_empty(&message) {
            return Err(Reply::error(400, 50006, "Cannot send an empty message"));
        }
        self.show_answer(channel, message_id, message);
        Ok(message_id)
    }

    fn think(&mut self, interaction: u64, channel: u64, flags: u64) -> u64 {
        let (message_id, mut message) = self.bare_answer(interaction, channel);
        set(&mut message, "flags", flags | LOADING);
        set(&mut message, "type", 20);
        self.show_answer(channel, message_id, message);
        message_id
    }

    fn show_answer(&mut self, channel: u64, message_id: u64, message: Value) {
        if number(&message, "flags").unwrap_or_default() & EPHEMERAL == 0 {
            self.publish(channel, message_id, message);
        } else {
            self.hidden.insert(message_id, (channel, message));
        }
    }

    /// Edits a response to an interaction. The response may be a hidden message, which only one person sees.
    fn change_any(&mut self, message_id: u64, body: &Value, ask: &Ask) -> Answer {
        let Some((channel, mut message)) = self.message(message_id) else {
            return Err(unknown_message());
        };
        let ask = Ask {
            method: ask.method.clone(),
            segments: Vec::new(),
            query: ask.query.clone(),
            body: body.clone(),
            files: ask.files.clone(),
            authorized: ask.authorized,
        };
        // A hidden message stays hidden when edited, and a visible one stays visible.
        let flags = number(&message, "flags").unwrap_or_default();
        self.change(&mut message, &ask)?;
        let kept = number(&message, "flags").unwrap_or_default() & !(LOADING | EPHEMERAL) | flags & EPHEMERAL;
        set(&mut message, "flags", kept);
        match self.hidden.get_mut(&message_id) {
            Some((_, hidden)) => *hidden = message.clone(),
            None => self.replace(channel, message_id, message.clone()),
        }
        done(message)
    }

    pub(super) fn webhook_route(&mut self, ask: &Ask, app: u64, token: &str, rest: &[&str]) -> Answer {
        let known = self.interactions.iter().find(|(_, known)| known.token == token);
        let Some((interaction, known)) =
            known.filter(|(_, known)| app == self.bot && known.answered.is_some())
        else {
            return Err(Reply::error(404, 10015, "Unknown Webhook"));
        };
        if known.created.elapsed() > TOKEN {
            return Err(Reply::error(401, 50027, "Invalid Webhook Token"));
        }
        let (interaction, channel) = (*interaction, known.channel);
        let (original, thinking) = (known.original, known.thinking);
        let method = ask.method.as_str();
        let message_id = match rest {
            [] if method == "POST" => match original.filter(|_| thinking) {
                // The first message after a deferred response replaces that response.
                Some(original) => original,
                None => {
                    let message = self.respond(interaction, channel, &ask.body, ask)?;
                    self.note_answer(interaction, &ask.body, false);
                    let message = self.message(message).map(|(_, message)| message);
                    return done(message.unwrap_or_default());
                }
            },
            ["messages", "@original"] => original.ok_or_else(unknown_message)?,
            ["messages", message] => id(message),
            _ => return Err(not_found()),
        };
        let Some((_, message)) = self.message(message_id) else {
            return Err(unknown_message());
        };
        if number(at(&message, "author"), "id") != Some(self.bot) {
            return Err(unknown_message());
        }
        match method {
            "GET" => done(message),
            "PATCH" | "POST" => {
                let edited = self.change_any(message_id, &ask.body, ask)?;
                self.note_answer(interaction, &ask.body, original == Some(message_id));
                Ok(edited)
            }
            "DELETE" => {
                if self.hidden.remove(&message_id).is_none() {
                    let place = self.message(message_id).map_or(channel, |(place, _)| place);
                    self.remove_message(place, message_id);
                }
                no_content()
            }
            _ => Err(not_found()),
        }
    }

    fn note_answer(&mut self, interaction: u64, body: &Value, of_original: bool) {
        if let Some(known) = self.interactions.get_mut(&interaction) {
            known.answers.push(body.clone());
            known.thinking &= !of_original;
        }
    }
}
