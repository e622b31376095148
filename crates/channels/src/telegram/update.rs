//! Reads the numbers and times of Telegram's updates, and converts updates into raw messages.

use chrono::{DateTime, Duration, Utc};
use hotline_core::{contact::message::RawMessage, identifiers::line_name::LineName};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::json;

/// The kinds of updates that the line requests from Telegram.
pub const WANTED: [&str; 4] = ["message", "edited_message", "callback_query", "my_chat_member"];

/// Returns the number of an update.
pub fn id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// Returns the content of an update of one of the kinds in `WANTED`, for example a message or a pressed button; otherwise `None`.
fn message(update: &Value) -> Option<&Value> {
    WANTED.iter().find_map(|kind| update.get(*kind))
}

/// Returns when the message of an update was sent or edited.
pub fn sent_at(update: &Value) -> Option<DateTime<Utc>> {
    let message = message(update)?;
    let at = message.get("edit_date").or_else(|| message.get("date"))?;
    DateTime::from_timestamp(at.as_i64()?, 0)
}

/// Converts an update into a raw message.
pub fn to_raw(line: &LineName, update: &Value, now: DateTime<Utc>) -> RawMessage {
    let bytes = update.to_string().into_bytes();
    let number = |path: &str| {
        message(update)
            .and_then(|message| message.pointer(path))
            .map(Value::to_string)
            .unwrap_or_default()
    };
    let external_id = match id(update) {
        Some(id) => format!("{id} {} {}", number("/chat/id"), number("/message_id")),
        None => hash(&bytes),
    };
    RawMessage {
        line: line.clone(),
        external_id,
        received_at: received_at(sent_at(update), now),
        bytes,
        cut_from: None,
    }
}

/// Converts bytes that are not valid JSON into a raw message.
pub fn to_unparsed_raw(line: &LineName, id: Option<i64>, bytes: Vec<u8>, now: DateTime<Utc>) -> RawMessage {
    RawMessage {
        line: line.clone(),
        external_id: id.map_or_else(|| hash(&bytes), |id| format!("{id} unreadable")),
        received_at: now,
        bytes,
        cut_from: None,
    }
}

/// Returns the time that is stored as the time of receipt. This is the time of sending, because the line may fetch a message much later.
/// Telegram gives it in whole seconds. The last millisecond of the second is stored, so that our own reply from the same second comes
/// before the message.
fn received_at(sent_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    match sent_at {
        Some(sent) if sent <= now => now.min(sent + Duration::milliseconds(999)),
        Some(_) | None => now,
    }
}

fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Returns the highest update number in a response that is not valid JSON.
pub fn last_id_in(text: &str) -> Option<i64> {
    json::numbers_after(text, "update_id")
        .into_iter()
        .filter_map(|id| id.try_into().ok())
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_what_is_no_json() {
        let broken = r#"{"ok":true,"result":[{"update_id": 7, "message": {oops]"#;
        assert_eq!(last_id_in(broken), Some(7));
        assert_eq!(last_id_in("<html>502 Bad Gateway</html>"), None);
    }

    #[test]
    fn an_edit_is_dated_by_itself_and_not_by_what_it_changes() {
        let edit = serde_json::json!({ "edited_message": { "date": 5, "edit_date": 90 } });
        assert_eq!(sent_at(&edit), DateTime::from_timestamp(90, 0));
    }

    #[test]
    fn a_message_is_dated_by_its_second_and_never_later_than_now() {
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap_or_default();
        assert_eq!(received_at(Some(at(5_000)), at(5_300)), at(5_300));
        assert_eq!(received_at(Some(at(5_000)), at(90_000)), at(5_999));
        assert_eq!(received_at(Some(at(9_000)), at(5_000)), at(5_000));
        assert_eq!(received_at(None, at(5_000)), at(5_000));
    }
}
