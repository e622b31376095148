//! Splits a mail into a tree of MIME parts (RFC 2046), in the way that mail programs do. A boundary counts only if it fills a whole line.
//! The boundary of an outer multipart also ends all multiparts inside it. A multipart that can't be split is treated as text.

use std::{borrow::Cow, cell::Cell};

use bytes::Bytes;
use mail_parser::{HeaderName, MessageParser, MessagePart, MimeHeaders};

use super::{
    removed_files::{self, RemovedFile, RemovedFrom},
    repair, smime,
    transfer_encoding::Transfer,
};
use crate::channel::Attachments;

/// The deepest nesting of parts. A part at this level is not split further.
const DEEPEST: usize = 250;
/// The mails inside a mail are decoded until they have this many times its size, and [`FREELY_EXPANDED`] bytes beyond.
const MOST_EXPANDED: usize = 8;
/// The bytes of mails inside mails that are decoded whatever the size of the mail.
const FREELY_EXPANDED: usize = 1 << 20;
/// The largest number of parts in one multipart.
const MOST_PARTS: usize = 2_000;

/// One part of a mail, or the whole mail.
pub struct Part {
    /// The head (header section).
    pub head: MessagePart<'static>,
    /// The media type in lower case.
    pub media_type: String,
    /// The body, still in its transfer encoding.
    pub body: Bytes,
    /// The contents.
    pub inside: Inside,
    /// The bytes of the part: its head as it was sent, and its body.
    pub source: Bytes,
    /// The files that were removed before the mail was stored. Empty on a line that keeps files.
    pub removed: Vec<RemovedFile>,
}

/// The contents of a part.
pub enum Inside {
    /// Text or a file.
    Leaf,
    /// Other parts.
    Parts {
        /// The text before the first part and after the last part.
        around: Bytes,
        /// The parts in order.
        parts: Vec<Part>,
        /// Whether bytes were left out because there were more than `MOST_PARTS` parts.
        left_out: bool,
    },
    /// A forwarded mail, as a part with its own head.
    Mail(Box<Part>),
    /// The signed content, extracted from an opaque S/MIME signature (RFC 8551).
    Signed(Box<Part>),
}

/// Splits a repaired mail into its parts. With `Attachments::Never`, also reads which files were removed from it.
pub fn read(mail: &Bytes, attachments: Attachments) -> Part {
    let reading = Reading {
        attachments,
        left: Cell::new(
            mail.len()
                .saturating_mul(MOST_EXPANDED)
                .saturating_add(FREELY_EXPANDED),
        ),
    };
    part(mail, 0, false, &reading)
}

/// How a mail is read.
struct Reading {
    attachments: Attachments,
    /// The number of bytes of mails inside mails that may still be decoded. Each level keeps its own copy in memory.
    left: Cell<usize>,
}

impl Reading {
    /// Takes bytes from those that may be decoded. Returns `false` if too few are left.
    fn take(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        if let Some(left) = left {
            self.left.set(left);
        }
        left.is_some()
    }
}

fn part(bytes: &Bytes, depth: usize, in_digest: bool, reading: &Reading) -> Part {
    let (head, start) = repair::head_and_body(bytes);
    let removed = match reading.attachments {
        Attachments::Never => removed_files::read(&head),
        Attachments::OnRequest | Attachments::Always => Vec::new(),
    };
    let head = MessageParser::default()
        .parse_headers(head.as_ref())
        .and_then(|mail| mail.parts.into_iter().next())
        .map(MessagePart::into_owned)
        .unwrap_or_default();
    let body = bytes.slice(start.min(bytes.len())..);
    let media_type = media_type(&head, in_digest);
    let mut part = Part {
        head,
        media_type,
        body,
        inside: Inside::Leaf,
        source: bytes.clone(),
        removed,
    };
    if depth < DEEPEST {
        part.inside = part.read_inside(depth + 1, reading);
    }
    part
}

