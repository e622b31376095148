//! Thread tokens. A message that carries the thread token of one of our messages is a reply to that message.

use data_encoding::BASE32_NOPAD;

/// An unguessable token of 100 bits, written as twenty letters and digits. It identifies a contact. Our messages carry the token in their
/// plus-address and Message-ID, so only the recipients of these messages know the token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ThreadToken(String);

impl ThreadToken {
    /// The length of a token in characters.
    pub const LENGTH: usize = 20;

    /// Derives a token from at least 13 secret bytes.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        let mut text = BASE32_NOPAD.encode(secret).to_lowercase();
        text.truncate(Self::LENGTH);
        Self(text)
    }

    /// Parses a token found in an address or a header. Returns `None` if the text does not have the form of a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let lawful = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        (text.len() == Self::LENGTH && text.chars().all(lawful)).then_some(Self(text))
    }

    /// Returns the token as text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ThreadToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("«private»")
    }
}
