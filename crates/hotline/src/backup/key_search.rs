//! Finding the master key in a text that is about to be copied into a backup.

use hotline_store::sealing::{keys::Fingerprint, master_key::MasterKey};
use zeroize::Zeroizing;

/// Returns whether a text contains the hexadecimal digits of a master key with one of these fingerprints.
///
/// # Errors
/// Never fails in practice, because a fingerprint can be computed of every key.
pub fn contains_key(text: &[u8], fingerprints: &[Fingerprint]) -> anyhow::Result<bool> {
    let words = text.split(|byte| !byte.is_ascii_hexdigit());
    for word in words.filter(|word| word.len() == 2 * MasterKey::LENGTH) {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(word)
            .map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| MasterKey::from_bytes(&bytes));
        if let Some(key) = key
            && fingerprints.contains(&Fingerprint::of(&key)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_key_is_found_in_a_text() {
        let key = MasterKey::from_bytes(&[7; 32]).unwrap();
        let fingerprint = Fingerprint::of(&key).unwrap();
        let other = Fingerprint::of(&MasterKey::from_bytes(&[9; 32]).unwrap()).unwrap();
        let digits = "07".repeat(32);
        let contains = |text: &str| contains_key(text.as_bytes(), &[other, fingerprint]).unwrap();
        assert!(contains(&format!("key_command = \"echo {digits}\"")));
        assert!(!contains(&"08".repeat(32)), "another key");
        assert!(!contains("[data]\nfolder = \"data\"\n"));
    }
}
