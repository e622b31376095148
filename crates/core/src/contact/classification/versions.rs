//! The built-in versions of the classification, and what would change if another version came into force.

use super::{Answer, Question, Scheme};

/// The built-in versions, the newest first.
const BUILT_IN: [&str; 3] = [
    super::CENTRE,
    include_str!("../../../../../config/schemes/centre-2.toml"),
    include_str!("../../../../../config/schemes/centre-1.toml"),
];

/// A difference between two schemes. Labels are those of the scheme that has the question or the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeChange<'a> {
    /// A question is asked that was not asked before.
    QuestionAdded(&'a Question),
    /// A question is no longer asked.
    QuestionRemoved(&'a Question),
    /// A question must be answered now.
    QuestionRequired(&'a Question),
    /// A question need not be answered any more.
    QuestionOptional(&'a Question),
    /// A question has other words.
    QuestionReworded(&'a Question, &'a Question),
    /// A question is asked for other kinds of contact.
    QuestionForOthers(&'a Question),
    /// An answer is offered that was not offered before.
    AnswerAdded(&'a Question, &'a Answer),
    /// An answer is no longer offered.
    AnswerRemoved(&'a Question, &'a Answer),
    /// An answer has other words.
    AnswerReworded(&'a Question, &'a Answer, &'a Answer),
    /// Another row of a return counts an answer.
    AnswerCounted(&'a Question, &'a Answer),
    /// The questions are asked in another order.
    QuestionsReordered,
    /// The answers of a question are offered in another order.
    AnswersReordered(&'a Question),
}

impl Scheme {
    /// Returns the built-in versions, the newest first.
    ///
    /// # Errors
    /// Fails if a built-in file is invalid. A test checks that they are valid.
    pub fn built_in() -> anyhow::Result<Vec<Self>> {
        BUILT_IN.iter().map(|text| Self::read(text)).collect()
    }

    /// Returns what would change if the scheme `other` came into force in place of this scheme. Questions and answers that are no longer
    /// asked or offered count as absent.
    #[must_use]
    pub fn changes_to<'a>(&'a self, other: &'a Self) -> Vec<SchemeChange<'a>> {
        let mut changes = Vec::new();
        for new in other.asked() {
            match self.asked().find(|old| old.id == new.id) {
                Some(old) => compare(old, new, &mut changes),
                None => changes.push(SchemeChange::QuestionAdded(new)),
            }
        }
        let removed = self
            .asked()
            .filter(|old| !other.asked().any(|new| new.id == old.id));
        changes.extend(removed.map(SchemeChange::QuestionRemoved));
        let ids = |scheme: &'a Self| scheme.asked().map(|question| question.id.as_str());
        if are_reordered(ids(self), ids(other)) {
            changes.push(SchemeChange::QuestionsReordered);
        }
        changes
    }
}

/// Returns whether the ids that both lists contain are in different orders.
fn are_reordered<'a>(before: impl Iterator<Item = &'a str>, after: impl Iterator<Item = &'a str>) -> bool {
    let (old, new): (Vec<_>, Vec<_>) = (before.collect(), after.collect());
    let kept = old.iter().filter(|id| new.contains(id));
    kept.ne(new.iter().filter(|id| old.contains(id)))
}

fn compare<'a>(old: &'a Question, new: &'a Question, changes: &mut Vec<SchemeChange<'a>>) {
    if old.label != new.label {
        changes.push(SchemeChange::QuestionReworded(old, new));
    }
    match (old.required, new.required) {
        (false, true) => changes.push(SchemeChange::QuestionRequired(new)),
        (true, false) => changes.push(SchemeChange::QuestionOptional(new)),
        (true, true) | (false, false) => {}
    }
    if old.only_if != new.only_if || old.except != new.except {
        changes.push(SchemeChange::QuestionForOthers(new));
    }
    for answer in new.offered() {
        match old.offered().find(|one| one.id == answer.id) {
            Some(before) if before.sr == answer.sr && before.en == answer.en => {}
            Some(before) => changes.push(SchemeChange::AnswerReworded(new, before, answer)),
            None => changes.push(SchemeChange::AnswerAdded(new, answer)),
        }
    }
    let removed = old
        .offered()
        .filter(|one| !new.offered().any(|answer| answer.id == one.id));
    changes.extend(removed.map(|answer| SchemeChange::AnswerRemoved(new, answer)));
    for answer in new.offered() {
        if old
            .answer(&answer.id)
            .is_some_and(|before| before.insafe != answer.insafe || before.chi != answer.chi)
        {
            changes.push(SchemeChange::AnswerCounted(new, answer));
        }
    }
    if are_reordered(
        old.offered().map(|one| one.id.as_str()),
        new.offered().map(|one| one.id.as_str()),
    ) {
        changes.push(SchemeChange::AnswersReordered(new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_version_is_valid_and_the_newest_comes_first() {
        let versions = Scheme::built_in().unwrap();
        let numbers: Vec<u32> = versions.iter().map(|one| one.version).collect();
        assert_eq!(numbers, [3, 2, 1]);
        assert_eq!(versions[0], Scheme::centre().unwrap());
        for one in &versions {
            assert!(one.changes_to(one).is_empty());
        }
    }

    #[test]
    fn each_kind_of_change_between_schemes_is_found() {
        let question = |rest: &str| {
            format!(
                "name = \"a\"\nversion = 1\n[[questions]]\nid = \"kind\"\nlabel = {{ sr = \"Врста\", en = \"Kind\" }}\n{rest}"
            )
        };
        let answer = |id: &str, en: &str| format!("{{ id = \"{id}\", sr = \"х\", en = \"{en}\" }}");
        let extra = "[[questions]]\nid = \"age\"\nlabel = { sr = \"Узраст\", en = \"Age\" }\n";
        let old = question(&format!(
            "answers = [{}, {}]\n{extra}",
            answer("yes", "yes"),
            answer("no", "no")
        ));
        let new = question(&format!(
            "required = true\nonly_if = [\"yes\"]\nanswers = [{}, {}]\n",
            answer("yes", "certainly"),
            answer("maybe", "maybe")
        ))
        .replace("\"Kind\"", "\"Sort\"");
        let (old, new) = (Scheme::read(&old).unwrap(), Scheme::read(&new).unwrap());
        let (before, after) = (&old.questions[0], &new.questions[0]);
        assert_eq!(
            old.changes_to(&new),
            [
                SchemeChange::QuestionReworded(before, after),
                SchemeChange::QuestionRequired(after),
                SchemeChange::QuestionForOthers(after),
                SchemeChange::AnswerReworded(after, &before.answers[0], &after.answers[0]),
                SchemeChange::AnswerAdded(after, &after.answers[1]),
                SchemeChange::AnswerRemoved(after, &before.answers[1]),
                SchemeChange::QuestionRemoved(&old.questions[1]),
            ]
        );
        let back = new.changes_to(&old);
        assert!(back.contains(&SchemeChange::QuestionOptional(before)), "{back:?}");
        assert!(
            back.contains(&SchemeChange::QuestionAdded(&old.questions[1])),
            "{back:?}"
        );
        let mut retired = old.clone();
        retired.questions[1].retired = true;
        retired.questions[0].answers[1].retired = true;
        assert_eq!(
            old.changes_to(&retired),
            [
                SchemeChange::AnswerRemoved(&retired.questions[0], &old.questions[0].answers[1]),
                SchemeChange::QuestionRemoved(&old.questions[1]),
            ]
        );
    }
}
