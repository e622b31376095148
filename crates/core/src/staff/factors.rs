//! Second factors of staff accounts: which roles need one, what a log-in still lacks, and how typed codes are read.
//!
//! A member of staff proves a log-in with a password and, if the account has a second factor, with a code of an authenticator app
//! (TOTP, RFC 6238), a passkey or a recovery code. A passkey proves a log-in also without a password.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    named,
    staff::{recovery::RecoveryCode, rights::Role},
};

/// The `[accounts]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// The roles that need a second factor to log in. Other members of staff may set one up.
    pub second_factor: Vec<Role>,
    /// The log-in names that may still log in with a password if there is an identity provider, for the time when it cannot be reached.
    /// Empty: everybody may.
    pub break_glass: Vec<String>,
    /// Which contacts counsellors may read.
    pub counsellors_see: CounsellorsSee,
    /// The mail line that sends notices about accounts to members of staff who gave an address. `None`: no notices are sent.
    pub notices_line: Option<String>,
    /// A file with the hashes of breached passwords, in the format of the downloadable Pwned Passwords list. These
    /// passwords are refused as new passwords. `None`: new passwords are not compared with breached ones.
    pub breached_passwords: Option<PathBuf>,
}

/// Which contacts counsellors may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounsellorsSee {
    /// All contacts. Each look is in the audit.
    #[default]
    All,
    /// Own contacts, those of the own team, open ones that are free or in immediate danger, and those on offer.
    OwnTeam,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            second_factor: vec![
                Role::Supervisor,
                Role::Manager,
                Role::Administrator,
                Role::Auditor,
            ],
            break_glass: Vec::new(),
            counsellors_see: CounsellorsSee::All,
            notices_line: None,
            breached_passwords: None,
        }
    }
}

impl AccountSettings {
    /// Returns whether members of staff with this role need a second factor.
    #[must_use]
    pub fn needs_factor(&self, role: Role) -> bool {
        self.second_factor.contains(&role)
    }

    /// Returns whether the account with this log-in name may log in with a password.
    #[must_use]
    pub fn may_use_password(&self, login: &str) -> bool {
        self.break_glass.is_empty()
            || self
                .break_glass
                .iter()
                .any(|name| name.eq_ignore_ascii_case(login))
    }
}

/// How the owner of an account proved the log-in with which a session began.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LogInProof {
    /// With the password alone.
    Password,
    /// With the password and a code of an authenticator app.
    Totp,
    /// With the password and a recovery code.
    RecoveryCode,
    /// With a passkey, alone or after the password.
    Passkey,
    /// At the identity provider, which did not prove a second factor.
    Provider,
    /// At the identity provider, which proved a second factor, too.
    ProviderWithFactor,
}

named!(LogInProof);

/// What a session still lacks before its owner can use the desk.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LogInStep {
    /// Nothing: the log-in is complete.
    Complete,
    /// A code of the account's second factor.
    Code,
    /// The role needs a second factor, and the account has none: the owner has to set one up.
    Enrol,
}

named!(LogInStep);

impl LogInStep {
    /// Returns what a log-in lacks after its first step, which was proved in this way.
    #[must_use]
    pub const fn after(proof: LogInProof, has_factor: bool, needs_factor: bool) -> Self {
        match proof {
            LogInProof::Password | LogInProof::Provider => Self::after_password(has_factor, needs_factor),
            LogInProof::Totp
            | LogInProof::RecoveryCode
            | LogInProof::Passkey
            | LogInProof::ProviderWithFactor => Self::Complete,
        }
    }

    /// Returns what a log-in lacks after its password was right.
    #[must_use]
    pub const fn after_password(has_factor: bool, needs_factor: bool) -> Self {
        match (has_factor, needs_factor) {
            (true, true | false) => Self::Code,
            (false, true) => Self::Enrol,
            (false, false) => Self::Complete,
        }
    }

    /// Returns what a session lacks now, if it lacked `self` when it began. A session that began with a password alone lacks a second
    /// factor as soon as its owner's role needs one, because the settings or the role changed.
    #[must_use]
    pub const fn in_session(self, proof: LogInProof, has_factor: bool, needs_factor: bool) -> Self {
        match (self, proof) {
            (Self::Complete, LogInProof::Password | LogInProof::Provider) if needs_factor => {
                Self::after_password(has_factor, needs_factor)
            }
            (
                Self::Complete,
                LogInProof::Password
                | LogInProof::Totp
                | LogInProof::RecoveryCode
                | LogInProof::Passkey
                | LogInProof::Provider
                | LogInProof::ProviderWithFactor,
            ) => Self::Complete,
            (Self::Code | Self::Enrol, _) => self,
        }
    }
}

/// A code that somebody typed to prove a second factor.
#[derive(Clone, PartialEq, Eq)]
pub enum TypedCode {
    /// Six digits of an authenticator app.
    Totp(String),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl TypedCode {
    /// Reads typed or pasted text. Spaces and hyphens are ignored. Returns `None` if the text has the shape of neither kind of code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if plain.len() == 6 && plain.chars().all(|c| c.is_ascii_digit()) {
            return Some(Self::Totp(plain));
        }
        RecoveryCode::parse(text).map(Self::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_every_role_but_counsellors_needs_a_factor() {
        let settings = AccountSettings::default();
        for role in Role::ALL {
            assert_eq!(
                settings.needs_factor(*role),
                *role != Role::Counsellor,
                "{role:?}"
            );
        }
    }

    #[test]
    fn a_password_completes_a_log_in_only_without_factor_and_need() {
        use LogInStep::{Code, Complete, Enrol};
        let steps = [(true, true), (true, false), (false, true), (false, false)];
        let steps = steps.map(|(has, needs)| LogInStep::after_password(has, needs));
        assert_eq!(steps, [Code, Code, Enrol, Complete]);
    }

    #[test]
    fn no_session_of_a_role_in_need_is_complete_by_password() {
        for step in LogInStep::ALL {
            for has in [true, false] {
                for proof in [LogInProof::Password, LogInProof::Provider] {
                    let now = step.in_session(proof, has, true);
                    assert_ne!(now, LogInStep::Complete, "{step:?}");
                }
            }
        }
    }

    #[test]
    fn a_half_log_in_stays_half_whatever_the_settings_say() {
        for step in [LogInStep::Code, LogInStep::Enrol] {
            for proof in LogInProof::ALL {
                for (has, needs) in [(true, true), (true, false), (false, true), (false, false)] {
                    assert_eq!(step.in_session(*proof, has, needs), step);
                }
            }
        }
    }

    #[test]
    fn a_log_in_with_a_second_factor_stays_complete() {
        for proof in [
            LogInProof::Totp,
            LogInProof::RecoveryCode,
            LogInProof::Passkey,
            LogInProof::ProviderWithFactor,
        ] {
            let now = LogInStep::Complete.in_session(proof, false, true);
            assert_eq!(now, LogInStep::Complete);
        }
    }

    #[test]
    fn six_digits_are_a_code_however_they_are_spaced() {
        for text in ["123456", " 123 456\n", "123-456"] {
            assert!(matches!(TypedCode::parse(text), Some(TypedCode::Totp(code)) if code == "123456"));
        }
        for text in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(TypedCode::parse(text).is_none(), "{text}");
        }
    }
}
