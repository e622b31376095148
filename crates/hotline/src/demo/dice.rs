//! Choices that look random and are the same in every run: a sequence of numbers that a seed determines.

/// A sequence of pseudo-random numbers (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// Creates the sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from `least` to `most`.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).unwrap_or(1).max(1);
        least + i64::try_from(self.next() % span).unwrap_or_default()
    }

    /// Returns `true` in `percent` of a hundred cases.
    pub fn happens(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// Returns one of the items; each is chosen with the same probability.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(items.len()).unwrap_or_default() - 1;
        items.get(usize::try_from(self.between(0, last.max(0))).unwrap_or_default())
    }

    /// Returns one of the items, chosen in proportion to its weight.
    pub fn weigh<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> i64) -> Option<&'a T> {
        let total: i64 = items.iter().map(&weight).sum();
        let mut left = self.between(1, total.max(1));
        items.iter().find(|item| {
            left -= weight(item);
            left <= 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_choices_and_weights_their_shares() {
        let choose = |seed| {
            let mut dice = Dice::new(seed);
            (0..1_000).map(|_| dice.between(0, 9)).collect::<Vec<_>>()
        };
        assert_eq!(choose(7), choose(7));
        assert_ne!(choose(7), choose(8));
        let mut dice = Dice::new(1);
        let heavy = (0..1_000)
            .filter(|_| dice.weigh(&[1, 9], |weight| *weight) == Some(&9))
            .count();
        assert!((850..950).contains(&heavy), "{heavy}");
    }
}
