//! The search for the patterns of the urgency rules in a text.
//!
//! From each word of the text, the search follows all places where a pattern could continue. These places are the bits of one number, so
//! the search handles them together. The work for a word is therefore limited by the size of the rules, and the work for a text grows in
//! proportion to its length.

use super::{
    pattern::{Element, Group, LONGEST, Patterns, Span},
    tokens::{Pause, Token},
};

/// The largest number of words that are looked at before a match in the search for a negation.
const NEGATION_REACH: usize = 5;

/// The groups that a search treats specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Negation {
    /// Words that negate what follows.
    pub negators: Group,
    /// Words that may stand between a negator and what it negates.
    pub fillers: Group,
}

/// The matches of all sequences in one text.
#[derive(Debug)]
pub(super) struct Matches {
    /// The matches of each sequence, in the order of the text.
    pub of_sequence: Vec<Vec<Span>>,
    /// The number of comparisons made. Tests check with it that the work is proportional to the length of the text.
    pub steps: usize,
}

impl Patterns {
    /// Searches for all sequences in `text`.
    pub(super) fn search(&self, text: &[Token], negation: Negation) -> Matches {
        let mut found = Matches {
            of_sequence: vec![Vec::new(); self.sequences.len()],
            steps: 0,
        };
        let mut search = Search {
            words: self.find_words(text, &mut found.steps),
            sentence_ends: sentence_ends(text),
            negation,
            steps: 0,
        };
        let possible = self.possible_sequences(&search.words);
        for start in 0..text.len() {
            let mut tried = Vec::new();
            for place in 0..search.words.at(start).len() {
                let Some((group, _)) = search.words.at(start).get(place).copied() else {
                    continue;
                };
                if tried.contains(&group) {
                    continue;
                }
                tried.push(group);
                for number in self.by_first_group.get(group).into_iter().flatten() {
                    let sequence = self.sequences.get(*number);
                    let is_possible = possible.get(*number).is_some_and(|possible| *possible);
                    let Some(sequence) = sequence.filter(|_| is_possible) else {
                        continue;
                    };
                    let end = search.match_at(start, &sequence.elements);
                    let Some(end) = end.filter(|_| !sequence.negatable || !search.is_negated(text, start))
                    else {
                        continue;
                    };
                    if let Some(spans) = found.of_sequence.get_mut(*number) {
                        spans.push(Span { start, end });
                    }
                }
            }
        }
        found.steps += search.steps;
        found
    }

    /// Returns for each sequence whether every group that it needs is somewhere in the text. Most sequences need no further search.
    fn possible_sequences(&self, words: &FoundWords) -> Vec<bool> {
        let mut is_present = vec![false; self.longest_of_group.len()];
        for (group, _) in &words.groups {
            if let Some(slot) = is_present.get_mut(*group) {
                *slot = true;
            }
        }
        let is_satisfied = |element: &Element| match element {
            Element::Group(group) => is_present.get(*group).is_some_and(|present| *present),
            Element::Optional(_) | Element::Gap(_) => true,
        };
        let sequences = self.sequences.iter();
        sequences
            .map(|sequence| sequence.elements.iter().all(is_satisfied))
            .collect()
    }

    /// Finds the groups that begin at each word of the text.
    fn find_words(&self, text: &[Token], steps: &mut usize) -> FoundWords {
        let mut found = FoundWords::default();
        for (place, token) in text.iter().enumerate() {
            found.starts.push(found.groups.len());
            let stems = token
                .word
                .char_indices()
                .map(|(at, letter)| at + letter.len_utf8())
                .take_while(|length| *length <= self.longest_stem)
                .filter_map(|length| self.by_stem.get(token.word.get(..length)?));
            for number in self.by_word.get(&token.word).into_iter().chain(stems).flatten() {
                *steps += 1;
                let Some(phrase) = self.phrases.get(*number) else {
                    continue;
                };
                let rest = text.get(place + 1..).unwrap_or_default();
                let others = phrase.words.get(1..).unwrap_or_default();
                let is_here = others.len() <= rest.len()
                    && others
                        .iter()
                        .zip(rest)
                        .all(|(word, token)| token.pause != Pause::Sentence && word.matches(&token.word));
                if is_here {
                    found.groups.push((phrase.group, phrase.words.len()));
                }
            }
        }
        found.starts.push(found.groups.len());
        found
    }
}

