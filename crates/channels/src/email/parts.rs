//! What came with a mail.

use hotline_core::contact::message::{Content, Part, Remark};

use super::words::MailFile;
use crate::{channel::Attachments, clean};

/// Parts beyond which the rest is left to the raw message.
const MOST_PARTS: usize = 200;

/// The files of a mail, named; with their bytes unless the line takes none.
pub fn parts(files: Vec<MailFile>, attachments: Attachments, remarks: &mut Vec<Remark>) -> Vec<Part> {
    if files.iter().any(|file| file.media_type == "application/ms-tnef") {
        remarks.push(Remark::Tnef);
    }
    if files.iter().any(|file| file.closed) {
        remarks.push(Remark::Encrypted);
    }
    if files.len() > MOST_PARTS {
        remarks.push(Remark::PartsCut);
    }
    files
        .into_iter()
        .take(MOST_PARTS)
        .map(|file| Part {
            name: file.name.as_deref().and_then(clean::file_name),
            inline: file.inline,
            media_type: clean::media_type(&file.media_type),
            content: match attachments {
                Attachments::Never => Content::NotTaken(file.bytes.len() as u64),
                Attachments::OnRequest | Attachments::Always => Content::Here(file.bytes.to_vec()),
            },
        })
        .collect()
}
