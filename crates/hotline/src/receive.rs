//! The heart: raw messages become contacts.
//!
//! Claimed in batches, read behind a fence, registered in one transaction. Whatever a message does to its reader, the others
//! go on: it gets a deadline and a thread of its own, and what breaks there is registered as unreadable.

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

use crate::{lifecycle::LOOK_AGAIN, lines::Lines};

/// Messages registered together.
const BATCH: u64 = 64;
/// Bytes of raw messages read together, unless one alone is larger.
const PORTION: u64 = 32 << 20;
/// How long messages gather after a batch that was not full.
const GATHER: Duration = Duration::from_millis(10);
/// A worker that is not heard of for this long is taken for dead.
const LEASE: Duration = Duration::from_secs(20);
/// One message may be read for this long.
const DEADLINE: Duration = Duration::from_secs(10);
/// Parsers of strangers' bytes recurse.
const STACK: usize = 64 << 20;
/// Messages whose reading was interrupted this often are read one by one: one of them may be what kills us.
const SUSPECT: i32 = 3;
/// A message that was read alone and interrupted until it was claimed this often is not read again.
const DEADLY: i32 = 12;

/// Works until `stop`.
pub async fn work(store: Arc<Store>, lines: Arc<Lines>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match round(&store, &lines).await {
            Ok(0) => {
                tokio::select! {
                    () = store.until_due(JobKind::Receive, LOOK_AGAIN) => {}
                    () = stop.cancelled() => {}
                }
            }
            // A few at a time would cost a commit each, and hold up those who wait to be accepted.
            Ok(few) if few < BATCH as usize => tokio::time::sleep(GATHER).await,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %error, "The queue cannot be worked on and is tried again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Works on one batch, then on the oldest job by itself, and says how many there were.
pub async fn round(store: &Arc<Store>, lines: &Arc<Lines>) -> Result<usize, StoreError> {
    let batch = store.claim(JobKind::Receive, BATCH, LEASE, SUSPECT, &[]).await?;
    for portion in store.in_portions(&batch, PORTION).await? {
        read_and_register(store, lines, &portion).await?;
    }
    // Suspects have their turn however many others come.
    let alone = store.claim(JobKind::Receive, 1, LEASE, i32::MAX, &[]).await?;
    if !alone.is_empty() {
        read_and_register(store, lines, &alone).await?;
    }
    Ok(batch.len() + alone.len())
}

async fn read_and_register(
    store: &Arc<Store>,
    lines: &Arc<Lines>,
    claimed: &[Claimed],
) -> Result<(), StoreError> {
    let opened = store.raw_messages(claimed).await?;
    let mut unread: HashMap<i64, Claimed> = opened.iter().map(|one| (one.job.id, one.job)).collect();
    let mut batch = Vec::with_capacity(opened.len());
    for (journalled, reading) in read_all(opened, lines).await {
        unread.remove(&journalled.job.id);
        match reading {
            Some(normalised) => batch.push((journalled, normalised)),
            // Its line is not configured any more: it waits until it is, or somebody decides.
            None => {
                store
                    .park(&journalled.job, "its line is not in the settings")
                    .await?
            }
        }
    }
    register(store, lines, batch).await?;
    for job in unread.values() {
        store.retry(job, Duration::ZERO, "").await?;
    }
    Ok(())
}

/// Registers a batch; if that fails, each message by itself, so that one cannot hold up the others.
async fn register(
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
        // Not the message's fault: it is not given up on for that, and goes on soon after the disk or database does.
        attempt = attempt.min(2);
    }
    match JobKind::Receive.wait_after(attempt) {
        Some(wait) => store.retry(job, wait, "it could not be registered").await,
        None => {
            store
                .park(job, "it could not be registered, again and again")
                .await
        }
    }
}

/// Reads messages; `None` for those of a line that is not configured.
async fn read_all(opened: Vec<Journalled>, lines: &Arc<Lines>) -> Vec<(Journalled, Option<Normalised>)> {
    let mut read = Vec::with_capacity(opened.len());
    let mut waiting = Vec::new();
    for journalled in opened {
        match lines.get(&journalled.raw.line) {
            None => read.push((journalled, None)),
            Some(_) if journalled.job.interrupted && journalled.job.attempt > DEADLY => {
                read.push((
                    journalled,
                    Some(unreadable("reading it ended the program before")),
                ));
            }
            Some((_, channel)) => waiting.push((journalled, Arc::clone(channel))),
        }
    }
    let finished = tokio::task::spawn_blocking(move || read_behind_fence(waiting)).await;
    read.extend(finished.unwrap_or_default());
    read
}

/// Pairs each message with its reading. What was not come to is left out, and comes back at once.
fn read_behind_fence(waiting: Vec<(Journalled, Arc<dyn Channel>)>) -> Vec<(Journalled, Option<Normalised>)> {
    let raws = waiting
        .iter()
        .map(|(journalled, channel)| (journalled.raw.clone(), Arc::clone(channel)))
        .collect();
    let readings = read_raws(raws, DEADLINE);
    let journalled = waiting.into_iter().map(|(journalled, _)| journalled);
    journalled.zip(readings.into_iter().map(Some)).collect()
}

/// Reads on a thread with a large stack, in order, until one takes too long: its thread is left behind, and what comes after it
/// is for another time.
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
                    // The others have waited long enough to be registered.
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

    /// A channel whose reader breaks down over one message and never ends over another.
    struct Brittle;

    #[async_trait]
    impl Channel for Brittle {
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
                line: hotline_core::identifiers::line::LineName::stored("line".to_owned()),
                external_id: String::new(),
                received_at: chrono::DateTime::UNIX_EPOCH,
                bytes: bytes.to_vec(),
                cut_from: None,
            };
            (raw, Arc::clone(&brittle))
        });
        let readings = read_raws(waiting.to_vec(), Duration::from_secs(2));
        let said: Vec<&str> = readings.iter().map(outcome_name).collect();
        let (broke, slow) = ("its reader broke down", "reading it took too long");
        assert_eq!(
            said,
            ["read", broke, "read", slow],
            "the others come back at once"
        );
    }
}