/// The groups found in a text, with the number of words of each, by the position at which they begin.
#[derive(Default)]
struct FoundWords {
    starts: Vec<usize>,
    groups: Vec<(Group, usize)>,
}

impl FoundWords {
    fn at(&self, place: usize) -> &[(Group, usize)] {
        let bounds = self.starts.get(place).zip(self.starts.get(place + 1));
        bounds
            .and_then(|(start, end)| self.groups.get(*start..*end))
            .unwrap_or_default()
    }

    fn is_one_of(&self, place: usize, group: Group) -> bool {
        self.at(place)
            .iter()
            .any(|(found, length)| *found == group && *length == 1)
    }
}

/// Returns for each word the position after the last word of its sentence.
fn sentence_ends(text: &[Token]) -> Vec<usize> {
    let mut ends = vec![text.len(); text.len()];
    let mut end = text.len();
    for (place, (token, slot)) in text.iter().zip(&mut ends).enumerate().rev() {
        *slot = end;
        if token.pause == Pause::Sentence {
            end = place;
        }
    }
    ends
}

struct Search {
    words: FoundWords,
    sentence_ends: Vec<usize>,
    negation: Negation,
    steps: usize,
}

impl Search {
    /// Returns the end of the shortest match of `elements` that begins at `start`.
    fn match_at(&mut self, start: usize, elements: &[Element]) -> Option<usize> {
        let last = self.sentence_ends.get(start)?.saturating_sub(start);
        // Bit n is set if the elements so far cover the n words from `start`.
        let mut places = 1_u64;
        for element in elements {
            places = match *element {
                Element::Group(group) => self.pass_group(start, places, group, last),
                Element::Optional(group) => places | self.pass_group(start, places, group, last),
                Element::Gap(words) => self.pass_gap(start, places, words, last),
            };
            if places == 0 {
                return None;
            }
        }
        usize::try_from(places.trailing_zeros())
            .ok()
            .map(|length| start + length)
    }

    fn pass_group(&mut self, start: usize, places: u64, group: Group, last: usize) -> u64 {
        let mut after = 0;
        for offset in bits(places) {
            for (found, length) in self.words.at(start + offset) {
                self.steps += 1;
                if *found == group && offset + length <= last {
                    after |= 1 << (offset + length);
                }
            }
        }
        after
    }

    fn pass_gap(&mut self, start: usize, places: u64, words: usize, last: usize) -> u64 {
        let (mut all, mut newest) = (places, places);
        for _ in 0..words {
            let mut moved = 0;
            for offset in bits(newest) {
                self.steps += 1;
                if offset < last && !self.words.is_one_of(start + offset, self.negation.negators) {
                    moved |= 1 << (offset + 1);
                }
            }
            newest = moved & !all;
            all |= moved;
        }
        all
    }

    /// Returns whether a negator stands before the word at `start`, in the same clause and with only fillers between them.
    fn is_negated(&mut self, text: &[Token], start: usize) -> bool {
        let mut place = start;
        for _ in 0..NEGATION_REACH {
            self.steps += 1;
            if text.get(place).is_none_or(|token| token.pause != Pause::Space) {
                return false;
            }
            let Some(before) = place.checked_sub(1) else {
                return false;
            };
            if self.words.is_one_of(before, self.negation.negators) {
                return true;
            }
            if !self.words.is_one_of(before, self.negation.fillers) {
                return false;
            }
            place = before;
        }
        false
    }
}

/// Returns the positions of the bits that are set. Sequences cover at most [`LONGEST`] words, so shifts stay below 64.
fn bits(places: u64) -> impl Iterator<Item = usize> {
    (0..=LONGEST).filter(move |offset| places >> offset & 1 == 1)
}
