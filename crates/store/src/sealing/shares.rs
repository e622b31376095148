//! Shares of the master key (Shamir's secret sharing over GF(256)). A number of them, which is chosen when the key is split, gives the key;
//! fewer reveal nothing of it.

use anyhow::{Context, anyhow, ensure};
use hotline_core::identifiers::chance;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::sealing::{keys::Fingerprint, master_key::MasterKey};

/// The largest number of shares. A line on paper stores the numbers of a share in half bytes.
pub const MOST_SHARES: u8 = 16;

/// One share of a master key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyShare {
    /// The number of the share, from 1 on.
    pub number: u8,
    /// Which key was split, and how.
    pub splitting: Splitting,
    pub(super) value: Zeroizing<[u8; MasterKey::LENGTH]>,
}

/// What all shares of one splitting have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splitting {
    /// The number of shares that were made.
    pub count: u8,
    /// The number of shares that give the key.
    pub needed: u8,
    /// A random number. A key that is split twice has shares that do not fit together.
    pub id: [u8; 2],
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
}

/// Splits a master key into `count` shares, of which `needed` give the key.
///
/// # Errors
/// Fails unless 2 ≤ `needed` ≤ `count` ≤ 16.
pub fn split(key: &MasterKey, count: u8, needed: u8) -> anyhow::Result<Vec<KeyShare>> {
    ensure!(
        (2..=count).contains(&needed) && count <= MOST_SHARES,
        "A master key is split into 2 to {MOST_SHARES} shares, of which at least 2 and at most all are needed"
    );
    let splitting = Splitting {
        count,
        needed,
        id: chance::bytes(),
        fingerprint: Fingerprint::of(key)?,
    };
    let made = Gf256::split_bytes(
        usize::from(needed),
        usize::from(count),
        key.expose(),
        chance::generator(),
    );
    let made = made.map_err(|error| anyhow!("Could not split the master key: {error}"))?;
    let made: Vec<Zeroizing<Vec<u8>>> = made.into_iter().map(Zeroizing::new).collect();
    let shares = made.iter().map(|bytes| {
        let (number, value) = bytes.split_first()?;
        let value: [u8; MasterKey::LENGTH] = value.try_into().ok()?;
        Some(KeyShare {
            number: *number,
            splitting,
            value: Zeroizing::new(value),
        })
    });
    let shares: Option<Vec<KeyShare>> = shares.collect();
    shares.context("A share has another length than the master key")
}

/// Shares that are collected until they give the key.
#[derive(Default)]
pub struct CollectedShares(Vec<KeyShare>);

impl CollectedShares {
    /// Adds a share. A share that was added before changes nothing.
    ///
    /// # Errors
    /// Fails, and adds nothing, if the share does not fit to the others.
    pub fn add(&mut self, share: KeyShare) -> anyhow::Result<()> {
        if let Some(first) = self.0.first() {
            ensure!(
                share.splitting == first.splitting,
                "Share {} (key {}) and share {} (key {}) are not from the same splitting",
                share.number,
                share.splitting.fingerprint,
                first.number,
                first.splitting.fingerprint
            );
        }
        if let Some(same) = self.0.iter().find(|one| one.number == share.number) {
            ensure!(
                *same == share,
                "Share {} was given before, with other digits",
                share.number
            );
            return Ok(());
        }
        self.0.push(share);
        Ok(())
    }

    /// Returns how many further shares are needed. `None`: no share was added, so the number is unknown.
    #[must_use]
    pub fn missing(&self) -> Option<usize> {
        let first = self.0.first()?;
        Some(usize::from(first.splitting.needed).saturating_sub(self.0.len()))
    }

