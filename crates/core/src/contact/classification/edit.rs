//! Edits of a scheme, from which administrators and supervisors build its next version.
//!
//! An edit never removes a question or an answer that was in force; it retires it. The ids ("codes") of questions and answers are made once,
//! from the English words, and never change. So answers that were given with an earlier version keep their names and their figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Label;

mod apply;
mod codes;
#[cfg(test)]
mod properties;

/// One change of a scheme. Questions and answers are identified by their codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SchemeEdit {
    /// Adds a question at the end. It is asked for every kind of counselling contact, and need not be answered.
    AddQuestion {
        /// The words of the question.
        label: Label,
        /// What answers the question.
        format: AnswerFormat,
    },
    /// Changes the words of a question.
    RewordQuestion {
        /// The code of the question.
        question: String,
        /// The new words.
        label: Label,
    },
    /// Decides for which contacts a question is asked.
    AskQuestion {
        /// The code of the question.
        question: String,
        /// Whether a counselling contact can be closed only after the question is answered.
        required: bool,
        /// The kinds of contact for which the question is asked.
        audience: Audience,
    },
    /// Exchanges a question with the one before or after it.
    MoveQuestion {
        /// The code of the question.
        question: String,
        /// Where to.
        direction: Direction,
    },
    /// Asks a question no longer. A question that was never in force is removed.
    RetireQuestion {
        /// The code of the question.
        question: String,
    },
    /// Asks a retired question again.
    RestoreQuestion {
        /// The code of the question.
        question: String,
    },
    /// Adds an answer to choose from, at the end.
    AddAnswer {
        /// The code of the question.
        question: String,
        /// The words of the answer.
        label: Label,
        /// Whether a contact of this kind counts as counselling. Used only for answers to the question `kind`.
        #[serde(default = "super::yes")]
        counselling: bool,
    },
    /// Changes the words of an answer.
    RewordAnswer {
        /// The code of the question.
        question: String,
        /// The code of the answer.
        answer: String,
        /// The new words.
        label: Label,
    },
    /// Exchanges an answer with the one before or after it.
    MoveAnswer {
        /// The code of the question.
        question: String,
        /// The code of the answer.
        answer: String,
        /// Where to.
        direction: Direction,
    },
    /// Offers an answer no longer. An answer that was never in force is removed.
    RetireAnswer {
        /// The code of the question.
        question: String,
        /// The code of the answer.
        answer: String,
    },
    /// Offers a retired answer again.
    RestoreAnswer {
        /// The code of the question.
        question: String,
        /// The code of the answer.
        answer: String,
    },
    /// Chooses the row of the return to Insafe that counts an answer.
    CountAnswer {
        /// The code of the question.
        question: String,
        /// The code of the answer.
        answer: String,
        /// The id of the row; null if no row counts the answer.
        insafe: Option<String>,
    },
}

/// What answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerFormat {
    /// Answers from a list.
    Choice {
        /// The maximum number of answers of one contact. The statistics count only the first one.
        most: usize,
    },
    /// A whole number.
    Number {
        /// The smallest permitted number.
        least: u32,
        /// The largest permitted number.
        most: u32,
    },
    /// Free text, which is encrypted and not counted.
    Text {
        /// The maximum number of characters.
        longest: usize,
    },
}

/// The kinds of contact for which a question is asked, as codes of answers to the question `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All kinds that are counselling, also those that are added later.
    All,
    /// Only these kinds.
    Only(Vec<String>),
    /// All kinds that are counselling except these.
    Except(Vec<String>),
}

/// A direction in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
}

impl SchemeEdit {
    /// Returns the code of the question that the edit changes. `None`: the edit adds a question.
    #[must_use]
    pub fn question(&self) -> Option<&str> {
        match self {
            Self::AddQuestion { .. } => None,
            Self::RewordQuestion { question, .. }
            | Self::AskQuestion { question, .. }
            | Self::MoveQuestion { question, .. }
            | Self::RetireQuestion { question }
            | Self::RestoreQuestion { question }
            | Self::AddAnswer { question, .. }
            | Self::RewordAnswer { question, .. }
            | Self::MoveAnswer { question, .. }
            | Self::RetireAnswer { question, .. }
            | Self::RestoreAnswer { question, .. }
            | Self::CountAnswer { question, .. } => Some(question),
        }
    }
}
