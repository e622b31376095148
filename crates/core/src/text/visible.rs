//! Detects invisible characters, and marks characters that change the direction of the surrounding text.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark},
};

/// Characters that are blank although Unicode classifies them as letters or symbols. They are the empty Braille pattern, two blank Egyptian
/// signs, the empty note head, and the object replacement character.
const BLANKS: [char; 5] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{1d159}', '\u{fffc}'];

/// Returns whether a text is empty or consists only of characters that show nothing, such as spaces, control characters and invisible
/// characters.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(shows_nothing)
}

fn shows_nothing(c: char) -> bool {
    c.is_whitespace() || c.is_control() || BLANKS.contains(&c) || is_noncharacter(c) || is_invisible(c)
}

/// Returns whether a code point is a Unicode noncharacter, which is never assigned.
fn is_noncharacter(c: char) -> bool {
    let number = u32::from(c);
    number & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&number)
}

fn is_invisible(c: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    let formats = CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format;
    // The Arabic number sign and similar characters are in the Unicode category "format" but are visible.
    let drawn = CodePointSetData::new::<PrependedConcatenationMark>().contains(c);
    ignorable || (formats && !drawn)
}

/// Replaces each character that embeds, overrides or isolates a writing direction with a visible mark. Such characters can disguise a file
/// name: without the mark, `slika<RLO>gnp.exe` would appear as `slikaexe.png`. With the mark, it appears as `slika‹RLO›gnp.exe`.
///
/// Plain direction marks (LRM, RLM, ALM) are kept. Right-to-left text needs them, and they do not reorder other letters.
#[must_use]
pub fn with_directions_marked(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| direction(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match direction(c) {
            Some(name) => {
                marked.push('‹');
                marked.push_str(name);
                marked.push('›');
            }
            None => marked.push(c),
        }
    }
    Cow::Owned(marked)
}

/// Returns the Unicode abbreviation (UAX #9) of a character that starts or ends a change of direction.
const fn direction(c: char) -> Option<&'static str> {
    match c {
        '\u{202a}' => Some("LRE"),
        '\u{202b}' => Some("RLE"),
        '\u{202c}' => Some("PDF"),
        '\u{202d}' => Some("LRO"),
        '\u{202e}' => Some("RLO"),
        '\u{2066}' => Some("LRI"),
        '\u{2067}' => Some("RLI"),
        '\u{2068}' => Some("FSI"),
        '\u{2069}' => Some("PDI"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank() {
        for blank in [
            "",
            " \t\r\n\u{b}\u{c}\u{85}",
            "\0\u{1}\u{7f}\u{9f}",
            "\u{a0}\u{1680}\u{2003}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}",
            "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180e}\u{180f}",
            "\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202e}\u{2060}\u{2064}\u{2065}\u{2069}\u{206f}",
            "\u{2800}\u{3164}\u{ffa0}\u{fe0f}\u{feff}\u{fff0}\u{fff9}\u{fffb}\u{fffc}",
            "\u{13430}\u{13441}\u{13442}\u{1bca0}\u{1d159}\u{1d173}\u{1d17a}",
            "\u{e0000}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{e01ef}\u{e0fff}",
            "\u{fdd0}\u{fffe}\u{ffff}\u{10ffff}",
        ] {
            let shown: Vec<_> = blank.chars().filter(|c| !shows_nothing(*c)).collect();
            assert!(is_blank(blank), "{shown:x?}");
        }
    }

    #[test]
    fn what_shows_anything_is_not_blank() {
        for shown in [
            ".",
            "?",
            "0",
            "ж",
            "\u{301}",
            "👍",
            "\u{200b}a",
            "\u{600}",
            "\u{fffd}",
            "\u{303f}",
            "…",
            "\u{e000}",
        ] {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }

    #[test]
    fn each_character_that_turns_the_writing_is_marked_and_no_other() {
        let turned = "a\u{202a}b\u{202b}c\u{202c}d\u{202d}e\u{202e}f\u{2066}g\u{2067}h\u{2068}i\u{2069}";
        assert_eq!(
            with_directions_marked(turned),
            "a‹LRE›b‹RLE›c‹PDF›d‹LRO›e‹RLO›f‹LRI›g‹RLI›h‹FSI›i‹PDI›"
        );
        let plain = "שלום\u{200f} Здраво\u{200e} zdravo";
        assert!(matches!(with_directions_marked(plain), Cow::Borrowed(_)));
    }
}
