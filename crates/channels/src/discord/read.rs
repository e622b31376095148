//! Reading a message: bytes in, a message out. No clock, no network.

use hotline_core::{
    counting::Joining,
    locale::Language,
    message::{
        Content, Elsewhere, Incoming, News, Normalised, Notice, Origin, Part, Piece, RawMessage, Remark,
        Unreadable,
    },
    private::Private,
};
use serde::Deserialize;
use serde_json::Value;
use serenity::all::{Attachment, Message, MessageReferenceKind, MessageType, UserId};

use super::send::LARGEST;
use crate::{
    channel::Attachments,
    clean::{self, one_line},
};

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

/// Reads what was kept.
pub fn read(raw: &RawMessage, me: UserId, attachments: Attachments) -> Normalised {
    match serde_json::from_slice(&raw.bytes) {
        Ok(Envelope::Message {
            channel,
            person,
            thread,
            message,
        }) => {
            let author = message
                .pointer("/author/id")
                .and_then(Value::as_str)
                .map(str::to_owned);
            let read: Result<Message, _> = serde_json::from_value(message);
            match read {
                Ok(message) if message.author.id == me => Normalised::Ignore("our own message"),
                Ok(message) => read_message(&message, &channel, &person, attachments),
                // In a conversation of two it can only be the person.
                Err(_) => unreadable(author.or(Some(person).filter(|_| !thread))),
            }
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

fn read_message(message: &Message, channel: &str, person: &str, attachments: Attachments) -> Normalised {
    if !matches!(message.kind, MessageType::Regular | MessageType::InlineReply) {
        return Normalised::Ignore("the platform's own remark about the conversation");
    }
    let mut remarks = Vec::new();
    let mut said = Vec::new();
    said.extend(Some(clean::text(&message.content)).filter(|text| !text.is_empty()));
    let mut files: Vec<&Attachment> = message.attachments.iter().collect();
    let forwards = |kind: MessageReferenceKind| kind == MessageReferenceKind::Forward;
    if message
        .message_reference
        .as_ref()
        .is_some_and(|reference| forwards(reference.kind))
    {
        remarks.push(Remark::Forwarded);
        for snapshot in &message.message_snapshots {
            said.push(format!("↪ {}", clean::text(&snapshot.content)));
            files.extend(&snapshot.attachments);
            said.extend(snapshot.sticker_items.iter().map(|one| sticker(&one.name)));
        }
    }
    if !message.sticker_items.is_empty() {
        remarks.push(Remark::Sticker);
        said.extend(message.sticker_items.iter().map(|one| sticker(&one.name)));
    }
    if let Some(poll) = &message.poll {
        remarks.push(Remark::Poll);
        let text = |text: &Option<String>| one_line(text.as_deref().unwrap_or_default());
        said.push(format!("📊 {}", text(&poll.question.text)));
        said.extend(
            poll.answers
                .iter()
                .map(|answer| format!("– {}", text(&answer.poll_media.text))),
        );
    }
    if said.is_empty() && files.is_empty() {
        remarks.push(Remark::UnknownContent);
    }
    let id = message.id.get();
    let author = message.author.id.to_string();
    // Who is only a guest in the thread is not answered there: another person would read it.
    let answered_in = if author == person { channel } else { "-" };
    let whole = format!("{answered_in}:{id}");
    let version = message.edited_timestamp.map_or(0, |at| at.timestamp_micros());
    let quoted = message.referenced_message.as_ref().map(|answered| {
        let beginning: String = answered.content.chars().take(1_000).collect();
        clean::text(&beginning)
    });
    let parts = files
        .iter()
        .map(|file| part(file, channel, id, attachments))
        .collect();
    let name = name(&message.author.name, message.author.global_name.as_deref());
    let text = said.join("\n");
    let machine = message.author.bot || message.webhook_id.is_some();
    Normalised::Message(Box::new(Incoming {
        piece: Some(Piece {
            id: format!("{channel}:{id}"),
            place: id,
            version,
        }),
        message_id: Some(whole),
        origin: if machine { Origin::Machine } else { Origin::Person },
        parts,
        identifier: Some(author.into()),
        name: Some(name),
        joining: Joining::ByIdentifier,
        language: Language::guess(&text),
        text,
        quoted: quoted.unwrap_or_default(),
        remarks,
        ..Incoming::default()
    }))
}

fn read_form(form: Form) -> Normalised {
    let text = clean::text(&form.text);
    let place = form.id.parse().unwrap_or_default();
    let name = name(&form.user.username, form.user.global_name.as_deref());
    Normalised::Message(Box::new(Incoming {
        piece: Some(Piece {
            id: format!("form:{}", form.id),
            place,
            version: 0,
        }),
        // Where it is answered is not known yet.
        message_id: Some(format!("-:{}", form.id)),
        identifier: Some(form.user.id.into()),
        name: Some(name),
        joining: Joining::ByIdentifier,
        language: Language::guess(&text).or(Language::parse(&form.locale)),
        text,
        ..Incoming::default()
    }))
}

fn sticker(name: &str) -> String {
    format!("🏷 {}", one_line(name))
}

/// The name somebody goes by, and the name the account has.
fn name(username: &str, shown: Option<&str>) -> String {
    let username = one_line(username);
    match shown {
        Some(shown) => format!("{} (@{username})", one_line(shown)),
        None => format!("@{username}"),
    }
}

/// A file. Its address changes every day, so it is found again by its message.
fn part(file: &Attachment, channel: &str, message: u64, attachments: Attachments) -> Part {
    let size = u64::from(file.size);
    let content = match attachments {
        Attachments::Never => Content::NotTaken(size),
        Attachments::OnRequest | Attachments::Always if size > LARGEST => Content::TooLarge(size),
        Attachments::OnRequest | Attachments::Always => Content::Elsewhere(Elsewhere {
            reference: format!("{channel} {message} {}", file.id).into(),
            unique: file.id.to_string(),
            size,
            at_once: attachments == Attachments::Always,
        }),
    };
    Part {
        name: clean::file_name(&file.filename),
        media_type: clean::media_type(file.content_type.as_deref().unwrap_or_default()),
        inline: false,
        content,
    }
}
