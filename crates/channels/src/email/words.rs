//! What a mail says, and what came with it: a walk over its parts in their order.

use std::borrow::Cow;

use bytes::Bytes;
use hotline_core::contact::message::Remark;

use super::{
    address, alternative, charset, html, markup,
    text::{has_words, joined, tidy, unflowed},
    transfer::{Transfer, uuencoded},
    tree::{Inside, Part},
};

/// Characters of text beyond which the rest is left to the raw message.
const LONGEST_TEXT: usize = 100_000;
/// Uuencoded files that are taken out of one text.
const MOST_UUENCODED: usize = 50;

/// A file, decoded.
pub struct MailFile {
    /// Its name as sent.
    pub name: Option<String>,
    /// Its media type as sent.
    pub media_type: String,
    /// Whether it stood inside the text.
    pub inline: bool,
    /// Its bytes, unchanged.
    pub bytes: Bytes,
    /// Whether it is encrypted.
    pub closed: bool,
}

/// A text that is shown.
struct ShownText {
    text: String,
    from_html: bool,
}

/// What was found in a part and the parts in it.
#[derive(Default)]
pub struct Found {
    shown: Vec<ShownText>,
    /// What other forms of the same message say besides.
    pub aside: Vec<String>,
    /// Mails that were passed on.
    mails: Vec<String>,
    invitations: Vec<String>,
    /// Texts that are shown only if nothing else has words: attached ones, unknown kinds.
    spare: Vec<String>,
    /// What stands around the parts of multiparts.
    around: Vec<String>,
    /// Addresses of pictures that lie elsewhere.
    pictures: Vec<String>,
    /// What came with it.
    pub files: Vec<MailFile>,
    cut: bool,
}

/// The words of a mail.
#[derive(Default)]
pub struct Words {
    /// What is shown.
    pub text: String,
    /// What is shown folded: passed-on mails, and what other forms of the text say besides.
    pub folded: String,
    /// What came with it.
    pub files: Vec<MailFile>,
}

/// Reads a mail.
pub fn words(mail: &Part, remarks: &mut Vec<Remark>) -> Words {
    let mut found = walk(mail);
    let mut files = std::mem::take(&mut found.files);
    if matches!(mail.inside, Inside::Leaf) && !mail.is_labelled() {
        // Bytes that are no text, of which nothing says what they are: they are in the raw message.
        files.retain(|file| file.name.is_some());
    }
    if !found.mails.is_empty() {
        remarks.push(Remark::Forwarded);
    }
    let (text, from_html) = found.words();
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
    Words {
        text: text.chars().take(LONGEST_TEXT).collect(),
        folded: folded.chars().take(LONGEST_TEXT).collect(),
        files,
    }
}

impl Found {
    /// All that is shown, as one text.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.shown.iter().map(|piece| piece.text.as_str()).collect();
        joined(&texts)
    }

    /// Shows a plain text.
    pub fn show(&mut self, text: String) {
        self.shown.push(ShownText {
            text,
            from_html: false,
        });
    }

    /// Everything of another form of the same message but its text.
    pub fn with_the_rest_of(mut self, mut other: Self) -> Self {
        other.shown.clear();
        self.append(other);
        self
    }

    fn append(&mut self, other: Self) {
        self.shown.extend(other.shown);
        self.aside.extend(other.aside);
        self.mails.extend(other.mails);
        self.invitations.extend(other.invitations);
        self.spare.extend(other.spare);
        self.around.extend(other.around);
        self.pictures.extend(other.pictures);
        self.files.extend(other.files);
        self.cut |= other.cut;
    }

    /// The text, and whether it was made from HTML. Whatever is second best is shown if nothing better has words.
    fn words(&mut self) -> (String, bool) {
        self.drop_repeated();
        let from_html = self
            .shown
            .iter()
            .any(|piece| piece.from_html && has_words(&piece.text));
        let text = tidy(&self.text());
        let said = alternative::words(&text);
        let news = |text: &&String| !alternative::words(text).is_subset(&said);
        let invitations: Vec<&str> = self.invitations.iter().filter(news).map(String::as_str).collect();
        let text = tidy(&joined(&[&text, &joined(&invitations)]));
        if !text.is_empty() {
            return (text, from_html);
        }
        let spare = tidy(&joined(&self.spare));
        if !spare.is_empty() || !self.mails.is_empty() {
            return (spare, false);
        }
        let around: Vec<&String> = self.around.iter().filter(|text| !is_preamble(text)).collect();
        let around: Vec<&str> = around.into_iter().map(String::as_str).collect();
        (tidy(&joined(&[&joined(&around), &joined(&self.pictures)])), false)
    }

    /// Some programs send both forms of a message one after the other: the second is left out if it says nothing new.
    fn drop_repeated(&mut self) {
        const FEWEST: usize = 5;
        let mut kept: Vec<ShownText> = Vec::new();
        for piece in std::mem::take(&mut self.shown) {
            let repeats = kept.last().is_some_and(|before| {
                let words = alternative::words(&piece.text);
                before.from_html != piece.from_html
                    && words.len() >= FEWEST
                    && words.is_subset(&alternative::words(&before.text))
            });
            if !repeats {
                kept.push(piece);
            }
        }
        self.shown = kept;
    }

    fn folded(&self) -> String {
        joined(&[joined(&self.aside), joined(&self.mails)])
    }
}

