//! Opening the store for the service.

use std::sync::Arc;

use hotline_core::time::clock::Clock;

use crate::{
    db::store::{Settings, Store},
    intake::journal,
};

/// Opens the database, runs pending migrations, erases what the list of erasures names and a restored backup still contains, builds the counts of the statistics if none are stored, and starts the task that writes
/// arriving messages to the journal.
///
/// # Errors
/// Fails if the database cannot be opened, if a newer version of Hotline created the database, if the master key is missing, or if the
/// master key belongs to another database.
pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Store>> {
    let (store, requests) = Store::open(settings, clock).await?;
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
