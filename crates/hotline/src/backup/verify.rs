//! Verifying backups: the hashes of all files, the database, and the attachments that it names.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hotline_store::backup::check_sqlite_copy;

use super::{
    create::names_in,
    encryption::{Identities, hash_file, open_file, write_new_file},
    manifest::{Engine, MANIFEST, Manifest, Part},
    name,
    postgres::PostgresTools,
};

/// What was found in one backup.
pub struct Verification {
    /// What is wrong, in English. Empty if the backup can be restored.
    pub problems: Vec<String>,
    /// The manifest. `None`: it cannot be read.
    pub manifest: Option<Manifest>,
    /// Whether the database was opened. An encrypted one is opened only with its identity.
    pub is_opened: bool,
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
pub async fn verify_backup(
    folder: &Path,
    identities: Option<&Identities>,
    tools: &PostgresTools,
) -> Verification {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(error) => {
            return Verification {
                problems: vec![format!("{error:#}")],
                manifest: None,
                is_opened: false,
            };
        }
    };
    let mut problems = check_files(folder, &manifest);
    let is_opened = !manifest.encrypted || identities.is_some();
    if is_opened {
        let identities = identities.filter(|_| manifest.encrypted);
        match check_database(folder, &manifest, identities, tools).await {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(format!("The database cannot be opened: {error:#}")),
        }
    }
    Verification {
        problems,
        manifest: Some(manifest),
        is_opened,
    }
}

/// Compares the files of a backup with its manifest. Returns what is missing or was changed.
pub fn check_files(folder: &Path, manifest: &Manifest) -> Vec<String> {
    let check = |file: &super::manifest::BackupFile| match hash_file(&folder.join(&file.path)) {
        Ok(found) if found.size != file.size => Some(format!(
            "{} has {} bytes instead of {}",
            file.path, found.size, file.size
        )),
        Ok(found) if found.sha256 != file.sha256 => Some(format!("{} was changed", file.path)),
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(format!("{} is missing", file.path))
        }
        Err(error) => Some(format!("{} cannot be read: {error}", file.path)),
    };
    manifest.files.iter().filter_map(check).collect()
}

/// Opens the database of a backup and compares it with the manifest. Returns what does not fit.
async fn check_database(
    folder: &Path,
    manifest: &Manifest,
    identities: Option<&Identities>,
    tools: &PostgresTools,
) -> anyhow::Result<Vec<String>> {
    let path = manifest.path_of(Part::Database).context("It is missing")?;
    let stored = folder.join(path);
    // The decrypted copy is removed with the folder.
    let decrypted = tempfile::tempdir().context("Could not make a temporary folder")?;
    let database = match identities {
        Some(identities) => {
            let to = decrypted.path().join(manifest.engine.file_name());
            write_new_file(&mut *open_file(&stored, Some(identities))?, &to, &[])?;
            to
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
        assert_eq!(check_files(folder.path(), &manifest), Vec::<String>::new());
        fs::write(folder.path().join("hotline.db"), "tExt").unwrap();
        fs::remove_file(folder.path().join("erased.jsonl")).unwrap();
        assert_eq!(
            check_files(folder.path(), &manifest),
            ["hotline.db was changed", "erased.jsonl is missing"]
        );
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
