//! The delivery worker: sends replies and acknowledgements. No other code sends messages to people.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use hotline_channels::channel::{Channel, ChannelError};
use hotline_core::{
    identifiers::chance,
    job::{Delivery, JobKind},
    text::reason::Known,
};
use hotline_store::{
    db::store::Store,
    error::{Conflict, StoreError},
    jobs::queue::Claimed,
    outbound::outgoing::{Due, Outgoing},
};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{lines::Lines, shutdown::LOOK_AGAIN};

/// The maximum number of messages that are sent at the same time.
const TOGETHER: usize = 8;
/// The lease of a job: the time after which another worker may claim the job. It is renewed after each message part and is longer than
/// `PATIENCE`, the time limit for sending one part.
const LEASE: Duration = Duration::from_secs(60);
/// The delay before the next attempt to send a message, if the message must wait until an earlier message is sent.
const BEHIND_AGAIN: Duration = Duration::from_secs(1);
/// The time limit for sending one message part. A reply can have several parts: the sections of a long text, and each file.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long an outcome waits for the end of a migration. The lease does not limit this: no process can claim the job while another one
/// migrates, and an outcome of an attempt that is not the last one changes nothing.
const RECORD_FOR: Duration = Duration::from_secs(3_600);
/// The delay before an outcome is recorded again.
const RECORD_AGAIN: Duration = Duration::from_millis(250);

/// Sends messages until `stop` is cancelled, then finishes sending the messages in progress.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    let mut hands = JoinSet::new();
    let mut in_hand: HashMap<Id, i64> = HashMap::new();
    while !stop.is_cancelled() {
        let free = TOGETHER.saturating_sub(hands.len());
        let jobs: Vec<i64> = in_hand.values().copied().collect();
        let claimed = match free {
            0 => Ok(Vec::new()),
            free => {
                let most = u64::try_from(free).unwrap_or(1);
                store.claim(JobKind::Deliver, most, LEASE, i32::MAX, &jobs).await
            }
        };
        let found = match claimed {
            Ok(claimed) => {
                for job in &claimed {
                    let (store, lines, job) = (Arc::clone(&store), Arc::clone(&lines), *job);
                    let hand = hands.spawn(async move { see_to(&store, &lines, &job).await });
                    in_hand.insert(hand.id(), job.id);
                }
                claimed.len()
            }
            Err(error) => {
                tracing::error!(error = %error, "The outbox cannot be worked on and is tried again");
                0
            }
        };
        if found == 0 {
            tokio::select! {
                Some(done) = hands.join_next_with_id() => {
                    in_hand.remove(&done.map_or_else(|error| error.id(), |(id, ())| id));
                }
                () = store.until_due(JobKind::Deliver, LOOK_AGAIN), if free > 0 => {}
                () = stop.cancelled() => {}
            }
        }
    }
    while hands.join_next().await.is_some() {}
}

async fn see_to(store: &Store, lines: &Lines, job: &Claimed) {
    let Err(error) = deliver(store, lines, job).await else {
        return;
    };
    tracing::error!(job.id, job.attempt, error = %error, "Job {} failed", job.id);
    let mut tries = u32::try_from(job.attempt).unwrap_or(u32::MAX);
    if error.is_passing() {
        tries = tries.min(1);
    }
    let settled = match JobKind::Deliver.retry_delay(tries) {
        Some(wait) => store.retry(job, wait, "it could not be prepared").await,
        None => store.failed(job, Known::CannotPrepare.into()).await,
    };
    if let Err(error) = settled {
        // The job keeps its lease. When the lease has run out, a worker claims the job again.
        tracing::error!(job.id, error = %error, "Job {} could not be set back", job.id);
    }
}

