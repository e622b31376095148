//! Verifying backups: the hashes of all files, the database, and the attachments that it names.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use hotline_store::backup::check_sqlite_copy;
use tokio_util::sync::CancellationToken;

use super::{
    create::names_in,
    encryption::{Identities, folder_of, hash_reader, open_file, write_new_file},
    limits::{StoppableReader, is_disk_full, mebibytes, require},
    manifest::{BackupFile, Engine, MANIFEST, Manifest, Part},
    name,
    postgres::PostgresTools,
};

const STOPPED: &str = "A signal stopped the verification";

/// What was found in one backup.
pub struct Verification {
    /// What is wrong, in English. Empty if the backup can be restored.
    pub problems: Vec<String>,
    /// The manifest. `None`: it cannot be read.
    pub manifest: Option<Manifest>,
    /// Whether the database was opened. An encrypted one is opened only with its identity.
    pub is_opened: bool,
}

/// How the database of an encrypted backup is opened.
pub struct Decryption<'a> {
    /// The identities that decrypt the backup.
    pub identities: &'a Identities,
    /// The new file into which the database is decrypted. The caller uses or removes it.
    pub to: PathBuf,
}

/// Returns the backups at a path: the backup itself, or all backups in a folder, with incomplete ones.
///
/// # Errors
/// Fails if the path is neither a backup nor a folder with backups.
pub fn backups_at(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let own_name = path.file_name().and_then(|own| own.to_str()).unwrap_or_default();
    let is_backup = |own: &str| name::time_in(own).is_some() || name::time_in_partial(own).is_some();
    if path.join(MANIFEST).exists() || is_backup(own_name) {
        return Ok(vec![path.to_owned()]);
    }
    let names = names_in(path)?.into_iter().filter(|one| is_backup(one));
    let found: Vec<PathBuf> = names.map(|one| path.join(one)).collect();
    if found.is_empty() {
        bail!("{} contains no backup", path.display());
    }
    Ok(found)
}

/// Verifies the backup in a folder.
///
/// # Errors
/// Fails if the disk has no room for the decrypted database, or if `stop` is cancelled. This says nothing about the backup.
pub async fn verify_backup(
    folder: &Path,
    decryption: Option<&Decryption<'_>>,
    tools: &PostgresTools,
    stop: &CancellationToken,
) -> anyhow::Result<Verification> {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(error) => {
            return Ok(Verification {
                problems: vec![format!("{error:#}")],
                manifest: None,
                is_opened: false,
            });
        }
    };
    let mut problems = check_files(folder, &manifest, stop);
    ensure!(!stop.is_cancelled(), STOPPED);
    let is_opened = !manifest.encrypted || decryption.is_some();
    if is_opened {
        let decryption = decryption.filter(|_| manifest.encrypted);
        let checked = tokio::select! {
            checked = check_database(folder, &manifest, decryption, tools, stop) => checked,
            () = stop.cancelled() => bail!(STOPPED),
        };
        match checked {
            Ok(found) => problems.extend(found),
            Err(_) if stop.is_cancelled() => bail!(STOPPED),
            Err(error) if is_disk_full(&error) => return Err(error),
            Err(error) => problems.push(format!("The database cannot be opened: {error:#}")),
        }
    }
    Ok(Verification {
        problems,
        manifest: Some(manifest),
        is_opened,
    })
}

/// Compares the files of a backup with its manifest. Returns what is missing or was changed. Once `stop` is cancelled, no file can be read.
pub fn check_files(folder: &Path, manifest: &Manifest, stop: &CancellationToken) -> Vec<String> {
    let hash_of = |file: &BackupFile| {
        let opened = File::open(folder.join(&file.path))?;
        hash_reader(&mut StoppableReader::new(opened, stop))
    };
    let check = |file: &BackupFile| match hash_of(file) {
        Ok(found) if found.size != file.size => Some(format!(
            "{} has {} bytes instead of {}",
            file.path, found.size, file.size
        )),
        Ok(found) if found.sha256 != file.sha256 => Some(format!("{} was changed", file.path)),
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::NotFound => Some(format!("{} is missing", file.path)),
        Err(error) => Some(format!("{} cannot be read: {error}", file.path)),
    };
    manifest.files.iter().filter_map(check).collect()
}

