//! Collects the text and the files of a mail from its MIME parts, in the order of the parts.

use std::borrow::Cow;

use bytes::Bytes;
use hotline_core::contact::message::Remark;

use super::{
    address, alternative, charset, html, other_formats,
    part_contents::{MailFile, PartContents, ShownText},
    removed_files::{RemovedFile, RemovedFrom},
    text::{has_words, join_flowed, join_paragraphs, tidy},
    transfer_encoding::{Transfer, uuencoded},
    tree::{Inside, Part},
};

/// The longest text that is shown, in characters. Text beyond this length is only kept in the raw message.
const LONGEST_TEXT: usize = 100_000;
/// The largest number of uuencoded files that are extracted from one text.
pub const MOST_UUENCODED: usize = 50;

/// The text and the files of a mail.
#[derive(Default)]
pub struct MailContents {
    /// The text that is shown.
    pub text: String,
    /// The text that is shown folded (collapsed). It consists of forwarded mails and of lines of the hidden alternatives of a
    /// `multipart/alternative`. Each of these lines has a word that the shown alternative lacks.
    pub folded: String,
    /// The files of the mail.
    pub files: Vec<MailFile>,
}

/// Returns the text and the files of a mail.
pub fn read_contents(mail: &Part, remarks: &mut Vec<Remark>) -> MailContents {
    let mut found = collect(mail);
    let mut files = std::mem::take(&mut found.files);
    if matches!(mail.inside, Inside::Leaf) && !mail.is_labelled() {
        // The mail has only one part and declares no media type. A file without a name is then the whole body, which could not be shown
        // as text. It is not listed as a file, because the raw message contains it.
        files.retain(|file| file.name.is_some());
    }
    if !found.mails.is_empty() {
        remarks.push(Remark::Forwarded);
    }
    let (text, from_html) = found.shown_text();
    if from_html {
        remarks.push(Remark::FromHtml);
    }
    let folded = tidy(&found.folded());
    let cut = found.cut
        || [&text, &folded]
            .iter()
            .any(|text| text.chars().count() > LONGEST_TEXT);
    if cut {
        remarks.push(Remark::TextCut);
    }
    MailContents {
        text: text.chars().take(LONGEST_TEXT).collect(),
        folded: folded.chars().take(LONGEST_TEXT).collect(),
        files,
    }
}

fn collect(part: &Part) -> PartContents {
    match &part.inside {
        Inside::Parts { parts, around, .. } => {
            let mut found = if part.media_type == "multipart/alternative" {
                alternative::choose_alternative(parts.iter().map(collect).collect())
            } else {
                let root = part
                    .root(parts)
                    .filter(|_| part.media_type == "multipart/related");
                let others = parts
                    .iter()
                    .filter(|one| !root.is_some_and(|root| std::ptr::eq(root, *one)));
                let mut all = PartContents::default();
                root.into_iter()
                    .chain(others)
                    .for_each(|part| all.append(collect(part)));
                all
            };
            found.around.push(charset::decode(None, around));
            found
        }
        Inside::Mail(mail) => {
            let mut found = PartContents::default();
            found.add_file(part, Bytes::from(part.decoded()), false);
            let mut inner = collect(mail);
            found.files.append(&mut inner.files);
            let (text, _) = inner.shown_text();
            let head = address::heading(&mail.head);
            let whole = join_paragraphs(&[&joined_lines(&[&head, &text]), &inner.folded()]);
            if !whole.trim().is_empty() {
                found.mails.push(format!("✉ {}", whole.trim()));
            }
            found.cut |= inner.cut;
            found
        }
        Inside::Signed(inner) => {
            let mut found = PartContents::default();
            found.add_file(part, Bytes::from(part.decoded()), false);
            found.append(collect(inner));
            found
        }
        Inside::Leaf => collect_leaf(part),
    }
}

/// The kind of content of a MIME part without inner parts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    Plain,
    Html,
    Enriched,
    Rtf,
    Invitation,
    OtherText,
    MailFile,
}

