//! Reads the contents of a message: its text, descriptions of content that is not text, and references to its files.
//!
//! The functions work on untyped JSON, because Telegram adds fields every month. A library with a type for each kind of message would
//! reject a whole message if one field is unexpected.

use hotline_core::contact::message::{Part, Remark};
use serde_json::Value;

use super::files::find_files;
use crate::{
    channel::Attachments,
    clean::{self, one_line},
    json,
};

#[derive(Default)]
pub struct Contents {
    pub text: String,
    /// The text of the message to which this message replies. The desk shows this text collapsed.
    pub quoted: String,
    pub parts: Vec<Part>,
    pub remarks: Vec<Remark>,
}

/// The known fields of a message. This module either reads a field by name or ignores it, because it contains no text and no file from
/// the sender.
const KNOWN: [&str; 48] = [
    "animation",
    "audio",
    "business_connection_id",
    "caption",
    "caption_entities",
    "chat",
    "checklist",
    "contact",
    "date",
    "dice",
    "document",
    "edit_date",
    "effect_id",
    "entities",
    "external_reply",
    "forward_date",
    "forward_from",
    "forward_from_chat",
    "forward_origin",
    "forward_sender_name",
    "from",
    "link_preview_options",
    "live_photo",
    "location",
    "media_group_id",
    "message_id",
    "new_chat_photo",
    "photo",
    "pinned_message",
    "poll",
    "quote",
    "reply_markup",
    "reply_to_checklist_task_id",
    "reply_to_message",
    "reply_to_story",
    "sender_business_bot",
    "sender_chat",
    "sender_tag",
    "sticker",
    "story",
    "text",
    "users_shared",
    "venue",
    "via_bot",
    "video",
    "video_note",
    "voice",
    "write_access_allowed",
];

/// The names of fields with text. In a field of a message that is not in `KNOWN`, this module collects the texts of all nested fields
/// with these names.
const WORDS: [&str; 10] = [
    "additional_chat",
    "button_text",
    "caption",
    "comment",
    "data",
    "description",
    "prize_description",
    "question",
    "text",
    "title",
];

/// Kinds of content that the desk shows incompletely or not at all.
const NOT_SHOWN: [&str; 8] = [
    "game",
    "gift",
    "giveaway",
    "invoice",
    "paid_media",
    "story",
    "unique_gift",
    "users_shared",
];

/// Reads the contents of a message.
pub fn read_contents(message: &Value, attachments: Attachments) -> Contents {
    let mut remarks = Vec::new();
    let mut lines = Vec::new();
    let origin = message.get("forward_origin").map(author_name);
    if let Some(origin) = origin.or_else(|| formerly_forwarded(message)) {
        remarks.push(Remark::Forwarded);
        lines.push(format!("↪ {origin}"));
    }
    lines.extend(texts_with_links(message));
    lines.extend(substitutes(message, &mut remarks));
    let unknown = unknown_texts(message);
    let not_shown = NOT_SHOWN.iter().any(|kind| message.get(kind).is_some());
    if !unknown.is_empty() || not_shown {
        remarks.push(Remark::UnknownContent);
    }
    lines.extend(unknown);
    lines.retain(|line| !line.is_empty());
    Contents {
        text: lines.join("\n"),
        quoted: quoted_text(message),
        parts: find_files(message)
            .into_iter()
            .map(|file| file.into_part(attachments))
            .collect(),
        remarks,
    }
}

/// Collects the text and the caption of a message, and inserts the URLs of their links. If one of them is not a string, collects all
/// strings inside it.
fn texts_with_links(message: &Value) -> Vec<String> {
    let marked = [("text", "entities"), ("caption", "caption_entities")];
    let found = marked.iter().filter_map(|(field, entities)| {
        let value = message.get(field)?;
        Some(match value.as_str() {
            Some(text) => insert_link_urls(text, json::list(message, &format!("/{entities}"))),
            None => json::texts(value).join("\n"),
        })
    });
    found.map(|text| clean::text(&text)).collect()
}

/// Inserts the URL of each link after the link's label. `entities` are Telegram's descriptions of the links, with offsets in UTF-16 code
/// units. A link is ignored if one of its offsets is inside a character.
fn insert_link_urls<'a>(text: &str, entities: impl Iterator<Item = &'a Value>) -> String {
    let mut links: Vec<(usize, &str)> = entities
        .filter_map(|entity| {
            let url =
                json::text(entity, "/url").filter(|_| json::text(entity, "/type") == Some("text_link"))?;
            let begin = usize::try_from(json::number(entity, "/offset")?).ok()?;
            let end = begin.checked_add(usize::try_from(json::number(entity, "/length")?).ok()?)?;
            let (begin, end) = (byte_offset(text, begin)?, byte_offset(text, end)?);
            (text.get(begin..end)? != url).then_some((end, url))
        })
        .collect();
    links.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
    let mut shown = text.to_owned();
    for (end, url) in links {
        shown.insert_str(end, &format!(" <{url}>"));
    }
    shown
}

/// Converts an offset in UTF-16 code units to an offset in bytes. Returns `None` if the offset is inside a character or beyond the
/// end of the text.
fn byte_offset(text: &str, units: usize) -> Option<usize> {
    let ends = text.char_indices().scan(0, |passed, (at, one)| {
        *passed += one.len_utf16();
        Some((*passed, at + one.len_utf8()))
    });
    std::iter::once((0, 0))
        .chain(ends)
        .find(|(passed, _)| *passed == units)
        .map(|(_, at)| at)
}

