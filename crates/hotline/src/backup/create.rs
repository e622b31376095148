//! Making a backup while the service runs.
//!
//! The order matters. The heads of the audit are copied first, so that they name no entry that the database lacks. The database is copied
//! in one consistent state. Files follow: each was written before the transaction that names it, so every file that the copy names exists,
//! unless it was deleted since. The list of erasures is copied last, so that it names what was erased meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use age::x25519::Recipient;
use anyhow::{Context, anyhow, bail, ensure};
use chrono::SubsecRound;
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_store::{
    backup::{BackupLease, BackupOutcome, sqlite_path},
    db::store::Store,
};
use tokio_util::sync::CancellationToken;

use super::{
    encryption::{self, folder_of, sync_folder, write_new_file},
    leftovers::{UNENCRYPTED, remove_abandoned, remove_folder, unencrypted_in},
    manifest::{ATTACHMENTS, Engine, MANIFEST, Manifest, Part},
    name::{self, PARTIAL},
    postgres::PostgresTools,
    room::Room,
    verify::check_files,
    writer::Writer,
};
use crate::settings::Settings;

/// The time between two renewals of the lease.
const RENEWAL: Duration = Duration::from_secs(60);

/// What is backed up, and where to.
#[derive(Clone)]
pub struct BackupPlan {
    /// The folder for backups.
    pub to: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The settings file. `None`: no file was read.
    pub settings_file: Option<PathBuf>,
    /// The public keys to which every file is encrypted. Empty: nothing is encrypted.
    pub recipients: Vec<Recipient>,
    /// The database engine.
    pub engine: Engine,
    /// The programs that dump a PostgreSQL database.
    pub tools: PostgresTools,
    /// The file with earlier heads of the audit.
    pub audit_heads: PathBuf,
    /// The list of erasures.
    pub erasures: PathBuf,
    /// The file of the SQLite database. `None` on PostgreSQL.
    database: Option<PathBuf>,
    keep: u16,
}

/// A complete backup.
#[derive(Debug)]
pub struct MadeBackup {
    /// Its folder.
    pub folder: PathBuf,
    /// What it contains.
    pub manifest: Manifest,
    /// The older backups that were removed.
    pub removed: Vec<String>,
}

impl BackupPlan {
    /// Plans backups into a folder by the settings.
    ///
    /// # Errors
    /// Fails if a recipient is no public key, or if the URL of the database is invalid.
    pub fn new(settings: &Settings, to: &Path) -> anyhow::Result<Self> {
        let url = settings.database_url();
        let engine = Engine::of_url(url.expose());
        Ok(Self {
            to: to.to_owned(),
            data: settings.data.folder.clone(),
            settings_file: settings.file.clone(),
            audit_heads: audit_heads_file(settings),
            erasures: erasure_list_file(settings),
            keep: settings.backup.keep,
            recipients: encryption::parse_recipients(&settings.backup.recipients)?,
            database: match engine {
                Engine::Sqlite => Some(sqlite_path(url.expose())?),
                Engine::Postgresql => None,
            },
            engine,
            tools: PostgresTools::new(settings.backup.pg_dump.as_deref(), &url),
        })
    }

