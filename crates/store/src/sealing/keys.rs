//! Sealing (encryption): the stored texts that people wrote can be read only with the master key. The master key is in a file
//! outside the database, or comes from the environment or a command.
//!
//! Every contact and every raw message has its own data key, which is stored encrypted ("wrapped") with the master key. Deleting a data key
//! makes the content that it encrypts permanently unreadable. The database row remains, so the statistics still count it. Identifiers and
//! other values that must be found again are stored as keyed hashes. Values are encrypted with XChaCha20-Poly1305 and random nonces; keys
//! and hashes are computed with HKDF and HMAC, both with SHA-256. Each sealed value is bound to its place, that is, to its record and
//! field. It cannot be decrypted at any other place.

use std::fmt;

use anyhow::{Context, ensure};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use hotline_core::{
    abuse_material::FileHash,
    identifiers::{chance, receipt::ReceiptCode, reference::Reference, token::ThreadToken},
};
use ring::signature::Ed25519KeyPair;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{
    error::StoreError,
    sealing::master_key::{KeySource, MasterKey, make_key_file},
};

/// The first byte of every sealed value: the version of the format of sealed values.
const VERSION: u8 = 1;
const NONCE: usize = 24;
/// The place of the sealed lasting keys.
const LASTING_PLACE: &str = "lasting keys";

/// The keys derived from the master key, one for each purpose.
#[derive(ZeroizeOnDrop)]
pub struct Keys {
    wrapping: [u8; 32],
    /// The wrapping key of the master key that is being replaced.
    old_wrapping: Option<[u8; 32]>,
    lasting: LastingKeys,
}

/// The keys that stay the same when the master key is replaced, because what was computed with them is stored, or is known to people:
/// look-ups, thread tokens, receipt codes, old references and the audit.
#[derive(Clone, ZeroizeOnDrop)]
struct LastingKeys {
    looking_up: [u8; 32],
    tokens: [u8; 32],
    receipts: [u8; 32],
    references: [u8; 32],
    addresses: [u8; 32],
    audit: [u8; 32],
    audit_signing: [u8; 32],
}

/// By which master key a wrapped data key can be unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrappedBy {
    /// The present master key.
    Present,
    /// The master key that is being replaced.
    Old,
    /// Neither: the value is damaged, or belongs to another master key.
    Neither,
}

/// The key that seals the content of one contact, case, conversation or raw message.
#[derive(ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

/// Identifies a master key without revealing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; Fingerprint::LENGTH]);

impl Fingerprint {
    /// The number of bytes of a fingerprint. Two keys have the same one with a probability of 1 in 2⁶⁴.
    pub const LENGTH: usize = 8;

    /// Returns the fingerprint of a master key.
    ///
    /// # Errors
    /// Never fails in practice, because [`Keys::from_master`] does not.
    pub fn of(key: &MasterKey) -> anyhow::Result<Self> {
        Ok(Keys::from_master(key.expose())?.fingerprint())
    }

    fn of_wrapping_key(key: &[u8; 32]) -> Self {
        let mut text = Zeroizing::new(b"fingerprint of the master key, 1".to_vec());
        text.extend_from_slice(key);
        let hash: [u8; 32] = Sha256::digest(text.as_slice()).into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Self([a, b, c, d, e, f, g, h])
    }

    /// Returns a fingerprint that was read from paper.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the fingerprint.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 && index % 2 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl Keys {
    /// Reads the master key. Creates a file of the source, with mode 0600, if it does not exist and `may_make` is `true`.
    ///
    /// # Errors
    /// Fails if the file cannot be read or created, or is accessible to other users, or if the source contains no master key.
    pub fn load(source: &KeySource, may_make: bool) -> anyhow::Result<Self> {
        if let KeySource::File(path) = source
            && !path.exists()
        {
            let shown = path.display();
            ensure!(
                may_make,
                "The master key {shown} is missing, and the database is not empty: put the key back from where you keep it"
            );
            make_key_file(path).with_context(|| format!("Could not make the master key {shown}"))?;
        }
        Self::from_master(MasterKey::read(source)?.expose())
    }

