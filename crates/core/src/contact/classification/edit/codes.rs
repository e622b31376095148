//! The codes of questions and answers that are added on screen.

use unicode_normalization::UnicodeNormalization;

/// The maximum number of characters of a code before its number.
const LONGEST_CODE: usize = 36;

/// Returns the words as a code: letters without accents, digits and underscores.
pub(super) fn code_of(words: &str) -> String {
    let mut code = String::new();
    for character in words
        .nfd()
        .filter(|one| !unicode_normalization::char::is_combining_mark(*one))
    {
        if character.is_ascii_alphanumeric() {
            code.push(character.to_ascii_lowercase());
        } else if !code.is_empty() && !code.ends_with('_') {
            code.push('_');
        }
    }
    code.trim_end_matches('_').to_owned()
}

/// Returns the first code that is not taken: the given one, or the given one with a number.
pub(super) fn new_code(code: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let code: String = code.chars().take(LONGEST_CODE).collect();
    let code = code.trim_end_matches('_');
    let numbered = (2..).map(|number| format!("{code}_{number}"));
    let mut all = std::iter::once(code.to_owned()).chain(numbered);
    all.find(|code| !is_taken(code)).unwrap_or_default()
}
