//! The head of the audit: the signed end of its chain. Copies of the head outside the database show whether the newest entries were cut off.

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::{db::store::Store, error::StoreError, sealing::keys::Keys, staff::audit::chain::ChainEnd};

/// The signed end of the chain. Anybody who knows the public key can check the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// The position of the last entry.
    pub position: i64,
    /// The hash of the last entry, in hexadecimal digits.
    pub hash: String,
    /// When the head was signed.
    pub at: DateTime<Utc>,
    /// The public key (Ed25519), in hexadecimal digits.
    pub key: String,
    /// The signature, in hexadecimal digits.
    pub signature: String,
}

impl AuditHead {
    fn signed_text(&self) -> String {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("hotline audit head\n{}\n{}\n{at}\n", self.position, self.hash)
    }
}

/// Returns the signature of the place where the chain begins.
pub(super) fn first_signed(keys: &Keys, position: i64, hash: &[u8]) -> Result<Vec<u8>, StoreError> {
    Ok(keys
        .audit_signer()?
        .sign(first_text(position, hash).as_bytes())
        .as_ref()
        .to_vec())
}

/// Returns whether the signature of the place where the chain begins is genuine.
pub(super) fn first_is_genuine(
    keys: &Keys,
    position: i64,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, StoreError> {
    let signer = keys.audit_signer()?;
    let key = UnparsedPublicKey::new(&ED25519, signer.public_key().as_ref());
    Ok(key
        .verify(first_text(position, hash).as_bytes(), signature)
        .is_ok())
}

fn first_text(position: i64, hash: &[u8]) -> String {
    format!("hotline audit start\n{position}\n{}\n", HEXLOWER.encode(hash))
}

impl Store {
    /// Signs the end of the chain.
    ///
    /// # Errors
    /// Never fails in practice, because the key pair is derived from the master key.
    pub fn sign_audit_head(&self, end: &ChainEnd) -> Result<AuditHead, StoreError> {
        let signer = self.keys.audit_signer()?;
        let mut head = AuditHead {
            position: end.position,
            hash: HEXLOWER.encode(&end.hash),
            at: self.clock.now(),
            key: HEXLOWER.encode(signer.public_key().as_ref()),
            signature: String::new(),
        };
        head.signature = HEXLOWER.encode(signer.sign(head.signed_text().as_bytes()).as_ref());
        Ok(head)
    }

    /// Returns whether this installation signed the head.
    ///
    /// # Errors
    /// Never fails in practice, because the key pair is derived from the master key.
    pub fn is_own_audit_head(&self, head: &AuditHead) -> Result<bool, StoreError> {
        let signer = self.keys.audit_signer()?;
        let key = UnparsedPublicKey::new(&ED25519, signer.public_key().as_ref());
        let signature = HEXLOWER.decode(head.signature.as_bytes()).unwrap_or_default();
        Ok(key.verify(head.signed_text().as_bytes(), &signature).is_ok())
    }
}