/// Determines the kind of a part from its head and its decoded bytes.
pub fn kind_of(part: &Part, bytes: &[u8]) -> TextKind {
    let is_plain_or_html = matches!(part.media_type.as_str(), "text/plain" | "text/html");
    match part.media_type.as_str() {
        "text/rtf" | "application/rtf" => TextKind::Rtf,
        "text/plain" if bytes.starts_with(b"{\\rtf") => TextKind::Rtf,
        // A person's text may begin with the signature of a file type: "BMW" begins like a bitmap, "MZ" like a program. A part that is
        // declared as plain text or HTML and contains only text therefore does not count as a file.
        _ if is_file(bytes) && !(is_plain_or_html && has_only_text(bytes)) => TextKind::MailFile,
        "text/plain" | "text/html" if !looks_like_text(bytes) => TextKind::MailFile,
        "text/plain" | "text/markdown" | "text/x-markdown" | "text/x-web-markdown" | "text/flowed" => {
            TextKind::Plain
        }
        "text/html" | "application/xhtml+xml" => TextKind::Html,
        "text/enriched" | "text/richtext" => TextKind::Enriched,
        "text/calendar" | "application/ics" => TextKind::Invitation,
        // A multipart that could not be split is shown as plain text, because it may contain the person's message.
        kind if kind.starts_with("multipart/") => TextKind::Plain,
        kind if kind.starts_with("text/") || kind.starts_with("message/") => TextKind::OtherText,
        "application/octet-stream" if part.name().is_none() && is_text(bytes) => TextKind::OtherText,
        _ => TextKind::MailFile,
    }
}

/// Returns whether bytes begin with the signature of a known file type.
fn is_file(bytes: &[u8]) -> bool {
    infer::Infer::new()
        .get(bytes)
        .is_some_and(|kind| kind.matcher_type() != infer::MatcherType::Text)
}

/// Returns whether bytes contain neither a NUL byte nor a control character that is rare in text. Most binary files contain such bytes.
pub fn has_only_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| is_rare_control(*byte) || *byte == 0)
}

/// Returns whether a byte is a control character that is rare in text. The control characters that UTF-16 and ISO 2022 use are not rare.
fn is_rare_control(byte: u8) -> bool {
    byte.is_ascii_control() && !byte.is_ascii_whitespace() && !matches!(byte, 0 | 4 | 0x1b)
}

/// Returns whether a part that is declared as text can be text. It may contain a few stray control characters.
fn looks_like_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..bytes.len().min(4_000)).unwrap_or_default();
    let odd = sample.iter().filter(|byte| is_rare_control(**byte)).count();
    odd * 20 <= sample.len()
}

/// Returns whether bytes are text in UTF-8 and not a file of a known type, whatever their part declares.
pub fn is_readable(bytes: &[u8]) -> bool {
    is_text(bytes) && !is_file(bytes)
}

fn is_text(bytes: &[u8]) -> bool {
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_control))
}

fn collect_leaf(part: &Part) -> PartContents {
    let mut found = PartContents::default();
    if let Some(file) = part.removed_body() {
        found.add_removed_body(part, file);
        let text = charset::decode(part.parameter("charset"), &part.decoded());
        if has_words(&text) {
            found.show(text);
        }
        return found;
    }
    found
        .files
        .extend(part.removed.iter().filter_map(removed_from_text));
    let decoded = part.transfer().decode(&part.body);
    let rest = charset::decode(part.parameter("charset"), decoded.rest);
    let bytes: Bytes = match &decoded.bytes {
        Cow::Borrowed(_) => part.body.clone(),
        Cow::Owned(bytes) => Bytes::from(bytes.clone()),
    };
    let kind = kind_of(part, &bytes);
    let shown = !part.is_attachment();
    let is_file = !shown || part.name().is_some() || !matches!(kind, TextKind::Plain | TextKind::Html);
    match kind {
        TextKind::Plain if shown => {
            let (text, files) = without_uuencoded(&bytes);
            found.files.extend(files);
            let text = charset::decode(part.parameter("charset"), &text);
            found.show(unflowed_if_flowed(part, text));
        }
        TextKind::Html => {
            let html = charset::decode(html_charset(part, &bytes).as_deref(), &bytes);
            let document = html::read(&html);
            found.cut |= document.cut;
            if shown {
                found.shown.push(ShownText {
                    text: document.text,
                    from_html: true,
                });
                found.pictures = document.pictures;
                found
                    .files
                    .extend(document.embedded.into_iter().map(|file| MailFile {
                        name: None,
                        media_type: file.media_type,
                        inline: true,
                        size: file.bytes.len() as u64,
                        bytes: Bytes::from(file.bytes),
                        encrypted: false,
                    }));
            } else {
                found.spare.push(document.text);
            }
        }
        TextKind::Enriched if shown => {
            found.show(other_formats::enriched(&charset::decode(
                part.parameter("charset"),
                &bytes,
            )));
        }
        TextKind::Rtf => found.spare.push(other_formats::rtf(&bytes)),
        TextKind::Invitation => {
            let text = other_formats::calendar(&charset::decode(part.parameter("charset"), &bytes));
            if shown {
                found.invitations.push(text);
            } else {
                found.spare.push(text);
            }
        }
        TextKind::Plain | TextKind::Enriched | TextKind::OtherText => {
            found
                .spare
                .push(charset::decode(part.parameter("charset"), &bytes));
        }
        TextKind::MailFile => {}
    }
    if is_file {
        found.add_file(part, bytes, may_be_encrypted(part));
    }
    if is_shown_rest(&rest) {
        found.show(rest);
    }
    found
}

