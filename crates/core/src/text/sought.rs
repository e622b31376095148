//! Search queries.

use std::ops::Range;

use crate::text::{
    fold::{fold, words},
    stem::stems,
};

/// A folded search word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtWord {
    beginning: String,
    /// The possible stems of the word. Empty in a phrase, which is exact.
    stems: Vec<String>,
}

impl SoughtWord {
    fn inflected(word: String) -> Self {
        Self {
            stems: stems(&word),
            beginning: word,
        }
    }

    const fn exact(word: String) -> Self {
        Self {
            beginning: word,
            stems: Vec::new(),
        }
    }

    /// Returns whether a folded word begins with this word or is a form of it.
    #[must_use]
    pub fn matches(&self, word: &str) -> bool {
        word.starts_with(&self.beginning)
            || (self.may_share_stem(word) && stems(word).iter().any(|stem| self.stems.contains(stem)))
    }

    /// Returns whether this word begins with `cut_off`, the beginning of a word that was too long.
    #[must_use]
    pub fn begins_with(&self, cut_off: &str) -> bool {
        self.beginning.starts_with(cut_off)
    }

    /// Returns whether a word begins like a stem of this word. Most words don't, and their stems need not be determined.
    fn may_share_stem(&self, word: &str) -> bool {
        self.stems.iter().any(|stem| word.starts_with(without_last(stem)))
    }

    /// Returns beginnings of words. Each word that matches begins with one of them. None is the beginning of another.
    #[must_use]
    pub fn ranges(&self) -> Vec<&str> {
        let of_stems = self.stems.iter().map(|stem| without_last(stem));
        let mut all: Vec<&str> = std::iter::once(self.beginning.as_str()).chain(of_stems).collect();
        all.sort_unstable();
        // A beginning sorts directly before the words that begin with it.
        all.dedup_by(|later, earlier| later.starts_with(*earlier));
        all
    }
}

/// Returns a stem without its last letter, which can differ between the forms of a word. See [`stems`].
fn without_last(stem: &str) -> &str {
    let mut letters = stem.chars();
    letters.next_back();
    letters.as_str()
}

/// A search query. It consists of words and quoted phrases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// A text must match each of these words.
    pub words: Vec<SoughtWord>,
    /// Phrases, as words that must follow each other in the text. The last word of a phrase may be the beginning of the word in the text.
    pub phrases: Vec<Vec<SoughtWord>>,
}

impl Sought {
    /// Parses the text typed into the search box.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        let mut sought = Self::default();
        let same = |c: char| {
            if matches!(c, '„' | '“' | '”' | '«' | '»') {
                '"'
            } else {
                c
            }
        };
        let typed: String = typed.chars().map(same).collect();
        for (place, part) in typed.split('"').enumerate() {
            let words = words(part).into_iter();
            if place % 2 == 0 {
                sought.words.extend(words.map(SoughtWord::inflected));
                continue;
            }
            let phrase: Vec<SoughtWord> = words.map(SoughtWord::exact).collect();
            match phrase.len() {
                0 | 1 => sought.words.extend(phrase),
                _ => sought.phrases.push(phrase),
            }
        }
        sought
    }

    /// Returns whether the query contains no words.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.words.is_empty() && self.phrases.is_empty()
    }

    /// Returns the words, also those of the phrases. A text that matches the query has a match for each of these words.
    pub fn all(&self) -> impl Iterator<Item = &SoughtWord> {
        self.words.iter().chain(self.phrases.iter().flatten())
    }

    /// Returns whether a text matches the query. No text matches a query without words.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let all = words(text);
        let has_match = |sought: &SoughtWord| all.iter().any(|word| sought.matches(word));
        !self.is_nothing() && self.words.iter().all(has_match) && self.phrases_stand_in(text)
    }

    /// Returns whether `text` contains all phrases of the query.
    #[must_use]
    pub fn phrases_stand_in(&self, text: &str) -> bool {
        if self.phrases.is_empty() {
            return true;
        }
        let all = words(text);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.phrases
            .iter()
            .all(|phrase| all.windows(phrase.len()).any(|part| is_phrase(phrase, part)))
    }

    /// Returns the places of the hits in a text, as byte ranges in ascending order: the words that match a search word, and the words of
    /// the phrases.
    #[must_use]
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_nothing() {
            return Vec::new();
        }
        let found = words_with_places(text);
        let folded: Vec<&str> = found.iter().map(|(_, word)| word.as_str()).collect();
        let mut is_hit: Vec<bool> = folded
            .iter()
            .map(|word| self.words.iter().any(|sought| sought.matches(word)))
            .collect();
        for phrase in &self.phrases {
            for begin in 0..folded.len() {
                let place = begin..begin + phrase.len();
                if folded
                    .get(place.clone())
                    .is_some_and(|part| is_phrase(phrase, part))
                    && let Some(hits) = is_hit.get_mut(place)
                {
                    hits.fill(true);
                }
            }
        }
        let places = found.into_iter().zip(is_hit);
        places
            .filter_map(|((place, _), is_hit)| is_hit.then_some(place))
            .collect()
    }
}

