//! The classification, also called wrap-up: questions that a counsellor answers before closing a contact.
//!
//! A scheme lists the questions and the permitted answers. A changed scheme gets a new version number. A record (a saved classification)
//! stores the answers for one contact, and the version of the scheme that offered these answers.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{contact::lifecycle::Marking, text::locale::Words};

pub mod check;
pub mod edit;
pub mod versions;

/// The built-in scheme. It is used unless the setting `desk.scheme_file` names another file.
const CENTRE: &str = include_str!("../../../../config/schemes/centre-3.toml");
/// The id of the question that separates counselling from non-counselling contacts.
pub const KIND: &str = "kind";
/// The answer to [`KIND`] for a contact that requests a presentation, for example at a school. Staff can plan an outreach event from a
/// contact with this answer.
pub const PRESENTATION: &str = "presentation";
/// The id of the question about the topic.
pub const TOPIC: &str = "topic";
/// The id of the question about how urgent the contact is.
pub const URGENCY: &str = "urgency";

/// A classification scheme: questions with their permitted answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// The name of the scheme. Every record (saved classification) stores this name and the version.
    pub name: String,
    /// The version of the scheme. Every record (saved classification) stores the version that offered its answers.
    pub version: u32,
    /// The questions, in the order in which they are asked.
    pub questions: Vec<Question>,
    /// The institutions to which staff can refer cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub institutions: Vec<Institution>,
}

/// An institution to which cases are referred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institution {
    /// The id stored in records.
    pub id: String,
    /// The name in Serbian, Cyrillic.
    pub sr: String,
    /// The name in English.
    pub en: String,
}

/// A question of the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The id stored in records.
    pub id: String,
    /// The question as shown to counsellors.
    pub label: Label,
    /// Whether a counselling contact can be closed only after this question is answered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// The maximum number of answers that a counsellor may give to this question. The statistics count only the first answer given.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub most: usize,
    /// The kinds of contact for which the question is asked, as ids of answers to [`KIND`]. Empty: all kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_if: Vec<String>,
    /// The kinds of contact for which the question is not asked, as ids of answers to [`KIND`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Whether the question is no longer asked. The scheme keeps it so that its answers can still be named and counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retired: bool,
    /// The answers to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// If set, the answer is a whole number in this range instead of a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Range>,
    /// If set, the answer is free text of at most this many characters instead of a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<usize>,
}

const fn one() -> usize {
    1
}

// These functions keep defaults out of a written scheme.

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_one(number: &usize) -> bool {
    *number == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_true(flag: &bool) -> bool {
    *flag
}

/// The range of whole numbers that answer a question, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest permitted number.
    pub least: u32,
    /// The largest permitted number.
    pub most: u32,
}

/// A text in Serbian and in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The text in Serbian, Cyrillic.
    pub sr: String,
    /// The text in English.
    pub en: String,
}

/// A predefined answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The id stored in records.
    pub id: String,
    /// The answer in Serbian, Cyrillic.
    pub sr: String,
    /// The answer in English.
    pub en: String,
    /// Whether a contact with this answer counts as a counselling contact. Used only in answers to [`KIND`].
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub counselling: bool,
    /// The marking that this answer sets on the contact. A contact with a marking is not counted as a registered communication. Used only
    /// in answers to [`KIND`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<Marking>,
    /// Whether the answer is no longer offered. The scheme keeps it so that it can still be named and counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retired: bool,
    /// The id of the row for this answer in the quarterly return to Insafe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insafe: Option<String>,
    /// The id of the row for this answer in the yearly return to Child Helpline International until 2025.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chi: Option<String>,
}

const fn yes() -> bool {
    true
}

/// The answers for one contact by question id. Questions without an answer are absent.
pub type Answers = BTreeMap<String, Vec<String>>;

/// The error for answers that do not fit the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswers {
    /// The scheme has no question with this id. The string is the id.
    #[error("there is no question {0}")]
    Question(String),
    /// The question does not permit this answer.
    #[error("{question} takes no answer {answer}")]
    Answer {
        /// The id of the question.
        question: String,
        /// The rejected answer.
        answer: String,
    },
    /// More answers were given than the question permits. The string is the id of the question.
    #[error("{0} takes fewer answers")]
    TooMany(String),
}

