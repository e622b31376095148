//! References: the short public numbers of contacts.

use std::fmt;

/// Crockford's base 32, which omits I, L, O and U so that a reference can be dictated over the telephone.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number of bits that a reference encodes, without its check character.
const BITS: u32 = 35;

/// The short public number of a contact, such as `K7QM-3XRA`: seven characters and a check character (Luhn mod 32). The check
/// character detects any one wrong character and almost any swap of two adjacent characters.
///
/// A reference identifies a contact but gives no access to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(u64);

/// The reason why typed text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// The text does not consist of seven characters of the alphabet and a check character.
    #[error("a reference is eight letters and digits, such as K7QM-3XRA")]
    Shape,
    /// The check character does not match the other characters: a character was misheard or mistyped.
    #[error("this reference has a typing mistake in it")]
    Check,
}

impl Reference {
    /// The number of possible references.
    pub const COUNT: u64 = 1 << BITS;

    /// Returns the reference with this number. Only the lowest 35 bits are used.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number & (Self::COUNT - 1))
    }

    /// Returns the number that the reference encodes.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Parses a reference typed by a person. Ignores case, spaces and hyphens. Reads O as 0, and I and L as 1.
    ///
    /// # Errors
    /// Fails if the text is not a reference, or its check character does not match.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let values = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '#'))
            .map(value_of)
            .collect::<Option<Vec<u64>>>()
            .ok_or(BadReference::Shape)?;
        let [body @ .., check] = values.as_slice() else {
            return Err(BadReference::Shape);
        };
        if body.len() != 7 {
            return Err(BadReference::Shape);
        }
        let number = body.iter().fold(0, |number, value| number << 5 | value);
        if check_of(number) == *check {
            Ok(Self(number))
        } else {
            Err(BadReference::Check)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for position in (0..7).rev() {
            if position == 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char_of(self.0 >> (5 * position) & 31))?;
        }
        write!(f, "{}", char_of(check_of(self.0)))
    }
}

/// Computes the check character (Luhn mod N) from the seven base-32 digits of `number`.
fn check_of(number: u64) -> u64 {
    let sum: u64 = (0..7)
        .map(|position| {
            let digit = number >> (5 * position) & 31;
            let weighted = if position % 2 == 0 { digit * 2 } else { digit };
            weighted / 32 + weighted % 32
        })
        .sum();
    (32 - sum % 32) % 32
}

fn char_of(value: u64) -> char {
    usize::try_from(value)
        .ok()
        .and_then(|index| ALPHABET.get(index))
        .map_or('?', |byte| char::from(*byte))
}

fn value_of(c: char) -> Option<u64> {
    let upper = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET
        .iter()
        .position(|byte| char::from(*byte) == upper)
        .map(|index| index as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_reference_reads_back(number in 0..Reference::COUNT) {
            let reference = Reference::from_number(number);
            prop_assert_eq!(Reference::parse(&reference.to_string().to_lowercase()), Ok(reference));
        }

        #[test]
        fn one_wrong_character_is_found(number in 0..Reference::COUNT, place in 0usize..8, shift in 1u64..32) {
            let mut text: Vec<char> = Reference::from_number(number).to_string().replace('-', "").chars().collect();
            text[place] = char_of((value_of(text[place]).unwrap() + shift) % 32);
            prop_assert!(Reference::parse(&text.iter().collect::<String>()).is_err());
        }
    }

    #[test]
    fn a_reference_looks_like_one() {
        assert_eq!(Reference::from_number(7).to_string().len(), 9);
        assert_eq!(Reference::parse("four"), Err(BadReference::Shape));
    }
}
