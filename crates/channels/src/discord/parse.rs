//! Parses stored raw messages. The parser uses neither the clock nor the network.

use hotline_core::{
    contact::{
        joining::Joining,
        message::{Incoming, MessagePart, News, Normalised, Notice, Origin, RawMessage, Remark},
    },
    identifiers::private::Private,
    text::locale::Language,
};
use serde::Deserialize;
use serde_json::Value;
use serenity::all::UserId;

use super::{
    contents::{Contents, read_contents},
    conversations::FORM,
    times::changed_at,
};
use crate::{
    channel::{Attachments, unreadable},
    clean::{self, one_line},
    json,
};

const UNKNOWN: &str = "it is no message this program knows";

/// The JSON format of a stored raw message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Envelope {
    /// A message in a conversation.
    Message {
        channel: String,
        person: String,
        thread: bool,
        message: Value,
    },
    /// A submitted form.
    Form { form: Form },
    /// A notice for staff that a conversation can no longer be read.
    Gap { gap: Gap },
}

#[derive(Deserialize)]
struct Form {
    id: String,
    user: Person,
    locale: String,
    text: String,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    username: String,
    global_name: Option<String>,
}

#[derive(Deserialize)]
struct Gap {
    person: String,
}

/// Parses a stored raw message. `me` is the bot's own id, or `None` if the id is unknown.
pub fn parse_message(raw: &RawMessage, me: Option<UserId>, attachments: Attachments) -> Normalised {
    match serde_json::from_slice(&raw.bytes) {
        Ok(Envelope::Message {
            channel,
            person,
            thread,
            message,
        }) => {
            let author = json::id(&message, "/author/id");
            if author.is_some() && author == me.map(UserId::get) {
                return Normalised::Ignore("our own message");
            }
            // Besides the bot, only the person writes in a direct conversation. A message whose author can't be read therefore
            // counts as the person's.
            let author = author.map(|id| id.to_string());
            let author = author.or_else(|| Some(person.clone()).filter(|_| !thread));
            read_message(&message, &channel, &person, author, attachments)
        }
        Ok(Envelope::Form { form }) => read_form(form),
        Ok(Envelope::Gap { gap }) => Normalised::Notice(Notice {
            identifier: gap.person.into(),
            news: News::Gap,
        }),
        Err(_) => unreadable(UNKNOWN, None),
    }
}

fn read_message(
    message: &Value,
    channel: &str,
    person: &str,
    author: Option<String>,
    attachments: Attachments,
) -> Normalised {
    if json::number(message, "/type").is_some_and(is_system) {
        return Normalised::Ignore("the platform's own remark about the conversation");
    }
    let id = json::id(message, "/id");
    let Contents {
        text,
        quoted,
        parts,
        mut remarks,
    } = read_contents(message, channel, id, attachments);
    if text.is_empty() && parts.is_empty() {
        if author.is_none() {
            return unreadable(UNKNOWN, None);
        }
        remarks.push(Remark::UnknownContent);
    }
    // Somebody else may write in the thread of a person. A reply to that author is not sent to the thread, because the person would read
    // it.
    let answered_in = if author.as_deref() == Some(person) {
        channel
    } else {
        "-"
    };
    let name = message
        .get("author")
        .filter(|author| author.is_object())
        .map(|author| {
            let username = json::text(author, "/username").unwrap_or_default();
            display_name(username, json::text(author, "/global_name"))
        });
    let bot = message.pointer("/author/bot") == Some(&Value::Bool(true));
    let machine = bot || json::id(message, "/webhook_id").is_some();
    Normalised::Message(Box::new(Incoming {
        message_part: id.map(|id| MessagePart {
            id: format!("{channel}:{id}"),
            place: id,
            version: changed_at(message).map_or(0, |at| at.timestamp_micros()),
        }),
        message_id: id.map(|id| format!("{answered_in}:{id}")),
        origin: if machine { Origin::Machine } else { Origin::Person },
        parts,
        identifier: author.map(Private::new),
        name,
        joining: Joining::ByIdentifier,
        language: Language::guess(&text),
        text,
        quoted,
        remarks,
        ..Incoming::default()
    }))
}

/// Returns whether Discord itself wrote a message of this type, for example about a join, a pin or a call. People write messages of the
/// types 0 and 19. A type that Discord adds later counts as written by a person.
const fn is_system(kind: i64) -> bool {
    matches!(kind, 1..=18 | 21 | 22 | 24..=32 | 36..=39 | 44 | 46)
}

fn read_form(form: Form) -> Normalised {
    let text = clean::text(&form.text);
    let place = form.id.parse().unwrap_or_default();
    let name = display_name(&form.user.username, form.user.global_name.as_deref());
    Normalised::Message(Box::new(Incoming {
        message_part: Some(MessagePart {
            id: format!("{FORM}:{}", form.id),
            place,
            version: 0,
        }),
        // Replies to a form are sent to a thread that is created later.
        message_id: Some(format!("{FORM}:{}", form.id)),
        identifier: Some(form.user.id.into()),
        name: Some(name),
        joining: Joining::ByIdentifier,
        language: Language::guess(&text).or(Language::parse(&form.locale)),
        text,
        ..Incoming::default()
    }))
}

/// Returns the display name of a person, followed by the account name.
fn display_name(username: &str, shown: Option<&str>) -> String {
    let username = one_line(username);
    match shown {
        Some(shown) => format!("{} (@{username})", one_line(shown)),
        None => format!("@{username}"),
    }
}
