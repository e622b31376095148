//! The forms that change a draft of the wrap-up questions.

use hotline_core::contact::classification::{
    Label,
    edit::{AnswerFormat, Audience, Direction, SchemeEdit},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::http::{errors::PageError, extractors::FromFields};

/// A change of the draft.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditForm {
    /// The revision of the draft that is changed. If somebody changed the draft meanwhile, the request is refused.
    pub(super) revision: i64,
    /// What changes.
    pub(super) edit: SchemeEdit,
    /// What was typed, which the page shows again if the change is refused.
    #[serde(skip)]
    pub(super) typed: EditFields,
}

/// The fields of a form that changes the draft.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EditFields {
    /// The name of the button, such as `add_answer`.
    pub(super) act: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) sr: String,
    pub(super) en: String,
    format: String,
    most: String,
    least: String,
    largest: String,
    longest: String,
    is_required: bool,
    audience: String,
    kinds: Vec<String>,
    is_counselling: bool,
    insafe: String,
}

impl FromFields for EditForm {
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut typed = EditFields::default();
        let mut revision = None;
        for (name, value) in fields {
            match name.as_str() {
                "revision" => revision = value.parse().ok(),
                "do" => typed.act = value,
                "question" => typed.question = value,
                "answer" => typed.answer = value,
                "sr" => typed.sr = value,
                "en" => typed.en = value,
                "format" => typed.format = value,
                "most" => typed.most = value,
                "least" => typed.least = value,
                "largest" => typed.largest = value,
                "longest" => typed.longest = value,
                "required" => typed.is_required = value == "true",
                "audience" => typed.audience = value,
                "kinds" => typed.kinds.push(value),
                "counselling" => typed.is_counselling = value == "true",
                "insafe" => typed.insafe = value,
                _ => return Err(PageError::Bad("error-form")),
            }
        }
        Ok(Self {
            revision: revision.ok_or(PageError::Bad("error-form"))?,
            edit: typed.edit().ok_or(PageError::Bad("error-form"))?,
            typed,
        })
    }
}

impl EditFields {
    fn edit(&self) -> Option<SchemeEdit> {
        let (question, answer) = (self.question.clone(), self.answer.clone());
        let label = Label {
            sr: self.sr.clone(),
            en: self.en.clone(),
        };
        Some(match self.act.as_str() {
            "add_question" => SchemeEdit::AddQuestion {
                label,
                format: self.format()?,
            },
            "reword_question" => SchemeEdit::RewordQuestion { question, label },
            "ask_question" => SchemeEdit::AskQuestion {
                question,
                required: self.is_required,
                audience: match self.audience.as_str() {
                    "all" => Audience::All,
                    "only" => Audience::Only(self.kinds.clone()),
                    "except" => Audience::Except(self.kinds.clone()),
                    _ => return None,
                },
            },
            "question_up" => SchemeEdit::MoveQuestion {
                question,
                direction: Direction::Up,
            },
            "question_down" => SchemeEdit::MoveQuestion {
                question,
                direction: Direction::Down,
            },
            "retire_question" => SchemeEdit::RetireQuestion { question },
            "restore_question" => SchemeEdit::RestoreQuestion { question },
            "add_answer" => SchemeEdit::AddAnswer {
                question,
                label,
                counselling: self.is_counselling,
            },
            "reword_answer" => SchemeEdit::RewordAnswer {
                question,
                answer,
                label,
            },
            "answer_up" => SchemeEdit::MoveAnswer {
                question,
                answer,
                direction: Direction::Up,
            },
            "answer_down" => SchemeEdit::MoveAnswer {
                question,
                answer,
                direction: Direction::Down,
            },
            "retire_answer" => SchemeEdit::RetireAnswer { question, answer },
            "restore_answer" => SchemeEdit::RestoreAnswer { question, answer },
            "count_answer" => SchemeEdit::CountAnswer {
                question,
                answer,
                insafe: (!self.insafe.is_empty()).then(|| self.insafe.clone()),
            },
            _ => return None,
        })
    }

    fn format(&self) -> Option<AnswerFormat> {
        // A field that is not a number gives a limit that no question may have, so that the refusal names the limit.
        let number = |text: &str| text.trim().parse().unwrap_or_default();
        Some(match self.format.as_str() {
            "choice" => AnswerFormat::Choice { most: 1 },
            "several" => AnswerFormat::Choice {
                most: self.most.trim().parse().unwrap_or_default(),
            },
            "number" => AnswerFormat::Number {
                least: number(&self.least),
                most: number(&self.largest),
            },
            "text" => AnswerFormat::Text {
                longest: self.longest.trim().parse().unwrap_or_default(),
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(fields: &[(&str, &str)]) -> Result<SchemeEdit, PageError> {
        let fields = fields.iter().chain(&[("revision", "1")]);
        let fields = fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        EditForm::from_fields(fields.collect()).map(|form| form.edit)
    }

    #[test]
    fn each_button_of_the_forms_is_an_edit() {
        for act in [
            "reword_question",
            "question_up",
            "question_down",
            "retire_question",
            "restore_question",
            "add_answer",
            "reword_answer",
            "answer_up",
            "answer_down",
            "retire_answer",
            "restore_answer",
            "count_answer",
        ] {
            let edit = edit(&[("do", act), ("question", "topic"), ("answer", "other")]).unwrap();
            assert_eq!(edit.question(), Some("topic"), "{act}");
        }
        let kinds = [("kinds", "press"), ("kinds", "report")];
        let only = [
            &[
                ("do", "ask_question"),
                ("question", "topic"),
                ("audience", "only"),
            ][..],
            &kinds,
        ]
        .concat();
        let SchemeEdit::AskQuestion { audience, .. } = edit(&only).unwrap() else {
            panic!("another edit");
        };
        assert_eq!(
            audience,
            Audience::Only(vec!["press".to_owned(), "report".to_owned()])
        );
        assert!(edit(&[("do", "nothing")]).is_err());
        assert!(edit(&[("do", "add_answer"), ("mood", "good")]).is_err());
    }

    #[test]
    fn each_format_of_a_new_question_is_read() {
        let format = |fields: &[(&'static str, &'static str)]| {
            let all = [&[("do", "add_question"), ("sr", "Ш"), ("en", "S")], fields].concat();
            let SchemeEdit::AddQuestion { format, .. } = edit(&all).unwrap() else {
                panic!("another edit");
            };
            format
        };
        assert_eq!(
            format(&[("format", "choice"), ("most", "3")]),
            AnswerFormat::Choice { most: 1 }
        );
        assert_eq!(
            format(&[("format", "several"), ("most", "3")]),
            AnswerFormat::Choice { most: 3 }
        );
        let range = [("format", "number"), ("least", "1"), ("largest", " 9 ")];
        assert_eq!(format(&range), AnswerFormat::Number { least: 1, most: 9 });
        assert_eq!(
            format(&[("format", "text"), ("longest", "x")]),
            AnswerFormat::Text { longest: 0 }
        );
    }
}
