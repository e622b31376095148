//! Splits long replies into pieces that a platform accepts, at points where a reader would pause.

use unicode_segmentation::UnicodeSegmentation;

/// Splits a text into pieces of at most `most` UTF-16 code units. Breaks after a sentence, else after a word, else between two
/// grapheme clusters. Only white space at the breaks is dropped.
pub fn split(text: &str, most: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for sentence in text.split_sentence_bounds() {
        if length(sentence) <= most {
            put(&mut pieces, sentence, most);
            continue;
        }
        for word in sentence.split_word_bounds() {
            if length(word) <= most {
                put(&mut pieces, word, most);
                continue;
            }
            for letter in word.graphemes(true) {
                if length(letter) <= most {
                    put(&mut pieces, letter, most);
                } else {
                    // This letter has so many combining accents that it is longer than a message.
                    letter
                        .chars()
                        .for_each(|c| put(&mut pieces, c.encode_utf8(&mut [0; 4]), most));
                }
            }
        }
    }
    let trimmed = pieces.iter().map(|piece| piece.trim().to_owned());
    trimmed.filter(|piece| !piece.is_empty()).collect()
}

fn put(pieces: &mut Vec<String>, unit: &str, most: usize) {
    match pieces.last_mut() {
        Some(last) if length(last.trim_start()) + length(unit.trim_end()) <= most => last.push_str(unit),
        Some(_) | None => pieces.push(unit.to_owned()),
    }
}

/// Returns the length in UTF-16 code units. No platform counts more than this.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_breaks_after_a_sentence() {
        let pieces = split("Прва реченица. Друга реченица. Трећа.", 32);
        assert_eq!(pieces, ["Прва реченица. Друга реченица.", "Трећа."]);
    }

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(split("Здраво.\n\nТу смо.", 100), ["Здраво.\n\nТу смо."]);
        assert!(split("  \n", 100).is_empty());
    }

    #[test]
    fn families_and_flags_stay_whole() {
        let family = "👨‍👩‍👧‍👦";
        for piece in split(&family.repeat(20), 26) {
            assert_eq!(piece.replace(family, ""), "", "{piece}");
        }
    }

    proptest! {
        #[test]
        fn every_piece_fits_and_no_word_is_lost(text in "[a-zšđč .!?\\n👍🏽]{0,400}", most in 4usize..60) {
            let pieces = split(&text, most);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert!(pieces.iter().all(|piece| length(piece) <= most));
            prop_assert_eq!(bare(&pieces.concat()), bare(&text));
        }
    }
}
