//! Jobs: what the queue holds, and when what failed is tried again.

use std::time::Duration;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Turn a raw message into a contact.
    Receive,
    /// Send a reply out.
    Deliver,
    /// Fetch a file that lies with the platform.
    Fetch,
}

impl JobKind {
    /// No job waits longer than this, whatever asks for it: one that is due later was made by another clock.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(8 * 3_600);

    /// For so long the other side may ask us to wait without that counting as an attempt.
    pub const NAMED_WAITS: Duration = Duration::from_secs(24 * 3_600);

    /// How long to wait when the other side named a wait, after `waited` altogether. `None`: it has asked for long enough, and this
    /// is an attempt like any other.
    ///
    /// Never less than was asked; a tenth of what has passed already is the least, so that a side that names two seconds for ever
    /// is asked about a hundred times a day.
    #[must_use]
    pub fn named_wait(asked: Duration, waited: Duration) -> Option<Duration> {
        let wait = asked.max(waited / 10).min(Self::LONGEST_WAIT);
        (waited < Self::NAMED_WAITS).then_some(wait)
    }

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Deliver => "deliver",
            Self::Fetch => "fetch",
        }
    }

    /// How long to wait after attempt number `attempt` (from 1) failed for a passing reason. `None`: give up and park.
    ///
    /// A message is received at once or hardly ever: 5 attempts within 3 minutes. A reply is tried over 5 days, as mail
    /// servers do (Postfix's `maximal_queue_lifetime`): 30 s, 2 min, 10 min, 30 min, 2 h, then every 6 h. A file is fetched
    /// while somebody waits for it: 4 attempts within 6 minutes, and again when asked again.
    #[must_use]
    pub const fn wait_after(self, attempt: u32) -> Option<Duration> {
        let seconds = match (self, attempt) {
            (Self::Receive, 0..=1) => 2,
            (Self::Receive, 2) => 10,
            (Self::Receive, 3) => 30,
            (Self::Receive, 4) => 120,
            (Self::Receive, _) => return None,
            (Self::Deliver, 0..=1) => 30,
            (Self::Deliver, 2) => 120,
            (Self::Deliver, 3) => 600,
            (Self::Deliver, 4) => 1_800,
            (Self::Deliver, 5) => 7_200,
            (Self::Deliver, 6..=24) => 21_600,
            (Self::Deliver, _) => return None,
            (Self::Fetch, 0..=1) => 5,
            (Self::Fetch, 2) => 30,
            (Self::Fetch, 3) => 300,
            (Self::Fetch, _) => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

/// Where a reply stands on its way out. Shown on every reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Written down, to be sent.
    Queued,
    /// Being handed over now.
    Sending,
    /// The other side took it.
    Sent,
    /// Refused or unreachable for now; it is tried again.
    Delayed,
    /// Refused for good, or given up on. Somebody must do something.
    Failed,
    /// We were cut off while handing it over: it may or may not have arrived. It is handed over again with the same id, or, where
    /// the person would see it twice, when a counsellor says so.
    Unknown,
}

impl Delivery {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delayed,
        Self::Failed,
        Self::Unknown,
    ];

    /// Its name in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delayed => "delayed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_tried_for_about_five_days_ever_more_rarely() {
        let waits: Vec<_> = (1..)
            .map_while(|attempt| JobKind::Deliver.wait_after(attempt))
            .collect();
        let total: Duration = waits.iter().sum();
        assert!(waits.is_sorted());
        assert!(
            (4 * 86_400..=5 * 86_400).contains(&total.as_secs()),
            "{} s",
            total.as_secs()
        );
    }

    #[test]
    fn a_wait_that_is_named_again_and_again_ends_and_is_not_asked_for_often() {
        for asked in [0, 2, 60, 7_200, 999_999_999] {
            let (asked, mut waited, mut times) = (Duration::from_secs(asked), Duration::from_secs(1), 0);
            while let Some(wait) = JobKind::named_wait(asked, waited) {
                assert!(wait >= asked.min(JobKind::LONGEST_WAIT));
                waited += wait;
                times += 1;
            }
            assert!(times < 150, "{times} times for {asked:?}");
            assert!(waited < JobKind::NAMED_WAITS + JobKind::LONGEST_WAIT);
        }
        assert_eq!(
            JobKind::named_wait(Duration::from_secs(2), Duration::from_secs(9)),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn what_cannot_be_received_is_parked_after_five_attempts() {
        assert_eq!(
            (1..)
                .map_while(|attempt| JobKind::Receive.wait_after(attempt))
                .count(),
            4
        );
    }
}
