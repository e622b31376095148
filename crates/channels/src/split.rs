//! Splits long replies into chunks that a platform accepts.

use unicode_segmentation::UnicodeSegmentation;

/// Splits a text into chunks of at most `most` UTF-16 code units. Splits after a sentence if possible, else after a word, else between
/// two grapheme clusters. Removes only the white space at both ends of each chunk.
pub fn split_text(text: &str, most: usize) -> Vec<String> {
    let mut chunks = vec![String::new()];
    for sentence in text.split_sentence_bounds() {
        if length(sentence) <= most {
            append(&mut chunks, sentence, most);
            continue;
        }
        for word in sentence.split_word_bounds() {
            if length(word) <= most {
                append(&mut chunks, word, most);
                continue;
            }
            for letter in word.graphemes(true) {
                if length(letter) <= most {
                    append(&mut chunks, letter, most);
                } else {
                    // With many combining accents, a single grapheme cluster may be longer than a chunk. It is then split between its
                    // characters.
                    letter
                        .chars()
                        .for_each(|c| append(&mut chunks, c.encode_utf8(&mut [0; 4]), most));
                }
            }
        }
    }
    let trimmed = chunks.iter().map(|chunk| chunk.trim().to_owned());
    trimmed.filter(|chunk| !chunk.is_empty()).collect()
}

fn append(chunks: &mut Vec<String>, unit: &str, most: usize) {
    match chunks.last_mut() {
        Some(last) if length(last.trim_start()) + length(unit.trim_end()) <= most => last.push_str(unit),
        Some(_) | None => chunks.push(unit.to_owned()),
    }
}

/// Returns the length in UTF-16 code units. A platform that counts characters instead never counts more than this number.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_breaks_after_a_sentence() {
        let chunks = split_text("Прва реченица. Друга реченица. Трећа.", 32);
        assert_eq!(chunks, ["Прва реченица. Друга реченица.", "Трећа."]);
    }

    #[test]
    fn a_short_text_is_one_chunk() {
        assert_eq!(split_text("Здраво.\n\nТу смо.", 100), ["Здраво.\n\nТу смо."]);
        assert!(split_text("  \n", 100).is_empty());
    }

    #[test]
    fn families_and_flags_stay_whole() {
        let family = "👨‍👩‍👧‍👦";
        for chunk in split_text(&family.repeat(20), 26) {
            assert_eq!(chunk.replace(family, ""), "", "{chunk}");
        }
    }

    proptest! {
        #[test]
        fn every_chunk_fits_and_no_word_is_lost(text in "[a-zšđč .!?\\n👍🏽]{0,400}", most in 4usize..60) {
            let chunks = split_text(&text, most);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert!(chunks.iter().all(|chunk| length(chunk) <= most));
            prop_assert_eq!(bare(&chunks.concat()), bare(&text));
        }
    }
}
