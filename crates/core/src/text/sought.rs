//! Search queries.

use std::ops::Range;

use crate::text::{
    fold::{fold, words},
    stem::stems,
};

mod parse;
mod synonyms;

/// A folded search word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtWord {
    beginning: String,
    /// The possible stems of the word. Empty in a phrase, which is exact.
    stems: Vec<String>,
}

impl SoughtWord {
    pub(super) fn inflected(word: String) -> Self {
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

/// One word, or a phrase of several words that must follow each other in a text. The last word of a phrase may be the beginning of the word
/// in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term(Vec<SoughtWord>);

impl Term {
    /// Returns the words. There is at least one.
    #[must_use]
    pub fn words(&self) -> &[SoughtWord] {
        &self.0
    }

    /// Returns whether the term has several words.
    #[must_use]
    pub const fn is_phrase(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns each index at which the term begins in the folded words `all`.
    fn places<'a>(&'a self, all: &'a [String]) -> impl Iterator<Item = usize> + 'a {
        let is_here = |part: &[String]| match (self.0.as_slice(), part) {
            ([sought], [word]) => sought.matches(word),
            (phrase, part) => is_phrase(phrase, part),
        };
        let parts = all.windows(self.0.len()).enumerate();
        parts.filter_map(move |(place, part)| is_here(part).then_some(place))
    }
}

/// A search query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// One term of each of these lists must occur.
    required: Vec<Vec<Term>>,
    /// None of these terms may occur.
    excluded: Vec<Term>,
}

impl Sought {
    /// Returns whether the query requires nothing. Such a query finds nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.required.is_empty()
    }

    /// Returns lists of terms. One term of each list must occur.
    #[must_use]
    pub fn required(&self) -> &[Vec<Term>] {
        &self.required
    }

    /// Returns the terms that may not occur.
    #[must_use]
    pub fn excluded(&self) -> &[Term] {
        &self.excluded
    }

    /// Returns whether the query has a phrase, also among the excluded terms.
    #[must_use]
    pub fn has_phrases(&self) -> bool {
        let mut all = self.required.iter().flatten().chain(&self.excluded);
        all.any(Term::is_phrase)
    }

    /// Returns whether texts match the query together: one may have one term, and another the next. Each phrase must be inside one text.
    /// Nothing matches a query that requires nothing.
    #[must_use]
    pub fn is_match<T: AsRef<str>>(&self, texts: &[T]) -> bool {
        let texts: Vec<Vec<String>> = texts.iter().map(|text| words(text.as_ref())).collect();
        let occurs = |term: &Term| texts.iter().any(|text| term.places(text).next().is_some());
        !self.is_nothing()
            && self.required.iter().all(|any| any.iter().any(occurs))
            && !self.excluded.iter().any(occurs)
    }

    /// Returns the number of lists of required terms of which the text has a term.
    #[must_use]
    pub fn occurring(&self, text: &str) -> usize {
        let all = words(text);
        let occurs = |term: &Term| term.places(&all).next().is_some();
        let lists = self.required.iter();
        lists.filter(|any| any.iter().any(occurs)).count()
    }

    /// Returns the places of the hits in a text, as byte ranges in ascending order: the words of the required terms.
    #[must_use]
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_nothing() {
            return Vec::new();
        }
        let (places, folded): (Vec<_>, Vec<_>) = words_with_places(text).into_iter().unzip();
        let mut is_hit = vec![false; folded.len()];
        for term in self.required.iter().flatten() {
            for begin in term.places(&folded) {
                if let Some(hits) = is_hit.get_mut(begin..begin + term.words().len()) {
                    hits.fill(true);
                }
            }
        }
        let places = places.into_iter().zip(is_hit);
        places
            .filter_map(|(place, is_hit)| is_hit.then_some(place))
            .collect()
    }
}

fn is_phrase(phrase: &[SoughtWord], words: &[String]) -> bool {
    let Some(((last, before), (end, begin))) = phrase.split_last().zip(words.split_last()) else {
        return false;
    };
    let equal = before
        .iter()
        .zip(begin)
        .all(|(sought, word)| sought.beginning == *word);
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
        Sought::parse(typed).is_match(&[word])
    }

    #[test]
    fn words_begin_so_and_phrases_stand_together() {
        assert!(matches("preti", "pretimo"));
        let typed = "preti \u{201e}moje slik\u{201c}";
        assert!(matches(typed, "Има моје слике и прети"));
        assert!(!matches(typed, "slike su moje i preti"));
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
    fn a_text_matches_if_it_has_all_required_terms_and_no_excluded_one() {
        for (typed, expected) in [
            ("škola OR kuća", true),
            ("kuća ИЛИ \"moje slike\" ili", false),
            ("kuća ИЛИ \"moje slike\"", true),
            ("moje -kuća", true),
            ("moje -škola", false),
            ("moje -\"slike iz\"", false),
            ("moje -\"slike moje\"", true),
            ("-kuća", false),
            ("школа слике", true),
            ("skola kuca", false),
            ("\"moje slike\" skola", true),
            ("\"slike moje\"", false),
            ("", false),
        ] {
            assert_eq!(matches(typed, "Моје слике из школе"), expected, "{typed}");
        }
    }

    #[test]
    fn words_may_be_spread_over_texts_and_a_phrase_may_not() {
        assert!(Sought::parse("moje škola").is_match(&["moje slike", "iz škole"]));
        assert!(!Sought::parse("\"slike iz\"").is_match(&["moje slike", "iz škole"]));
        assert!(!Sought::parse("moje -škola").is_match(&["moje slike", "iz škole"]));
        assert_eq!(Sought::parse("moje škola kuća").occurring("moje škole"), 2);
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
            for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                let sought = Sought::parse(word);
                prop_assert!(sought.is_match(&[&text]), "{}", word);
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
