//! Decodes transfer encodings tolerantly: the data may contain junk, be truncated or be followed by text, and the name of the encoding
//! may be misspelt.

use std::borrow::Cow;

/// The shortest line, in bytes, that is decoded as base64 after the base64 seemed to end. A shorter line may consist of a person's words.
const SHORTEST_LINE: usize = 16;

/// The transfer encoding of a body (RFC 2045, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// No encoding.
    Identity,
    /// Base64.
    Base64,
    /// Quoted-printable.
    QuotedPrintable,
    /// uuencode, which is not standardised.
    Uuencode,
}

/// A decoded body.
pub struct Decoded<'a> {
    /// The decoded bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The bytes after the encoded data, such as a footer that a server added.
    pub rest: &'a [u8],
}

impl Transfer {
    /// Returns the encoding that a `Content-Transfer-Encoding` header declares. Accepts other spellings and comments, such as `base-64`
    /// and `quoted-printable (comment)`.
    pub fn named(header: &str) -> Self {
        let mut depth = 0usize;
        let bare: String = header
            .chars()
            .filter(|c| {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => return depth == 0 && c.is_ascii_alphanumeric(),
                }
                false
            })
            .collect();
        match bare.to_ascii_lowercase().trim_start_matches('x') {
            "base64" | "b64" | "b" => Self::Base64,
            "quotedprintable" | "qp" | "q" | "quotedprintabl" | "quoted" => Self::QuotedPrintable,
            "uuencode" | "uuencoded" | "uue" | "uu" => Self::Uuencode,
            _ => Self::Identity,
        }
    }

    /// Decodes a body. Returns the body unchanged if it is clearly not in this encoding.
    pub fn decode(self, body: &[u8]) -> Decoded<'_> {
        let whole = |bytes| Decoded { bytes, rest: &[] };
        match self {
            Self::Identity => whole(Cow::Borrowed(body)),
            Self::QuotedPrintable => whole(Cow::Owned(quoted_printable(body))),
            Self::Base64 => base64(body).unwrap_or_else(|| whole(Cow::Borrowed(body))),
            Self::Uuencode => match uuencoded(body) {
                Some(file) => Decoded {
                    bytes: Cow::Owned(file.bytes),
                    rest: body.get(file.end..).unwrap_or_default(),
                },
                None => whole(Cow::Borrowed(body)),
            },
        }
    }
}

/// Decodes quoted-printable. Keeps an equals sign that begins no valid escape.
pub fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        let end = match line {
            [.., b'\r', b'\n'] => b"\r\n".as_slice(),
            [.., b'\n'] => b"\n",
            // A line without a line end is an encoded word or the last line of a body. The spaces at its end belong to the text.
            _ => {
                unescape(line, &mut out);
                continue;
            }
        };
        if let Some(soft) = bare.strip_suffix(b"=") {
            unescape(soft, &mut out);
        } else {
            unescape(bare, &mut out);
            out.extend_from_slice(end);
        }
    }
    out
}