/// Returns whether `text` can be the id of a question or an answer. An id consists of 1 to 40 of the characters `a` to `z`, `0` to `9` and
/// `_`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(lawful)
}

impl Scheme {
    /// Returns the built-in scheme.
    ///
    /// # Errors
    /// Fails if the built-in file is invalid. A test checks that it is valid.
    pub fn centre() -> anyhow::Result<Self> {
        Self::read(CENTRE)
    }

    /// Parses a scheme.
    ///
    /// # Errors
    /// Fails if `text` is not a scheme, lacks the question [`KIND`], or contains an invalid or repeated id.
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

    /// Writes the scheme in the format that [`Scheme::read`] parses.
    ///
    /// # Errors
    /// Fails if the serializer fails, which it does for no scheme.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }

    /// Returns the questions that are still asked.
    pub fn asked(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| !question.retired)
    }

    /// Returns the question with this id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Splits the answers by question into two maps. The first map contains each question whose answers are all predefined answers or
    /// numbers, which the statistics can count. The second map contains all other questions. Free text, which may identify a person, is in
    /// this map only.
    #[must_use]
    pub fn chosen_and_words(&self, answers: &Answers) -> (Answers, Answers) {
        let chosen = |question: &str, answer: &String| {
            self.question(question).is_some_and(|asked| {
                let number = asked.number.is_some() && answer.bytes().all(|byte| byte.is_ascii_digit());
                number || asked.answer(answer).is_some()
            })
        };
        answers
            .clone()
            .into_iter()
            .partition(|(question, given)| given.iter().all(|answer| chosen(question, answer)))
    }

    /// Returns the answer to the question [`KIND`]. Returns `None` if the question is unanswered or the scheme does not offer the answer
    /// given.
    #[must_use]
    pub fn kind<'a>(&'a self, answers: &Answers) -> Option<&'a Answer> {
        let id = answers.get(KIND)?.first()?;
        self.question(KIND)?.answer(id)
    }

    /// Returns how urgent the contact is, as the position of its answer to [`URGENCY`] in the scheme. The scheme lists the answers to this
    /// question from the least to the most urgent, so the position of "ordinary" is 0. `None`: the question was not answered.
    #[must_use]
    pub fn urgency(&self, answers: &Answers) -> Option<i16> {
        let given = answers.get(URGENCY).and_then(|given| given.first());
        let all = self.question(URGENCY).map(|question| &question.answers);
        let place = all
            .zip(given)
            .and_then(|(all, given)| all.iter().position(|one| one.id == *given));
        place.and_then(|place| i16::try_from(place).ok())
    }

    /// Returns whether the question is asked for a contact of this kind. `None`: the kind of the contact is not known yet. A contact that
    /// is not counselling is asked only for its kind, and what its kind is named for in `only_if`.
    #[must_use]
    pub fn asks(question: &Question, kind: Option<&Answer>) -> bool {
        if question.retired {
            return false;
        }
        let Some(kind) = kind else {
            return question.only_if.is_empty();
        };
        if !kind.counselling {
            return question.id == KIND || question.only_if.contains(&kind.id);
        }
        let included = question.only_if.is_empty() || question.only_if.contains(&kind.id);
        included && !question.except.contains(&kind.id)
    }

    /// Returns the kinds of contact for which the question is asked, as ids of answers to [`KIND`].
    #[must_use]
    pub fn kinds_asked(&self, question: &Question) -> Vec<&str> {
        let kinds = self.question(KIND).map(|kind| kind.answers.as_slice());
        let kinds = kinds.unwrap_or_default().iter();
        let asked = kinds.filter(|kind| Self::asks(question, Some(kind)));
        asked.map(|kind| kind.id.as_str()).collect()
    }

    /// Validates the answers for one contact and returns them. Drops empty answers, repeated answers, and answers to questions that are not
    /// asked for a contact of this kind or are no longer asked.
    ///
    /// # Errors
    /// Fails if a question does not exist, an answer is not permitted, or a question has more answers than it permits.
    pub fn validate(&self, answers: Answers) -> Result<Answers, InvalidAnswers> {
        let kind = self.kind(&answers).cloned();
        let mut lawful = Answers::new();
        for (id, mut given) in answers {
            let question = self
                .question(&id)
                .ok_or_else(|| InvalidAnswers::Question(id.clone()))?;
            given.iter_mut().for_each(|one| *one = one.trim().to_owned());
            given.retain(|one| !one.is_empty());
            if given.is_empty() || !Self::asks(question, kind.as_ref()) {
                continue;
            }
            if given.len() > question.most {
                return Err(InvalidAnswers::TooMany(id));
            }
            if let Some(answer) = given.iter().find(|one| !question.takes(one)) {
                let answer = answer.clone();
                return Err(InvalidAnswers::Answer { question: id, answer });
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

    /// Returns the answers that replace the answers `before`: `after`, and those answers from before to which the person who classifies could
    /// not change anything. These are answers to retired questions, and, if the kind stays the same, to questions that this kind is no
    /// longer asked. An earlier version of the scheme asked them, and the figures of past periods count them.
    #[must_use]
    pub fn replace_answers(&self, before: &Answers, mut after: Answers) -> Answers {
        let kind = self.kind(&after).cloned();
        let same_kind = self.kind(before).map(|kind| &kind.id) == kind.as_ref().map(|kind| &kind.id);
        for (id, given) in before {
            let is_hidden = self.question(id).is_some_and(|question| {
                question.retired || (same_kind && !Self::asks(question, kind.as_ref()))
            });
            if is_hidden {
                after.entry(id.clone()).or_insert_with(|| given.clone());
            }
        }
        after
    }

    /// Returns the unanswered questions that must be answered before the contact can be closed. If the answer to [`KIND`] is a
    /// non-counselling kind, no further answers are needed.
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

impl Question {
    /// Returns the answers that are still offered.
    pub fn offered(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|answer| !answer.retired)
    }

    /// Returns the predefined answer with this id.
    #[must_use]
    pub fn answer(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }
}

impl Label {
    /// Returns the text in the language and script of `words`.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        words.either(&self.sr, &self.en)
    }
}

impl Answer {
    /// Returns the text in the language and script of `words`.
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
        assert_eq!(missing, ["role", "urgency", "outcome"]);
        record.extend(answers(&[
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
            assert!(scheme.validate(unlawful).is_err(), "{why}");
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
        assert_eq!(scheme.validate(record)?, expected);
        Ok(())
    }

    #[test]
    fn each_kind_is_asked_only_what_it_needs() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        let asked = |kind: &str| -> Vec<&str> {
            let kind = scheme.question(KIND).and_then(|question| question.answer(kind));
            let asked = scheme.questions.iter().filter(|one| Scheme::asks(one, kind));
            asked.map(|question| question.id.as_str()).collect()
        };
        let essentials = ["kind", "role", "topic", "urgency", "outcome"];
        assert_eq!(asked("press"), ["kind", "role", "outcome"]);
        assert_eq!(asked("presentation"), ["kind", "role", "outcome", "region"]);
        assert_eq!(asked("silent"), ["kind"]);
        assert!(
            asked("counselling").starts_with(&essentials),
            "the essentials first"
        );
        assert!(asked("report").ends_with(&["found", "type", "shows"]));
        Ok(())
    }

    #[test]
    fn answers_that_are_no_longer_asked_survive_a_change() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        let before = answers(&[("kind", &["press"]), ("who", &["citizen"]), ("topic", &["other"])]);
        let press = scheme.validate(answers(&[("kind", &["press"]), ("outcome", &["advice"])]))?;
        let kept = scheme.replace_answers(&before, press);
        assert!(kept.contains_key("who") && kept.contains_key("topic") && kept.contains_key("outcome"));
        let silent = scheme.validate(answers(&[("kind", &["silent"])]))?;
        let kept = scheme.replace_answers(&before, silent);
        assert_eq!(
            kept.keys().map(String::as_str).collect::<Vec<_>>(),
            ["kind", "who"]
        );
        Ok(())
    }

    #[test]
    fn a_retired_question_is_ignored_and_a_retired_answer_is_kept() -> anyhow::Result<()> {
        let scheme = Scheme::centre()?;
        let old = answers(&[
            ("kind", &["counselling"]),
            ("who", &["self"]),
            ("platform", &["omegle"]),
        ]);
        let kept = answers(&[("kind", &["counselling"]), ("platform", &["omegle"])]);
        assert_eq!(scheme.validate(old)?, kept);
        Ok(())
    }
}
