//! The bot's messages: sending, editing and deleting them.

use serde_json::{Map, Value, json};

use super::bot_user;
use super::content;
use super::entities::Rich;
use super::methods::{find_chat, is_own, open_chat};
use super::params::{Params, Refusal, bad_request, refuse};
use super::request::Upload;
use super::state::{State, object, overlay, unix_now};

const LARGEST_FILE: usize = 50 * 1024 * 1024;
const LARGEST_PHOTO: usize = 10 * 1024 * 1024;
const LONGEST_TEXT: usize = 4096;
const LONGEST_CAPTION: usize = 1024;

/// Handles sendMessage.
pub(super) fn message(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    open_chat(state, params)?;
    let mut content = Map::new();
    read_text(state, params)?.put(&mut content, "text", "entities");
    send(state, params, content)
}

fn read_text(state: &State, params: Params<'_>) -> Result<Rich, Refusal> {
    let text = Rich::read(params, "text", "entities")?;
    if text.text.trim().is_empty() {
        return Err(bad_request("message text is empty"));
    }
    text.at_most(LONGEST_TEXT, state.utf16_lengths, "message is too long")?;
    Ok(text)
}

fn read_caption(state: &State, params: Params<'_>) -> Result<Rich, Refusal> {
    let caption = Rich::read(params, "caption", "caption_entities")?;
    caption.at_most(
        LONGEST_CAPTION,
        state.utf16_lengths,
        "message caption is too long",
    )?;
    Ok(caption)
}

/// Handles sendPhoto, sendDocument and the like.
pub(super) fn media(
    state: &mut State,
    kind: &str,
    params: Params<'_>,
    files: &[Upload],
) -> Result<Value, Refusal> {
    open_chat(state, params)?;
    let caption = read_caption(state, params)?;
    let mut content = attachment(state, kind, kind, params, files)?;
    caption.put(&mut content, "caption", "caption_entities");
    for flag in ["has_spoiler", "show_caption_above_media"] {
        let name = if flag == "has_spoiler" {
            "has_media_spoiler"
        } else {
            flag
        };
        if params.flag(flag) {
            content.insert(name.to_owned(), true.into());
        }
    }
    send(state, params, content)
}

/// Handles sendMediaGroup.
pub(super) fn media_group(state: &mut State, params: Params<'_>, files: &[Upload]) -> Result<Value, Refusal> {
    open_chat(state, params)?;
    let items = params.json("media")?;
    let items = items.as_ref().and_then(Value::as_array);
    let items = items
        .filter(|items| (2..=10).contains(&items.len()))
        .ok_or_else(|| bad_request("media group must include 2-10 items"))?;
    let group = state.serial().to_string();
    let mut contents = Vec::new();
    for item in items {
        let item = Params(item);
        let kind = item.text("type").unwrap_or_default();
        if !["audio", "document", "photo", "video"].contains(&kind.as_str()) {
            return Err(bad_request("can't parse InputMedia: wrong type"));
        }
        let caption = read_caption(state, item)?;
        let mut content = attachment(state, &kind, "media", item, files)?;
        caption.put(&mut content, "caption", "caption_entities");
        content.insert("media_group_id".to_owned(), group.clone().into());
        contents.push(content);
    }
    let mut messages = Vec::new();
    for content in contents {
        messages.push(send(state, params, content)?);
    }
    Ok(messages.into())
}

/// Returns the message fields for a file, which is either uploaded with the request or already on the server.
fn attachment(
    state: &mut State,
    kind: &str,
    name: &str,
    params: Params<'_>,
    files: &[Upload],
) -> Result<Map<String, Value>, Refusal> {
    let given = params.text(name).unwrap_or_default();
    let field = given.strip_prefix("attach://").unwrap_or(name);
    let upload = files.iter().find(|file| file.field == field);
    let (stored, mime_type) = if let Some(upload) = upload {
        let largest = if kind == "photo" {
            LARGEST_PHOTO
        } else {
            LARGEST_FILE
        };
        if upload.bytes.is_empty() {
            return Err(bad_request("file must be non-empty"));
        }
        if upload.bytes.len() > largest {
            return Err(refuse(413, "Request Entity Too Large"));
        }
        let size = u64::try_from(upload.bytes.len()).unwrap_or(u64::MAX);
        let folder = folder(kind);
        let stored = state.keep_file(folder, &upload.name, size, Some(upload.bytes.clone()));
        (stored, upload.mime_type.clone())
    } else if given.is_empty() {
        return Err(bad_request(&format!("there is no {kind} in the request")));
    } else if given.starts_with("http://") || given.starts_with("https://") {
        return Err(bad_request("failed to get HTTP URL content"));
    } else {
        let file = state.find_file(&given);
        let file = file.ok_or_else(|| bad_request("wrong file identifier/HTTP URL specified"))?;
        (file.stored.clone(), String::new())
    };
    let mime_type = Some(mime_type).filter(|mime_type| !mime_type.is_empty());
    let mime_type = mime_type.as_deref();
    let mut shown = match kind {
        "photo" => content::photo(&stored),
        "voice" => content::voice(&stored),
        "audio" => content::audio(&stored),
        "video" => content::video(&stored),
        "animation" => content::animation(&stored),
        _ => content::document(&stored, mime_type.unwrap_or("application/octet-stream")),
    };
    if let Some(shown) = shown.get_mut(kind).and_then(Value::as_object_mut) {
        for field in ["duration", "width", "height"] {
            if let Some(number) = params.int(field)? {
                shown.insert(field.to_owned(), number.into());
            }
        }
        for field in ["performer", "title"] {
            if let Some(text) = params.text(field) {
                shown.insert(field.to_owned(), text.into());
            }
        }
    }
    Ok(object(shown))
}

