//! The room that a backup needs, measured before anything is written.

use std::path::Path;

use anyhow::Context;
use hotline_store::{
    backup::{BackupSize, measure_backup},
    db::store::Store,
};
use tokio_util::sync::CancellationToken;

use super::{create::BackupPlan, limits::WriteLimits, manifest::ATTACHMENTS};
use crate::settings::Settings;

/// What a backup writes, and where there must be room for it.
pub struct Room {
    /// The size of what is copied.
    pub size: BackupSize,
    /// The limits on the disk of the backup.
    pub limits: WriteLimits,
    /// The limits on the disk of the data folder.
    pub data_limits: WriteLimits,
}

impl Room {
    /// Measures what is to be copied. Nothing more is written once `running` is cancelled.
    ///
    /// # Errors
    /// Fails if a database query fails or a folder cannot be read.
    pub async fn measure(
        store: &Store,
        plan: &BackupPlan,
        running: &CancellationToken,
    ) -> anyhow::Result<Self> {
        Self::new(
            store.backup_size().await?,
            store.disk_space()?.reserve_bytes,
            plan,
            running,
        )
    }

    /// Measures the database of the settings before its migrations. Reads no table, because its tables are those of an earlier version.
    ///
    /// # Errors
    /// Fails if the database cannot be reached or a folder cannot be read.
    pub async fn measure_old(
        settings: &Settings,
        plan: &BackupPlan,
        running: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let url = settings.database_url();
        let size = measure_backup(url.expose(), &plan.data.join(ATTACHMENTS)).await?;
        Self::new(size, settings.data.reserve_mib << 20, plan, running)
    }

    fn new(
        size: BackupSize,
        reserve: u64,
        plan: &BackupPlan,
        running: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let limits =
            |folder: &Path| WriteLimits::new(folder, &plan.data, plan.database_folder(), reserve, running);
        Ok(Self {
            size,
            limits: limits(&plan.to)?,
            data_limits: limits(&plan.data)?,
        })
    }

    /// Checks that the backup fits, with the copy of the database from which an encrypted one is made.
    ///
    /// # Errors
    /// Names the bytes that are needed, and those that are free, if it does not fit.
    pub fn check(&self, encrypts: bool) -> anyhow::Result<()> {
        let BackupSize {
            database,
            attachments,
        } = self.size;
        let needed = match (encrypts, self.limits.is_on_data_disk()) {
            // The copy is removed before the attachments are written.
            (true, true) => database.saturating_add(database.max(attachments)),
            (true, false) => {
                self.data_limits
                    .check(database)
                    .context("No room for a copy of the database, from which the encrypted one is made")?;
                database.saturating_add(attachments)
            }
            (false, _) => database.saturating_add(attachments),
        };
        self.limits.check(needed).context("No room for a backup")
    }
}
