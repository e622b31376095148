//! Row ids: UUIDv7 (RFC 9562), ordered by the clock that was given.

use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// A new id for something that came to be at `now`.
#[must_use]
pub fn new(now: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &crate::identifiers::chance::bytes()).into_uuid()
}
