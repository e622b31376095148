//! Message contents, with all the fields that Telegram documents for them.
//!
//! Each function returns fields of a Message object for [`super::Telegram::sends`].

use serde_json::{Map, Value, json};

use super::Stored;
use super::entities::utf16_len;
use super::state::{object, overlay, unix_now};

/// Returns a plain text.
pub fn text(text: &str) -> Value {
    json!({ "text": text })
}

/// Returns a text with entities.
pub fn rich_text(text: &str, entities: &[Value]) -> Value {
    json!({ "text": text, "entities": entities })
}

/// Returns a text that begins with a bot command, with the entity that Telegram adds.
pub fn command(text: &str) -> Value {
    let command = text.split_whitespace().next().unwrap_or_default();
    rich_text(text, &[entity(text, command, "bot_command")])
}

/// Returns an entity of a kind without further fields (`bold`, `mention`, `url`...). The entity covers the first occurrence of `part` in
/// `text`, in UTF-16 code units.
pub fn entity(text: &str, part: &str, kind: &str) -> Value {
    let before = text.split_once(part).map_or("", |(before, _)| before);
    json!({ "type": kind, "offset": utf16_len(before), "length": utf16_len(part) })
}

/// Returns a `bold` entity over `part`.
pub fn bold(text: &str, part: &str) -> Value {
    entity(text, part, "bold")
}

/// Returns a `mention` entity over `part`, an `@username`.
pub fn mention(text: &str, part: &str) -> Value {
    entity(text, part, "mention")
}

/// Returns a `text_link` entity over `part`.
pub fn text_link(text: &str, part: &str, url: &str) -> Value {
    with(entity(text, part, "text_link"), &json!({ "url": url }))
}

/// Returns a `text_mention` entity over `part`, for a user without a username.
pub fn text_mention(text: &str, part: &str, user: &Value) -> Value {
    with(entity(text, part, "text_mention"), &json!({ "user": user }))
}

/// Returns a `custom_emoji` entity over `part`.
pub fn custom_emoji(text: &str, part: &str, custom_emoji_id: &str) -> Value {
    let id = json!({ "custom_emoji_id": custom_emoji_id });
    with(entity(text, part, "custom_emoji"), &id)
}

/// Adds a caption to message content.
pub fn captioned(content: Value, caption: &str) -> Value {
    with(content, &json!({ "caption": caption }))
}

/// Adds fields to message content, or replaces them.
pub fn with(content: Value, fields: &Value) -> Value {
    let mut content = object(content);
    overlay(&mut content, fields);
    content.into()
}

/// Returns the fields that all kinds of files have.
fn file(stored: &Stored, fields: &Value) -> Map<String, Value> {
    let mut file = object(json!({
        "file_id": stored.file_id,
        "file_unique_id": stored.file_unique_id,
        "file_size": stored.size,
    }));
    overlay(&mut file, fields);
    file
}

fn thumbnail(stored: &Stored) -> Value {
    json!({
        "file_id": format!("{}-t", stored.file_id),
        "file_unique_id": format!("{}-t", stored.file_unique_id),
        "file_size": 2048,
        "width": 320,
        "height": 240,
    })
}

/// Returns a photo in three sizes, the largest last. All sizes download the same file.
pub fn photo(stored: &Stored) -> Value {
    let small = |name: &str, width: u32, height: u32, size: u64| {
        json!({
            "file_id": format!("{}-{name}", stored.file_id),
            "file_unique_id": format!("{}-{name}", stored.file_unique_id),
            "file_size": size.max(1),
            "width": width,
            "height": height,
        })
    };
    json!({ "photo": [
        small("s", 90, 67, stored.size / 16),
        small("m", 320, 240, stored.size / 4),
        file(stored, &json!({ "width": 1280, "height": 960 })),
    ] })
}

/// Returns a file of any kind.
pub fn document(stored: &Stored, mime_type: &str) -> Value {
    let fields = json!({ "file_name": stored.name, "mime_type": mime_type });
    json!({ "document": file(stored, &fields) })
}

/// Returns a voice message.
pub fn voice(stored: &Stored) -> Value {
    let fields = json!({ "duration": 7, "mime_type": "audio/ogg" });
    json!({ "voice": file(stored, &fields) })
}

/// Returns a piece of music.
pub fn audio(stored: &Stored) -> Value {
    let fields = json!({
        "duration": 184,
        "performer": "The Performer",
        "title": "The Title",
        "file_name": stored.name,
        "mime_type": "audio/mpeg",
    });
    json!({ "audio": file(stored, &fields) })
}

