//! Compiles the rules, and applies them to the words of a message.

use super::{
    Urgency,
    file::{File, InvalidRules, RawContext, RawFamily, RawRule},
    pattern::{Group, Patterns, Span},
    search::{Matches, Negation},
    tokens::Token,
};
use crate::contact::classification::{Label, is_id};

/// A long text is searched in blocks of this many words. The size of the blocks limits the memory that a search needs.
const BLOCK: usize = 4_096;
/// The number of words at the end of a block that the next block contains too, so that no match is cut.
const OVERLAP: usize = 128;

/// A rule, ready for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub id: String,
    pub raises_to: Urgency,
    pub reason: Label,
    lowered_by: Vec<usize>,
    wordings: Wordings,
}

/// Wordings that have a name and raise no urgency alone. Rules combine families. For example, neither a mention of a picture nor a deadline
/// raises the urgency alone, but a rule can raise the urgency of a text that contains both.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Family {
    id: String,
    wordings: Wordings,
}

/// The patterns of a rule or a family. One match is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wordings {
    within: usize,
    patterns: Vec<Vec<Part>>,
    /// Whether a pattern consists only of families and rules.
    some_without_sequence: bool,
}

/// A part of a pattern. The parts of a pattern must all match near each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The matches of a sequence of words.
    Sequence(usize),
    /// The matches of an earlier family.
    Family(usize),
    /// The matches of an earlier rule.
    Rule(usize),
}

/// Words that show that a match is not meant literally, such as the name of a game.
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
    families: Vec<Family>,
    patterns: Patterns,
    negation: Negation,
    /// For each sequence, the wordings that contain it: first the families, then the rules.
    wordings_of: Vec<Vec<usize>>,
}

impl Compiled {
    pub(super) fn compile(file: &File) -> Result<Self, InvalidRules> {
        let mut patterns = Patterns::default();
        let mut add_list = |name: &str, words: &[String]| -> Result<Group, InvalidRules> {
            patterns
                .add_group(name, words.iter().map(String::as_str))
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
            families: Vec::new(),
            patterns,
            negation,
            wordings_of: Vec::new(),
        };
        for context in &file.contexts {
            let read = compiled.read_context(context);
            let read = read.map_err(|problem| InvalidRules::Context {
                context: context.id.clone(),
                problem,
            })?;
            compiled.contexts.push(read);
        }
        for family in &file.families {
            let read = compiled.read_family(family);
            let read = read.map_err(|problem| InvalidRules::Family {
                family: family.id.clone(),
                problem,
            })?;
            compiled.families.push(read);
        }
        for rule in &file.rules {
            let read = compiled.read_rule(rule);
            let read = read.map_err(|problem| InvalidRules::Rule {
                rule: rule.id.clone(),
                problem,
            })?;
            compiled.rules.push(read);
        }
        compiled.patterns.finish();
        compiled.index_wordings();
        Ok(compiled)
    }

    fn index_wordings(&mut self) {
        let mut wordings_of = vec![Vec::new(); self.patterns.sequence_count()];
        let of_families = self.families.iter().map(|family| &family.wordings);
        let of_rules = self.rules.iter().map(|rule| &rule.wordings);
        for (place, wordings) in of_families.chain(of_rules).enumerate() {
            for part in wordings.patterns.iter().flatten() {
                if let Part::Sequence(number) = part
                    && let Some(places) = wordings_of.get_mut(*number)
                {
                    places.push(place);
                }
            }
        }
        self.wordings_of = wordings_of;
    }

