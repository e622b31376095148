//! What came with a mail.

use hotline_core::message::{Content, Part, Remark};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use crate::{channel::Attachments, clean};

/// Parts beyond which the rest is left to the raw message.
const MOST_PARTS: usize = 200;

/// The parts of a mail, named; with their bytes unless the line takes none.
pub fn parts(mail: &Message<'_>, attachments: Attachments, remarks: &mut Vec<Remark>) -> Vec<Part> {
    let mut parts = Vec::new();
    for part in mail.attachments() {
        if parts.len() == MOST_PARTS {
            remarks.push(Remark::PartsCut);
            break;
        }
        let media_type = media_type(part);
        if media_type == "application/ms-tnef" && !remarks.contains(&Remark::Tnef) {
            remarks.push(Remark::Tnef);
        }
        if media_type == "application/pgp-encrypted" || media_type == "application/pkcs7-mime" {
            remarks.push(Remark::Encrypted);
        }
        let bytes = match &part.body {
            PartType::Text(text) | PartType::Html(text) => text.as_bytes().to_vec(),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
            PartType::Message(message) => message.raw_message().to_vec(),
            PartType::Multipart(_) => continue,
        };
        let content = match attachments {
            Attachments::Never => Content::NotTaken(bytes.len() as u64),
            Attachments::OnRequest | Attachments::Always => Content::Here(bytes),
        };
        parts.push(Part {
            name: part.attachment_name().and_then(clean::file_name),
            inline: part
                .content_disposition()
                .is_some_and(mail_parser::ContentType::is_inline)
                || matches!(part.body, PartType::InlineBinary(_)),
            media_type,
            content,
        });
    }
    parts
}

fn media_type(part: &MessagePart<'_>) -> String {
    let Some(kind) = part.content_type() else {
        return match part.body {
            PartType::Message(_) => "message/rfc822".to_owned(),
            PartType::Text(_) => "text/plain".to_owned(),
            PartType::Html(_) => "text/html".to_owned(),
            PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => {
                "application/octet-stream".to_owned()
            }
        };
    };
    clean::media_type(&format!(
        "{}/{}",
        kind.ctype(),
        kind.subtype().unwrap_or("octet-stream")
    ))
}
