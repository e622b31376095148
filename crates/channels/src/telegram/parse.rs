//! Parses stored updates. The parser uses neither the clock nor the network.

use hotline_core::{
    contact::{
        joining::Joining,
        message::{Incoming, MessagePart, News, Normalised, Notice, Origin, RawMessage, Remark},
    },
    text::locale::Language,
};
use serde_json::Value;

use super::{
    contents::{Contents, display_name, read_contents},
    menu::{Command, language_choice},
};
use crate::{
    channel::{Attachments, unreadable},
    json,
};

/// Parses an update. `bot` is the id of the bot that received it. Message ids are unique only within one bot, so the id of the bot is
/// added to them.
pub fn parse_update(raw: &RawMessage, bot: &str, attachments: Attachments) -> Normalised {
    let Some(update) = json::parse(&raw.bytes) else {
        return unreadable("it is no JSON", None);
    };
    if let Some(message) = update.get("message") {
        return read_message(message, bot, 0, attachments);
    }
    if let Some(message) = update.get("edited_message") {
        return read_message(message, bot, version(&update, message), attachments);
    }
    if let Some(query) = update.get("callback_query") {
        return parse_button(query);
    }
    if let Some(change) = update.get("my_chat_member") {
        return parse_membership(change);
    }
    // The line did not request this kind of update. If the update contains a message, the message is read nevertheless.
    let mut others = update.as_object().into_iter().flatten();
    match others.find(|(_, value)| value.get("message_id").is_some() && value.get("chat").is_some()) {
        Some((kind, message)) if kind.starts_with("edited") => {
            read_message(message, bot, version(&update, message), attachments)
        }
        Some((_, message)) => read_message(message, bot, 0, attachments),
        None => unreadable("it is of a kind this program does not know", sender(&update)),
    }
}

/// Returns the version number of an edited message: its time of editing, combined with the update's number. The update's number orders
/// several edits in the same second.
fn version(update: &Value, message: &Value) -> i64 {
    let edited = json::number(message, "/edit_date").unwrap_or_default();
    let number = json::number(update, "/update_id").unwrap_or_default();
    let version = edited.saturating_mul(1 << 20).saturating_add(number & 0xf_ffff);
    version.max(1)
}

/// Returns the id of the sender of an unreadable update. Returns `None` if the update did not come from a private chat.
fn sender(update: &Value) -> Option<String> {
    let about = update.as_object()?.values().find(|value| value.is_object())?;
    let private = json::text(about, "/chat/type").is_none_or(|kind| kind == "private");
    json::number(about, "/chat/id")
        .filter(|id| private && *id > 0)
        .map(|id| id.to_string())
}

fn read_message(message: &Value, bot: &str, version: i64, attachments: Attachments) -> Normalised {
    let chat = json::number(message, "/chat/id");
    let kind = json::text(message, "/chat/type");
    if kind.map_or(chat.is_some_and(|chat| chat < 0), |kind| kind != "private") {
        return Normalised::Ignore("written in a group or channel, where nobody is served");
    }
    let from = message.get("from").filter(|from| from.is_object());
    // The id of a private chat is the id of the person.
    let chat = chat.or_else(|| json::number(from?, "/id"));
    let command = json::text(message, "/text")
        .filter(|_| version == 0)
        .and_then(Command::parse);
    match (command, chat) {
        (Some(Command::Stop), Some(chat)) => return notice(chat, News::Stopped),
        (Some(_), _) => return Normalised::Ignore("a command, which the bot answers by itself"),
        (None, _) => {}
    }
    if from
        .and_then(|from| json::number(from, "/id"))
        .is_some_and(|id| id.to_string() == bot)
    {
        return Normalised::Ignore("our own message");
    }
    let Contents {
        text,
        quoted,
        parts,
        mut remarks,
    } = read_contents(message, attachments);
    if text.is_empty() && parts.is_empty() && is_service(message) {
        return Normalised::Ignore("the platform's own remark about the chat");
    }
    if text.is_empty() && parts.is_empty() && !remarks.contains(&Remark::UnknownContent) {
        remarks.push(Remark::UnknownContent);
    }
    let ids = chat.zip(json::number(message, "/message_id"));
    // The photos of an album form one message, so they share an id that is made from the album's id.
    let whole = ids.map(|(chat, id)| match json::text(message, "/media_group_id") {
        Some(album) => format!("{bot}:{chat}:album {album}"),
        None => format!("{bot}:{chat}:{id}"),
    });
    let spoken = from.and_then(|from| Language::parse(json::text(from, "/language_code")?));
    // Telegram edits the location in a message only if it is a live location that moves.
    let place = message.get("location");
    let live = place.is_some_and(|place| version > 0 || place.get("live_period").is_some());
    let machine = from.is_some_and(|from| from.get("is_bot") == Some(&Value::Bool(true)));
    Normalised::Message(Box::new(Incoming {
        identifier: chat.map(|chat| chat.to_string().into()),
        name: from.map(display_name),
        joining: Joining::ByIdentifier,
        message_id: whole,
        message_part: ids.map(|(chat, id)| MessagePart {
            id: format!("{bot}:{chat}:{id}"),
            place: u64::try_from(id).unwrap_or_default(),
            version,
        }),
        language: Language::guess(&text).or(spoken),
        text,
        quoted,
        parts,
        origin: if machine { Origin::Machine } else { Origin::Person },
        remarks,
        live,
        ..Incoming::default()
    }))
}

/// Returns whether Telegram itself wrote the message, for example about a changed setting of the chat.
fn is_service(message: &Value) -> bool {
    [
        "chat_background_set",
        "connected_website",
        "message_auto_delete_timer_changed",
        "pinned_message",
        "write_access_allowed",
    ]
    .iter()
    .any(|kind| message.get(kind).is_some())
}

fn parse_button(query: &Value) -> Normalised {
    match json::text(query, "/data").and_then(language_choice) {
        Some(language) => json::number(query, "/from/id")
            .map_or(Normalised::Ignore("a button pressed by nobody"), |chat| {
                notice(chat, News::Chose(language))
            }),
        None => Normalised::Ignore("a button that means nothing any more"),
    }
}

fn parse_membership(change: &Value) -> Normalised {
    let chat = json::number(change, "/chat/id");
    let private = json::text(change, "/chat/type").is_none_or(|kind| kind == "private");
    let Some(chat) = chat.filter(|chat| private && *chat > 0) else {
        return Normalised::Ignore("added to a group or channel, or removed from it");
    };
    let banned = |member: &str| json::text(change, &format!("/{member}/status")) == Some("kicked");
    match (banned("old_chat_member"), banned("new_chat_member")) {
        (_, true) => notice(chat, News::Blocked),
        (true, false) => notice(chat, News::Unblocked),
        (false, false) => Normalised::Ignore("a chat was begun"),
    }
}

fn notice(chat: i64, news: News) -> Normalised {
    Normalised::Notice(Notice {
        identifier: chat.to_string().into(),
        news,
    })
}
