//! Downloads and previews of raw messages and attachments. Each access is recorded in the audit log before the file is sent.

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use hotline_core::{contact::file_type::is_misnamed, staff::audit::AuditAction};
use hotline_store::{contacts::attachments::Bytes, staff::accounts::StaffMember};
use uuid::Uuid;

use crate::{
    contact::open::parse_reference,
    http::{access::Who, errors::PageError},
    state::{Desk, ScanResult},
};

/// The largest attachment that the contact's page displays, in bytes. Larger files can only be downloaded.
pub(crate) const LARGEST_SHOWN: i64 = 25 * 1024 * 1024;

pub(crate) async fn download_source(
    State(desk): State<Desk>,
    Who(me): Who,
    Path((reference, id)): Path<(String, Uuid)>,
) -> Result<Response, PageError> {
    let reference = parse_reference(&reference)?;
    // A raw message contains the identity of the person, and nothing in it can be masked.
    if !desk.store.is_identity_open(&me, reference).await? {
        return Err(PageError::Masked);
    }
    desk.store
        .audit(Some(&me), AuditAction::Source, &format!("{reference} {id}"))
        .await?;
    let bytes = desk
        .store
        .source(reference, id)
        .await?
        .ok_or(PageError::NotFound)?;
    refuse_malware(&desk, &me, &format!("{reference} {id}"), &bytes).await?;
    Ok(download(bytes, &format!("{reference}.txt")))
}

pub(crate) async fn download_attachment(
    State(desk): State<Desk>,
    Who(me): Who,
    Path((reference, id)): Path<(String, Uuid)>,
) -> Result<Response, PageError> {
    let found = load_attachment(&desk, &me, AuditAction::Attachment, &reference, id).await?;
    // These formats contain addresses and names, as raw messages do.
    let is_about_people = [
        "message/rfc822",
        "application/ms-tnef",
        "application/vnd.ms-tnef",
        "text/vcard",
        "text/x-vcard",
    ]
    .contains(&found.media_type.to_ascii_lowercase().as_str());
    if is_about_people
        && !desk
            .store
            .is_identity_open(&me, parse_reference(&reference)?)
            .await?
    {
        return Err(PageError::Masked);
    }
    let is_misnamed = is_misnamed(found.name.as_deref(), &found.media_type, &found.bytes);
    let masker = desk.store.masker_for(&me, parse_reference(&reference)?).await?;
    let name = found.name.map(|name| masker.mask(&name));
    let mut name = name.unwrap_or_else(|| format!("{reference}.bin"));
    if is_misnamed && !name.ends_with(".bin") {
        // No program opens such a file by its extension.
        name.push_str(".bin");
    }
    Ok(download(found.bytes, &name))
}

/// Writes an audit entry, and then loads and scans an attachment of a contact. If the entry cannot be written, the attachment is not loaded.
async fn load_attachment(
    desk: &Desk,
    me: &StaffMember,
    action: AuditAction,
    reference: &str,
    id: Uuid,
) -> Result<Bytes, PageError> {
    let reference = parse_reference(reference)?;
    let object = format!("{reference} {id}");
    desk.store.audit(Some(me), action, &object).await?;
    let found = desk.store.attachment(reference, id).await?;
    let found = found.ok_or(PageError::NotFound)?;
    refuse_malware(desk, me, &object, &found.bytes).await?;
    Ok(found)
}

/// Scans a file, if the settings name a scanner, and audits what is found. `object` names the file in the audit.
///
/// # Errors
/// Fails if the scanner finds malware, or cannot examine the file.
pub(crate) async fn refuse_malware(
    desk: &Desk,
    me: &StaffMember,
    object: &str,
    bytes: &[u8],
) -> Result<(), PageError> {
    let Some(scanner) = &desk.program.scanner else {
        return Ok(());
    };
    match scanner.scan(bytes).await {
        Ok(ScanResult::Clean) => Ok(()),
        Ok(ScanResult::Malware(name)) => {
            desk.store
                .audit(Some(me), AuditAction::MalwareFound, &format!("{object} {name}"))
                .await?;
            Err(PageError::Malware(name))
        }
        Err(error) => {
            tracing::error!(
                error,
                "A file could not be scanned for malware, and was not opened"
            );
            Err(PageError::NotScanned)
        }
    }
}

/// Returns the bytes of an untrusted file as a download. A neutral media type and a content security policy prevent the browser from
/// running scripts.
fn download(bytes: Vec<u8>, name: &str) -> Response {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = name.bytes().map(percent).collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    let disposition = HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let saved = [(header::CONTENT_DISPOSITION, disposition)];
    (saved, harmless("application/octet-stream"), bytes).into_response()
}

/// Returns response headers. They set the media type `kind` and prevent the browser from guessing another media type or running scripts.
const fn harmless(kind: &'static str) -> [(HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, kind),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}

/// Percent-encodes a byte of a file name (RFC 8187).
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Sends an image, audio or video file for display on the contact's page. The page blurs the file until the reader uncovers it. The media
/// type is detected from the first bytes of the file. The media type that the sender declared is ignored. No type in [`PREVIEWED`] can
/// contain scripts. A picture is encoded again, so that its metadata, such as a place, does not reach the reader; audio and video are sent as
/// they arrived.
pub(crate) async fn preview(
    State(desk): State<Desk>,
    Who(me): Who,
    Path((reference, id)): Path<(String, Uuid)>,
) -> Result<Response, PageError> {
    let found = load_attachment(&desk, &me, AuditAction::Look, &reference, id).await?;
    let kind = infer::get(&found.bytes).map(|kind| kind.mime_type());
    let kind = kind
        .filter(|kind| PREVIEWED.contains(kind))
        .ok_or(PageError::NotFound)?;
    let (kind, bytes) = if kind.starts_with("image/") {
        let cleaned = desk.program.pictures.clean(found.bytes).await;
        let cleaned = cleaned.ok_or(PageError::NotFound)?;
        (
            if cleaned.starts_with(b"\x89PNG") {
                "image/png"
            } else {
                "image/jpeg"
            },
            cleaned,
        )
    } else {
        (kind, found.bytes)
    };
    let kept_nowhere = [(header::CACHE_CONTROL, "no-store")];
    Ok((kept_nowhere, harmless(kind), bytes).into_response())
}

/// Media types that a page may display.
const PREVIEWED: [&str; 12] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/mpeg",
    "audio/ogg",
    "audio/m4a",
    "audio/x-wav",
    "audio/aac",
    "video/mp4",
    "video/webm",
    "video/quicktime",
];
