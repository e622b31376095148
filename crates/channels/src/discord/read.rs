//! Reading a message: bytes in, a message out. No clock, no network.

use hotline_core::{
    contact::{
        counting::Joining,
        message::{Incoming, News, Normalised, Notice, Origin, Piece, RawMessage, Remark, Unreadable},
    },
    identifiers::private::Private,
    text::locale::Language,
};
use serde::Deserialize;
use serde_json::Value;
use serenity::all::UserId;

use super::{
    contents::{Contents, contents},
    pull::changed_at,
};
use crate::{
    channel::Attachments,
    clean::{self, one_line},
    json,
};

/// What stands in the place of a conversation for a form: it has none until a thread is made for it.
pub const FORM: &str = "form";

/// What is kept of what Discord gave us.
#[derive(Deserialize)]
#[serde(untagged)]
enum Envelope {
    /// A message of a conversation.
    Message {
        channel: String,
        person: String,
        thread: bool,
        message: Value,
    },
    /// A form that was sent by the button.
    Form { form: Form },
    /// A conversation that can't be read any more.
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

/// Reads what was kept. `me` is who we are, if that is known.
pub fn read(raw: &RawMessage, me: Option<UserId>, attachments: Attachments) -> Normalised {
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
            // In a conversation of two it can only be the person.
            let author = author.map(|id| id.to_string());
            let author = author.or_else(|| Some(person.clone()).filter(|_| !thread));
            read_message(&message, &channel, &person, author, attachments)
        }
        Ok(Envelope::Form { form }) => read_form(form),
        Ok(Envelope::Gap { gap }) => Normalised::Notice(Notice {
            identifier: gap.person.into(),
            news: News::Gap,
        }),
        Err(_) => unreadable(None),
    }
}

fn unreadable(identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: "it is no message this program knows".to_owned(),
        joining: Joining::ByIdentifier,
        identifier: identifier.map(Private::new),
        subject: None,
    })
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
    } = contents(message, channel, id, attachments);
    if text.is_empty() && parts.is_empty() {
        if author.is_none() {
            return unreadable(None);
        }
        remarks.push(Remark::UnknownContent);
    }
    // Who is only a guest in the thread is not answered there: another person would read it.
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
            name(username, json::text(author, "/global_name"))
        });
    let bot = message.pointer("/author/bot") == Some(&Value::Bool(true));
    let machine = bot || json::id(message, "/webhook_id").is_some();
    Normalised::Message(Box::new(Incoming {
        piece: id.map(|id| Piece {
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

/// Whether a message of this type is Discord's own remark: somebody joined, pinned, called or renamed. What people write has the
/// types 0 and 19; of types that came later it is not known, and they are read.
const fn is_system(kind: i64) -> bool {
    matches!(kind, 1..=18 | 21 | 22 | 24..=32 | 36..=39 | 44 | 46)
}

fn read_form(form: Form) -> Normalised {
    let text = clean::text(&form.text);
    let place = form.id.parse().unwrap_or_default();
    let name = name(&form.user.username, form.user.global_name.as_deref());
    Normalised::Message(Box::new(Incoming {
        piece: Some(Piece {
            id: format!("{FORM}:{}", form.id),
            place,
            version: 0,
        }),
        // Answered in a thread that is made for it.
        message_id: Some(format!("{FORM}:{}", form.id)),
        identifier: Some(form.user.id.into()),
        name: Some(name),
        joining: Joining::ByIdentifier,
        language: Language::guess(&text).or(Language::parse(&form.locale)),
        text,
        ..Incoming::default()
    }))
}

/// The name somebody goes by, and the name the account has.
fn name(username: &str, shown: Option<&str>) -> String {
    let username = one_line(username);
    match shown {
        Some(shown) => format!("{} (@{username})", one_line(shown)),
        None => format!("@{username}"),
    }
}
