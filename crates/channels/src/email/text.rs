//! Joins texts and prepares them to be shown.

use unicode_normalization::UnicodeNormalization;

/// Returns whether a text contains a letter or a digit.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Joins texts with a blank line between them.
pub fn joined(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<&str> = texts
        .iter()
        .map(|text| text.as_ref().trim_matches(['\r', '\n']))
        .filter(|text| !text.trim().is_empty())
        .collect();
    texts.join("\n\n")
}

/// Joins the lines of flowed text (RFC 3676). A line that ends in a space continues in the next line of the same quote depth.
/// If `deleted` is set, that space is removed.
pub fn unflowed(text: &str, deleted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.chars().take_while(|c| *c == '>').count();
        let body = line.trim_start_matches('>');
        let body = body.strip_prefix(' ').unwrap_or(body);
        if open != Some(depth) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&">".repeat(depth));
            if depth > 0 {
                out.push(' ');
            }
        }
        let goes_on = body.ends_with(' ') && body != "-- ";
        out.push_str(if goes_on && deleted {
            body.strip_suffix(' ').unwrap_or(body)
        } else {
            body
        });
        open = goes_on.then_some(depth);
    }
    out
}

/// Returns a text in NFC, with LF line ends and without invisible control characters.
pub fn tidy(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let seen = |c: &char| (!c.is_control() && *c != '\u{feff}') || matches!(c, '\n' | '\t');
    unified.nfc().filter(seen).collect::<String>().trim().to_owned()
}
