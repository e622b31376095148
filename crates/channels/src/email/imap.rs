//! Reads a mailbox over IMAP and accepts every message exactly once, even if connections break. Messages are accepted in the order of
//! their UIDs. A message that can't be fetched is tried again later.
//!
//! The folder is opened read-only and read by UID (RFC 9051), so the flags that other clients set, such as `\Seen`, have no effect. A
//! cursor in the database records UIDVALIDITY, the highest UID that was read, and the UIDs of messages that could not be fetched yet.
//! Messages and cursor are stored in one transaction. If UIDVALIDITY changes, the whole folder is read again. Messages that were already
//! accepted are then recognised by their external ids and skipped.

use std::time::Duration;

use anyhow::Context;
use async_imap::types::{Fetch, UnsolicitedResponse};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use hotline_core::{
    contact::message::RawMessage,
    health::Health,
    identifiers::{chance, line_name::LineName},
    intake::{Cursor, Intake, Source},
    time::clock::Clock,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    connect::{Logged, connect},
    fetch_retries::FetchRetries,
    folder_name::on_the_wire,
    own_addresses::{OurAddresses, OwnAddress, message_id},
    position::Position,
    settings::Imap,
    without_files::remove_files,
};
use crate::channel::{Attachments, LineAddresses};

/// The largest number of messages in a page, a group of messages that are fetched and accepted together. A page has at most `PAGE_BYTES`
/// bytes, unless it consists of a single larger message.
const PAGE: usize = 200;
const PAGE_BYTES: u64 = 8 << 20;

/// A mailbox to read, with its settings.
pub struct Mailbox<'a> {
    pub line: &'a LineName,
    pub settings: &'a Imap,
    /// The size in bytes above which only the headers of a message are fetched.
    pub largest: u64,
    /// How long the mailbox must be unreachable before an error is logged instead of a warning.
    pub alarm: Duration,
    /// With `Attachments::Never`, the files of a message are removed before it is accepted.
    pub attachments: Attachments,
    /// The address of the mailbox.
    pub address: &'a OwnAddress,
    /// The addresses of all lines.
    pub addresses: &'a LineAddresses,
    pub clock: &'a dyn Clock,
}

