//! Showing people that somebody writes to them.

use std::{sync::Arc, time::Duration};

use hotline_store::db::store::Store;
use tokio_util::sync::CancellationToken;

use crate::lines::Lines;

/// What is shown for a few seconds is not worth more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Works until `stop`.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    let mut typings = store.typings();
    loop {
        let typing = tokio::select! {
            typing = typings.recv() => typing,
            () = stop.cancelled() => return,
        };
        // Some were missed if it was too slow: others follow.
        let Ok(typing) = typing else { continue };
        if let Some((_, channel)) = lines.get(&typing.line) {
            let shown = channel.typing(&typing.to, &typing.thread);
            let _ = tokio::time::timeout(PATIENCE, shown).await;
        }
    }
}
