//! What is wrong with a scheme. The same checks apply to each edit of a draft, to a draft before it comes into force, and to a scheme file
//! (`hotline check`).

use std::collections::BTreeSet;

use super::{KIND, Question, Scheme, TOPIC, URGENCY};

/// The maximum number of characters of a question or an answer.
pub const LONGEST_WORDS: usize = 120;
/// The maximum number of questions of a scheme, including retired ones.
pub const MOST_QUESTIONS: usize = 100;
/// The maximum number of answers of a question, including retired ones.
pub const MOST_ANSWERS: usize = 200;

/// A rule that an edit or a scheme breaks.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    thiserror::Error,
    serde::Serialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SchemeFault {
    /// The scheme has no such question.
    #[error("there is no such question")]
    NoSuchQuestion,
    /// The question has no such answer.
    #[error("the question has no such answer")]
    NoSuchAnswer,
    /// The Serbian words are missing.
    #[error("the Serbian words are missing")]
    NoSerbian,
    /// The English words are missing.
    #[error("the English words are missing")]
    NoEnglish,
    /// The words are too long.
    #[error("the words have more than {LONGEST_WORDS} characters")]
    TooLong,
    /// The words contain a line break or another control character.
    #[error("the words contain a line break or another control character")]
    ControlCharacter,
    /// Another question, or another answer of the same question, has the same words.
    #[error("something else has the same words")]
    SameWords,
    /// The question or the answer is already the first or the last one.
    #[error("it cannot move further")]
    AtTheEnd,
    /// The answer to the question is a number or free text.
    #[error("the question has no answers to choose from")]
    NotChosen,
    /// The limit of the answers makes no sense or is too large.
    #[error("the limits of the answer are not permitted")]
    InvalidLimit,
    /// A kind of contact for which a question is asked, or not asked, does not exist, or none was chosen.
    #[error("the kinds of contact are missing or do not exist")]
    NoSuchKind,
    /// The scheme has as many questions, or the question as many answers, as it may have.
    #[error("there are too many questions or answers")]
    Full,
    /// The question has no answer to choose from.
    #[error("the question has no answer to choose from")]
    NoAnswers,
    /// The question is asked for no kind of contact.
    #[error("the question is asked for no kind of contact")]
    AskedOfNobody,
    /// The first question separates counselling from other contacts, so it is always asked, essential and the first one.
    #[error(
        "the kind decides how a contact is counted, so it is asked first, of every contact, and must be answered"
    )]
    KindIsEssential,
    /// Without a kind that is counselling, no contact could be classified as counselling.
    #[error("one kind must remain that is counselling")]
    LastCounselling,
    /// The list of contacts, routing and the returns use the topic.
    #[error("the list of contacts, routing and the returns use the topic")]
    TopicIsEssential,
    /// The list of contacts and the alarms use the urgency.
    #[error("the list of contacts and the alarms use the urgency")]
    UrgencyIsEssential,
    /// The stored urgency of a contact is the position of its answer, so the answers and their order are fixed.
    #[error("the levels of urgency are fixed; only their words can be changed")]
    UrgencyIsFixed,
    /// A question or an answer that was in force is missing, so earlier contacts would lose it.
    #[error("earlier contacts have answers that are missing here; discard the draft and begin again")]
    CodeLost,
    /// A question or an answer that was in force would mean something else for earlier contacts.
    #[error("earlier contacts would be counted differently")]
    MeaningChanged,
}

crate::named!(SchemeFault);

impl SchemeFault {
    /// Returns whether a draft may have this fault while it is edited. It must be repaired before the draft comes into force.
    #[must_use]
    pub const fn may_wait(self) -> bool {
        matches!(self, Self::NoAnswers | Self::AskedOfNobody)
    }
}

/// A fault of a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemeMistake {
    /// The id of the question.
    pub question: String,
    /// What is wrong.
    pub fault: SchemeFault,
}

