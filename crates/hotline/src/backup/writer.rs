//! Writing the files of a backup, with their entries in the manifest.

use std::{
    collections::BTreeSet,
    fs,
    io::{Cursor, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use hotline_store::{
    backup::{CopiedDatabase, check_sqlite_copy, copy_sqlite_file, find_damage, sqlite_path},
    db::store::Store,
    sealing::keys::Fingerprint,
};
use uuid::Uuid;

use super::{
    create::{BackupPlan, names_in},
    encryption::{FileHash, hash_file, write_new_file},
    key_search::contains_key,
    limits::{CopyLimit, WriteLimits, in_blocks},
    manifest::{ATTACHMENTS, BackupFile, Engine, Manifest, Part},
    room::Room,
};

/// The most missing attachments that an error names.
const MOST_NAMED: usize = 5;

/// A backup that is being written.
pub struct Writer<'a> {
    /// What is backed up.
    pub plan: &'a BackupPlan,
    /// The folder of the incomplete backup.
    pub partial: &'a Path,
    /// The folder for a copy of the database that is still to be encrypted.
    unencrypted: PathBuf,
    /// The manifest so far.
    pub manifest: Manifest,
    /// The limits for the files of the backup.
    pub limits: WriteLimits,
    /// The limits for the copy of the database that is still to be encrypted.
    pub data_limits: WriteLimits,
    /// The size of the database in bytes.
    pub database: u64,
    /// The bytes of the attachments that are still to be written.
    pub attachments_left: u64,
}

impl<'a> Writer<'a> {
    /// Begins the backup of this name in the folder `partial`, which is empty.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub fn begin(
        plan: &'a BackupPlan,
        name: &str,
        partial: &'a Path,
        manifest: Manifest,
        room: Room,
    ) -> anyhow::Result<Self> {
        fs::create_dir(partial.join(ATTACHMENTS))?;
        Ok(Self {
            plan,
            partial,
            unencrypted: plan.unencrypted(name),
            manifest,
            limits: room.limits,
            data_limits: room.data_limits,
            database: room.size.database,
            attachments_left: room.size.attachments,
        })
    }
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

    /// Writes a file in a thread that may block. `needed` is the number of bytes for which there must be room beside the attachments.
    async fn write_from(
        &mut self,
        part: Part,
        from: impl Read + Send + 'static,
        needed: u64,
    ) -> anyhow::Result<()> {
        let mut from = self
            .limits
            .reader(from, self.attachments_left.saturating_add(needed));
        let (to, recipients) = (self.place(part), self.plan.recipients.clone());
        let written = tokio::task::spawn_blocking(move || write_new_file(&mut from, &to, &recipients));
        let hash = written.await??;
        self.add(part, hash);
        Ok(())
    }

    /// Writes a file with these bytes.
    pub async fn write(&mut self, part: Part, bytes: Vec<u8>) -> anyhow::Result<()> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.write_from(part, Cursor::new(bytes), size).await
    }

    /// Copies a file. Returns `false` if it does not exist.
    pub async fn copy_if_exists(&mut self, part: Part, from: &Path) -> anyhow::Result<bool> {
        match fs::File::open(from) {
            Ok(file) => {
                let size = file.metadata()?.len();
                let copied = self.write_from(part, file, size).await;
                copied.with_context(|| format!("Could not copy {}", from.display()))?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("Could not read {}", from.display())),
        }
    }

    /// Copies the signed heads of the audit. They must be copied before the database, so that they name no entry that it lacks.
    pub async fn copy_audit_heads(&mut self) -> anyhow::Result<()> {
        self.copy_if_exists(Part::AuditHead, &self.plan.data.join("audit-head.json"))
            .await?;
        self.copy_if_exists(Part::AuditHeads, &self.plan.audit_heads)
            .await?;
        Ok(())
    }

    /// Copies the database in one state, and checks that the copy is intact.
    pub async fn copy_database(&mut self, store: &Store) -> anyhow::Result<CopiedDatabase> {
        let copy = self.begin_database()?;
        let database = match self.plan.engine {
            Engine::Sqlite => {
                self.copy_sqlite(store, &copy).await?;
                check_sqlite_copy(&copy).await?
            }
            Engine::Postgresql => self.dump_postgres(store, &copy).await?,
        };
        self.manifest.schema.clone_from(&database.schema);
        self.add_database(copy, &database.damage).await?;
        Ok(database)
    }

    /// Copies the database with this URL before its migrations, and checks that the copy is intact. Uses no table, because its tables are
    /// those of an earlier version.
    pub async fn copy_old_database(&mut self, url: &str) -> anyhow::Result<()> {
        let copy = self.begin_database()?;
        let damage = match self.plan.engine {
            Engine::Sqlite => {
                self.copy_old_sqlite(&sqlite_path(url)?, &copy).await?;
                find_damage(&copy).await?
            }
            Engine::Postgresql => {
                self.dump(None, &copy).await?;
                Vec::new()
            }
        };
        self.add_database(copy, &damage).await
    }

    /// Returns the path of the copy of the database. A copy that is still to be encrypted is never on the disk of the backup.
    fn begin_database(&self) -> anyhow::Result<PathBuf> {
        if !self.plan.encrypts() {
            return Ok(self.place(Part::Database));
        }
        fs::create_dir(&self.unencrypted)?;
        Ok(self.unencrypted.join(self.plan.engine.file_name()))
    }

    /// Adds the copy of the database to the manifest, after it was encrypted if there are recipients.
    async fn add_database(&mut self, copy: PathBuf, damage: &[String]) -> anyhow::Result<()> {
        ensure!(
            damage.is_empty(),
            "The database is damaged: {}",
            damage.join("; ")
        );
        if self.plan.encrypts() {
            let file = fs::File::open(&copy)?;
            let size = file.metadata()?.len();
            // On the data disk, the copy gives its room back before the attachments are written.
            let needed = match self.limits.is_on_data_disk() {
                true => size.saturating_sub(self.attachments_left),
                false => size,
            };
            self.write_from(Part::Database, file, needed).await?;
            fs::remove_dir_all(&self.unencrypted)?;
        } else {
            let hashed = tokio::task::spawn_blocking(move || {
                fs::File::open(&copy)?.sync_all()?;
                hash_file(&copy)
            });
            self.add(Part::Database, hashed.await??);
        }
        Ok(())
    }

    /// Returns the limits for the copy of the database, and the bytes for which the same disk needs room once it is complete.
    fn limits_of_copy(&self) -> (WriteLimits, u64) {
        match (self.plan.encrypts(), self.limits.is_on_data_disk()) {
            (false, _) => (self.limits.clone(), self.attachments_left),
            // The copy is removed after it was encrypted, before the attachments are copied.
            (true, true) => (self.data_limits.clone(), self.database.max(self.attachments_left)),
            (true, false) => (self.data_limits.clone(), 0),
        }
    }

    fn copy_limit(&self, copy: &Path) -> Arc<CopyLimit> {
        let (limits, after) = self.limits_of_copy();
        Arc::new(CopyLimit::new(limits, copy.to_owned(), self.database, after))
    }

    async fn copy_sqlite(&self, store: &Store, copy: &Path) -> anyhow::Result<()> {
        let limit = self.copy_limit(copy);
        let checked = Arc::clone(&limit);
        limit.explain(store.copy_sqlite(copy, move || checked.may_go_on()).await)
    }

    async fn copy_old_sqlite(&self, from: &Path, copy: &Path) -> anyhow::Result<()> {
        let limit = self.copy_limit(copy);
        let checked = Arc::clone(&limit);
        limit.explain(copy_sqlite_file(from, copy, move || checked.may_go_on()).await)
    }

    /// Dumps a snapshot or, without one, the present state. Then reads the table of contents of the dump.
    async fn dump(&self, snapshot: Option<&str>, copy: &Path) -> anyhow::Result<()> {
        // The size of a dump is not known before.
        let (limits, after) = self.limits_of_copy();
        tokio::select! {
            dumped = self.plan.tools.dump(snapshot, copy) => dumped?,
            problem = limits.watch(after) => return Err(problem).context("Could not dump the database"),
        }
        self.plan.tools.list(copy).await
    }

    async fn dump_postgres(&self, store: &Store, copy: &Path) -> anyhow::Result<CopiedDatabase> {
        let snapshot = store.export_snapshot().await?;
        self.dump(Some(&snapshot.id), copy).await?;
        let content = snapshot.content.clone();
        // The dump is complete, even if the server has ended the idle transaction.
        if let Err(error) = snapshot.end().await {
            tracing::warn!(error = %error, "The transaction of the backup did not end as usual");
        }
        Ok(content)
    }

    /// Copies the attachments that the copied database names. One that was deleted meanwhile is noted; one that is missing although the
    /// service still needs it is an error.
    pub async fn copy_attachments(&mut self, store: &Store, named: &BTreeSet<Uuid>) -> anyhow::Result<()> {
        let missing = self.copy_existing(named).await?;
        if missing.is_empty() {
            return Ok(());
        }
        self.refuse_lost(&missing, &store.named_files().await?)?;
        self.manifest.removed = missing.into_iter().collect();
        Ok(())
    }

    /// Copies every file of the attachments folder. Those that the database names must be among them.
    pub async fn copy_all_attachments(&mut self, named: &BTreeSet<Uuid>) -> anyhow::Result<()> {
        // Other files, such as the lock of the service, belong to no contact.
        let id_of = |name: &String| Uuid::parse_str(name).ok().filter(|id| id.to_string() == *name);
        let names = names_in(&self.plan.data.join(ATTACHMENTS))?;
        let ids = names.iter().filter_map(id_of).chain(named.iter().copied());
        let missing = self.copy_existing(&ids.collect()).await?;
        self.refuse_lost(&missing, named)
    }

    /// Fails if a missing file is one that the service still needs. A restore would refuse the backup.
    fn refuse_lost(&self, missing: &BTreeSet<Uuid>, needed: &BTreeSet<Uuid>) -> anyhow::Result<()> {
        let lost: Vec<String> = missing.intersection(needed).map(Uuid::to_string).collect();
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
        Ok(())
    }

    /// Copies these attachments. Returns those that do not exist.
    async fn copy_existing(&mut self, ids: &BTreeSet<Uuid>) -> anyhow::Result<BTreeSet<Uuid>> {
        let folder = self.plan.data.join(ATTACHMENTS);
        let (place, all) = (folder.clone(), ids.clone());
        let total =
            tokio::task::spawn_blocking(move || all.iter().map(|id| size_in(&place, *id)).sum::<u64>());
        self.attachments_left = total.await?;
        let mut missing = BTreeSet::new();
        for &id in ids {
            self.attachments_left = self.attachments_left.saturating_sub(size_in(&folder, id));
            let from = folder.join(id.to_string());
            if !self.copy_if_exists(Part::Attachment(id), &from).await? {
                missing.insert(id);
            }
        }
        Ok(missing)
    }

    /// Copies the settings file, if the settings come from a file. It must not contain a master key with one of these fingerprints.
    pub async fn copy_settings(&mut self, keys: &[Fingerprint]) -> anyhow::Result<()> {
        let Some(file) = &self.plan.settings_file else {
            return Ok(());
        };
        let bytes = fs::read(file).with_context(|| format!("Could not read {}", file.display()))?;
        ensure!(
            !contains_key(&bytes, keys)?,
            "The settings file {} contains a master key, which must not be in a backup: use `data.key_file`",
            file.display()
        );
        self.write(Part::Settings, bytes).await
    }
}

/// Returns the bytes that an attachment needs on a disk; 0 if it was deleted meanwhile.
fn size_in(folder: &Path, id: Uuid) -> u64 {
    fs::metadata(folder.join(id.to_string())).map_or(0, |found| in_blocks(found.len()))
}
