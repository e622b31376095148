//! The connection slots of a listener. They limit the number of connections and record for each connection whether it waits for its client
//! or for the server.
//!
//! A connection waits for its client to send a request, to send the rest of a body, or to read a response. A connection that waits too long
//! is closed. When all slots are taken, the connection that has waited longest for its client is closed to make room for a new connection.
//! Visitors are therefore served even if an attacker keeps many idle connections open.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// How often the log repeats that a listener is full.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// How long a full listener waits for a free slot before it looks again for a connection to close.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// If no connection is waiting for its client, a full listener may cut off a response that has taken at least this long. Live pages
/// reconnect automatically after a cut. A request that stores a message finishes sooner and is therefore not cut off.
pub const LONG_ANSWER: Duration = Duration::from_secs(10);

/// How long a connection may wait for its client to send or read data.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The time limit until the head of the first request has arrived.
    pub first: Duration,
    /// The time limit for each later wait: for another request, for the rest of a body, or until the client reads a response. It is longer
    /// than the time for which reverse proxies keep idle connections. A proxy therefore does not send a request on a connection that the
    /// server is closing.
    pub later: Duration,
}

/// The connection slots of a listener.
pub struct Slots {
    most: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// The taken slots by number. Newer connections have higher numbers. Of two connections that have waited equally long, the older one is
    /// closed first.
    slots: BTreeMap<u64, Arc<Slot>>,
    said_at: Option<Instant>,
    crowded_out: u64,
}

/// The slot of one connection.
pub struct Slot {
    turns: Mutex<Turns>,
    /// Cancelled when the connection must close to make room.
    pub leave: CancellationToken,
}

struct Turns {
    /// The number of requests on this connection that the server is working on.
    ours: usize,
    /// Whether the head of at least one request has arrived.
    asked: bool,
    /// The time at which the connection began its current wait for the server or for its client.
    since: Instant,
}

/// A guard that frees its slot when dropped. Drop the connection before the guard, so that there are never more open connections than
/// slots.
pub struct SlotGuard {
    slots: Arc<Slots>,
    number: u64,
    /// The slot.
    pub slot: Arc<Slot>,
}

impl Slots {
    /// Creates slots for at most `most` connections.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Takes a slot. Calls [`Slots::make_room`] and waits for a slot if no slot is free.
    pub async fn take(self: &Arc<Self>) -> SlotGuard {
        loop {
            if let Some(held) = self.take_free() {
                return held;
            }
            self.make_room();
            let _ = tokio::time::timeout(LOOK_AGAIN, self.freed.notified()).await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<SlotGuard> {
        let mut taken = lock(&self.taken);
        if taken.slots.len() >= self.most {
            return None;
        }
        let slot = Arc::new(Slot {
            turns: Mutex::new(Turns {
                ours: 0,
                asked: false,
                since: Instant::now(),
            }),
            leave: CancellationToken::new(),
        });
        taken.next = taken.next.wrapping_add(1);
        let number = taken.next;
        taken.slots.insert(number, Arc::clone(&slot));
        drop(taken);
        Some(SlotGuard {
            slots: Arc::clone(self),
            number,
            slot,
        })
    }

    /// Closes the connection that has waited longest for its client. If no connection is waiting for its client, the connection with the
    /// longest-running response is closed, provided that this response has taken at least `LONG_ANSWER`.
    pub fn make_room(&self) {
        let mut taken = lock(&self.taken);
        let now = Instant::now();
        let longest = taken
            .slots
            .values()
            .filter(|slot| !slot.leave.is_cancelled())
            .map(|slot| (slot.turn_since(), slot))
            .filter(|((ours, since), _)| !ours || now - *since >= LONG_ANSWER)
            .min_by_key(|(turn, _)| *turn)
            .map(|(_, slot)| Arc::clone(slot));
        if let Some(slot) = longest {
            slot.leave.cancel();
            taken.crowded_out = taken.crowded_out.saturating_add(1);
        }
        if taken.said_at.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
            taken.said_at = Some(Instant::now());
            tracing::warn!(
                connections = self.most,
                closed = taken.crowded_out,
                "As many connections are open as there may be; the one that waits longest for its client is closed for each new one"
            );
        }
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        lock(&self.slots.taken).slots.remove(&self.number);
        self.slots.freed.notify_one();
    }
}

impl Slot {
    /// Returns whether the connection waits for the server, and the time at which its current wait began.
    fn turn_since(&self) -> (bool, Instant) {
        let turns = lock(&self.turns);
        (turns.ours > 0, turns.since)
    }

    /// Returns whether the server is working on a request that arrived less than [`LONG_ANSWER`] ago.
    pub fn has_recent_request(&self) -> bool {
        let (ours, since) = self.turn_since();
        ours && since.elapsed() < LONG_ANSWER
    }

    /// Waits until the client has exceeded its time limit.
    pub async fn has_timed_out(&self, patience: Patience) {
        loop {
            let now = Instant::now();
            let deadline = {
                let turns = lock(&self.turns);
                let patience = if turns.asked {
                    patience.later
                } else {
                    patience.first
                };
                // While the server works on a request, the client's wait has not begun. The earliest start is now, so the deadline is at
                // least the full time limit away.
                let since = if turns.ours == 0 { turns.since } else { now };
                since + patience
            };
            if deadline <= now {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    fn shift(&self, ours: bool) {
        let mut turns = lock(&self.turns);
        if ours {
            turns.ours = turns.ours.saturating_add(1);
        } else {
            turns.ours = turns.ours.saturating_sub(1);
        }
        // `since` is the time at which the wait for the server began. A second request on the same connection must not change `since` while
        // the first request is in progress.
        if !ours || turns.ours == 1 {
            turns.since = Instant::now();
        }
    }
}

/// Tracks whether one request waits for the server or for its client. Tracking begins when the head of the request arrives and ends when
/// this value is dropped.
pub struct Turn {
    slot: Arc<Slot>,
    ours: AtomicBool,
}

impl Turn {
    /// Starts tracking when the head of a request arrives.
    pub fn begin(slot: &Arc<Slot>) -> Arc<Self> {
        lock(&slot.turns).asked = true;
        slot.shift(true);
        Arc::new(Self {
            slot: Arc::clone(slot),
            ours: AtomicBool::new(true),
        })
    }

    fn set(&self, ours: bool) {
        if self.ours.swap(ours, Ordering::Relaxed) != ours {
            self.slot.shift(ours);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A request or response body that records whether its request waits for the server or for the client.
pub struct Watched<B> {
    body: B,
    turn: Arc<Turn>,
    way: Way,
}

/// The direction of a body: `In` for a request, `Out` for a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl<B> Watched<B> {
    /// Wraps a request body. The connection waits for the client whenever the server asks for bytes that have not arrived.
    pub fn request(body: B, turn: Arc<Turn>) -> Self {
        Self {
            body,
            turn,
            way: Way::In,
        }
    }

    /// Wraps a response body. After each frame, the connection waits for the client to read enough that the next frame can be written.
    pub fn answer(body: B, turn: Arc<Turn>) -> Self {
        turn.set(false);
        Self {
            body,
            turn,
            way: Way::Out,
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match self.way {
            Way::In => self.turn.set(polled.is_ready()),
            Way::Out => {
                // The server can write another frame, so the client is still reading. The client's time limit therefore starts again.
                self.turn.set(true);
                self.turn.set(polled.is_pending());
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
