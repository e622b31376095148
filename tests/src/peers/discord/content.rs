//! Message contents for [`Discord::sends`](super::Discord::sends).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::objects::set;

/// Returns a plain text.
pub fn text(content: &str) -> Value {
    json!({ "content": content })
}

/// Returns a text with files from [`Discord::add_file`](super::Discord::add_file).
pub fn attachments(content: &str, files: &[Value]) -> Value {
    json!({ "content": content, "attachments": files })
}

/// Turns a file into an image of this size, for [`attachments`].
pub fn image(mut file: Value, width: u32, height: u32) -> Value {
    set(&mut file, "width", width);
    set(&mut file, "height", height);
    set(&mut file, "placeholder", "6QeCDYKHh3d3eHeAh3eId4d3");
    set(&mut file, "placeholder_version", 1);
    file
}

/// Returns a voice message. Its recording comes from [`Discord::add_file`](super::Discord::add_file).
pub fn voice(mut recording: Value, seconds: f64) -> Value {
    set(&mut recording, "duration_secs", seconds);
    set(
        &mut recording,
        "waveform",
        STANDARD.encode([0_u8, 40, 120, 255, 90, 10]),
    );
    json!({ "content": "", "attachments": [recording], "flags": 8192 })
}

/// Returns a sticker.
pub fn sticker(name: &str) -> Value {
    let sticker = json!({ "id": "749054660769218631", "name": name, "format_type": 3 });
    json!({ "content": "", "sticker_items": [sticker] })
}

/// Returns a text forwarded from a channel that the bot can't see.
pub fn forward(content: &str) -> Value {
    let snapshot = json!({
        "type": 0,
        "content": content,
        "timestamp": "2026-01-02T03:04:05.678000+00:00",
        "edited_timestamp": null,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "flags": 0,
    });
    json!({
        "content": "",
        "flags": 1 << 14,
        "message_reference": {
            "type": 1,
            "channel_id": "749054660769218000",
            "message_id": "749054660769218001",
        },
        "message_snapshots": [{ "message": snapshot }],
    })
}

/// Returns a poll.
pub fn poll(question: &str, answers: &[&str]) -> Value {
    let answers: Vec<Value> = (1_u8..)
        .zip(answers)
        .map(|(id, answer)| json!({ "answer_id": id, "poll_media": { "text": answer } }))
        .collect();
    json!({
        "content": "",
        "poll": {
            "question": { "text": question },
            "answers": answers,
            "expiry": "2036-01-02T03:04:05.678000+00:00",
            "allow_multiselect": false,
            "layout_type": 1,
            "results": { "is_finalized": false, "answer_counts": [] },
        },
    })
}

/// Returns a link with Discord's preview of the page.
pub fn link(url: &str, title: &str, description: &str) -> Value {
    let embed = json!({ "type": "link", "url": url, "title": title, "description": description });
    json!({ "content": url, "embeds": [embed] })
}
