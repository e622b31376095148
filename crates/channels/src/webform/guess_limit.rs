//! Slows down the guessing of receipt codes. Wrong codes from all visitors together count towards one rate limit; no address of a client is
//! kept.
//!
//! At first, only the response to a wrong code is delayed: a right code is answered at once, even while somebody else guesses. A program that
//! does not wait for the responses soon uses up the lookups (`permit_lookup`). Then each code waits for its turn before it is looked up, and
//! those that come with a proof of work have turns of their own. Codes that were right before need no turn, so the pages of visitors go on
//! showing new answers.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The longest additional delay of the response to a wrong code while the rate limit is exceeded, and the longest wait for a lookup.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The fixed delay of the response to every wrong code. The delay for an exceeded rate limit comes on top of it.
const SHORTEST_WAIT: Duration = Duration::from_millis(1_500);
/// How long the page asks for a proof of work after the lookups were used up.
const ASKED_FOR: Duration = Duration::from_secs(60);
/// How long a right code needs no turn after it was last looked up.
const REMEMBERED_FOR: Duration = Duration::from_secs(12 * 3_600);
/// The greatest number of right codes that are remembered.
const MOST_REMEMBERED: usize = 100_000;
/// The number of lookups that are free at once. People do not enter as many codes, and a program uses them up in a moment.
const FREE_LOOKUPS: u32 = 1_000;

/// The rate limits of receipt codes, and one for log warnings about guessing. They are kept in memory and are reset when the program starts.
pub struct GuessLimit {
    wrong: DefaultDirectRateLimiter,
    /// The lookups of codes without a proof of work, and of all codes while some are free.
    lookups: DefaultDirectRateLimiter,
    /// The lookups of codes with a proof of work, while none is free.
    proved_lookups: DefaultDirectRateLimiter,
    /// When the lookups were last used up.
    used_up_at: Mutex<Option<Instant>>,
    /// When a code was right, by its mark, which is a keyed hash.
    right: Mutex<HashMap<String, Instant>>,
    warned: DefaultKeyedRateLimiter<()>,
}

impl GuessLimit {
    /// Creates a limit of twenty wrong codes a second: while it is exceeded, the response to a wrong code is delayed by up to
    /// `LONGEST_WAIT`. Independently of responses, at most twenty codes a second without and twenty with a proof of work are looked up, after
    /// the first `FREE_LOOKUPS`. With a hundred thousand codes in use, a program needs 79 years on average to guess one of them.
    pub fn new() -> Self {
        let twenty = Quota::per_second(NonZeroU32::MIN.saturating_add(19));
        let burst = |number: u32| twenty.allow_burst(NonZeroU32::MIN.saturating_add(number - 1));
        Self {
            wrong: RateLimiter::direct(burst(100)),
            lookups: RateLimiter::direct(burst(FREE_LOOKUPS)),
            proved_lookups: RateLimiter::direct(twenty),
            used_up_at: Mutex::default(),
            right: Mutex::default(),
            warned: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
        }
    }

    /// Waits until the code with this mark may be looked up. Returns `false` if it may not, because too many others wait. `has_proof` is called
    /// only while no lookup is free.
    pub async fn permit_lookup(&self, mark: &str, has_proof: impl FnOnce() -> bool) -> bool {
        let right_at = self.right().get(mark).copied();
        if right_at.is_some_and(|at| at.elapsed() < REMEMBERED_FOR) || self.lookups.check().is_ok() {
            return true;
        }
        self.warn();
        *self.used_up_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let turns = match has_proof() {
            true => &self.proved_lookups,
            false => &self.lookups,
        };
        tokio::time::timeout(LONGEST_WAIT, turns.until_ready())
            .await
            .is_ok()
    }

    /// Remembers that the code with this mark is right.
    pub fn remember_right(&self, mark: String) {
        let mut right = self.right();
        if right.len() >= MOST_REMEMBERED {
            right.retain(|_, at| at.elapsed() < REMEMBERED_FOR);
        }
        if right.len() < MOST_REMEMBERED {
            right.insert(mark, Instant::now());
        }
    }

    fn right(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether codes with a proof of work are looked up sooner than others.
    pub fn asks_for_proof(&self) -> bool {
        let used_up_at = self.used_up_at.lock().unwrap_or_else(PoisonError::into_inner);
        used_up_at.is_some_and(|at| at.elapsed() < ASKED_FOR)
    }

    /// Waits before the response to a wrong code is sent.
    pub async fn delay_wrong_code(&self) {
        if self.wrong.check().is_err() {
            self.warn();
            let _ = tokio::time::timeout(LONGEST_WAIT, self.wrong.until_ready()).await;
        }
        tokio::time::sleep(SHORTEST_WAIT).await;
    }

    fn warn(&self) {
        if self.warned.check_key(&()).is_ok() {
            tracing::warn!("Receipt codes are being guessed: more than twenty wrong ones a second");
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    /// A limit whose free lookups were used up.
    async fn attacked() -> GuessLimit {
        let limit = GuessLimit::new();
        assert!(!limit.asks_for_proof());
        while limit.lookups.check().is_ok() {}
        assert!(limit.permit_lookup("a", || true).await);
        assert!(limit.asks_for_proof());
        limit
    }

    #[tokio::test]
    async fn guesses_that_do_not_wait_are_looked_up_slowly() {
        let limit = attacked().await;
        let begun = Instant::now();
        let guesses = (0..41).map(|_| limit.permit_lookup("a", || false));
        assert!(join_all(guesses).await.into_iter().all(|permitted| permitted));
        assert!(
            begun.elapsed() >= Duration::from_millis(1_900),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test]
    async fn a_proof_of_work_goes_before_guesses_without_one() {
        let limit = attacked().await;
        let guesses = join_all((0..200).map(|_| limit.permit_lookup("a", || false)));
        tokio::select! {
            _ = guesses => panic!("the guesses were faster"),
            permitted = limit.permit_lookup("b", || true) => assert!(permitted),
        }
    }

    #[tokio::test]
    async fn a_code_that_was_right_before_needs_no_turn() {
        let limit = attacked().await;
        limit.remember_right("right".to_owned());
        let guesses = join_all((0..200).map(|_| limit.permit_lookup("a", || false)));
        let right = async {
            for _ in 0..100 {
                assert!(limit.permit_lookup("right", || false).await);
            }
        };
        tokio::select! {
            _ = guesses => panic!("the guesses were faster"),
            () = right => {}
        }
    }
}
