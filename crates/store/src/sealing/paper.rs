//! The master key and its shares as lines of hexadecimal digits, which are printed, kept on paper and typed in again. Each line contains a
//! check value, so that a typing mistake is found.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::sealing::{
    keys::Fingerprint,
    master_key::MasterKey,
    shares::{KeyShare, MOST_SHARES, Splitting},
};

/// Bytes of the line of a whole key: the key, and its fingerprint as the check value.
const KEY_BYTES: usize = MasterKey::LENGTH + Fingerprint::LENGTH;
/// Bytes of the check value of a share.
const CHECK: usize = 4;
/// Bytes of the line of a share: numbers of shares, number, splitting, fingerprint, value and check value.
const SHARE_BYTES: usize = 4 + Fingerprint::LENGTH + MasterKey::LENGTH + CHECK;

/// What a line from paper contains.
pub enum PaperLine {
    /// The whole master key.
    Key(MasterKey),
    /// A share of a master key.
    Share(KeyShare),
}

/// Why a typed line cannot be used. The texts follow the number of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It contains another character than those of a line.
    #[error("“{0}” is no digit of a key; the digits are 0 to 9 and a to f")]
    NoDigit(char),
    /// A digit is missing or superfluous.
    #[error(
        "there are {0} digits, but a key has {key} and a share has {share}",
        key = 2 * KEY_BYTES,
        share = 2 * SHARE_BYTES
    )]
    Length(usize),
    /// The check value of a key does not fit.
    #[error(
        "there is a typing mistake, because the check value does not fit. Compare the line with the form"
    )]
    Key,
    /// The check value of a share does not fit.
    #[error(
        "there is a typing mistake in share {0}, because the check value does not fit. Compare the line with the form"
    )]
    Share(u8),
}

impl PaperLine {
    /// Returns the digits of the line, without gaps.
    ///
    /// # Errors
    /// Never fails in practice, because [`Fingerprint::of`] does not.
    pub fn digits(&self) -> anyhow::Result<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SHARE_BYTES));
        match self {
            Self::Key(key) => {
                bytes.extend_from_slice(key.expose());
                bytes.extend_from_slice(Fingerprint::of(key)?.as_bytes());
            }
            Self::Share(share) => {
                let splitting = &share.splitting;
                let (needed, count) = (splitting.needed.wrapping_sub(1), splitting.count.wrapping_sub(1));
                bytes.push((needed << 4) | (count & 0x0f));
                bytes.push(share.number);
                bytes.extend_from_slice(&splitting.id);
                bytes.extend_from_slice(splitting.fingerprint.as_bytes());
                bytes.extend_from_slice(share.value.as_slice());
                let check = check_value(&bytes);
                bytes.extend_from_slice(&check);
            }
        }
        Ok(Zeroizing::new(HEXLOWER.encode(&bytes)))
    }

    /// Parses a typed line. Case, spaces, hyphens and other punctuation do not matter. Letters that are no digits are read as the digits
    /// that they resemble, and the letters of a Cyrillic keyboard as those of a Latin one.
    ///
    /// # Errors
    /// Fails if the line is no line of a form, or contains a typing mistake.
    pub fn parse(typed: &str) -> Result<Self, LineError> {
        let mut digits = Zeroizing::new(Vec::with_capacity(2 * SHARE_BYTES));
        for letter in typed.chars().filter(|letter| !is_gap(*letter)) {
            digits.push(digit(letter).ok_or(LineError::NoDigit(letter))?);
        }
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4) | low).collect();
        let bytes = Zeroizing::new(bytes);
        match bytes.len() {
            KEY_BYTES if rest.is_empty() => parse_key(&bytes).ok_or(LineError::Key),
            SHARE_BYTES if rest.is_empty() => parse_share(&bytes),
            _ => Err(LineError::Length(digits.len())),
        }
    }
}

/// Returns the digits as rows of four groups, as a form shows them.
#[must_use]
pub fn group_digits(digits: &str) -> Vec<String> {
    let digits: Vec<char> = digits.chars().collect();
    let rows = digits.chunks(16).map(|row| {
        let groups: Vec<String> = row.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    });
    rows.collect()
}

fn parse_key(bytes: &[u8]) -> Option<PaperLine> {
    let (key, check) = bytes.split_at_checked(MasterKey::LENGTH)?;
    let key = MasterKey::from_bytes(key)?;
    let fingerprint = Fingerprint::of(&key).ok()?;
    (fingerprint.as_bytes().as_slice() == check).then_some(PaperLine::Key(key))
}

fn parse_share(bytes: &[u8]) -> Result<PaperLine, LineError> {
    let [numbers, number, first, second, rest @ ..] = bytes else {
        return Err(LineError::Key);
    };
    let checked = bytes.split_last_chunk::<CHECK>();
    let is_right = checked.is_some_and(|(text, check)| check_value(text) == *check);
    let fields = rest.split_first_chunk::<{ Fingerprint::LENGTH }>();
    let value = fields.and_then(|(_, rest)| rest.first_chunk::<{ MasterKey::LENGTH }>());
    let (count, needed) = ((numbers & 0x0f) + 1, (numbers >> 4) + 1);
    match (fields, value) {
        (Some((fingerprint, _)), Some(value))
            if is_right && (2..=count).contains(&needed) && (1..=count).contains(number) =>
        {
            Ok(PaperLine::Share(KeyShare {
                number: *number,
                splitting: Splitting {
                    count,
                    needed,
                    id: [*first, *second],
                    fingerprint: Fingerprint::from_bytes(*fingerprint),
                },
                value: Zeroizing::new(*value),
            }))
        }
        // If the mistake is in the number itself, it may be impossible.
        _ if (1..=MOST_SHARES).contains(number) => Err(LineError::Share(*number)),
        _ => Err(LineError::Key),
    }
}