    /// Derives the keys from a master key.
    ///
    /// # Errors
    /// Never fails in practice, because HKDF with SHA-256 fails only for a derived key longer than 8,160 bytes (RFC 5869), and these keys
    /// have 32 bytes.
    pub fn from_master(master: &[u8]) -> anyhow::Result<Self> {
        let hkdf = Hkdf::<Sha256>::new(Some(b"hotline"), master);
        let derive = |purpose: &str| {
            let mut key = [0; 32];
            hkdf.expand(purpose.as_bytes(), &mut key)
                .map_err(|_| anyhow::anyhow!("Could not derive a key"))?;
            anyhow::Ok(key)
        };
        Ok(Self {
            wrapping: derive("wrapping of data keys, 1")?,
            old_wrapping: None,
            lasting: LastingKeys {
                looking_up: derive("look-ups, 1")?,
                tokens: derive("thread tokens, 1")?,
                receipts: derive("receipt codes, 1")?,
                references: derive("references, 1")?,
                addresses: derive("words in addresses, 1")?,
                audit: derive("audit entries, 1")?,
                audit_signing: derive("signatures of the audit, 1")?,
            },
        })
    }

    /// Returns the keys of this master key together with those of the master key `old`, which it replaces. `sealed` contains the lasting
    /// keys, if the master key was replaced before. Returns `None` if neither master key opens `sealed`.
    pub(crate) fn replacing(&self, old: Option<&Self>, sealed: Option<&[u8]>) -> Option<Self> {
        let lasting = match sealed {
            None => old.unwrap_or(self).lasting.clone(),
            Some(sealed) => {
                let mine = open(&self.wrapping, LASTING_PLACE, sealed);
                let opened = mine.or_else(|error| {
                    let old = old.ok_or(error)?;
                    open(&old.wrapping, LASTING_PLACE, sealed)
                });
                LastingKeys::from_bytes(&opened.ok()?)?
            }
        };
        Some(Self {
            wrapping: self.wrapping,
            old_wrapping: old.map(|old| old.wrapping),
            lasting,
        })
    }

    /// Returns whether this master key alone opens the sealed lasting keys.
    pub(crate) fn opens_lasting(&self, sealed: &[u8]) -> bool {
        open(&self.wrapping, LASTING_PLACE, sealed).is_ok()
    }

    /// Seals the lasting keys with this master key.
    pub(crate) fn seal_lasting(&self) -> Result<Vec<u8>, StoreError> {
        seal(&self.wrapping, LASTING_PLACE, &self.lasting.to_bytes())
    }

