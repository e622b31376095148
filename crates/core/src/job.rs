//! Job kinds, retry delays and delivery states.

use std::time::Duration;

/// The kind of work a job does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobKind {
    /// Turn a raw message into a contact.
    Receive,
    /// Send a reply.
    Deliver,
    /// Fetch a file that is stored on the platform.
    Fetch,
}

crate::named!(JobKind);

impl JobKind {
    /// The longest delay before a job runs, even if the other side asks for more. A job whose due time is further ahead was
    /// scheduled before the clock was set back, and is treated as due.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(8 * 3_600);

    /// The time during which delays that the other side requests do not count as attempts. It begins when the reply is queued or
    /// the file is requested.
    pub const NAMED_WAITS: Duration = Duration::from_secs(24 * 3_600);

    /// Returns the delay before the next attempt when the other side asked for the delay `asked`. `waited` is the time since the
    /// reply was queued or the file was requested. `None`: `waited` has reached [`Self::NAMED_WAITS`], so the failure counts as an
    /// ordinary attempt.
    ///
    /// The delay is at least `asked` and at least a tenth of `waited`, up to [`Self::LONGEST_WAIT`]. A side that keeps asking for
    /// two seconds is therefore contacted only about a hundred times a day.
    #[must_use]
    pub fn named_wait(asked: Duration, waited: Duration) -> Option<Duration> {
        let wait = asked.max(waited / 10).min(Self::LONGEST_WAIT);
        (waited < Self::NAMED_WAITS).then_some(wait)
    }

    /// Returns how long to wait after attempt number `attempt` (from 1) failed for a temporary reason. `None`: give up and park the
    /// job.
    ///
    /// Receiving a message usually succeeds at once or not at all, so it gets 5 attempts within 3 minutes. A reply is retried for 5
    /// days, as mail servers do (Postfix's `maximal_queue_lifetime`): after 30 s, 2 min, 10 min, 30 min, 2 h, then every 6 h. A
    /// counsellor is waiting for a file, so fetching gets 4 attempts within 6 minutes; a new request starts over.
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

/// The delivery state of a reply, shown with every reply.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Delivery {
    /// Stored and waiting to be sent.
    Queued,
    /// Being sent now.
    Sending,
    /// The other side accepted it.
    Sent,
    /// Refused or unreachable for now; it will be retried.
    Delayed,
    /// Refused permanently, or given up on. A counsellor must act.
    Failed,
    /// Sending was interrupted, so the reply may or may not have arrived. It is retried with the same id, except on channels where
    /// the person would see a duplicate. There, a counsellor decides whether to send it again.
    Unknown,
}

crate::named!(Delivery);

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
