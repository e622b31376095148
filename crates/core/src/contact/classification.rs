//! The classification a counsellor completes before closing a contact: a scheme that is data, and records made by it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{contact::lifecycle::Marking, text::locale::Words};

/// The scheme of this version. Whoever has another one gives its file.
const CENTRE: &str = include_str!("../../../../config/schemes/centre-2.toml");
/// The question that says whether a contact was counselling.
pub const KIND: &str = "kind";
/// The kind of contact that asks for a presentation: an event is planned for it.
pub const PRESENTATION: &str = "presentation";
/// The question that says what it is about.
pub const TOPIC: &str = "topic";
/// The question that says how pressing it is.
pub const URGENCY: &str = "urgency";

/// A scheme: questions with their lawful answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Its name.
    pub name: String,
    /// Its version; a record keeps the one it was made with.
    pub version: u32,
    /// In the order in which they are asked.
    pub questions: Vec<Question>,
    /// Where cases are sent.
    #[serde(default)]
    pub institutions: Vec<Institution>,
}

/// An institution to which cases are sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institution {
    /// Its name in records.
    pub id: String,
    /// In Serbian, Cyrillic.
    pub sr: String,
    /// In English.
    pub en: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in records.
    pub id: String,
    /// What is asked.
    pub label: Label,
    /// Whether a counselling contact is not closed without it.
    #[serde(default)]
    pub required: bool,
    /// How many answers it takes; the first is the main one.
    #[serde(default = "one")]
    pub most: usize,
    /// Asked only of these kinds; empty: of all.
    #[serde(default)]
    pub only_if: Vec<String>,
    /// The answers to choose from.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// A whole number instead.
    #[serde(default)]
    pub number: Option<Range>,
    /// A short text instead, of so many characters at most.
    #[serde(default)]
    pub text: Option<usize>,
}

const fn one() -> usize {
    1
}

/// Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub least: u32,
    /// The most.
    pub most: u32,
}

/// What is asked, in each language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// In Serbian, Cyrillic.
    pub sr: String,
    /// In English.
    pub en: String,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its name in records.
    pub id: String,
    /// In Serbian, Cyrillic.
    pub sr: String,
    /// In English.
    pub en: String,
    /// Of a kind: whether it is counselling.
    #[serde(default = "yes")]
    pub counselling: bool,
    /// Of a kind: the marking it comes with, which takes the contact out of the total.
    #[serde(default)]
    pub marking: Option<Marking>,
    /// The row of the Insafe quarterly return.
    #[serde(default)]
    pub insafe: Option<String>,
    /// The row of Child Helpline International's yearly return.
    #[serde(default)]
    pub chi: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Answers by question, complete or not.
pub type Answers = BTreeMap<String, Vec<String>>;

/// Why answers are not lawful in a scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScheme {
    /// There is no such question.
    #[error("there is no question {0}")]
    Question(String),
    /// The question takes no such answer.
    #[error("{question} takes no answer {answer}")]
    Answer {
        /// The question.
        question: String,
        /// What was answered.
        answer: String,
    },
    /// The question takes fewer answers.
    #[error("{0} takes fewer answers")]
    TooMany(String),
}

/// Whether this can be the id of a question or of an answer. Nobody's name and no sentence can.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(lawful)
}

impl Scheme {
    /// The scheme that comes with the program.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn centre() -> anyhow::Result<Self> {
        Self::read(CENTRE)
    }

    /// Reads a scheme.
    ///
    /// # Errors
    /// When it is no scheme, has no question of the kind, or an id twice.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let scheme: Self = toml::from_str(text)?;
        let once = |ids: Vec<&str>| ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        let questions = scheme.questions.iter().map(|question| question.id.as_str());
        anyhow::ensure!(once(questions.collect()), "a question stands in it twice");
        for question in &scheme.questions {
            let answers = question.answers.iter().map(|answer| answer.id.as_str());
            anyhow::ensure!(
                once(answers.collect()),
                "an answer of {} stands in it twice",
                question.id
            );
        }
        let ids = scheme.questions.iter().flat_map(|question| {
            let answers = question.answers.iter().map(|answer| answer.id.as_str());
            answers.chain([question.id.as_str()])
        });
        for id in ids {
            anyhow::ensure!(
                is_id(id),
                "{id:?} is no id: they have a to z, 0 to 9 and _, and at most 40 of them"
            );
        }
        anyhow::ensure!(scheme.question(KIND).is_some(), "it does not ask for the {KIND}");
        Ok(scheme)
    }

    /// The question with this name.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// What was chosen among the scheme's answers, or is a number it asks for; and the rest, which is in words of one's own.
    #[must_use]
    pub fn chosen_and_words(&self, answers: &Answers) -> (Answers, Answers) {
        let chosen = |question: &str, answer: &String| {
            self.question(question).is_some_and(|asked| {
                let number = asked.number.is_some() && answer.bytes().all(|byte| byte.is_ascii_digit());
                number || asked.answers.iter().any(|known| known.id == *answer)
            })
        };
        answers
            .clone()
            .into_iter()
            .partition(|(question, given)| given.iter().all(|answer| chosen(question, answer)))
    }

    /// The kind that was answered.
    #[must_use]
    pub fn kind<'a>(&'a self, answers: &Answers) -> Option<&'a Answer> {
        let id = answers.get(KIND)?.first()?;
        self.question(KIND)?
            .answers
            .iter()
            .find(|answer| answer.id == *id)
    }

    /// The place of the urgency among its answers, which stand from the least pressing to the most. 0: ordinary, or not answered.
    #[must_use]
    pub fn urgency(&self, answers: &Answers) -> i16 {
        let given = answers.get(URGENCY).and_then(|given| given.first());
        let all = self.question(URGENCY).map(|question| &question.answers);
        let place = all
            .zip(given)
            .and_then(|(all, given)| all.iter().position(|one| one.id == *given));
        place
            .and_then(|place| i16::try_from(place).ok())
            .unwrap_or_default()
    }

    /// Whether a question is asked of this kind.
    #[must_use]
    pub fn asks(question: &Question, kind: Option<&Answer>) -> bool {
        question.only_if.is_empty() || kind.is_some_and(|kind| question.only_if.contains(&kind.id))
    }

    /// Answers without what is empty or not asked of their kind.
    ///
    /// # Errors
    /// When a question does not exist, or does not take an answer.
    pub fn lawful(&self, answers: Answers) -> Result<Answers, InvalidScheme> {
        let kind = self.kind(&answers).cloned();
        let mut lawful = Answers::new();
        for (id, mut given) in answers {
            let question = self
                .question(&id)
                .ok_or_else(|| InvalidScheme::Question(id.clone()))?;
            given.iter_mut().for_each(|one| *one = one.trim().to_owned());
            given.retain(|one| !one.is_empty());
            if given.is_empty() || !Self::asks(question, kind.as_ref()) {
                continue;
            }
            if given.len() > question.most {
                return Err(InvalidScheme::TooMany(id));
            }
            if let Some(answer) = given.iter().find(|one| !question.takes(one)) {
                let answer = answer.clone();
                return Err(InvalidScheme::Answer { question: id, answer });
            }
            let mut known = Vec::new();
            given.retain(|one| {
                !known.contains(one) && {
                    known.push(one.clone());
                    true
                }
            });
            lawful.insert(id, given);
        }
        Ok(lawful)
    }

    /// The questions that have to be answered before the contact can be closed. What is no counselling needs its kind and no more.
    #[must_use]
    pub fn missing(&self, answers: &Answers) -> Vec<&Question> {
        let kind = self.kind(answers);
        if kind.is_some_and(|kind| !kind.counselling) {
            return Vec::new();
        }
        let open = |question: &&Question| {
            question.required && Self::asks(question, kind) && !answers.contains_key(&question.id)
        };
        self.questions.iter().filter(open).collect()
    }
}

