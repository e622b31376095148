//! How a person who lost a password or a second factor proved who they are before the account was reset (ASVS 5.0, 6.4.4).

use serde::{Deserialize, Serialize};

/// How a person proved who they are. The audit records it with the reset.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IdentityProof {
    /// The person came in person.
    InPerson,
    /// Somebody who knows the voice called the number that the centre has on record.
    KnownVoice,
    /// Somebody who knows the face saw the person in a video call.
    VideoCall,
    /// Another administrator established who it is, in one of these ways.
    OtherAdministrator,
    /// No proof was needed: the account is new, and its owner has not logged in yet.
    NewAccount,
}

crate::named!(IdentityProof);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    #[test]
    fn every_proof_of_identity_has_a_text_in_each_language() {
        for proof in IdentityProof::ALL {
            for language in Language::ALL {
                let key = format!("identity-proof-{}", proof.as_str());
                assert_ne!(Locales.of(language).say(&key), key);
            }
        }
    }
}
