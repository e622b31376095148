//! Mending what mail programs get wrong, so that a parser that keeps to the standards still finds what was meant.
//!
//! Before parsing: a head without its blank line, lone carriage returns, 8-bit bytes and split or mislabelled encoded words
//! (RFC 2047) in the head. After it: a text whose bytes are not in the charset it names. The raw message itself is kept
//! as it came.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use mail_parser::{
    Encoding as Transfer, MessagePart, MimeHeaders, decoders::quoted_printable::quoted_printable_decode,
};

/// A head longer than this is left as it is.
const LONGEST_HEAD: usize = 1 << 20;
/// So many lines that are no field make a text of what follows, whatever it looks like.
const MOST_STRAYS: usize = 20;
/// An encoded word is looked for no further than this. RFC 2047 allows 75 characters; some programs write longer ones.
const LONGEST_WORD: usize = 2_000;
/// Fields by which a line is known to belong to a head for certain.
const KNOWN_FIELDS: [&str; 11] = [
    "received",
    "date",
    "from",
    "to",
    "cc",
    "subject",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
];

/// A raw message, ready to be parsed.
pub fn mended(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = with_line_feeds(raw);
    let Some((end, insert)) = head_of(&raw) else {
        return raw;
    };
    let Some(head) = raw.get(..end) else {
        return raw;
    };
    let text = match std::str::from_utf8(head) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(guessed(head)),
    };
    let text = match unfolded_strays(&text) {
        Cow::Owned(joined) => Cow::Owned(joined),
        Cow::Borrowed(_) => text,
    };
    let text = match whole_words(&text) {
        Some(mended) => Cow::Owned(mended),
        None => text,
    };
    if matches!(text, Cow::Borrowed(_)) && !insert {
        return raw;
    }
    let mut out = text.as_bytes().to_vec();
    if insert {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(raw.get(end..).unwrap_or_default());
    Cow::Owned(out)
}

/// Ends lines with CR LF in a message that has no line feed at all.
fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    let pieces: Vec<&[u8]> = raw.split(|byte| *byte == b'\r').collect();
    Cow::Owned(pieces.join(b"\r\n".as_slice()))
}

/// Where the head ends, and whether the blank line that ends it has to be put in there. `None` if it is too long.
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
            // A line of nobody's: the text begins here, unless more of the head is still to come.
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
        .any(|name| {
            KNOWN_FIELDS
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        })
}

/// The name of the field a line begins (RFC 5322, section 2.2).
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let lawful = !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    lawful.then_some(name)
}

/// Lines in the middle of a head that are no field were meant to continue the one before: gives them the space they lack.
fn unfolded_strays(head: &str) -> Cow<'_, str> {
    let stray = |(index, line): (usize, &str)| {
        index > 0
            && !line.starts_with([' ', '\t'])
            && !line.trim().is_empty()
            && field_name(line.as_bytes()).is_none()
    };
    if !head.split_inclusive('\n').enumerate().any(stray) {
        return Cow::Borrowed(head);
    }
    let mended = head.split_inclusive('\n').enumerate().map(|(index, line)| {
        if stray((index, line)) {
            format!(" {line}")
        } else {
            line.to_owned()
        }
    });
    Cow::Owned(mended.collect())
}

/// One encoded word, such as `=?utf-8?B?xaE=?=`.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Where the next may begin.
    end: usize,
}

/// Rewrites the encoded words that do not stand for themselves: letters cut in two between words, and bytes that are not in
/// the charset they name. `None` if all are well.
fn whole_words(head: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(start) = head.get(from..)?.find("=?").map(|found| from + found) {
        let Some(first) = word(head, start) else {
            from = start + 2;
            continue;
        };
        let mut run = first;
        let mut broken = !decodes(run.charset, &run.bytes);
        // Words of one charset with nothing but blanks between them are one text.
        while let Some(next) = next_word(head, &run) {
            broken |= !decodes(next.charset, &next.bytes);
            run.bytes.extend_from_slice(&next.bytes);
            run.end = next.end;
        }
        from = run.end;
        if broken {
            let text = read_as(run.charset, &run.bytes);
            let encoded = data_encoding::BASE64.encode(text.as_bytes());
            out.push_str(head.get(done..start)?);
            out.push_str(&format!("=?utf-8?B?{encoded}?="));
            done = run.end;
        }
    }
    (done > 0).then(|| {
        out.push_str(head.get(done..).unwrap_or_default());
        out
    })
}

