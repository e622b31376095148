//! Thread tokens: the evidence that a message answers one of ours.

use data_encoding::BASE32_NOPAD;

/// An unguessable mark of one contact (100 bits, twenty letters and digits), put into the plus-address and the
/// Message-ID of what we send. Only who received our message knows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ThreadToken(String);

impl ThreadToken {
    /// Length in characters.
    pub const LENGTH: usize = 20;

    /// The token made of (at least 13) secret bytes.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        let mut text = BASE32_NOPAD.encode(secret).to_lowercase();
        text.truncate(Self::LENGTH);
        Self(text)
    }

    /// A token as it stands in an address or a header. `None` if it has another shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let lawful = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        (text.len() == Self::LENGTH && text.chars().all(lawful)).then_some(Self(text))
    }

    /// The token as text.
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
