//! What a message holds: its words, what stands for what is no words, and its files by name.

use std::collections::BTreeSet;

use hotline_core::message::{Content, Elsewhere, Part, Remark};
use teloxide::types::{
    FileMeta, Message, MessageEntity, MessageEntityKind, MessageEntityRef, MessageKind, MessageOrigin,
};

use super::read::name;
use crate::{
    channel::Attachments,
    clean::{self, one_line},
};

/// The largest file the Bot API gives out, in bytes.
pub const LARGEST: u64 = 20 << 20;

/// What a message holds.
#[derive(Default)]
pub struct Contents {
    pub text: String,
    /// What it answers, folded on screen.
    pub quoted: String,
    pub parts: Vec<Part>,
    pub remarks: Vec<Remark>,
}

/// Reads what a message holds.
pub fn contents(message: &Message, attachments: Attachments) -> Contents {
    let mut contents = Contents::default();
    let mut said = Vec::new();
    if let Some(origin) = message.forward_origin() {
        contents.remarks.push(Remark::Forwarded);
        said.push(format!("↪ {}", author(origin)));
    }
    said.extend(words(message));
    said.extend(stand_ins(message, &mut contents.remarks));
    contents.text = said.join("\n");
    contents.quoted = quoted(message);
    contents.parts = files(message)
        .into_iter()
        .map(|file| file.into_part(attachments))
        .collect();
    // What teloxide has no name for stays in the raw message.
    if matches!(message.kind, MessageKind::Empty {}) {
        contents.remarks.push(Remark::UnknownContent);
    }
    contents
}

/// The text or caption, with the address after words that hide one.
#[expect(clippy::wildcard_enum_match_arm, reason = "a set that the platform adds to")]
fn words(message: &Message) -> Option<String> {
    let text = message.text().or_else(|| message.caption())?;
    let marked = message.entities().or_else(|| message.caption_entities());
    let marked = inside(text, marked.unwrap_or_default());
    let entities = MessageEntityRef::parse(text, &marked);
    let mut hidden: Vec<(usize, String)> = entities
        .iter()
        .filter_map(|entity| match entity.kind() {
            MessageEntityKind::TextLink { url } if entity.text() != url.as_str() => {
                Some((entity.end(), format!(" <{url}>")))
            }
            _ => None,
        })
        .collect();
    hidden.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
    let mut shown = text.to_owned();
    for (end, address) in hidden {
        if shown.is_char_boundary(end) {
            shown.insert_str(end, &address);
        }
    }
    Some(clean::text(&shown))
}

/// The entities that begin and end between two characters of the text. teloxide panics at others.
fn inside(text: &str, entities: &[MessageEntity]) -> Vec<MessageEntity> {
    let between = text.chars().scan(0, |end, one| {
        *end += one.len_utf16();
        Some(*end)
    });
    let between: BTreeSet<usize> = std::iter::once(0).chain(between).collect();
    let holds = |at: Option<usize>| at.is_some_and(|at| between.contains(&at));
    entities
        .iter()
        .filter(|entity| holds(Some(entity.offset)) && holds(entity.offset.checked_add(entity.length)))
        .cloned()
        .collect()
}

/// What stands for something that is no words.
fn stand_ins(message: &Message, remarks: &mut Vec<Remark>) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(sticker) = message.sticker() {
        remarks.push(Remark::Sticker);
        said.push(sticker.emoji.clone().unwrap_or_else(|| "🏷".to_owned()));
    }
    let place = message
        .venue()
        .map(|venue| &venue.location)
        .or_else(|| message.location());
    if let Some(place) = place {
        remarks.push(Remark::Location);
        said.push(format!("📍 {:.5}, {:.5}", place.latitude, place.longitude));
    }
    if let Some(venue) = message.venue() {
        said.push(one_line(&format!("{}, {}", venue.title, venue.address)));
    }
    if let Some(card) = message.contact() {
        remarks.push(Remark::ContactCard);
        let last = card.last_name.as_deref().unwrap_or_default();
        let name = one_line(&format!("{} {last}", card.first_name));
        said.push(format!("👤 {name}, {}", one_line(&card.phone_number)));
    }
    if let Some(poll) = message.poll() {
        remarks.push(Remark::Poll);
        said.push(format!("📊 {}", one_line(&poll.question)));
        said.extend(
            poll.options
                .iter()
                .map(|option| format!("– {}", one_line(&option.text))),
        );
    }
    if let Some(dice) = message.dice() {
        said.push(format!("🎲 {}", dice.value));
    }
    if message.story().is_some() || message.game().is_some() || message.paid_media().is_some() {
        remarks.push(Remark::UnknownContent);
    }
    if let Some(list) = message.checklist() {
        said.push(one_line(&list.title));
        said.extend(
            list.tasks
                .iter()
                .map(|task| format!("– {}", one_line(&task.text))),
        );
    }
    said
}