impl Question {
    fn takes(&self, answer: &str) -> bool {
        if let Some(range) = self.number {
            let number = answer.parse::<u32>();
            return number.is_ok_and(|number| (range.least..=range.most).contains(&number));
        }
        if let Some(longest) = self.text {
            return answer.chars().count() <= longest && !answer.chars().any(char::is_control);
        }
        self.answers.iter().any(|one| one.id == answer)
    }
}

impl Label {
    /// In the reader's language and script.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        words.either(&self.sr, &self.en)
    }
}

impl Answer {
    /// In the reader's language and script.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        words.either(&self.sr, &self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(of: &[(&str, &[&str])]) -> Answers {
        let one = |(id, given): &(&str, &[&str])| {
            (
                (*id).to_owned(),
                given.iter().map(|one| (*one).to_owned()).collect(),
            )
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn a_record_is_complete_when_every_required_question_of_its_kind_is_answered() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        let mut record = answers(&[("kind", &["counselling"]), ("topic", &["grooming", "sexting"])]);
        let missing: Vec<_> = scheme.missing(&record).iter().map(|one| one.id.clone()).collect();
        assert_eq!(missing, ["who", "role", "urgency", "outcome"]);
        record.extend(answers(&[
            ("who", &["self"]),
            ("role", &["child"]),
            ("urgency", &["urgent"]),
            ("outcome", &["advice"]),
        ]));
        assert!(scheme.missing(&record).is_empty());
        assert!(
            !scheme.missing(&Answers::new()).is_empty(),
            "nothing is no record"
        );
        Ok(())
    }

    #[test]
    fn what_is_no_counselling_needs_one_answer() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        for kind in ["silent", "prank", "spam"] {
            assert!(
                scheme.missing(&answers(&[("kind", &[kind])])).is_empty(),
                "{kind}"
            );
        }
        Ok(())
    }

    #[test]
    fn what_the_scheme_does_not_know_is_refused_and_what_is_not_asked_falls_away() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        for (unlawful, why) in [
            (answers(&[("mood", &["good"])]), "no such question"),
            (answers(&[("kind", &["nonsense"])]), "no such answer"),
            (answers(&[("age", &["-1"])]), "below the least"),
            (answers(&[("age", &["26"])]), "above the most"),
            (answers(&[("kind", &["silent", "prank"])]), "two kinds"),
            (
                answers(&[("topic", &["gaming", "violence", "sexting", "other"])]),
                "four topics",
            ),
            (answers(&[("platform", &["a\u{7}b"])]), "a control character"),
        ] {
            assert!(scheme.lawful(unlawful).is_err(), "{why}");
        }
        let record = answers(&[
            ("kind", &["counselling"]),
            ("shows", &["hatred"]),
            ("age", &[" 14 ", ""]),
            ("topic", &["gaming", "gaming"]),
        ]);
        let expected = answers(&[
            ("kind", &["counselling"]),
            ("age", &["14"]),
            ("topic", &["gaming"]),
        ]);
        assert_eq!(scheme.lawful(record)?, expected);
        Ok(())
    }

    #[test]
    fn every_topic_has_its_row_in_both_returns() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        let topics = scheme
            .question("topic")
            .map(|question| question.answers.as_slice());
        for topic in topics.unwrap_or_default() {
            assert!(topic.insafe.is_some() && topic.chi.is_some(), "{}", topic.id);
        }
        Ok(())
    }
}