fn unescape(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some((first, more)) = rest.split_first() {
        let escaped = more.get(..2).filter(|_| *first == b'=').and_then(|hex| {
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(hex)
                .ok()?
                .first()
                .copied()
        });
        match escaped {
            Some(byte) => {
                out.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            // The body was truncated after the equals sign of a soft line break.
            None if *first == b'=' && more.is_empty() => return,
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
}

/// Decodes base64 line by line. Ignores lines of words in the middle of the base64. Returns the bytes after the base64 as `rest`. Returns
/// `None` if the body is plain text that is wrongly declared as base64.
fn base64(body: &[u8]) -> Option<Decoded<'_>> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let mut segment: Vec<u8> = Vec::new();
    let (mut at, mut end) = (0usize, 0usize);
    let mut longest = 0usize;
    let mut ended = false;
    let mut words_first = false;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let bare = line.trim_ascii();
        if bare.is_empty() {
            continue;
        }
        // If words follow the padding on a line, the base64 ends at the padding.
        if !ended && let Some(length) = padded_length(line) {
            segment.extend(line.iter().take(length).filter(|byte| is_base64(**byte)));
            ended = true;
            end = at - line.len() + length;
            continue;
        }
        let letters = bare.iter().filter(|byte| is_base64(**byte)).count();
        let goes_on = !ended || (letters == bare.len() && letters % 4 == 0 && letters >= SHORTEST_LINE);
        if is_words(bare) || !goes_on {
            words_first |= end == 0;
            continue;
        }
        push_base64(bare, &mut segment, &mut out);
        longest = longest.max(bare.len());
        ended = bare.ends_with(b"=") || (bare.len() < longest && segment.len().is_multiple_of(4));
        end = at;
    }
    flush(&mut segment, &mut out);
    // The body is plain text if it contains no base64, or if it begins with words and its second half contains no base64.
    if out.is_empty() || (words_first && end < body.len() / 2) {
        return None;
    }
    Some(Decoded {
        bytes: Cow::Owned(out),
        rest: body.get(end..).unwrap_or_default(),
    })
}

/// Returns the length, in bytes, of base64 at the start of a line if the base64 ends with padding and words follow it; otherwise `None`.
fn padded_length(line: &[u8]) -> Option<usize> {
    let letters = line.iter().position(|byte| !is_base64(*byte))?;
    let padding = line
        .iter()
        .skip(letters)
        .take_while(|byte| **byte == b'=')
        .count();
    let length = letters + padding;
    let behind = line.get(length..)?;
    let is_whole = letters > 0 && padding > 0 && length.is_multiple_of(4);
    let goes_on = behind.starts_with(b" ") || behind.starts_with(b"\t");
    (is_whole && goes_on && !behind.trim_ascii().is_empty()).then_some(length)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Returns whether a line consists of words and not of base64. Base64 may contain spaces, too, but the pieces between them are longer
/// than words: at least `SHORTEST_LINE` bytes on average.
fn is_words(line: &[u8]) -> bool {
    let words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .count();
    words > 1 && line.len() / words < SHORTEST_LINE
}

/// Adds the base64 characters of a text to `segment`, the characters that are still to be decoded. At padding, decodes the segment and
/// appends the bytes to `out`.
fn push_base64(text: &[u8], segment: &mut Vec<u8>, out: &mut Vec<u8>) {
    for byte in text {
        if *byte == b'=' {
            flush(segment, out);
        } else if is_base64(*byte) {
            segment.push(*byte);
        }
    }
}

fn flush(segment: &mut Vec<u8>, out: &mut Vec<u8>) {
    if segment.len() % 4 == 1 {
        segment.pop();
    }
    if let Some(bytes) = decode_base64(segment) {
        out.extend_from_slice(&bytes);
    }
    segment.clear();
}

/// Decodes base64 without padding. Ignores unused bits in the last character.
pub fn decode_base64(letters: &[u8]) -> Option<Vec<u8>> {
    let mut lenient = data_encoding::BASE64_NOPAD.specification();
    lenient.check_trailing_bits = false;
    lenient.encoding().ok()?.decode(letters).ok()
}

/// Decodes the base64 of an encoded word or a `data:` URL. Skips invalid characters.
pub fn lenient_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut segment = Vec::new();
    push_base64(text, &mut segment, &mut out);
    flush(&mut segment, &mut out);
    out
}

/// A uuencoded file that was found in a text.
pub struct Uuencoded {
    /// The file name.
    pub name: Vec<u8>,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
    /// The offset in the text at which the file begins.
    pub start: usize,
    /// The offset in the text of the first byte after the file.
    pub end: usize,
}

/// Finds the first uuencoded file in a text.
pub fn uuencoded(text: &[u8]) -> Option<Uuencoded> {
    let mut at = 0;
    let mut found: Option<Uuencoded> = None;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        let start = at;
        at += line.len();
        match &mut found {
            None => {
                found = begins(bare).map(|name| Uuencoded {
                    name,
                    bytes: Vec::new(),
                    start,
                    end: at,
                });
            }
            Some(file) => {
                if bare.trim_ascii() == b"end" {
                    file.end = at;
                    break;
                }
                match uu_line(bare) {
                    Some(bytes) => file.bytes.extend_from_slice(&bytes),
                    None if file.bytes.is_empty() => found = None,
                    None => break,
                }
                if let Some(file) = &mut found {
                    file.end = at;
                }
            }
        }
    }
    found.filter(|file| !file.bytes.is_empty())
}

fn begins(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"begin ")?;
    let space = rest.iter().position(|byte| *byte == b' ')?;
    let (mode, name) = rest.split_at_checked(space)?;
    let lawful = (3..=4).contains(&mode.len()) && mode.iter().all(|digit| (b'0'..=b'7').contains(digit));
    lawful.then(|| name.trim_ascii().to_vec())
}

