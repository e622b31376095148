//! The list of erasures: a file outside the database that says what was erased. After an older backup of the database was restored, the
//! store erases it again from this list, before anything is served.
//!
//! A line is written after each erasure. It contains references and keyed hashes, and no content. A process that is killed between the commit
//! and the line leaves the line out; the next start adds it from the protocol, without the hashes of the raw messages.

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::{BufRead, BufReader, ErrorKind, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedErasure {
    /// When it was erased.
    pub(crate) at: DateTime<Utc>,
    #[serde(flatten)]
    pub(crate) what: ErasedThing,
    /// The raw messages that were erased with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) raw: Vec<ErasedRaw>,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErasedThing {
    /// The content of the contact with this reference.
    Contact(String),
    /// The files with this keyed hash, in hexadecimal digits.
    File(String),
}

/// A raw message that is not accepted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasedRaw {
    pub(crate) line: String,
    /// The keyed hash of the source's message id, in hexadecimal digits.
    pub(crate) hash: String,
    /// Microseconds since 1970.
    pub(crate) received_at: i64,
    /// The size in bytes.
    pub(crate) size: i64,
}

/// Returns the text of a list with these entries.
pub(crate) fn text(entries: &[ListedErasure]) -> Result<String, StoreError> {
    let mut text = String::new();
    for entry in entries {
        let line = serde_json::to_string(entry).map_err(|error| StoreError::File(error.into()))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// Adds lines to the list and waits until the disk has written them.
pub(crate) fn append(path: &Path, entries: &[ListedErasure]) -> Result<(), StoreError> {
    let mut text = text(entries)?;
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .read(true)
        .open(path)?;
    // A crash may have cut the last line off. A new line begins after it, so that only this one cannot be read.
    if !ends_with_line(&file)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(())
}

fn ends_with_line(file: &std::fs::File) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last == [b'\n'])
}

/// Reads the list. A missing file is an empty list. A line that cannot be read is skipped and logged.
pub(crate) fn read(path: &Path) -> Result<Vec<ListedErasure>, StoreError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut entries = Vec::new();
    for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
        let line: String = line?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(entry) => entries.push(entry),
            Err(_) => tracing::warn!(line = number, "A line of the list of erasures cannot be read"),
        }
    }
    Ok(entries)
}

/// Returns the references in the list.
pub(crate) fn references(entries: &[ListedErasure]) -> BTreeSet<&str> {
    entries
        .iter()
        .filter_map(|entry| match &entry.what {
            ErasedThing::Contact(reference) => Some(reference.as_str()),
            ErasedThing::File(_) => None,
        })
        .collect()
}

/// Returns the keyed hashes of the files in the list.
pub(crate) fn files(entries: &[ListedErasure]) -> BTreeSet<String> {
    entries
        .iter()
        .filter_map(|entry| match &entry.what {
            ErasedThing::Contact(_) => None,
            ErasedThing::File(hash) => Some(hash.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(reference: &str) -> ListedErasure {
        ListedErasure {
            at: "2026-11-29T10:00:00Z".parse().unwrap(),
            what: ErasedThing::Contact(reference.to_owned()),
            raw: vec![ErasedRaw {
                line: "mail".to_owned(),
                hash: "00ff".to_owned(),
                received_at: 1,
                size: 2,
            }],
        }
    }

    #[test]
    fn a_line_that_a_crash_cut_off_costs_no_other_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased.jsonl");
        assert_eq!(read(&path).unwrap(), []);
        append(&path, &[entry("AAAA-AAAA")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            std::fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
            append(&path, &[entry("BBBB-BBBB")]).unwrap();
            let read = read(&path).unwrap();
            assert!(read.starts_with(&[entry("AAAA-AAAA")]), "{cut}");
            assert!(read.ends_with(&[entry("BBBB-BBBB")]), "{cut}");
        }
    }
}
