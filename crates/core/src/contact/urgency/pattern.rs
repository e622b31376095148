//! Patterns of the urgency rules, and the search for them in a text.
//!
//! The matcher compares whole words and stems, which keeps the rules readable for people who write no regular expressions. From each word of
//! the text, it follows all places where a pattern could continue at once, as the bits of one number. The work for a word is therefore limited
//! by the size of the rules, and the work for a text grows in proportion to its length.

use std::collections::HashMap;

use super::tokens::{Pause, Token, normalise};
use crate::text::fold::fold;

/// The largest number of words that one pattern may cover. The places of a search are the bits of a `u64`.
const LONGEST: usize = 40;
/// The number of words that `..` may stand for.
const GAP: usize = 3;
/// The largest number of words that are looked at before a match in the search for a negation.
const NEGATION_REACH: usize = 5;

/// The number of a group of alternative words.
pub(super) type Group = usize;

/// The place of a match in a text, as positions of words. `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Returns how many words are between two matches. Overlapping matches have the distance 0.
    pub(super) const fn distance(self, other: Self) -> usize {
        if other.start >= self.end {
            other.start - self.end
        } else {
            self.start.saturating_sub(other.end)
        }
    }

    /// Returns the words from the beginning of the first match to the end of the last.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// One of the alternatives of a group.
    Group(Group),
    /// One of the alternatives of a group, or nothing.
    Optional(Group),
    /// Up to this number of words, none of which is a negation.
    Gap(usize),
}

/// A sequence of words that is searched in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sequence {
    elements: Vec<Element>,
    negatable: bool,
}

/// A word of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    is_stem: bool,
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        let (word, is_stem) = text.strip_suffix('*').map_or((text, false), |stem| (stem, true));
        let word = normalise(&fold(word).replace(['\'', '’'], ""));
        (!word.is_empty() && word.chars().all(char::is_alphanumeric)).then_some(Self { text: word, is_stem })
    }

    fn matches(&self, word: &str) -> bool {
        if self.is_stem {
            word.starts_with(&self.text)
        } else {
            word == self.text
        }
    }
}

/// An alternative of a group: one or more words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Phrase {
    group: Group,
    words: Vec<Word>,
}

/// All sequences of the rules, with an index by their first words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    groups: HashMap<String, Group>,
    longest_of_group: Vec<usize>,
    phrases: Vec<Phrase>,
    by_word: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
    longest_stem: usize,
    sequences: Vec<Sequence>,
    by_first_group: Vec<Vec<usize>>,
}

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
    /// Adds a group of alternatives and returns its number. An alternative is a word, a phrase or the name of another list. The error names
    /// the alternative that is none of these.
    pub(super) fn add_group(&mut self, name: &str, alternatives: &[String]) -> Result<Group, String> {
        let group = self.longest_of_group.len();
        let mut phrases: Vec<Vec<Word>> = Vec::new();
        for alternative in alternatives {
            if alternative.starts_with('@') {
                let list = self.groups.get(alternative);
                let list = list.ok_or_else(|| format!("there is no list {alternative:?}"))?;
                let of_list = self.phrases.iter().filter(|phrase| phrase.group == *list);
                phrases.extend(of_list.map(|phrase| phrase.words.clone()));
                continue;
            }
            let words: Option<Vec<Word>> = alternative.split_whitespace().map(Word::parse).collect();
            let words = words.filter(|words| !words.is_empty());
            phrases.push(words.ok_or_else(|| format!("{alternative:?} is not a word or a phrase"))?);
        }
        let longest = phrases.iter().map(Vec::len).max();
        let longest = longest.ok_or_else(|| format!("the list {name:?} is empty"))?;
        for words in phrases {
            let number = self.phrases.len();
            if let Some(first) = words.first() {
                let index = if first.is_stem {
                    self.longest_stem = self.longest_stem.max(first.text.len());
                    &mut self.by_stem
                } else {
                    &mut self.by_word
                };
                index.entry(first.text.clone()).or_default().push(number);
            }
            self.phrases.push(Phrase { group, words });
        }
        self.longest_of_group.push(longest);
        self.by_first_group.push(Vec::new());
        self.groups.insert(name.to_owned(), group);
        Ok(group)
    }

    /// Parses a sequence, adds it and returns its number. The error says which part is invalid.
    pub(super) fn add_sequence(&mut self, text: &str, negatable: bool) -> Result<usize, String> {
        let elements: Vec<Element> = text
            .split_whitespace()
            .map(|part| self.parse_element(part))
            .collect::<Result<_, _>>()?;
        let Some(Element::Group(first)) = elements.first().copied() else {
            return Err(format!("{text:?} must begin with a word or a list"));
        };
        let longest: usize = elements
            .iter()
            .map(|element| match element {
                Element::Gap(words) => *words,
                Element::Group(group) | Element::Optional(group) => {
                    self.longest_of_group.get(*group).copied().unwrap_or_default()
                }
            })
            .sum();
        if longest > LONGEST {
            return Err(format!("{text:?} may cover more than {LONGEST} words"));
        }
        let number = self.sequences.len();
        self.sequences.push(Sequence { elements, negatable });
        if let Some(sequences) = self.by_first_group.get_mut(first) {
            sequences.push(number);
        }
        Ok(number)
    }

    fn parse_element(&mut self, part: &str) -> Result<Element, String> {
        if part == ".." {
            return Ok(Element::Gap(GAP));
        }
        if let Some(words) = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let words = words
                .parse::<usize>()
                .ok()
                .filter(|words| (1..=LONGEST).contains(words));
            return words
                .map(Element::Gap)
                .ok_or_else(|| format!("{part:?} is not a number of words"));
        }
        let (name, is_optional) = part.strip_suffix('?').map_or((part, false), |name| (name, true));
        let group = if let Some(group) = self.groups.get(name) {
            *group
        } else {
            let alternatives: Vec<String> = name.split('|').map(str::to_owned).collect();
            self.add_group(name, &alternatives)?
        };
        Ok(if is_optional {
            Element::Optional(group)
        } else {
            Element::Group(group)
        })
    }

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
                    let Some(sequence) = self.sequences.get(*number) else {
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
