//! The people who write to the bot, played by the test.

use serde_json::{Map, Value, json};

use super::methods::member_update;
use super::state::{Chat, Standing, State, object, overlay, unix_now};
use super::{Telegram, bot_user, content};

/// A person who can write to the bot. The setters change how Telegram describes the person.
#[derive(Clone, Debug)]
pub struct Person {
    telegram: Telegram,
    id: i64,
}

impl Person {
    /// Returns the identifier of the person, which is also the identifier of their private chat.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Sets a username.
    pub fn username(self, username: &str) -> Self {
        self.put(&json!({ "username": username }), true)
    }

    /// Sets a last name.
    pub fn last_name(self, last_name: &str) -> Self {
        self.put(&json!({ "last_name": last_name }), true)
    }

    /// Sets the language of the person's Telegram app.
    pub fn language_code(self, language_code: &str) -> Self {
        self.put(&json!({ "language_code": language_code }), false)
    }

    /// Sets any fields of the person's User object.
    pub fn with(self, fields: &Value) -> Self {
        self.put(fields, false)
    }

    /// Returns the person's User object.
    pub fn user(&self) -> Value {
        self.telegram.server().lock().user(self.id)
    }

    fn put(self, fields: &Value, in_chat: bool) -> Self {
        {
            let mut state = self.telegram.server().lock();
            let chat = state.private_chat(self.id);
            if let Some(user) = &mut chat.user {
                overlay(user, fields);
            }
            if in_chat {
                overlay(&mut chat.info, fields);
            }
        }
        self
    }
}

impl State {
    /// Adds a person's message to a chat and queues its update.
    fn receive(&mut self, chat_id: i64, from: &Value, content: &Value) -> i64 {
        let chat = self.private_chat(chat_id);
        let next = chat.next_message();
        let mut message = object(json!({
            "message_id": next,
            "from": from,
            "chat": chat.info,
            "date": unix_now(),
        }));
        overlay(&mut message, content);
        let number = |name: &str| message.get(name).and_then(Value::as_i64);
        let message_id = number("message_id").unwrap_or(next);
        let since = number("date").unwrap_or_else(unix_now);
        chat.last_message = chat.last_message.max(message_id);
        let message = Value::Object(message);
        chat.messages.insert(message_id, message.clone());
        self.tell(chat_id, message_id, "message", message, since);
        message_id
    }

    fn tell(&mut self, chat_id: i64, message_id: i64, kind: &str, message: Value, since: i64) {
        let update = self.enqueue(kind, message, since);
        if let (Some(update), Some(chat)) = (update, self.chats.get_mut(&chat_id)) {
            chat.updates.insert(message_id, update);
        }
    }
}

impl Telegram {
    /// Creates a person and their private chat. A person who is used before being created has the name `Person`.
    pub fn person(&self, id: i64, first_name: &str) -> Person {
        let person = Person {
            telegram: self.clone(),
            id,
        };
        person.put(&json!({ "first_name": first_name }), true)
    }

    /// Sends a text from a person and returns the message's identifier. A text such as `/start` gets the entity of a bot command.
    pub fn says(&self, person: i64, text: &str) -> i64 {
        let content = if text.starts_with('/') {
            content::command(text)
        } else {
            content::text(text)
        };
        self.sends(person, &content)
    }

    /// Sends a message from a person and returns the message's identifier. [`content`] builds the message's fields, which replace default
    /// fields such as `date`.
    pub fn sends(&self, person: i64, content: &Value) -> i64 {
        self.server().change(|state| {
            let from = state.user(person);
            state.receive(person, &from, content)
        })
    }

    /// Edits a person's message. The given fields replace fields of the message.
    pub fn edits(&self, person: i64, message_id: i64, content: &Value) {
        self.server().change(|state| {
            let from = state.user(person);
            let chat = state.private_chat(person);
            let before = chat.messages.get(&message_id).cloned().map(object);
            let mut message = before.unwrap_or_else(|| {
                object(json!({
                    "message_id": message_id,
                    "from": from,
                    "chat": chat.info,
                    "date": unix_now(),
                }))
            });
            for (text, entities) in [("text", "entities"), ("caption", "caption_entities")] {
                if content.get(text).is_some() {
                    message.remove(entities);
                }
            }
            message.insert("edit_date".to_owned(), unix_now().into());
            overlay(&mut message, content);
            let since = message.get("edit_date").and_then(Value::as_i64);
            let message = Value::Object(message);
            chat.messages.insert(message_id, message.clone());
            let since = since.unwrap_or_else(unix_now);
            state.tell(person, message_id, "edited_message", message, since);
        });
    }