    /// Returns for each of the families and then of the rules whether one of its own sequences has a match.
    fn with_matches(&self, found: &Matches) -> Vec<bool> {
        let mut with_matches = vec![false; self.families.len() + self.rules.len()];
        for place in found
            .matched()
            .filter_map(|sequence| self.wordings_of.get(sequence))
            .flatten()
        {
            if let Some(one) = with_matches.get_mut(*place) {
                *one = true;
            }
        }
        with_matches
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

    fn read_family(&mut self, raw: &RawFamily) -> Result<Family, String> {
        self.check_new_id(&raw.id)?;
        Ok(Family {
            wordings: self.read_wordings(&raw.patterns, raw.negatable, raw.within)?,
            id: raw.id.clone(),
        })
    }

    fn read_rule(&mut self, raw: &RawRule) -> Result<Rule, String> {
        self.check_new_id(&raw.id)?;
        if raw.reason.sr.trim().is_empty() || raw.reason.en.trim().is_empty() {
            return Err("the reason needs a text in sr and en".to_owned());
        }
        let lowered_by = raw.lowered_by.iter().map(|id| {
            let place = self.contexts.iter().position(|context| context.id == *id);
            place.ok_or_else(|| format!("there is no context {id:?}"))
        });
        Ok(Rule {
            lowered_by: lowered_by.collect::<Result<_, _>>()?,
            wordings: self.read_wordings(&raw.patterns, raw.negatable, raw.within)?,
            id: raw.id.clone(),
            raises_to: raw.raises_to,
            reason: raw.reason.clone(),
        })
    }

    /// Families and rules share their names, because patterns refer to both in the same way.
    fn check_new_id(&self, id: &str) -> Result<(), String> {
        if !is_id(id) {
            return Err("the id may have only a to z, 0 to 9 and _".to_owned());
        }
        let families = self.families.iter().map(|family| &family.id);
        let mut ids = families.chain(self.rules.iter().map(|rule| &rule.id));
        if ids.any(|other| other == id) {
            return Err("the id is used twice".to_owned());
        }
        Ok(())
    }

    fn read_wordings(
        &mut self,
        patterns: &[String],
        negatable: bool,
        within: usize,
    ) -> Result<Wordings, String> {
        if patterns.is_empty() {
            return Err("there are no patterns".to_owned());
        }
        let read = |pattern: &String| {
            let parts = pattern.split('&');
            parts.map(|part| self.read_part(part.trim(), negatable)).collect()
        };
        let patterns: Vec<Vec<Part>> = patterns.iter().map(read).collect::<Result<_, _>>()?;
        let is_sequence = |part: &Part| matches!(part, Part::Sequence(_));
        Ok(Wordings {
            within,
            some_without_sequence: patterns.iter().any(|parts| !parts.iter().any(is_sequence)),
            patterns,
        })
    }

    fn read_part(&mut self, text: &str, negatable: bool) -> Result<Part, String> {
        let Some(id) = text.strip_prefix('#') else {
            return self.patterns.add_sequence(text, negatable).map(Part::Sequence);
        };
        let family = self.families.iter().position(|family| family.id == id);
        let rule = self.rules.iter().position(|rule| rule.id == id);
        let part = family.map(Part::Family).or(rule.map(Part::Rule));
        part.ok_or_else(|| format!("no earlier rule or family is called {id:?}"))
    }

    /// Returns the urgency to which each rule raises a text, and the number of comparisons made.
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
        let of_all = |sequences: &[usize]| in_order(sequences.iter().flat_map(|number| found.of(*number)));
        let contexts: Vec<Vec<Span>> = self
            .contexts
            .iter()
            .map(|context| {
                let mut spans = of_all(&context.words);
                if !spans.is_empty() {
                    let unless = of_all(&context.unless);
                    spans.retain(|span| !is_near(&unless, *span, context.within));
                }
                spans
            })
            .collect();
        let mut known = Known {
            of_sequence: &found,
            of_family: Vec::with_capacity(self.families.len()),
            of_rule: Vec::with_capacity(self.rules.len()),
        };
        // Almost no wordings have a match, so only those are looked at that can have one.
        let mut with_matches = self.with_matches(&found).into_iter();
        for family in &self.families {
            let matches = known.find(&family.wordings, with_matches.next());
            known.of_family.push(matches);
        }
        for (rule, raised) in self.rules.iter().zip(raised) {
            let matches = known.find(&rule.wordings, with_matches.next());
            for span in &matches {
                let lowered = rule.lowered_by.iter().filter_map(|number| {
                    let context = self.contexts.get(*number)?;
                    is_near(contexts.get(*number)?, *span, context.within).then_some(context.lowers_to)
                });
                *raised = lowered.fold(rule.raises_to, Urgency::min).max(*raised);
            }
            known.of_rule.push(matches);
        }
        found.steps
    }
}

/// The matches found in a text so far, in the order of the text.
struct Known<'a> {
    of_sequence: &'a Matches,
    of_family: Vec<Vec<Span>>,
    of_rule: Vec<Vec<Span>>,
}

impl Known<'_> {
    /// Returns the matches of wordings. `has_match` says whether one of their own sequences has a match.
    fn find(&self, wordings: &Wordings, has_match: Option<bool>) -> Vec<Span> {
        let mut found = Vec::new();
        if has_match == Some(false) && !wordings.some_without_sequence {
            return found;
        }
        for parts in &wordings.patterns {
            if parts.iter().all(|part| self.has(*part)) {
                let spans: Vec<Vec<Span>> = parts.iter().map(|part| self.of_part(*part)).collect();
                found.extend(combine(&spans, wordings.within));
            }
        }
        in_order(found)
    }

    fn has(&self, part: Part) -> bool {
        let is_found = |spans: Option<&Vec<Span>>| spans.is_some_and(|spans| !spans.is_empty());
        match part {
            Part::Sequence(number) => self.of_sequence.has(number),
            Part::Family(number) => is_found(self.of_family.get(number)),
            Part::Rule(number) => is_found(self.of_rule.get(number)),
        }
    }

    fn of_part(&self, part: Part) -> Vec<Span> {
        match part {
            Part::Sequence(number) => self.of_sequence.of(number).collect(),
            Part::Family(number) => self.of_family.get(number).cloned().unwrap_or_default(),
            Part::Rule(number) => self.of_rule.get(number).cloned().unwrap_or_default(),
        }
    }
}

/// Returns all spans in order, each once.
fn in_order(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut all: Vec<Span> = spans.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the matches of a pattern, given the matches of its parts: for each match of the first part, the words from there to the nearest
/// match of every other part, if each is at most `within` words away.
fn combine(parts: &[Vec<Span>], within: usize) -> Vec<Span> {
    let Some((first, others)) = parts.split_first() else {
        return Vec::new();
    };
    let join = |span: &Span| {
        let nearest = |other: &Vec<Span>| nearest(other, *span).filter(|near| near.distance(*span) <= within);
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
