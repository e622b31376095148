//! Joins texts and prepares them for display.

use std::collections::HashSet;

use hotline_core::text::fold::fold;
use unicode_normalization::UnicodeNormalization;

/// Returns whether a text contains a letter or a digit.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Joins texts with a blank line between them.
pub fn join_paragraphs(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<&str> = texts
        .iter()
        .map(|text| text.as_ref().trim_matches(['\r', '\n']))
        .filter(|text| !text.trim().is_empty())
        .collect();
    texts.join("\n\n")
}

/// Joins the lines of flowed text (RFC 3676). A line that ends with a space is joined with the next line if both have the same number of
/// quote marks. With `deleted` (the parameter `DelSp=yes`), the space is removed.
pub fn join_flowed(text: &str, deleted: bool) -> String {
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

/// Returns a text in Unicode normal form C, with LF line ends and without invisible control characters.
pub fn tidy(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let seen = |c: &char| (!c.is_control() && *c != '\u{feff}') || matches!(c, '\n' | '\t');
    unified.nfc().filter(seen).collect::<String>().trim().to_owned()
}

/// Returns the words of a text, in lower case and without accents. Comparing two such sets shows whether two texts have the same words,
/// even if accents and capitals differ.
pub fn word_set(text: &str) -> HashSet<String> {
    fold(&without_placeholders(text))
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Removes the placeholders that mail programs write instead of pictures, such as `[image: a.png]` and `[cid:…]`.
fn without_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let placeholder = ["image:", "cid:", "slika:", "inline image"].iter().any(|start| {
            after
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        });
        match after.split_once(']') {
            Some((_, more)) if placeholder => rest = more,
            _ => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
