//! What people can put into a message, with all the fields Telegram documents for it.
//!
//! Each function returns the part of a Message object that [`super::Telegram::sends`] takes.

use serde_json::{Map, Value, json};

use super::Stored;
use super::entities::utf16_len;
use super::state::{object, overlay, unix_now};

/// A plain text.
pub fn text(text: &str) -> Value {
    json!({ "text": text })
}

/// A text with entities.
pub fn rich_text(text: &str, entities: &[Value]) -> Value {
    json!({ "text": text, "entities": entities })
}

/// A text and a bot command at its beginning, marked as Telegram marks it.
pub fn command(text: &str) -> Value {
    let command = text.split_whitespace().next().unwrap_or_default();
    rich_text(text, &[entity(text, command, "bot_command")])
}

/// An entity of a kind without further fields (`bold`, `mention`, `url`...) over the first place
/// where `part` stands in `text`, measured in UTF-16 units.
pub fn entity(text: &str, part: &str, kind: &str) -> Value {
    let before = text.split_once(part).map_or("", |(before, _)| before);
    json!({ "type": kind, "offset": utf16_len(before), "length": utf16_len(part) })
}

/// A `bold` entity over `part`.
pub fn bold(text: &str, part: &str) -> Value {
    entity(text, part, "bold")
}

/// A `mention` entity over `part`, an `@username`.
pub fn mention(text: &str, part: &str) -> Value {
    entity(text, part, "mention")
}

/// A `text_link` entity over `part`.
pub fn text_link(text: &str, part: &str, url: &str) -> Value {
    with(entity(text, part, "text_link"), &json!({ "url": url }))
}

/// A `text_mention` entity over `part`, of a user without a username.
pub fn text_mention(text: &str, part: &str, user: &Value) -> Value {
    with(entity(text, part, "text_mention"), &json!({ "user": user }))
}

/// A `custom_emoji` entity over `part`.
pub fn custom_emoji(text: &str, part: &str, custom_emoji_id: &str) -> Value {
    let id = json!({ "custom_emoji_id": custom_emoji_id });
    with(entity(text, part, "custom_emoji"), &id)
}

/// A content with a caption.
pub fn captioned(content: Value, caption: &str) -> Value {
    with(content, &json!({ "caption": caption }))
}

/// A content with more fields, or others.
pub fn with(content: Value, fields: &Value) -> Value {
    let mut content = object(content);
    overlay(&mut content, fields);
    content.into()
}

/// The fields all kinds of files have.
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

/// A photo in three sizes, the largest one last. All of them lead to the same file.
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

/// A file of any kind.
pub fn document(stored: &Stored, mime_type: &str) -> Value {
    let fields = json!({ "file_name": stored.name, "mime_type": mime_type });
    json!({ "document": file(stored, &fields) })
}

/// A voice message.
pub fn voice(stored: &Stored) -> Value {
    let fields = json!({ "duration": 7, "mime_type": "audio/ogg" });
    json!({ "voice": file(stored, &fields) })
}

/// A piece of music.
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

/// A video.
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

/// A round video message.
pub fn video_note(stored: &Stored) -> Value {
    let fields = json!({ "length": 240, "duration": 5, "thumbnail": thumbnail(stored) });
    json!({ "video_note": file(stored, &fields) })
}

/// A sticker with the emoji it stands for.
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

/// An animation; for older bots it is a document as well.
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

/// A place on the map.
pub fn location(latitude: f64, longitude: f64) -> Value {
    json!({ "location": { "latitude": latitude, "longitude": longitude } })
}

/// A place with a name and an address; for older bots it is a location as well.
pub fn venue(latitude: f64, longitude: f64, title: &str, address: &str) -> Value {
    let place = location(latitude, longitude);
    let venue = json!({ "title": title, "address": address });
    let venue = with(place.clone(), &venue);
    with(place, &json!({ "venue": venue }))
}

/// A phone contact.
pub fn contact(phone_number: &str, first_name: &str) -> Value {
    json!({ "contact": {
        "phone_number": phone_number,
        "first_name": first_name,
        "last_name": "Contact",
        "user_id": 990_001,
        "vcard": format!("BEGIN:VCARD\nVERSION:3.0\nFN:{first_name}\nTEL:{phone_number}\nEND:VCARD"),
    } })
}

/// A poll nobody has voted in.
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

/// An animated emoji with a random value, such as a die.
pub fn dice(emoji: &str, value: u8) -> Value {
    json!({ "dice": { "emoji": emoji, "value": value } })
}

/// A content as a reply to a message.
pub fn reply_to(content: Value, original: &Value) -> Value {
    let mut original = object(original.clone());
    original.remove("reply_to_message");
    with(content, &json!({ "reply_to_message": original }))
}

/// A content forwarded from a user.
pub fn forwarded_from_user(content: Value, user: &Value) -> Value {
    forwarded(
        content,
        &json!({ "type": "user", "date": unix_now() - 600, "sender_user": user }),
    )
}

/// A content forwarded from a user who hides their account.
pub fn forwarded_from_hidden_user(content: Value, name: &str) -> Value {
    let origin = json!({ "type": "hidden_user", "date": unix_now() - 600, "sender_user_name": name });
    forwarded(content, &origin)
}

/// A content forwarded from a channel.
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
