//! Computes how long to wait before each new connection to the gateway. The waits limit the number of sessions, because Discord resets
//! the token of a bot that begins a thousand sessions in a day.

use std::time::Duration;

use serde_json::Value;

use super::socket::NextStep;
use crate::json;

/// If a session lasted at least this long, the waits start again with their shortest values.
const SETTLED: Duration = Duration::from_secs(600);
/// The first wait before a new session. Each further wait is twice as long as the one before.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait before a new session.
const LONGEST: Duration = Duration::from_secs(900);

/// For each kind of `NextStep`, how many waits were computed since the last session that lasted for `SETTLED`. The number determines the
/// length of the next wait.
#[derive(Default)]
pub struct ReconnectWaits {
    sessions: u32,
    resumed: u32,
    unreached: u32,
    refused: u32,
}

impl ReconnectWaits {
    /// Returns how long to wait before the next connection. `worked` is how long the previous session lasted. `next` says what to do on
    /// the next connection.
    pub fn next_wait(&mut self, worked: Duration, next: NextStep) -> Duration {
        if worked >= SETTLED {
            *self = Self::default();
        }
        let (count, first, longest) = match next {
            NextStep::Wait(wait) => return wait,
            NextStep::Resume if self.resumed == 0 => {
                self.resumed = 1;
                return Duration::ZERO;
            }
            NextStep::Resume => (&mut self.resumed, Duration::from_secs(1), LONGEST / 15),
            NextStep::Identify => (&mut self.sessions, FIRST, LONGEST),
            NextStep::Retry => (&mut self.unreached, Duration::from_secs(2), LONGEST / 15),
            NextStep::Refused => (&mut self.refused, FIRST * 6, LONGEST),
        };
        let wait = first.saturating_mul(1 << (*count).min(16)).min(longest);
        *count = count.saturating_add(1);
        wait
    }

    /// Returns whether the loss of a connection raises an alarm. If the session can be resumed, a loss raises an alarm only after several
    /// losses.
    pub fn is_alarming(&self, next: NextStep) -> bool {
        next != NextStep::Resume || self.resumed > 2
    }
}

/// How many sessions Discord allows the bot to begin.
pub struct Starts {
    pub left: u64,
    pub total: u64,
    /// The time until the bot may begin `total` sessions again.
    pub reset_after: Duration,
}

impl Starts {
    /// Reads the limit on sessions from `gateway`, Discord's response to a request for the gateway's URL. Returns `None` if it contains
    /// no limit.
    pub fn read(gateway: &Value) -> Option<Self> {
        let limit = gateway.get("session_start_limit")?;
        let reset_after = Duration::from_millis(json::size(limit, "/reset_after").unwrap_or_default());
        Some(Self {
            left: json::size(limit, "/remaining")?,
            total: json::size(limit, "/total").unwrap_or(1_000),
            reset_after: reset_after.clamp(FIRST, Duration::from_secs(86_400)),
        })
    }

    /// Returns whether the bot may begin fewer than a tenth of the allowed sessions before the limit is reset. Staff should then find out
    /// why the bot begins so many sessions.
    pub const fn are_few(&self) -> bool {
        self.left < self.total / 10
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sessions_that_do_not_last_use_up_a_small_part_of_the_day() {
        for lasts in [0, 5, 60, 599, 600] {
            let (mut waits, mut passed, mut begun) = (ReconnectWaits::default(), 0, 0);
            while passed < 86_400 {
                begun += 1;
                let worked = Duration::from_secs(lasts);
                passed += lasts + waits.next_wait(worked, NextStep::Identify).as_secs();
            }
            assert!(begun < 150, "{begun} sessions of {lasts} s");
        }
    }

    #[test]
    fn a_connection_that_breaks_once_is_resumed_at_once_and_one_that_goes_on_breaking_is_not() {
        let mut waits = ReconnectWaits::default();
        assert_eq!(waits.next_wait(Duration::ZERO, NextStep::Resume), Duration::ZERO);
        assert!(!waits.is_alarming(NextStep::Resume));
        let next: Vec<_> = (0..8)
            .map(|_| waits.next_wait(Duration::ZERO, NextStep::Resume))
            .collect();
        assert!(next.is_sorted() && next.last() == Some(&(LONGEST / 15)));
        assert!(waits.is_alarming(NextStep::Resume));
        assert_eq!(waits.next_wait(SETTLED, NextStep::Resume), Duration::ZERO);
    }

    #[test]
    fn the_number_of_sessions_left_is_read_however_it_is_written() {
        let starts = |limit| Starts::read(&json!({ "session_start_limit": limit }));
        let read = starts(json!({ "total": 1000, "remaining": "99", "reset_after": 60_000 }));
        assert!(read.is_some_and(|read| read.left == 99 && read.are_few()));
        assert!(starts(json!({ "remaining": 999 })).is_some_and(|read| !read.are_few()));
        assert!(starts(json!({})).is_none());
    }
}
