//! Handing over what leaves us: nothing else sends.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use hotline_channels::channel::{Channel, ChannelError};
use hotline_core::{chance, job::JobKind};
use hotline_store::{error::StoreError, outbox::Outgoing, queue::Claimed, store::Store};
use tokio_util::sync::CancellationToken;

use crate::service::{LOOK_AGAIN, Lines};

/// Messages handed over at the same time.
const TOGETHER: u64 = 8;
/// Longer than any attempt takes.
const LEASE: Duration = Duration::from_secs(60);
/// One attempt may take this long.
const PATIENCE: Duration = Duration::from_secs(45);

/// Works until `stop`.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match round(&store, &lines).await {
            Ok(0) => {
                tokio::select! {
                    () = store.until_due(JobKind::Deliver, LOOK_AGAIN) => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %error, "The outbox cannot be worked on and is tried again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Hands over what is due, and says how much that was.
pub async fn round(store: &Arc<Store>, lines: &Arc<Lines>) -> Result<usize, StoreError> {
    let claimed = store.claim(JobKind::Deliver, TOGETHER, LEASE, i32::MAX).await?;
    let handed = join_all(claimed.iter().map(|job| deliver(store, lines, job))).await;
    for (job, result) in claimed.iter().zip(handed) {
        if let Err(error) = result {
            tracing::error!(job.id, job.attempt, error = %error, "Job {} failed", job.id);
            give_up_or_wait(store, job, u32::try_from(job.attempt).unwrap_or(u32::MAX)).await?;
        }
    }
    Ok(claimed.len())
}

async fn give_up_or_wait(store: &Store, job: &Claimed, tries: u32) -> Result<(), StoreError> {
    match JobKind::Deliver.wait_after(tries) {
        Some(wait) => store.retry(job, wait, "it could not be prepared").await,
        None => store.park(job, "it could not be prepared, again and again").await,
    }
}

async fn deliver(store: &Arc<Store>, lines: &Arc<Lines>, job: &Claimed) -> Result<(), StoreError> {
    let outgoing = match store.outgoing(job).await {
        Ok(Some(outgoing)) => outgoing,
        Ok(None) => return Ok(()),
        Err(StoreError::Conflict(why)) => return store.failed(job, why).await,
        Err(error) => return Err(error),
    };
    let Some((_, channel)) = lines.get(&outgoing.line) else {
        return store.park(job, "its line is not in the settings").await;
    };
    match hand_over(channel, &outgoing).await {
        Ok(()) => store.sent(job).await,
        Err(ChannelError::Permanent { reason }) => {
            tracing::warn!(job.id, line.name = %outgoing.line, "A message was refused for good");
            store.failed(job, &reason).await
        }
        Err(ChannelError::Transient { reason, retry_after }) => {
            let usual = JobKind::Deliver.wait_after(outgoing.tries.saturating_add(1));
            let Some(wait) = usual else {
                tracing::warn!(job.id, line.name = %outgoing.line, "A message was given up on");
                return store
                    .failed(job, &format!("given up on after five days: {reason}"))
                    .await;
            };
            let wait = retry_after
                .map_or(wait, |asked| wait.max(asked))
                .mul_f64(chance::jitter());
            tracing::info!(job.id, line.name = %outgoing.line, wait_s = wait.as_secs(), "A message is delayed");
            store.delayed(job, wait, &reason).await
        }
    }
}

async fn hand_over(channel: &Arc<dyn Channel>, outgoing: &Outgoing) -> Result<(), ChannelError> {
    let slow = |_| ChannelError::Transient {
        reason: "the other side took too long".to_owned(),
        retry_after: None,
    };
    tokio::time::timeout(PATIENCE, channel.send(&outgoing.message))
        .await
        .map_err(slow)?
}
