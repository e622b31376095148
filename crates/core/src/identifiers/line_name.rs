//! Line names. A channel is a kind of source, such as e-mail. A line is one configured account on a channel, such as a mailbox.

use std::fmt;

/// The name of a line as configured, such as `mail` or `form`: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LineName(String);

/// The error for an invalid line name. A valid name consists of 1 to 40 lower-case letters, digits and hyphens.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a line's name is 1 to 40 small letters, digits and hyphens")]
pub struct BadLineName;

impl LineName {
    /// Validates a line name from the settings.
    ///
    /// # Errors
    /// Fails if the name does not consist of 1 to 40 of the characters `a-z`, `0-9` and `-`.
    pub fn parse(name: &str) -> Result<Self, BadLineName> {
        let lawful = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(lawful) {
            return Err(BadLineName);
        }
        Ok(Self(name.to_owned()))
    }

    /// Wraps a name that was read from the database. It is not validated again, because [`Self::parse`] validated it before it was stored.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
