//! Slows down the guessing of receipt codes. A right code is looked up at once, even while others guess. Only wrong codes wait,
//! all of them in one queue.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The longest wait of a wrong code for the rate limit.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The wait of every wrong code, in addition to that for the rate limit.
const SHORTEST_WAIT: Duration = Duration::from_millis(1_500);

/// The rate limits. They are kept in memory, hold no addresses and are reset when the program starts.
pub struct GuessLimit {
    wrong: DefaultDirectRateLimiter,
    warned: DefaultKeyedRateLimiter<()>,
}

impl GuessLimit {
    /// Allows twenty wrong codes a second without delay. Beyond that the answers are delayed, so the number of open connections
    /// limits the number of guesses. A program with a thousand connections makes fifty guesses a second. By chance, it then
    /// hits one of a hundred thousand codes in use once in 63 years.
    pub fn new() -> Self {
        let twenty = NonZeroU32::MIN.saturating_add(19);
        let burst = NonZeroU32::MIN.saturating_add(99);
        Self {
            wrong: RateLimiter::direct(Quota::per_second(twenty).allow_burst(burst)),
            warned: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
        }
    }

    /// Delays the answer to a wrong code.
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
