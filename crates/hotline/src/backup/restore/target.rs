//! Where the parts of a backup are restored to, and whether this place is empty.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use hotline_store::backup::{UNFINISHED_RESTORE, is_empty_postgres, sqlite_path};

use super::staging::{is_staged, staged};
use crate::{
    backup::{
        create::{audit_heads_file, erasure_list_file},
        encryption::folder_of,
        limits::{describe_reserve, device, in_blocks, mebibytes, require},
        manifest::{Engine, Manifest, Part},
    },
    settings::Settings,
};

/// What a data folder may contain before a restore: the master key, and what a file system has in its root folder.
pub const PERMITTED: [&str; 2] = ["master.key", "lost+found"];
/// What the names of the files of a SQLite database end with. SQLite would add the log of an earlier database to the restored one.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Where the parts of a backup are restored to.
pub struct Target {
    /// The data folder.
    pub data: PathBuf,
    /// The file of the SQLite database. `None` on PostgreSQL.
    pub database: Option<PathBuf>,
    /// The list of erasures.
    pub erasures: PathBuf,
    /// Earlier heads of the audit.
    pub audit_heads: PathBuf,
    url: String,
    /// The bytes that must stay free for messages on the disks of the data folder and of the SQLite file.
    reserve: u64,
}

impl Target {
    /// Returns the place that the settings name.
    ///
    /// # Errors
    /// Fails if the URL of the database is invalid.
    pub fn new(settings: &Settings, engine: Engine) -> anyhow::Result<Self> {
        let url = settings.database_url().expose().clone();
        Ok(Self {
            data: settings.data.folder.clone(),
            database: match engine {
                Engine::Sqlite => Some(sqlite_path(&url)?),
                Engine::Postgresql => None,
            },
            erasures: erasure_list_file(settings),
            audit_heads: audit_heads_file(settings),
            url,
            reserve: settings.data.reserve_mib << 20,
        })
    }

