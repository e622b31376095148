//! Repairs malformed heads (header sections) of mails and MIME parts, so that a strict parser can read every header field.
//!
//! A mail may lack the blank line after its head, or have blank lines before the head. The head may contain carriage returns without line
//! feeds, 8-bit bytes, split or mislabelled encoded words (RFC 2047), and parameters in numbered pieces (RFC 2231). Only the parser reads
//! the repaired bytes; the stored raw message stays unchanged.

use std::borrow::Cow;

use super::{charset, encoded_words, parameters};

/// The longest head that is repaired, in bytes.
const LONGEST_HEAD: usize = 1 << 20;
/// A head with at least one field ends before its twentieth stray line at the latest, even if fields follow. A stray line is neither a
/// field nor the continuation of a field.
const MOST_STRAYS: usize = 20;
/// Names of common header fields. A line that begins with one of these names belongs to the head of a mail.
const KNOWN_FIELDS: [&str; 15] = [
    "received",
    "date",
    "from",
    "to",
    "cc",
    "subject",
    "sender",
    "reply-to",
    "return-path",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];
/// Names of header fields whose values end with a time zone.
const DATES: [&[u8]; 4] = [b"date", b"resent-date", b"delivery-date", b"received"];
/// The head that is added to a mail that has no head.
const NO_HEAD: &[u8] = b"MIME-Version: 1.0\r\n\r\n";

/// Returns a raw message with its head repaired.
pub fn repaired(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = with_line_feeds(raw);
    match raw {
        Cow::Borrowed(raw) => repaired_lines(raw),
        Cow::Owned(raw) => Cow::Owned(repaired_lines(&raw).into_owned()),
    }
}

fn repaired_lines(raw: &[u8]) -> Cow<'_, [u8]> {
    let begun = without_blank_beginning(raw);
    if !begun.is_empty() && !has_known_field(begun) && is_text(begun) {
        return Cow::Owned([NO_HEAD, begun].concat());
    }
    let Some((end, insert)) = head_of(begun) else {
        return Cow::Borrowed(begun);
    };
    let (head, body) = begun.split_at(end);
    match (repaired_head(head), insert) {
        (Cow::Borrowed(_), false) => Cow::Borrowed(begun),
        (head, true) => Cow::Owned([&head, b"\r\n".as_slice(), body].concat()),
        (head, false) => Cow::Owned([&head, body].concat()),
    }
}

/// Returns a head with each field repaired.
pub fn repaired_head(head: &[u8]) -> Cow<'_, [u8]> {
    let joined = unfolded_strays(head);
    let words = encoded_words::repaired(&joined);
    let is_well = |field: &[u8]| {
        std::str::from_utf8(field).is_ok()
            && !parameters::is_in_pieces(field)
            && zone_letters(field).is_none()
    };
    let fields = fields_of(&words);
    if fields.iter().all(|field| is_well(field)) {
        let changed = matches!(joined, Cow::Owned(_)) || matches!(words, Cow::Owned(_));
        return if changed {
            Cow::Owned(words.into_owned())
        } else {
            Cow::Borrowed(head)
        };
    }
    let repaired = fields.into_iter().map(|field| {
        let whole = parameters::joined(field).map_or(Cow::Borrowed(field), Cow::Owned);
        let whole = zone_letters(&whole).map_or(whole.clone(), Cow::Owned);
        match std::str::from_utf8(&whole) {
            Ok(_) => whole.into_owned(),
            Err(_) => charset::decode(None, &whole).into_bytes(),
        }
    });
    Cow::Owned(repaired.collect::<Vec<_>>().concat())
}

/// Replaces a time zone of one or two letters (`Z`, `UT`) at the end of a date field with `+0000`. The parser always reads three letters
/// and would read beyond the end of the line. Returns `None` if the field has no such time zone.
fn zone_letters(field: &[u8]) -> Option<Vec<u8>> {
    let name = field_name(field)?.to_ascii_lowercase();
    if !DATES.contains(&name.as_slice()) {
        return None;
    }
    let bare = field.trim_ascii_end();
    let space = bare.iter().rposition(u8::is_ascii_whitespace)?;
    let (before, zone) = bare.split_at_checked(space + 1)?;
    let is_short = zone.len() < 3 && zone.iter().all(u8::is_ascii_alphabetic);
    // One-letter zones are treated as UTC (RFC 5322, section 4.3), because mail programs disagreed whether a letter means an offset east or
    // west of UTC.
    is_short.then(|| [before, b"+0000\r\n".as_slice()].concat())
}

