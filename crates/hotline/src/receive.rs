//! The receive worker: turns raw messages into contacts.
//!
//! Messages are parsed in batches on a separate thread. Each batch is registered in one transaction, while the next one is parsed. If a message makes its parser panic or
//! exceeds the time limit, it is registered as unreadable. After a panic, the remaining messages of the batch are still parsed. After a
//! timeout, they are parsed in the next round.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::Duration,
};

use hotline_channels::channel::Channel;
use hotline_core::{
    contact::message::{Normalised, RawMessage, Unreadable},
    job::JobKind,
};
use hotline_store::{
    db::store::Store,
    error::StoreError,
    jobs::queue::{Claimed, Journalled},
};
use tokio_util::sync::CancellationToken;

use crate::{lines::Lines, shutdown::LOOK_AGAIN};

/// The maximum number of messages claimed at once.
const CLAIMED: u64 = 128;
/// The maximum number of messages registered in one transaction.
const BATCH: usize = 64;
/// The maximum number of bytes of raw messages in a batch. A message above this size is a batch of its own. Two batches are in memory at
/// once.
const PORTION: u64 = 16 << 20;
/// The pause after a batch that was not full. More messages collect during the pause.
const GATHER: Duration = Duration::from_millis(10);
/// The lease of a batch: the time after which another worker may claim its jobs.
const LEASE: Duration = Duration::from_secs(20);
/// The time limit for parsing one message.
const DEADLINE: Duration = Duration::from_secs(10);
/// The stack size of a parser thread. The stack is large because parsers recurse on untrusted input, which can be deeply nested.
const STACK: usize = 64 << 20;
/// The number of attempts after which a message is parsed alone. Parsing it may have crashed the process in the earlier attempts.
const SUSPECT: i32 = 3;
/// After more attempts than this, a message whose last attempt was interrupted is registered as unreadable without being parsed again.
const DEADLY: i32 = 12;

/// Registers messages until `stop` is cancelled.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match round(&store, &lines).await {
            Ok(0) => {
                tokio::select! {
                    () = store.until_due(JobKind::Receive, LOOK_AGAIN) => {}
                    () = stop.cancelled() => {}
                }
            }
            // During a short pause, more messages collect. Each batch costs one commit, and many small commits would delay the commits that
            // accept new messages.
            Ok(few) if few < BATCH => tokio::time::sleep(GATHER).await,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %error, "The queue cannot be worked on and is tried again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Parses and registers the messages that are due, then the oldest remaining message alone. Returns the number of messages that were
/// claimed.
pub async fn round(store: &Arc<Store>, lines: &Arc<Lines>) -> Result<usize, StoreError> {
    let claimed = store
        .claim(JobKind::Receive, CLAIMED, LEASE, SUSPECT, &[])
        .await?;
    let portions = store.in_portions(&claimed, PORTION).await?;
    let mut parsed = Parsed::default();
    for batch in portions.iter().flat_map(|portion| portion.chunks(BATCH)) {
        let (registered, next) = tokio::join!(register(store, lines, parsed), parse(store, lines, batch));
        registered?;
        parsed = next?;
    }
    register(store, lines, parsed).await?;
    // The batches leave out messages that were attempted `SUSPECT` times, because parsing them may have crashed the process. In every round,
    // the oldest remaining message is parsed alone, so that many new messages cannot delay it for long.
    let alone = store.claim(JobKind::Receive, 1, LEASE, i32::MAX, &[]).await?;
    if !alone.is_empty() {
        register(store, lines, parse(store, lines, &alone).await?).await?;
    }
    Ok(claimed.len() + alone.len())
}

/// A batch of messages, ready to be registered.
#[derive(Default)]
struct Parsed {
    batch: Vec<(Journalled, Normalised)>,
    /// The messages that could not be parsed in this round.
    unread: Vec<Claimed>,
}

