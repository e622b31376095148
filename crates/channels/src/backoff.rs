//! Remembers when a platform will accept the next request of a line. A platform may ask for a wait in one conversation or for all
//! requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The waits that a platform asked for, with the time at which each wait ends. A platform bans a bot that sends requests during a wait.
#[derive(Default)]
pub struct Backoff(Mutex<Waits>);

#[derive(Default)]
struct Waits {
    global: Option<Instant>,
    conversations: HashMap<String, Instant>,
}

impl Backoff {
    /// Returns how long to wait before the next request in a conversation. Returns `None` if the request may be sent now.
    pub fn remaining_wait(&self, conversation: &str) -> Option<Duration> {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = waits.conversations.get(conversation).copied();
        let until = here.max(waits.global)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero())
    }

    /// Records that the platform asked for a wait before the next request in a conversation. Returns whether a wait is also running in
    /// another conversation.
    pub fn note_wait(&self, conversation: &str, wait: Duration) -> bool {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, until) = (Instant::now(), Instant::now() + wait);
        waits.conversations.retain(|_, until| *until > now);
        let others = waits.conversations.keys().any(|other| other != conversation);
        waits.conversations.insert(conversation.to_owned(), until);
        others
    }

    /// Records that the platform asked for a wait before any further request.
    pub fn note_global_wait(&self, wait: Duration) {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waits.global = waits.global.max(Some(Instant::now() + wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn one_slow_conversation_slows_no_other() {
        let backoff = Backoff::default();
        assert!(!backoff.note_wait("ana", MINUTE));
        assert!(backoff.remaining_wait("ana").is_some() && backoff.remaining_wait("petar").is_none());
        assert!(backoff.note_wait("petar", MINUTE), "another one is slow as well");
        backoff.note_global_wait(MINUTE);
        assert!(backoff.remaining_wait("vuk").is_some());
    }

    #[test]
    fn a_wait_ends() {
        let backoff = Backoff::default();
        backoff.note_global_wait(Duration::ZERO);
        assert_eq!(backoff.remaining_wait("ana"), None);
    }
}
