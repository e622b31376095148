//! How this installation identifies itself to push services (VAPID, RFC 8292): with a token that it signs for each request.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use ring::{
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use url::Url;

/// How long a token is valid. RFC 8292 permits at most a day.
const VALID: TimeDelta = TimeDelta::hours(1);

/// The key pair of this installation. Browsers get the public key, and accept only messages that are signed with the private one.
pub(super) struct VapidKey {
    pair: EcdsaKeyPair,
}

impl VapidKey {
    /// Creates a private key in the format PKCS #8.
    ///
    /// # Errors
    /// Fails if the operating system provides no randomness.
    pub(super) fn generate() -> Result<Vec<u8>, Unspecified> {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
        Ok(key.as_ref().to_vec())
    }

    /// Reads a private key that [`VapidKey::generate`] created.
    ///
    /// # Errors
    /// Fails for any other bytes.
    pub(super) fn read(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())?;
        Ok(Self { pair })
    }

    /// Returns the public key as browsers expect it.
    pub(super) fn public(&self) -> String {
        BASE64URL_NOPAD.encode(self.pair.public_key().as_ref())
    }

    /// Returns the header `Authorization` of a request to the push service at `endpoint`. `contact` is a URL under which the operator of
    /// the push service finds out who sends the messages.
    ///
    /// # Errors
    /// Fails if the operating system provides no randomness.
    pub(super) fn authorization(
        &self,
        endpoint: &Url,
        contact: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Unspecified> {
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": (now + VALID).timestamp(),
            "sub": contact,
        });
        let signed = format!(
            "{}.{}",
            encoded(&json!({ "typ": "JWT", "alg": "ES256" })),
            encoded(&claims)
        );
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes())?;
        let signature = BASE64URL_NOPAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

fn encoded(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}
