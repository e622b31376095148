//! Writes a mail anew without the bytes of its files. Parts without files stay byte for byte. The head of a changed part keeps its fields,
//! except for its transfer encoding and, in a multipart, its boundary.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::{
    charset,
    contents::{
        MOST_UUENCODED, TextKind, has_only_text, html_charset, is_readable, is_shown_rest, kind_of,
        read_contents, without_uuencoded,
    },
    data_uri, html,
    removed_files::{self, EmbeddedFile, RemovedFile, RemovedFrom},
    repair, smime,
    transfer_encoding::{Transfer, uuencoded},
    tree::{Inside, Part},
};
use crate::clean;

/// The longest line of base64 (RFC 2045, section 6.8).
const BASE64_LINE: usize = 76;
/// A line with at least this many letters that consists of base64 only is removed from the text around the parts of a multipart. Words are
/// shorter.
const LONGEST_WORD: usize = 40;
/// The largest number of files that are listed in a mail that consists of its shown text.
const MOST_LISTED: usize = 200;
/// The media types of parts that state what happened to a message that we sent, or that contain its head.
const REPORTS: [&str; 7] = [
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
    "message/global-headers",
    "text/rfc822-headers",
];

/// The parts of a mail that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The texts that the parser shows, and the parts of delivery reports.
    ShownText,
    /// All parts that contain text, also attached ones.
    AllText,
}

/// Returns a mail without its files. Returns `None` if nothing has to be removed. `mail` is the tree of `raw`.
pub fn strip(raw: &[u8], mail: &Part, keep: Keep) -> Option<Vec<u8>> {
    changes(mail, keep).map(|changes| changes.apply(raw_head(raw, mail)))
}

/// Returns a mail with the fields of another one, its shown and folded text as plain text, and empty parts that list its files.
pub fn write_shown_text(raw: &[u8], mail: &Part) -> Vec<u8> {
    let shown = read_contents(mail, &mut Vec::new());
    let text = format!("{}\r\n\r\n{}", shown.text, shown.folded);
    let mut parts = vec![
        format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
            text.trim()
        )
        .into_bytes(),
    ];
    parts.extend(shown.files.iter().take(MOST_LISTED).map(|file| {
        let name = file.name.as_deref().and_then(clean::file_name);
        let name = name.map_or_else(String::new, |name| {
            format!(
                "; filename*=utf-8''{}",
                utf8_percent_encode(&name, NON_ALPHANUMERIC)
            )
        });
        let removed = RemovedFile {
            size: file.size,
            place: RemovedFrom::Body { name: None },
        };
        format!(
            "Content-Type: {}\r\nContent-Disposition: {}{name}\r\n{}\r\n",
            clean::media_type(&file.media_type),
            if file.inline { "inline" } else { "attachment" },
            removed.to_header()
        )
        .into_bytes()
    }));
    let boundary = boundary_for(b"", &parts);
    let mut out = Vec::new();
    for field in fields(raw_head(raw, mail)) {
        let name = repair::field_name(field).unwrap_or_default().to_ascii_lowercase();
        if !name.starts_with(b"content-") && !removed_files::is_header(field) {
            out.extend_from_slice(field);
        }
    }
    end_line(&mut out);
    out.extend_from_slice(
        format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n").as_bytes(),
    );
    out.extend_from_slice(&multipart_body(b"", &parts, boundary.as_bytes()));
    out
}

/// Returns the head of the raw mail. Takes the repaired head if the body was changed by the repair, too.
fn raw_head<'a>(raw: &'a [u8], mail: &'a Part) -> &'a [u8] {
    let body: &[u8] = &mail.body;
    raw.strip_suffix(body)
        .filter(|head| head.contains(&b'\n'))
        .unwrap_or_else(|| mail.head_source())
}

/// Returns the fields of a head without the blank line after them.
fn fields(head: &[u8]) -> Vec<&[u8]> {
    repair::fields_of(head.trim_ascii_end())
}

