//! Removes the files of a mail before it is stored, for lines with `attachments = "never"`.
//!
//! The parsed mail stays the same: its texts, its sender, its place in the thread, and the name, media type and size of each file. To be
//! sure, both mails are parsed and compared. The first of these that parses like the original is stored:
//!
//! 1. the mail with only those texts that the parser shows,
//! 2. the mail with all parts that contain text. An attached text is shown if the mail has no other text.
//!
//! If both differ from the original, a message is stored as its head, the shown text as plain text, and empty parts that list its files, if
//! that has the same texts, writer and evidence. Otherwise the mail is kept as it is, and the log says so.
//!
//! An unreadable mail is kept as it is, because staff see nothing but its bytes. So is a mail without a body (`cut_from`), and a mail that
//! shows no text because it is encrypted, is a `winmail.dat`, or has content that is not listed as a file.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use hotline_core::contact::message::{Incoming, Normalised, RawMessage, Remark};
use tokio::sync::oneshot;

use super::{
    own_addresses::OurAddresses,
    parse::parse_mail,
    repair,
    stripping::{Keep, strip, write_shown_text},
    tree,
};
use crate::channel::Attachments;

/// The stack of the thread, in bytes. Parsers recurse on the parts of a mail and on the elements of HTML.
const STACK: usize = 64 << 20;
/// How long a mail may be worked on.
const DEADLINE: Duration = Duration::from_secs(10);

/// Removes the files of a message on a thread with a large stack. A mail on which the code fails is kept as it is and logged, because a
/// mail of a person must not be lost.
///
/// # Errors
/// Returns an error if no thread could be started. The caller fetches the message again later.
pub async fn remove_files(message: RawMessage, ours: &OurAddresses) -> anyhow::Result<RawMessage> {
    let (sender, receiver) = oneshot::channel();
    let (raw, ours) = (message.clone(), ours.clone());
    std::thread::Builder::new()
        .name("file-remover".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            let _ = sender.send(without_files(&raw, &ours));
        })
        .context("No thread could be started that removes files")?;
    match tokio::time::timeout(DEADLINE, receiver).await {
        Ok(Ok(Some(bytes))) => Ok(RawMessage { bytes, ..message }),
        Ok(Ok(None)) => Ok(message),
        Ok(Err(_)) | Err(_) => {
            tracing::error!(
                line.name = %message.line,
                "The files of a message could not be removed; its raw message contains them"
            );
            Ok(message)
        }
    }
}

/// Returns a raw mail without the bytes of its files. Returns `None` if nothing has to be removed.
pub fn without_files(raw: &RawMessage, ours: &OurAddresses) -> Option<Vec<u8>> {
    if raw.cut_from.is_some() {
        return None;
    }
    let repaired = repair::repaired(&raw.bytes);
    let mail = tree::read(&Bytes::copy_from_slice(&repaired), Attachments::Never);
    let with_shown_text = strip(&raw.bytes, &mail, Keep::ShownText)?;
    let original = parse_mail(raw, ours, Attachments::Never);
    if matches!(original, Normalised::Unreadable(_)) || is_only_unread(&original) {
        return None;
    }
    let parses_alike = |bytes: &[u8]| {
        let stripped = RawMessage {
            bytes: bytes.to_vec(),
            ..raw.clone()
        };
        are_alike(&original, &parse_mail(&stripped, ours, Attachments::Never))
    };
    if parses_alike(&with_shown_text) {
        return Some(with_shown_text);
    }
    let with_all_text = strip(&raw.bytes, &mail, Keep::AllText)?;
    if parses_alike(&with_all_text) {
        return Some(with_all_text);
    }
    let shown_text = write_shown_text(&raw.bytes, &mail);
    let stripped = RawMessage {
        bytes: shown_text,
        ..raw.clone()
    };
    if says_the_same(&original, &parse_mail(&stripped, ours, Attachments::Never)) {
        return Some(stripped.bytes);
    }
    tracing::warn!(
        line.name = %raw.line,
        "A message would not say the same without its files; its raw message contains them"
    );
    None
}