/// Opens the database of a backup and compares it with the manifest. Returns what does not fit.
async fn check_database(
    folder: &Path,
    manifest: &Manifest,
    decryption: Option<&Decryption<'_>>,
    tools: &PostgresTools,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<String>> {
    let path = manifest.path_of(Part::Database).context("It is missing")?;
    let stored = folder.join(path);
    let database = match decryption {
        Some(decryption) => {
            decrypt(&stored, decryption, stop)?;
            decryption.to.clone()
        }
        None => stored,
    };
    match manifest.engine {
        Engine::Postgresql => {
            tools.list(&database).await?;
            Ok(Vec::new())
        }
        Engine::Sqlite => {
            let found = check_sqlite_copy(&database).await?;
            let mut problems: Vec<String> = found
                .damage
                .into_iter()
                .map(|line| format!("The database is damaged: {line}"))
                .collect();
            if found.schema != manifest.schema {
                problems.push(format!(
                    "The database has the migration {}, and the manifest names {}",
                    found.schema, manifest.schema
                ));
            }
            let known = manifest.attachments();
            let lost = found
                .files
                .iter()
                .filter(|id| !known.contains(id) && !manifest.removed.contains(id));
            problems.extend(lost.map(|id| {
                format!("The database names the attachment {id}, which the backup does not contain")
            }));
            Ok(problems)
        }
    }
}

fn decrypt(stored: &Path, decryption: &Decryption<'_>, stop: &CancellationToken) -> anyhow::Result<()> {
    let size = std::fs::metadata(stored)?.len();
    require(folder_of(&decryption.to), size, || {
        format!("the decrypted database needs {} MiB", mebibytes(size))
    })?;
    let plain = open_file(stored, Some(decryption.identities))?;
    write_new_file(&mut StoppableReader::new(plain, stop), &decryption.to, &[])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::backup::{encryption::FileHash, manifest::BackupFile};

    fn backup(folder: &Path) -> Manifest {
        let at = "2026-11-30T10:20:30Z".parse().unwrap();
        let mut manifest = Manifest::new(Engine::Sqlite, at, String::new(), false);
        for path in ["hotline.db", "erased.jsonl"] {
            let FileHash { size, sha256 } =
                write_new_file(&mut &b"text"[..], &folder.join(path), &[]).unwrap();
            manifest.files.push(BackupFile {
                path: path.to_owned(),
                size,
                sha256,
            });
        }
        manifest
    }

    #[test]
    fn changed_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = backup(folder.path());
        let stop = CancellationToken::new();
        let check = || check_files(folder.path(), &manifest, &stop);
        assert_eq!(check(), Vec::<String>::new());
        fs::write(folder.path().join("hotline.db"), "tExt").unwrap();
        fs::remove_file(folder.path().join("erased.jsonl")).unwrap();
        assert_eq!(check(), ["hotline.db was changed", "erased.jsonl is missing"]);
    }

    #[test]
    fn no_file_is_read_to_its_end_after_a_signal() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = backup(folder.path());
        let stop = CancellationToken::new();
        stop.cancel();
        let problems = check_files(folder.path(), &manifest, &stop);
        assert!(
            problems.iter().all(|problem| problem.contains("signal")),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn backups_in_a_folder_are_found_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        assert!(backups_at(folder.path()).is_err());
        for name in [
            "hotline-2026-11-30T10-20-30Z",
            "hotline-2026-12-01T10-20-30Z.partial",
            "other",
        ] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = backups_at(folder.path()).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        let one = backups_at(found.first().unwrap()).unwrap();
        assert_eq!(one.as_slice(), &found[..1]);
    }
}