/// Returns the repaired head of a MIME part, and the offset at which the body begins. The part may lack the head or the blank line after
/// it.
pub fn head_and_body(part: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let mut at = 0;
    let mut known = false;
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        let folded = at > 0 && (line.starts_with(b" ") || line.starts_with(b"\t"));
        if line.trim_ascii().is_empty() && !folded {
            let end = at + line.len();
            return if known || at == 0 {
                (repaired_head(part.get(..at).unwrap_or_default()), end)
            } else {
                (Cow::Borrowed(&[]), 0)
            };
        }
        let name = field_name(line);
        known |= name.is_some_and(is_field_of_a_part);
        // A line such as "Note: he follows me" begins with an unknown field name. It counts as a field only if all lines up to the next
        // blank line look like fields.
        let ends =
            !folded && !name.is_some_and(|name| is_field_of_a_part(name) || goes_on_to_blank(part, at));
        if ends || at > LONGEST_HEAD {
            break;
        }
        at += line.len();
    }
    if known {
        (repaired_head(part.get(..at).unwrap_or_default()), at)
    } else {
        (Cow::Borrowed(&[]), 0)
    }
}

/// Returns whether all lines from `at` to the next blank line are fields or continuation lines.
fn goes_on_to_blank(part: &[u8], at: usize) -> bool {
    let lines = part.get(at..).unwrap_or_default();
    let lines = lines.split_inclusive(|byte| *byte == b'\n');
    let mut lines = lines.take(200).skip_while(|line| {
        !line.trim_ascii().is_empty()
            && (line.starts_with(b" ") || line.starts_with(b"\t") || field_name(line).is_some())
    });
    lines.next().is_some_and(|line| line.trim_ascii().is_empty())
}

fn is_field_of_a_part(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(b"content-") || name.starts_with(b"x-") || is_known(&name)
}

fn is_known(name: &[u8]) -> bool {
    KNOWN_FIELDS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Returns the fields of a head, each with its continuation lines.
pub fn fields_of(head: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if at > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([head.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| head.get(*start..end))
        .collect()
}

/// Removes the byte order mark and the blank lines that some programs write before the head.
fn without_blank_beginning(raw: &[u8]) -> &[u8] {
    let bare = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let mut at = 0;
    for line in bare.split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() {
            break;
        }
        at += line.len();
    }
    bare.get(at..).unwrap_or_default()
}

/// Returns whether the lines before the first blank line contain a header field that is typical of mails, such as `Subject`.
fn has_known_field(raw: &[u8]) -> bool {
    raw.split(|byte| *byte == b'\n')
        .take(500)
        .take_while(|line| !line.trim_ascii().is_empty())
        .filter_map(field_name)
        .any(|name| is_field_of_a_part(name) || name.starts_with(b"List-") || name.starts_with(b"Auto-"))
}

fn is_text(raw: &[u8]) -> bool {
    !raw.iter()
        .take(4_000)
        .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
}

/// Converts line ends to CR LF if the message contains carriage returns (CR) but no line feeds (LF).
fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    let lines: Vec<&[u8]> = raw.split(|byte| *byte == b'\r').collect();
    Cow::Owned(lines.join(b"\r\n".as_slice()))
}

/// Returns the offset at which the head ends, and whether a blank line must be inserted there. Returns `None` if the head is
/// longer than `LONGEST_HEAD`.
fn head_of(raw: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut fields = 0usize;
    let mut strays = 0usize;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if at + line.len() > LONGEST_HEAD {
            return None;
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if line.trim_ascii().is_empty() && !folded {
            return Some((at, false));
        }
        let first = at == 0 && (line.starts_with(b"From ") || line.starts_with(b">From "));
        let belongs = folded || first || field_name(line).is_some();
        if !belongs {
            // The line is not a field. It is the first line of the body, unless fields with known names follow.
            strays += 1;
            let more = strays < MOST_STRAYS && raw.get(at + line.len()..).is_some_and(more_of_the_head);
            if fields > 0 && !more {
                return Some((at, true));
            }
        } else if !folded {
            fields += 1;
        }
        at += line.len();
    }
    Some((at, false))
}

fn more_of_the_head(rest: &[u8]) -> bool {
    rest.split(|byte| *byte == b'\n')
        .take(200)
        .take_while(|line| !line.trim_ascii().is_empty())
        .filter_map(field_name)
        .any(is_known)
}

/// Returns the field name at the start of a line (RFC 5322, section 2.2). Returns `None` if the line does not begin with a field
/// name.
pub fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let lawful = !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    lawful.then_some(name)
}

