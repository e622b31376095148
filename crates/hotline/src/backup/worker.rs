//! The worker that makes scheduled backups. On PostgreSQL with several processes, a lease lets one of them make a backup.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use hotline_core::time::clock::{Clock, SystemClock};
use hotline_store::db::store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    create::{self, BackupPlan},
    leftovers::remove_leftovers,
};

/// The time between two checks whether a backup is due.
const LOOK: Duration = Duration::from_secs(10);
/// The time after which removing the leftovers of a killed process is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// The time between two log entries about a late backup.
const REMINDER: Duration = Duration::from_hours(1);

/// Makes backups by a plan, each after the given number of hours, until `stop` is cancelled. Without a plan, only removes what a killed
/// process left in the data folder `data`.
pub async fn work(
    store: Arc<Store>,
    data: PathBuf,
    plan: Option<(BackupPlan, u16)>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match remove_leftovers(&store, &data).await {
            Ok(true) => break,
            // The lease of a killed process has not ended yet. A scheduled backup removes what is left, too.
            Ok(false) if plan.is_none() => {}
            Ok(false) => break,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "An unencrypted copy of the database is left in the data folder"
                );
                // The attempts of the plan then report that they fail, and that the backup is late.
                if plan.is_some() {
                    break;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stop.cancelled() => {}
        }
    }
    let Some((plan, every)) = plan else { return };
    let mut reminded: Option<Instant> = None;
    while !stop.is_cancelled() {
        if let Err(error) = run_if_due(&store, &plan, every, &stop).await {
            tracing::error!(
                error = format!("{error:#}"),
                "The backup failed; it is tried again"
            );
        }
        let is_late = store
            .backup_state()
            .await
            .is_ok_and(|state| state.is_late(SystemClock.now(), every));
        if is_late && reminded.is_none_or(|at| at.elapsed() >= REMINDER) {
            tracing::error!(every, "No good backup was finished for twice `backup.every`");
            reminded = Some(Instant::now());
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn run_if_due(
    store: &Store,
    plan: &BackupPlan,
    every: u16,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    if !store.backup_state().await?.is_due(SystemClock.now(), every) {
        return Ok(());
    }
    if let Some(made) = create::make(store, plan, Some(every), stop).await? {
        tracing::info!(
            folder = %made.folder.display(),
            files = made.manifest.files.len(),
            bytes = made.manifest.bytes(),
            removed = made.removed.len(),
            "Made a backup"
        );
    }
    Ok(())
}