/// Returns whether a mail consists of content that is neither shown nor listed, or that only another program can read. It is kept as it is,
/// because nothing of the person's words would be left.
fn is_only_unread(original: &Normalised) -> bool {
    let Normalised::Message(message) = original else {
        return false;
    };
    let shows_text = !message.text.trim().is_empty() || !message.quoted.trim().is_empty();
    let is_closed = message
        .remarks
        .iter()
        .any(|remark| matches!(remark, Remark::Encrypted | Remark::Tnef));
    !shows_text && (is_closed || message.parts.is_empty())
}

/// Returns whether two messages have the same texts, writer and evidence of a thread.
fn says_the_same(one: &Normalised, other: &Normalised) -> bool {
    match (one, other) {
        (Normalised::Message(one), Normalised::Message(other)) => {
            one.text == other.text
                && one.quoted == other.quoted
                && one.identifier == other.identifier
                && one.evidence == other.evidence
        }
        (
            Normalised::Message(_)
            | Normalised::Report(_)
            | Normalised::Notice(_)
            | Normalised::Ignore(_)
            | Normalised::Unreadable(_),
            _,
        ) => false,
    }
}

/// Returns whether two mails were parsed with the same result.
fn are_alike(one: &Normalised, other: &Normalised) -> bool {
    match (one, other) {
        (Normalised::Message(one), Normalised::Message(other)) => are_alike_messages(one, other),
        (Normalised::Report(one), Normalised::Report(other)) => {
            one.token == other.token
                && one.message == other.message
                && one.fate == other.fate
                && one.reason == other.reason
        }
        (Normalised::Ignore(one), Normalised::Ignore(other)) => one == other,
        (Normalised::Unreadable(one), Normalised::Unreadable(other)) => one.reason == other.reason,
        (
            Normalised::Message(_)
            | Normalised::Report(_)
            | Normalised::Notice(_)
            | Normalised::Ignore(_)
            | Normalised::Unreadable(_),
            _,
        ) => false,
    }
}