/// Decodes a line of uuencode. The first character encodes the number of bytes, and each further character encodes six bits.
/// Spaces at the end of the line may be missing.
fn uu_line(line: &[u8]) -> Option<Vec<u8>> {
    let (length, letters) = line.split_first()?;
    let bits = |byte: u8| (32..=96).contains(&byte).then(|| byte.wrapping_sub(32) & 63);
    let length = usize::from(bits(*length)?);
    if letters.len() > length.div_ceil(3) * 4 + 2 || letters.len() + 4 < length {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    for index in 0..length.div_ceil(3) {
        let four = |offset: usize| bits(letters.get(index * 4 + offset).copied().unwrap_or(b' '));
        let (a, b, c, d) = (four(0)?, four(1)?, four(2)?, four(3)?);
        out.extend_from_slice(&[(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d]);
    }
    out.truncate(length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(transfer: &str, body: &[u8]) -> (Vec<u8>, String) {
        let decoded = Transfer::named(transfer).decode(body);
        (
            decoded.bytes.into_owned(),
            String::from_utf8_lossy(decoded.rest).into_owned(),
        )
    }

    #[test]
    fn the_encoding_is_known_however_it_is_spelt() {
        for (header, transfer) in [
            ("base64", Transfer::Base64),
            ("Base-64", Transfer::Base64),
            ("BASE64;", Transfer::Base64),
            (" \"base64\" (of a gateway)", Transfer::Base64),
            ("x-base64", Transfer::Base64),
            ("quoted-printable (komentar)", Transfer::QuotedPrintable),
            ("Quoted_Printable", Transfer::QuotedPrintable),
            ("x-uuencode", Transfer::Uuencode),
            ("uue", Transfer::Uuencode),
            ("8bit", Transfer::Identity),
            ("binary", Transfer::Identity),
            ("", Transfer::Identity),
        ] {
            assert_eq!(Transfer::named(header), transfer, "{header}");
        }
    }

    #[test]
    fn base64_is_decoded_as_far_as_it_goes() {
        for (body, bytes, rest) in [
            ("JVBERi0xLjQK", "%PDF-1.4\n", ""),
            ("JVBERi0xL!!*jQK\r\n", "%PDF-1.4\n", ""),
            ("JVBERi0xLjQ", "%PDF-1.4", ""),
            ("JVBERi0xLjQKJ", "%PDF-1.4\n", ""),
            (
                "JVBERi0xLjQ=\r\n\r\n-- \r\nPoslato sa telefona\r\n",
                "%PDF-1.4",
                "\r\n-- \r\nPoslato sa telefona\r\n",
            ),
            (
                "JVBERi0x\r\nLjQK\r\nPozdrav svima\r\n",
                "%PDF-1.4\n",
                "Pozdrav svima\r\n",
            ),
            ("JVBE\r\nRi0x\r\nsome words here\r\nLjQK\r\n", "%PDF-1.4\n", ""),
            (
                "Zdravo, ovo nije kodirano nikako.",
                "Zdravo, ovo nije kodirano nikako.",
                "",
            ),
            ("JVA=JVA=", "%P%P", ""),
            ("JVBERi0xLjQ= jos reci\r\n", "%PDF-1.4", " jos reci\r\n"),
        ] {
            assert_eq!(
                decode("base64", body.as_bytes()),
                (bytes.as_bytes().to_vec(), rest.to_owned()),
                "{body}"
            );
        }
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        for (body, bytes) in [
            ("ho=C4=87u  \r\nda=\r\n idem", "hoću\r\nda idem"),
            ("1+1=2, x=zz, kraj=", "1+1=2, x=zz, kraj"),
            ("=c5=a1", "š"),
        ] {
            assert_eq!(
                String::from_utf8(decode("quoted-printable", body.as_bytes()).0).unwrap(),
                bytes
            );
        }
    }

    #[test]
    fn uuencoded_files_are_found_in_a_text() {
        let text = b"Evo:\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nHvala";
        let file = uuencoded(text).unwrap();
        assert_eq!(
            (file.name.as_slice(), file.bytes.as_slice()),
            (&b"a.txt"[..], &b"Cat"[..])
        );
        assert_eq!(&text[file.end..], b"Hvala");
        assert!(
            uuencoded(b"begin 644 the story\r\nof my life, which is long and has no end at all").is_none()
        );
        assert!(uuencoded(b"begin now").is_none());
    }
}