/// Checks the words of a question or an answer.
///
/// # Errors
/// Returns the rule that the words break.
pub fn check_words(sr: &str, en: &str) -> Result<(), SchemeFault> {
    for (text, missing) in [(sr, SchemeFault::NoSerbian), (en, SchemeFault::NoEnglish)] {
        if text.trim().is_empty() {
            return Err(missing);
        }
        if text.chars().count() > LONGEST_WORDS {
            return Err(SchemeFault::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(SchemeFault::ControlCharacter);
        }
    }
    Ok(())
}

impl Scheme {
    /// Returns what is wrong with the scheme. A file that [`Scheme::read`] accepts may still have such mistakes.
    #[must_use]
    pub fn mistakes(&self) -> BTreeSet<SchemeMistake> {
        let mut all = BTreeSet::new();
        for (place, question) in self.questions.iter().enumerate() {
            let is_again = |other: &Question| !other.retired && is_same(&other.label, &question.label);
            let mut faults = self.faults_of(question);
            if !question.retired && self.questions.iter().take(place).any(is_again) {
                faults.push(SchemeFault::SameWords);
            }
            all.extend(faults.into_iter().map(|fault| SchemeMistake {
                question: question.id.clone(),
                fault,
            }));
        }
        all
    }

    /// Returns what is wrong with the scheme if it replaces the scheme `before`: its own mistakes, except those that `before` has as well,
    /// and the changes that would give earlier answers another meaning. A file may have mistakes that no screen can repair, and must not
    /// prevent its successors.
    #[must_use]
    pub fn mistakes_after(&self, before: &Self) -> BTreeSet<SchemeMistake> {
        let known = before.mistakes();
        let mut all: BTreeSet<_> = self.mistakes().difference(&known).cloned().collect();
        for old in &before.questions {
            let fault = match self.question(&old.id) {
                None => Some(SchemeFault::CodeLost),
                Some(new) => changed_meaning(old, new),
            };
            all.extend(fault.map(|fault| SchemeMistake {
                question: old.id.clone(),
                fault,
            }));
        }
        all
    }

    fn faults_of(&self, question: &Question) -> Vec<SchemeFault> {
        let mut faults = Vec::new();
        let labels = question.answers.iter().map(|one| (&one.sr, &one.en));
        for (sr, en) in labels.chain([(&question.label.sr, &question.label.en)]) {
            faults.extend(check_words(sr, en).err());
        }
        match (question.essential(), question.retired) {
            (Some(SchemeFault::KindIsEssential), _) => faults.extend(self.fault_of_kind(question)),
            (Some(fault), true) => faults.push(fault),
            (None, true) => return faults,
            (_, false) => {}
        }
        for (place, answer) in question.answers.iter().enumerate() {
            let is_again =
                |other: &super::Answer| !other.retired && (other.sr == answer.sr || other.en == answer.en);
            if !answer.retired && question.answers.iter().take(place).any(is_again) {
                faults.push(SchemeFault::SameWords);
            }
        }
        if question.is_chosen() && question.offered().next().is_none() {
            faults.push(SchemeFault::NoAnswers);
        }
        let kinds = self.question(KIND).map(|kind| kind.answers.as_slice());
        let kinds = kinds.unwrap_or_default();
        let mut named = question.only_if.iter().chain(&question.except);
        if !named.all(|id| kinds.iter().any(|kind| kind.id == *id)) {
            faults.push(SchemeFault::NoSuchKind);
        }
        let mut offered = kinds.iter().filter(|kind| !kind.retired);
        if !offered.any(|kind| Self::asks(question, Some(kind))) {
            faults.push(SchemeFault::AskedOfNobody);
        }
        faults
    }

    fn fault_of_kind(&self, kind: &Question) -> Option<SchemeFault> {
        let first = self.asked().next();
        let is_first = first.is_some_and(|first| first.id == KIND);
        let of_everybody = kind.only_if.is_empty() && kind.except.is_empty();
        if kind.retired || !kind.required || !is_first || !of_everybody {
            return Some(SchemeFault::KindIsEssential);
        }
        let counsels = kind.offered().any(|kind| kind.counselling);
        (!counsels).then_some(SchemeFault::LastCounselling)
    }
}

impl Question {
    /// Returns why the question cannot be retired. `None` if it can be.
    #[must_use]
    pub fn essential(&self) -> Option<SchemeFault> {
        match self.id.as_str() {
            KIND => Some(SchemeFault::KindIsEssential),
            TOPIC => Some(SchemeFault::TopicIsEssential),
            URGENCY => Some(SchemeFault::UrgencyIsEssential),
            _ => None,
        }
    }

    /// Returns whether the answers to the question are chosen from a list.
    #[must_use]
    pub const fn is_chosen(&self) -> bool {
        self.number.is_none() && self.text.is_none()
    }
}

fn is_same(one: &super::Label, other: &super::Label) -> bool {
    one.sr == other.sr || one.en == other.en
}

fn changed_meaning(old: &Question, new: &Question) -> Option<SchemeFault> {
    let kept = old.answers.iter().map(|answer| (answer, new.answer(&answer.id)));
    for (answer, kept) in kept {
        let Some(kept) = kept else {
            return Some(SchemeFault::CodeLost);
        };
        if (kept.counselling, kept.marking) != (answer.counselling, answer.marking) {
            return Some(SchemeFault::MeaningChanged);
        }
    }
    let levels = |question: &Question| -> Vec<(String, bool)> {
        let levels = question.answers.iter().map(|one| (one.id.clone(), one.retired));
        levels.collect()
    };
    if old.id == URGENCY && levels(old) != levels(new) {
        return Some(SchemeFault::UrgencyIsFixed);
    }
    let format = |question: &Question| (question.most, question.number, question.text);
    (format(old) != format(new)).then_some(SchemeFault::MeaningChanged)
}
