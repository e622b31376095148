//! Records which messages in a mailbox could not be fetched, and schedules their retries. A message that may have caused a failure is
//! fetched alone, so that it does not block other messages.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use hotline_core::health::Health;
use tokio::time::Instant;

/// The wait before the first retry of a message. Each further wait is twice as long, up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The failed fetches in one folder. The records outlive a connection, because a failed fetch may break the connection.
#[derive(Default)]
pub struct FetchRetries {
    validity: u32,
    /// The UIDs that are being fetched now.
    pub in_hand: Vec<u32>,
    /// The UIDs of messages to fetch one at a time, because the connection broke during an earlier fetch or the response lacked the
    /// message.
    pub alone: BTreeSet<u32>,
    /// The UIDs of messages that could not be fetched even alone, with their failures.
    pub refused: BTreeMap<u32, FetchFailure>,
}

/// The number of failed fetches of a message, and the time of the next retry.
pub struct FetchFailure {
    times: u32,
    again: Instant,
}

impl FetchRetries {
    /// Discards all records if UIDVALIDITY changed, because a UID identifies a message only under one UIDVALIDITY.
    pub fn use_validity(&mut self, validity: u32) {
        if self.validity != validity {
            *self = Self {
                validity,
                ..Self::default()
            };
        }
    }

    /// Records that the connection broke during a fetch. If one message was being fetched, it counts as the cause. If several messages
    /// were being fetched, each is fetched alone from now on.
    pub fn note_failure(&mut self) {
        let in_hand = std::mem::take(&mut self.in_hand);
        match in_hand.as_slice() {
            [] => {}
            [one] => self.note_unfetched(*one),
            several => self.alone.extend(several),
        }
    }

    /// Records that a message could not be fetched even alone, and schedules a retry.
    pub fn note_unfetched(&mut self, uid: u32) {
        let times = self.refused.get(&uid).map_or(0, |refused| refused.times);
        let wait = FIRST_WAIT.saturating_mul(1 << times.min(10)).min(LONGEST_WAIT);
        let refused = FetchFailure {
            times: times.saturating_add(1),
            again: Instant::now() + wait,
        };
        self.refused.insert(uid, refused);
    }

    /// Records that a message was fetched.
    pub fn note_fetched(&mut self, uid: u32) {
        self.alone.remove(&uid);
        self.refused.remove(&uid);
    }

    /// Discards the records of messages that are no longer in the folder. `there` returns whether a UID is in the folder.
    pub fn retain(&mut self, there: impl Fn(&u32) -> bool) {
        self.alone.retain(|uid| there(uid));
        self.refused.retain(|uid, _| there(uid));
    }

    /// Returns whether a message must be fetched alone.
    pub fn is_alone(&self, uid: u32) -> bool {
        self.alone.contains(&uid) || self.refused.contains_key(&uid)
    }

    /// Returns the UIDs in `wanted`, in the order in which to fetch the messages. Messages that could not be fetched earlier come last,
    /// and are left out until their retry is due.
    pub fn ordered(&self, wanted: impl Iterator<Item = u32>) -> VecDeque<u32> {
        let now = Instant::now();
        let (refused, first): (BTreeSet<u32>, BTreeSet<u32>) =
            wanted.partition(|uid| self.refused.contains_key(uid));
        let due = |uid: &u32| self.refused.get(uid).is_some_and(|refused| refused.again <= now);
        let mut order: VecDeque<u32> = first.into_iter().collect();
        order.extend(refused.into_iter().filter(due));
        order
    }

    /// Returns how long to wait for the next due retry, at least one second. Returns `LONGEST_WAIT` if no retry is scheduled.
    pub fn wait(&self) -> Duration {
        let next = self.refused.values().map(|refused| refused.again).min();
        next.map_or(LONGEST_WAIT, |next| {
            next.saturating_duration_since(Instant::now())
        })
        .max(Duration::from_secs(1))
    }

    /// Returns the health of a line whose mailbox can be read. The health lists the UIDs of messages that can't be fetched.
    pub fn health(&self) -> Health {
        if self.refused.is_empty() {
            return Health::Up;
        }
        let uids: Vec<String> = self.refused.keys().take(10).map(u32::to_string).collect();
        Health::Ailing(format!(
            "{} of its messages cannot be fetched and are asked for again (UID {})",
            self.refused.len(),
            uids.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_kills_connections_is_found_and_holds_up_no_other() {
        let mut retries = FetchRetries {
            in_hand: vec![1, 2, 3],
            ..FetchRetries::default()
        };
        retries.note_failure();
        assert!(retries.is_alone(1) && retries.is_alone(2) && retries.is_alone(3));
        retries.note_fetched(1);
        retries.in_hand = vec![2];
        retries.note_failure();
        assert_eq!(
            retries.ordered([2, 3, 4].into_iter()),
            [3, 4],
            "2 is asked for later"
        );
        tokio::time::advance(FIRST_WAIT).await;
        assert_eq!(retries.ordered([2, 3, 4].into_iter()), [3, 4, 2]);
        retries.note_unfetched(2);
        assert!(retries.wait() > FIRST_WAIT, "and later still the next time");
        assert!(matches!(retries.health(), Health::Ailing(_)));
        retries.note_fetched(2);
        assert!(matches!(retries.health(), Health::Up));
    }

    #[test]
    fn another_uidvalidity_begins_anew() {
        let mut retries = FetchRetries::default();
        retries.use_validity(7);
        retries.note_unfetched(1);
        retries.use_validity(7);
        assert!(retries.is_alone(1));
        retries.use_validity(8);
        assert!(!retries.is_alone(1));
    }
}
