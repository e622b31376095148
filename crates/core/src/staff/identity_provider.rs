//! Log-in through an identity provider (`OpenID` Connect): the settings, and the identity that a provider vouches for.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{identifiers::private::Private, network::is_protected};

/// The `[identity_provider]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityProviderSettings {
    /// The issuer: the URL below which the provider publishes `/.well-known/openid-configuration`. Empty: there is no provider.
    pub issuer: String,
    /// The id under which the provider knows this service.
    pub client_id: String,
    /// The secret that the provider gave to this service. Without a secret, the service is a public client.
    #[serde(skip_serializing)]
    pub client_secret: Option<Private<String>>,
    /// A file with the secret.
    pub client_secret_file: Option<PathBuf>,
    /// The name of the provider, as staff know it.
    pub name: String,
    /// The classes of authentication (`acr`) of which the provider must confirm one. Empty: any.
    pub acr: Vec<String>,
    /// Whether the provider proves a second factor, so that this service asks for none.
    pub proves_second_factor: bool,
    /// The type (`typ`) that the header of a log-out token must have.
    pub logout_type: LogOutTokenType,
    /// The fewest bits of an RSA key of the provider whose signatures count.
    pub smallest_rsa_bits: usize,
}

/// The type of log-out tokens that are accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogOutTokenType {
    /// `logout+jwt`, as Back-Channel Logout 1.0, section 2.4, recommends. Only log-out tokens have this type.
    #[default]
    #[serde(rename = "logout+jwt")]
    LogOut,
    /// `JWT` or no type, as some providers send it. A log-out token with the type `logout+jwt` is accepted, too.
    #[serde(rename = "jwt")]
    Any,
}

impl LogOutTokenType {
    /// Returns whether a log-out token may have this type in its header. Types are compared as RFC 7515, section 4.1.9, states: without
    /// regard to upper and lower case, and with `application/` added if there is no slash.
    #[must_use]
    pub fn permits(self, typ: Option<&str>) -> bool {
        let typ = typ.map(|typ| {
            let typ = typ.to_lowercase();
            typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
        });
        match (self, typ.as_deref()) {
            (Self::LogOut | Self::Any, Some("logout+jwt")) | (Self::Any, Some("jwt") | None) => true,
            (Self::LogOut | Self::Any, Some(_)) | (Self::LogOut, None) => false,
        }
    }
}

impl Default for IdentityProviderSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: None,
            client_secret_file: None,
            name: String::new(),
            acr: Vec::new(),
            proves_second_factor: false,
            // Most providers have no longer keys.
            smallest_rsa_bits: FEWEST_RSA_BITS,
            logout_type: LogOutTokenType::default(),
        }
    }
}

/// The fewest bits that `smallest_rsa_bits` can permit: 112 bits of security.
const FEWEST_RSA_BITS: usize = 2048;

/// A mistake in the `[identity_provider]` settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentityProvider {
    /// The issuer is no HTTPS URL, and not on this machine.
    #[error("`identity_provider.issuer` begins with https://")]
    Issuer,
    /// The id of this service is missing.
    #[error("Give `identity_provider.client_id`: the provider has it")]
    ClientId,
    /// Both the secret and its file are given.
    #[error("Give `identity_provider.client_secret` or `client_secret_file`, not both")]
    TwoSecrets,
    /// The provider proves a second factor, and nothing says how it states that.
    #[error(
        "`identity_provider.proves_second_factor` needs `acr`: the classes with which the provider states that a second factor was used"
    )]
    SecondFactor,
    /// RSA keys with too few bits are permitted.
    #[error("`identity_provider.smallest_rsa_bits` is at least 2048")]
    SmallKeys,
}

