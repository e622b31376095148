//! The search for the patterns of the urgency rules in a text.
//!
//! The search first finds the phrases in the text, and from these the few sequences that the text can match at all.
//!
//! From each word of the text, it then follows all places where a pattern could continue. These places are the bits of one number, so
//! the search handles them together. The work for a word is therefore limited by the size of the rules, and the work for a text grows in
//! proportion to its length.

use std::collections::HashMap;

use super::{
    pattern::{Element, Group, Patterns, Sequence, Span, Word},
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
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// The matches with the numbers of their sequences, in this order and then in the order of the text.
    spans: Vec<(usize, Span)>,
    /// For each sequence, whether it has a match. Almost none has, and the answer must be quick.
    is_matched: Vec<bool>,
    /// The number of comparisons made. Tests check with it that the work is proportional to the length of the text.
    pub steps: usize,
}

impl Matches {
    fn new(mut spans: Vec<(usize, Span)>, sequences: usize, steps: usize) -> Self {
        spans.sort_unstable();
        let mut is_matched = vec![false; sequences];
        for (sequence, _) in &spans {
            set(&mut is_matched, *sequence);
        }
        Self {
            spans,
            is_matched,
            steps,
        }
    }

    /// Returns whether a sequence has a match.
    pub(super) fn has(&self, sequence: usize) -> bool {
        is_set(&self.is_matched, sequence)
    }

    /// Returns the numbers of the sequences that have a match; a number may occur several times.
    pub(super) fn matched(&self) -> impl Iterator<Item = usize> {
        self.spans.iter().map(|(sequence, _)| *sequence)
    }

    /// Returns the matches of a sequence in the order of the text.
    pub(super) fn of(&self, sequence: usize) -> impl Iterator<Item = Span> {
        let begin = match self.has(sequence) {
            true => self.spans.partition_point(|(number, _)| *number < sequence),
            false => self.spans.len(),
        };
        let from_begin = self.spans.iter().skip(begin);
        let of_sequence = from_begin.take_while(move |(number, _)| *number == sequence);
        of_sequence.map(|(_, span)| *span)
    }
}

impl Patterns {
    /// Searches for all sequences in `text`.
    pub(super) fn search(&self, text: &[Token], negation: Negation) -> Matches {
        let phrases = self.find_phrases(text);
        let needed = self.needed(&phrases, negation);
        let mut search = Search {
            words: self.find_groups(&phrases, &needed),
            sentence_ends: sentence_ends(text),
            negation,
            steps: phrases.steps,
        };
        let mut found = Vec::new();
        for start in 0..text.len() {
            let mut last = None;
            for place in 0..search.words.at(start).len() {
                let group = search.words.at(start).get(place).map(|(group, _)| *group);
                // A group with alternatives of several lengths occurs several times.
                if group == last {
                    continue;
                }
                last = group;
                let with_first = group.and_then(|group| self.by_first_group.get(group));
                for number in with_first.into_iter().flatten() {
                    let sequence = self.sequences.get(*number);
                    let Some(sequence) = sequence.filter(|_| is_set(&needed.sequences, *number)) else {
                        continue;
                    };
                    let end = search.match_at(start, &sequence.elements);
                    let end = end.filter(|_| !sequence.negatable || !search.is_negated(text, start));
                    found.extend(end.map(|end| (*number, Span { start, end })));
                }
            }
        }
        Matches::new(found, self.sequences.len(), search.steps)
    }