fn end_line(out: &mut Vec<u8>) {
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// The changes to a part.
struct Changes {
    body: Vec<u8>,
    /// The new transfer encoding; `None` keeps the old one.
    encoding: Option<&'static str>,
    /// The new boundary; `None` keeps the old one.
    boundary: Option<String>,
    /// The files that were removed. They replace the list in the head, because a sender may have written one.
    removed: Vec<RemovedFile>,
}

impl Changes {
    /// Returns the changed part. `head` is its head as it was sent.
    fn apply(self, head: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(head.len() + self.body.len() + 200);
        for field in fields(head) {
            let is =
                |name: &[u8]| repair::field_name(field).is_some_and(|found| found.eq_ignore_ascii_case(name));
            if removed_files::is_header(field)
                || (self.encoding.is_some() && is(b"content-transfer-encoding"))
            {
                continue;
            }
            match &self.boundary {
                Some(boundary) if is(b"content-type") => {
                    end_line(&mut out);
                    out.extend_from_slice(&with_boundary(field, boundary));
                }
                Some(_) | None => out.extend_from_slice(field),
            }
        }
        end_line(&mut out);
        if let Some(encoding) = self.encoding {
            out.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n").as_bytes());
        }
        for file in &self.removed {
            out.extend_from_slice(file.to_header().as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// Returns what changes in a part and in the parts inside it. Returns `None` if the part stays as it is.
fn changes(part: &Part, keep: Keep) -> Option<Changes> {
    match &part.inside {
        Inside::Leaf => leaf_changes(part, keep),
        Inside::Parts {
            around,
            parts,
            left_out,
        } => multipart_changes(part, around, parts, *left_out, keep),
        Inside::Mail(mail) => Some(container_changes(part, rewritten(mail, keep)?)),
        Inside::Signed(inner) => {
            let content = rewritten(inner, keep);
            // The signature and its certificates are removed, even if the signed content has no files.
            let is_signature = smime::signed_content(&part.decoded()).is_some();
            if content.is_none() && !is_signature {
                return None;
            }
            Some(container_changes(
                part,
                content.unwrap_or_else(|| inner.source.to_vec()),
            ))
        }
    }
}

fn rewritten(part: &Part, keep: Keep) -> Option<Vec<u8>> {
    changes(part, keep).map(|changes| changes.apply(part.head_source()))
}

/// Returns the changes to a part that contains one other part without transfer encoding.
fn container_changes(part: &Part, content: Vec<u8>) -> Changes {
    Changes {
        body: content,
        encoding: Some("8bit"),
        boundary: None,
        removed: vec![size_record(part, part.decoded().len())],
    }
}

/// Records the size of a part before a piece of it was removed.
fn size_record(part: &Part, length: usize) -> RemovedFile {
    RemovedFile {
        size: part.size_before_removal().unwrap_or(length as u64),
        place: RemovedFrom::Inside,
    }
}

fn multipart_changes(
    part: &Part,
    around: &[u8],
    parts: &[Part],
    left_out: bool,
    keep: Keep,
) -> Option<Changes> {
    let changed: Vec<Option<Vec<u8>>> = parts.iter().map(|part| rewritten(part, keep)).collect();
    let text = text_around(around);
    if !left_out && text.is_none() && changed.iter().all(Option::is_none) {
        return None;
    }
    let around = text.as_deref().unwrap_or(around);
    let contents: Vec<Cow<'_, [u8]>> = parts
        .iter()
        .zip(changed)
        .map(|(part, changed)| changed.map_or_else(|| Cow::Borrowed(&*part.source), Cow::Owned))
        .collect();
    let declared = part.parameter("boundary").filter(|boundary| {
        is_plain_boundary(boundary)
            && !has_line(around, boundary)
            && !contents.iter().any(|content| has_line(content, boundary))
    });
    let (boundary, new) = match declared {
        Some(declared) => (declared.to_owned(), None),
        None => {
            let new = boundary_for(around, &contents);
            (new.clone(), Some(new))
        }
    };
    Some(Changes {
        body: multipart_body(around, &contents, boundary.as_bytes()),
        encoding: None,
        boundary: new,
        removed: Vec::new(),
    })
}

/// Writes the body of a multipart. The text around the parts comes first, where the parser finds it, too.
fn multipart_body(around: &[u8], contents: &[impl AsRef<[u8]>], boundary: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let around = around.trim_ascii();
    if !around.is_empty() {
        out.extend_from_slice(around);
        out.extend_from_slice(b"\r\n");
    }
    for content in contents {
        out.extend_from_slice(b"--");
        out.extend_from_slice(boundary);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(content.as_ref());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--");
    out.extend_from_slice(boundary);
    out.extend_from_slice(b"--\r\n");
    out
}

/// Returns a boundary that does not occur in the contents or around them. It contains a hash of them, because no text can contain a hash of
/// itself. A counter would take long if a sender had written many numbered boundaries.
fn boundary_for(around: &[u8], contents: &[impl AsRef<[u8]>]) -> String {
    let mut hash = Sha256::new();
    hash.update(around);
    for content in contents {
        hash.update(content.as_ref());
    }
    let hash = data_encoding::HEXLOWER.encode(&hash.finalize());
    format!("hotline-{}", hash.get(..40).unwrap_or(&hash))
}

/// Returns whether a boundary consists only of the characters of RFC 2046, section 5.1.1, without the space.
fn is_plain_boundary(boundary: &str) -> bool {
    let lawful = |c: char| c.is_ascii_alphanumeric() || "'()+_,-./:=?".contains(c);
    (1..=70).contains(&boundary.len()) && boundary.chars().all(lawful)
}

/// Returns whether a line begins like a line with this boundary.
fn has_line(text: &[u8], boundary: &str) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        line.strip_prefix(b"--")
            .is_some_and(|line| line.starts_with(boundary.as_bytes()))
    })
}

/// Replaces the boundary in a `Content-Type` field. Keeps the other parameters.
fn with_boundary(field: &[u8], boundary: &str) -> Vec<u8> {
    let field = repair::repaired_head(field);
    let (mut quoted, mut escaped) = (false, false);
    let pieces = field.split(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' => return !quoted,
            _ => {}
        }
        false
    });
    let kept: Vec<&[u8]> = pieces
        .map(<[u8]>::trim_ascii_end)
        .filter(|piece| {
            let name = piece.trim_ascii_start().get(..8).unwrap_or_default();
            !piece.trim_ascii().is_empty() && !name.eq_ignore_ascii_case(b"boundary")
        })
        .collect();
    let mut out = kept.join(b";".as_slice());
    out.extend_from_slice(format!(";\r\n boundary=\"{boundary}\"\r\n").as_bytes());
    out
}

/// Removes uuencoded files and lines of base64 from the text around the parts of a multipart. Removes the whole text if it contains other
/// data. Returns `None` if nothing has to be removed.
fn text_around(around: &[u8]) -> Option<Vec<u8>> {
    let (text, files) = without_uuencoded(around);
    if !has_only_text(around) || files.len() >= MOST_UUENCODED {
        return Some(Vec::new());
    }
    let is_base64 = |line: &&[u8]| {
        let line = line.trim_ascii();
        let letters = line
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
            .count();
        let padding = line.iter().skip(letters).all(|byte| *byte == b'=');
        letters >= LONGEST_WORD && padding
    };
    let kept: Vec<&[u8]> = text
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !is_base64(line))
        .collect();
    let kept = kept.concat();
    (kept != around).then_some(kept)
}