impl IdentityProviderSettings {
    /// Returns whether there is a provider.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Returns the first mistake.
    pub fn check(&self) -> Result<(), InvalidIdentityProvider> {
        if !self.is_set() {
            return Ok(());
        }
        let issuer = Url::parse(&self.issuer);
        if !issuer.is_ok_and(|issuer| is_protected(&issuer)) {
            return Err(InvalidIdentityProvider::Issuer);
        }
        if self.client_id.trim().is_empty() {
            return Err(InvalidIdentityProvider::ClientId);
        }
        if self.client_secret.is_some() && self.client_secret_file.is_some() {
            return Err(InvalidIdentityProvider::TwoSecrets);
        }
        if self.proves_second_factor && self.acr.is_empty() {
            return Err(InvalidIdentityProvider::SecondFactor);
        }
        if self.smallest_rsa_bits < FEWEST_RSA_BITS {
            return Err(InvalidIdentityProvider::SmallKeys);
        }
        Ok(())
    }
}

/// Somebody for whom a provider vouches. Only the two together identify a person (`OpenID` Connect Core 1.0, section 5.7): names and
/// addresses can be given to somebody else.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderIdentity {
    /// The issuer.
    pub issuer: String,
    /// The subject: the identifier of the person at the issuer. It is never used twice.
    pub subject: String,
}

/// A log-out that a provider reported.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderLogOut {
    /// Who logged out.
    pub identity: ProviderIdentity,
    /// The id of the token (`jti`), which the issuer never uses twice.
    pub token_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_type_of_log_out_tokens_is_accepted_by_default() {
        let strict = LogOutTokenType::default();
        let permitted = |kind: LogOutTokenType| {
            let types = ["logout+jwt", "application/LogOut+JWT", "JWT", "at+jwt", ""];
            types.map(|typ| kind.permits(Some(typ)))
        };
        assert_eq!(permitted(strict), [true, true, false, false, false]);
        assert!(!strict.permits(None));
        assert_eq!(permitted(LogOutTokenType::Any), [true, true, true, false, false]);
        assert!(LogOutTokenType::Any.permits(None));
    }

    #[test]
    fn a_provider_is_reached_with_tls_or_on_this_machine() {
        for (issuer, checked) in [
            ("", Ok(())),
            ("https://login.example.org/realms/centre", Ok(())),
            ("http://127.0.0.1:3000", Ok(())),
            ("http://localhost/realm", Ok(())),
            (
                "http://localhost.example.org",
                Err(InvalidIdentityProvider::Issuer),
            ),
            ("http://login.example.org", Err(InvalidIdentityProvider::Issuer)),
            ("login.example.org", Err(InvalidIdentityProvider::Issuer)),
        ] {
            let settings = IdentityProviderSettings {
                issuer: issuer.to_owned(),
                client_id: "hotline".to_owned(),
                ..IdentityProviderSettings::default()
            };
            assert_eq!(settings.check(), checked, "{issuer}");
        }
    }

    #[test]
    fn a_second_factor_of_the_provider_needs_a_class() {
        let mut settings = IdentityProviderSettings {
            issuer: "https://login.example.org".to_owned(),
            client_id: "hotline".to_owned(),
            proves_second_factor: true,
            ..IdentityProviderSettings::default()
        };
        assert_eq!(settings.check(), Err(InvalidIdentityProvider::SecondFactor));
        settings.acr = vec!["mfa".to_owned()];
        assert_eq!(settings.check(), Ok(()));
        settings.client_id = " ".to_owned();
        assert_eq!(settings.check(), Err(InvalidIdentityProvider::ClientId));
    }

    #[test]
    fn no_setting_permits_rsa_keys_with_less_than_2048_bits() {
        for (bits, checked) in [
            (1024, Err(InvalidIdentityProvider::SmallKeys)),
            (2047, Err(InvalidIdentityProvider::SmallKeys)),
            (2048, Ok(())),
            (4096, Ok(())),
        ] {
            let settings = IdentityProviderSettings {
                issuer: "https://login.example.org".to_owned(),
                client_id: "hotline".to_owned(),
                smallest_rsa_bits: bits,
                ..IdentityProviderSettings::default()
            };
            assert_eq!(settings.check(), checked, "{bits}");
        }
    }
}
