//! Reading an update: bytes in, a message out. No clock, no network.

use hotline_core::{
    counting::Joining,
    locale::Language,
    message::{Incoming, News, Normalised, Notice, Origin, Piece, RawMessage, Remark, Unreadable},
    private::Private,
};
use serde_json::Value;
use teloxide::types::{CallbackQuery, ChatMemberUpdated, Message, MessageKind, Update, UpdateKind, User};

use super::{
    contents::{Contents, contents},
    menu::{Command, choice},
};
use crate::{channel::Attachments, clean::one_line};

/// Reads an update. `bot` is the number of the bot it came to: another bot gives its messages the same numbers anew.
#[expect(clippy::wildcard_enum_match_arm, reason = "a set that the platform adds to")]
pub fn read(raw: &RawMessage, bot: &str, attachments: Attachments) -> Normalised {
    let Ok(value) = serde_json::from_slice::<Value>(&raw.bytes) else {
        return unreadable("it is no JSON", None);
    };
    let sender = sender(&value);
    // Not from the value: teloxide borrows from what it reads.
    let Ok(update) = serde_json::from_slice::<Update>(&raw.bytes) else {
        return unreadable("it is no update", sender);
    };
    match update.kind {
        UpdateKind::Message(message) => read_message(&message, bot, 0, attachments),
        UpdateKind::EditedMessage(message) => {
            let edited = message.edit_date().map_or(0, chrono::DateTime::timestamp);
            // Of two versions in one second the later has the higher number.
            let version = edited
                .saturating_mul(1 << 20)
                .saturating_add(i64::from(update.id.0) & 0xf_ffff);
            read_message(&message, bot, version.max(1), attachments)
        }
        UpdateKind::CallbackQuery(query) => pressed(&query),
        UpdateKind::MyChatMember(change) => blocked(&change),
        UpdateKind::Error(_) => unreadable("it is of a kind this program does not know", sender),
        _ => unreadable("it is of a kind nobody asked for", sender),
    }
}

/// Who wrote what cannot be read, if it was written in a private chat.
fn sender(update: &Value) -> Option<String> {
    let about = update.as_object()?.values().find(|value| value.is_object())?;
    let chat = about.get("chat")?;
    let private = chat.get("type").is_none_or(|kind| kind == "private");
    chat.get("id")
        .and_then(Value::as_i64)
        .filter(|id| private && *id > 0)
        .map(|id| id.to_string())
}

fn unreadable(reason: &str, identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        joining: Joining::ByIdentifier,
        identifier: identifier.map(Private::new),
        subject: None,
    })
}

fn read_message(message: &Message, bot: &str, version: i64, attachments: Attachments) -> Normalised {
    if !message.chat.is_private() {
        return Normalised::Ignore("written in a group or channel, where nobody is served");
    }
    if version == 0 && message.text().is_some_and(|text| Command::parse(text).is_some()) {
        let stop = message.text().and_then(Command::parse) == Some(Command::Stop);
        return if stop {
            notice(message.chat.id.0, News::Stopped)
        } else {
            Normalised::Ignore("a command, which the bot answers by itself")
        };
    }
    let from = message.from.as_ref();
    if from.is_some_and(|from| from.id.0.to_string() == bot) {
        return Normalised::Ignore("our own message");
    }
    if is_service(&message.kind) {
        return Normalised::Ignore("the platform's own remark about the chat");
    }
    let Contents {
        text,
        quoted,
        parts,
        mut remarks,
    } = contents(message, attachments);
    if text.is_empty() && parts.is_empty() && !remarks.contains(&Remark::UnknownContent) {
        remarks.push(Remark::UnknownContent);
    }
    let chat = message.chat.id.0;
    let id = message.id.0;
    // The pieces of an album are one message.
    let whole = message.media_group_id().map_or_else(
        || format!("{bot}:{chat}:{id}"),
        |album| format!("{bot}:{chat}:album {}", album.0),
    );
    let spoken = from
        .and_then(|from| from.language_code.as_deref())
        .and_then(Language::parse);
    Normalised::Message(Box::new(Incoming {
        identifier: Some(chat.to_string().into()),
        name: from.map(name),
        joining: Joining::ByIdentifier,
        message_id: Some(whole),
        piece: Some(Piece {
            id: format!("{bot}:{chat}:{id}"),
            place: u64::try_from(id).unwrap_or_default(),
            version,
        }),
        language: Language::guess(&text).or(spoken),
        text,
        quoted,
        parts,
        origin: if from.is_some_and(|from| from.is_bot) {
            Origin::Machine
        } else {
            Origin::Person
        },
        remarks,
        ..Incoming::default()
    }))
}

/// The name somebody goes by, and the name the account has.
pub fn name(user: &User) -> String {
    let shown = one_line(&user.full_name());
    match &user.username {
        Some(username) => format!("{shown} (@{username})"),
        None => shown,
    }
}

/// What Telegram itself says in a chat, in nobody's name.
fn is_service(kind: &MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::Pinned(_)
            | MessageKind::MessageAutoDeleteTimerChanged(_)
            | MessageKind::ChatBackground(_)
            | MessageKind::WriteAccessAllowed(_)
            | MessageKind::ConnectedWebsite(_)
    )
}

fn pressed(query: &CallbackQuery) -> Normalised {
    match query.data.as_deref().and_then(choice) {
        Some(language) => i64::try_from(query.from.id.0)
            .map_or(Normalised::Ignore("a button pressed by nobody"), |chat| {
                notice(chat, News::Chose(language))
            }),
        None => Normalised::Ignore("a button that means nothing any more"),
    }
}

fn blocked(change: &ChatMemberUpdated) -> Normalised {
    if !change.chat.is_private() {
        return Normalised::Ignore("added to a group or channel, or removed from it");
    }
    let (was, is) = (
        change.old_chat_member.is_banned(),
        change.new_chat_member.is_banned(),
    );
    match (was, is) {
        (_, true) => notice(change.chat.id.0, News::Blocked),
        (true, false) => notice(change.chat.id.0, News::Unblocked),
        (false, false) => Normalised::Ignore("a chat was begun"),
    }
}

fn notice(chat: i64, news: News) -> Normalised {
    Normalised::Notice(Notice {
        identifier: chat.to_string().into(),
        news,
    })
}
