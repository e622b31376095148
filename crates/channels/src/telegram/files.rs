//! Finds the files of a message. In Telegram's JSON, every object with a `file_id` is a file.

use hotline_core::contact::message::{Content, Elsewhere, Part};
use serde_json::Value;

use crate::{channel::Attachments, clean, json};

/// The size of the largest file that a bot can download from the Bot API, in bytes.
pub const LARGEST: u64 = 20 << 20;

/// Fields that contain files which the sender did not attach: pictures of people and chats, previews, and files of the message to which
/// the person replied.
const NOT_SENT: [&str; 14] = [
    "caption_entities",
    "chat",
    "cover",
    "entities",
    "forward_from",
    "forward_from_chat",
    "forward_origin",
    "from",
    "pinned_message",
    "reply_markup",
    "reply_to_message",
    "reply_to_story",
    "thumbnail",
    "via_bot",
];

pub struct File<'a> {
    id: &'a str,
    /// Telegram's permanent id of the file, which is the same for every bot; equal to `id` if Telegram gives no permanent id.
    unique: &'a str,
    /// The size in bytes; `None` if Telegram gives no size.
    size: Option<u64>,
    name: Option<String>,
    media_type: String,
}

/// Returns the files of a message, each file once. Of a picture in several sizes, returns only the largest size.
pub fn find_files(message: &Value) -> Vec<File<'_>> {
    let mut files = Vec::new();
    let fields = message.as_object().into_iter().flatten();
    // Telegram lists an animation as a document, too. The document is skipped.
    let twice = message.get("animation").is_some();
    for (name, value) in fields.filter(|(name, _)| !(twice && *name == "document")) {
        collect_files(name, value, &mut files);
    }
    files
}

fn collect_files<'a>(field: &str, value: &'a Value, files: &mut Vec<File<'a>>) {
    if NOT_SENT.contains(&field) {
        return;
    }
    match value {
        Value::Array(all) if !all.is_empty() && all.iter().all(is_size) => {
            let pixels = |size: &&Value| {
                let side = |name| json::size(size, name).unwrap_or_default();
                (side("/width").saturating_mul(side("/height")), side("/file_size"))
            };
            if let Some(largest) = all.iter().max_by_key(pixels) {
                add_file(field, largest, files);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| collect_files(field, one, files)),
        // Objects inside this object are previews or other resolutions of the same file, so they are skipped.
        Value::Object(_) if json::text(value, "/file_id").is_some() => add_file(field, value, files),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| collect_files(name, value, files)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns whether a value is one of the sizes of a picture.
fn is_size(value: &Value) -> bool {
    json::text(value, "/file_id").is_some() && value.get("width").is_some() && value.get("duration").is_none()
}

fn add_file<'a>(field: &str, value: &'a Value, files: &mut Vec<File<'a>>) {
    let Some(id) = json::text(value, "/file_id").filter(|id| !id.is_empty()) else {
        return;
    };
    let unique = json::text(value, "/file_unique_id").filter(|unique| !unique.is_empty());
    let unique = unique.unwrap_or(id);
    if files.iter().any(|known| known.unique == unique) {
        return;
    }
    let named = json::text(value, "/mime_type").filter(|named| !named.trim().is_empty());
    files.push(File {
        id,
        unique,
        size: json::size(value, "/file_size"),
        name: json::text(value, "/file_name").and_then(clean::file_name),
        media_type: named.map_or_else(|| default_media_type(field, value).to_owned(), clean::media_type),
    });
}

/// Returns the usual media type of a file if Telegram gives none.
fn default_media_type(field: &str, value: &Value) -> &'static str {
    let is = |flag: &str| value.get(flag).and_then(Value::as_bool).unwrap_or_default();
    match field {
        "photo" | "new_chat_photo" => "image/jpeg",
        "animation" | "video" | "video_note" => "video/mp4",
        "voice" => "audio/ogg",
        "audio" => "audio/mpeg",
        "sticker" if is("is_video") => "video/webm",
        "sticker" if is("is_animated") => "application/x-tgsticker",
        "sticker" => "image/webp",
        _ => "application/octet-stream",
    }
}

impl File<'_> {
    /// Converts the file into an attachment of the message.
    pub fn into_part(self, attachments: Attachments) -> Part {
        let size = self.size.unwrap_or_default();
        let content = match attachments {
            Attachments::Never => Content::NotTaken(size),
            Attachments::OnRequest | Attachments::Always if size > LARGEST => Content::TooLarge(size),
            Attachments::OnRequest | Attachments::Always => Content::Elsewhere(Elsewhere {
                reference: self.id.to_owned().into(),
                unique: self.unique.to_owned(),
                size,
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