fn next_word<'a>(head: &'a str, before: &Word<'a>) -> Option<Word<'a>> {
    let rest = head.get(before.end..)?;
    let start = before.end + rest.len() - rest.trim_start().len();
    let next = word(head, start)?;
    next.charset.eq_ignore_ascii_case(before.charset).then_some(next)
}

fn word(head: &str, start: usize) -> Option<Word<'_>> {
    let inside = head.get(start..)?.strip_prefix("=?")?;
    let near = inside
        .char_indices()
        .nth(LONGEST_WORD)
        .map_or(inside.len(), |(at, _)| at);
    let inside = inside.get(..near)?;
    let (charset, rest) = inside.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, _) = rest.split_once("?=")?;
    let lawful = !charset.is_empty() && charset.len() < 60 && !charset.contains(char::is_whitespace);
    if !lawful || text.contains('\n') {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => lenient_base64(text.as_bytes()),
        "q" | "Q" => quoted_printable_decode(text.replace('_', " ").as_bytes())?,
        _ => return None,
    };
    let end = start + 2 + charset.len() + 1 + encoding.len() + 1 + text.len() + 2;
    Some(Word { charset, bytes, end })
}

/// Whether the bytes are in the charset. Of one that nobody knows nothing can be said.
fn decodes(charset: &str, bytes: &[u8]) -> bool {
    Encoding::for_label(charset.as_bytes())
        .is_none_or(|encoding| !encoding.decode_without_bom_handling(bytes).1)
}

