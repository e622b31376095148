//! Guessing receipt codes is slowed: each code by itself, and all together.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::receipt::ReceiptCode;
use sha2::{Digest, Sha256};

/// Who waits longer than this is asked to come back later.
const PATIENCE: Duration = Duration::from_secs(20);
/// A wrong code is answered no sooner than this.
const WRONG: Duration = Duration::from_millis(1_500);

/// The limits, in memory: they hold no address and start anew with the program.
pub struct Slow {
    each: DefaultKeyedRateLimiter<[u8; 32]>,
    all: DefaultDirectRateLimiter,
}

impl Slow {
    /// Ten looks a minute with one code, and twenty a second in all: at that rate, one of a hundred thousand living codes is
    /// hit by chance once in 158 years.
    pub fn new() -> Self {
        let ten = NonZeroU32::MIN.saturating_add(9);
        let twenty = NonZeroU32::MIN.saturating_add(19);
        let burst = NonZeroU32::MIN.saturating_add(99);
        Self {
            each: RateLimiter::keyed(Quota::per_minute(ten)),
            all: RateLimiter::direct(Quota::per_second(twenty).allow_burst(burst)),
        }
    }

    /// Waits for its turn. False: too many are waiting.
    pub async fn turn(&self, code: &ReceiptCode) -> bool {
        let key: [u8; 32] = Sha256::digest(code.expose()).into();
        if self.each.len() > 100_000 {
            self.each.retain_recent();
        }
        let turn = async {
            self.each.until_key_ready(&key).await;
            self.all.until_ready().await;
        };
        tokio::time::timeout(PATIENCE, turn).await.is_ok()
    }

    /// Makes a wrong code cost time.
    pub async fn wrong(&self) {
        tokio::time::sleep(WRONG).await;
    }
}
