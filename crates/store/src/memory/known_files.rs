//! The list of known abuse material: a file with SHA-256 hashes, which is read again after it changed.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use anyhow::Context;
use hotline_core::abuse_material::{FileHash, parse_hash_list};

/// The time of the last change and the size of a file. They differ after most changes.
type Stamp = (SystemTime, u64);

/// The hashes of known files.
pub(crate) struct KnownFiles {
    /// The path of the list. `None`: no file is known.
    path: Option<PathBuf>,
    read: RwLock<ReadList>,
}

#[derive(Clone, Default)]
struct ReadList {
    /// The version of the file that was read last, also if it could not be parsed.
    stamp: Option<Stamp>,
    hashes: Arc<HashSet<FileHash>>,
}

impl KnownFiles {
    /// Reads the list.
    ///
    /// # Errors
    /// Fails if the list cannot be read or parsed.
    pub(crate) fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let read = match &path {
            None => ReadList::default(),
            Some(path) => ReadList {
                stamp: Some(stamp(path)?),
                hashes: Arc::new(read(path)?),
            },
        };
        Ok(Self {
            path,
            read: RwLock::new(read),
        })
    }

    /// Returns the hashes of the list as it is now. If the list can no longer be read or parsed, logs an error and returns the hashes that
    /// were read last.
    pub(crate) async fn current(&self) -> Arc<HashSet<FileHash>> {
        let known = self.read.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(path) = self.path.clone() else {
            return known.hashes;
        };
        let last = known.stamp;
        let looked = tokio::task::spawn_blocking(move || {
            let stamp = stamp(&path)?;
            let changed = (last != Some(stamp)).then(|| read(&path));
            Ok::<_, anyhow::Error>((stamp, changed))
        });
        let (stamp, list) = match looked.await.map_err(anyhow::Error::from).flatten() {
            Ok((_, None)) => return known.hashes,
            Ok((stamp, Some(list))) => (stamp, list),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "The list of known files cannot be read"
                );
                return known.hashes;
            }
        };
        let hashes = match list {
            Ok(hashes) => {
                tracing::info!(count = hashes.len(), "The list of known files was read again");
                Arc::new(hashes)
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "The list of known files is wrong; the earlier list stays in force"
                );
                known.hashes
            }
        };
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = ReadList {
            stamp: Some(stamp),
            hashes: Arc::clone(&hashes),
        };
        hashes
    }
}

fn stamp(path: &Path) -> anyhow::Result<Stamp> {
    let file = std::fs::metadata(path);
    let file = file.with_context(|| format!("Could not read the list of known files {}", path.display()))?;
    Ok((file.modified()?, file.len()))
}

fn read(path: &Path) -> anyhow::Result<HashSet<FileHash>> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("Could not read the list of known files {}", path.display()))?;
    parse_hash_list(&text).with_context(|| format!("The list of known files {} is wrong", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_list_is_read_again_after_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        std::fs::write(&path, "a".repeat(64)).unwrap();
        let known = KnownFiles::open(Some(path.clone())).unwrap();
        assert_eq!(*known.current().await, HashSet::from([[0xaa; 32]]));
        std::fs::write(&path, format!("{}\n{}\n", "a".repeat(64), "b".repeat(64))).unwrap();
        assert_eq!(known.current().await.len(), 2);
        // A wrong or missing list does not unlock anything.
        std::fs::write(&path, "not a hash").unwrap();
        assert_eq!(known.current().await.len(), 2);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(known.current().await.len(), 2);
    }

    #[test]
    fn a_wrong_list_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        assert!(KnownFiles::open(Some(path.clone())).is_err(), "it is missing");
        std::fs::write(&path, "picture.jpg").unwrap();
        assert!(KnownFiles::open(Some(path)).is_err());
        assert!(KnownFiles::open(None).is_ok());
    }
}
