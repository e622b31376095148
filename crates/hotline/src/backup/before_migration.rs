//! The backup before migrations, with which the earlier version can go on if the new one does not work.
//!
//! It has the format of every other backup, and `hotline restore` of the earlier version restores it. The tables are those of the earlier
//! version, so only columns are read that all versions have since the second migration: those with the names of files. The database is copied
//! as a whole, with every file of the attachments folder. No process writes meanwhile, so the list of erasures needs no completion. The room
//! is checked as for every other backup.
//!
//! A table says whether the master key is being replaced, so the manifest names only the present key. While the key is being replaced, a
//! restore of this backup also needs the old key, although the manifest does not name it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, anyhow, bail};
use chrono::SubsecRound;
use futures::future::BoxFuture;
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_store::{
    backup::find_named_files,
    db::schema::{MigrationBackup, PendingMigrations},
    sealing::keys::Fingerprint,
};
use tokio_util::sync::CancellationToken;

use super::{
    create::{BackupPlan, MadeBackup, begin, complete},
    leftovers::remove_folder,
    manifest::{Manifest, Part},
    name::{self, PARTIAL},
    room::Room,
    writer::Writer,
};
use crate::{master_key, settings::Settings};

/// The migration since which the tables say which files are kept.
const NAMES_FILES_SINCE: &str = "m20261124_000002_files";

/// Backs up the database of the settings into the folder `backup.to`.
pub struct BackupBeforeMigration<'a> {
    settings: &'a Settings,
    to: &'a Path,
    stop: &'a CancellationToken,
    /// The folder of the backup that was made.
    made: OnceLock<PathBuf>,
}

impl<'a> BackupBeforeMigration<'a> {
    /// Plans the backup, which ends with an error once `stop` is cancelled. `None`: the settings name no folder for backups.
    pub fn planned(settings: &'a Settings, stop: &'a CancellationToken) -> Option<Self> {
        Some(Self {
            settings,
            to: settings.backup.to.as_deref()?,
            stop,
            made: OnceLock::new(),
        })
    }

    async fn make_backup(&self, pending: &PendingMigrations) -> anyhow::Result<MadeBackup> {
        let plan = BackupPlan::new(self.settings, self.to)?;
        let name = name::name_at(SystemClock.now());
        let partial = plan.to.join(format!("{name}{PARTIAL}"));
        // Ends the threads that write, also if this function stops waiting for them.
        let running = self.stop.child_token();
        let room = Room::measure_old(self.settings, &plan, &running);
        let room = begin(&plan, &name, &partial, room).await?;
        let made = tokio::select! {
            made = self.write(&plan, &partial, room, pending, &name) => made,
            () = self.stop.cancelled() => Err(anyhow!("It was stopped")),
        };
        running.cancel();
        if made.is_err() {
            remove_folder(&partial).await;
        }
        remove_folder(&plan.unencrypted(&name)).await;
        made
    }

    async fn write(
        &self,
        plan: &BackupPlan,
        partial: &Path,
        room: Room,
        pending: &PendingMigrations,
        name: &str,
    ) -> anyhow::Result<MadeBackup> {
        let key = Fingerprint::of(&master_key::read(&self.settings.data).await?)?;
        let mut keys = vec![key];
        if let Some(old) = master_key::read_old(&self.settings.data).await? {
            keys.push(Fingerprint::of(&old)?);
        }
        let mut manifest = Manifest::new(
            plan.engine,
            SystemClock.now().trunc_subsecs(0),
            key.to_string(),
            plan.encrypts(),
        );
        manifest.schema = pending.schema.clone().unwrap_or_default();
        let mut writer = Writer::begin(plan, name, partial, manifest, room)?;
        writer.copy_audit_heads().await?;
        let url = self.settings.database_url();
        writer.copy_old_database(url.expose()).await?;
        let named = match pending.names.iter().any(|name| name == NAMES_FILES_SINCE) {
            true => BTreeSet::new(),
            false => find_named_files(url.expose()).await?,
        };
        writer.copy_all_attachments(&named).await?;
        writer.copy_if_exists(Part::Erasures, &plan.erasures).await?;
        writer.copy_settings(&keys).await?;
        complete(writer, name).await
    }
}

impl MigrationBackup for BackupBeforeMigration<'_> {
    fn make<'a>(&'a self, pending: &'a PendingMigrations) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            tracing::info!(folder = %self.to.display(), "Backing up the database before its migrations");
            let made = self.make_backup(pending).await;
            if made.is_err() && self.stop.is_cancelled() {
                bail!("A signal stopped the backup before the migrations, so nothing was migrated");
            }
            let MadeBackup { folder, .. } = made.context(
                "The backup before the migrations failed, so nothing was migrated. Remove the cause, such as a full disk or a disk of \
                 `backup.to` that is not mounted, or run `hotline migrate --without-backup`",
            )?;
            tracing::info!(folder = %folder.display(), "Made a backup before the migrations");
            let _ = self.made.set(folder);
            Ok(())
        })
    }

    fn discard(&self) {
        let Some(made) = self.made.get() else { return };
        if let Err(error) = fs::remove_dir_all(made) {
            tracing::warn!(folder = %made.display(), error = %error, "A backup that is not needed could not be removed");
        }
    }
}