/// Returns whether the text after a part's encoded data is shown. It may be the footer of a mailing list.
pub fn is_shown_rest(rest: &str) -> bool {
    rest.split_whitespace().filter(|word| has_words(word)).count() > 1
}

fn may_be_encrypted(part: &Part) -> bool {
    super::smime::may_be_smime(&part.media_type, part.name().as_deref())
        || part.media_type == "application/pgp-encrypted"
}

/// Returns the file if it was removed from the text of a part.
fn removed_from_text(file: &RemovedFile) -> Option<MailFile> {
    match &file.place {
        RemovedFrom::Text(embedded) => Some(MailFile {
            name: embedded.name.clone(),
            media_type: embedded.media_type.clone(),
            inline: embedded.inline,
            bytes: Bytes::new(),
            size: file.size,
            encrypted: false,
        }),
        RemovedFrom::Body { .. } | RemovedFrom::BeforeText { .. } | RemovedFrom::Inside => None,
    }
}

impl PartContents {
    fn add_file(&mut self, part: &Part, bytes: Bytes, encrypted: bool) {
        let (bytes, name) = match (part.transfer(), uuencoded(&part.body)) {
            (Transfer::Uuencode, Some(file)) => (bytes, Some(charset::decode(None, &file.name))),
            _ => (bytes, None),
        };
        self.files.push(MailFile {
            name: part.name().or(name),
            media_type: part.media_type.clone(),
            inline: is_inline(part),
            size: part.size_before_removal().unwrap_or(bytes.len() as u64),
            bytes,
            encrypted,
        });
    }

    /// Lists the file that was the body of a part before it was removed.
    fn add_removed_body(&mut self, part: &Part, file: &RemovedFile) {
        let name = match &file.place {
            RemovedFrom::Body { name } | RemovedFrom::BeforeText { name } => name.clone(),
            RemovedFrom::Inside | RemovedFrom::Text(_) => None,
        };
        self.files.push(MailFile {
            name: part.name().or(name),
            media_type: part.media_type.clone(),
            inline: is_inline(part),
            bytes: Bytes::new(),
            size: file.size,
            encrypted: may_be_encrypted(part),
        });
    }
}

fn is_inline(part: &Part) -> bool {
    part.is_inline() || (part.is_labelled() && !part.is_attachment() && is_shown_inline(&part.media_type))
}

/// Returns whether mail programs show files of this media type inside the text.
fn is_shown_inline(media_type: &str) -> bool {
    ["image/", "audio/", "video/"]
        .iter()
        .any(|start| media_type.starts_with(start))
}

/// Returns the charset of an HTML part: the charset that the head of the part declares or, if the head declares only ASCII or no charset,
/// the charset that the HTML document itself declares.
pub fn html_charset(part: &Part, bytes: &[u8]) -> Option<String> {
    let named = part.parameter("charset").map(str::to_owned);
    if let Some(named) = named.filter(|named| !named.eq_ignore_ascii_case("us-ascii")) {
        return Some(named);
    }
    let start: String = bytes.iter().take(4_000).map(|byte| char::from(*byte)).collect();
    let start = start.to_ascii_lowercase();
    let (_, label) = start.split_once("charset=")?;
    let label: String = label
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c))
        .collect();
    Some(label)
}

/// Separates the uuencoded files from a text. Returns the remaining text and the files.
pub fn without_uuencoded(text: &[u8]) -> (Vec<u8>, Vec<MailFile>) {
    let mut out = Vec::new();
    let mut files = Vec::new();
    let mut rest = text;
    while files.len() < MOST_UUENCODED
        && let Some(found) = uuencoded(rest)
    {
        out.extend_from_slice(rest.get(..found.start).unwrap_or_default());
        rest = rest.get(found.end..).unwrap_or_default();
        files.push(MailFile {
            name: Some(charset::decode(None, &found.name)),
            media_type: "application/octet-stream".to_owned(),
            inline: false,
            size: found.bytes.len() as u64,
            bytes: Bytes::from(found.bytes),
            encrypted: false,
        });
    }
    out.extend_from_slice(rest);
    (out, files)
}

fn joined_lines(texts: &[&str]) -> String {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

fn unflowed_if_flowed(part: &Part, text: String) -> String {
    let says = |name: &str, value: &str| {
        part.parameter(name)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    if says("format", "flowed") {
        join_flowed(&text, says("delsp", "yes"))
    } else {
        text
    }
}