/// Indents the stray lines of a head. An indented line continues the field on the line before it.
fn unfolded_strays(head: &[u8]) -> Cow<'_, [u8]> {
    let is_stray = |index: usize, line: &[u8]| {
        index > 0
            && !line.starts_with(b" ")
            && !line.starts_with(b"\t")
            && !line.trim_ascii().is_empty()
            && field_name(line).is_none()
    };
    let lines = || head.split_inclusive(|byte| *byte == b'\n').enumerate();
    if !lines().any(|(index, line)| is_stray(index, line)) {
        return Cow::Borrowed(head);
    }
    let repaired = lines().map(|(index, line)| {
        if is_stray(index, line) {
            [b" ", line].concat()
        } else {
            line.to_vec()
        }
    });
    Cow::Owned(repaired.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repair(raw: &[u8]) -> String {
        String::from_utf8_lossy(&repaired(raw)).into_owned()
    }

    #[test]
    fn what_is_well_is_left_alone() {
        let endless = format!("Subject: {}\r\n\r\nx", "=?a?q?x".repeat(140_000));
        for raw in [
            endless.as_str(),
            "Subject: =?utf-8?Q?La=C5=BEni?= =?utf-8?Q?_profil?=\r\n\r\nx",
            "From ana@example.org Mon\r\nSubject: x\r\n folded\r\n\r\nx",
            "",
        ] {
            assert!(matches!(repaired(raw.as_bytes()), Cow::Borrowed(_)), "{raw}");
        }
    }

    #[test]
    fn text_that_runs_on_from_its_head_is_a_text() {
        assert_eq!(
            repair(b"Subject: x\r\nZdravo, ja sam\r\nopet: ja\r\n"),
            "Subject: x\r\n\r\nZdravo, ja sam\r\nopet: ja\r\n"
        );
    }

    #[test]
    fn text_without_any_head_is_a_text() {
        for text in ["Zdravo, ja sam Ana.\r\n\r\nPomozite!", "Molba: pomozite\r\n"] {
            assert_eq!(
                repair(text.as_bytes()),
                format!("MIME-Version: 1.0\r\n\r\n{text}")
            );
        }
        assert_eq!(repair(b"\0\x01\x02 no text"), "\0\x01\x02 no text");
    }

    #[test]
    fn what_stands_before_a_head_hides_nobody() {
        for before in ["\u{feff}", "\r\n", " \r\n\n", "\u{feff}\r\n"] {
            assert_eq!(
                repair(format!("{before}From: ana@example.org\r\n\r\nx").as_bytes()),
                "From: ana@example.org\r\n\r\nx"
            );
        }
    }

    #[test]
    fn a_broken_fold_costs_no_sender() {
        assert_eq!(
            repair(b"Subject: duga\r\nprica\r\nFrom: ana@example.org\r\n\r\nx"),
            "Subject: duga\r\n prica\r\nFrom: ana@example.org\r\n\r\nx"
        );
    }

    #[test]
    fn each_field_is_in_a_charset_of_its_own() {
        assert_eq!(
            repair("From: Ђорђе <a@example.org>\r\nSubject: La\u{17e}ni\r\n".as_bytes()),
            "From: Ђорђе <a@example.org>\r\nSubject: Lažni\r\n"
        );
        let mut mixed = "From: Ђорђе <a@example.org>\r\n".as_bytes().to_vec();
        mixed.extend_from_slice(b"Subject: La\x9eni profil u \x9akoli\r\n\r\nx");
        assert_eq!(
            repair(&mixed),
            "From: Ђорђе <a@example.org>\r\nSubject: Lažni profil u školi\r\n\r\nx"
        );
    }

    #[test]
    fn a_zone_of_letters_swallows_no_field() {
        for end in ["\r\n", "\n"] {
            for zone in ["Z", "UT", "A", "m"] {
                let head =
                    format!("Date: Sat, 28 Nov 2026 10:00:00 {zone}{end}From: ana@example.org{end}{end}x");
                let mail = repair(head.as_bytes());
                let read = mail_parser::MessageParser::default()
                    .parse(mail.as_bytes())
                    .unwrap();
                assert!(read.from().is_some(), "{head}");
                assert_eq!(
                    read.date().map(mail_parser::DateTime::to_timestamp),
                    Some(1_795_860_000)
                );
            }
        }
    }

    #[test]
    fn a_part_has_a_head_or_none() {
        for (part, body) in [
            ("Content-Type: text/plain\r\n\r\nZdravo", "Zdravo"),
            ("\r\nZdravo", "Zdravo"),
            ("Zdravo svima\r\n\r\nI jos: ovo", "Zdravo svima\r\n\r\nI jos: ovo"),
            (
                "Content-Type: text/plain\r\nZdravo, bez praznog reda\r\n\r\nx",
                "Zdravo, bez praznog reda\r\n\r\nx",
            ),
            (
                "Napomena: prati me\r\n\r\nod skole",
                "Napomena: prati me\r\n\r\nod skole",
            ),
            (
                "Content-Type: text/plain;\r\n charset=utf-8\r\nPriority: high\r\n\r\nZdravo",
                "Zdravo",
            ),
        ] {
            let (_, at) = head_and_body(part.as_bytes());
            assert_eq!(part.get(at..), Some(body));
        }
    }
}
