//! Kinds of jobs, delays before retries, and delivery states of replies.

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
    /// Register a raw message: parse it, and add the parsed message to a contact.
    Receive,
    /// Send a reply.
    Deliver,
    /// Fetch an attachment that is still stored on the chat platform.
    Fetch,
}

crate::named!(JobKind);

impl JobKind {
    /// The longest delay before a job runs, even if the other side (the platform or mail server) asks for a longer delay. A job can be due
    /// later than this only if the clock was set back after the job was scheduled. Such a job is treated as due now.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(8 * 3_600);

    /// The period in which failed attempts are not counted if the other side (the platform or mail server) requested a delay. The period
    /// begins when the reply is queued or the file is requested.
    pub const REQUESTED_DELAY_PERIOD: Duration = Duration::from_secs(24 * 3_600);

    /// Returns the delay before the next attempt if the other side (the platform or mail server) requested the delay `asked`. `waited` is
    /// the time since the reply was queued or the file was requested. Returns `None` once `waited` has reached
    /// [`Self::REQUESTED_DELAY_PERIOD`]. The failed attempt then counts, and [`Self::retry_delay`] determines the delay.
    ///
    /// The delay is `asked` or a tenth of `waited`, whichever is longer, but at most [`Self::LONGEST_WAIT`]. A server that always
    /// requests two seconds is therefore contacted only about a hundred times a day.
    #[must_use]
    pub fn requested_delay(asked: Duration, waited: Duration) -> Option<Duration> {
        let wait = asked.max(waited / 10).min(Self::LONGEST_WAIT);
        (waited < Self::REQUESTED_DELAY_PERIOD).then_some(wait)
    }

    /// Returns the delay after a temporary failure of attempt number `attempt`. The first attempt has the number 1. Returns `None` if no
    /// further attempt is made.
    ///
    /// Registering a message is attempted only 5 times, within 3 minutes, because a message that could not be registered once usually fails
    /// again.
    ///
    /// Sending a reply is retried for 5 days, as in mail servers (Postfix's `maximal_queue_lifetime`). The delays are 30 s, 2
    /// min, 10 min, 30 min and 2 h, then always 6 h.
    ///
    /// Fetching a file is attempted 4 times within 6 minutes, because a counsellor is waiting for the file. If the counsellor requests the
    /// file again, attempts are counted from 1 again.
    #[must_use]
    pub const fn retry_delay(self, attempt: u32) -> Option<Duration> {
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

/// The delivery state of a reply. The desk shows it next to every reply. The other side is the platform or mail server to which the reply
/// is sent.
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
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Delivery {
    /// The reply is stored and waiting to be sent.
    Queued,
    /// The reply is being sent now.
    Sending,
    /// The other side (the platform or mail server) accepted the reply.
    Sent,
    /// The other side could not be reached or refused the reply temporarily. Sending will be retried.
    Delayed,
    /// The other side refused the reply permanently, or all attempts failed. A counsellor must act.
    Failed,
    /// Sending was interrupted, so the reply may or may not have arrived. On most channels, the person does not see a duplicate, so sending
    /// is retried automatically with the same id. On the other channels, a counsellor decides whether to send the reply again.
    Unknown,
}

crate::named!(Delivery);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_tried_for_about_five_days_ever_more_rarely() {
        let waits: Vec<_> = (1..)
            .map_while(|attempt| JobKind::Deliver.retry_delay(attempt))
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
            while let Some(wait) = JobKind::requested_delay(asked, waited) {
                assert!(wait >= asked.min(JobKind::LONGEST_WAIT));
                waited += wait;
                times += 1;
            }
            assert!(times < 150, "{times} times for {asked:?}");
            assert!(waited < JobKind::REQUESTED_DELAY_PERIOD + JobKind::LONGEST_WAIT);
        }
        assert_eq!(
            JobKind::requested_delay(Duration::from_secs(2), Duration::from_secs(9)),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn what_cannot_be_received_is_parked_after_five_attempts() {
        assert_eq!(
            (1..)
                .map_while(|attempt| JobKind::Receive.retry_delay(attempt))
                .count(),
            4
        );
    }
}
