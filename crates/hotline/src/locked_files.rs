//! The worker that destroys locked files whose hold for the police has ended. The log contains only numbers.

use std::{sync::Arc, time::Duration};

use hotline_store::db::store::Store;
use tokio_util::sync::CancellationToken;

/// The time between two checks whether a hold has ended.
const LOOK: Duration = Duration::from_secs(60);

/// Destroys the files whose hold has ended, until `stop` is cancelled.
pub async fn work(store: Arc<Store>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match store.purge_held_files().await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "Destroyed locked files whose hold has ended"),
            Err(error) => {
                tracing::error!(error = %error, "A locked file could not be destroyed; it is tried again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
}
