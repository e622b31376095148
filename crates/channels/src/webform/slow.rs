//! Guessing receipt codes is slow. A right code is looked up at once, whoever guesses meanwhile; only wrong codes wait, all of them
//! in one line.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Nobody waits longer than this for an answer that says no.
const PATIENCE: Duration = Duration::from_secs(20);
/// A wrong code is answered no sooner than this.
const WRONG: Duration = Duration::from_millis(1_500);

/// The limits, in memory: they hold no address and start anew with the program.
pub struct Slow {
    wrong: DefaultDirectRateLimiter,
    warned: DefaultKeyedRateLimiter<()>,
}

impl Slow {
    /// Twenty wrong codes a second are answered. A program that guesses faster has its answers delayed, so that the number of its
    /// guesses is bounded by the connections it may keep open: a thousand of them make fifty guesses a second, and one of a hundred
    /// thousand living codes is then hit by chance once in 63 years.
    pub fn new() -> Self {
        let twenty = NonZeroU32::MIN.saturating_add(19);
        let burst = NonZeroU32::MIN.saturating_add(99);
        Self {
            wrong: RateLimiter::direct(Quota::per_second(twenty).allow_burst(burst)),
            warned: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
        }
    }

    /// Makes a wrong code cost time.
    pub async fn wrong(&self) {
        if self.wrong.check().is_err() {
            if self.warned.check_key(&()).is_ok() {
                tracing::warn!("Receipt codes are being guessed: more than twenty wrong ones a second");
            }
            let _ = tokio::time::timeout(PATIENCE, self.wrong.until_ready()).await;
        }
        tokio::time::sleep(WRONG).await;
    }
}
