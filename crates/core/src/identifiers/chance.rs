//! The only source of random numbers in the program. Lints forbid every other source.

use rand::RngExt;

/// Returns `N` random bytes from a cryptographically secure generator.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    rand::rng().random()
}

/// Returns the cryptographically secure generator itself, for a library that draws its own random numbers.
#[must_use]
pub fn generator() -> impl rand::CryptoRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    rand::rng()
}

/// Returns a random factor between 0.8 and 1.2, by which a retry delay is multiplied. Jobs that failed at the same time are then retried at
/// different times.
#[must_use]
pub fn jitter() -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    rand::rng().random_range(0.8..1.2)
}