fn walk(part: &Part) -> Found {
    match &part.inside {
        Inside::Parts { parts, around } => {
            let mut found = if part.media_type == "multipart/alternative" {
                alternative::choose(parts.iter().map(walk).collect())
            } else {
                let root = part
                    .root(parts)
                    .filter(|_| part.media_type == "multipart/related");
                let others = parts
                    .iter()
                    .filter(|one| !root.is_some_and(|root| std::ptr::eq(root, *one)));
                let mut all = Found::default();
                root.into_iter()
                    .chain(others)
                    .for_each(|part| all.append(walk(part)));
                all
            };
            found.around.push(charset::text(None, around));
            found
        }
        Inside::Mail(mail) => {
            let mut found = Found::default();
            found.keep(part, Bytes::from(part.decoded()), false);
            let mut inner = walk(mail);
            found.files.append(&mut inner.files);
            let (text, _) = inner.words();
            let head = address::heading(&mail.head);
            let whole = joined(&[&joined_lines(&[&head, &text]), &inner.folded()]);
            if !whole.trim().is_empty() {
                found.mails.push(format!("✉ {}", whole.trim()));
            }
            found.cut |= inner.cut;
            found
        }
        Inside::Signed(inner) => {
            let mut found = Found::default();
            found.keep(part, Bytes::from(part.decoded()), false);
            found.append(walk(inner));
            found
        }
        Inside::Leaf => leaf(part),
    }
}

/// What a part without parts is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Plain,
    Html,
    Enriched,
    Rtf,
    Invitation,
    OtherText,
    MailFile,
}

fn kind_of(part: &Part, bytes: &[u8]) -> TextKind {
    let is_plain_or_html = matches!(part.media_type.as_str(), "text/plain" | "text/html");
    match part.media_type.as_str() {
        "text/rtf" | "application/rtf" => TextKind::Rtf,
        "text/plain" if bytes.starts_with(b"{\\rtf") => TextKind::Rtf,
        // A person's first word may begin as a file does: "BMW" is also a bitmap, "MZ" a program.
        _ if is_file(bytes) && !(is_plain_or_html && has_only_text(bytes)) => TextKind::MailFile,
        "text/plain" | "text/html" if !looks_like_text(bytes) => TextKind::MailFile,
        "text/plain" | "text/markdown" | "text/x-markdown" | "text/x-web-markdown" | "text/flowed" => {
            TextKind::Plain
        }
        "text/html" | "application/xhtml+xml" => TextKind::Html,
        "text/enriched" | "text/richtext" => TextKind::Enriched,
        "text/calendar" | "application/ics" => TextKind::Invitation,
        // A multipart that could not be cut is a text: all of it may be the message.
        kind if kind.starts_with("multipart/") => TextKind::Plain,
        kind if kind.starts_with("text/") || kind.starts_with("message/") => TextKind::OtherText,
        "application/octet-stream" if part.name().is_none() && is_text(bytes) => TextKind::OtherText,
        _ => TextKind::MailFile,
    }
}

/// Whether bytes begin as a file of a known kind does.
fn is_file(bytes: &[u8]) -> bool {
    infer::Infer::new()
        .get(bytes)
        .is_some_and(|kind| kind.matcher_type() != infer::MatcherType::Text)
}

