//! The list of erasures: a file outside the database that says what was erased. After an older backup of the database was restored, the
//! store erases it again from this list, before anything is served.
//!
//! A line is written after each erasure. It contains references and keyed hashes, and no content. A process that is killed between the commit
//! and the line leaves the line out; the next start adds it from the protocol, without the hashes of the raw messages.
//!
//! Several processes use one list: the service, its commands, and on PostgreSQL services on other machines. An advisory lock on the file lets
//! one of them write while no other reads or writes. Without the lock, the list is used all the same: an erasure that is not listed comes back
//! with an older backup, and a line that is listed twice does no harm.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, ErrorKind, Write},
    path::Path,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// How long the list may stay locked by another process, which holds the lock only while it reads and writes the file once.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two attempts to lock the list.
const AGAIN: Duration = Duration::from_millis(10);

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// Uses the list in a thread that may block, because another process may have it locked. The work ends even if the caller is dropped.
pub(crate) async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::File(io::Error::other(error)))?
}

/// Adds lines to the list and waits until the disk has written them.
pub(crate) fn append(path: &Path, entries: &[ListedErasure]) -> Result<(), StoreError> {
    write_lines(&open_locked(path, PATIENCE)?, entries)
}

/// Adds the entries whose key no entry of the list has, and returns their number. The list stays locked from reading it until the lines are
/// written, so two processes that add the same entries at the same time add each of them once.
pub(crate) fn append_missing<K: Ord>(
    path: &Path,
    entries: Vec<ListedErasure>,
    key: impl Fn(&ListedErasure) -> Result<K, StoreError>,
) -> Result<usize, StoreError> {
    if entries.is_empty() {
        return Ok(0);
    }
    let file = open_locked(path, PATIENCE)?;
    let mut known = BTreeSet::new();
    for entry in read_lines(&file)? {
        known.insert(key(&entry)?);
    }
    let mut missing = Vec::new();
    for entry in entries {
        if known.insert(key(&entry)?) {
            missing.push(entry);
        }
    }
    if !missing.is_empty() {
        write_lines(&file, &missing)?;
    }
    Ok(missing.len())
}

/// Reads the list. A missing file is an empty list. A line that cannot be read is skipped and logged.
pub(crate) fn read(path: &Path) -> Result<Vec<ListedErasure>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    lock(&file, File::try_lock_shared, PATIENCE);
    read_lines(&file)
}

/// Opens the list for reading and appending, and locks it until the file is dropped.
fn open_locked(path: &Path, patience: Duration) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .read(true)
        .open(path)?;
    lock(&file, File::try_lock, patience);
    Ok(file)
}

/// Locks the list. If this fails, the list is used without the lock.
fn lock(file: &File, try_lock: fn(&File) -> Result<(), TryLockError>, patience: Duration) {
    let deadline = Instant::now() + patience;
    let problem = loop {
        match try_lock(file) {
            Ok(()) => return,
            Err(TryLockError::Error(error)) if has_no_locks(&error) => return,
            Err(TryLockError::Error(error)) => break error.to_string(),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(AGAIN),
            Err(TryLockError::WouldBlock) => break "another process keeps it locked".to_owned(),
        }
    };
    tracing::warn!(problem, "The list of erasures is used without its lock");
}

/// Returns whether an error says that the file system has no locks, such as a network file system without a lock service.
fn has_no_locks(error: &io::Error) -> bool {
    let is_known = |errno: Errno| errno == Errno::NOLCK || errno == Errno::NOTSUP;
    error.kind() == ErrorKind::Unsupported || Errno::from_io_error(error).is_some_and(is_known)
}

fn write_lines(mut file: &File, entries: &[ListedErasure]) -> Result<(), StoreError> {
    let mut text = text(entries)?;
    // A crash may have cut the last line off. A new line begins after it, so that only this one cannot be read.
    if !ends_with_line(file)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(())
}

fn ends_with_line(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last == [b'\n'])
}

fn read_lines(file: &File) -> Result<Vec<ListedErasure>, StoreError> {
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

    #[test]
    fn two_processes_that_add_the_same_entries_add_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased.jsonl");
        let entries: Vec<ListedErasure> = (0..50)
            .map(|number| entry(&format!("AAAA-{number:04}")))
            .collect();
        let add = || append_missing(&path, entries.clone(), |entry| Ok(entry.what.clone())).unwrap();
        let added: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(added, entries.len());
        assert_eq!(read(&path).unwrap(), entries);
    }

    #[test]
    fn the_list_is_not_written_while_another_process_has_it_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased.jsonl");
        let locked = open_locked(&path, PATIENCE).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| append(&path, &[entry("AAAA-AAAA")]).unwrap());
            std::thread::sleep(AGAIN * 20);
            assert_eq!(std::fs::read(&path).unwrap(), b"");
            drop(locked);
            writer.join().unwrap();
        });
        assert_eq!(read(&path).unwrap(), [entry("AAAA-AAAA")]);
    }

    #[test]
    fn an_erasure_is_listed_although_the_list_stays_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased.jsonl");
        let locked = open_locked(&path, PATIENCE).unwrap();
        let file = open_locked(&path, AGAIN * 2).unwrap();
        write_lines(&file, &[entry("AAAA-AAAA")]).unwrap();
        drop((locked, file));
        assert_eq!(read(&path).unwrap(), [entry("AAAA-AAAA")]);
    }

    #[test]
    fn a_file_system_without_locks_is_recognised() {
        for errno in [Errno::NOLCK, Errno::NOTSUP, Errno::NOSYS] {
            assert!(has_no_locks(&errno.into()), "{errno}");
        }
        assert!(!has_no_locks(&Errno::IO.into()));
    }
}
