//! Suspected abuse material: files that nobody may open. The settings `[abuse_material]`, the list of known files, and the decisions that
//! two people take about a locked file.

use std::{collections::HashSet, path::PathBuf};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// The most days for which a locked file may be held.
pub const MOST_HOLD_DAYS: u16 = 3_650;

/// The SHA-256 hash of a file.
pub type FileHash = [u8; 32];

/// The `[abuse_material]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AbuseMaterialSettings {
    /// A text file with the SHA-256 hashes of known files, as `sha256sum` prints them. A file with one of these hashes is locked when it
    /// arrives. The list is read again after it changed.
    pub hash_list: Option<PathBuf>,
    /// The decisions that staff may take about a locked file. [`LockDecision::Release`] is always possible.
    pub decisions: Vec<LockDecision>,
    /// The number of days for which a file is held for the police. It is purged in the night after the last day.
    pub hold_days: u16,
    /// What the member of staff who locked a file does next, a line for each step. Empty: the steps of the program.
    pub checklist: Vec<String>,
}

impl Default for AbuseMaterialSettings {
    fn default() -> Self {
        Self {
            hash_list: None,
            decisions: vec![LockDecision::Hold, LockDecision::Purge],
            hold_days: 90,
            checklist: Vec::new(),
        }
    }
}

/// A mistake in the `[abuse_material]` settings, or in the list of known files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAbuseMaterial {
    /// The number of days is 0, or more than [`MOST_HOLD_DAYS`].
    #[error("`abuse_material.hold_days` is 1 to {MOST_HOLD_DAYS}")]
    HoldDays,
    /// No decision ends with the destruction of the file.
    #[error("`abuse_material.decisions` contains \"hold\" or \"purge\"")]
    NoDecision,
    /// A line of the list does not begin with a SHA-256 hash. The number is the number of the line, from 1.
    #[error("line {0} does not begin with a SHA-256 hash (64 hexadecimal digits)")]
    Line(usize),
}

impl AbuseMaterialSettings {
    /// Checks the settings. Does not read the list of known files.
    ///
    /// # Errors
    /// Returns the first mistake.
    pub fn check(&self) -> Result<(), InvalidAbuseMaterial> {
        if self.hold_days == 0 || self.hold_days > MOST_HOLD_DAYS {
            return Err(InvalidAbuseMaterial::HoldDays);
        }
        let ends = |one: &LockDecision| matches!(one, LockDecision::Hold | LockDecision::Purge);
        if !self.decisions.iter().any(ends) {
            return Err(InvalidAbuseMaterial::NoDecision);
        }
        Ok(())
    }

    /// Returns whether staff may take this decision.
    #[must_use]
    pub fn permits(&self, decision: LockDecision) -> bool {
        decision == LockDecision::Release || self.decisions.contains(&decision)
    }

    /// Returns the last day on which a file is held that is first held on the day `from`.
    #[must_use]
    pub fn held_until(&self, from: NaiveDate) -> NaiveDate {
        from.checked_add_days(Days::new(u64::from(self.hold_days)))
            .unwrap_or(NaiveDate::MAX)
    }
}

/// What two people decide about a locked file. One person proposes, another one confirms.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LockDecision {
    /// Keep the file locked for the police for some days, then purge it.
    Hold,
    /// Destroy the file now.
    Purge,
    /// Unlock the file, because it is no abuse material.
    Release,
}

crate::named!(LockDecision);

/// Parses a list of SHA-256 hashes. A line has 64 hexadecimal digits, which white space and any other text may follow. Empty lines and lines
/// that begin with `#` are skipped.
///
/// # Errors
/// Returns [`InvalidAbuseMaterial::Line`] for the first line that is none of these.
pub fn parse_hash_list(text: &str) -> Result<HashSet<FileHash>, InvalidAbuseMaterial> {
    let mut hashes = HashSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let digits = line.split_whitespace().next().unwrap_or_default();
        let hash = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
        let hash = hash.ok().and_then(|hash| FileHash::try_from(hash).ok());
        hashes.insert(hash.ok_or(InvalidAbuseMaterial::Line(number))?);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_list_is_what_sha256sum_prints() {
        let a = "a".repeat(64);
        let upper = "AB".repeat(32);
        let text = format!("\u{feff}# known files\r\n{a}  picture 1.jpg\r\n\r\n  {upper}\n{a} *again\n");
        let list = parse_hash_list(&text).unwrap();
        assert_eq!(list, HashSet::from([[0xaa; 32], [0xab; 32]]));
        assert_eq!(parse_hash_list(""), Ok(HashSet::new()));
    }

    #[test]
    fn a_line_that_is_no_hash_is_named() {
        for wrong in [
            "d41d8cd98f00b204e9800998ecf8427e",
            &"g".repeat(64),
            &"a".repeat(65),
            "picture.jpg",
        ] {
            let text = format!("{}\n\n{wrong}\n", "0".repeat(64));
            assert_eq!(
                parse_hash_list(&text),
                Err(InvalidAbuseMaterial::Line(3)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_file_that_is_only_ever_released_is_a_mistake() {
        let with = |decisions| AbuseMaterialSettings {
            decisions,
            ..AbuseMaterialSettings::default()
        };
        assert_eq!(AbuseMaterialSettings::default().check(), Ok(()));
        assert_eq!(with(vec![LockDecision::Purge]).check(), Ok(()));
        for none in [vec![], vec![LockDecision::Release]] {
            assert_eq!(with(none).check(), Err(InvalidAbuseMaterial::NoDecision));
        }
        let days = AbuseMaterialSettings {
            hold_days: 0,
            ..AbuseMaterialSettings::default()
        };
        assert_eq!(days.check(), Err(InvalidAbuseMaterial::HoldDays));
    }

    #[test]
    fn releasing_is_always_permitted() {
        let settings = AbuseMaterialSettings {
            decisions: vec![LockDecision::Hold],
            ..AbuseMaterialSettings::default()
        };
        assert!(settings.permits(LockDecision::Release));
        assert!(!settings.permits(LockDecision::Purge));
    }
}
