//! Slows down the guessing of receipt codes by delaying the response to a wrong code. The response to a right code is never delayed, even
//! while somebody else guesses codes. Wrong codes from all visitors together count towards one rate limit.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The longest additional delay of the response to a wrong code while the rate limit is exceeded.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The fixed delay of the response to every wrong code. The delay for an exceeded rate limit comes on top of it.
const SHORTEST_WAIT: Duration = Duration::from_millis(1_500);

/// Two rate limits: one for wrong receipt codes, and one for log warnings about guessing. They are kept in memory, contain no IP
/// addresses and are reset when the program starts.
pub struct GuessLimit {
    wrong: DefaultDirectRateLimiter,
    warned: DefaultKeyedRateLimiter<()>,
}

impl GuessLimit {
    /// Creates a limit of twenty wrong codes a second. While it is exceeded, the response to a wrong code is delayed by up to
    /// `LONGEST_WAIT`, about 20 seconds. A program that waits for each response makes about fifty guesses a second on a thousand
    /// connections. With a hundred thousand codes in use, it needs 63 years on average to guess one of them. A program that does not wait
    /// is not slowed down: `docs/hardening.md` (Short codes) says what limits it.
    pub fn new() -> Self {
        let twenty = NonZeroU32::MIN.saturating_add(19);
        let burst = NonZeroU32::MIN.saturating_add(99);
        Self {
            wrong: RateLimiter::direct(Quota::per_second(twenty).allow_burst(burst)),
            warned: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
        }
    }

    /// Waits before the response to a wrong code is sent.
    pub async fn delay_wrong_code(&self) {
        if self.wrong.check().is_err() {
            if self.warned.check_key(&()).is_ok() {
                tracing::warn!("Receipt codes are being guessed: more than twenty wrong ones a second");
            }
            let _ = tokio::time::timeout(LONGEST_WAIT, self.wrong.until_ready()).await;
        }
        tokio::time::sleep(SHORTEST_WAIT).await;
    }
}
