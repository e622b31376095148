//! Receipt codes: the secret with which an anonymous web visitor comes back.

use std::fmt;

/// Sixteen digits, shown once, written as four groups of four. Whoever has them reads the answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReceiptCode(String);

impl ReceiptCode {
    /// How many digits it has.
    pub const DIGITS: usize = 16;

    /// The code made of (at least 8) secret bytes: 53 bits of them.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        let number = secret
            .iter()
            .take(16)
            .fold(0u128, |number, byte| number << 8 | u128::from(*byte));
        Self(format!("{:016}", number % 10_000_000_000_000_000))
    }

    /// Reads what a person typed: spaces, hyphens and full stops do not matter. `None` if it is not sixteen digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = String::with_capacity(Self::DIGITS);
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '-' | '–' | '.' | '\u{2011}' | '\u{2212}' => {}
                c if c.is_whitespace() => {}
                _ => return None,
            }
            if digits.len() > Self::DIGITS {
                return None;
            }
        }
        (digits.len() == Self::DIGITS).then_some(Self(digits))
    }

    /// The sixteen digits, for the keyed hash that is stored instead of them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As shown to the visitor: `1234 5678 9012 3456`.
    #[must_use]
    pub fn spoken(&self) -> String {
        let mut shown = String::with_capacity(19);
        for (index, c) in self.0.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                shown.push(' ');
            }
            shown.push(c);
        }
        shown
    }
}

impl fmt::Debug for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("«private»")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = ReceiptCode::from_secret(&[7; 32]);
        for typed in [
            code.spoken(),
            code.spoken().replace(' ', "-"),
            code.spoken().replace(' ', ""),
            format!("  {} ", code.spoken()),
        ] {
            assert_eq!(ReceiptCode::parse(&typed), Some(code.clone()), "{typed}");
        }
        for wrong in ["", "1234", "1234 5678 9012 345x", "1234 5678 9012 3456 7"] {
            assert_eq!(ReceiptCode::parse(wrong), None, "{wrong}");
        }
    }
}
