//! The fetch worker. If a counsellor asks for a file that a person sent, this worker downloads the file from the platform.

use std::{sync::Arc, time::Duration};

use hotline_channels::channel::ChannelError;
use hotline_core::job::JobKind;
use hotline_store::{db::store::Store, error::StoreError, jobs::queue::Claimed};
use tokio_util::sync::CancellationToken;

use crate::{lines::Lines, shutdown::LOOK_AGAIN};

/// The maximum number of jobs claimed in one batch. Each job fetches one file, and the files are fetched one after the other.
const BATCH: u64 = 4;
/// The lease of a batch: the time after which another worker may claim its jobs. It is longer than fetching all files of a batch can take
/// (`BATCH` times `PATIENCE`).
const LEASE: Duration = Duration::from_secs(600);
/// The time limit for fetching one file.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fetches files until `stop` is cancelled.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let claimed = store.claim(JobKind::Fetch, BATCH, LEASE, i32::MAX, &[]).await;
        let jobs = claimed.unwrap_or_else(|error| {
            tracing::error!(error = %error, "Files cannot be fetched and are tried again");
            Vec::new()
        });
        for job in &jobs {
            if let Err(error) = fetch(&store, &lines, job).await {
                tracing::error!(job.id, error = %error, "Job {} failed", job.id);
                // The job keeps its lease. When the lease has run out, a worker claims the job again.
            }
        }
        if jobs.is_empty() {
            tokio::select! {
                () = store.until_due(JobKind::Fetch, LOOK_AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

async fn fetch(store: &Store, lines: &Lines, job: &Claimed) -> Result<(), StoreError> {
    let Some(file) = store.file_to_fetch(job).await? else {
        return Ok(());
    };
    let Some(channel) = lines.find(&file.line).await else {
        return store.fetch_failed(job).await;
    };
    let fetched = tokio::time::timeout(PATIENCE, channel.fetch(&file.reference)).await;
    let retry_after = match fetched {
        Ok(Ok(bytes)) => return store.keep_fetched(job, bytes).await,
        Ok(Err(ChannelError::Permanent { .. })) => {
            tracing::warn!(job.id, line.name = %file.line, "A file cannot be fetched");
            return store.fetch_failed(job).await;
        }
        Ok(Err(ChannelError::Transient { retry_after, .. })) => retry_after,
        Ok(Err(ChannelError::Unknown { .. })) | Err(_) => None,
    };
    if let Some(asked) = retry_after
        && let Some(wait) = JobKind::requested_delay(asked, file.waited)
    {
        return store.retry(job, wait, "the platform asks us to wait").await;
    }
    match JobKind::Fetch.retry_delay(u32::try_from(job.attempt).unwrap_or(u32::MAX)) {
        Some(wait) => {
            let wait = retry_after.map_or(wait, |asked| wait.max(asked));
            let wait = wait.min(JobKind::LONGEST_WAIT);
            store.retry(job, wait, "the file cannot be fetched now").await
        }
        None => store.fetch_failed(job).await,
    }
}
