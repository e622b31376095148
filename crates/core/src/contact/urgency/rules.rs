//! Reads the rules from their file, and applies them to the words of a message.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Urgency,
    pattern::{Group, Patterns, Span},
    search::Negation,
    tokens::Token,
};
use crate::contact::classification::{Label, is_id};

/// The largest number of words between the parts of a pattern that are joined by `&`, unless the rule says otherwise.
const NEAR: usize = 12;
/// A long text is searched in blocks of this many words, which limits the memory that a search needs.
const BLOCK: usize = 4_096;
/// The number of words at the end of a block that the next block contains too, so that no match is cut.
const OVERLAP: usize = 128;

/// Why a file contains no valid urgency rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    /// The file is not TOML, or a key is missing or unknown.
    #[error("the file cannot be read: {0}")]
    File(String),
    /// A list of words is invalid.
    #[error("the list {list}: {problem}")]
    List {
        /// The name of the list.
        list: String,
        /// What is wrong.
        problem: String,
    },
    /// A context is invalid.
    #[error("the context {context}: {problem}")]
    Context {
        /// The id of the context.
        context: String,
        /// What is wrong.
        problem: String,
    },
    /// A rule is invalid.
    #[error("the rule {rule}: {problem}")]
    Rule {
        /// The id of the rule.
        rule: String,
        /// What is wrong.
        problem: String,
    },
}

/// The contents of a file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: String,
    pub version: u32,
    pub answers: AnswerReasons,
    pub written_again: WrittenAgain,
    negators: Vec<String>,
    fillers: Vec<String>,
    #[serde(default)]
    lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    contexts: Vec<RawContext>,
    rules: Vec<RawRule>,
}

/// The reasons that the answers to the question "Are you in danger now?" give.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerReasons {
    pub yes: Label,
    pub not_sure: Label,
}

/// When repeated messages without a reply make a contact urgent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenAgain {
    /// The number of messages that make the contact urgent.
    pub messages: u32,
    /// The minutes within which the person wrote them.
    pub minutes: u32,
    /// The reason shown to counsellors.
    pub reason: Label,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContext {
    id: String,
    lowers_to: Urgency,
    within: usize,
    words: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    raises_to: Urgency,
    reason: Label,
    #[serde(default = "yes")]
    negatable: bool,
    #[serde(default)]
    lowered_by: Vec<String>,
    #[serde(default = "near")]
    within: usize,
    patterns: Vec<String>,
}

const fn yes() -> bool {
    true
}

const fn near() -> usize {
    NEAR
}

/// A rule, ready for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub id: String,
    pub raises_to: Urgency,
    pub reason: Label,
    lowered_by: Vec<usize>,
    within: usize,
    patterns: Vec<Vec<Part>>,
}

/// A part of a pattern. The parts of a pattern must all match near each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The matches of a sequence of words.
    Sequence(usize),
    /// The matches of an earlier rule.
    Rule(usize),
}

/// Words that show that a match is not meant as it reads, such as the name of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Context {
    id: String,
    lowers_to: Urgency,
    within: usize,
    words: Vec<usize>,
    unless: Vec<usize>,
}

/// All rules, ready for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compiled {
    pub rules: Vec<Rule>,
    contexts: Vec<Context>,
    patterns: Patterns,
    negation: Negation,
}

impl Compiled {
    pub(super) fn compile(file: &File) -> Result<Self, InvalidRules> {
        let mut patterns = Patterns::default();
        let mut add_list = |name: &str, words: &[String]| -> Result<Group, InvalidRules> {
            patterns
                .add_group(name, words)
                .map_err(|problem| InvalidRules::List {
                    list: name.to_owned(),
                    problem,
                })
        };
        let negation = Negation {
            negators: add_list("negators", &file.negators)?,
            fillers: add_list("fillers", &file.fillers)?,
        };
        for (name, words) in &file.lists {
            add_list(&format!("@{name}"), words)?;
        }
        let mut compiled = Self {
            rules: Vec::new(),
            contexts: Vec::new(),
            patterns,
            negation,
        };
        for context in &file.contexts {
            let read = compiled.read_context(context);
            let read = read.map_err(|problem| InvalidRules::Context {
                context: context.id.clone(),
                problem,
            })?;
            compiled.contexts.push(read);
        }
        for rule in &file.rules {
            let read = compiled.read_rule(rule);
            let read = read.map_err(|problem| InvalidRules::Rule {
                rule: rule.id.clone(),
                problem,
            })?;
            compiled.rules.push(read);
        }
        Ok(compiled)
    }

    fn read_context(&mut self, raw: &RawContext) -> Result<Context, String> {
        if self.contexts.iter().any(|other| other.id == raw.id) {
            return Err("the id is used twice".to_owned());
        }
        let mut read = |texts: &[String]| -> Result<Vec<usize>, String> {
            texts
                .iter()
                .map(|text| self.patterns.add_sequence(text, false))
                .collect()
        };
        Ok(Context {
            words: read(&raw.words)?,
            unless: read(&raw.unless)?,
            id: raw.id.clone(),
            lowers_to: raw.lowers_to,
            within: raw.within,
        })
    }