async fn deliver(store: &Store, lines: &Lines, job: &Claimed) -> Result<(), StoreError> {
    let mut outgoing = match store.outgoing(job).await {
        Ok(Due::Now(outgoing)) => outgoing,
        Ok(Due::Later) => {
            return store
                .retry(job, BEHIND_AGAIN, "an earlier message comes first")
                .await;
        }
        Ok(Due::Done) => return Ok(()),
        Err(StoreError::Conflict(Conflict::Stopped)) => {
            return store.failed(job, Known::Stopped.into()).await;
        }
        Err(StoreError::Conflict(Conflict::NoAddress)) => {
            return store.failed(job, Known::NoAddress.into()).await;
        }
        Err(error) => return Err(error),
    };
    let Some(channel) = lines.find(&outgoing.line).await else {
        return store.failed(job, Known::NoLine.into()).await;
    };
    // If the outcome of an earlier attempt is unknown, another attempt may deliver the message twice. If the person would see a duplicate
    // on this channel, a reply is sent again only if a counsellor decides so. An acknowledgement is sent again automatically.
    let asks = channel.repeats_are_seen() && !outgoing.message.automatic;
    if outgoing.message.uncertain && asks {
        return store.uncertain(job, Known::CutOff.into()).await;
    }
    let error = match send_remaining_parts(store, job, &channel, &mut outgoing).await? {
        SendOutcome::Sent => return record(|| Box::pin(store.sent(job))).await,
        SendOutcome::LeaseLost => return Ok(()),
        SendOutcome::Failed(error) => error,
    };
    if let ChannelError::Transient {
        reason,
        retry_after: Some(asked),
    } = &error
        && let Some(wait) = JobKind::requested_delay(*asked, outgoing.waited)
    {
        // A random factor between 1.0 and 1.4 lengthens the delay, so that delayed messages are not all sent at the same moment. The delay
        // is never shorter than the platform or mail server requested.
        let wait = wait.mul_f64(chance::jitter() + 0.2).min(JobKind::LONGEST_WAIT);
        tracing::info!(job.id, line.name = %outgoing.line, wait_s = wait.as_secs(), "A message waits, for the other side asks for it");
        return record(|| Box::pin(store.set_waiting(job, wait, reason.clone()))).await;
    }
    let (state, reason, retry_after) = match error {
        ChannelError::Permanent { reason } => {
            tracing::warn!(job.id, line.name = %outgoing.line, "A message was refused for good");
            return record(|| Box::pin(store.failed(job, reason.clone()))).await;
        }
        ChannelError::Unknown { reason } if asks => {
            return record(|| Box::pin(store.uncertain(job, reason.clone()))).await;
        }
        ChannelError::Unknown { reason } => (Delivery::Unknown, reason, None),
        ChannelError::Transient { reason, retry_after } => (Delivery::Delayed, reason, retry_after),
    };
    let Some(wait) = JobKind::Deliver.retry_delay(outgoing.tries.saturating_add(1)) else {
        tracing::warn!(job.id, line.name = %outgoing.line, "A message was given up on");
        let reason = Known::GivenUp.saying(reason.words);
        return record(|| Box::pin(store.failed(job, reason.clone()))).await;
    };
    let own = wait.mul_f64(chance::jitter());
    let wait = own
        .max(retry_after.unwrap_or_default())
        .min(JobKind::LONGEST_WAIT);
    tracing::info!(job.id, line.name = %outgoing.line, state = state.as_str(), wait_s = wait.as_secs(), "A message is tried again");
    record(|| Box::pin(store.set_back(job, state, wait, reason.clone()))).await
}

/// Records the outcome of an attempt. While another process migrates the database, waits and tries again: a message whose outcome is lost is
/// sent twice.
async fn record<'a, T>(
    mut write: impl FnMut() -> BoxFuture<'a, Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let end = Instant::now() + RECORD_FOR;
    loop {
        match write().await {
            Err(StoreError::Migrating) if Instant::now() < end => tokio::time::sleep(RECORD_AGAIN).await,
            written => return written,
        }
    }
}

/// The result of sending a message.
enum SendOutcome {
    Sent,
    Failed(ChannelError),
    /// The worker's lease of the job ran out, and another worker then claimed the job.
    LeaseLost,
}

/// Sends the remaining message parts in order. Returns `Err` if the store fails, and [`SendOutcome::Failed`] for a failure of the platform
/// or mail server.
async fn send_remaining_parts(
    store: &Store,
    job: &Claimed,
    channel: &Arc<dyn Channel>,
    outgoing: &mut Outgoing,
) -> Result<SendOutcome, StoreError> {
    let chunks = channel.chunk_count(&outgoing.message);
    for chunk in outgoing.done..chunks {
        let sent = tokio::time::timeout(PATIENCE, channel.send(&outgoing.message, chunk)).await;
        match sent {
            Ok(Ok(())) if chunk + 1 < chunks => {
                if !record(|| Box::pin(store.pieces_done(job, chunk + 1, LEASE))).await? {
                    return Ok(SendOutcome::LeaseLost);
                }
            }
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Ok(SendOutcome::Failed(error)),
            Err(_) => {
                let reason = Known::TooSlow.into();
                return Ok(SendOutcome::Failed(ChannelError::Unknown { reason }));
            }
        }
        // An interrupted earlier attempt may have delivered the first of these parts, but none of the later parts.
        outgoing.message.uncertain = false;
    }
    Ok(SendOutcome::Sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outcome_is_recorded_after_a_migration() {
        let mut tries = 0;
        let recorded = record(|| {
            tries += 1;
            let is_migrating = tries < 10;
            Box::pin(async move {
                match is_migrating {
                    true => Err(StoreError::Migrating),
                    false => Ok(()),
                }
            })
        })
        .await;
        assert!(recorded.is_ok());
        assert_eq!(tries, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outcome_is_not_recorded_on_a_newer_schema() {
        let mut tries = 0;
        let recorded: Result<(), StoreError> = record(|| {
            tries += 1;
            Box::pin(async { Err::<(), _>(StoreError::Outdated) })
        })
        .await;
        assert!(matches!(recorded, Err(StoreError::Outdated)));
        assert_eq!(tries, 1);
    }
}
