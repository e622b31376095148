//! Rights, preferences, second factors and the identity provider of staff, and the actions that the audit records.

pub mod audit;
pub mod factors;
pub mod identity_proof;
pub mod identity_provider;
pub mod notices;
pub mod passkeys;
pub mod preferences;
pub mod push;
pub mod reading;
pub mod recovery;
pub mod rights;
pub mod totp;