    /// Returns the fingerprint of the master key: a hash of a key that is derived from it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_wrapping_key(&self.wrapping)
    }

    /// Returns the fingerprint of the master key that is being replaced. `None`: none is being replaced.
    pub(crate) fn old_fingerprint(&self) -> Option<Fingerprint> {
        self.old_wrapping.as_ref().map(Fingerprint::of_wrapping_key)
    }

    /// Returns whether both come from the same master key.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.wrapping == other.wrapping
    }

    /// Returns whether a master key is being replaced.
    pub(crate) const fn is_replacing(&self) -> bool {
        self.old_wrapping.is_some()
    }

    /// Returns by which master key a data key was wrapped.
    pub(crate) fn wrapped_by(&self, place: &str, wrapped: &[u8]) -> WrappedBy {
        if open(&self.wrapping, place, wrapped).is_ok() {
            return WrappedBy::Present;
        }
        match &self.old_wrapping {
            Some(old) if open(old, place, wrapped).is_ok() => WrappedBy::Old,
            Some(_) | None => WrappedBy::Neither,
        }
    }

    /// Wraps a data key with the present master key. Returns `None` if it already is, or if no master key unwraps it.
    pub(crate) fn wrapped_anew(&self, place: &str, wrapped: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.wrapped_by(place, wrapped) {
            WrappedBy::Old => {
                let key = self.data_key(place, wrapped)?;
                seal(&self.wrapping, place, &key.0).map(Some)
            }
            WrappedBy::Present | WrappedBy::Neither => Ok(None),
        }
    }

    /// Creates a random data key. Returns the key and its wrapped (encrypted) form. The wrapped form can be unwrapped only with the same
    /// `place`, a text that names the record.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub fn new_data_key(&self, place: &str) -> Result<(DataKey, Vec<u8>), StoreError> {
        let key = DataKey(chance::bytes());
        let wrapped = seal(&self.wrapping, place, &key.0)?;
        Ok((key, wrapped))
    }

    /// Unwraps (decrypts) a data key that was wrapped for `place`.
    ///
    /// # Errors
    /// Fails if the data key was wrapped with another master key, was wrapped for another place, or is damaged.
    pub fn data_key(&self, place: &str, wrapped: &[u8]) -> Result<DataKey, StoreError> {
        let key = open(&self.wrapping, place, wrapped).or_else(|error| {
            let old = self.old_wrapping.as_ref().ok_or(error)?;
            open(old, place, wrapped)
        })?;
        key.try_into()
            .map(DataKey)
            .map_err(|_| StoreError::Sealed("A data key"))
    }

    /// Encrypts search words for use in a URL, so that only this service can read the words. Search words may be the names of people, and
    /// browsers keep a history of URLs.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub fn encrypt_for_url(&self, words: &str) -> Result<String, StoreError> {
        let sealed = seal(&self.lasting.addresses, "address", words.as_bytes())?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(&sealed))
    }

    /// Decrypts the result of [`Keys::encrypt_for_url`]. Returns `None` for any other text.
    #[must_use]
    pub fn decrypt_from_url(&self, hidden: &str) -> Option<String> {
        let sealed = data_encoding::BASE64URL_NOPAD.decode(hidden.as_bytes()).ok()?;
        String::from_utf8(open(&self.lasting.addresses, "address", &sealed).ok()?).ok()
    }

    /// Encrypts a short text that outlives a replacement of the master key without being encrypted again.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub(crate) fn seal_lasting_text(&self, place: &str, text: &str) -> Result<String, StoreError> {
        let sealed = seal(&self.lasting.addresses, place, text.as_bytes())?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(&sealed))
    }

    /// Decrypts the result of [`Keys::seal_lasting_text`] for the same place. Returns `None` for any other text.
    pub(crate) fn open_lasting_text(&self, place: &str, sealed: &str) -> Option<String> {
        let sealed = data_encoding::BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        String::from_utf8(open(&self.lasting.addresses, place, &sealed).ok()?).ok()
    }

    /// Returns the keyed hash under which `value` is stored and looked up. Equal values of different kinds, such as an identifier and a
    /// receipt code, have different hashes.
    #[must_use]
    pub fn lookup(&self, kind: &str, value: &str) -> Vec<u8> {
        mac(&self.lasting.looking_up, &[kind.as_bytes(), value.as_bytes()]).to_vec()
    }

    /// Returns the thread token of a contact. The headers of outgoing e-mails contain the token, so that the e-mails that answer them are
    /// matched to the contact.
    #[must_use]
    pub fn thread_token(&self, contact: Uuid) -> ThreadToken {
        ThreadToken::from_secret(&mac(&self.lasting.tokens, &[contact.as_bytes()]))
    }

    /// Returns the receipt code of the message with this external id. With this code, the person can read the replies.
    #[must_use]
    pub fn receipt_code(&self, line: &str, external_id: &str) -> ReceiptCode {
        ReceiptCode::from_secret(&mac(
            &self.lasting.receipts,
            &[line.as_bytes(), external_id.as_bytes()],
        ))
    }

    /// Returns the keyed hash of what an audit entry states. Without the master key, nobody can write an entry that passes verification.
    #[must_use]
    pub fn audit_mac(&self, statement: &[u8]) -> Vec<u8> {
        mac(&self.lasting.audit, &[statement]).to_vec()
    }

    /// Returns the keyed hash by which equal files are found. A thief of the database cannot tell from it which files are stored.
    #[must_use]
    pub fn file_lookup(&self, hash: &FileHash) -> Vec<u8> {
        self.lookup("file", &data_encoding::HEXLOWER.encode(hash))
    }

    /// Returns the key pair that signs the audit (Ed25519, RFC 8032).
    ///
    /// # Errors
    /// Never fails in practice, because every text of 32 bytes is the seed of a key pair.
    pub fn audit_signer(&self) -> Result<Ed25519KeyPair, StoreError> {
        Ed25519KeyPair::from_seed_unchecked(&self.lasting.audit_signing)
            .map_err(|_| StoreError::Sealed("The key of the audit"))
    }

    /// Returns the keyed hash of a receipt code. The hash is stored instead of the code.
    #[must_use]
    pub fn receipt_mark(&self, code: &ReceiptCode) -> String {
        data_encoding::HEXLOWER.encode(&self.lookup("receipt code", code.expose()))
    }

    /// Draws a random reference (the number by which people and staff name a contact). A counter would repeat references after a backup is
    /// restored, because the database then does not contain the references that were given out since the backup. Random references
    /// practically never repeat. The references that [`Keys::reference`] computed for old messages are never drawn.
    #[must_use]
    pub fn draw_reference(&self) -> Reference {
        const COUNTED: u64 = Reference::COUNT / 8;
        let drawn = u64::from_be_bytes(chance::bytes()) % (Reference::COUNT - COUNTED);
        self.reference(COUNTED + drawn)
    }

    /// Computes the reference of an old raw message from its journal id `sequence`. The computation is a keyed permutation: four Feistel
    /// rounds over 36 bits, repeated until the result fits into 35 bits. Different ids therefore have different references.
    #[must_use]
    pub fn reference(&self, sequence: u64) -> Reference {
        let mut value = sequence & (Reference::COUNT - 1);
        loop {
            value = self.permute(value);
            if value < Reference::COUNT {
                return Reference::from_number(value);
            }
        }
    }

    fn permute(&self, value: u64) -> u64 {
        const HALF: u64 = (1 << 18) - 1;
        let (mut left, mut right) = (value >> 18 & HALF, value & HALF);
        for round in 0..4u8 {
            let hash = mac(&self.lasting.references, &[&[round], &right.to_be_bytes()]);
            let mixed = hash
                .iter()
                .take(8)
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            (left, right) = (right, left ^ (mixed & HALF));
        }
        left << 18 | right
    }
}