async fn parse(store: &Arc<Store>, lines: &Arc<Lines>, claimed: &[Claimed]) -> Result<Parsed, StoreError> {
    let opened = store.raw_messages(claimed).await?;
    let mut unread: HashMap<i64, Claimed> = opened.iter().map(|one| (one.job.id, one.job)).collect();
    let mut batch = Vec::with_capacity(opened.len());
    for (journalled, reading) in read_all(opened, lines).await {
        unread.remove(&journalled.job.id);
        match reading {
            Some(normalised) => batch.push((journalled, normalised)),
            // The line is no longer configured. The job is parked until staff retry it (`/desk/queue` or `hotline queue retry`). A retry
            // succeeds only if the line is configured again.
            None => {
                store
                    .park(&journalled.job, "its line is not in the settings")
                    .await?
            }
        }
    }
    Ok(Parsed {
        batch,
        unread: unread.into_values().collect(),
    })
}

async fn register(store: &Arc<Store>, lines: &Arc<Lines>, parsed: Parsed) -> Result<(), StoreError> {
    register_batch(store, lines, parsed.batch).await?;
    for job in &parsed.unread {
        store.retry(job, Duration::ZERO, "").await?;
    }
    Ok(())
}

/// Registers a batch. If registration fails, registers each message separately, so that one faulty message cannot delay the other messages.
async fn register_batch(
    store: &Arc<Store>,
    lines: &Arc<Lines>,
    batch: Vec<(Journalled, Normalised)>,
) -> Result<(), StoreError> {
    let alone = batch.len() == 1;
    let jobs: Vec<Claimed> = batch.iter().map(|(journalled, _)| journalled.job).collect();
    let Err(error) = store.register(batch).await else {
        return Ok(());
    };
    if alone {
        return set_back(store, jobs.first(), &error).await;
    }
    tracing::warn!(error = %error, "A batch could not be registered; its messages are tried one by one");
    for job in jobs {
        for (journalled, reading) in read_all(store.raw_messages(&[job]).await?, lines).await {
            let Some(normalised) = reading else { continue };
            if let Err(error) = store.register(vec![(journalled, normalised)]).await {
                set_back(store, Some(&job), &error).await?;
            }
        }
    }
    Ok(())
}

async fn set_back(store: &Store, job: Option<&Claimed>, error: &StoreError) -> Result<(), StoreError> {
    let Some(job) = job else { return Ok(()) };
    tracing::error!(job.id, job.attempt, error = %error, "Job {} failed", job.id);
    let mut attempt = u32::try_from(job.attempt).unwrap_or(u32::MAX);
    if error.is_passing() {
        // A temporary storage error does not depend on the message and must not park the job. The attempt number is therefore capped, which
        // also keeps the delay before the retry short.
        attempt = attempt.min(2);
    }
    match JobKind::Receive.retry_delay(attempt) {
        Some(wait) => store.retry(job, wait, "it could not be registered").await,
        None => {
            store
                .park(job, "it could not be registered, again and again")
                .await
        }
    }
}

/// Pairs each message with its parsed form, or with `None` if its line is not configured. Omits messages that could not be parsed in this
/// round.
async fn read_all(opened: Vec<Journalled>, lines: &Arc<Lines>) -> Vec<(Journalled, Option<Normalised>)> {
    let mut read = Vec::with_capacity(opened.len());
    let mut waiting = Vec::new();
    for journalled in opened {
        match lines.find(&journalled.raw.line).await {
            None => read.push((journalled, None)),
            Some(_) if journalled.job.interrupted && journalled.job.attempt > DEADLY => {
                read.push((
                    journalled,
                    Some(unreadable("reading it ended the program before")),
                ));
            }
            Some(channel) => waiting.push((journalled, channel)),
        }
    }
    let finished = tokio::task::spawn_blocking(move || parse_isolated(waiting)).await;
    read.extend(finished.unwrap_or_default());
    read
}

/// Pairs each message with its parsed form. Omits messages that were not parsed because an earlier message exceeded the time limit or no
/// thread could be started. The caller makes the jobs of these messages due again at once.
fn parse_isolated(waiting: Vec<(Journalled, Arc<dyn Channel>)>) -> Vec<(Journalled, Option<Normalised>)> {
    let raws = waiting
        .iter()
        .map(|(journalled, channel)| (journalled.raw.clone(), Arc::clone(channel)))
        .collect();
    let readings = read_raws(raws, DEADLINE);
    let journalled = waiting.into_iter().map(|(journalled, _)| journalled);
    journalled.zip(readings.into_iter().map(Some)).collect()
}

