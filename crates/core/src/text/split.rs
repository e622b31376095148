//! Splits long texts into chunks that a platform accepts.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Splits a text into chunks of at most `most` UTF-16 code units. Splits after a sentence if possible, else after a word, else between
/// two grapheme clusters. Returns the range of bytes of each chunk. White space at both ends of a chunk is left out.
#[must_use]
pub fn split_ranges(text: &str, most: usize) -> Vec<Range<usize>> {
    let mut chunks = Chunks {
        text,
        most,
        ranges: Vec::new(),
    };
    for (at, sentence) in text.split_sentence_bound_indices() {
        if length(sentence) <= most {
            chunks.append(at, sentence);
            continue;
        }
        for (word_at, word) in sentence.split_word_bound_indices() {
            if length(word) <= most {
                chunks.append(at + word_at, word);
                continue;
            }
            for (letter_at, letter) in word.grapheme_indices(true) {
                let letter_at = at + word_at + letter_at;
                if length(letter) <= most {
                    chunks.append(letter_at, letter);
                    continue;
                }
                // With many combining accents, a single grapheme cluster may be longer than a chunk. It is then split between its
                // characters.
                for (offset, character) in letter.char_indices() {
                    chunks.append(letter_at + offset, character.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }
    let trimmed = chunks.ranges.into_iter().map(|range| trim(text, range));
    trimmed.filter(|range| !range.is_empty()).collect()
}

struct Chunks<'a> {
    text: &'a str,
    most: usize,
    ranges: Vec<Range<usize>>,
}

impl Chunks<'_> {
    /// Appends a part of the text, which begins at the byte `at`, to the last chunk, or begins another chunk if the last one has no room.
    fn append(&mut self, at: usize, part: &str) {
        let end = at + part.len();
        let (text, most) = (self.text, self.most);
        let fits = |last: &Range<usize>| {
            let so_far = text.get(last.clone()).unwrap_or_default();
            length(so_far.trim_start()) + length(part.trim_end()) <= most
        };
        match self.ranges.last_mut() {
            Some(last) if fits(last) => last.end = end,
            Some(_) | None => self.ranges.push(at..end),
        }
    }
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let chunk = text.get(range.clone()).unwrap_or_default();
    let begin = range.start + (chunk.len() - chunk.trim_start().len());
    begin..begin + chunk.trim().len()
}

/// Returns the length in UTF-16 code units. A platform that counts characters instead never counts more than this number.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split_text(text: &str, most: usize) -> Vec<String> {
        let ranges = split_ranges(text, most).into_iter();
        ranges
            .filter_map(|range| text.get(range))
            .map(str::to_owned)
            .collect()
    }

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