impl Mailbox<'_> {
    /// Reads the mailbox until `stop` is cancelled. After every failure, pauses and reconnects. The pause doubles with each consecutive
    /// failure, up to about five minutes.
    pub async fn receive(&self, intake: &dyn Intake, stop: &CancellationToken) {
        let mut failures = 0u32;
        let mut down_since: Option<DateTime<Utc>> = None;
        let mut retries = FetchRetries::default();
        while let Some(ended) = stop
            .run_until_cancelled(self.stay_connected(intake, stop, &mut failures, &mut retries))
            .await
        {
            let Err(error) = ended else { continue };
            retries.note_failure();
            failures = failures.saturating_add(1);
            let reason = describe_error(&error);
            let now = self.clock.now();
            if failures == 1 {
                down_since = None;
            }
            let since = *down_since.get_or_insert(now);
            let alarmed = (now - since).to_std().is_ok_and(|down| down >= self.alarm);
            if alarmed {
                tracing::error!(line.name = %self.line, since = %since, reason, "Line {} is down since {since}", self.line);
            } else {
                tracing::warn!(line.name = %self.line, reason, "Line {} cannot be read and is tried again", self.line);
            }
            intake.health(self.line, Health::Down(reason)).await;
            let pause = Duration::from_secs(1 << failures.min(9))
                .min(Duration::from_secs(300))
                .mul_f64(chance::jitter());
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// Connects, and reads the mailbox until the connection fails or `stop` is cancelled.
    async fn stay_connected(
        &self,
        intake: &dyn Intake,
        stop: &CancellationToken,
        failures: &mut u32,
        retries: &mut FetchRetries,
    ) -> anyhow::Result<()> {
        let (mut session, folder) = open_folder(self.settings).await?;
        let idles = session.capabilities().await?.has_str("IDLE");
        let validity = folder.uid_validity.context("The server gives no UIDVALIDITY")?;
        let mut position = self.position(intake, validity).await?;
        retries.use_validity(validity);
        loop {
            let announcements = session.unsolicited_responses.clone();
            while announcements.try_recv().is_ok() {}
            self.read_new(intake, &mut session, &mut position, retries)
                .await?;
            *failures = 0;
            intake.health(self.line, retries.health()).await;
            let most = Duration::from_secs(self.settings.poll_seconds.clamp(1, 240)).min(retries.wait());
            if stop.is_cancelled() {
                let _ = session.logout().await;
                return Ok(());
            }
            if idles {
                let mut idle = session.idle();
                idle.init().await?;
                // If a message arrives between the search and IDLE, the server announces it before IDLE and not again during IDLE. The
                // announcements received so far are therefore checked first.
                let news = std::iter::from_fn(|| announcements.try_recv().ok()).any(|one| {
                    matches!(
                        one,
                        UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_)
                    )
                });
                if !news {
                    let (woken, interrupt) = idle.wait_with_timeout(most);
                    // A keep-alive response from the server restarts the timeout of `wait_with_timeout`. A second timeout therefore
                    // limits the whole wait.
                    tokio::select! {
                        woken = tokio::time::timeout(most, woken) => { woken.ok().transpose()?; }
                        () = stop.cancelled() => {}
                    }
                    drop(interrupt);
                }
                session = tokio::time::timeout(Duration::from_secs(30), idle.done())
                    .await
                    .context("IDLE never ended")??;
            } else {
                stop.run_until_cancelled(tokio::time::sleep(most)).await;
                session.noop().await?;
            }
        }
    }

    fn source(&self) -> Source {
        Source::Named(self.settings.folder.clone())
    }

    async fn position(&self, intake: &dyn Intake, validity: u32) -> anyhow::Result<Position> {
        let known = intake
            .cursor(self.line, &self.source())
            .await?
            .and_then(|text| Position::parse(&text));
        match known {
            Some(known) if known.validity == validity => return Ok(known),
            Some(known) => tracing::warn!(
                line.name = %self.line, before = known.validity, now = validity,
                "The folder of line {} was made anew on the server and is read again from its beginning", self.line
            ),
            None => {}
        }
        Ok(Position {
            validity,
            ..Position::default()
        })
    }

    /// Accepts all new messages, page by page. Messages that could not be fetched earlier come last, one at a time.
    async fn read_new(
        &self,
        intake: &dyn Intake,
        session: &mut Logged,
        position: &mut Position,
        retries: &mut FetchRetries,
    ) -> anyhow::Result<()> {
        let from = position
            .missing
            .first()
            .map_or(position.highest.saturating_add(1), |first| *first);
        // The server always includes the last message in the range "n:*", even if its UID is below n. The result is therefore filtered.
        let found = session.uid_search(format!("UID {from}:*")).await?;
        position.missing.retain(|uid| found.contains(uid));
        retries.retain(|uid| found.contains(uid));
        let wanted = found
            .into_iter()
            .filter(|uid| *uid > position.highest || position.missing.contains(uid));
        let mut rest = retries.ordered(wanted);
        while !rest.is_empty() {
            let most = rest
                .iter()
                .take_while(|uid| !retries.is_alone(**uid))
                .take(PAGE)
                .count();
            let mut page: Vec<u32> = rest.drain(..most.max(1)).collect();
            // If the connection breaks during the fetch, `retries` needs to know which messages may be the cause.
            retries.in_hand.clone_from(&page);
            let sizes = sizes(session, &page).await?;
            for uid in page.split_off(fitting_count(&page, &sizes)).into_iter().rev() {
                rest.push_front(uid);
            }
            retries.in_hand.clone_from(&page);
            let arrived = self.fetch(session, &page, &sizes).await?;
            retries.in_hand.clear();
            let here = |uid: &u32| arrived.iter().any(|(fetched, _)| fetched == uid);
            let alone = page.len() == 1;
            let mut next = position.clone();
            for uid in &page {
                if here(uid) {
                    next.missing.remove(uid);
                    retries.note_fetched(*uid);
                } else if alone {
                    next.missing.insert(*uid);
                    retries.note_unfetched(*uid);
                } else {
                    next.missing.insert(*uid);
                    retries.alone.insert(*uid);
                    rest.push_front(*uid);
                }
                next.highest = next.highest.max(*uid);
            }
            // `retries.ordered` left out messages whose retry is not due. The cursor records them as missing, so that they are fetched
            // later.
            next.missing
                .extend(retries.refused.keys().filter(|uid| **uid <= next.highest));
            let cursor = Cursor {
                line: self.line.clone(),
                source: self.source(),
                position: next.to_text(),
            };
            let messages = arrived.into_iter().map(|(_, raw)| raw).collect();
            let messages = self.without_files(messages).await?;
            intake.accept(messages, Some(cursor)).await?;
            *position = next;
        }
        Ok(())
    }

    /// Removes the files of messages if the line takes none. The external ids stay the hashes of the messages in the mailbox, so a message
    /// that is read again is recognised.
    async fn without_files(&self, messages: Vec<RawMessage>) -> anyhow::Result<Vec<RawMessage>> {
        match self.attachments {
            Attachments::OnRequest | Attachments::Always => Ok(messages),
            Attachments::Never => {
                let ours = OurAddresses::new(self.address.clone(), &self.addresses.current());
                let mut stripped = Vec::with_capacity(messages.len());
                for message in messages {
                    stripped.push(remove_files(message, &ours).await?);
                }
                Ok(stripped)
            }
        }
    }

    async fn fetch(
        &self,
        session: &mut Logged,
        page: &[u32],
        sizes: &Sizes,
    ) -> anyhow::Result<Vec<(u32, RawMessage)>> {
        let (whole, heads): (Vec<u32>, Vec<u32>) =
            page.iter().partition(|uid| size_of(sizes, **uid) <= self.largest);
        let mut arrived = Vec::with_capacity(page.len());
        for (uids, what) in [(whole, "BODY.PEEK[]"), (heads, "BODY.PEEK[HEADER]")] {
            if uids.is_empty() {
                continue;
            }
            let mut fetched = session
                .uid_fetch(uid_set(&uids), format!("(UID INTERNALDATE {what})"))
                .await?;
            while let Some(fetched) = fetched.try_next().await? {
                let Some(uid) = fetched.uid.filter(|uid| uids.contains(uid)) else {
                    continue;
                };
                let Some(bytes) = bytes_of(&fetched) else { continue };
                let cut_from = Some(size_of(sizes, uid)).filter(|size| *size > self.largest);
                arrived.push((uid, self.raw(&fetched, bytes, cut_from)));
            }
        }
        arrived.sort_by_key(|(uid, _)| *uid);
        Ok(arrived)
    }

    fn raw(&self, fetched: &Fetch, bytes: Vec<u8>, cut_from: Option<u64>) -> RawMessage {
        let now = self.clock.now();
        // INTERNALDATE is the time at which the mail server received the message. The Date header is not used, because the sender can
        // write any time in it.
        let received_at = fetched
            .internal_date()
            .map_or(now, |date| date.with_timezone(&Utc).min(now));
        RawMessage {
            line: self.line.clone(),
            external_id: external_id(&bytes),
            received_at,
            bytes,
            cut_from,
        }
    }
}

