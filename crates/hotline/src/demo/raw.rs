//! Raw messages of the demo, in the format of each channel.

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::message::RawMessage, identifiers::line_name::LineName, intake::Intake, text::locale::Language,
};
use hotline_store::db::store::Store;
use serde_json::{Value, json};

/// The lines of the demo.
pub const MAIL: &str = "mail";
pub const FORM: &str = "form";
pub const TELEGRAM: &str = "telegram";
pub const DISCORD: &str = "discord";

/// A person who writes on a chat platform.
#[derive(Clone)]
pub struct Writer {
    pub id: i64,
    pub name: String,
    pub language: Language,
}

/// Returns a raw message with an id that is unique in the demo.
pub fn raw(
    line: &str,
    number: i64,
    received_at: DateTime<Utc>,
    bytes: Vec<u8>,
) -> anyhow::Result<RawMessage> {
    Ok(RawMessage {
        line: LineName::parse(line)?,
        external_id: format!("sample {number}"),
        received_at,
        bytes,
        cut_from: None,
    })
}

/// Returns the bytes of a mail.
pub fn mail(number: i64, at: DateTime<Utc>, from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: <kontakt@centar.example.org>\r\nSubject: {subject}\r\nMessage-ID: <sample-{number}@example.org>\r\n\
         Date: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        at.to_rfc2822(),
        text.replace('\n', "\r\n"),
    )
    .into_bytes()
}

/// The fields of a post of the web form.
pub struct Post<'a> {
    pub kind: &'a str,
    pub text: &'a str,
    pub url: &'a str,
    pub language: Language,
    /// Whether the post came during a flood, without a proof of work.
    pub unproven: bool,
}

/// Returns a post of the web form as a raw message.
pub fn post(store: &Store, number: i64, at: DateTime<Utc>, post: &Post<'_>) -> anyhow::Result<RawMessage> {
    let mut raw = raw(FORM, number, at, Vec::new())?;
    let mark = store.receipt_mark(&store.receipt_code(&raw.line, &raw.external_id));
    let mut bytes = json!({
        "kind": post.kind, "message": post.text, "url": post.url, "language": post.language, "reply_to": "", "receipt": mark,
    });
    if post.unproven
        && let Some(fields) = bytes.as_object_mut()
    {
        fields.insert("provenance".to_owned(), json!("unproven"));
    }
    raw.bytes = serde_json::to_vec(&bytes)?;
    Ok(raw)
}

/// Returns the bytes of a Telegram update. `content` contains the fields of the message's content, such as `text` or `photo`.
pub fn telegram(number: i64, at: DateTime<Utc>, who: &Writer, content: Value, edited: bool) -> Vec<u8> {
    let code = who.language.tag().split('-').next().unwrap_or_default();
    let chat = json!({ "id": who.id, "type": "private", "first_name": who.name });
    let from = json!({ "id": who.id, "is_bot": false, "first_name": who.name, "language_code": code });
    let mut message = json!({ "message_id": number, "from": from, "chat": chat, "date": at.timestamp() });
    if let (Some(message), Value::Object(content)) = (message.as_object_mut(), content) {
        message.extend(content);
        if edited {
            message.insert("edit_date".to_owned(), json!(at.timestamp() + 90));
        }
    }
    let field = if edited { "edited_message" } else { "message" };
    let update = if edited { number + 500_000_000 } else { number };
    let mut bytes = json!({ "update_id": update });
    if let Some(fields) = bytes.as_object_mut() {
        fields.insert(field.to_owned(), message);
    }
    bytes.to_string().into_bytes()
}

/// Returns the bytes of a direct message on Discord.
pub fn discord(
    number: i64,
    at: DateTime<Utc>,
    who: &Writer,
    text: &str,
    attachments: Value,
    edited: bool,
) -> Vec<u8> {
    let channel = (who.id + 1_000_000).to_string();
    let edited_at = edited.then(|| (at + chrono::TimeDelta::seconds(90)).to_rfc3339());
    json!({
        "channel": channel, "person": who.id.to_string(), "thread": false,
        "message": {
            "id": (1_441_700_000_000_000_000 + number).to_string(), "type": 0, "channel_id": channel,
            "author": {
                "id": who.id.to_string(), "username": format!("user{}", who.id), "discriminator": "0",
                "global_name": who.name, "avatar": null, "bot": false, "public_flags": 0,
            },
            "content": text, "timestamp": at.to_rfc3339(), "edited_timestamp": edited_at, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": attachments, "embeds": [],
            "pinned": false, "components": [], "flags": 0,
        },
    })
    .to_string()
    .into_bytes()
}