fn folder(kind: &str) -> &'static str {
    match kind {
        "photo" => "photos",
        "voice" => "voice",
        "audio" => "music",
        "video" => "videos",
        "animation" => "animations",
        _ => "documents",
    }
}

/// Adds a message of the bot to the chat that the request names.
fn send(state: &mut State, params: Params<'_>, content: Map<String, Value>) -> Result<Value, Refusal> {
    let markup = read_markup(params)?;
    let reply = params.json("reply_parameters")?;
    let preview = params.json("link_preview_options")?;
    let (id, chat) = open_chat(state, params)?;
    let mut answered = None;
    if let Some(reply) = reply {
        let reply = Params(&reply);
        let original = reply.need_int("message_id")?;
        let original = chat.messages.get(&original).cloned();
        let elsewhere = reply.int("chat_id")?.is_some_and(|other| other != id);
        match original.filter(|_| !elsewhere) {
            Some(mut original) => {
                if let Some(original) = original.as_object_mut() {
                    original.remove("reply_to_message");
                }
                answered = Some(original);
            }
            None if reply.flag("allow_sending_without_reply") => {}
            None => return Err(bad_request("message to be replied not found")),
        }
    }
    let message_id = chat.next_message();
    let mut message = object(json!({
        "message_id": message_id,
        "from": bot_user(),
        "chat": chat.info,
        "date": unix_now(),
    }));
    overlay(&mut message, &content.into());
    let mut put = |name: &str, value: Option<Value>| {
        value.map(|value| message.insert(name.to_owned(), value));
    };
    put("reply_to_message", answered);
    put("reply_markup", markup);
    put("link_preview_options", preview);
    put(
        "has_protected_content",
        params.flag("protect_content").then_some(Value::Bool(true)),
    );
    let message = Value::Object(message);
    chat.messages.insert(message_id, message.clone());
    chat.sent.push(message_id);
    Ok(message)
}

/// Returns the inline keyboard of a request. Other keyboards are not part of a message.
fn read_markup(params: Params<'_>) -> Result<Option<Value>, Refusal> {
    let Some(markup) = params.json("reply_markup")? else {
        return Ok(None);
    };
    if !markup.is_object() {
        return Err(bad_request("object expected as reply markup"));
    }
    let Some(rows) = markup.get("inline_keyboard") else {
        return Ok(None);
    };
    let broken =
        || bad_request("can't parse inline keyboard: expected an Array of Array of InlineKeyboardButton");
    for row in rows.as_array().ok_or_else(broken)? {
        for button in row.as_array().ok_or_else(broken)? {
            let button = button.as_object().ok_or_else(broken)?;
            let label = button.get("text").and_then(Value::as_str).unwrap_or_default();
            if label.is_empty() {
                return Err(bad_request(
                    "can't parse inline keyboard button: Text buttons are unallowed",
                ));
            }
            let look = ["text", "icon_custom_emoji_id", "style"];
            let kinds = button.keys().filter(|key| !look.contains(&key.as_str())).count();
            if kinds != 1 {
                return Err(bad_request("inline keyboard button must have exactly one action"));
            }
            if let Some(data) = button.get("callback_data") {
                let length = data.as_str().map_or(0, str::len);
                if !(1..=64).contains(&length) {
                    return Err(bad_request("BUTTON_DATA_INVALID"));
                }
            }
        }
    }
    Ok(Some(markup))
}

/// Handles editMessageText.
pub(super) fn edit_text(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    open_chat(state, params)?;
    let text = read_text(state, params)?;
    edit(state, params, |message| {
        if !message.contains_key("text") {
            return Err(bad_request("there is no text in the message to edit"));
        }
        message.remove("entities");
        text.put(message, "text", "entities");
        Ok(())
    })
}

/// Handles editMessageReplyMarkup.
pub(super) fn edit_markup(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    edit(state, params, |_| Ok(()))
}

/// Edits a message of the bot. The keyboard in the request replaces the old one. Without a keyboard in the request, the old one is removed.
fn edit(
    state: &mut State,
    params: Params<'_>,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let markup = read_markup(params)?;
    let (_, chat) = open_chat(state, params)?;
    let message_id = params.need_int("message_id")?;
    let message = chat
        .messages
        .get_mut(&message_id)
        .ok_or_else(|| bad_request("message to edit not found"))?;
    if !is_own(message) {
        return Err(bad_request("message can't be edited"));
    }
    let mut edited = object(message.clone());
    change(&mut edited)?;
    edited.remove("reply_markup");
    if let Some(markup) = markup {
        edited.insert("reply_markup".to_owned(), markup);
    }
    if message.as_object() == Some(&edited) {
        return Err(bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        ));
    }
    edited.insert("edit_date".to_owned(), unix_now().into());
    *message = edited.into();
    Ok(message.clone())
}

/// Handles deleteMessage.
pub(super) fn delete(state: &mut State, params: Params<'_>) -> Result<Value, Refusal> {
    let id = find_chat(state, params)?;
    let message_id = params.need_int("message_id")?;
    let chat = state.chats.get_mut(&id);
    let removed = chat.and_then(|chat| {
        chat.sent.retain(|sent| *sent != message_id);
        chat.messages.remove(&message_id)
    });
    removed
        .map(|_| Value::Bool(true))
        .ok_or_else(|| bad_request("message to delete not found"))
}