/// Connects, logs in and opens the folder read-only.
async fn open_folder(settings: &Imap) -> anyhow::Result<(Logged, async_imap::types::Mailbox)> {
    let mut session = connect(settings).await?;
    let folder = session
        .examine(on_the_wire(&settings.folder))
        .await
        .context("The folder cannot be opened")?;
    Ok((session, folder))
}

/// Message sizes in bytes, by UID.
type Sizes = std::collections::HashMap<u32, u64>;

fn size_of(sizes: &Sizes, uid: u32) -> u64 {
    sizes.get(&uid).copied().unwrap_or_default()
}

async fn sizes(session: &mut Logged, uids: &[u32]) -> anyhow::Result<Sizes> {
    let mut sizes = Sizes::new();
    for some in uids.chunks(2_000) {
        let mut fetched = session.uid_fetch(uid_set(some), "(UID RFC822.SIZE)").await?;
        while let Some(one) = fetched.try_next().await? {
            sizes.extend(one.uid.zip(one.size.map(u64::from)));
        }
    }
    Ok(sizes)
}

/// Returns how many messages from the start of `uids` have a total size of at most `PAGE_BYTES`, but at least 1.
fn fitting_count(uids: &[u32], sizes: &Sizes) -> usize {
    let mut bytes = 0;
    let fit = uids.iter().take_while(|uid| {
        bytes += size_of(sizes, **uid);
        bytes <= PAGE_BYTES
    });
    fit.count().max(1)
}

