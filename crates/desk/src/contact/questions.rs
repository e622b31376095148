//! The questions of the classification, prepared for a form.

use hotline_core::{
    contact::classification::{Answer, Answers, KIND, Question, Scheme},
    text::locale::Words,
};

/// The questions of the classification scheme, and the answers so far.
pub(crate) struct Questions<'a> {
    pub scheme: &'a Scheme,
    pub words: &'a Words,
    pub answers: Answers,
    /// Whether the browser sets the focus to the first question of the form.
    pub begins: bool,
}

/// The id of the first question.
pub(crate) const FIRST: &str = KIND;

impl Questions<'_> {
    /// Returns the questions that the scheme still asks.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &Question> {
        self.scheme.questions.iter().filter(|question| !question.retired)
    }

    /// Returns the kinds of contact for which the question is asked, separated by spaces. Returns `None` if it is asked for every kind.
    pub(crate) fn limited_to(&self, question: &Question) -> Option<String> {
        let kinds = self.scheme.question(KIND).map_or(0, |kind| kind.answers.len());
        let asked = self.scheme.kinds_asked(question);
        (asked.len() < kinds).then(|| asked.join(" "))
    }

    /// Returns the answers to choose from in the field with index `place`. A retired answer is offered only if it is the answer so far.
    pub(crate) fn choices<'a>(
        &'a self,
        question: &'a Question,
        place: &usize,
    ) -> impl Iterator<Item = &'a Answer> {
        let given = self.answered(question, *place);
        let offered = move |answer: &&Answer| !answer.retired || answer.id == given;
        question.answers.iter().filter(offered)
    }

    pub(crate) fn is_asked(&self, question: &Question) -> bool {
        Scheme::asks(question, self.scheme.kind(&self.answers))
    }

    pub(crate) fn is_missing(&self, question: &Question) -> bool {
        let mut missing = self.scheme.missing(&self.answers).into_iter();
        missing.any(|missing| missing.id == question.id)
    }

    pub(crate) fn lacks_something(&self) -> bool {
        !self.scheme.missing(&self.answers).is_empty()
    }

    pub(crate) fn answered(&self, question: &Question, place: usize) -> &str {
        let given = self.answers.get(&question.id).and_then(|given| given.get(place));
        given.map_or("", String::as_str)
    }

    pub(crate) fn is_answered(&self, question: &Question, place: &usize, answer: &Answer) -> bool {
        self.answered(question, *place) == answer.id
    }

    /// Returns whether the form shows the field for the answer with index `place`. A question that accepts several answers has a field for
    /// each. A field is shown if all earlier fields of the question are filled in.
    pub(crate) fn is_shown(&self, question: &Question, place: &usize) -> bool {
        *place <= self.answers.get(&question.id).map_or(0, Vec::len)
    }

    /// Returns the non-counselling kinds of contact, each with its keyboard shortcut. A contact of such a kind needs no further answers.
    pub(crate) fn quick(&self) -> Vec<(char, &Answer)> {
        let kinds = self
            .scheme
            .question(KIND)
            .map(|question| question.answers.as_slice());
        let quick = kinds.unwrap_or_default().iter().filter(|kind| !kind.counselling);
        ('1'..='9').chain('a'..='z').zip(quick).collect()
    }

    /// Returns the labels of the given answers to a question, joined by commas.
    pub(crate) fn read(&self, question: &Question) -> String {
        let given = self
            .answers
            .get(&question.id)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let said = given.iter().map(|one| {
            let answer = question.answer(one);
            answer.map_or_else(|| one.clone(), |answer| answer.localized(self.words))
        });
        said.collect::<Vec<_>>().join(", ")
    }
}
