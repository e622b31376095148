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
use chrono::{SubsecRound, TimeDelta};
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_store::{
    backup::{BackupLease, BackupOutcome},
    db::store::Store,
};
use tokio_util::sync::CancellationToken;

use super::{
    encryption::{self, sync_folder, write_new_file},
    manifest::{ATTACHMENTS, Engine, MANIFEST, Manifest, Part},
    name::{self, PARTIAL},
    postgres::PostgresTools,
    verify::check_files,
    writer::Writer,
};
use crate::settings::Settings;

/// The time between two renewals of the lease.
const RENEWAL: Duration = Duration::from_secs(60);
/// The folder in the data folder for a copy of the database that is still to be encrypted.
const UNENCRYPTED: &str = "backup.tmp";

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
    audit_heads: PathBuf,
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
    /// Fails if a recipient is no public key.
    pub fn new(settings: &Settings, to: &Path) -> anyhow::Result<Self> {
        let url = settings.database_url();
        Ok(Self {
            to: to.to_owned(),
            data: settings.data.folder.clone(),
            settings_file: settings.file.clone(),
            audit_heads: audit_heads_file(settings),
            keep: settings.backup.keep,
            recipients: encryption::parse_recipients(&settings.backup.recipients)?,
            engine: Engine::of_url(url.expose()),
            tools: PostgresTools::new(settings.backup.pg_dump.as_deref(), &url),
        })
    }

    /// Returns whether every file is encrypted.
    pub fn encrypts(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Returns the folder for a copy of the database that is still to be encrypted. It is in the data folder, so that such a copy is never
    /// on the disk of the backup.
    pub fn unencrypted(&self) -> PathBuf {
        self.data.join(UNENCRYPTED)
    }
}

/// Returns the file with earlier heads of the audit.
pub fn audit_heads_file(settings: &Settings) -> PathBuf {
    let usual = || settings.data.folder.join("audit-heads.jsonl");
    settings.audit.copy_file.clone().unwrap_or_else(usual)
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
    let made = match begin(plan, &name, &partial) {
        Ok(()) => {
            let made = tokio::select! {
                made = make_with_lease(store, plan, &name, &partial) => made.map(Some),
                lost = keep_lease(store, &lease) => Err(lost),
                () = stop.cancelled() => Ok(None),
            };
            if !matches!(made, Ok(Some(_))) {
                let _ = fs::remove_dir_all(&partial);
            }
            made
        }
        // The incomplete folder may be that of another installation, which makes its backup in the same second.
        Err(error) => Err(error),
    };
    let _ = fs::remove_dir_all(plan.unencrypted());
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

/// Removes the copy of the database that a killed process left in the data folder. Returns `false` if it is still there, because a backup is
/// being made, or because the lease of the killed process has not ended.
///
/// # Errors
/// Fails if a database query fails or the copy cannot be removed.
pub async fn remove_leftovers(store: &Store, data: &Path) -> anyhow::Result<bool> {
    let left = data.join(UNENCRYPTED);
    if !left.exists() {
        return Ok(true);
    }
    let Some(lease) = store.take_backup_lease().await? else {
        return Ok(false);
    };
    let removed = fs::remove_dir_all(&left);
    store.end_backup(lease, &BackupOutcome::Abandoned).await?;
    removed.with_context(|| format!("Could not remove {}", left.display()))?;
    Ok(true)
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

/// Makes the folder of the incomplete backup.
fn begin(plan: &BackupPlan, name: &str, partial: &Path) -> anyhow::Result<()> {
    ensure!(
        plan.to.is_dir(),
        "The folder {} does not exist: mount the disk, or make the folder",
        plan.to.display()
    );
    let folder = plan.to.join(name);
    ensure!(!folder.exists(), "{} exists", folder.display());
    let _ = fs::remove_dir_all(plan.unencrypted());
    fs::create_dir(partial).with_context(|| format!("Could not make {}", partial.display()))?;
    fs::create_dir(partial.join(ATTACHMENTS))?;
    Ok(())
}

async fn make_with_lease(
    store: &Store,
    plan: &BackupPlan,
    name: &str,
    partial: &Path,
) -> anyhow::Result<MadeBackup> {
    let folder = plan.to.join(name);
    let mut writer = Writer {
        plan,
        partial,
        manifest: Manifest::new(
            plan.engine,
            SystemClock.now().trunc_subsecs(0),
            store.key_fingerprint().to_string(),
            plan.encrypts(),
        ),
    };
    writer
        .copy_if_exists(Part::AuditHead, &plan.data.join("audit-head.json"))
        .await?;
    writer.copy_if_exists(Part::AuditHeads, &plan.audit_heads).await?;
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
    writer.copy_settings(store).await?;
    let manifest = writer.manifest;
    let text = manifest.to_text()?;
    let (to, checked) = (partial.to_owned(), manifest.clone());
    let problems = tokio::task::spawn_blocking(move || {
        sync_folder(&to.join(ATTACHMENTS))?;
        write_new_file(&mut text.as_bytes(), &to.join(MANIFEST), &[])?;
        sync_folder(&to)?;
        anyhow::Ok(check_files(&to, &checked))
    });
    let problems = problems.await??;
    ensure!(
        problems.is_empty(),
        "The backup does not contain what was written: {}",
        problems.join("; ")
    );
    fs::rename(partial, &folder)?;
    sync_folder(&plan.to)?;
    let (old, key, made) = (plan.clone(), manifest.key.clone(), name.to_owned());
    let removed = tokio::task::spawn_blocking(move || remove_old(&old, &key, &made)).await?;
    Ok(MadeBackup {
        folder,
        manifest,
        removed,
    })
}

/// Removes the oldest complete backups with this master key beyond the number to keep, and incomplete ones that are a day old. Backups that
/// another master key sealed may belong to another installation. Returns the names of the complete ones.
fn remove_old(plan: &BackupPlan, key: &str, made: &str) -> Vec<String> {
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
    let is_abandoned = |name: &&String| {
        name::time_in_partial(name).is_some_and(|at| SystemClock.now() - at > TimeDelta::days(1))
    };
    for name in old.iter().chain(names.iter().filter(is_abandoned)) {
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
