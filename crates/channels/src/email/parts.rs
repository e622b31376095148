//! Converts the files of a mail into message parts.

use hotline_core::contact::message::{Content, Part, Remark};

use super::part_contents::MailFile;
use crate::{channel::Attachments, clean};

/// The largest number of files that become message parts. Further files are only kept in the raw message.
const MOST_PARTS: usize = 200;

/// Converts files into message parts. With `Attachments::Never`, records the size of each file instead of its bytes.
pub fn parts(files: Vec<MailFile>, attachments: Attachments, remarks: &mut Vec<Remark>) -> Vec<Part> {
    if files.iter().any(|file| file.media_type == "application/ms-tnef") {
        remarks.push(Remark::Tnef);
    }
    if files.iter().any(|file| file.encrypted) {
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
                Attachments::Never => Content::NotTaken(file.size),
                Attachments::OnRequest | Attachments::Always => Content::Here(file.bytes.to_vec()),
            },
        })
        .collect()
}
