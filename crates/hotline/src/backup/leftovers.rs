//! Removing what backups left that were not completed: incomplete folders, and copies of the database that were still to be encrypted.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use chrono::TimeDelta;
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_store::{backup::BackupOutcome, db::store::Store};

use super::{create::names_in, name};

/// The attempts to remove the folder of a backup that was not completed, and the time between them. A thread that was writing a file may
/// add it meanwhile.
const REMOVALS: u32 = 20;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(50);
/// What the name of the folder ends with that contains a copy of the database that is still to be encrypted.
pub const UNENCRYPTED: &str = ".tmp";

/// Returns the folders with copies of the database that were still to be encrypted.
///
/// # Errors
/// Fails if the data folder cannot be read.
pub fn unencrypted_in(data: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_copy = |name: &String| {
        let backup = name.strip_suffix(UNENCRYPTED);
        backup.is_some_and(|backup| name::time_in(backup).is_some())
    };
    let names = names_in(data)?;
    Ok(names
        .iter()
        .filter(|name| is_copy(name))
        .map(|name| data.join(name))
        .collect())
}

/// Removes the copies of the database that killed processes left in the data folder. Returns `false` if they are still there, because a
/// backup is being made, or because the lease of the killed process has not ended.
///
/// # Errors
/// Fails if a database query fails or a copy cannot be removed.
pub async fn remove_leftovers(store: &Store, data: &Path) -> anyhow::Result<bool> {
    if unencrypted_in(data)?.is_empty() {
        return Ok(true);
    }
    let Some(lease) = store.take_backup_lease().await? else {
        return Ok(false);
    };
    let place = data.to_owned();
    let removed = tokio::task::spawn_blocking(move || {
        for left in unencrypted_in(&place)? {
            fs::remove_dir_all(&left).with_context(|| format!("Could not remove {}", left.display()))?;
        }
        anyhow::Ok(())
    });
    let removed = removed.await;
    store.end_backup(lease, &BackupOutcome::Abandoned).await?;
    removed??;
    Ok(true)
}

/// Removes a folder, if it exists.
pub async fn remove_folder(folder: &Path) {
    let place = folder.to_owned();
    let removed = tokio::task::spawn_blocking(move || try_to_remove(&place)).await;
    if let Err(error) = removed.unwrap_or_else(|error| Err(io::Error::other(error))) {
        tracing::warn!(
            folder = %folder.display(),
            error = %error,
            "What an incomplete backup wrote could not be removed"
        );
    }
}

fn try_to_remove(folder: &Path) -> io::Result<()> {
    let remove = || match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    for _ in 1..REMOVALS {
        if remove().is_ok() {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_REMOVALS);
    }
    remove()
}

/// Removes incomplete backups that are a day old, because they may fill the disk. Returns the names of the younger ones, which another
/// process may be making.
///
/// # Errors
/// Fails if the folder cannot be read.
pub async fn remove_abandoned(to: &Path) -> anyhow::Result<Vec<String>> {
    let to = to.to_owned();
    let removed = tokio::task::spawn_blocking(move || {
        let now = SystemClock.now();
        let mut younger = Vec::new();
        for name in names_in(&to)? {
            let Some(at) = name::time_in_partial(&name) else {
                continue;
            };
            if now - at <= TimeDelta::days(1) {
                younger.push(name);
            } else if let Err(error) = fs::remove_dir_all(to.join(&name)) {
                tracing::warn!(backup = name, error = %error, "An incomplete backup could not be removed");
            }
        }
        anyhow::Ok(younger)
    });
    removed.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_incomplete_backups_that_are_a_day_old_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemClock.now();
        let named = |at, ending: &str| name::name_at(at) + ending;
        let younger = named(now - TimeDelta::hours(20), name::PARTIAL);
        let older = named(now - TimeDelta::hours(30), name::PARTIAL);
        let complete = named(now - TimeDelta::hours(30), "");
        for name in [&younger, &older, &complete] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        assert_eq!(
            remove_abandoned(folder.path()).await.unwrap(),
            std::slice::from_ref(&younger)
        );
        assert_eq!(names_in(folder.path()).unwrap(), [complete, younger]);
    }

    #[test]
    fn copies_of_the_database_are_found_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["hotline-2026-11-30T10-20-30Z.tmp", "other.tmp", "attachments"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = unencrypted_in(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("hotline-2026-11-30T10-20-30Z.tmp")]);
    }
}
