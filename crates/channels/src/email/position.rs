//! The position in a folder: how far the folder was read. The position is stored as text in a cursor.

use std::collections::BTreeSet;

/// How far a folder was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// UIDVALIDITY (RFC 9051, section 2.3.1.1). If the server changes it, the known UIDs no longer identify the same messages.
    pub validity: u32,
    /// The highest UID that was read.
    pub highest: u32,
    /// The UIDs up to `highest` that could not be fetched yet.
    pub missing: BTreeSet<u32>,
}

impl Position {
    /// Parses the text of a cursor. Returns `None` if the text is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut number = || parts.next()?.parse().ok();
        let (validity, highest) = (number()?, number()?);
        let missing = parts
            .next()
            .unwrap_or_default()
            .split(',')
            .filter_map(|uid| uid.parse().ok())
            .collect();
        Some(Self {
            validity,
            highest,
            missing,
        })
    }

    /// Formats the position as the text of a cursor.
    pub fn to_text(&self) -> String {
        let missing: Vec<_> = self.missing.iter().map(u32::to_string).collect();
        format!("{}:{}:{}", self.validity, self.highest, missing.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back() {
        for position in [
            Position {
                validity: 9,
                highest: 70,
                missing: [37, 41].into(),
            },
            Position {
                validity: 1,
                highest: 0,
                missing: BTreeSet::new(),
            },
        ] {
            assert_eq!(Position::parse(&position.to_text()), Some(position));
        }
        assert_eq!(Position::parse("nonsense"), None);
    }
}
