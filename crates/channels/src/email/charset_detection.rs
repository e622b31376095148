//! Detects the charset of a text. Decodes the text with each candidate charset, and gives points for plausible letters and words.
//! Supports Serbian in both scripts, other languages in Cyrillic script, and the languages of western and central Europe. The general
//! detector `chardetng` does not support Serbian in Latin script, so it is used only for other scripts.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_8859_2, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};

/// The number of bytes that are examined, beginning at or before the first non-ASCII byte.
const SAMPLE: usize = 64 * 1024;
/// Charsets that mail programs confuse. A mail that declares one of these charsets may use another one.
const UNRELIABLE: [&Encoding; 4] = [WINDOWS_1252, WINDOWS_1250, ISO_8859_2, WINDOWS_1251];
/// The points for each common word of the language in a decoded text. At most `MOST_WORDS` words give points.
const WORD: i64 = 4;
const MOST_WORDS: usize = 15;

/// A group of languages, with its own letters and common words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Serbian,
    Cyrillic,
    Western,
    Central,
    /// A language in a script other than Latin and Cyrillic. Only the general detector `chardetng` can recognise it.
    Other,
}

const SERBIAN: &str = "čćžšđ";
const WESTERN: &str = "äöüßéèêëàâçùûîïôœÿñáíóúãõåæøìò";
const CENTRAL: &str = "ąćęłńóśźżáčďéěíňřšťúůýžľĺŕäôöőüűăâîşţđ";
const SERBIAN_CYRILLIC: &str = "абвгдђежзијклљмнњопрстћуфхцчџш";
const RUSSIAN_CYRILLIC: &str = "щъыьэюяёйєіїґў";

const SERBIAN_WORDS: &str = " da je sam nije od kako moj moja moje koji ali smo ste su bi mu vam nam ima imam za na se ne mi to \
    ovo i u me ga sta neko dete hvala molim dobar dan poruke slike ";
const WESTERN_WORDS: &str = " the and of is to le la les de des et est un une que qui pas pour dans vous nous il elle di che per \
    non sono el los por con para der die das und ist nicht ich ein mit von og det er jeg ikke til av som och att mon ma avec sur ";
const CENTRAL_WORDS: &str = " nie jest w z do jak co po tak mnie dla oraz czy jsem pro ve ze nebo jako hogy nem egy az van volt \
    csak este si din cu ";

/// The assumption that a text has a certain encoding and language, with points for its plausibility.
struct Reading {
    points: i64,
    language: Language,
    encoding: &'static Encoding,
}

/// Returns the most plausible encoding of bytes that are not UTF-8. `label` is the declared encoding; `None` if the mail declares no
/// single-byte encoding.
pub fn encoding_of(label: Option<&'static Encoding>, bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
    let start = first.saturating_sub(SAMPLE / 4);
    let sample = bytes
        .get(start..bytes.len().min(start + SAMPLE))
        .unwrap_or_default();
    let label = label.filter(|label| can_be(label, sample));
    if let Some(label) = label.filter(|label| !UNRELIABLE.contains(label)) {
        return label;
    }
    let mut readings: Vec<Reading> = UNRELIABLE
        .iter()
        .flat_map(|encoding| readings(encoding, sample))
        .collect();
    if label.is_none() && !is_latin(sample) {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(sample, true);
        readings.extend(self::readings(
            detector.guess(Some(b"rs"), Utf8Detection::Deny),
            sample,
        ));
    }
    for reading in &mut readings {
        if reading.language == Language::Serbian {
            reading.points += 5;
        }
        if label == Some(reading.encoding) {
            reading.points += if reading.encoding == WINDOWS_1252 { 3 } else { 12 };
        }
    }
    // Serbian and the languages in Cyrillic script are considered in every candidate encoding. If the declared encoding can decode the
    // sample, other languages are considered only in the declared encoding.
    let best = readings
        .into_iter()
        .filter(|reading| match reading.language {
            Language::Serbian | Language::Cyrillic => true,
            Language::Western | Language::Central | Language::Other => {
                label.is_none_or(|label| label == reading.encoding)
            }
        })
        .max_by_key(|reading| reading.points);
    best.map_or(WINDOWS_1250, |reading| reading.encoding)
}

/// Returns whether a sample can be in an encoding: the decoded text has no undefined characters and no control characters outside ASCII.
fn can_be(encoding: &'static Encoding, sample: &[u8]) -> bool {
    let text = encoding.decode_without_bom_handling(sample).0;
    !text
        .chars()
        .any(|c| c == char::REPLACEMENT_CHARACTER || ('\u{80}'..'\u{a0}').contains(&c))
}

/// Decodes a sample with an encoding, and returns one reading for each language.
fn readings(encoding: &'static Encoding, sample: &[u8]) -> Vec<Reading> {
    let text = encoding.decode_without_bom_handling(sample).0;
    let chars: Vec<char> = text.chars().collect();
    let languages = [
        Language::Serbian,
        Language::Cyrillic,
        Language::Western,
        Language::Central,
        Language::Other,
    ];
    let possible = languages
        .into_iter()
        .filter(|language| *language != Language::Other || !UNRELIABLE.contains(&encoding));
    let readings = possible.map(|language| Reading {
        points: letter_points(language, &chars) + word_points(language, &text),
        language,
        encoding,
    });
    readings.collect()
}

