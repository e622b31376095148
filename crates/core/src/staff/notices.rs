//! Notices to a member of staff about the own account: a mail after a change of what proves a log-in, and after an attempt that may be somebody
//! else's (ASVS 5.0, 6.3.5 and 6.3.7). A notice contains nothing about a contact.

use chrono::TimeDelta;

use crate::staff::audit::AuditAction;

/// A notice that strangers can cause is sent at most once within this time.
pub const AT_MOST_EVERY: TimeDelta = TimeDelta::hours(1);

/// From this number of refused log-ins with one name, within a minute or more, the account is notified.
pub const REFUSED_LOG_INS: u64 = 5;

/// What a notice is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum AccountNotice {
    /// The password was changed, or chosen with a one-time link.
    Password,
    /// An administrator made a one-time link for a new password, or set one at the command line.
    Reset,
    /// An authenticator app was set up or removed, or new recovery codes were made.
    Factors,
    /// A passkey was added or removed.
    Passkey,
    /// An administrator removed the second factors.
    FactorsReset,
    /// An identity at the identity provider was connected or disconnected.
    Identity,
    /// The role was changed.
    Role,
    /// The address for notices was changed. This notice goes to the earlier address.
    Address,
    /// A wrong code was typed after the right password, or a wrong password in a running session.
    WrongProof,
    /// Log-ins with wrong passwords were refused.
    RefusedLogIns,
    /// Somebody logged in on a device on which this account had never logged in.
    NewDevice,
}

crate::named!(AccountNotice);

/// Whose account an entry of the audit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concerned {
    /// The member of staff who acted.
    Actor,
    /// The account whose log-in name begins the object.
    Object,
}

impl AccountNotice {
    /// Returns whether somebody who cannot log in can cause this notice as often as they like. The others report what succeeded, so none of them
    /// may be left out.
    #[must_use]
    pub const fn is_repeated_by_strangers(self) -> bool {
        matches!(self, Self::RefusedLogIns | Self::WrongProof)
    }

    /// Returns the notice that follows an entry of the audit, and whose account it is about.
    #[must_use]
    pub const fn of(action: AuditAction) -> Option<(Self, Concerned)> {
        use AuditAction as A;
        let own = if matches!(action, A::ChangePassword | A::AcceptInvitation) {
            Self::Password
        } else if matches!(
            action,
            A::SetUpSecondFactor | A::RemoveSecondFactors | A::MakeRecoveryCodes
        ) {
            Self::Factors
        } else if matches!(action, A::AddPasskey | A::RemovePasskey) {
            Self::Passkey
        } else if matches!(action, A::ConnectIdentity | A::DisconnectIdentity) {
            Self::Identity
        } else if matches!(action, A::CodeRefused | A::PasswordRefused) {
            Self::WrongProof
        } else if matches!(action, A::StaffResetByLink | A::StaffReset) {
            return Some((Self::Reset, Concerned::Object));
        } else if matches!(action, A::StaffResetFactors) {
            return Some((Self::FactorsReset, Concerned::Object));
        } else if matches!(action, A::StaffDisconnectIdentity) {
            return Some((Self::Identity, Concerned::Object));
        } else if matches!(action, A::StaffRole) {
            return Some((Self::Role, Concerned::Object));
        } else {
            return None;
        };
        Some((own, Concerned::Actor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    #[test]
    fn every_notice_has_a_text_in_each_language() {
        for notice in AccountNotice::ALL {
            for language in Language::ALL {
                let key = format!("notice-{}", notice.as_str());
                assert_ne!(Locales.of(language).say(&key), key);
            }
        }
    }

    #[test]
    fn reading_contacts_notifies_nobody() {
        for action in [AuditAction::OpenContact, AuditAction::Search, AuditAction::LogIn] {
            assert_eq!(AccountNotice::of(action), None);
        }
    }
}
