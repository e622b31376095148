//! Opening the store for the service.

use std::sync::Arc;

use futures::future::BoxFuture;
use hotline_core::time::clock::Clock;

use crate::{
    db::{
        schema::{MigrationBackup, PendingMigrations},
        store::{Settings, Store},
    },
    intake::journal,
};

/// Opens the database, runs pending migrations, erases what the list of erasures names and a restored backup still contains, builds the
/// counts of the statistics if none are stored, and starts the task that writes arriving messages to the journal.
///
/// # Errors
/// Fails if the database cannot be opened, if a newer version of Hotline created the database, if the master key is missing, or if the
/// master key belongs to another database. Also fails if the database is the target of an unfinished move, or the data folder that of an
/// unfinished restore.
pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Store>> {
    open_with_backup(settings, clock, None, Box::pin(std::future::pending())).await
}

/// Opens the store as [`open`] does, and backs up a database that is not new before its migrations run. Once `stopped` is ready, no longer
/// waits for other processes before the migrations.
///
/// # Errors
/// As [`open`], and if the backup cannot be made or the wait was stopped. Nothing is migrated then.
pub async fn open_with_backup(
    settings: Settings,
    clock: Arc<dyn Clock>,
    backup: Option<&dyn MigrationBackup>,
    stopped: BoxFuture<'_, ()>,
) -> anyhow::Result<Arc<Store>> {
    let (store, requests) = Store::open(settings, clock, backup, stopped).await?;
    let erased = store.replay_erasures().await?;
    if erased > 0 {
        tracing::warn!(
            erased,
            "Erased contacts again that the list of erasures names; an older backup was restored"
        );
    }
    let purged = store.purge_listed_files().await?;
    if purged > 0 {
        tracing::warn!(purged, "Destroyed files again that the list of erasures names");
    }
    store.count_uncounted_contacts().await?;
    journal::serve_requests(Arc::downgrade(&store), requests);
    Ok(store)
}

/// Opens the database without changing it. Returns the pending migrations, and no store if migrations are pending.
///
/// # Errors
/// Fails if there is no database, if a newer version of Hotline created it, or if the master key is missing or belongs to another database.
pub async fn open_to_read(
    settings: Settings,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(PendingMigrations, Option<Arc<Store>>)> {
    Store::open_to_read(settings, clock).await
}