fn is_phrase(phrase: &[SoughtWord], words: &[&str]) -> bool {
    let Some(((last, before), (end, begin))) = phrase.split_last().zip(words.split_last()) else {
        return false;
    };
    let equal = before
        .iter()
        .zip(begin)
        .all(|(sought, word)| sought.beginning == **word);
    before.len() == begin.len() && equal && end.starts_with(&last.beginning)
}

/// Returns the folded words of a text, each with its place in the text.
fn words_with_places(text: &str) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    let mut begin = None;
    // The space at the end closes the last word.
    for (at, letter) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        // Folding removes some characters inside words, such as combining accents.
        let is_inside = letter.is_alphanumeric() || fold(letter.encode_utf8(&mut [0; 4])).is_empty();
        match (begin, is_inside) {
            (None, true) => begin = Some(at),
            (Some(from), false) => {
                let folded = text.get(from..at).map(words).unwrap_or_default();
                all.extend(folded.into_iter().map(|word| (from..at, word)));
                begin = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(typed: &str, text: &str) -> Vec<String> {
        let hits = Sought::parse(typed).hits(text).into_iter();
        hits.map(|place| text.get(place).unwrap_or_default().to_owned())
            .collect()
    }

    fn matches(typed: &str, word: &str) -> bool {
        Sought::parse(typed)
            .words
            .iter()
            .all(|sought| sought.matches(word))
    }

    #[test]
    fn words_begin_so_and_phrases_stand_together() {
        let sought = Sought::parse("preti \u{201e}moje slik\u{201c}");
        assert!(matches("preti", "pretimo"));
        assert!(sought.phrases_stand_in("Има моје слике и прети"));
        assert!(!sought.phrases_stand_in("slike su moje"));
        assert!(Sought::parse(" \" ").is_nothing());
    }

    #[test]
    fn a_word_finds_its_forms_and_a_quoted_word_does_not() {
        for typed in ["школа", "škole", "skolu", "skol", "školama"] {
            for word in ["skola", "skole", "skoli", "skolama"] {
                assert!(matches(typed, word), "{typed} {word}");
            }
        }
        assert!(!matches("škola", "skoljka"));
        assert!(!matches("\"škola\"", "skole"));
        assert!(matches("\"škol\"", "skole"));
    }

    #[test]
    fn a_text_matches_if_it_has_all_words_and_phrases() {
        for (typed, expected) in [
            ("школа слике", true),
            ("skola kuca", false),
            ("\"moje slike\" skola", true),
            ("\"slike moje\"", false),
            ("", false),
        ] {
            assert_eq!(
                Sought::parse(typed).is_match("Моје слике из школе"),
                expected,
                "{typed}"
            );
        }
    }

    #[test]
    fn hits_are_the_words_that_match_and_the_words_of_phrases() {
        assert_eq!(marked("школа", "U školi, ŠKOLE! školjka"), ["školi", "ŠKOLE"]);
        assert_eq!(
            marked("\"moje slike\"", "moje. Moje slike, slike"),
            ["Moje", "slike"]
        );
        assert_eq!(marked("cuvam", "čuva\u{301}m te"), ["čuva\u{301}m"]);
        assert!(marked("", "text").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_each_of_its_words(text in "[a-zA-Zа-шђјљњћџčćšđž ,.]{0,60}") {
            let folded = words(&text);
            for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                let sought = Sought::parse(word);
                prop_assert!(sought.all().all(|one| folded.iter().any(|word| one.matches(word))), "{}", word);
                prop_assert!(!sought.hits(&text).is_empty());
            }
        }

        #[test]
        fn a_match_begins_with_one_of_the_ranges(typed in "[a-z]{1,8}", ending in "[a-z]{0,5}", cut in 0usize..3) {
            let keep = typed.chars().count().saturating_sub(cut);
            let word: String = typed.chars().take(keep).chain(ending.chars()).collect();
            let sought = SoughtWord::inflected(typed);
            if sought.matches(&word) {
                prop_assert!(sought.ranges().iter().any(|range| word.starts_with(range)), "{:?} {}", sought, word);
            }
        }

        #[test]
        fn words_with_places_are_the_words(text in "\\PC{0,60}") {
            let placed: Vec<String> = words_with_places(&text).into_iter().map(|(_, word)| word).collect();
            prop_assert_eq!(placed, words(&text));
        }
    }
}