    /// Returns whether every file is encrypted.
    pub fn encrypts(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Returns the folder with the file of the SQLite database.
    pub fn database_folder(&self) -> Option<&Path> {
        self.database.as_deref().map(folder_of)
    }

    /// Returns the folder for a copy of the database that is still to be encrypted for the backup of this name. It is in the data folder, so
    /// that such a copy is never on the disk of the backup.
    pub fn unencrypted(&self, name: &str) -> PathBuf {
        self.data.join(format!("{name}{UNENCRYPTED}"))
    }
}

/// Returns the file with earlier heads of the audit.
pub fn audit_heads_file(settings: &Settings) -> PathBuf {
    let usual = || settings.data.folder.join("audit-heads.jsonl");
    settings.audit.copy_file.clone().unwrap_or_else(usual)
}

/// Returns the file with the list of erasures.
pub fn erasure_list_file(settings: &Settings) -> PathBuf {
    let usual = || settings.data.folder.join("erased.jsonl");
    settings.retention.list_file.clone().unwrap_or_else(usual)
}

/// Makes a backup. With an interval `every` in hours, makes it only if it is due and no other process makes one, and otherwise returns
/// `None`. Also returns `None` if `stop` was cancelled. The database keeps how the attempt ended.
///
/// # Errors
/// Fails if another process makes a backup, or if the backup cannot be completed. No incomplete backup is left then.
pub async fn make(
    store: &Store,
    plan: &BackupPlan,
    every: Option<u16>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<MadeBackup>> {
    let lease = match (store.take_backup_lease().await?, every) {
        (Some(lease), _) => lease,
        (None, Some(_)) => return Ok(None),
        (None, None) => bail!("Another process makes a backup. After a crash, try again in ten minutes"),
    };
    let is_needed = match every {
        Some(every) => store.backup_state().await?.is_due(SystemClock.now(), every),
        None => true,
    };
    if !is_needed {
        store.end_backup(lease, &BackupOutcome::Abandoned).await?;
        return Ok(None);
    }
    let name = name::name_at(SystemClock.now());
    let partial = plan.to.join(format!("{name}{PARTIAL}"));
    // Ends the threads that write, also if this function stops waiting for them.
    let running = stop.child_token();
    let room = Room::measure(store, plan, &running);
    let made = match begin(plan, &name, &partial, room).await {
        Ok(room) => {
            let made = tokio::select! {
                made = make_with_lease(store, plan, &name, &partial, room) => made.map(Some),
                lost = keep_lease(store, &lease) => Err(lost),
                () = stop.cancelled() => Ok(None),
            };
            running.cancel();
            if !matches!(made, Ok(Some(_))) {
                remove_folder(&partial).await;
            }
            made
        }
        // The incomplete folder may be that of another installation, which makes its backup in the same second.
        Err(error) => Err(error),
    };
    remove_folder(&plan.unencrypted(&name)).await;
    let made = match made {
        Ok(Some(made)) => Ok(Some(remove_old(plan, made, &name).await)),
        Err(_) if stop.is_cancelled() => Ok(None),
        other => other,
    };
    let outcome = match &made {
        Ok(Some(_)) => BackupOutcome::Finished(name),
        Ok(None) => BackupOutcome::Abandoned,
        Err(error) => BackupOutcome::Failed(format!("{error:#}")),
    };
    let ended = store.end_backup(lease, &outcome).await;
    let made = made?;
    ended?;
    Ok(made)
}

/// Renews the lease until another process has taken it.
async fn keep_lease(store: &Store, lease: &BackupLease) -> anyhow::Error {
    loop {
        tokio::time::sleep(RENEWAL).await;
        match store.renew_backup_lease(lease).await {
            Ok(true) => {}
            Ok(false) => {
                return anyhow!("Another process has begun a backup, because this one took too long");
            }
            // The lease outlives several failed renewals.
            Err(error) => tracing::warn!(error = %error, "The lease of the backup could not be renewed"),
        }
    }
}

/// Makes the folder of the incomplete backup. Before, removes what killed processes left, and checks that there is room for the backup, which
/// `room` measures.
///
/// # Errors
/// Fails if the folder for backups does not exist, if the folder of the backup exists, or if there is no room.
pub async fn begin(
    plan: &BackupPlan,
    name: &str,
    partial: &Path,
    room: impl Future<Output = anyhow::Result<Room>>,
) -> anyhow::Result<Room> {
    ensure!(
        plan.to.is_dir(),
        "The folder {} does not exist: mount the disk, or make the folder",
        plan.to.display()
    );
    let folder = plan.to.join(name);
    ensure!(!folder.exists(), "{} exists", folder.display());
    for left in unencrypted_in(&plan.data)? {
        remove_folder(&left).await;
    }
    let incomplete = remove_abandoned(&plan.to).await?;
    let room = room.await?;
    let checked = room.check(plan.encrypts());
    match incomplete.is_empty() {
        true => checked?,
        false => checked.with_context(|| {
            format!(
                "{} in {} is incomplete: remove it, unless a backup is being made",
                incomplete.join(", "),
                plan.to.display()
            )
        })?,
    }
    fs::create_dir(partial).with_context(|| format!("Could not make {}", partial.display()))?;
    Ok(room)
}

async fn make_with_lease(
    store: &Store,
    plan: &BackupPlan,
    name: &str,
    partial: &Path,
    room: Room,
) -> anyhow::Result<MadeBackup> {
    let mut manifest = Manifest::new(
        plan.engine,
        SystemClock.now().trunc_subsecs(0),
        store.key_fingerprint().to_string(),
        plan.encrypts(),
    );
    // Asked before the database is copied: once the replacement has ended, no copy needs the old key.
    if store.needs_old_key().await? {
        manifest.old_key = store.old_key_fingerprint().map(|key| key.to_string());
    }
    let mut writer = Writer::begin(plan, name, partial, manifest, room)?;
    writer.copy_audit_heads().await?;
    let begun = SystemClock.now();
    let database = writer.copy_database(store).await?;
    writer.copy_attachments(store, &database.files).await?;
    // Destroying a file moves the other files of its message, which the copied database names under their earlier names.
    ensure!(
        writer.manifest.removed.is_empty() || !store.was_purged_since(begun).await?,
        "A locked file was destroyed while the backup was made. The backup is made again"
    );
    let erasures = store.complete_list_of_erasures().await?;
    writer.write(Part::Erasures, erasures.into_bytes()).await?;
    let mut keys = vec![store.key_fingerprint()];
    keys.extend(store.old_key_fingerprint());
    writer.copy_settings(&keys).await?;
    complete(writer, name).await
}

/// Writes the manifest, checks what is on the disk, and gives the backup its name.
///
/// # Errors
/// Fails if a file cannot be written, or does not contain what was written.
pub async fn complete(writer: Writer<'_>, name: &str) -> anyhow::Result<MadeBackup> {
    let Writer {
        plan,
        partial,
        manifest,
        limits,
        ..
    } = writer;
    let text = manifest.to_text()?;
    let (to, checked) = (partial.to_owned(), manifest.clone());
    let problems = tokio::task::spawn_blocking(move || {
        sync_folder(&to.join(ATTACHMENTS))?;
        let left = u64::try_from(text.len()).unwrap_or(u64::MAX);
        write_new_file(&mut limits.reader(text.as_bytes(), left), &to.join(MANIFEST), &[])?;
        sync_folder(&to)?;
        anyhow::Ok(check_files(&to, &checked, limits.stop()))
    });
    let problems = problems.await??;
    ensure!(
        problems.is_empty(),
        "The backup does not contain what was written: {}",
        problems.join("; ")
    );
    let folder = plan.to.join(name);
    fs::rename(partial, &folder)?;
    sync_folder(&plan.to)?;
    Ok(MadeBackup {
        folder,
        manifest,
        removed: Vec::new(),
    })
}

/// Removes the older backups beyond the number to keep, and returns the new one with their names.
async fn remove_old(plan: &BackupPlan, mut made: MadeBackup, name: &str) -> MadeBackup {
    let (plan, key, name) = (plan.clone(), made.manifest.key.clone(), name.to_owned());
    let removed = tokio::task::spawn_blocking(move || remove_beyond(&plan, &key, &name));
    made.removed = removed.await.unwrap_or_default();
    made
}

/// Removes the oldest complete backups with this master key beyond the number to keep. Backups that another master key sealed may belong to
/// another installation. Returns the names of those that were removed.
fn remove_beyond(plan: &BackupPlan, key: &str, made: &str) -> Vec<String> {
    let names = match names_in(&plan.to) {
        Ok(names) => names,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "Old backups could not be removed");
            return Vec::new();
        }
    };
    let has_same_key = |name: &String| {
        name::time_in(name).is_some()
            && Manifest::read(&plan.to.join(name)).is_ok_and(|manifest| manifest.key == key)
    };
    let old = name::beyond(
        names.iter().filter(|name| has_same_key(name)).cloned().collect(),
        made,
        plan.keep,
    );
    for name in &old {
        if let Err(error) = fs::remove_dir_all(plan.to.join(name)) {
            tracing::warn!(backup = name.as_str(), error = %error, "An old backup could not be removed");
        }
    }
    old
}

/// Returns the names of what a folder contains, sorted.
///
/// # Errors
/// Fails if the folder cannot be read.
pub fn names_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let failed = || format!("Could not read the folder {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        names.extend(entry.with_context(failed)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}