    /// Combines the shares into the key.
    ///
    /// # Errors
    /// Fails if there are too few shares, or if they give a key with another fingerprint than they name.
    pub fn combine(&self) -> anyhow::Result<MasterKey> {
        let first = self.0.first().context("There is no share")?;
        let (count, needed) = (self.0.len(), first.splitting.needed);
        ensure!(
            count >= usize::from(needed),
            "{needed} shares are needed, and {count} were given"
        );
        let shares = self.0.iter().map(|share| {
            let mut bytes = vec![share.number];
            bytes.extend_from_slice(share.value.as_slice());
            bytes
        });
        let mut shares: Vec<Vec<u8>> = shares.collect();
        let combined = Gf256::combine_bytes(&shares);
        for share in &mut shares {
            zeroize::Zeroize::zeroize(share);
        }
        let combined = combined.map_err(|error| anyhow!("Could not combine the shares: {error}"))?;
        let combined = Zeroizing::new(combined);
        let key = MasterKey::from_bytes(&combined).context("The shares give no master key")?;
        ensure!(
            Fingerprint::of(&key)? == first.splitting.fingerprint,
            "The shares do not give the master key with the fingerprint {}: one of them is forged",
            first.splitting.fingerprint
        );
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collected(shares: &[KeyShare]) -> CollectedShares {
        let mut collected = CollectedShares::default();
        for share in shares {
            collected.add(share.clone()).unwrap();
        }
        collected
    }

    proptest! {
        #[test]
        fn any_needed_shares_give_the_key_and_fewer_do_not(
            bytes in any::<[u8; 32]>(),
            (count, needed) in (2u8..=16).prop_flat_map(|count| (Just(count), 2..=count)),
            order in any::<[u8; 16]>(),
        ) {
            let key = MasterKey::from_bytes(&bytes).unwrap();
            let mut shares: Vec<(u8, KeyShare)> =
                order.into_iter().zip(split(&key, count, needed).unwrap()).collect();
            shares.sort_by_key(|(place, _)| *place);
            let shares: Vec<KeyShare> = shares.into_iter().map(|(_, share)| share).collect();
            prop_assert_eq!(shares.len(), usize::from(count));
            let needed = usize::from(needed);
            for given in [needed, shares.len()] {
                let combined = collected(&shares[..given]).combine();
                prop_assert!(combined.is_ok_and(|combined| combined == key));
            }
            let few = collected(&shares[..needed - 1]);
            prop_assert_eq!(few.missing(), Some(1));
            prop_assert!(few.combine().is_err());
            // Nor do they give it if they say that they suffice.
            let mut lying = shares[..needed - 1].to_vec();
            for share in &mut lying {
                share.splitting.needed = 1;
            }
            prop_assert!(collected(&lying).combine().is_err());
        }
    }

    #[test]
    fn a_share_of_another_splitting_or_with_other_digits_is_refused() {
        let key = MasterKey::draw();
        let shares = split(&key, 3, 2).unwrap();
        let mut collected = collected(&shares[..1]);
        let mut foreign = split(&key, 3, 2).unwrap().remove(1);
        foreign.splitting.id = shares[0].splitting.id.map(|byte| byte ^ 1);
        let refused = collected.add(foreign).unwrap_err().to_string();
        assert!(refused.contains("Share 2"), "{refused}");
        let mut forged = shares[0].clone();
        forged.value[5] ^= 1;
        assert!(collected.add(forged).is_err());
        collected.add(shares[0].clone()).unwrap();
        assert_eq!(collected.missing(), Some(1), "the same share counts once");
        let mut forged = shares[2].clone();
        forged.value[5] ^= 1;
        collected.add(forged).unwrap();
        assert!(
            collected.combine().is_err(),
            "no other key than the one that was split"
        );
    }

    #[test]
    fn only_splittings_that_protect_and_can_be_combined_are_made() {
        for (count, needed) in [(1, 1), (3, 1), (3, 0), (2, 3), (17, 2)] {
            assert!(
                split(&MasterKey::draw(), count, needed).is_err(),
                "{needed} of {count}"
            );
        }
    }
}
