//! The patterns of the urgency rules, and their notation.
//!
//! Patterns consist of whole words and stems instead of regular expressions, which keeps the rules readable for the people who edit them
//! and makes the cost of a search predictable.

use std::collections::HashMap;

use super::tokens::normalise;
use crate::text::fold::fold;

/// The largest number of words that one pattern may cover. The places of a search are the bits of a `u64`.
pub(super) const LONGEST: usize = 40;
/// The number of words that `..` may stand for.
const GAP: usize = 3;

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
pub(super) enum Element {
    /// One of the alternatives of a group.
    Group(Group),
    /// One of the alternatives of a group, or nothing.
    Optional(Group),
    /// Up to this number of words, none of which is a negation.
    Gap(usize),
}

/// A sequence of words that is searched in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) elements: Vec<Element>,
    pub(super) negatable: bool,
}

/// A word of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    is_stem: bool,
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        let (word, is_stem) = text.strip_suffix('*').map_or((text, false), |stem| (stem, true));
        let word = normalise(&fold(word).replace(['\'', '’'], ""));
        (!word.is_empty() && word.chars().all(char::is_alphanumeric)).then_some(Self { text: word, is_stem })
    }

    pub(super) fn matches(&self, word: &str) -> bool {
        if self.is_stem {
            word.starts_with(&self.text)
        } else {
            word == self.text
        }
    }
}

/// One or more words, which are an alternative of one or more groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) words: Vec<Word>,
    pub(super) groups: Vec<Group>,
}

/// What the patterns call their parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    groups: HashMap<String, Group>,
    phrases_of_group: Vec<Vec<usize>>,
    /// The numbers of the phrases by their text. Many groups share a phrase.
    phrases: HashMap<String, usize>,
}

/// All sequences of the rules, with an index by their first words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    /// Only needed while patterns are added.
    names: Names,
    pub(super) longest_of_group: Vec<usize>,
    pub(super) phrases: Vec<Phrase>,
    pub(super) by_word: HashMap<String, Vec<usize>>,
    pub(super) by_stem: HashMap<String, Vec<usize>>,
    pub(super) longest_stem: usize,
    pub(super) sequences: Vec<Sequence>,
    pub(super) by_first_group: Vec<Vec<usize>>,
}

impl Patterns {
    /// Adds a group of alternatives and returns its number. An alternative is a word, a phrase or the name of another list. The error names
    /// the alternative that is none of these.
    pub(super) fn add_group<'a>(
        &mut self,
        name: &str,
        alternatives: impl IntoIterator<Item = &'a str>,
    ) -> Result<Group, String> {
        let group = self.longest_of_group.len();
        let mut phrases: Vec<usize> = Vec::new();
        for alternative in alternatives {
            if alternative.starts_with('@') {
                let list = self.names.groups.get(alternative);
                let list = list.ok_or_else(|| format!("there is no list {alternative:?}"))?;
                phrases.extend(self.names.phrases_of_group.get(*list).into_iter().flatten());
            } else {
                let phrase = self.add_phrase(alternative);
                phrases.push(phrase.ok_or_else(|| format!("{alternative:?} is not a word or a phrase"))?);
            }
        }
        phrases.sort_unstable();
        phrases.dedup();
        let mut longest = None;
        for number in &phrases {
            if let Some(phrase) = self.phrases.get_mut(*number) {
                phrase.groups.push(group);
                longest = longest.max(Some(phrase.words.len()));
            }
        }
        let longest = longest.ok_or_else(|| format!("the list {name:?} is empty"))?;
        self.names.phrases_of_group.push(phrases);
        self.longest_of_group.push(longest);
        self.by_first_group.push(Vec::new());
        self.names.groups.insert(name.to_owned(), group);
        Ok(group)
    }

    /// Returns the number of a phrase, which is added unless it exists. `None`: the text is not a phrase.
    fn add_phrase(&mut self, text: &str) -> Option<usize> {
        if let Some(known) = self.names.phrases.get(text) {
            return Some(*known);
        }
        let words: Vec<Word> = text.split_whitespace().map(Word::parse).collect::<Option<_>>()?;
        let first = words.first()?;
        let index = if first.is_stem {
            self.longest_stem = self.longest_stem.max(first.text.len());
            &mut self.by_stem
        } else {
            &mut self.by_word
        };
        let number = self.phrases.len();
        index.entry(first.text.clone()).or_default().push(number);
        self.phrases.push(Phrase {
            words,
            groups: Vec::new(),
        });
        self.names.phrases.insert(text.to_owned(), number);
        Some(number)
    }

    pub(super) const fn sequence_count(&self) -> usize {
        self.sequences.len()
    }

    /// Frees the memory that is only needed while patterns are added.
    pub(super) fn finish(&mut self) {
        self.names = Names::default();
    }

    /// Parses a sequence, adds it and returns its number. The error says which part is invalid.
    pub(super) fn add_sequence(&mut self, text: &str, negatable: bool) -> Result<usize, String> {
        let parts = split_elements(text).into_iter();
        let elements: Vec<Element> = parts
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
        let group = if let Some(group) = self.names.groups.get(name) {
            *group
        } else {
            let inside = name.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            self.add_group(name, inside.unwrap_or(name).split('|'))?
        };
        Ok(if is_optional {
            Element::Optional(group)
        } else {
            Element::Group(group)
        })
    }
}

/// Splits the text of a sequence at spaces outside parentheses.
fn split_elements(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let parts = text.split(|letter: char| {
        is_inside = (is_inside || letter == '(') && letter != ')';
        letter.is_whitespace() && !is_inside
    });
    parts.filter(|part| !part.is_empty()).collect()
}
