//! Waits that a platform asks for: in one conversation, or for all requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The waits that a platform asked for. The platform refuses every message that is sent too early, and it bans bots that ignore
/// its waits.
#[derive(Default)]
pub struct Backoff(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    altogether: Option<Instant>,
    conversations: HashMap<String, Instant>,
}

impl Backoff {
    /// Returns how long to wait before writing in a conversation. `None` means that no wait is needed.
    pub fn wait(&self, conversation: &str) -> Option<Duration> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = asked.conversations.get(conversation).copied();
        let until = here.max(asked.altogether)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero())
    }

    /// Records that the platform refused a request in a conversation and asked for a retry after `wait`. Returns whether
    /// another conversation has to wait as well.
    pub fn asked(&self, conversation: &str, wait: Duration) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, until) = (Instant::now(), Instant::now() + wait);
        asked.conversations.retain(|_, until| *until > now);
        let others = asked.conversations.keys().any(|other| other != conversation);
        asked.conversations.insert(conversation.to_owned(), until);
        others
    }

    /// Records that the platform asked for a wait before any further request.
    pub fn asked_by_all(&self, wait: Duration) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.altogether = asked.altogether.max(Some(Instant::now() + wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn one_slow_conversation_slows_no_other() {
        let backoff = Backoff::default();
        assert!(!backoff.asked("ana", MINUTE));
        assert!(backoff.wait("ana").is_some() && backoff.wait("petar").is_none());
        assert!(backoff.asked("petar", MINUTE), "another one is slow as well");
        backoff.asked_by_all(MINUTE);
        assert!(backoff.wait("vuk").is_some());
    }

    #[test]
    fn what_was_asked_passes() {
        let backoff = Backoff::default();
        backoff.asked_by_all(Duration::ZERO);
        assert_eq!(backoff.wait("ana"), None);
    }
}