/// Returns whether a text is probably in Latin script. In Latin script, most non-ASCII bytes are next to ASCII letters. In Cyrillic
/// script, most are next to each other.
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

fn word_points(language: Language, text: &str) -> i64 {
    let list = match language {
        Language::Serbian => SERBIAN_WORDS,
        Language::Western => WESTERN_WORDS,
        Language::Central => CENTRAL_WORDS,
        Language::Cyrillic | Language::Other => return 0,
    };
    let found = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            !word.is_empty() && word.is_ascii() && list.contains(&format!(" {} ", word.to_ascii_lowercase()))
        })
        .take(MOST_WORDS)
        .count();
    i64::try_from(found).unwrap_or_default() * WORD
}

fn letter_points(language: Language, text: &[char]) -> i64 {
    let mut points = 0;
    let mut before = ' ';
    for (index, c) in text.iter().enumerate() {
        if !c.is_ascii() {
            let after = text.get(index + 1).copied().unwrap_or(' ');
            points += points_of_letter(language, before, *c, after);
        }
        before = *c;
    }
    points
}

fn points_of_letter(language: Language, before: char, c: char, after: char) -> i64 {
    if c == char::REPLACEMENT_CHARACTER || ('\u{80}'..'\u{a0}').contains(&c) {
        return -50;
    }
    if !c.is_alphabetic() || matches!(c, 'ª' | 'º') {
        return points_of_symbol(before, c, after);
    }
    // A capital letter after a small letter, or a letter next to a digit, suggests a wrong charset.
    let case = if before.is_lowercase() && c.is_uppercase() {
        -15
    } else {
        0
    };
    let digit = if before.is_ascii_digit() || after.is_ascii_digit() {
        -8
    } else {
        0
    };
    let small = c.to_lowercase().next().unwrap_or(c);
    let cyrillic = ('\u{400}'..'\u{530}').contains(&c);
    let latin = u32::from(c) < 0x250;
    let beside = case
        + digit
        + match language {
            Language::Cyrillic if before.is_ascii_alphabetic() || after.is_ascii_alphabetic() => -20,
            // Accented letters are rarely adjacent, so two adjacent ones suggest a wrong charset.
            Language::Serbian | Language::Western | Language::Central
                if !before.is_ascii() && before.is_alphabetic() =>
            {
                -6
            }
            Language::Serbian
            | Language::Cyrillic
            | Language::Western
            | Language::Central
            | Language::Other => 0,
        };
    beside
        + match language {
            Language::Cyrillic if SERBIAN_CYRILLIC.contains(small) => 10,
            Language::Cyrillic if RUSSIAN_CYRILLIC.contains(small) => 7,
            Language::Cyrillic if cyrillic => 2,
            Language::Serbian if SERBIAN.contains(small) => serbian_points(before, small, after),
            Language::Western if WESTERN.contains(small) => western_points(small, after),
            Language::Central if CENTRAL.contains(small) => 8,
            Language::Other if !cyrillic && !latin => 9,
            Language::Cyrillic | Language::Other => -20,
            Language::Serbian | Language::Western | Language::Central if latin => -10,
            Language::Serbian | Language::Western | Language::Central => -20,
        }
}

/// Returns the points for a symbol. A symbol inside a word is probably a letter that was decoded with the wrong charset, such as `¹`
/// instead of `š` in `po¹tovani`.
fn points_of_symbol(before: char, c: char, after: char) -> i64 {
    let punctuation = matches!(
        c,
        '\u{2010}'..='\u{203a}' | '«' | '»' | '\u{a0}' | '\u{ad}' | '€' | '™' | '·'
    );
    match (before.is_alphabetic(), after.is_alphabetic()) {
        _ if punctuation => 0,
        (true, true) => -15,
        (true, false) | (false, true) => -3,
        (false, false) => 0,
    }
}

fn is_vowel(c: char) -> bool {
    "aeiou".contains(c.to_ascii_lowercase())
}

/// Returns the points for a Serbian letter. The same bytes mean č and ć in central European charsets and è and æ in western charsets. A
/// vowel often follows č and ć, but rarely è and æ.
fn serbian_points(before: char, c: char, after: char) -> i64 {
    match c {
        _ if !before.is_alphabetic() && !after.is_alphabetic() => -10,
        'č' | 'ć' if is_vowel(after) => 10,
        'č' | 'ć' if !after.is_alphabetic() => 8,
        'č' | 'ć' if "nklmvt".contains(after.to_ascii_lowercase()) => 6,
        'č' | 'ć' => 2,
        _ => 10,
    }
}

fn western_points(c: char, after: char) -> i64 {
    match c {
        'è' | 'æ' if is_vowel(after) => -10,
        'æ' if !after.is_alphabetic() => 4,
        _ => 10,
    }
}
