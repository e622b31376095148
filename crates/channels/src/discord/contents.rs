//! Reads the contents of a message: its text, descriptions of content that is not text, and references to its files. Ids of people and
//! channels in the text are replaced with names.
//!
//! The functions work on untyped JSON. If one field has an unexpected value, the rest of the message can still be read.

use hotline_core::contact::message::{Content, Elsewhere, Part, Remark};
use serde_json::Value;

use super::{mentions::replace_mentions, rest::LARGEST_FILE};
use crate::{
    channel::Attachments,
    clean::{self, one_line},
    json,
};

pub struct Contents {
    pub text: String,
    /// The text of the message to which this message replies. The desk shows this text collapsed.
    pub quoted: String,
    pub parts: Vec<Part>,
    pub remarks: Vec<Remark>,
}

/// The names of the text fields in the components of a message, such as buttons and sections.
const WORDS: [&str; 6] = ["content", "description", "label", "placeholder", "title", "url"];

/// Reads the contents of a message. `channel` is the id of the Discord channel that contains the message, and `id` is the id of the
/// message. The reference to each file contains both ids.
pub fn read_contents(message: &Value, channel: &str, id: Option<u64>, attachments: Attachments) -> Contents {
    let mut remarks = Vec::new();
    let mut texts = own_texts(message, &mut remarks);
    let mut files: Vec<&Value> = json::list(message, "/attachments").collect();
    let snapshots: Vec<&Value> = json::list(message, "/message_snapshots").collect();
    if json::number(message, "/message_reference/type") == Some(1) || !snapshots.is_empty() {
        remarks.push(Remark::Forwarded);
    }
    for snapshot in snapshots {
        let forwarded = snapshot.get("message").unwrap_or(snapshot);
        let words = own_texts(forwarded, &mut remarks);
        let mut attached = json::list(forwarded, "/attachments").peekable();
        if words.is_empty() && attached.peek().is_none() {
            remarks.push(Remark::UnknownContent);
        }
        texts.push(format!("↪ {}", words.join("\n")).trim_end().to_owned());
        files.extend(attached);
    }
    let quoted = message.get("referenced_message").map(|answered| {
        let words = own_texts(answered, &mut Vec::new()).join("\n");
        words.chars().take(1_000).collect::<String>()
    });
    remarks.dedup();
    Contents {
        text: texts.join("\n"),
        quoted: quoted.unwrap_or_default(),
        parts: files
            .into_iter()
            .filter(|file| file.is_object())
            .map(|file| to_part(file, channel, id, attachments))
            .collect(),
        remarks,
    }
}

/// Collects the texts of a message. A sticker or a poll gives a text that describes it.
fn own_texts(message: &Value, remarks: &mut Vec<Remark>) -> Vec<String> {
    let content = match message.get("content") {
        Some(Value::String(content)) => content.clone(),
        Some(other) => json::texts(other).join("\n"),
        None => String::new(),
    };
    let (named, nameless) = replace_mentions(&content, message);
    if nameless {
        remarks.push(Remark::NamelessMention);
    }
    let mut texts = vec![clean::text(&named)];
    texts.extend(json::list(message, "/embeds").flat_map(|embed| embed_texts(embed, &content)));
    let components = message.get("components").into_iter();
    texts.extend(
        components
            .flat_map(|all| json::texts_named(all, &WORDS))
            .map(clean::text),
    );
    let stickers = json::list(message, "/sticker_items").chain(json::list(message, "/stickers"));
    for sticker in stickers {
        remarks.push(Remark::Sticker);
        texts.push(format!("🏷 {}", line_at(sticker, "/name")));
    }
    if let Some(poll) = message.get("poll").filter(|poll| poll.is_object()) {
        remarks.push(Remark::Poll);
        texts.push(format!("📊 {}", line_at(poll, "/question/text")));
        texts.extend(
            json::list(poll, "/answers").map(|answer| format!("– {}", line_at(answer, "/poll_media/text"))),
        );
    }
    texts.retain(|words| !words.is_empty());
    texts
}

/// Collects the texts and URLs of an embed. `content` is the text of the message. Returns an empty list if Discord created the embed from a
/// URL in this text, because the person did not write such an embed.
fn embed_texts(embed: &Value, content: &str) -> Vec<String> {
    if json::text(embed, "/url").is_some_and(|url| content.contains(url)) {
        return Vec::new();
    }
    let own = ["/author/name", "/title", "/url", "/description"].map(|words| json::text(embed, words));
    let fields = json::list(embed, "/fields")
        .flat_map(|field| [json::text(field, "/name"), json::text(field, "/value")]);
    let last =
        ["/footer/text", "/image/url", "/video/url", "/thumbnail/url"].map(|words| json::text(embed, words));
    let all = own.into_iter().chain(fields).chain(last).flatten();
    all.map(clean::text).collect()
}

fn line_at(value: &Value, pointer: &str) -> String {
    one_line(json::text(value, pointer).unwrap_or_default())
}

/// Converts an attachment into a message part. The URL of an attachment expires after a day, so the part contains the ids of the Discord
/// channel, the message and the attachment instead.
fn to_part(file: &Value, channel: &str, message: Option<u64>, attachments: Attachments) -> Part {
    let size = json::size(file, "/size").unwrap_or_default();
    let content = match (attachments, json::id(file, "/id").zip(message)) {
        (Attachments::Never, _) | (_, None) => Content::NotTaken(size),
        (Attachments::OnRequest | Attachments::Always, Some(_)) if size > LARGEST_FILE => {
            Content::TooLarge(size)
        }
        (Attachments::OnRequest | Attachments::Always, Some((id, message))) => {
            Content::Elsewhere(Elsewhere {
                reference: format!("{channel} {message} {id}").into(),
                unique: id.to_string(),
                size,
                at_once: attachments == Attachments::Always,
            })
        }
    };
    Part {
        name: json::text(file, "/filename").and_then(clean::file_name),
        media_type: clean::media_type(json::text(file, "/content_type").unwrap_or_default()),
        inline: false,
        content,
    }
}