/// Formats UIDs as a `sequence-set` (RFC 9051). Consecutive UIDs become ranges.
fn uid_set(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*uid) => *last = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let written: Vec<_> = ranges
        .iter()
        .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}:{b}") })
        .collect();
    written.join(",")
}

fn bytes_of(fetched: &Fetch) -> Option<Vec<u8>> {
    fetched.body().or_else(|| fetched.header()).map(<[u8]>::to_vec)
}

/// Returns the external id of a message: a hash of its bytes and, for human readers, its Message-ID. The id is the same every time the
/// message is read.
pub fn external_id(bytes: &[u8]) -> String {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    format!("{hash} {}", message_id(bytes).unwrap_or_default())
}

/// Describes an error for logs and health reports. Leaves out the server's response, because some errors of async-imap contain all
/// received bytes, which may include a person's message.
fn describe_error(error: &anyhow::Error) -> String {
    let mut words = Vec::new();
    for cause in error.chain() {
        if let Some(imap) = cause.downcast_ref::<async_imap::error::Error>() {
            use async_imap::error::Error;
            words.push(if let Error::Io(io) = imap {
                format!("the connection broke ({})", io.kind())
            } else if matches!(imap, Error::ConnectionLost) {
                "the connection broke".to_owned()
            } else if matches!(imap, Error::Bad(_) | Error::No(_)) {
                "the server refused".to_owned()
            } else {
                "the server's answer makes no sense".to_owned()
            });
            break;
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            words.push(io.kind().to_string());
            break;
        }
        words.push(cause.to_string());
    }
    words.join(": ")
}

/// Returns the number of messages in the folder.
pub async fn count(settings: &Imap) -> anyhow::Result<u32> {
    let (mut session, folder) = open_folder(settings).await?;
    let _ = session.logout().await;
    Ok(folder.exists)
}

/// Returns the external ids of all messages in the folder. Of a message with more than `largest` bytes, only the headers were accepted,
/// so its id is computed from the headers.
pub async fn external_ids(settings: &Imap, largest: u64) -> anyhow::Result<Vec<String>> {
    let (mut session, _) = open_folder(settings).await?;
    let mut wanted: Vec<u32> = session.uid_search("ALL").await?.into_iter().collect();
    wanted.sort_unstable();
    let sizes = sizes(&mut session, &wanted).await?;
    let mut ids = Vec::with_capacity(wanted.len());
    for uid in wanted {
        let what = if size_of(&sizes, uid) > largest {
            "BODY.PEEK[HEADER]"
        } else {
            "BODY.PEEK[]"
        };
        let fetched = session
            .uid_fetch(uid.to_string(), format!("(UID {what})"))
            .await?;
        let fetched: Vec<Fetch> = fetched.try_collect().await?;
        let bytes = fetched
            .iter()
            .find_map(bytes_of)
            .with_context(|| format!("The message with UID {uid} cannot be fetched"))?;
        ids.push(external_id(&bytes));
    }
    let _ = session.logout().await;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_uids_are_written_as_ranges() {
        assert_eq!(uid_set(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
    }

    #[test]
    fn a_large_message_has_a_page_of_its_own() {
        let sizes = Sizes::from([(1, 100), (2, PAGE_BYTES * 2), (3, 100)]);
        assert_eq!(fitting_count(&[1, 2, 3], &sizes), 1);
        assert_eq!(fitting_count(&[2, 3], &sizes), 1);
        assert_eq!(fitting_count(&[3, 1], &sizes), 2);
    }
}
