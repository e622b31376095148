//! Slows down the guessing of receipt codes. The answer to a wrong code is delayed. The answer to a right code is immediate, even while
//! somebody else guesses codes. Wrong codes from all visitors share one rate limit.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The longest delay that the rate limit adds to the answer to a wrong code.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The fixed delay of the answer to every wrong code. The delay from the rate limit is added to this delay.
const SHORTEST_WAIT: Duration = Duration::from_millis(1_500);

/// The rate limit for wrong receipt codes, and the rate limit for the warning about them. Both are kept in memory, contain no IP addresses
/// and are reset when the program starts.
pub struct GuessLimit {
    wrong: DefaultDirectRateLimiter,
    warned: DefaultKeyedRateLimiter<()>,
}

impl GuessLimit {
    /// Creates a limit of twenty wrong codes a second. If more wrong codes arrive, the answers to them are delayed by up to `LONGEST_WAIT`.
    /// A program that guesses has to wait about 20 seconds for the answer before it can guess again on the same connection. With a thousand
    /// connections, it therefore makes about fifty guesses a second. If a hundred thousand codes are in use, it needs 63 years on average
    /// to guess one of the codes.
    pub fn new() -> Self {
        let twenty = NonZeroU32::MIN.saturating_add(19);
        let burst = NonZeroU32::MIN.saturating_add(99);
        Self {
            wrong: RateLimiter::direct(Quota::per_second(twenty).allow_burst(burst)),
            warned: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
        }
    }

    /// Waits as long as the answer to a wrong code must be delayed.
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