    /// Finds the phrases that begin at each word of the text.
    fn find_phrases(&self, text: &[Token]) -> FoundPhrases {
        let mut found = FoundPhrases::default();
        let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, token) in text.iter().enumerate() {
            found.starts.push(found.numbers.len());
            let with_first = known
                .entry(&token.word)
                .or_insert_with(|| self.phrases_with_first(&token.word));
            found.steps += with_first.len();
            let rest = text.get(place + 1..).unwrap_or_default();
            let is_here = |number: &usize| {
                let words = self.phrases.get(*number).map(|phrase| phrase.words.as_slice());
                let others = words
                    .and_then(<[Word]>::split_first)
                    .map_or(&[][..], |(_, others)| others);
                let mut pairs = others.iter().zip(rest);
                others.len() <= rest.len()
                    && pairs.all(|(word, token)| token.pause != Pause::Sentence && word.matches(&token.word))
            };
            found.numbers.extend(with_first.iter().copied().filter(is_here));
        }
        found.starts.push(found.numbers.len());
        found
    }

    /// Returns the phrases that may begin with `word`.
    fn phrases_with_first(&self, word: &str) -> Vec<usize> {
        let stems = word
            .char_indices()
            .map(|(at, letter)| at + letter.len_utf8())
            .take_while(|length| *length <= self.longest_stem)
            .filter_map(|length| self.by_stem.get(word.get(..length)?));
        self.by_word
            .get(word)
            .into_iter()
            .chain(stems)
            .flatten()
            .copied()
            .collect()
    }

    /// Returns what a text with these phrases can match. Most sequences need a group that is nowhere in the text.
    fn needed(&self, phrases: &FoundPhrases, negation: Negation) -> Needed {
        let mut is_found = vec![false; self.phrases.len()];
        let mut is_present = vec![false; self.longest_of_group.len()];
        for number in &phrases.numbers {
            if !is_set(&is_found, *number)
                && let Some(phrase) = self.phrases.get(*number)
            {
                set(&mut is_found, *number);
                phrase
                    .groups
                    .iter()
                    .for_each(|group| set(&mut is_present, *group));
            }
        }
        let mut needed = Needed {
            sequences: vec![false; self.sequences.len()],
            groups: vec![false; self.longest_of_group.len()],
        };
        set(&mut needed.groups, negation.negators);
        set(&mut needed.groups, negation.fillers);
        let present = self
            .by_first_group
            .iter()
            .zip(&is_present)
            .filter(|(_, present)| **present);
        for number in present.flat_map(|(sequences, _)| sequences) {
            let sequence = self.sequences.get(*number);
            if let Some(sequence) = sequence.filter(|sequence| sequence.is_possible(&is_present)) {
                set(&mut needed.sequences, *number);
                sequence.groups().for_each(|group| set(&mut needed.groups, group));
            }
        }
        needed
    }

    /// Returns the needed groups that begin at each word of the text.
    fn find_groups(&self, phrases: &FoundPhrases, needed: &Needed) -> FoundGroups {
        let mut found = FoundGroups::default();
        for numbers in phrases.starts.windows(2) {
            let begin = found.groups.len();
            found.starts.push(begin);
            let here = numbers.first().zip(numbers.last());
            let here = here.and_then(|(start, end)| phrases.numbers.get(*start..*end));
            for phrase in here
                .into_iter()
                .flatten()
                .filter_map(|number| self.phrases.get(*number))
            {
                let length = phrase.words.len();
                let groups = phrase
                    .groups
                    .iter()
                    .filter(|group| is_set(&needed.groups, **group));
                found.groups.extend(groups.map(|group| (*group, length)));
            }
            if let Some(here) = found.groups.get_mut(begin..) {
                here.sort_unstable();
            }
        }
        found.starts.push(found.groups.len());
        found
    }
}

fn is_set(flags: &[bool], place: usize) -> bool {
    flags.get(place).is_some_and(|flag| *flag)
}

fn set(flags: &mut [bool], place: usize) {
    if let Some(flag) = flags.get_mut(place) {
        *flag = true;
    }
}

/// The phrases found in a text by the position at which they begin.
#[derive(Default)]
struct FoundPhrases {
    starts: Vec<usize>,
    numbers: Vec<usize>,
    steps: usize,
}

/// For each sequence, whether it can match the text, and for each group, whether the search for these sequences needs it.
struct Needed {
    sequences: Vec<bool>,
    groups: Vec<bool>,
}

impl Sequence {
    /// Returns whether every group without which the sequence cannot match is somewhere in the text.
    fn is_possible(&self, is_present: &[bool]) -> bool {
        self.elements.iter().all(|element| match element {
            Element::Group(group) => is_set(is_present, *group),
            Element::Optional(_) | Element::Gap(_) => true,
        })
    }

    fn groups(&self) -> impl Iterator<Item = Group> {
        self.elements.iter().filter_map(|element| match element {
            Element::Group(group) | Element::Optional(group) => Some(*group),
            Element::Gap(_) => None,
        })
    }
}

/// The groups found in a text, with the number of words of each, by the position at which they begin and then in order.
#[derive(Default)]
struct FoundGroups {
    starts: Vec<usize>,
    groups: Vec<(Group, usize)>,
}

impl FoundGroups {
    fn at(&self, place: usize) -> &[(Group, usize)] {
        let bounds = self.starts.get(place).zip(self.starts.get(place + 1));
        bounds
            .and_then(|(start, end)| self.groups.get(*start..*end))
            .unwrap_or_default()
    }

    /// Returns the lengths of a group's alternatives that begin at `place`.
    fn lengths(&self, place: usize, group: Group) -> impl Iterator<Item = usize> {
        let here = self.at(place);
        let begin = here.partition_point(|(found, _)| *found < group);
        let of_group = here.iter().skip(begin);
        of_group
            .take_while(move |(found, _)| *found == group)
            .map(|(_, length)| *length)
    }

    fn is_one_of(&self, place: usize, group: Group) -> bool {
        self.lengths(place, group).any(|length| length == 1)
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
    words: FoundGroups,
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
            self.steps += 1;
            for length in self.words.lengths(start + offset, group) {
                if offset + length <= last {
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

/// Returns the positions of the bits that are set.
fn bits(mut places: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = usize::try_from(places.trailing_zeros()).ok()?;
        let lowest = 1_u64.checked_shl(places.trailing_zeros())?;
        places &= !lowest;
        Some(place)
    })
}