impl Part {
    fn read_inside(&self, depth: usize, reading: &Reading) -> Inside {
        if self.media_type.starts_with("multipart") {
            return self.split(depth, reading).unwrap_or(Inside::Leaf);
        }
        if ["message/rfc822", "message/global", "message/news"].contains(&self.media_type.as_str()) {
            if !reading.take(self.body.len()) {
                return Inside::Leaf;
            }
            let mut mail = self.decoded();
            if mail.trim_ascii().is_empty() {
                return Inside::Leaf;
            }
            if let Cow::Owned(repaired) = repair::repaired(&mail) {
                mail = repaired;
            }
            let mail = part(&Bytes::from(mail), depth, false, reading);
            return Inside::Mail(Box::new(mail));
        }
        if smime::may_be_smime(&self.media_type, self.name().as_deref()) {
            if !reading.take(self.body.len()) {
                return Inside::Leaf;
            }
            let decoded = self.decoded();
            // If the signature was removed, the body is the content that was signed.
            let inner = smime::signed_content(&decoded)
                .or_else(|| self.size_before_removal().is_some().then_some(decoded));
            return inner.map_or(Inside::Leaf, |inner| {
                let inner = part(&Bytes::from(inner), depth, false, reading);
                Inside::Signed(Box::new(inner))
            });
        }
        Inside::Leaf
    }

    /// Splits a multipart into its parts. Returns `None` if the boundary never occurs.
    fn split(&self, depth: usize, reading: &Reading) -> Option<Inside> {
        let named = self
            .parameter("boundary")
            .map(|boundary| boundary.as_bytes().to_vec());
        let lines = named
            .map(|boundary| delimiters(&self.body, boundary.trim_ascii_end()))
            .filter(|lines| !lines.is_empty())
            .or_else(|| guessed_boundary(&self.body).map(|boundary| delimiters(&self.body, &boundary)))?;
        let mut parts = Vec::new();
        let mut around = Vec::new();
        around.extend_from_slice(self.between(0, lines.first()?.start));
        let ends = lines
            .iter()
            .skip(1)
            .map(|line| line.start)
            .chain([self.body.len()]);
        for (line, end) in lines.iter().zip(ends).take(MOST_PARTS) {
            if line.closes {
                around.extend_from_slice(b"\n");
                around.extend_from_slice(self.between(line.end, end));
                continue;
            }
            let piece = self.body.slice_ref(self.between(line.end, end));
            let in_digest = self.media_type == "multipart/digest";
            parts.push(part(&piece, depth, in_digest, reading));
        }
        let left_out = lines.get(MOST_PARTS).is_some_and(|line| {
            let after = self.body.get(line.end..).unwrap_or_default();
            !line.closes || !after.trim_ascii().is_empty()
        });
        Some(Inside::Parts {
            around: Bytes::from(around),
            parts,
            left_out,
        })
    }

    /// Returns the head as it was sent, with the blank line after it.
    pub fn head_source(&self) -> &[u8] {
        let length = self.source.len().saturating_sub(self.body.len());
        self.source.get(..length).unwrap_or_default()
    }

    /// Returns the file that was the body of the part before it was removed. A record of it counts only if the body has no file: it must be
    /// empty or a text.
    pub fn removed_body(&self) -> Option<&RemovedFile> {
        let is_empty = self.body.trim_ascii().is_empty();
        let is_text = !self
            .body
            .iter()
            .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
        self.removed.iter().find(|file| match file.place {
            RemovedFrom::Body { .. } => is_empty,
            // The program writes such a text without an encoding.
            RemovedFrom::BeforeText { .. } => !is_empty && is_text && self.transfer() == Transfer::Identity,
            RemovedFrom::Inside | RemovedFrom::Text(_) => false,
        })
    }

    /// Returns the size that the decoded part had before a piece of it was removed.
    pub fn size_before_removal(&self) -> Option<u64> {
        self.removed.iter().find_map(|file| match file.place {
            RemovedFrom::Inside => Some(file.size),
            RemovedFrom::Body { .. } | RemovedFrom::BeforeText { .. } | RemovedFrom::Text(_) => None,
        })
    }

    /// Returns the bytes between two boundaries. Leaves out the last line break, which belongs to the second boundary.
    fn between(&self, start: usize, end: usize) -> &[u8] {
        let piece = self.body.get(start..end).unwrap_or_default();
        if end == self.body.len() {
            return piece;
        }
        let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
        piece.strip_suffix(b"\r").unwrap_or(piece)
    }