/// Returns a video.
pub fn video(stored: &Stored) -> Value {
    let fields = json!({
        "width": 1280,
        "height": 720,
        "duration": 12,
        "thumbnail": thumbnail(stored),
        "file_name": stored.name,
        "mime_type": "video/mp4",
    });
    json!({ "video": file(stored, &fields) })
}

/// Returns a round video message.
pub fn video_note(stored: &Stored) -> Value {
    let fields = json!({ "length": 240, "duration": 5, "thumbnail": thumbnail(stored) });
    json!({ "video_note": file(stored, &fields) })
}

/// Returns a sticker and the emoji that it represents.
pub fn sticker(stored: &Stored, emoji: &str) -> Value {
    let fields = json!({
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": false,
        "is_video": false,
        "thumbnail": thumbnail(stored),
        "emoji": emoji,
        "set_name": "StandInStickers",
    });
    json!({ "sticker": file(stored, &fields) })
}

/// Returns an animation, which is also a document for older bots.
pub fn animation(stored: &Stored) -> Value {
    let more = json!({ "file_name": stored.name, "mime_type": "video/mp4", "thumbnail": thumbnail(stored) });
    let document = file(stored, &more);
    let mut animation = document.clone();
    overlay(
        &mut animation,
        &json!({ "width": 480, "height": 270, "duration": 3 }),
    );
    json!({ "animation": animation, "document": document })
}

/// Returns a place on the map.
pub fn location(latitude: f64, longitude: f64) -> Value {
    json!({ "location": { "latitude": latitude, "longitude": longitude } })
}

/// Returns a place with a name and an address, which is also a location for older bots.
pub fn venue(latitude: f64, longitude: f64, title: &str, address: &str) -> Value {
    let place = location(latitude, longitude);
    let venue = json!({ "title": title, "address": address });
    let venue = with(place.clone(), &venue);
    with(place, &json!({ "venue": venue }))
}

/// Returns a phone contact.
pub fn contact(phone_number: &str, first_name: &str) -> Value {
    json!({ "contact": {
        "phone_number": phone_number,
        "first_name": first_name,
        "last_name": "Contact",
        "user_id": 990_001,
        "vcard": format!("BEGIN:VCARD\nVERSION:3.0\nFN:{first_name}\nTEL:{phone_number}\nEND:VCARD"),
    } })
}

/// Returns a poll without votes.
pub fn poll(question: &str, options: &[&str]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|option| json!({ "text": option, "voter_count": 0 }))
        .collect();
    json!({ "poll": {
        "id": "5330000000000000001",
        "question": question,
        "options": options,
        "total_voter_count": 0,
        "is_closed": false,
        "is_anonymous": true,
        "type": "regular",
        "allows_multiple_answers": false,
    } })
}

/// Returns an animated emoji with a random value, such as a die.
pub fn dice(emoji: &str, value: u8) -> Value {
    json!({ "dice": { "emoji": emoji, "value": value } })
}

/// Turns message content into a reply to a message.
pub fn reply_to(content: Value, original: &Value) -> Value {
    let mut original = object(original.clone());
    original.remove("reply_to_message");
    with(content, &json!({ "reply_to_message": original }))
}

/// Turns message content into a message forwarded from a user.
pub fn forwarded_from_user(content: Value, user: &Value) -> Value {
    forwarded(
        content,
        &json!({ "type": "user", "date": unix_now() - 600, "sender_user": user }),
    )
}

/// Turns message content into a message forwarded from a user who hides their account.
pub fn forwarded_from_hidden_user(content: Value, name: &str) -> Value {
    let origin = json!({ "type": "hidden_user", "date": unix_now() - 600, "sender_user_name": name });
    forwarded(content, &origin)
}

/// Turns message content into a message forwarded from a channel.
pub fn forwarded_from_channel(content: Value, channel_id: i64, title: &str, message_id: i64) -> Value {
    let origin = json!({
        "type": "channel",
        "date": unix_now() - 600,
        "chat": { "id": channel_id, "type": "channel", "title": title },
        "message_id": message_id,
        "author_signature": "The editors",
    });
    forwarded(content, &origin)
}

fn forwarded(content: Value, origin: &Value) -> Value {
    with(content, &json!({ "forward_origin": origin }))
}