fn leaf_changes(part: &Part, keep: Keep) -> Option<Changes> {
    if part.body.trim_ascii().is_empty() || part.removed_body().is_some() {
        return None;
    }
    let decoded = part.transfer().decode(&part.body);
    let bytes: &[u8] = &decoded.bytes;
    let rest = charset::decode(part.parameter("charset"), decoded.rest);
    let rest = is_shown_rest(&rest).then_some(decoded.rest);
    let kind = kind_of(part, bytes);
    let shown = !part.is_attachment();
    let is_text = match kind {
        TextKind::Plain | TextKind::Html | TextKind::Enriched | TextKind::Invitation => {
            shown || keep == Keep::AllText
        }
        TextKind::OtherText => keep == Keep::AllText || REPORTS.contains(&part.media_type.as_str()),
        TextKind::MailFile => keep == Keep::AllText && is_readable(bytes),
        TextKind::Rtf => false,
    };
    if !is_text {
        return Some(cleared(part, bytes, rest));
    }
    let cut = match kind {
        TextKind::Plain if shown => cut_uuencoded(bytes),
        TextKind::Html => cut_data(part, bytes, shown),
        TextKind::Invitation => cut_inline_attachments(bytes),
        TextKind::Plain | TextKind::Enriched | TextKind::OtherText | TextKind::MailFile | TextKind::Rtf => {
            None
        }
    };
    let cut = cut.or_else(|| {
        hides_bytes(part, bytes, decoded.rest, rest).then(|| CutText {
            text: bytes.to_vec(),
            files: Vec::new(),
        })
    })?;
    let mut text = cut.text;
    if let Some(rest) = rest {
        text.extend_from_slice(b"\r\n\r\n");
        text.extend_from_slice(rest);
    }
    let mut removed: Vec<RemovedFile> = part.removed.clone();
    removed.retain(|file| matches!(file.place, RemovedFrom::Text(_)));
    removed.extend(cut.files);
    removed.push(size_record(part, bytes.len()));
    let (body, encoding) = if text.contains(&0) {
        (base64(&text), "base64")
    } else {
        (text, "8bit")
    };
    Some(Changes {
        body,
        encoding: Some(encoding),
        boundary: None,
        removed,
    })
}

/// Returns whether the transfer encoding contains bytes that the parser ignores. Bytes of a file may be among them.
fn hides_bytes(part: &Part, bytes: &[u8], after: &[u8], rest: Option<&[u8]>) -> bool {
    let is_hidden = rest.is_none() && !after.trim_ascii().is_empty();
    let letters = part
        .body
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
        .count();
    part.transfer() == Transfer::Base64
        && bytes != &*part.body
        && (is_hidden || letters / 4 * 3 > bytes.len() + after.len() + 16)
}

