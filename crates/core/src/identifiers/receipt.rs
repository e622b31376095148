//! Receipt codes. A receipt code is the secret with which an anonymous visitor of the web form returns to read the replies.

use std::fmt;

/// A secret of sixteen digits. The web form shows it to the visitor once, in four groups of four digits. Anyone who has the code can read
/// the replies to the visitor's message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReceiptCode(String);

impl ReceiptCode {
    /// The number of digits of a receipt code.
    pub const DIGITS: usize = 16;

    /// Derives a code from at least 8 secret bytes. The derived code has 53 bits of entropy.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        let number = secret
            .iter()
            .take(16)
            .fold(0u128, |number, byte| number << 8 | u128::from(*byte));
        Self(format!("{:016}", number % 10_000_000_000_000_000))
    }

    /// Parses a code from typed or pasted text. Words may surround the sixteen digits, and punctuation may separate them. Returns `None` if
    /// the text contains no code or two different codes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut found: Vec<String> = Vec::new();
        let mut digits = String::new();
        // A word that contains a letter separates two runs of digits. The digits in a pasted reference such as 7K3M-2QX9 are therefore not
        // read as part of the code.
        let words = text.split(|c: char| !c.is_alphanumeric()).chain(["end"]);
        for word in words.filter(|word| !word.is_empty()) {
            if word.chars().all(|c| digit(c).is_some()) {
                digits.extend(word.chars().filter_map(digit));
                continue;
            }
            if digits.len() == Self::DIGITS && !found.contains(&digits) {
                found.push(digits.clone());
            }
            digits.clear();
        }
        match (found.pop(), found.pop()) {
            (Some(one), None) => return Some(Self(one)),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
        // If no code was found, all digits of the text are joined, so that letters may be attached to the code, as in `code1234…`.
        let all: String = text.chars().filter_map(digit).collect();
        (all.len() == Self::DIGITS).then_some(Self(all))
    }

    /// Returns the sixteen digits. The store computes a keyed hash from these digits and keeps only the hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the code as shown to the visitor: `1234 5678 9012 3456`.
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

/// Returns the ASCII digit for a decimal digit. Full-width, Arabic and Persian digits are accepted.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

impl fmt::Debug for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("«private»")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> ReceiptCode {
        ReceiptCode("1234567890123456".to_owned())
    }

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
    }

    #[test]
    fn a_code_is_found_among_what_was_pasted_with_it() {
        for typed in [
            "Šifra: 1234 5678 9012 3456",
            "ШИФРА 1234 5678 9012 3456.",
            "šifra1234567890123456",
            "1234, 5678, 9012, 3456",
            "1234,5678;9012/3456",
            "(1234) [5678] «9012» \"3456\"",
            "1234\u{200b}5678\u{2060}9012\u{feff}3456",
            "1234\n5678\r\n9012\t3456\n",
            "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6",
            "1234–5678—9012−3456",
            "1234_5678_9012_3456",
            "1234:5678:9012:3456",
            "Broj prijave: 7K3M-2QX9, Šifra: 1234 5678 9012 3456",
            "7K3M-2QX9 1234 5678 9012 3456",
            "Primljeno 28.11.2026. Šifra 1234 5678 9012 3456, telefon 19833",
            "1234 5678 9012 3456 i još jednom 1234567890123456",
            "１２３４ ５６７８ ９０１２ ３４５６",
            "١٢٣٤ ٥٦٧٨ ٩٠١٢ ٣٤٥٦",
        ] {
            assert_eq!(ReceiptCode::parse(typed), Some(code()), "{typed}");
        }
    }

    #[test]
    fn what_holds_no_code_or_two_is_refused() {
        for wrong in [
            "",
            "Šifra:",
            "1234",
            "1234 5678 9012 345x",
            "1234 5678 9012 3456 7",
            "12345678901234567",
            "1234 5678 9012 3456 ili 6543 2109 8765 4321",
        ] {
            assert_eq!(ReceiptCode::parse(wrong), None, "{wrong}");
        }
    }
}
