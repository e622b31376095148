//! Passkeys (Web Authentication, <https://www.w3.org/TR/webauthn-3/>): registering one, and proving a log-in with one.
//!
//! A passkey is a key pair in a device of a member of staff. The device signs a challenge of the service only after its owner has unlocked
//! it with a PIN, a fingerprint or the face, and only for the address of the desk. A passkey therefore proves two factors, and a copy of the
//! desk at another address cannot use its answer.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        DiscoverableAuthentication, DiscoverableKey, Passkey as Credential, PasskeyAuthentication,
        PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, WebauthnError,
    },
};

/// The longest answer of a device that is read, in bytes. Answers have about 1,000 bytes.
const LONGEST_ANSWER: usize = 16 << 10;

/// Why an answer of a device proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The text is no answer of a device, or no state of a ceremony.
    #[error("the text cannot be read: {0}")]
    Text(#[from] serde_json::Error),
    /// The text is longer than any answer.
    #[error("the answer is too long")]
    TooLong,
    /// The answer belongs to another challenge, address or key, or its signature is wrong.
    #[error("the answer is refused: {0}")]
    Refused(#[from] WebauthnError),
}

/// The service as devices know it: by the domain name of the desk.
pub struct RelyingParty(Webauthn);

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.0.get_allowed_origins().iter().map(Url::as_str);
        f.debug_list().entries(origins).finish()
    }
}

/// The public half of a passkey, and what is known about its device.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Passkey(Credential);

/// A challenge for a device.
pub struct PasskeyChallenge {
    /// The options as JSON, which browsers read with `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: String,
    /// What the service needs to check the answer.
    pub state: String,
}

impl Passkey {
    /// Returns the id that the device gave to the passkey.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.0.cred_id().as_ref()
    }
}

impl RelyingParty {
    /// Creates the relying party for the address of the desk. Returns `None` if browsers permit no passkeys there: the host must be a domain
    /// name, and reached by HTTPS or on this machine.
    #[must_use]
    pub fn new(address: &str, centre: &str) -> Option<Self> {
        let address = Url::parse(address).ok()?;
        let Some(Host::Domain(domain)) = address.host() else {
            return None;
        };
        if address.scheme() != "https" && domain != "localhost" && !domain.ends_with(".localhost") {
            return None;
        }
        let builder = WebauthnBuilder::new(domain, &address).ok()?;
        builder.rp_name(centre).build().ok().map(Self)
    }

    /// Makes a challenge for a new passkey of an account. The device refuses it if it has one of the `present` passkeys.
    ///
    /// # Errors
    /// Fails if the name of the account is empty.
    pub fn begin_registration(
        &self,
        account: Uuid,
        login: &str,
        name: &str,
        present: &[Passkey],
    ) -> Result<PasskeyChallenge, PasskeyError> {
        let present = present.iter().map(|passkey| passkey.0.cred_id().clone());
        let (challenge, state) =
            self.0
                .start_passkey_registration(account, login, name, Some(present.collect()))?;
        let mut options = serde_json::to_value(&challenge.public_key)?;
        // A discoverable passkey can be used without a log-in name. Security keys with no room for one make another.
        if let Some(selection) = options
            .get_mut("authenticatorSelection")
            .and_then(|selection| selection.as_object_mut())
        {
            selection.insert("residentKey".to_owned(), "preferred".into());
        }
        Ok(PasskeyChallenge {
            options: options.to_string(),
            state: serde_json::to_string(&state)?,
        })
    }

    /// Reads the passkey from the answer of a device.
    ///
    /// # Errors
    /// Fails if the answer belongs to another challenge or address, or if the device did not verify its owner.
    pub fn finish_registration(&self, state: &str, answer: &str) -> Result<Passkey, PasskeyError> {
        let state: PasskeyRegistration = serde_json::from_str(state)?;
        let answer: RegisterPublicKeyCredential = read_answer(answer)?;
        Ok(Passkey(self.0.finish_passkey_registration(&answer, &state)?))
    }

    /// Makes a challenge for the passkeys of one account.
    ///
    /// # Errors
    /// Fails if there is no passkey.
    pub fn begin_proof(&self, passkeys: &[Passkey]) -> Result<PasskeyChallenge, PasskeyError> {
        let credentials: Vec<Credential> = passkeys.iter().map(|passkey| passkey.0.clone()).collect();
        let (challenge, state) = self.0.start_passkey_authentication(&credentials)?;
        Ok(PasskeyChallenge {
            options: serde_json::to_string(&challenge.public_key)?,
            state: serde_json::to_string(&state)?,
        })
    }

