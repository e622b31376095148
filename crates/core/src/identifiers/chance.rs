//! The one door to randomness.

use rand::RngExt;

/// `N` random bytes, fit for keys.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    rand::rng().random()
}

/// A factor between 0.8 and 1.2, so that what failed together does not come back together.
#[must_use]
pub fn jitter() -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    rand::rng().random_range(0.8..1.2)
}
