//! Writing the files of a backup, with their entries in the manifest.

use std::{
    collections::BTreeSet,
    fs,
    io::{Cursor, ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use hotline_store::{
    backup::{CopiedDatabase, check_sqlite_copy},
    db::store::Store,
};
use uuid::Uuid;

use super::{
    create::BackupPlan,
    encryption::{FileHash, hash_file, write_new_file},
    key_search::contains_key,
    manifest::{ATTACHMENTS, BackupFile, Engine, Manifest, Part},
};

/// The most missing attachments that an error names.
const MOST_NAMED: usize = 5;

/// A backup that is being written.
pub struct Writer<'a> {
    /// What is backed up.
    pub plan: &'a BackupPlan,
    /// The folder of the incomplete backup.
    pub partial: &'a Path,
    /// The manifest so far.
    pub manifest: Manifest,
}

impl Writer<'_> {
    fn add(&mut self, part: Part, hash: FileHash) {
        self.manifest.files.push(BackupFile {
            path: part.path(self.plan.engine, self.plan.encrypts()),
            size: hash.size,
            sha256: hash.sha256,
        });
    }

    fn place(&self, part: Part) -> PathBuf {
        self.partial
            .join(part.path(self.plan.engine, self.plan.encrypts()))
    }

    /// Writes a file in a thread that may block.
    async fn write_from(&mut self, part: Part, mut from: impl Read + Send + 'static) -> anyhow::Result<()> {
        let (to, recipients) = (self.place(part), self.plan.recipients.clone());
        let written = tokio::task::spawn_blocking(move || write_new_file(&mut from, &to, &recipients));
        let hash = written.await??;
        self.add(part, hash);
        Ok(())
    }

    /// Writes a file with these bytes.
    pub async fn write(&mut self, part: Part, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.write_from(part, Cursor::new(bytes)).await
    }

    /// Copies a file. Returns `false` if it does not exist.
    pub async fn copy_if_exists(&mut self, part: Part, from: &Path) -> anyhow::Result<bool> {
        match fs::File::open(from) {
            Ok(file) => {
                let copied = self.write_from(part, file).await;
                copied.with_context(|| format!("Could not copy {}", from.display()))?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("Could not read {}", from.display())),
        }
    }

    /// Copies the database in one state, and checks that the copy is intact. A copy that is still to be encrypted is never on the disk of
    /// the backup.
    pub async fn copy_database(&mut self, store: &Store) -> anyhow::Result<CopiedDatabase> {
        let copy = match self.plan.encrypts() {
            true => {
                let condition = store.storage_condition().await?;
                let size = u64::try_from(condition.database_bytes).unwrap_or_default();
                ensure!(
                    condition.free_bytes > condition.reserve_bytes.saturating_add(size),
                    "The disk of the data folder has no room for a copy of the database, from which the encrypted one is made"
                );
                fs::create_dir(self.plan.unencrypted())?;
                self.plan.unencrypted().join(self.plan.engine.file_name())
            }
            false => self.place(Part::Database),
        };
        let database = match self.plan.engine {
            Engine::Sqlite => {
                store
                    .copy_sqlite(&copy)
                    .await
                    .context("Could not copy the database")?;
                check_sqlite_copy(&copy).await?
            }
            Engine::Postgresql => {
                let snapshot = store.export_snapshot().await?;
                self.plan.tools.dump(&snapshot.id, &copy).await?;
                let content = snapshot.content.clone();
                // The dump is complete, even if the server has ended the idle transaction.
                if let Err(error) = snapshot.end().await {
                    tracing::warn!(error = %error, "The transaction of the backup did not end as usual");
                }
                self.plan.tools.list(&copy).await?;
                content
            }
        };
        ensure!(
            database.damage.is_empty(),
            "The database is damaged: {}",
            database.damage.join("; ")
        );
        self.manifest.schema.clone_from(&database.schema);
        if self.plan.encrypts() {
            let file = fs::File::open(&copy)?;
            self.write_from(Part::Database, file).await?;
            fs::remove_dir_all(self.plan.unencrypted())?;
        } else {
            let hashed = tokio::task::spawn_blocking(move || {
                fs::File::open(&copy)?.sync_all()?;
                hash_file(&copy)
            });
            self.add(Part::Database, hashed.await??);
        }
        Ok(database)
    }

    /// Copies the attachments that the copied database names. One that was deleted meanwhile is noted; one that is missing although the
    /// service still needs it is an error.
    pub async fn copy_attachments(&mut self, store: &Store, named: &BTreeSet<Uuid>) -> anyhow::Result<()> {
        let mut missing = BTreeSet::new();
        for &id in named {
            let from = self.plan.data.join(ATTACHMENTS).join(id.to_string());
            if !self.copy_if_exists(Part::Attachment(id), &from).await? {
                missing.insert(id);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let live = store.named_files().await?;
        let lost: Vec<String> = missing.intersection(&live).map(Uuid::to_string).collect();
        ensure!(
            lost.is_empty(),
            "{} attachments that the database names are missing in {}, such as {}",
            lost.len(),
            self.plan.data.join(ATTACHMENTS).display(),
            lost.iter()
                .take(MOST_NAMED)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        );
        self.manifest.removed = missing.into_iter().collect();
        Ok(())
    }

    /// Copies the settings file, if the settings come from a file.
    pub async fn copy_settings(&mut self, store: &Store) -> anyhow::Result<()> {
        let Some(file) = &self.plan.settings_file else {
            return Ok(());
        };
        let bytes = fs::read(file).with_context(|| format!("Could not read {}", file.display()))?;
        ensure!(
            !contains_key(&bytes, store.key_fingerprint())?,
            "The settings file {} contains the master key, which must not be in a backup: use `data.key_file`",
            file.display()
        );
        self.write(Part::Settings, bytes).await
    }
}
