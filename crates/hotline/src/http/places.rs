//! The places of a listener: how many connections it may hold, and whose turn it is on each of them.
//!
//! A connection waits for its client while a request, the rest of a body, or the reading of an answer is due. One that waits
//! too long is closed. When all places are taken, the one that has waited longest makes room for the newest, so a visitor is
//! served however many silent connections somebody holds open.

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

/// How often the log says that a listener is full.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// How often a full listener, all of whose connections are being answered, looks whether one of them waits for its client.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// An answer that takes longer may be cut off where a full listener has nothing else to close. Pages ask again by themselves
/// for what stays open so long, and a message is stored within it.
const LONG_ANSWER: Duration = Duration::from_secs(10);

/// How long a connection may wait for its client.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the first request.
    pub first: Duration,
    /// For anything after that. Longer than reverse proxies keep idle connections, or they would send into one that closes.
    pub later: Duration,
}

/// The connections of a listener.
pub struct Places {
    most: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By number, so that of two that wait equally long the older one comes first.
    places: BTreeMap<u64, Arc<Place>>,
    said_at: Option<Instant>,
    crowded_out: u64,
}

/// One connection of a listener.
pub struct Place {
    turns: Mutex<Turns>,
    /// Cancelled when the connection has to make room.
    pub leave: CancellationToken,
}

struct Turns {
    /// Requests on which we work now.
    ours: usize,
    /// Whether the head of a request ever came.
    asked: bool,
    /// Since when it is our turn, or the client's.
    since: Instant,
}

/// A place that is given back when this is dropped, which must be after the connection is.
pub struct Held {
    places: Arc<Places>,
    number: u64,
    /// The place.
    pub place: Arc<Place>,
}

impl Places {
    /// Places for so many connections.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Takes a place; if there is none, the connection that has waited longest for its client loses its own.
    pub async fn take(self: &Arc<Self>) -> Held {
        loop {
            if let Some(held) = self.take_free() {
                return held;
            }
            self.make_room();
            let _ = tokio::time::timeout(LOOK_AGAIN, self.freed.notified()).await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<Held> {
        let mut taken = lock(&self.taken);
        if taken.places.len() >= self.most {
            return None;
        }
        let place = Arc::new(Place {
            turns: Mutex::new(Turns {
                ours: 0,
                asked: false,
                since: Instant::now(),
            }),
            leave: CancellationToken::new(),
        });
        taken.next = taken.next.wrapping_add(1);
        let number = taken.next;
        taken.places.insert(number, Arc::clone(&place));
        drop(taken);
        Some(Held {
            places: Arc::clone(self),
            number,
            place,
        })
    }

    /// Closes the connection that has waited longest for its client. If none waits, the one that is being answered longest, if
    /// it takes that long.
    pub fn make_room(&self) {
        let mut taken = lock(&self.taken);
        let now = Instant::now();
        let longest = taken
            .places
            .values()
            .filter(|place| !place.leave.is_cancelled())
            .map(|place| (place.turn_since(), place))
            .filter(|((ours, since), _)| !ours || now - *since >= LONG_ANSWER)
            .min_by_key(|(turn, _)| *turn)
            .map(|(_, place)| Arc::clone(place));
        if let Some(place) = longest {
            place.leave.cancel();
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

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.places.taken).places.remove(&self.number);
        self.places.freed.notify_one();
    }
}

impl Place {
    /// Whether it is our turn, and since when it is so.
    fn turn_since(&self) -> (bool, Instant) {
        let turns = lock(&self.turns);
        (turns.ours > 0, turns.since)
    }

    /// Returns once the client was waited for as long as patience allows.
    pub async fn outstayed(&self, patience: Patience) {
        loop {
            let now = Instant::now();
            let deadline = {
                let turns = lock(&self.turns);
                let patience = if turns.asked {
                    patience.later
                } else {
                    patience.first
                };
                // While it is our turn, the client could be waited for from now on.
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
        // A second request on a connection does not make the first one newer.
        if !ours || turns.ours == 1 {
            turns.since = Instant::now();
        }
    }
}

/// Whose turn it is in one request. Ours from its head on, until it is dropped.
pub struct Turn {
    place: Arc<Place>,
    ours: AtomicBool,
}

impl Turn {
    /// The head of a request came.
    pub fn begin(place: &Arc<Place>) -> Arc<Self> {
        lock(&place.turns).asked = true;
        place.shift(true);
        Arc::new(Self {
            place: Arc::clone(place),
            ours: AtomicBool::new(true),
        })
    }

    fn set(&self, ours: bool) {
        if self.ours.swap(ours, Ordering::Relaxed) != ours {
            self.place.shift(ours);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// The body of a request or of its answer, which tells whose turn it is.
pub struct Watched<B> {
    body: B,
    turn: Arc<Turn>,
    way: Way,
}

/// Which way a body goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl<B> Watched<B> {
    /// What a client sends: its turn whenever we want more than has come.
    pub fn request(body: B, turn: Arc<Turn>) -> Self {
        Self {
            body,
            turn,
            way: Way::In,
        }
    }

    /// What we answer: the client's turn from each piece until room is made for the next.
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
                // That more is asked for is a sign of life.
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
