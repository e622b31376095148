//! Opening the store for the service.

use std::sync::Arc;

use hotline_core::time::clock::Clock;

use crate::{
    db::store::{Settings, Store},
    intake::journal,
};

/// Opens the database, runs pending migrations, builds the counts of the statistics if none are stored, and starts the task that writes
/// arriving messages to the journal.
///
/// # Errors
/// Fails if the database cannot be opened, if a newer version of Hotline created the database, if the master key is missing, or if the
/// master key belongs to another database.
pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Store>> {
    let (store, requests) = Store::open(settings, clock).await?;
    store.count_uncounted_contacts().await?;
    journal::serve_requests(Arc::downgrade(&store), requests);
    Ok(store)
}
