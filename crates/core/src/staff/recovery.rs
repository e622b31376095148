//! Recovery codes, which replace a lost authenticator app. Each works once.

use crate::identifiers::chance;

/// Crockford's base 32, which omits I, L, O and U so that a code can be copied from paper.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A secret of 24 characters (120 bits). A member of staff gets ten of them and keeps them on paper. With at least 112 bits, a keyed hash
/// suffices to store a code (OWASP ASVS 6.5.2).
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// The number of codes that a member of staff gets.
    pub const COUNT: usize = 10;
    /// The number of characters of a code.
    const LENGTH: usize = 24;

    /// Draws a new code.
    #[must_use]
    pub fn draw() -> Self {
        let drawn = chance::bytes::<{ Self::LENGTH }>();
        let character = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from);
        Self(drawn.iter().filter_map(character).collect())
    }

    /// Parses a code from typed or pasted text. Case, spaces and hyphens do not matter, and the letters that the alphabet omits are read
    /// as the digits that they resemble. Returns `None` if the text is no code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let read: Option<String> = plain.map(character).collect();
        read.filter(|code| code.len() == Self::LENGTH).map(Self)
    }

    /// Returns the 24 characters. The store keeps only a keyed hash of them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the code as it is shown: six groups of four characters.
    #[must_use]
    pub fn grouped(&self) -> String {
        let mut shown = String::with_capacity(Self::LENGTH + 5);
        for (index, c) in self.0.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                shown.push('-');
            }
            shown.push(c);
        }
        shown
    }
}

fn character(typed: char) -> Option<char> {
    let character = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let is_known = u8::try_from(character).is_ok_and(|byte| ALPHABET.contains(&byte));
    is_known.then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_shown_typed_or_dictated() {
        let code = RecoveryCode::draw();
        let shown = code.grouped();
        assert_eq!(shown.len(), 29);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            format!(" {} ", shown.replace('-', " ")),
            shown.replace('0', "O").replace('1', "l"),
        ] {
            assert!(RecoveryCode::parse(&typed).as_ref() == Some(&code), "{typed}");
        }
    }

    #[test]
    fn text_of_another_shape_is_no_recovery_code() {
        let short = "A".repeat(23);
        let long = "A".repeat(25);
        let foreign = format!("{short}Ж");
        for text in ["", "123456", &short, &long, &foreign] {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn codes_are_drawn_from_the_whole_alphabet() {
        let all: String = (0..200)
            .map(|_| RecoveryCode::draw().expose().to_owned())
            .collect();
        assert!(ALPHABET.iter().all(|byte| all.contains(char::from(*byte))));
    }
}