    pub fn transfer(&self) -> Transfer {
        Transfer::named(self.head.content_transfer_encoding().unwrap_or_default())
    }

    /// Returns the body without its transfer encoding.
    pub fn decoded(&self) -> Vec<u8> {
        self.transfer().decode(&self.body).bytes.into_owned()
    }

    /// Returns a parameter of the media type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.head.content_type()?.attribute(name)
    }

    /// Returns the file name that the sender gave the part.
    pub fn name(&self) -> Option<String> {
        self.head.attachment_name().map(str::to_owned)
    }

    /// Returns whether the sender marked the part as an attachment.
    pub fn is_attachment(&self) -> bool {
        let disposition = self.head.content_disposition();
        disposition.is_some_and(mail_parser::ContentType::is_attachment)
    }

    /// Returns whether the sender asked for the part to be shown inside the text.
    pub fn is_inline(&self) -> bool {
        let disposition = self.head.content_disposition();
        disposition.is_some_and(mail_parser::ContentType::is_inline)
    }

    /// Returns whether the head declares a media type.
    pub fn is_labelled(&self) -> bool {
        self.head
            .headers
            .iter()
            .any(|header| header.name == HeaderName::ContentType)
    }

    /// Returns the main part of a `multipart/related` (RFC 2387): the part whose Content-ID is in the parameter `start`. If there is no
    /// such part, returns the first part with the media type in the parameter `type`.
    pub fn root<'a>(&self, parts: &'a [Part]) -> Option<&'a Part> {
        let bare = |id: &str| id.trim_matches(['<', '>', ' ']).to_owned();
        let start = self.parameter("start").map(bare);
        let by_id = parts
            .iter()
            .find(|part| start.is_some() && part.head.content_id().map(bare) == start);
        let kind = self.parameter("type").map(str::to_ascii_lowercase);
        by_id.or_else(|| parts.iter().find(|part| kind.as_ref() == Some(&part.media_type)))
    }
}

/// Returns the media type of a part. Completes an incomplete type, such as `text` or `html`, which some programs write. If the part
/// declares no type, the result is `message/rfc822` in a `multipart/digest` and `text/plain` elsewhere.
fn media_type(head: &MessagePart<'_>, in_digest: bool) -> String {
    let Some(kind) = head.content_type() else {
        return if in_digest { "message/rfc822" } else { "text/plain" }.to_owned();
    };
    let lawful = |text: &str| -> String {
        text.trim()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || ".+-_".contains(*c))
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let (main, sub) = (lawful(kind.ctype()), lawful(kind.subtype().unwrap_or_default()));
    match (main.as_str(), sub.as_str()) {
        ("text", "") | ("plain" | "ascii", _) | ("text", "text" | "txt" | "ascii") => "text/plain".to_owned(),
        ("html" | "htm", _) | ("text", "htm" | "xhtml") => "text/html".to_owned(),
        ("multipart", "") => "multipart/mixed".to_owned(),
        ("", _) | (_, "") => "application/octet-stream".to_owned(),
        _ => format!("{main}/{sub}"),
    }
}

/// A boundary line, with its offsets in the body.
struct Delimiter {
    start: usize,
    end: usize,
    closes: bool,
}

/// Finds the lines that consist of this boundary. If no part begins at these lines, lines in which text follows the boundary are accepted
/// as well.
fn delimiters(body: &[u8], boundary: &[u8]) -> Vec<Delimiter> {
    let find = |is: &dyn Fn(&[u8]) -> Option<bool>| -> Vec<Delimiter> {
        let mut at = 0;
        let lines = body.split_inclusive(|byte| *byte == b'\n').filter_map(|line| {
            let start = at;
            at += line.len();
            let after = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
            is(after.trim_ascii_end()).map(|closes| Delimiter {
                start,
                end: start + line.len(),
                closes,
            })
        });
        lines.collect()
    };
    if boundary.is_empty() {
        return Vec::new();
    }
    let exact = find(&|after| match after {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    });
    if exact.iter().any(|line| !line.closes) {
        return exact;
    }
    find(&|after| Some(after.starts_with(b"--")))
}

