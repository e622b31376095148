//! The queue of updates, and getUpdates.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::params::{Params, Refusal, bad_request, refuse};
use super::state::{Pending, Server, State, unix_now};

/// How many confirmed updates are kept, so that a faulty server can deliver them again.
const GONE: usize = 200;
/// The longest poll, in seconds. A request for a longer poll gets its response after this time.
const LONGEST_POLL: u64 = 600;
const POLL_TAKEN_OVER: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
const POLL_AND_WEBHOOK: &str = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
const POLL_ENDED: &str = "Conflict: terminated by setWebhook request";

impl State {
    /// Queues an update if the bot wants its kind.
    pub(super) fn enqueue(&mut self, kind: &str, content: Value, since: i64) -> Option<i64> {
        let wanted = if self.allowed.is_empty() {
            !["chat_member", "message_reaction", "message_reaction_count"].contains(&kind)
        } else {
            self.allowed.iter().any(|allowed| allowed == kind)
        };
        wanted.then(|| {
            let mut update = Map::new();
            update.insert(kind.to_owned(), content);
            self.enqueue_any(update, since)
        })
    }

    /// Queues an update of any kind.
    pub(super) fn enqueue_any(&mut self, mut update: Map<String, Value>, since: i64) -> i64 {
        update.insert("update_id".to_owned(), self.next_update.into());
        self.enqueue_json(Value::Object(update).to_string(), since)
    }

    /// Queues a text in place of an update.
    pub(super) fn enqueue_json(&mut self, json: String, since: i64) -> i64 {
        let id = self.next_update;
        self.next_update += 1;
        self.queue.push_back(Pending { id, since, json });
        id
    }

    /// Drops updates that the bot did not fetch in time.
    pub(super) fn expire(&mut self) {
        let age = i64::try_from(self.retention.as_secs()).unwrap_or(i64::MAX);
        let oldest = unix_now().saturating_sub(age);
        self.queue.retain(|pending| pending.since > oldest);
    }

    /// Confirms updates from the front of the queue while `which` returns true.
    fn confirm(&mut self, mut which: impl FnMut(&Pending) -> bool) {
        while let Some(pending) = self.queue.pop_front_if(|pending| which(pending)) {
            self.note_confirmed(pending);
        }
    }

    pub(super) fn note_confirmed(&mut self, pending: Pending) {
        self.confirmed = self.confirmed.max(pending.id);
        // A text that is not valid JSON was queued as a fault, so it is not kept.
        if serde_json::from_str::<Value>(&pending.json).is_ok() {
            self.gone.push_back(pending);
        }
        if self.gone.len() > GONE {
            self.gone.pop_front();
        }
    }

    fn confirm_by_offset(&mut self, offset: i64) {
        if offset >= 0 {
            self.confirm(|pending| pending.id < offset);
            return;
        }
        let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let mut forget = self.queue.len().saturating_sub(keep);
        self.confirm(|_| {
            let forgotten = forget > 0;
            forget = forget.saturating_sub(1);
            forgotten
        });
    }

    fn page(&mut self, offset: i64, limit: usize, again: bool) -> Vec<String> {
        self.expire();
        let mut page = Vec::new();
        if again && !self.gone.is_empty() {
            for _ in 0..=self.roll(3) {
                let which = self.roll(self.gone.len());
                page.extend(self.gone.get(which).map(|pending| pending.json.clone()));
            }
        }
        let fresh = self.queue.iter().filter(|pending| pending.id >= offset);
        page.extend(fresh.map(|pending| pending.json.clone()));
        page.truncate(limit);
        if self.reorder {
            self.shuffle(&mut page);
        }
        page
    }

    /// Stores the kinds of updates that the bot wants, if the request lists them.
    pub(super) fn set_allowed(&mut self, params: Params<'_>) -> Result<(), Refusal> {
        let Some(given) = params.json("allowed_updates")? else {
            return Ok(());
        };
        let list = given
            .as_array()
            .ok_or_else(|| bad_request("can't parse allowed updates: expected an Array of String"))?;
        self.allowed = list
            .iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect();
        Ok(())
    }
}

/// Handles getUpdates. Returns the whole body as text, because it may have to be invalid JSON.
pub(super) async fn get_updates(server: &Server, params: &Value) -> Result<String, Refusal> {
    let params = Params(params);
    let offset = params.int("offset")?.unwrap_or(0);
    let limit = params.int("limit")?.unwrap_or(100);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| bad_request("limit must be between 1 and 100"))?;
    let timeout = params.int("timeout")?.unwrap_or(0);
    let timeout = u64::try_from(timeout).unwrap_or(0).min(LONGEST_POLL);
    let end = Instant::now() + Duration::from_secs(timeout);

    let (freeze, poll) = server.change(|state| {
        state.offsets.push(offset);
        if !state.freeze && state.webhook.is_none() {
            state.poll += 1;
        }
        (state.freeze, state.poll)
    });
    if freeze {
        std::future::pending::<()>().await;
    }
    let mut changes = server.changes();
    let again = {
        let mut state = server.lock();
        if state.webhook.is_some() {
            return Err(refuse(409, POLL_AND_WEBHOOK));
        }
        state.set_allowed(params)?;
        state.expire();
        state.confirm_by_offset(offset);
        state.duplicate && state.roll(3) == 0
    };
    loop {
        changes.borrow_and_update();
        let page = {
            let mut state = server.lock();
            if state.webhook.is_some() {
                return Err(refuse(409, POLL_ENDED));
            }
            if state.poll != poll {
                return Err(refuse(409, POLL_TAKEN_OVER));
            }
            state.page(offset, limit, again)
        };
        let over = Instant::now() >= end;
        if over || !page.is_empty() {
            return Ok(format!("{{\"ok\":true,\"result\":[{}]}}", page.join(",")));
        }
        // After a change or the time-out, the loop checks again.
        let _ = timeout_at(end, changes.changed()).await;
    }
}
