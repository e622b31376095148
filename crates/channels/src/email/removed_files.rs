//! The header `X-Hotline-Removed`, which records the files that were removed from a part of a mail. With it, the parsed mail still lists
//! each file with its name, media type and size.
//!
//! A sender can write this header, too. It is read only on lines with `attachments = "never"`, and it never stands in for content that is
//! still there: it hides no text and keeps no file. Such a sender can only list a file that does not exist, or misstate the size of
//! an own file.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::repair;

/// The name of the header.
pub const HEADER: &str = "X-Hotline-Removed";
/// The largest number of such headers that are read in one part.
const MOST: usize = 1_000;
/// The longest name and media type that are written, in characters. What staff see of them is shorter.
const LONGEST: usize = 1_000;
/// The ASCII characters that are percent-encoded in a name or media type.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A file that was removed from a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedFile {
    /// The size of the file in bytes, without transfer encoding.
    pub size: u64,
    /// Where the file was.
    pub place: RemovedFrom,
}

/// The place in a part from which a file was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemovedFrom {
    /// The file was the body of the part, which is now empty.
    Body {
        /// The name in the uuencoded body; `None` if the body had none.
        name: Option<String>,
    },
    /// The file was followed by a text, which is now the body of the part.
    BeforeText {
        /// The name in the uuencoded body; `None` if the body had none.
        name: Option<String>,
    },
    /// Only a piece of the part was removed, and the part itself is listed as a file with this size. An example is a forwarded mail with a
    /// picture.
    Inside,
    /// The file was inside the text of the part.
    Text(EmbeddedFile),
}

/// The properties of a file that was inside a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedFile {
    pub name: Option<String>,
    pub media_type: String,
    pub inline: bool,
}

impl RemovedFile {
    /// Formats the header, with its line end.
    pub fn to_header(&self) -> String {
        let named = |name: &Option<String>| {
            name.as_deref()
                .map_or_else(String::new, |name| format!("; name={}", encoded(name)))
        };
        let place = match &self.place {
            RemovedFrom::Body { name } => named(name),
            RemovedFrom::BeforeText { name } => format!("; before-text{}", named(name)),
            RemovedFrom::Inside => "; inside".to_owned(),
            RemovedFrom::Text(file) => format!(
                "; from-text; type={}{}{}",
                encoded(&file.media_type),
                if file.inline { "; inline" } else { "" },
                named(&file.name)
            ),
        };
        format!("{HEADER}: {}{place}\r\n", self.size)
    }

    fn parse(value: &str) -> Option<Self> {
        let mut words = value.split(';').map(str::trim);
        let size = words.next()?.parse().ok()?;
        let (mut name, mut media_type, mut inline) = (None, String::new(), false);
        let (mut before_text, mut inside, mut from_text) = (false, false, false);
        for word in words {
            match word.split_once('=') {
                Some(("name", value)) => name = Some(decoded(value)),
                Some(("type", value)) => media_type = decoded(value),
                Some(_) => return None,
                None => match word {
                    "inline" => inline = true,
                    "before-text" => before_text = true,
                    "inside" => inside = true,
                    "from-text" => from_text = true,
                    _ => return None,
                },
            }
        }
        let place = match (before_text, inside, from_text) {
            (false, false, false) => RemovedFrom::Body { name },
            (true, false, false) => RemovedFrom::BeforeText { name },
            (false, true, false) => RemovedFrom::Inside,
            (false, false, true) => RemovedFrom::Text(EmbeddedFile {
                name,
                media_type,
                inline,
            }),
            _ => return None,
        };
        Some(Self { size, place })
    }
}

/// Reads these headers from the head of a part. Skips malformed ones.
pub fn read(head: &[u8]) -> Vec<RemovedFile> {
    repair::fields_of(head)
        .into_iter()
        .filter(|field| is_header(field))
        .filter_map(|field| {
            let (_, value) = std::str::from_utf8(field).ok()?.split_once(':')?;
            RemovedFile::parse(value.trim())
        })
        .take(MOST)
        .collect()
}

/// Returns whether a field of a head is this header.
pub fn is_header(field: &[u8]) -> bool {
    repair::field_name(field).is_some_and(|name| name.eq_ignore_ascii_case(HEADER.as_bytes()))
}

fn encoded(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).collect();
    utf8_percent_encode(&text, ENCODED).to_string()
}

fn decoded(text: &str) -> String {
    percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_file_reads_back() {
        let name = Some("slika; š=1\r\n.png".to_owned());
        for place in [
            RemovedFrom::Body { name: None },
            RemovedFrom::Body { name: name.clone() },
            RemovedFrom::BeforeText { name: name.clone() },
            RemovedFrom::Inside,
            RemovedFrom::Text(EmbeddedFile {
                name,
                media_type: "image/png".to_owned(),
                inline: true,
            }),
        ] {
            let file = RemovedFile { size: 70, place };
            assert_eq!(read(file.to_header().as_bytes()), [file]);
        }
    }

    #[test]
    fn a_malformed_header_is_skipped() {
        for value in ["", "-1", "many", "5; odd", "5; inside; from-text", "5; x=y"] {
            assert_eq!(read(format!("{HEADER}: {value}\r\n").as_bytes()), []);
        }
    }
}
