//! Transliteration of Serbian from Cyrillic to Latin script. The locale files contain Serbian texts in Cyrillic only.

/// Transliterates Serbian Cyrillic to Latin script and leaves all other characters unchanged. Љ, Њ and Џ become two letters. The
/// second of these letters is upper-case only in a word written in capitals.
#[must_use]
pub fn to_latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match latin_of(letter) {
            // The letter's neighbours matter to three letters only, and looking at them takes most of the time.
            Some((narrow, wide)) if narrow == wide => latin.push_str(narrow),
            Some((narrow, wide)) => {
                let in_capitals = match letters.peek() {
                    Some(next) if next.is_alphabetic() => next.is_uppercase(),
                    _ => before.is_some_and(|c| c.is_alphabetic() && c.is_uppercase()),
                };
                latin.push_str(if in_capitals { wide } else { narrow });
            }
            None => latin.push(letter),
        }
        before = Some(letter);
    }
    latin
}

/// Returns the two Latin forms of a Cyrillic letter: the first for an ordinary word, the second for a word written in capitals. Returns
/// `None` for any other character.
const fn latin_of(letter: char) -> Option<(&'static str, &'static str)> {
    Some(match letter {
        'а' => ("a", "a"),
        'б' => ("b", "b"),
        'в' => ("v", "v"),
        'г' => ("g", "g"),
        'д' => ("d", "d"),
        'ђ' => ("đ", "đ"),
        'е' => ("e", "e"),
        'ж' => ("ž", "ž"),
        'з' => ("z", "z"),
        'и' => ("i", "i"),
        'ј' => ("j", "j"),
        'к' => ("k", "k"),
        'л' => ("l", "l"),
        'љ' => ("lj", "lj"),
        'м' => ("m", "m"),
        'н' => ("n", "n"),
        'њ' => ("nj", "nj"),
        'о' => ("o", "o"),
        'п' => ("p", "p"),
        'р' => ("r", "r"),
        'с' => ("s", "s"),
        'т' => ("t", "t"),
        'ћ' => ("ć", "ć"),
        'у' => ("u", "u"),
        'ф' => ("f", "f"),
        'х' => ("h", "h"),
        'ц' => ("c", "c"),
        'ч' => ("č", "č"),
        'џ' => ("dž", "dž"),
        'ш' => ("š", "š"),
        'А' => ("A", "A"),
        'Б' => ("B", "B"),
        'В' => ("V", "V"),
        'Г' => ("G", "G"),
        'Д' => ("D", "D"),
        'Ђ' => ("Đ", "Đ"),
        'Е' => ("E", "E"),
        'Ж' => ("Ž", "Ž"),
        'З' => ("Z", "Z"),
        'И' => ("I", "I"),
        'Ј' => ("J", "J"),
        'К' => ("K", "K"),
        'Л' => ("L", "L"),
        'Љ' => ("Lj", "LJ"),
        'М' => ("M", "M"),
        'Н' => ("N", "N"),
        'Њ' => ("Nj", "NJ"),
        'О' => ("O", "O"),
        'П' => ("P", "P"),
        'Р' => ("R", "R"),
        'С' => ("S", "S"),
        'Т' => ("T", "T"),
        'Ћ' => ("Ć", "Ć"),
        'У' => ("U", "U"),
        'Ф' => ("F", "F"),
        'Х' => ("H", "H"),
        'Ц' => ("C", "C"),
        'Ч' => ("Č", "Č"),
        'Џ' => ("Dž", "DŽ"),
        'Ш' => ("Š", "Š"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyrillic_becomes_latin_letter_by_letter() {
        assert_eq!(
            to_latin("Њега брине џеп, ђак и љубав; ČŠ ok"),
            "Njega brine džep, đak i ljubav; ČŠ ok"
        );
        assert_eq!(to_latin("ЉУБАВ Љ ЏЕП БОЉЊ"), "LJUBAV Lj DŽEP BOLJNJ");
    }
}
