//! The environment variables with master keys. Commands that the service runs do not get them.

/// The environment variable with the master key.
pub const VARIABLE: &str = "HOTLINE_MASTER_KEY";
/// The environment variable with the master key that is being replaced.
pub const OLD_VARIABLE: &str = "HOTLINE_OLD_MASTER_KEY";