    fn read_rule(&mut self, raw: &RawRule) -> Result<Rule, String> {
        if !is_id(&raw.id) {
            return Err("the id may have only a to z, 0 to 9 and _".to_owned());
        }
        if self.rules.iter().any(|other| other.id == raw.id) {
            return Err("the id is used twice".to_owned());
        }
        if raw.reason.sr.trim().is_empty() || raw.reason.en.trim().is_empty() {
            return Err("the reason needs a text in sr and en".to_owned());
        }
        if raw.patterns.is_empty() {
            return Err("there are no patterns".to_owned());
        }
        let lowered_by = raw.lowered_by.iter().map(|id| {
            let place = self.contexts.iter().position(|context| context.id == *id);
            place.ok_or_else(|| format!("there is no context {id:?}"))
        });
        Ok(Rule {
            lowered_by: lowered_by.collect::<Result<_, _>>()?,
            patterns: raw
                .patterns
                .iter()
                .map(|pattern| {
                    let parts = pattern.split('&');
                    parts
                        .map(|part| self.read_part(part.trim(), raw.negatable))
                        .collect()
                })
                .collect::<Result<_, _>>()?,
            id: raw.id.clone(),
            raises_to: raw.raises_to,
            reason: raw.reason.clone(),
            within: raw.within,
        })
    }

    fn read_part(&mut self, text: &str, negatable: bool) -> Result<Part, String> {
        let Some(id) = text.strip_prefix('#') else {
            return self.patterns.add_sequence(text, negatable).map(Part::Sequence);
        };
        let place = self.rules.iter().position(|rule| rule.id == id);
        place
            .map(Part::Rule)
            .ok_or_else(|| format!("no earlier rule is called {id:?}"))
    }

    /// Returns how far each rule raises the urgency of a text, and the number of comparisons made.
    pub(super) fn apply(&self, text: &[Token]) -> (Vec<Urgency>, usize) {
        let mut raised = vec![Urgency::Ordinary; self.rules.len()];
        let mut steps = 0;
        let mut begin = 0;
        while let Some(rest) = text.get(begin..).filter(|rest| !rest.is_empty()) {
            let block = rest.get(..BLOCK + OVERLAP).unwrap_or(rest);
            steps += self.apply_to_block(block, &mut raised);
            begin += BLOCK;
        }
        (raised, steps)
    }

    fn apply_to_block(&self, text: &[Token], raised: &mut [Urgency]) -> usize {
        let found = self.patterns.search(text, self.negation);
        let of_sequence = |number: usize| found.of_sequence.get(number).map_or(&[][..], Vec::as_slice);
        let contexts: Vec<Vec<Span>> = self
            .contexts
            .iter()
            .map(|context| {
                let unless = merge(context.unless.iter().map(|number| of_sequence(*number)));
                let mut spans = merge(context.words.iter().map(|number| of_sequence(*number)));
                spans.retain(|span| !is_near(&unless, *span, context.within));
                spans
            })
            .collect();
        let mut of_rule: Vec<Vec<Span>> = Vec::with_capacity(self.rules.len());
        for (rule, raised) in self.rules.iter().zip(raised) {
            let spans_of = |part: Part| match part {
                Part::Sequence(number) => of_sequence(number),
                Part::Rule(number) => of_rule.get(number).map_or(&[][..], Vec::as_slice),
            };
            let matches: Vec<Vec<Span>> = rule
                .patterns
                .iter()
                .map(|parts| {
                    let spans: Vec<&[Span]> = parts.iter().map(|part| spans_of(*part)).collect();
                    combine(&spans, rule.within)
                })
                .collect();
            let matches = merge(matches.iter().map(Vec::as_slice));
            for span in &matches {
                let lowered = rule.lowered_by.iter().filter_map(|number| {
                    let context = self.contexts.get(*number)?;
                    is_near(contexts.get(*number)?, *span, context.within).then_some(context.lowers_to)
                });
                *raised = lowered.fold(rule.raises_to, Urgency::min).max(*raised);
            }
            of_rule.push(matches);
        }
        found.steps
    }
}

/// Returns all spans in order, each once.
fn merge<'a>(lists: impl Iterator<Item = &'a [Span]>) -> Vec<Span> {
    let mut all: Vec<Span> = lists.flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the matches of a pattern, given the matches of its parts: for each match of the first part, the words from there to the nearest
/// match of every other part, if each is at most `within` words away.
fn combine(parts: &[&[Span]], within: usize) -> Vec<Span> {
    let Some((first, others)) = parts.split_first() else {
        return Vec::new();
    };
    let join = |span: &Span| {
        let nearest = |other: &&[Span]| nearest(other, *span).filter(|near| near.distance(*span) <= within);
        others.iter().try_fold(*span, |joined, other| {
            nearest(other).map(|near| joined.join(near))
        })
    };
    first.iter().filter_map(join).collect()
}

fn is_near(spans: &[Span], span: Span, within: usize) -> bool {
    nearest(spans, span).is_some_and(|near| near.distance(span) <= within)
}

/// Returns the nearest of the ordered `spans`. Only the neighbours in the order are compared, so a long match that began much earlier may
/// be missed.
fn nearest(spans: &[Span], span: Span) -> Option<Span> {
    let place = spans.partition_point(|other| other.start < span.start);
    let before = place.checked_sub(1).and_then(|place| spans.get(place));
    let neighbours = [before, spans.get(place)];
    neighbours
        .into_iter()
        .flatten()
        .min_by_key(|near| near.distance(span))
        .copied()
}