fn read_as(charset: &str, bytes: &[u8]) -> String {
    match Encoding::for_label(charset.as_bytes()) {
        Some(encoding) if decodes(charset, bytes) => {
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        _ => guessed(bytes),
    }
}

/// Base64 with whatever does not belong there left out.
fn lenient_base64(text: &[u8]) -> Vec<u8> {
    let belongs = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut letters: Vec<u8> = text
        .iter()
        .take_while(|byte| **byte != b'=')
        .filter(belongs)
        .copied()
        .collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    let mut lenient = data_encoding::Specification::new();
    lenient
        .symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    lenient.check_trailing_bits = false;
    let decoded = lenient
        .encoding()
        .ok()
        .and_then(|encoding| encoding.decode(&letters).ok());
    decoded.unwrap_or_default()
}

/// Bytes in an unknown charset, as text: UTF-8 if they are that, else what a mail from here is most likely in.
fn guessed(bytes: &[u8]) -> String {
    let as_utf8 = String::from_utf8_lossy(bytes);
    let wrong = wrong_in(&as_utf8);
    let letters = as_utf8.chars().filter(|c| !c.is_ascii()).count() - wrong;
    // A few spoiled bytes make no other charset of it.
    if wrong == 0 || letters > 2 * wrong {
        return as_utf8.into_owned();
    }
    let encoding = if is_latin(bytes) {
        central_european(bytes)
    } else {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        detector.guess(Some(b"rs"), Utf8Detection::Allow)
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn wrong_in(text: &str) -> usize {
    text.matches(char::REPLACEMENT_CHARACTER).count()
}

/// Whether 8-bit bytes stand among ASCII letters, as accented letters do, and not beside each other, as Cyrillic does. The
/// detector has no model of Serbian in Latin script and takes it for Cyrillic.
fn is_latin(bytes: &[u8]) -> bool {
    let (mut among, mut beside) = (0usize, 0usize);
    for pair in bytes.windows(2) {
        match pair {
            [a, b] if !a.is_ascii() && !b.is_ascii() => beside += 1,
            [a, b] if a.is_ascii_alphabetic() != b.is_ascii_alphabetic() && a.is_ascii() != b.is_ascii() => {
                among += 1;
            }
            _ => {}
        }
    }
    among > beside
}

/// windows-1250 has ŠšŽž where ISO-8859-2 has control characters.
fn central_european(bytes: &[u8]) -> &'static Encoding {
    let of_windows = bytes.iter().any(|byte| (0x80..0xa0).contains(byte));
    let of_iso = bytes.iter().any(|byte| matches!(byte, 0xa9 | 0xae | 0xb9 | 0xbe));
    if of_iso && !of_windows {
        encoding_rs::ISO_8859_2
    } else {
        encoding_rs::WINDOWS_1250
    }
}

/// The text of a part. `parsed` is what the parser made of it by the charset it names; if its bytes are not in that charset,
/// they are read as what they are.
pub fn text_of<'a>(
    raw: &[u8],
    part: &MessagePart<'_>,
    charset: Option<&str>,
    parsed: &'a str,
) -> Cow<'a, str> {
    // Of base64 with junk in it the parser gives the letters themselves.
    let base64 = part
        .content_transfer_encoding()
        .is_some_and(|named| named.eq_ignore_ascii_case("base64"));
    let undecoded = part.is_encoding_problem && base64;
    let spoiled = parsed.contains('\u{fffd}') || undecoded;
    if !spoiled && parsed.is_ascii() {
        return Cow::Borrowed(parsed);
    }
    let range = part.offset_body as usize..part.offset_end as usize;
    let Some(body) = raw.get(range) else {
        return Cow::Borrowed(parsed);
    };
    let decoded = match part.encoding {
        Transfer::None if undecoded => Some(Cow::Owned(lenient_base64(body))),
        Transfer::None => Some(Cow::Borrowed(body)),
        Transfer::QuotedPrintable => quoted_printable_decode(body).map(Cow::Owned),
        Transfer::Base64 => Some(Cow::Owned(lenient_base64(body))),
    };
    let Some(bytes) = decoded else {
        return Cow::Borrowed(parsed);
    };
    let named = charset.unwrap_or_default();
    let single = Encoding::for_label(named.as_bytes()).is_none_or(Encoding::is_single_byte);
    // Nobody writes by chance what is UTF-8 from beginning to end.
    if single
        && !bytes.is_ascii()
        && let Ok(text) = std::str::from_utf8(&bytes)
    {
        return Cow::Owned(text.to_owned());
    }
    // The charsets the web knows are read as the web reads them (WHATWG Encoding).
    if let Some(encoding) = Encoding::for_label(named.as_bytes())
        && decodes(named, &bytes)
    {
        return Cow::Owned(encoding.decode_without_bom_handling(&bytes).0.into_owned());
    }
    if !spoiled {
        return Cow::Borrowed(parsed);
    }
    let read = read_as(named, &bytes);
    if undecoded || wrong_in(&read) < wrong_in(parsed) {
        Cow::Owned(read)
    } else {
        Cow::Borrowed(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(raw: &[u8]) -> String {
        String::from_utf8_lossy(&mended(raw)).into_owned()
    }

    #[test]
    fn what_is_well_is_left_alone() {
        let endless = format!("Subject: {}\r\n\r\nx", "=?a?q?x".repeat(140_000));
        for raw in [
            endless.as_str(),
            "Subject: =?utf-8?Q?La=C5=BEni?= =?utf-8?Q?_profil?=\r\n\r\nx",
            "From ana@example.org Mon\r\nSubject: x\r\n folded\r\n\r\nx",
            "no head at all",
            "",
        ] {
            assert!(matches!(mended(raw.as_bytes()), Cow::Borrowed(_)), "{raw}");
        }
    }

    #[test]
    fn a_letter_cut_in_two_is_whole_again() {
        assert_eq!(
            mend(b"Subject: =?UTF-8?B?TGHF?=\r\n =?UTF-8?B?vm5p?= x\r\n\r\n"),
            "Subject: =?utf-8?B?TGHFvm5p?= x\r\n\r\n"
        );
    }

    #[test]
    fn text_that_runs_on_from_its_head_is_a_text() {
        assert_eq!(
            mend(b"Subject: x\r\nZdravo, ja sam\r\nopet: ja\r\n"),
            "Subject: x\r\n\r\nZdravo, ja sam\r\nopet: ja\r\n"
        );
    }

    #[test]
    fn a_broken_fold_costs_no_sender() {
        assert_eq!(
            mend(b"Subject: duga\r\nprica\r\nFrom: ana@example.org\r\n\r\nx"),
            "Subject: duga\r\n prica\r\nFrom: ana@example.org\r\n\r\nx"
        );
    }

    #[test]
    fn bytes_of_the_old_charsets_are_recognised() {
        assert_eq!(guessed(b"La\x9eni profil u \x9akoli"), "Lažni profil u školi");
        for (encoding, text) in [
            (encoding_rs::WINDOWS_1251, "Лажни профил моје ћерке"),
            (encoding_rs::ISO_8859_2, "Lažni profil u školi, đaci ćute"),
            (encoding_rs::WINDOWS_1250, "Đorđe čuva žabe"),
        ] {
            assert_eq!(guessed(&encoding.encode(text).0), text);
        }
    }
}
