//! Shows people that a counsellor is typing.

use std::{sync::Arc, time::Duration};

use hotline_store::db::store::Store;
use tokio_util::sync::CancellationToken;

use crate::lines::Lines;

/// The time limit for sending a typing indicator. Platforms display it for only a few seconds, so a late indicator is useless.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows typing indicators until `stop` is cancelled.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    let mut typings = store.typings();
    loop {
        let typing = tokio::select! {
            typing = typings.recv() => typing,
            () = stop.cancelled() => return,
        };
        // An error means that this worker was too slow and missed some notifications. It continues with newer notifications.
        let Ok(typing) = typing else { continue };
        if let Some(channel) = lines.get(&typing.line) {
            let shown = channel.show_typing(&typing.to, &typing.thread);
            let _ = tokio::time::timeout(PATIENCE, shown).await;
        }
    }
}