/// Parses messages in order on a thread with a large stack. If a message exceeds the time limit, it is returned as unreadable, the thread
/// is abandoned, and the remaining messages are left for the next round.
fn read_raws(raws: Vec<(RawMessage, Arc<dyn Channel>)>, deadline: Duration) -> Vec<Normalised> {
    let raws = Arc::new(raws);
    let mut readings: Vec<Normalised> = Vec::with_capacity(raws.len());
    while readings.len() < raws.len() {
        let (sender, receiver) = mpsc::sync_channel(raws.len());
        let (from, mine) = (readings.len(), Arc::clone(&raws));
        let reader = std::thread::Builder::new()
            .name("reader".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                for (raw, channel) in mine.iter().skip(from) {
                    let reading = catch_unwind(AssertUnwindSafe(|| channel.normalise(raw)));
                    if sender
                        .send(reading.unwrap_or_else(|_| unreadable("its reader broke down")))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        if let Err(error) = reader {
            tracing::error!(error = %error, "No thread to read on; the messages come back");
            break;
        }
        loop {
            match receiver.recv_timeout(deadline) {
                Ok(reading) => readings.push(reading),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    tracing::error!("A message took too long to read; its thread is left behind");
                    readings.push(unreadable("reading it took too long"));
                    // Returns now, so that the parsed messages are registered without further delay. The remaining messages are parsed in
                    // the next round.
                    return readings;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    }
    readings
}

fn unreadable(reason: &str) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        ..Unreadable::default()
    })
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use hotline_channels::channel::ChannelError;
    use hotline_core::contact::message::OutboundMessage;

    use super::*;

    /// A channel whose parser panics on one message and never returns on another.
    struct Brittle;

    #[async_trait]
    impl Channel for Brittle {
        fn hosts(&self) -> Vec<String> {
            Vec::new()
        }

        fn normalise(&self, raw: &RawMessage) -> Normalised {
            match raw.bytes.as_slice() {
                b"panic" => panic!("on purpose"),
                b"hang" => {
                    std::thread::sleep(Duration::from_secs(3_600));
                    Normalised::Ignore("never")
                }
                _ => Normalised::Ignore("read"),
            }
        }

        async fn send(&self, _message: &OutboundMessage, _piece: usize) -> Result<(), ChannelError> {
            Ok(())
        }

        async fn check(&self) -> anyhow::Result<Vec<String>> {
            Ok(Vec::new())
        }
    }

    fn outcome_name(reading: &Normalised) -> &str {
        match reading {
            Normalised::Ignore(reason) => reason,
            Normalised::Unreadable(unreadable) => &unreadable.reason,
            Normalised::Message(_) | Normalised::Report(_) | Normalised::Notice(_) => "?",
        }
    }

    #[test]
    fn a_message_that_breaks_or_stops_its_reader_holds_up_no_other() {
        let brittle: Arc<dyn Channel> = Arc::new(Brittle);
        let waiting = [b"one".as_slice(), b"panic", b"two", b"hang", b"three", b"panic"].map(|bytes| {
            let raw = RawMessage {
                line: hotline_core::identifiers::line_name::LineName::stored("line".to_owned()),
                external_id: String::new(),
                received_at: chrono::DateTime::UNIX_EPOCH,
                bytes: bytes.to_vec(),
                cut_from: None,
            };
            (raw, Arc::clone(&brittle))
        });
        let readings = read_raws(waiting.to_vec(), Duration::from_secs(8));
        let said: Vec<&str> = readings.iter().map(outcome_name).collect();
        let (broke, slow) = ("its reader broke down", "reading it took too long");
        assert_eq!(
            said,
            ["read", broke, "read", slow],
            "the others come back at once"
        );
    }
}