/// Whether bytes hold no control character that no text has. Every kind of file that is no text has some.
fn has_only_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| is_odd(*byte) || *byte == 0)
}

/// A control character that is rare in a text; UTF-16 and ISO 2022 have their own.
fn is_odd(byte: u8) -> bool {
    byte.is_ascii_control() && !byte.is_ascii_whitespace() && !matches!(byte, 0 | 4 | 0x1b)
}

/// Whether bytes that are called a text can be one: a few control characters are an accident.
fn looks_like_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..bytes.len().min(4_000)).unwrap_or_default();
    let odd = sample.iter().filter(|byte| is_odd(**byte)).count();
    odd * 20 <= sample.len()
}

fn is_text(bytes: &[u8]) -> bool {
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_control))
}

fn leaf(part: &Part) -> Found {
    let mut found = Found::default();
    let decoded = part.transfer().decode(&part.body);
    let rest = charset::text(part.parameter("charset"), decoded.rest);
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
            let text = charset::text(part.parameter("charset"), &text);
            found.show(unflowed_if_flowed(part, text));
        }
        TextKind::Html => {
            let html = charset::text(html_charset(part, &bytes).as_deref(), &bytes);
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
                        bytes: Bytes::from(file.bytes),
                        closed: false,
                    }));
            } else {
                found.spare.push(document.text);
            }
        }
        TextKind::Enriched if shown => {
            found.show(markup::enriched(&charset::text(
                part.parameter("charset"),
                &bytes,
            )));
        }
        TextKind::Rtf => found.spare.push(markup::rtf(&bytes)),
        TextKind::Invitation => {
            let text = markup::calendar(&charset::text(part.parameter("charset"), &bytes));
            if shown {
                found.invitations.push(text);
            } else {
                found.spare.push(text);
            }
        }
        TextKind::Plain | TextKind::Enriched | TextKind::OtherText => {
            found.spare.push(charset::text(part.parameter("charset"), &bytes));
        }
        TextKind::MailFile => {}
    }
    if is_file {
        let possibly_closed = super::opaque::is_possible(&part.media_type, part.name().as_deref());
        found.keep(
            part,
            bytes,
            possibly_closed || part.media_type == "application/pgp-encrypted",
        );
    }
    if rest.split_whitespace().filter(|word| has_words(word)).count() > 1 {
        found.show(rest);
    }
    found
}

impl Found {
    fn keep(&mut self, part: &Part, bytes: Bytes, closed: bool) {
        let (bytes, name) = match (part.transfer(), uuencoded(&part.body)) {
            (Transfer::Uuencode, Some(file)) => (bytes, Some(charset::text(None, &file.name))),
            _ => (bytes, None),
        };
        self.files.push(MailFile {
            name: part.name().or(name),
            media_type: part.media_type.clone(),
            inline: part.is_inline()
                || (part.is_labelled() && !part.is_attachment() && is_seen(&part.media_type)),
            bytes,
            closed,
        });
    }
}

/// Whether mail programs show files of this kind in the text.
fn is_seen(media_type: &str) -> bool {
    ["image/", "audio/", "video/"]
        .iter()
        .any(|start| media_type.starts_with(start))
}

/// The charset that an HTML document is in: what its head says counts where the mail says nothing.
fn html_charset(part: &Part, bytes: &[u8]) -> Option<String> {
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

/// A text without the files that stand uuencoded in it, and the files.
fn without_uuencoded(text: &[u8]) -> (Vec<u8>, Vec<MailFile>) {
    let mut out = Vec::new();
    let mut files = Vec::new();
    let mut rest = text;
    while files.len() < MOST_UUENCODED
        && let Some(found) = uuencoded(rest)
    {
        out.extend_from_slice(rest.get(..found.start).unwrap_or_default());
        rest = rest.get(found.end..).unwrap_or_default();
        files.push(MailFile {
            name: Some(charset::text(None, &found.name)),
            media_type: "application/octet-stream".to_owned(),
            inline: false,
            bytes: Bytes::from(found.bytes),
            closed: false,
        });
    }
    out.extend_from_slice(rest);
    (out, files)
}

/// What programs write before the first part for programs that know no parts.
fn is_preamble(text: &str) -> bool {
    let words = alternative::words(text);
    words.len() < 60 && words.contains("mime")
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
        unflowed(&text, says("delsp", "yes"))
    } else {
        text
    }
}