/// Who wrote what was passed on.
fn author(origin: &MessageOrigin) -> String {
    match origin {
        MessageOrigin::User { sender_user, .. } => name(sender_user),
        MessageOrigin::HiddenUser { sender_user_name, .. } => one_line(sender_user_name),
        MessageOrigin::Chat { sender_chat, .. } => title(sender_chat),
        MessageOrigin::Channel { chat, .. } => title(chat),
    }
}

fn title(chat: &teloxide::types::Chat) -> String {
    let title = chat.title().map(one_line).unwrap_or_default();
    match chat.username() {
        Some(username) => format!("{title} (@{username})"),
        None => title,
    }
}

/// What the message answers: the part the person chose, else the beginning of it.
fn quoted(message: &Message) -> String {
    if let Some(quote) = message.quote() {
        return clean::text(&quote.text);
    }
    let Some(answered) = message.reply_to_message() else {
        return String::new();
    };
    let text = answered.text().or_else(|| answered.caption()).unwrap_or_default();
    clean::text(&text.chars().take(1_000).collect::<String>())
}

/// A file as Telegram names it.
struct File<'a> {
    meta: &'a FileMeta,
    name: Option<String>,
    media_type: String,
}

/// Every file of a message. Of a photo the largest size.
fn files(message: &Message) -> Vec<File<'_>> {
    let mut files = Vec::new();
    let mut add = |meta, name: Option<&String>, mime: Option<String>, usual: &str| {
        files.push(File {
            meta,
            name: name.and_then(|name| clean::file_name(name)),
            media_type: mime.map_or_else(|| usual.to_owned(), |mime| clean::media_type(&mime)),
        });
    };
    if let Some(sizes) = message.photo()
        && let Some(largest) = sizes
            .iter()
            .max_by_key(|size| (u64::from(size.width) * u64::from(size.height), size.file.size))
    {
        add(&largest.file, None, None, "image/jpeg");
    }
    // An animation is named as a document as well.
    if let Some(animation) = message.animation() {
        add(
            &animation.file,
            animation.file_name.as_ref(),
            mime(&animation.mime_type),
            "video/mp4",
        );
    } else if let Some(document) = message.document() {
        add(
            &document.file,
            document.file_name.as_ref(),
            mime(&document.mime_type),
            "application/octet-stream",
        );
    }
    if let Some(voice) = message.voice() {
        add(&voice.file, None, mime(&voice.mime_type), "audio/ogg");
    }
    if let Some(audio) = message.audio() {
        add(
            &audio.file,
            audio.file_name.as_ref(),
            mime(&audio.mime_type),
            "audio/mpeg",
        );
    }
    if let Some(video) = message.video() {
        add(
            &video.file,
            video.file_name.as_ref(),
            mime(&video.mime_type),
            "video/mp4",
        );
    }
    if let Some(note) = message.video_note() {
        add(&note.file, None, None, "video/mp4");
    }
    files
}

impl File<'_> {
    fn into_part(self, attachments: Attachments) -> Part {
        let size = u64::from(self.meta.size);
        let content = match attachments {
            Attachments::Never => Content::NotTaken(size),
            Attachments::OnRequest | Attachments::Always if size > LARGEST => Content::TooLarge(size),
            Attachments::OnRequest | Attachments::Always => Content::Elsewhere(Elsewhere {
                reference: self.meta.id.0.clone().into(),
                unique: self.meta.unique_id.0.clone(),
                // teloxide says so where Telegram says nothing.
                size: if self.meta.size == u32::MAX { 0 } else { size },
                at_once: attachments == Attachments::Always,
            }),
        };
        Part {
            name: self.name,
            media_type: self.media_type,
            inline: false,
            content,
        }
    }
}

/// A media type as text; teloxide has a type of its own for it.
fn mime(mime: &Option<impl ToString>) -> Option<String> {
    mime.as_ref().map(ToString::to_string)
}
