//! The differences between two versions of the classification, in words.

use hotline_core::{
    contact::classification::{Answer, Question, Scheme, versions::SchemeChange},
    text::locale::Words,
};

/// Describes what changes if the scheme `after` replaces the scheme `before`.
pub(super) fn describe_changes(words: &Words, before: &Scheme, after: &Scheme) -> Vec<String> {
    let changes = before.changes_to(after);
    changes
        .iter()
        .map(|change| describe_change(change, words))
        .collect()
}

/// Describes a change.
pub(in crate::admin) fn describe_change(change: &SchemeChange<'_>, words: &Words) -> String {
    let of_question =
        |key: &str, question: &Question| words.with(key, "question", &question.label.localized(words));
    let of_answer = |key: &str, question: &Question, answer: &Answer| {
        let (question, answer) = (question.label.localized(words), answer.localized(words));
        words.with_all(key, &[("question", &question), ("answer", &answer)])
    };
    match change {
        SchemeChange::QuestionAdded(question) => of_question("scheme-question-added", question),
        SchemeChange::QuestionRemoved(question) => of_question("scheme-question-removed", question),
        SchemeChange::QuestionRequired(question) => of_question("scheme-question-required", question),
        SchemeChange::QuestionOptional(question) => of_question("scheme-question-optional", question),
        SchemeChange::QuestionForOthers(question) => of_question("scheme-question-others", question),
        SchemeChange::QuestionReworded(before, after) => {
            let (before, after) = (before.label.localized(words), after.label.localized(words));
            reworded(words, &before, &after)
        }
        SchemeChange::AnswerAdded(question, answer) => of_answer("scheme-answer-added", question, answer),
        SchemeChange::AnswerRemoved(question, answer) => of_answer("scheme-answer-removed", question, answer),
        SchemeChange::AnswerReworded(_, before, after) => {
            reworded(words, &before.localized(words), &after.localized(words))
        }
        SchemeChange::AnswerCounted(question, answer) => of_answer("scheme-answer-counted", question, answer),
        SchemeChange::QuestionsReordered => words.say("scheme-questions-reordered"),
        SchemeChange::AnswersReordered(question) => of_question("scheme-answers-reordered", question),
    }
}

/// The words may be equal if only those of the other language changed.
fn reworded(words: &Words, before: &str, after: &str) -> String {
    if before == after {
        return words.with("scheme-reworded-elsewhere", "words", after);
    }
    words.with_all("scheme-reworded", &[("before", before), ("after", after)])
}