    /// Checks the answer to a challenge for the passkeys of one account. `passkeys` are its passkeys now. Returns the one that was used, with
    /// its new counter.
    ///
    /// # Errors
    /// Fails if the answer belongs to another challenge, address or passkey, if its signature is wrong, or if its counter shows that the
    /// passkey was copied.
    pub fn finish_proof(
        &self,
        state: &str,
        answer: &str,
        passkeys: &[Passkey],
    ) -> Result<Passkey, PasskeyError> {
        let state: PasskeyAuthentication = serde_json::from_str(state)?;
        let answer: PublicKeyCredential = read_answer(answer)?;
        let mut used = find(passkeys, &answer)?;
        let result = self.0.finish_passkey_authentication(&answer, &state)?;
        used.0.update_credential(&result);
        Ok(used)
    }

    /// Makes a challenge for a device that knows the account itself.
    ///
    /// # Errors
    /// Never fails in practice.
    pub fn begin_log_in(&self) -> Result<PasskeyChallenge, PasskeyError> {
        let (challenge, state) = self.0.start_discoverable_authentication()?;
        Ok(PasskeyChallenge {
            options: serde_json::to_string(&challenge.public_key)?,
            state: serde_json::to_string(&state)?,
        })
    }

    /// Returns the id of the account that an answer names. Nothing is proved yet.
    ///
    /// # Errors
    /// Fails if the answer names no account.
    pub fn account_of(&self, answer: &str) -> Result<Uuid, PasskeyError> {
        let answer: PublicKeyCredential = read_answer(answer)?;
        let (account, _) = self.0.identify_discoverable_authentication(&answer)?;
        Ok(account)
    }

    /// Checks the answer of a device that named the account itself. `passkeys` are those of that account. Returns the one that was used, with
    /// its new counter.
    ///
    /// # Errors
    /// As [`RelyingParty::finish_proof`].
    pub fn finish_log_in(
        &self,
        state: &str,
        answer: &str,
        passkeys: &[Passkey],
    ) -> Result<Passkey, PasskeyError> {
        let state: DiscoverableAuthentication = serde_json::from_str(state)?;
        let answer: PublicKeyCredential = read_answer(answer)?;
        let mut used = find(passkeys, &answer)?;
        let key = DiscoverableKey::from(&used.0);
        let result = self
            .0
            .finish_discoverable_authentication_v2(&answer, state, &key)?;
        used.0.update_credential(&result);
        Ok(used)
    }
}

fn read_answer<T: DeserializeOwned>(answer: &str) -> Result<T, PasskeyError> {
    if answer.len() > LONGEST_ANSWER {
        return Err(PasskeyError::TooLong);
    }
    Ok(serde_json::from_str(answer)?)
}

fn find(passkeys: &[Passkey], answer: &PublicKeyCredential) -> Result<Passkey, PasskeyError> {
    let found = passkeys
        .iter()
        .find(|passkey| passkey.id() == answer.get_credential_id());
    Ok(found.cloned().ok_or(WebauthnError::CredentialNotFound)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_domain_name_and_https() {
        for (address, is_possible) in [
            ("https://desk.example.org", true),
            ("https://desk.example.org:8443/", true),
            ("http://localhost:8080", true),
            ("http://desk.example.org", false),
            ("http://127.0.0.1:8080", false),
            ("https://192.0.2.7", false),
            ("https://[2001:db8::1]", false),
            ("", false),
        ] {
            let found = RelyingParty::new(address, "Centre");
            assert_eq!(found.is_some(), is_possible, "{address}");
        }
    }

    #[test]
    fn a_challenge_asks_for_the_owner_and_excludes_no_device() {
        let party = RelyingParty::new("https://desk.example.org", "Centre").unwrap();
        let account = Uuid::from_u128(1);
        let challenge = party.begin_registration(account, "ana", "Ana Anić", &[]).unwrap();
        let options: serde_json::Value = serde_json::from_str(&challenge.options).unwrap();
        assert_eq!(options["rp"]["id"], "desk.example.org");
        assert_eq!(options["rp"]["name"], "Centre");
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(selection["residentKey"], "preferred");
        assert!(selection.get("authenticatorAttachment").is_none());
        assert_eq!(options["attestation"], "none");
        let request = party.begin_log_in().unwrap();
        let request: serde_json::Value = serde_json::from_str(&request.options).unwrap();
        assert_eq!(request["userVerification"], "required");
        assert_eq!(request["allowCredentials"], serde_json::json!([]));
    }

    #[test]
    fn no_text_that_is_no_answer_proves_anything() {
        let party = RelyingParty::new("https://desk.example.org", "Centre").unwrap();
        let challenge = party.begin_log_in().unwrap();
        for answer in ["", "{}", "null", "[]", &"[".repeat(100_000), "{\"id\":\"\"}"] {
            assert!(party.account_of(answer).is_err());
            assert!(party.finish_log_in(&challenge.state, answer, &[]).is_err());
        }
    }
}