    /// Returns a place in the data folder, for SQLite.
    #[cfg(test)]
    pub fn in_folder(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            database: Some(data.join("hotline.db")),
            erasures: data.join("erased.jsonl"),
            audit_heads: data.join("audit-heads.jsonl"),
            url: String::new(),
            reserve: 0,
        }
    }

    /// Returns the file to which the database of an encrypted backup is decrypted.
    pub fn decrypted_database(&self) -> PathBuf {
        let usual = || self.data.join(Engine::Postgresql.file_name());
        staged(&self.database.clone().unwrap_or_else(usual))
    }

    /// Returns the files that a restore may make, and that may be outside the data folder.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.erasures.clone(), self.audit_heads.clone()];
        files.extend(self.database_files());
        files
    }

    /// Returns the incomplete files that an interrupted restore left.
    ///
    /// # Errors
    /// Fails if the data folder cannot be read.
    pub fn leftovers(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut left: Vec<PathBuf> = self.files().iter().map(|file| staged(file)).collect();
        for entry in fs::read_dir(&self.data)? {
            let entry = entry?;
            // The mark stays until the next restore has ended.
            if is_staged(&entry.file_name()) && entry.file_name() != UNFINISHED_RESTORE {
                left.push(entry.path());
            }
        }
        left.sort();
        left.dedup();
        left.retain(|path| path.symlink_metadata().is_ok());
        Ok(left)
    }

    fn database_files(&self) -> Vec<PathBuf> {
        let with = |file: &Path, suffix: &str| {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        self.database
            .iter()
            .flat_map(|file| SUFFIXES.map(|suffix| with(file, suffix)))
            .collect()
    }

    /// Checks that nothing would be overwritten. Incomplete files of an interrupted restore do not count.
    ///
    /// # Errors
    /// Names what is there.
    pub async fn ensure_is_empty(&self) -> anyhow::Result<()> {
        let is_unfinished = self.data.join(UNFINISHED_RESTORE).symlink_metadata().is_ok();
        let data = self.data.display();
        for entry in fs::read_dir(&self.data)? {
            let name = entry?.file_name();
            if is_staged(&name) || PERMITTED.iter().any(|permitted| name == *permitted) {
                continue;
            }
            if is_unfinished {
                bail!(
                    "An interrupted restore left {} in the data folder {data}: move everything in this folder except master.key away, and {}, \
                     and run the command again",
                    name.display(),
                    match &self.database {
                        Some(database) => format!("the database {} if it exists", database.display()),
                        None => "name an empty database in `database.url`".to_owned(),
                    }
                );
            }
            bail!(
                "The data folder {data} is not empty: it contains {}. Move its content away, or name another folder in `data.folder`",
                name.display()
            );
        }
        for file in self.database_files() {
            ensure!(
                !file.exists(),
                "The database file {} exists: move it away, or name another database in `database.url`",
                file.display()
            );
        }
        ensure!(
            self.is_database_empty().await?,
            "The PostgreSQL database is not empty: make an empty one, and name it in `database.url`"
        );
        Ok(())
    }

    /// Returns whether the database contains nothing.
    ///
    /// # Errors
    /// Fails if the PostgreSQL database cannot be reached.
    pub async fn is_database_empty(&self) -> anyhow::Result<bool> {
        match &self.database {
            Some(_) => Ok(!self.database_files().iter().any(|file| file.exists())),
            None => is_empty_postgres(&self.url).await,
        }
    }

    /// Checks that each disk has room for what is restored to it, and that the service then accepts messages.
    ///
    /// # Errors
    /// Names the bytes that are needed, and those that are free.
    pub fn ensure_has_room(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let mut needed: BTreeMap<u64, (&Path, u64)> = BTreeMap::new();
        for file in &manifest.files {
            let folder: &Path = match manifest.part_of(file) {
                Some(Part::Database) => match &self.database {
                    Some(database) => folder_of(database),
                    None if manifest.encrypted => self.data.as_path(),
                    None => continue,
                },
                Some(Part::Erasures) => folder_of(&self.erasures),
                Some(Part::AuditHeads) => folder_of(&self.audit_heads),
                Some(Part::AuditHead | Part::Attachment(_)) => self.data.as_path(),
                Some(Part::Settings) | None => continue,
            };
            let (_, bytes) = needed.entry(device(folder)?).or_insert((folder, 0));
            *bytes = bytes.saturating_add(in_blocks(file.size));
        }
        let mut reserved = BTreeSet::from([device(&self.data)?]);
        if let Some(database) = &self.database {
            reserved.insert(device(folder_of(database))?);
        }
        for (disk, (folder, bytes)) in needed {
            let reserve = match reserved.contains(&disk) {
                true => self.reserve,
                false => 0,
            };
            require(folder, bytes.saturating_add(reserve), || {
                let reserve = describe_reserve(reserve);
                format!(
                    "the restore needs {} MiB there{reserve}: make room",
                    mebibytes(bytes)
                )
            })
            .context("No room for the backup")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::backup::manifest::BackupFile;

    async fn refusal(target: &Target) -> String {
        target.ensure_is_empty().await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn incomplete_files_of_a_restore_do_not_fill_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::in_folder(folder.path());
        fs::write(folder.path().join("master.key"), "").unwrap();
        let left = staged(&folder.path().join("hotline.db"));
        fs::write(&left, "").unwrap();
        target.ensure_is_empty().await.unwrap();
        assert_eq!(target.leftovers().unwrap(), [left]);
        fs::write(folder.path().join("notes"), "").unwrap();
        assert!(refusal(&target).await.contains("contains notes"));
    }

    #[tokio::test]
    async fn a_restore_that_was_interrupted_at_its_end_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::in_folder(folder.path());
        for name in ["attachments", UNFINISHED_RESTORE] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let refused = refusal(&target).await;
        assert!(
            refused.contains("An interrupted restore left attachments"),
            "{refused}"
        );
        assert_eq!(
            target.leftovers().unwrap(),
            Vec::<PathBuf>::new(),
            "the mark stays"
        );
        fs::remove_file(folder.path().join(UNFINISHED_RESTORE)).unwrap();
        let refused = refusal(&target).await;
        assert!(refused.contains("is not empty"), "{refused}");
    }

    #[test]
    fn a_restore_leaves_the_reserve_free() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::new(Engine::Sqlite, DateTime::UNIX_EPOCH, String::new(), false);
        manifest.files = vec![BackupFile {
            path: "hotline.db".to_owned(),
            size: 1,
            sha256: String::new(),
        }];
        let mut target = Target::in_folder(folder.path());
        target.ensure_has_room(&manifest).unwrap();
        target.reserve = 1 << 60;
        let refused = format!("{:#}", target.ensure_has_room(&manifest).unwrap_err());
        assert!(refused.contains("must stay free for messages"), "{refused}");
    }
}
