//! Receives updates by long polling. Updates are confirmed to Telegram only after they are on disk.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hotline_core::{contact::message::RawMessage, health::Health, identifiers::chance, intake::Intake};
use serde::Serialize;
use serde_json::Value;
use teloxide::{
    ApiError, RequestError,
    requests::{JsonRequest, Payload, Requester},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{errors, line::Telegram, update};
use crate::json;

/// How long Telegram may hold a poll open while there is no update, in seconds.
const LONG_POLL_SECONDS: u32 = 25;
/// If an empty response arrives sooner than this, the server does not support long polling.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
/// The timeout for a poll. After a timeout, the line polls again.
pub const TIMEOUT: Duration = Duration::from_secs(40);
/// If no poll has succeeded for this long, the line is reported as down. Otherwise it is reported as down after three failed polls in a
/// row.
const SILENT: Duration = Duration::from_secs(90);
/// If an update was at Telegram for longer than this, an alarm is raised, because Telegram deletes updates after 24 hours.
pub const ALARM: chrono::Duration = chrono::Duration::hours(6);

/// The request `getUpdates`. It returns untyped JSON, so that updates of kinds that teloxide does not know are not lost.
#[derive(Clone, Serialize)]
struct GetUpdates {
    /// Confirms all updates with a lower number to Telegram, which then deletes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u32,
    allowed_updates: [&'static str; 4],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";
}

/// The state that is kept from one poll to the next.
struct State {
    /// The offset for the next poll, which makes Telegram delete all updates with a lower number. After a week without updates, new
    /// updates may have lower numbers than before. The same offset is therefore never sent twice, because it could delete updates that
    /// the line has not read.
    offset: Option<i64>,
    /// The number of updates to request in the next poll. It is 1 after a response that can't be parsed.
    limit: u8,
    failures: u32,
    /// When the last poll succeeded, or when polling began if no poll has succeeded yet.
    since: DateTime<Utc>,
}

/// The updates from one poll.
struct Batch {
    /// The updates in the format in which they are stored, ordered by number.
    raws: Vec<RawMessage>,
    /// The parsed updates; empty if the response is not JSON.
    updates: Vec<Value>,
    /// The offset that confirms these updates to Telegram. It is sent after they are on disk.
    offset: Option<i64>,
}

/// The outcome of a successful poll.
struct PollResult {
    health: Health,
    /// Whether the response contained updates.
    arrived: bool,
}

/// How to continue after a response that teloxide could not parse.
enum UnreadableAnswer {
    Updates(Batch),
    PollAgain,
    /// The response contains no update.
    Failed,
}

/// Why a poll failed.
enum Failed {
    Telegram(RequestError),
    NotAccepted,
}

impl Telegram {
    /// Polls for updates until `stop` is cancelled.
    pub(super) async fn poll(&self, intake: &dyn Intake, stop: &CancellationToken) {
        self.note_age(chrono::Duration::zero());
        self.poll_until_stopped(intake, stop).await;
        // An alert about a line that was removed must end.
        self.note_age(chrono::Duration::zero());
    }

    /// Records how long messages may have waited at Telegram.
    fn note_age(&self, age: chrono::Duration) {
        metrics::gauge!("hotline_telegram_age_seconds", "line" => self.name.to_string())
            .set(age.to_std().unwrap_or_default());
    }

    async fn poll_until_stopped(&self, intake: &dyn Intake, stop: &CancellationToken) {
        let mut state = State {
            offset: None,
            limit: 100,
            failures: 0,
            since: self.clock.now(),
        };
        while !stop.is_cancelled() {
            let begun = Instant::now();
            let Some(polled) = stop.run_until_cancelled(self.poll_once(intake, &mut state)).await else {
                return;
            };
            let pause = match polled {
                Ok(PollResult { health, arrived }) => {
                    state.failures = 0;
                    state.since = self.clock.now();
                    intake.health(&self.name, health).await;
                    if arrived || begun.elapsed() > SHORTEST_WAIT {
                        continue;
                    }
                    // The response was immediate and empty, so the server does not support long polling. A pause prevents a busy loop.
                    SHORTEST_WAIT
                }
                Err(failed) => self.report_failure(intake, &mut state, &failed).await,
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    async fn poll_once(&self, intake: &dyn Intake, state: &mut State) -> Result<PollResult, Failed> {
        let request = GetUpdates {
            offset: state.offset,
            limit: state.limit,
            timeout: LONG_POLL_SECONDS,
            allowed_updates: update::WANTED,
        };
        let polled = JsonRequest::new(self.polling_bot.clone(), request).await;
        let taken = match polled {
            Ok(updates) => self.to_batch(updates),
            Err(error) => match self.take_unreadable(state, &error) {
                UnreadableAnswer::Updates(taken) => taken,
                UnreadableAnswer::PollAgain => {
                    return Ok(PollResult {
                        health: Health::Up,
                        arrived: true,
                    });
                }
                UnreadableAnswer::Failed => return Err(Failed::Telegram(error)),
            },
        };
        let arrived = !taken.raws.is_empty();
        if arrived {
            let accepted = intake.accept(taken.raws, None).await;
            let accepted = accepted.map_err(|_| Failed::NotAccepted)?;
            let fresh = taken.updates.iter().zip(accepted).filter(|(_, one)| one.fresh);
            fresh.for_each(|(update, _)| self.menu.queue_answer(update));
        }
        state.limit = 100;
        // All updates are on disk, so the next poll may confirm them.
        state.offset = taken.offset;
        let now = self.clock.now();
        let oldest = taken.updates.iter().filter_map(update::sent_at).min();
        self.note_age(oldest.map_or_else(chrono::Duration::zero, |oldest| now - oldest));
        let health = match oldest {
            Some(oldest) if now - oldest > ALARM => {
                let hours = (now - oldest).num_hours();
                tracing::error!(line.name = %self.name, hours, "Line {} received what had waited for hours", self.name);
                Health::Ailing(format!(
                    "a message waited for {hours} hours; Telegram keeps them for 24 and then forgets them"
                ))
            }
            Some(_) | None => Health::Up,
        };
        Ok(PollResult { health, arrived })
    }

    fn to_batch(&self, mut updates: Vec<Value>) -> Batch {
        let now = self.clock.now();
        updates.sort_by_key(update::id);
        let last = updates.iter().filter_map(update::id).max();
        let raws = updates
            .iter()
            .map(|update| update::to_raw(&self.name, update, now));
        Batch {
            raws: raws.collect(),
            offset: last.map(|last| last.saturating_add(1)),
            updates,
        }
    }

    /// Handles a response that is not valid JSON. If the response can't be repaired, requests the updates again, one by one. The invalid
    /// update then arrives alone and can be stored unparsed.
    fn take_unreadable(&self, state: &mut State, error: &RequestError) -> UnreadableAnswer {
        let RequestError::InvalidJson { raw, .. } = error else {
            return UnreadableAnswer::Failed;
        };
        // The response can be repaired if its only errors are unpaired surrogates.
        let repaired = json::parse(raw.as_bytes());
        let updates = repaired.and_then(|mut answer| Some(answer.get_mut("result")?.take()));
        if let Some(Value::Array(updates)) = updates {
            return UnreadableAnswer::Updates(self.to_batch(updates));
        }
        let Some(last) = update::last_id_in(raw) else {
            return UnreadableAnswer::Failed;
        };
        if state.limit > 1 {
            tracing::warn!(line.name = %self.name, "An answer of Telegram cannot be read; its updates are fetched one by one");
            state.limit = 1;
            return UnreadableAnswer::PollAgain;
        }
        let bytes = raw.as_bytes().to_vec();
        let raw = update::to_unparsed_raw(&self.name, Some(last), bytes, self.clock.now());
        UnreadableAnswer::Updates(Batch {
            raws: vec![raw],
            updates: Vec::new(),
            offset: Some(last.saturating_add(1)),
        })
    }

    /// Reports why a poll failed, and returns the pause before the next poll.
    async fn report_failure(&self, intake: &dyn Intake, state: &mut State, failed: &Failed) -> Duration {
        state.failures = state.failures.saturating_add(1);
        let mut pause = Duration::from_secs(1 << state.failures.min(6)).mul_f64(chance::jitter());
        let reason = match failed {
            Failed::NotAccepted => "what arrives cannot be written down".to_owned(),
            Failed::Telegram(error) => {
                match error {
                    RequestError::RetryAfter(wait) => pause = wait.duration(),
                    RequestError::Api(ApiError::CantGetUpdates) => {
                        // A webhook prevents polling, so it is removed. Telegram keeps the updates that were not delivered yet.
                        let _ = self.bot.delete_webhook().await;
                    }
                    RequestError::Network(error) if error.is_timeout() => pause = Duration::from_secs(1),
                    RequestError::Api(_)
                    | RequestError::MigrateToChatId(_)
                    | RequestError::Network(_)
                    | RequestError::InvalidJson { .. }
                    | RequestError::Io(_) => {}
                }
                errors::describe_error(error)
            }
        };
        let now = self.clock.now();
        let down = now - state.since;
        self.note_age(down);
        if down > ALARM {
            let hours = down.num_hours();
            tracing::error!(line.name = %self.name, hours, reason, "Line {} is down for hours; Telegram forgets messages after 24", self.name);
        } else {
            tracing::warn!(line.name = %self.name, reason, "Line {} cannot be read and is tried again", self.name);
        }
        // A single failed poll is normal. Staff see a failure only after three failed polls in a row, or after `SILENT` without a
        // successful poll.
        if state.failures > 2 || down.to_std().is_ok_and(|down| down >= SILENT) {
            intake.health(&self.name, Health::Down(reason)).await;
        }
        pause.min(Duration::from_secs(60))
    }
}
