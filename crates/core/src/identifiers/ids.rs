//! Row ids. They are UUIDv7 (RFC 9562) and therefore sort by creation time.

use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// Returns a new id whose timestamp is `now`.
#[must_use]
pub fn new(now: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &crate::identifiers::chance::bytes()).into_uuid()
}