fn are_alike_messages(one: &Incoming, other: &Incoming) -> bool {
    let same_files = one.parts.len() == other.parts.len()
        && one.parts.iter().zip(&other.parts).all(|(one, other)| {
            one.name == other.name
                && one.media_type == other.media_type
                && one.inline == other.inline
                && one.content.size() == other.content.size()
        });
    same_files
        && one.text == other.text
        && one.quoted == other.quoted
        && one.copied == other.copied
        && one.subject == other.subject
        && one.identifier == other.identifier
        && one.name == other.name
        && one.answer_to == other.answer_to
        && one.echo_of == other.echo_of
        && one.evidence == other.evidence
        && one.message_id == other.message_id
        && one.references == other.references
        && one.language == other.language
        && one.origin == other.origin
        && one.unacknowledged == other.unacknowledged
        && one.claimed_at == other.claimed_at
        && one.remarks == other.remarks
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use hotline_core::identifiers::line_name::LineName;
    use proptest::prelude::*;

    use super::{super::own_addresses::OwnAddress, *};

    /// The bytes of every planted file begin with it.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    fn ours() -> OurAddresses {
        OurAddresses::new(OwnAddress::parse("kontakt@centar.example.org").unwrap(), &[])
    }

    fn raw(bytes: &[u8]) -> RawMessage {
        RawMessage {
            line: LineName::parse("mail").unwrap(),
            external_id: String::new(),
            received_at: chrono::DateTime::UNIX_EPOCH,
            bytes: bytes.to_vec(),
            cut_from: None,
        }
    }

    fn stripped(mail: &[u8]) -> Option<Vec<u8>> {
        without_files(&raw(mail), &ours())
    }

    fn parsed(mail: &[u8]) -> Normalised {
        parse_mail(&raw(mail), &ours(), Attachments::Never)
    }

    fn message(mail: &[u8]) -> Incoming {
        match parsed(mail) {
            Normalised::Message(message) => *message,
            Normalised::Report(_)
            | Normalised::Notice(_)
            | Normalised::Ignore(_)
            | Normalised::Unreadable(_) => panic!("not a message"),
        }
    }

    fn contains(text: &[u8], wanted: &[u8]) -> bool {
        text.windows(wanted.len()).any(|window| window == wanted)
    }

    fn golden_mails() -> Vec<Vec<u8>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/email");
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect();
        paths.sort();
        let mails = paths.iter().map(|path| std::fs::read(path).unwrap());
        // An empty mail has no byte to damage.
        mails.filter(|mail| !mail.is_empty()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_damaged_golden_mail_keeps_its_text(
            which in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            end in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mails = golden_mails();
            let mut mail = mails[which.index(mails.len())].clone();
            if let Some(end) = end {
                mail.truncate(end.index(mail.len()) + 1);
            }
            for (place, byte) in changes {
                let place = place.index(mail.len());
                mail[place] = byte;
            }
            if let Some(stripped_mail) = stripped(&mail) {
                let (before, after) = (parsed(&mail), parsed(&stripped_mail));
                prop_assert_eq!(
                    std::mem::discriminant(&before),
                    std::mem::discriminant(&after),
                    "{}",
                    String::from_utf8_lossy(&stripped_mail)
                );
                if let (Normalised::Message(before), Normalised::Message(after)) = (before, after) {
                    prop_assert_eq!(before.text, after.text);
                    prop_assert_eq!(before.quoted, after.quoted);
                    prop_assert_eq!(before.identifier, after.identifier);
                    prop_assert_eq!(before.evidence, after.evidence);
                }
            }
        }
    }

    #[test]
    fn every_golden_mail_parses_alike_without_its_files() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/email");
        let mut changed = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "eml") {
                continue;
            }
            let mail = std::fs::read(&path).unwrap();
            let Some(stripped_mail) = stripped(&mail) else {
                continue;
            };
            changed += 1;
            assert!(
                are_alike(&parsed(&mail), &parsed(&stripped_mail)),
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&stripped_mail)
            );
            assert_eq!(stripped(&stripped_mail), None, "{} again", path.display());
        }
        assert!(changed > 20, "{changed}");
    }

    #[test]
    fn a_mail_without_files_stays_byte_for_byte() {
        for mail in [
            "From: <ana@example.org>\n\nZdravo",
            "From: <ana@example.org>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
             --b\r\n\r\nZdravo\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Zdravo</p>\r\n--b--\r\n",
            // A shown text keeps its name.
            "From: <ana@example.org>\r\nContent-Type: text/plain; name=a.txt\r\n\r\nZdravo",
        ] {
            assert_eq!(stripped(mail.as_bytes()), None, "{mail}");
        }
    }

    #[test]
    fn a_mail_whose_only_text_is_attached_keeps_it() {
        let attached = "Content-Type: text/plain; name=pismo.txt\r\nContent-Disposition: attachment\r\n\r\n\
                        Molim vas pomozite mi.\r\n";
        let picture = "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n";
        let head = "From: <ana@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
        let alone = format!("{head}--b\r\n{attached}\r\n--b--\r\n");
        assert_eq!(stripped(alone.as_bytes()), None);
        let both = format!("{head}--b\r\n{attached}\r\n--b\r\n{picture}\r\n--b--\r\n");
        let stripped_mail = stripped(both.as_bytes()).unwrap();
        assert_eq!(message(&stripped_mail).text, "Molim vas pomozite mi.");
        assert!(!contains(&stripped_mail, b"iVBORw0KGgo"));
        let sizes = message(&stripped_mail).parts;
        assert_eq!(sizes.iter().map(|part| part.content.size()).max(), Some(24));
        let beside = format!("{head}--b\r\n\r\nZdravo\r\n--b\r\n{attached}\r\n--b--\r\n");
        let stripped_mail = stripped(beside.as_bytes()).unwrap();
        assert!(!contains(&stripped_mail, b"pomozite"));
    }

    #[test]
    fn a_written_header_keeps_no_file_and_hides_no_text() {
        let head = "From: <ana@example.org>\r\nX-Hotline-Removed: 7";
        for (fields, body, kept) in [
            ("\r\nContent-Type: text/plain", "Zdravo svima", true),
            ("; before-text\r\nContent-Type: text/plain", "Zdravo", true),
            ("\r\nContent-Type: image/png; name=a.png", "PNGPNG", false),
            (
                "; inside\r\nContent-Type: application/pkcs7-mime; name=a.p7m",
                "\x01\x02\x03\x04PNGPNG\0",
                false,
            ),
        ] {
            let mail = format!("{head}{fields}\r\n\r\n{body}");
            let stripped_mail = stripped(mail.as_bytes()).unwrap_or_else(|| mail.clone().into_bytes());
            assert_eq!(contains(&stripped_mail, body.as_bytes()), kept, "{mail}");
            if kept {
                assert_eq!(message(&stripped_mail).text, body, "{mail}");
            }
        }
    }

    #[test]
    fn a_picture_in_a_style_sheet_is_removed_and_words_stay() {
        let mail = "From: <ana@example.org>\r\nContent-Type: text/html; charset=windows-1250\r\n\r\n\
                    <style>p{background:url(data:image/png;base64,iVBORw0KGgoAAAA)}</style><p>Zdravo</p>\
                    <img src=\"data:image/png;base64,iVBORw0KGgpBQkNE\">";
        let stripped_mail = stripped(mail.as_bytes()).unwrap();
        assert!(!contains(&stripped_mail, b"iVBORw0KGgo"));
        assert!(!contains(&stripped_mail, b"iVBORw0KGgp"));
        assert!(are_alike(&parsed(mail.as_bytes()), &parsed(&stripped_mail)));
        assert_eq!(message(&stripped_mail).parts.len(), 1);
    }

    /// A part of a mail with planted files.
    #[derive(Debug, Clone)]
    enum Planted {
        Text(String),
        Base64(Vec<u8>, bool),
        QuotedPrintable(Vec<u8>),
        Uuencoded(String, Vec<u8>),
        DataUrl(String, Vec<u8>),
        Parts(usize, Vec<Planted>),
        Mail(Box<Planted>),
        Signed(Box<Planted>),
    }

    fn planted() -> impl Strategy<Value = Planted> {
        let file = || {
            proptest::collection::vec(any::<u8>(), 40..200).prop_map(|bytes| [PNG, bytes.as_slice()].concat())
        };
        let words = "[bdgkl][aeiou][mnprst]{1,2}( [bdgkl][aeiou]){1,6}";
        let leaf = prop_oneof![
            words.prop_map(Planted::Text),
            (file(), any::<bool>()).prop_map(|(file, named)| Planted::Base64(file, named)),
            file().prop_map(Planted::QuotedPrintable),
            (words, file()).prop_map(|(text, file)| Planted::Uuencoded(text, file)),
            (words, file()).prop_map(|(text, file)| Planted::DataUrl(text, file)),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                4 => (0..3usize, proptest::collection::vec(inner.clone(), 1..4))
                    .prop_map(|(kind, parts)| Planted::Parts(kind, parts)),
                1 => inner.clone().prop_map(|part| Planted::Mail(Box::new(part))),
                1 => inner.prop_map(|part| Planted::Signed(Box::new(part))),
            ]
        })
    }

    fn base64_lines(bytes: &[u8]) -> Vec<u8> {
        let encoded = data_encoding::BASE64.encode(bytes);
        let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
        lines.join(b"\r\n".as_slice())
    }

    fn uuencoded_lines(bytes: &[u8]) -> String {
        let letter = |bits: u8| char::from(if bits == 0 { 96 } else { bits + 32 });
        let mut out = String::new();
        for line in bytes.chunks(45) {
            out.push(letter(u8::try_from(line.len()).unwrap()));
            for three in line.chunks(3) {
                let at = |index: usize| three.get(index).copied().unwrap_or_default();
                let (a, b, c) = (at(0), at(1), at(2));
                for bits in [
                    a >> 2,
                    ((a & 3) << 4) | (b >> 4),
                    ((b & 15) << 2) | (c >> 6),
                    c & 63,
                ] {
                    out.push(letter(bits));
                }
            }
            out.push_str("\r\n");
        }
        out
    }

    /// Wraps content in signed data (RFC 5652) in DER.
    fn signed_data(content: &[u8]) -> Vec<u8> {
        let tagged = |tag: u8, content: &[u8]| -> Vec<u8> {
            let length = u32::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x84], length.as_slice(), content].concat()
        };
        let data = tagged(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]);
        let signed = tagged(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]);
        let inner = [data, tagged(0xa0, &tagged(0x04, content))].concat();
        let body = [
            tagged(0x02, &[1]),
            tagged(0x31, &[]),
            tagged(0x30, &inner),
            tagged(0x31, b"signature"),
        ]
        .concat();
        tagged(0x30, &[signed, tagged(0xa0, &tagged(0x30, &body))].concat())
    }

    impl Planted {
        /// Appends the part with its head, and its files to `files`.
        fn write(&self, out: &mut Vec<u8>, files: &mut Vec<Vec<u8>>) {
            match self {
                Self::Text(text) => {
                    out.extend_from_slice(format!("Content-Type: text/plain\r\n\r\n{text}").as_bytes());
                }
                Self::Base64(file, named) => {
                    let name = if *named { "; name=a.png" } else { "" };
                    let head =
                        format!("Content-Type: image/png{name}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
                    out.extend_from_slice(head.as_bytes());
                    out.extend_from_slice(&base64_lines(file));
                    files.push(file.clone());
                }
                Self::QuotedPrintable(file) => {
                    out.extend_from_slice(
                        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n\
                          Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                    );
                    for line in file.chunks(20) {
                        for byte in line {
                            out.extend_from_slice(format!("={byte:02X}").as_bytes());
                        }
                        out.extend_from_slice(b"=\r\n");
                    }
                    files.push(file.clone());
                }
                Self::Uuencoded(text, file) => {
                    let body = format!(
                        "Content-Type: text/plain\r\n\r\n{text}\r\nbegin 644 a.png\r\n{}`\r\nend\r\n{text}",
                        uuencoded_lines(file)
                    );
                    out.extend_from_slice(body.as_bytes());
                    files.push(file.clone());
                }
                Self::DataUrl(text, file) => {
                    let body = format!(
                        "Content-Type: text/html\r\n\r\n<p>{text}</p><img src=\"data:image/png;base64,{}\">",
                        data_encoding::BASE64.encode(file)
                    );
                    out.extend_from_slice(body.as_bytes());
                    files.push(file.clone());
                }
                Self::Parts(kind, parts) => {
                    let boundary = format!("b{}", out.len());
                    let kind = ["mixed", "alternative", "related"][*kind];
                    let head = format!("Content-Type: multipart/{kind}; boundary={boundary}x\r\n\r\n");
                    out.extend_from_slice(head.as_bytes());
                    for part in parts {
                        out.extend_from_slice(format!("--{boundary}x\r\n").as_bytes());
                        part.write(out, files);
                        out.extend_from_slice(b"\r\n");
                    }
                    out.extend_from_slice(format!("--{boundary}x--\r\n").as_bytes());
                }
                Self::Mail(part) => {
                    out.extend_from_slice(
                        b"Content-Type: message/rfc822\r\n\r\nFrom: <b@example.com>\r\nSubject: y\r\n",
                    );
                    part.write(out, files);
                }
                Self::Signed(part) => {
                    let mut content = Vec::new();
                    part.write(&mut content, files);
                    out.extend_from_slice(
                        b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\
                          Content-Transfer-Encoding: base64\r\n\r\n",
                    );
                    out.extend_from_slice(&base64_lines(&signed_data(&content)));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_piece_of_a_file_is_kept(tree in planted()) {
            let mut files = Vec::new();
            let mut mail = b"From: <ana@example.org>\r\nSubject: x\r\nMIME-Version: 1.0\r\n".to_vec();
            tree.write(&mut mail, &mut files);
            let Some(stripped_mail) = stripped(&mail) else {
                prop_assert!(files.is_empty());
                return Ok(());
            };
            prop_assert!(are_alike(&parsed(&mail), &parsed(&stripped_mail)));
            prop_assert_eq!(stripped(&stripped_mail), None);
            let kept: HashSet<&[u8]> = stripped_mail.windows(16).collect();
            for file in &files {
                let encoded = data_encoding::BASE64.encode(file);
                for piece in file.windows(16).chain(encoded.as_bytes().windows(16)) {
                    prop_assert!(!kept.contains(piece), "{}", String::from_utf8_lossy(&stripped_mail));
                }
                let uuencoded = uuencoded_lines(file);
                for piece in uuencoded.lines().flat_map(|line| line.as_bytes().windows(16)) {
                    prop_assert!(!kept.contains(piece), "{}", String::from_utf8_lossy(&stripped_mail));
                }
            }
        }
    }
}
