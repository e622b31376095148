//! The places of sealed (encrypted) values. A place is a text that names the record and the field to which a sealed value belongs. The
//! cipher authenticates the place as associated data. A sealed value that was copied to another record or field therefore cannot be
//! decrypted there.

use hotline_core::identifiers::line_name::LineName;
use uuid::Uuid;

pub(crate) fn contact_place(id: Uuid) -> String {
    format!("contact|{id}|key")
}

pub(crate) fn contact_content_place(id: Uuid) -> String {
    format!("contact|{id}|card")
}

pub(crate) fn message_content_place(id: Uuid) -> String {
    format!("message|{id}|body")
}

pub(crate) fn version_place(id: Uuid) -> String {
    format!("version|{id}|body")
}

pub(crate) fn draft_place(staff: Uuid, contact: Uuid) -> String {
    format!("draft|{staff}|{contact}")
}

pub(crate) fn reason_place(id: Uuid) -> String {
    format!("outbox|{id}|said")
}

pub(crate) fn attachment_place(id: Uuid, what: &str) -> String {
    format!("attachment|{id}|{what}")
}

pub(crate) fn raw_place(external_hash: &[u8]) -> String {
    format!("journal|{}", data_encoding::HEXLOWER.encode(external_hash))
}

pub(crate) fn conversation_place(hash: &[u8]) -> String {
    format!("conversation|{}", data_encoding::HEXLOWER.encode(hash))
}

pub(crate) fn push_device_place(session_hash: &[u8]) -> String {
    format!("push device|{}", data_encoding::HEXLOWER.encode(session_hash))
}

/// The place of the data key of a case.
pub(crate) fn case_key_place(id: Uuid) -> String {
    format!("case|{id}|key")
}

/// The place of the key pair of this installation for push services.
pub(crate) const PUSH_KEY_PLACE: &str = "push key";

pub(crate) fn totp_place(staff: Uuid) -> String {
    format!("totp|{staff}")
}

/// The place of the address to which notices about an account go.
pub(crate) fn notice_address_place(staff: Uuid) -> String {
    format!("notice address|{staff}")
}

/// The place of the secret that a page offers until a code confirms it. It belongs to one session.
pub(crate) fn totp_offer_place(session_hash: &[u8]) -> String {
    format!("totp offer|{}", data_encoding::HEXLOWER.encode(session_hash))
}

/// The place of the state of a challenge for a passkey. `purpose` names what it is for, and the session to which it belongs.
pub(crate) fn passkey_challenge_place(purpose: &str) -> String {
    format!("passkey challenge|{purpose}")
}

pub(crate) fn line_settings_place(line: &LineName, version: i64) -> String {
    format!("line|{line}|{version}")
}