/// Removes the body of a part. Keeps the text after its encoded data if this text is shown.
fn cleared(part: &Part, bytes: &[u8], rest: Option<&[u8]>) -> Changes {
    let name = uuencoded(&part.body)
        .filter(|_| part.transfer() == Transfer::Uuencode)
        .map(|file| charset::decode(None, &file.name));
    let size = part.size_before_removal().unwrap_or(bytes.len() as u64);
    let (body, encoding, place) = match rest {
        Some(rest) => (rest.to_vec(), Some("8bit"), RemovedFrom::BeforeText { name }),
        None => (Vec::new(), None, RemovedFrom::Body { name }),
    };
    Changes {
        body,
        encoding,
        boundary: None,
        removed: vec![RemovedFile { size, place }],
    }
}

/// A text from which files were cut out.
struct CutText {
    text: Vec<u8>,
    files: Vec<RemovedFile>,
}

fn cut_uuencoded(bytes: &[u8]) -> Option<CutText> {
    let (text, files) = without_uuencoded(bytes);
    let files: Vec<RemovedFile> = files
        .into_iter()
        .map(|file| RemovedFile {
            size: file.size,
            place: RemovedFrom::Text(EmbeddedFile {
                name: file.name,
                media_type: file.media_type,
                inline: file.inline,
            }),
        })
        .collect();
    (!files.is_empty()).then_some(CutText { text, files })
}

/// Cuts the `data:` URLs out of an HTML document. The document keeps its charset if possible. Otherwise it is written as UTF-8 with a byte
/// order mark, which takes precedence over the declared charset.
fn cut_data(part: &Part, bytes: &[u8], shown: bool) -> Option<CutText> {
    let document = charset::decode(html_charset(part, bytes).as_deref(), bytes);
    let (text, embedded) = data_uri::extract_files(&document);
    // In a charset that extends ASCII, the URLs are the same bytes, so they can be cut out of the bytes.
    let one_char_a_byte: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let (cut_bytes, same) = data_uri::extract_files(&one_char_a_byte);
    let in_bytes = same == embedded;
    let before = if in_bytes { &one_char_a_byte } else { &document };
    let cut = if in_bytes { cut_bytes } else { text };
    let bare = without_base64_urls(&cut);
    let cut = if bare != cut && reads_alike(&bare, &cut) {
        bare
    } else {
        cut
    };
    if cut == *before {
        return None;
    }
    let text: Vec<u8> = if in_bytes {
        cut.chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
            .collect()
    } else {
        [b"\xef\xbb\xbf".as_slice(), cut.as_bytes()].concat()
    };
    // The parser lists the embedded files only if the document is shown.
    let files = embedded.into_iter().filter(|_| shown).map(|file| RemovedFile {
        size: file.bytes.len() as u64,
        place: RemovedFrom::Text(EmbeddedFile {
            name: None,
            media_type: file.media_type,
            inline: true,
        }),
    });
    Some(CutText {
        text,
        files: files.collect(),
    })
}

fn reads_alike(one: &str, other: &str) -> bool {
    let (one, other) = (html::read(one), html::read(other));
    (one.text, one.pictures, one.cut) == (other.text, other.pictures, other.cut)
}

/// Removes the data from the remaining `data:` URLs in base64, for example in a style sheet.
fn without_base64_urls(document: &str) -> String {
    const MARK: &str = ";base64,";
    let lower = document.to_ascii_lowercase();
    let mut out = String::with_capacity(document.len());
    let mut from = 0;
    while let Some(found) = lower.get(from..).and_then(|rest| rest.find(MARK)) {
        let start = from + found + MARK.len();
        out.push_str(document.get(from..start).unwrap_or_default());
        let data = document.get(start..).unwrap_or_default();
        let length = data
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=%-_".contains(byte))
            .count();
        from = start + length;
    }
    out.push_str(document.get(from..).unwrap_or_default());
    out
}

/// Cuts the files out of a calendar (RFC 5545, section 3.8.1.1). The parser does not list them.
fn cut_inline_attachments(bytes: &[u8]) -> Option<CutText> {
    let is_file = |property: &[u8]| {
        let start = property.get(..400).unwrap_or(property).to_ascii_uppercase();
        let unfolded: Vec<u8> = start
            .into_iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let has = |word: &[u8]| unfolded.windows(word.len()).any(|window| window == word);
        unfolded.starts_with(b"ATTACH") && (has(b"BASE64") || has(b"BINARY"))
    };
    let properties = repair::fields_of(bytes);
    if !properties.iter().any(|property| is_file(property)) {
        return None;
    }
    let kept: Vec<&[u8]> = properties
        .into_iter()
        .filter(|property| !is_file(property))
        .collect();
    Some(CutText {
        text: kept.concat(),
        files: Vec::new(),
    })
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(bytes);
    let lines: Vec<&[u8]> = encoded.as_bytes().chunks(BASE64_LINE).collect();
    lines.join(b"\r\n".as_slice())
}
