//! Text folding for search. Folding makes different spellings of a word equal, such as Насиље, Nasilje and nasilje, or čuvam and cuvam.

use crate::text::transliterate::to_latin;

/// Returns the text in lower-case Latin letters without accents. Љ, Њ, Џ and Ђ become lj, nj, dz and dj, whether they are written
/// in Cyrillic or in Latin script.
#[must_use]
pub fn fold(text: &str) -> String {
    // Most words need no more, and this is much faster.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for letter in to_latin(text).chars().flat_map(char::to_lowercase) {
        match letter {
            'đ' => folded.push_str("dj"),
            'ǆ' | 'ǅ' => folded.push_str("dz"),
            'ǉ' | 'ǈ' => folded.push_str("lj"),
            'ǌ' | 'ǋ' => folded.push_str("nj"),
            'ß' => folded.push_str("ss"),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            // Combining marks and invisible characters.
            '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            letter => folded.push(plain(letter)),
        }
    }
    folded
}

/// Replaces a European letter with a diacritic by the Latin letter without it. Returns any other letter unchanged.
const fn plain(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        letter => letter,
    }
}

/// Returns the folded words of a text in order. A word consists of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::transliterate::to_latin;

    #[test]
    fn script_case_and_accents_make_no_difference() {
        for (one, other) in [
            ("насиље", "NASILJE"),
            ("чувам те", "cuvam te"),
            ("čuvam te", "cuvam te"),
            ("џеп", "dzep"),
            ("ђак", "djak"),
            ("đak", "ЂАК"),
            ("Њива", "ǋiva"),
            ("Љубав", "ljubav"),
            ("žrtva", "жртва"),
            ("šta", "sta"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn cyrillic_and_the_latin_made_from_it_fold_alike(text in "[а-шђјљњћџ ]{0,40}") {
            prop_assert_eq!(fold(&text), fold(&to_latin(&text)));
        }

        #[test]
        fn ascii_folds_like_text_with_other_letters(text in "[ -~\\n]{0,40}") {
            prop_assert_eq!(fold(&text) + "z", fold(&format!("{text}ž")));
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
