//! Reads when messages were sent and edited. Discord's message ids contain the time of sending.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::json;

pub fn id(message: &Value) -> Option<u64> {
    json::id(message, "/id")
}

/// Returns when a message was sent.
pub fn sent_in(message: &Value) -> DateTime<Utc> {
    sent_at(id(message).unwrap_or_default())
}

/// Returns when the current version of a message was written.
pub fn changed_in(message: &Value) -> DateTime<Utc> {
    changed_at(message).unwrap_or_else(|| sent_in(message))
}

/// Returns when a message was last edited. Returns `None` if it was never edited or if the time can't be read.
pub fn changed_at(message: &Value) -> Option<DateTime<Utc>> {
    let edited = json::text(message, "/edited_timestamp")?;
    DateTime::parse_from_rfc3339(edited).ok().map(|at| at.to_utc())
}

/// The start of the year 2015 (UTC), in milliseconds of Unix time. Discord's ids count milliseconds from this moment.
const EPOCH: i64 = 1_420_070_400_000;

/// Returns when Discord created the message that has this id.
pub fn sent_at(id: u64) -> DateTime<Utc> {
    let millis = i64::try_from(id >> 22).unwrap_or_default() + EPOCH;
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Returns the lowest id that Discord can give a message at the time `at`.
pub fn first_id(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_millis() - EPOCH).unwrap_or_default() << 22
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_time() {
        // This is the example in Discord's documentation.
        assert_eq!(
            sent_at(175_928_847_299_117_063).to_rfc3339(),
            "2016-04-30T11:18:25.796+00:00"
        );
        assert!(first_id(sent_at(175_928_847_299_117_063)) <= 175_928_847_299_117_063);
    }
}
