//! Cleans untrusted texts, names and media types before staff see them.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::WINDOWS_1250;
use unicode_normalization::UnicodeNormalization;

/// Returns a text without NUL characters and without white space at both ends. Converts the CRLF line ends of browsers to LF.
pub fn text(text: &str) -> String {
    text.replace('\0', "").replace("\r\n", "\n").trim().to_owned()
}

/// Decodes bytes as UTF-8. If the bytes are not valid UTF-8, decodes them in their most likely charset and replaces invalid bytes.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    // Words in Latin script contain accented letters between ASCII letters. Words in Cyrillic script consist of adjacent non-ASCII
    // letters. If no two non-ASCII bytes are adjacent, the text is therefore decoded in a charset for Latin script.
    let beside = |pair: &[u8]| pair.iter().all(|byte| !byte.is_ascii());
    if !bytes.windows(2).any(beside) {
        return WINDOWS_1250.decode_without_bom_handling(bytes).0;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(Some(b"rs"), Utf8Detection::Deny);
    encoding.decode_without_bom_handling(bytes).0
}

/// Returns the text as one line in Unicode normal form C. Removes characters that change the writing direction, and replaces control
/// characters with spaces.
pub fn one_line(text: &str) -> String {
    let one_line: String = text
        .nfc()
        .filter(|c| !turns_writing(*c) && *c != '\0')
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    one_line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the name of a file without its directories and line breaks, shortened to 200 characters. Returns `None` if the result is
/// empty.
pub fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(one_line(last).chars().take(200).collect()).filter(|name: &String| !name.is_empty())
}

/// Returns a media type such as `image/png` without its parameters. A malformed type becomes `application/octet-stream`.
pub fn media_type(named: &str) -> String {
    let named = named.split(';').next().unwrap_or_default().trim().to_lowercase();
    let lawful = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    if named.len() <= 100 && named.contains('/') && named.chars().all(lawful) {
        named
    } else {
        "application/octet-stream".to_owned()
    }
}

/// Returns whether a character is an invisible mark that changes the writing direction.
fn turns_writing(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        assert_eq!(file_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(file_name("C:\\slike\\a.png").as_deref(), Some("a.png"));
        assert_eq!(file_name("slika\u{202e}gnp.exe").as_deref(), Some("slikagnp.exe"));
        assert_eq!(file_name("\r\n\0"), None);
        assert_eq!(media_type("Text/HTML; charset=x"), "text/html");
        assert_eq!(media_type("nonsense\r\nX: y"), "application/octet-stream");
    }
}