/// Returns the check value of a share. The value of a share is random, so its hash reveals nothing of other shares.
fn check_value(text: &[u8]) -> [u8; CHECK] {
    let mut hashed = Zeroizing::new(b"share of the master key, 1".to_vec());
    hashed.extend_from_slice(text);
    let hash: [u8; 32] = Sha256::digest(hashed.as_slice()).into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// Returns whether a character only separates groups of digits.
fn is_gap(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '–' | '—' | '_' | '.' | ',' | ':' | '\u{feff}')
}

/// Returns the value of a typed digit.
fn digit(letter: char) -> Option<u8> {
    let letter = letter.to_lowercase().next()?;
    let latin = match letter {
        'o' | 'о' => '0',
        'l' | 'i' | '|' => '1',
        'z' => '2',
        's' => '5',
        'а' => 'a',
        'б' => 'b',
        'ц' | 'с' => 'c',
        'д' => 'd',
        'е' => 'e',
        'ф' => 'f',
        other => other,
    };
    latin.to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::shares::split;

    fn key() -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|index| index as u8 * 7)).unwrap()
    }

    /// A share that is the same in each run.
    fn share() -> KeyShare {
        KeyShare {
            number: 3,
            splitting: Splitting {
                count: 5,
                needed: 3,
                id: [17, 4],
                fingerprint: Fingerprint::of(&key()).unwrap(),
            },
            value: Zeroizing::new([0xb8; 32]),
        }
    }

    fn is_line(typed: &str, line: &PaperLine) -> bool {
        match (PaperLine::parse(typed), line) {
            (Ok(PaperLine::Key(read)), PaperLine::Key(key)) => read == *key,
            (Ok(PaperLine::Share(read)), PaperLine::Share(share)) => read == *share,
            _ => false,
        }
    }

    #[test]
    fn a_line_reads_back_however_it_is_typed() {
        for line in [PaperLine::Key(key()), PaperLine::Share(share())] {
            let digits = line.digits().unwrap();
            let grouped = group_digits(&digits).join(" ");
            assert_eq!(grouped.replace(' ', ""), *digits);
            for typed in [
                digits.to_string(),
                grouped.clone(),
                grouped.to_uppercase(),
                grouped.replace(' ', "-"),
                grouped.replace(' ', " – "),
                format!("  {grouped}\r\n"),
                digits.replace('0', "O").replace('1', "l").replace('5', "S"),
                digits.replace('a', "А").replace('c', "ц").replace('d', "Д"),
            ] {
                assert!(is_line(&typed, &line), "{typed}");
            }
        }
    }

    #[test]
    fn each_change_of_one_character_is_refused() {
        for line in [PaperLine::Key(key()), PaperLine::Share(share())] {
            let digits: Vec<char> = line.digits().unwrap().chars().collect();
            for place in 0..digits.len() {
                for other in "0123456789abcdef".chars().filter(|one| *one != digits[place]) {
                    let mut typed = digits.clone();
                    typed[place] = other;
                    let typed: String = typed.iter().collect();
                    assert!(PaperLine::parse(&typed).is_err(), "{other} at {place}");
                }
                let (mut shorter, mut longer) = (digits.clone(), digits.clone());
                shorter.remove(place);
                longer.insert(place, '7');
                for typed in [shorter, longer] {
                    let typed: String = typed.iter().collect();
                    assert!(matches!(PaperLine::parse(&typed), Err(LineError::Length(_))));
                }
            }
        }
    }

    #[test]
    fn two_neighbours_that_are_swapped_are_found() {
        let digits: Vec<char> = PaperLine::Share(share()).digits().unwrap().chars().collect();
        for place in 1..digits.len() {
            let mut typed = digits.clone();
            typed.swap(place - 1, place);
            let typed: String = typed.iter().collect();
            let is_same = digits[place - 1] == digits[place];
            assert_eq!(PaperLine::parse(&typed).is_ok(), is_same, "at {place}");
        }
    }

    #[test]
    fn a_mistake_names_the_share_and_foreign_characters() {
        let mut digits: Vec<char> = PaperLine::Share(share()).digits().unwrap().chars().collect();
        digits[40] = if digits[40] == '0' { '1' } else { '0' };
        let typed: String = digits.iter().collect();
        assert!(matches!(PaperLine::parse(&typed), Err(LineError::Share(3))));
        assert!(matches!(PaperLine::parse("12g4"), Err(LineError::NoDigit('g'))));
        assert!(matches!(PaperLine::parse(""), Err(LineError::Length(0))));
        let said = LineError::Length(79).to_string();
        assert!(said.contains("80") && said.contains("96"), "{said}");
    }

    #[test]
    fn sixteen_shares_of_sixteen_fit_on_their_lines() {
        for share in split(&key(), 16, 16).unwrap() {
            let line = PaperLine::Share(share);
            assert!(is_line(&line.digits().unwrap(), &line));
        }
    }
}
