//! Names and kinds of things strangers send, made fit to be shown.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::WINDOWS_1250;
use unicode_normalization::UnicodeNormalization;

/// A text as somebody wrote it, without what means nothing to anybody: NULs, blank ends, a browser's own line ends.
pub fn text(text: &str) -> String {
    text.replace('\0', "").replace("\r\n", "\n").trim().to_owned()
}

/// Bytes as text: UTF-8, else the charset they are most likely in. Nothing of them is dropped.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    // Accented letters stand alone among plain ones; Cyrillic letters stand beside each other.
    let beside = |pair: &[u8]| pair.iter().all(|byte| !byte.is_ascii());
    if !bytes.windows(2).any(beside) {
        return WINDOWS_1250.decode_without_bom_handling(bytes).0;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(Some(b"rs"), Utf8Detection::Deny);
    encoding.decode_without_bom_handling(bytes).0
}

/// One line, composed, without control characters and without letters that turn the writing round.
pub fn one_line(text: &str) -> String {
    let one_line: String = text
        .nfc()
        .filter(|c| !turns_writing(*c) && *c != '\0')
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    one_line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of a file: no path, no line break. `None` if nothing is left of it.
pub fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(one_line(last).chars().take(200).collect()).filter(|name: &String| !name.is_empty())
}

/// A media type such as `image/png`; what is none becomes `application/octet-stream`.
pub fn media_type(named: &str) -> String {
    let named = named.split(';').next().unwrap_or_default().trim().to_lowercase();
    let lawful = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    if named.len() <= 100 && named.contains('/') && named.chars().all(lawful) {
        named
    } else {
        "application/octet-stream".to_owned()
    }
}

/// Whether a character does nothing but change the direction of what follows.
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