/// Returns a text for each content that is not text, such as a sticker, a location or a poll.
fn substitutes(message: &Value, remarks: &mut Vec<Remark>) -> Vec<String> {
    let mut lines = Vec::new();
    let line = |value: &Value, pointer: &str| one_line(json::text(value, pointer).unwrap_or_default());
    if let Some(sticker) = message.get("sticker") {
        remarks.push(Remark::Sticker);
        lines.push(json::text(sticker, "/emoji").unwrap_or("🏷").to_owned());
    }
    let venue = message.get("venue");
    let place = venue.and_then(|venue| venue.get("location"));
    if let Some(place) = place.or_else(|| message.get("location")) {
        remarks.push(Remark::Location);
        lines.extend(coordinates(place));
    }
    if let Some(venue) = venue {
        lines.push(join_visible(
            [line(venue, "/title"), line(venue, "/address")],
            ", ",
        ));
    }
    if let Some(card) = message.get("contact") {
        remarks.push(Remark::ContactCard);
        let name = join_visible([line(card, "/first_name"), line(card, "/last_name")], " ");
        lines.push(format!(
            "👤 {}",
            join_visible([name, line(card, "/phone_number")], ", ")
        ));
    }
    if let Some(poll) = message.get("poll") {
        remarks.push(Remark::Poll);
        lines.push(format!("📊 {}", line(poll, "/question")));
        lines.extend(json::list(poll, "/options").map(|option| format!("– {}", line(option, "/text"))));
        lines.extend(["/description", "/explanation"].map(|words| line(poll, words)));
    }
    if let Some(value) = json::number(message, "/dice/value") {
        lines.push(format!("🎲 {value}"));
    }
    if let Some(list) = message.get("checklist") {
        lines.push(line(list, "/title"));
        lines.extend(json::list(list, "/tasks").map(|task| format!("– {}", line(task, "/text"))));
    }
    lines
}

/// Formats the coordinates of a location. Returns `None` if it has no coordinates.
fn coordinates(place: &Value) -> Option<String> {
    let degrees = |name: &str| {
        let found = place.get(name)?;
        found.as_f64().or_else(|| found.as_str()?.parse().ok())
    };
    Some(format!(
        "📍 {:.5}, {:.5}",
        degrees("latitude")?,
        degrees("longitude")?
    ))
}

/// Collects texts from those fields of a message whose names are not in `KNOWN`.
fn unknown_texts(message: &Value) -> Vec<String> {
    let fields = message.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| !KNOWN.contains(&name.as_str()) && (value.is_object() || value.is_array()))
        .flat_map(|(_, value)| json::texts_named(value, &WORDS))
        .map(clean::text)
        .collect()
}

/// Returns the name of the author of a forwarded message.
fn author_name(origin: &Value) -> String {
    let chat = origin.get("sender_chat").or_else(|| origin.get("chat"));
    match (origin.get("sender_user"), chat) {
        (Some(user), _) => display_name(user),
        (None, Some(chat)) => chat_title(chat),
        (None, None) => one_line(json::text(origin, "/sender_user_name").unwrap_or_default()),
    }
}

/// Returns the name of the author of a forwarded message, from the fields that Telegram used before 2024.
fn formerly_forwarded(message: &Value) -> Option<String> {
    let hidden = || json::text(message, "/forward_sender_name").map(one_line);
    let user = message.get("forward_from").map(display_name);
    user.or_else(|| message.get("forward_from_chat").map(chat_title))
        .or_else(hidden)
}

fn chat_title(chat: &Value) -> String {
    let title = one_line(json::text(chat, "/title").unwrap_or_default());
    match json::text(chat, "/username") {
        Some(username) => format!("{title} (@{username})"),
        None => title,
    }
}

/// Returns the text to which the message replies: the passage that the person selected, else the beginning of the earlier message. Adds the
/// author and a description of the content if the earlier message is in another chat.
fn quoted_text(message: &Value) -> String {
    let elsewhere = message.get("external_reply");
    let mut lines = Vec::new();
    lines.extend(
        elsewhere
            .and_then(|reply| reply.get("origin"))
            .map(|origin| format!("↪ {}", author_name(origin))),
    );
    let chosen = match message.get("quote") {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(quote) => json::text(quote, "/text"),
        None => None,
    };
    let answered = || {
        let answered = message.get("reply_to_message")?;
        json::text(answered, "/text").or_else(|| json::text(answered, "/caption"))
    };
    let beginning: String = match chosen {
        Some(chosen) => chosen.to_owned(),
        None => answered().unwrap_or_default().chars().take(1_000).collect(),
    };
    lines.push(clean::text(&beginning));
    lines.extend(
        elsewhere
            .into_iter()
            .flat_map(|reply| substitutes(reply, &mut Vec::new())),
    );
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// Joins two texts with `between`. Leaves out an empty text.
fn join_visible(two: [String; 2], between: &str) -> String {
    let lines: Vec<String> = two.into_iter().filter(|one| !one.is_empty()).collect();
    lines.join(between)
}

/// Returns the display name of a person, followed by the account name.
pub fn display_name(user: &Value) -> String {
    let part = |pointer| json::text(user, pointer).unwrap_or_default();
    let shown = one_line(&format!("{} {}", part("/first_name"), part("/last_name")));
    match json::text(user, "/username") {
        Some(username) => format!("{shown} (@{username})"),
        None => shown,
    }
}