impl LastingKeys {
    /// The keys one after another. The order never changes.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let all = [
            &self.looking_up,
            &self.tokens,
            &self.receipts,
            &self.references,
            &self.addresses,
            &self.audit,
            &self.audit_signing,
        ];
        Zeroizing::new(all.into_iter().flatten().copied().collect())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (keys, rest) = bytes.as_chunks::<32>();
        match (keys, rest) {
            (
                [
                    looking_up,
                    tokens,
                    receipts,
                    references,
                    addresses,
                    audit,
                    audit_signing,
                ],
                [],
            ) => Some(Self {
                looking_up: *looking_up,
                tokens: *tokens,
                receipts: *receipts,
                references: *references,
                addresses: *addresses,
                audit: *audit,
                audit_signing: *audit_signing,
            }),
            _ => None,
        }
    }
}

impl DataKey {
    /// Encrypts `plain` and binds the result to a place (a record and a field), such as `contact|<id>|card`.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal(&self.0, place, plain)
    }

    /// Decrypts a value that was sealed for this place.
    ///
    /// # Errors
    /// Fails if the value was sealed with another key, was sealed for another place, or is damaged.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        open(&self.0, place, sealed)
    }
}

fn seal(key: &[u8; 32], place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE] = chance::bytes();
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let payload = Payload {
        msg: plain,
        aad: place.as_bytes(),
    };
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| StoreError::Sealed("Something new"))?;
    let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

fn open(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let failed = || StoreError::Sealed("A sealed value");
    let (&version, rest) = sealed.split_first().ok_or_else(failed)?;
    let (nonce, msg) = rest.split_first_chunk::<NONCE>().ok_or_else(failed)?;
    if version != VERSION {
        return Err(failed());
    }
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    cipher
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg,
                aad: place.as_bytes(),
            },
        )
        .map_err(|_| failed())
}