    /// Presses a button below a message of the bot and returns the callback query's identifier. If the message does not exist, the update
    /// contains an inaccessible message.
    pub fn presses(&self, person: i64, message_id: i64, data: &str) -> String {
        self.server().change(|state| {
            let from = state.user(person);
            let id = format!("{}{:06}", 18_000_000_000_i64, state.serial());
            let chat = state.private_chat(person);
            let message = chat.messages.get(&message_id).cloned();
            let message =
                message.unwrap_or_else(|| json!({ "chat": chat.info, "message_id": message_id, "date": 0 }));
            let query = json!({
                "id": id,
                "from": from,
                "message": message,
                "chat_instance": format!("-{person}77"),
                "data": data,
            });
            state.queries.insert(id.clone());
            state.enqueue("callback_query", query, unix_now());
            id
        })
    }

    /// Makes the person block the bot.
    pub fn blocks(&self, person: i64) {
        self.block(person, Standing::Blocked, "member", "kicked");
    }

    /// Makes the person unblock the bot.
    pub fn unblocks(&self, person: i64) {
        self.block(person, Standing::Member, "kicked", "member");
    }

    fn block(&self, person: i64, standing: Standing, before: &str, after: &str) {
        self.server().change(|state| {
            let by = state.user(person);
            state.private_chat(person).standing = standing;
            member_update(state, person, &by, before, after);
        });
    }

    /// Deletes the person's account. The bot gets no update about the deletion.
    pub fn deletes_account(&self, person: i64) {
        self.server().change(|state| {
            let chat = state.private_chat(person);
            *chat = Chat {
                standing: Standing::Deactivated,
                messages: std::mem::take(&mut chat.messages),
                sent: std::mem::take(&mut chat.sent),
                updates: std::mem::take(&mut chat.updates),
                last_message: chat.last_message,
                ..Chat::private(person, "")
            };
        });
    }

    /// Sends several photos, videos or files together: one message each, all with the same `media_group_id`. Returns the messages'
    /// identifiers.
    pub fn album(&self, person: i64, items: &[Value]) -> Vec<i64> {
        self.server().change(|state| {
            let group = format!("{}{:06}", 13_000_000_000_i64, state.serial());
            let from = state.user(person);
            let group = json!({ "media_group_id": group });
            let mut ids = Vec::new();
            for item in items {
                let content = content::with(item.clone(), &group);
                ids.push(state.receive(person, &from, &content));
            }
            ids
        })
    }

    /// Sends a text from a person in a group with the bot. Returns the message's identifier.
    pub fn group_message(&self, chat_id: i64, person: i64, text: &str) -> i64 {
        self.sends_in_group(chat_id, person, &content::text(text))
    }

    /// Sends a message from a person in a group with the bot. Returns the message's identifier.
    pub fn sends_in_group(&self, chat_id: i64, person: i64, content: &Value) -> i64 {
        self.server().change(|state| {
            let from = state.user(person);
            state.group_chat(chat_id);
            state.receive(chat_id, &from, content)
        })
    }

    /// Adds the bot to a group. A `chat_id` of -1,000,000,000,000 or lower makes the group a supergroup. The bot gets two updates, as
    /// documented.
    pub fn adds_to_group(&self, chat_id: i64, title: &str, person: i64) {
        self.server().change(|state| {
            let by = state.user(person);
            let chat = state.group_chat(chat_id);
            chat.info.insert("title".to_owned(), title.into());
            chat.standing = Standing::Member;
            member_update(state, chat_id, &by, "left", "member");
            let content = json!({ "new_chat_members": [bot_user()] });
            state.receive(chat_id, &by, &content);
        });
    }

    /// Removes the bot from a group.
    pub fn removes_from_group(&self, chat_id: i64, person: i64) {
        self.server().change(|state| {
            let by = state.user(person);
            state.group_chat(chat_id).standing = Standing::Blocked;
            member_update(state, chat_id, &by, "member", "kicked");
        });
    }

    /// Queues an update, even of a kind that the bot did not request. The function adds an `update_id` to the update, and returns that id.
    pub fn push(&self, update: &Value) -> i64 {
        let update: Map<String, Value> = object(update.clone());
        self.server()
            .change(|state| state.enqueue_any(update, unix_now()))
    }

    /// Queues a text that is sent in place of an update. If the text is not JSON, the whole response is invalid. `{update_id}` in the text
    /// is replaced by the update's identifier, which is returned.
    pub fn push_raw(&self, text: &str) -> i64 {
        self.server().change(|state| {
            let json = text.replace("{update_id}", &state.next_update.to_string());
            state.enqueue_json(json, unix_now())
        })
    }
}