/// Guesses the boundary of a multipart if the declared boundary is missing or wrong. Takes the first line that begins with two dashes and
/// is followed by a `Content-` field.
fn guessed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').take(200).collect();
    lines.windows(2).find_map(|pair| {
        let [line, below] = pair else { return None };
        let boundary = line.trim_ascii_end().strip_prefix(b"--")?;
        let field = below.get(..8)?.eq_ignore_ascii_case(b"content-");
        (field && !boundary.is_empty()).then(|| boundary.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(part: &Part) -> String {
        match &part.inside {
            Inside::Leaf => format!("{}:{}", part.media_type, String::from_utf8_lossy(&part.body)),
            Inside::Parts { parts, .. } => {
                format!("[{}]", parts.iter().map(shape).collect::<Vec<_>>().join(" "))
            }
            Inside::Mail(mail) => format!("mail({})", shape(mail)),
            Inside::Signed(inner) => format!("signed({})", shape(inner)),
        }
    }

    fn read_text(mail: &str) -> String {
        let mail = Bytes::from(mail.replace('\n', "\r\n"));
        shape(&read(&mail, Attachments::OnRequest))
    }

    #[test]
    fn parts_are_cut_where_they_end() {
        let head = "Content-Type: multipart/mixed; boundary=b\n\n";
        for (body, cut) in [
            (
                "--b\n\nprvo\n--b\nContent-Type: image/png\n\nAA\n--b--\n",
                "[text/plain:prvo image/png:AA]",
            ),
            // In the middle of a line, the boundary has no effect.
            (
                "--b\n\nmoj ključ je --b i dalje\n--bb nije\n--b--\n",
                "[text/plain:moj ključ je --b i dalje\r\n--bb nije]",
            ),
            // The closing boundary is missing.
            ("--b\n\nprvo", "[text/plain:prvo]"),
            // Another part follows the closing boundary.
            (
                "--b\n\nprvo\n--b--\n--b\n\ndrugo\n--b--",
                "[text/plain:prvo text/plain:drugo]",
            ),
            // The blank line after the head of the part is missing.
            (
                "--b\nContent-Type: text/html\n<p>Zdravo</p>\n--b--",
                "[text/html:<p>Zdravo</p>]",
            ),
            // An attached mail that was truncated ends at the outer boundary.
            (
                "--b\nContent-Type: message/rfc822\n\nFrom: a@b.example\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nunutra\n--b\n\nposle\n--b--",
                "[mail([text/plain:unutra]) text/plain:posle]",
            ),
            // An inner multipart has no closing boundary.
            (
                "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ntekst\n--b\n\nposle\n--b--",
                "[[text/plain:tekst] text/plain:posle]",
            ),
        ] {
            assert_eq!(
                read_text(&format!("{head}{body}")),
                cut.replace("\\n", "\r\n"),
                "{body}"
            );
        }
    }

    #[test]
    fn a_wrong_boundary_is_found_by_what_follows_it() {
        for head in ["boundary=other", "boundary=\"\"", "x=y"] {
            assert_eq!(
                read_text(&format!(
                    "Content-Type: multipart/mixed; {head}\n\n--b\nContent-Type: text/plain\n\nprvo\n--b--"
                )),
                "[text/plain:prvo]"
            );
        }
        assert_eq!(
            read_text("Content-Type: multipart/mixed; boundary=x\n\nSamo tekst."),
            "multipart/mixed:Samo tekst."
        );
    }

    #[test]
    fn half_a_media_type_is_completed() {
        for (named, kind) in [
            ("text", "text/plain"),
            ("plain/text", "text/plain"),
            ("html", "text/html"),
            ("TEXT/HTML", "text/html"),
            ("text/plain charset=utf-8", "text/plain"),
            ("image", "application/octet-stream"),
            ("text/markdown", "text/markdown"),
        ] {
            let mail = Bytes::from(format!("Content-Type: {named}\r\n\r\nx"));
            assert_eq!(read(&mail, Attachments::OnRequest).media_type, kind);
        }
    }
}