/// Computes HMAC-SHA-256 over byte strings, each prefixed with its length. Different lists of byte strings therefore never result in the
/// same HMAC input.
fn mac(key: &[u8; 32], pieces: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64]; // HMAC pads the key with zeros to the 64-byte block of SHA-256 (RFC 2104).
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    for piece in pieces {
        mac.update(&(piece.len() as u64).to_be_bytes());
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs};

    use super::*;

    fn keys() -> Keys {
        Keys::from_master(&[7; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_and_nowhere_else() {
        let (key, wrapped) = keys().new_data_key("contact|1").unwrap();
        let sealed = key.seal("contact|1|card", b"ana@example.org").unwrap();
        assert_eq!(
            keys()
                .data_key("contact|1", &wrapped)
                .unwrap()
                .open("contact|1|card", &sealed)
                .unwrap(),
            b"ana@example.org"
        );
        assert!(key.open("contact|2|card", &sealed).is_err());
        assert!(keys().data_key("contact|2", &wrapped).is_err());
        assert!(
            Keys::from_master(&[8; 32])
                .unwrap()
                .data_key("contact|1", &wrapped)
                .is_err()
        );
        assert!(key.open("contact|1|card", &sealed[..20]).is_err());
    }

    #[test]
    fn a_replaced_master_key_opens_nothing_and_what_lasts_stays() {
        let (first, second) = (keys(), Keys::from_master(&[8; 32]).unwrap());
        let (_, wrapped) = first.new_data_key("contact|1").unwrap();
        let both = second.replacing(Some(&first), None).unwrap();
        assert_eq!(both.wrapped_by("contact|1", &wrapped), WrappedBy::Old);
        assert_eq!(both.lookup("a", "b"), first.lookup("a", "b"));
        let again = both.wrapped_anew("contact|1", &wrapped).unwrap().unwrap();
        assert_eq!(both.wrapped_anew("contact|1", &again).unwrap(), None);
        let lasting = both.seal_lasting().unwrap();
        assert!(!first.opens_lasting(&lasting));
        let alone = second.replacing(None, Some(&lasting)).unwrap();
        assert_eq!(alone.wrapped_by("contact|1", &again), WrappedBy::Present);
        assert_eq!(alone.wrapped_by("contact|1", &wrapped), WrappedBy::Neither);
        assert_eq!(alone.reference(5), first.reference(5));
        assert!(first.data_key("contact|1", &again).is_err());
        assert!(first.replacing(None, Some(&lasting)).is_none());
        // A third master key replaces the second.
        let third = Keys::from_master(&[9; 32]).unwrap();
        let both = third.replacing(Some(&second), Some(&lasting)).unwrap();
        assert_eq!(both.lookup("a", "b"), first.lookup("a", "b"));
        assert_eq!(both.wrapped_by("contact|1", &again), WrappedBy::Old);
    }

    #[test]
    fn words_in_an_address_are_readable_to_us_alone() {
        let hidden = keys().encrypt_for_url("Петар из 7б").unwrap();
        assert!(
            hidden
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
        assert_eq!(keys().decrypt_from_url(&hidden).as_deref(), Some("Петар из 7б"));
        assert_eq!(
            Keys::from_master(&[8; 32]).unwrap().decrypt_from_url(&hidden),
            None
        );
        assert_eq!(keys().decrypt_from_url("anything"), None);
    }

    #[test]
    fn drawn_references_are_none_that_were_counted() {
        let keys = keys();
        let counted: HashSet<_> = (1..=20_000).map(|sequence| keys.reference(sequence)).collect();
        let drawn: HashSet<_> = (0..20_000).map(|_| keys.draw_reference()).collect();
        assert!(counted.is_disjoint(&drawn));
        assert!(
            drawn.len() >= 19_998,
            "one pair in 150 runs is expected: {}",
            drawn.len()
        );
    }

    #[test]
    fn references_never_repeat_and_show_no_order() {
        let keys = keys();
        let references: Vec<_> = (1..=20_000)
            .map(|sequence| keys.reference(sequence).number())
            .collect();
        assert_eq!(references.iter().collect::<HashSet<_>>().len(), references.len());
        let rising = references.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((9_000..11_000).contains(&rising), "{rising} of 20,000 rise");
    }

    #[test]
    fn a_fingerprint_tells_keys_apart_and_stays_the_same() {
        assert_eq!(keys().fingerprint(), keys().fingerprint());
        let other = Keys::from_master(&[8; 32]).unwrap();
        assert_ne!(keys().fingerprint(), other.fingerprint());
        let shown = keys().fingerprint().to_string();
        assert_eq!((shown.len(), shown.matches('-').count()), (19, 3), "{shown}");
        let both = other.replacing(Some(&keys()), None).unwrap();
        assert_eq!(both.fingerprint(), other.fingerprint(), "the present key");
    }

    #[test]
    fn a_master_key_is_made_once_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("hotline-key-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("master.key");
        let source = KeySource::File(path.clone());
        assert!(
            Keys::load(&source, false).is_err(),
            "not made behind the back of a full database"
        );
        let first = Keys::load(&source, true).unwrap();
        let again = Keys::load(&source, true).unwrap();
        assert_eq!(first.lookup("a", "b"), again.lookup("a", "b"));
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            Keys::load(&source, false).is_err(),
            "a key that others may read is refused"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
