//! Property tests: random sequences of edits.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::contact::classification::{Answers, KIND, Question, Scheme, check::SchemeFault};

/// Where an edit applies. The numbers choose among what the draft has.
#[derive(Debug, Clone)]
struct Drawn {
    act: u8,
    question: usize,
    answer: usize,
    words: String,
    flag: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let words = prop_oneof!["[a-cШ ]{0,3}", "Kind|Topic|another|counselling", ".{0,50}"];
    (0..14_u8, any::<usize>(), any::<usize>(), words, any::<bool>()).prop_map(
        |(act, question, answer, words, flag)| Drawn {
            act,
            question,
            answer,
            words,
            flag,
        },
    )
}

impl Drawn {
    fn edit(&self, draft: &Scheme) -> SchemeEdit {
        let at = draft
            .questions
            .get(self.question % draft.questions.len())
            .unwrap();
        let answers = &at.answers;
        let answer = self.answer.checked_rem(answers.len());
        let answer = answer.map_or_else(|| "nothing".to_owned(), |place| answers[place].id.clone());
        let question = at.id.clone();
        let label = Label {
            sr: format!("Ш{}", self.words),
            en: self.words.clone(),
        };
        let direction = if self.flag { Direction::Up } else { Direction::Down };
        let kinds = draft.question(KIND).unwrap().answers.iter();
        let kinds: Vec<String> = kinds.map(|kind| kind.id.clone()).take(self.answer % 4).collect();
        match self.act {
            0 => SchemeEdit::AddQuestion {
                label,
                format: AnswerFormat::Choice {
                    most: self.answer % 7,
                },
            },
            1 => SchemeEdit::AddQuestion {
                label,
                format: AnswerFormat::Number { least: 1, most: 5 },
            },
            2 => SchemeEdit::RewordQuestion { question, label },
            3 => SchemeEdit::AskQuestion {
                question,
                required: self.flag,
                audience: match self.answer % 3 {
                    0 => Audience::All,
                    1 => Audience::Only(kinds),
                    _ => Audience::Except(kinds),
                },
            },
            4 => SchemeEdit::MoveQuestion { question, direction },
            5 => SchemeEdit::RetireQuestion { question },
            6 => SchemeEdit::RestoreQuestion { question },
            7 | 8 => SchemeEdit::AddAnswer {
                question,
                label,
                counselling: self.flag,
            },
            9 => SchemeEdit::RewordAnswer {
                question,
                answer,
                label,
            },
            10 => SchemeEdit::MoveAnswer {
                question,
                answer,
                direction,
            },
            11 => SchemeEdit::RetireAnswer { question, answer },
            12 => SchemeEdit::RestoreAnswer { question, answer },
            _ => SchemeEdit::CountAnswer {
                question,
                answer,
                insafe: self.flag.then(|| "other".to_owned()),
            },
        }
    }
}

/// Applies edits. After each accepted edit, puts the draft into force if it has no mistake and `puts` chooses this edit. Calls `check`
/// with the draft before the edit, the edit, the result, and the scheme in force.
fn run(
    edits: &[Drawn],
    mut check: impl FnMut(&Scheme, &SchemeEdit, &Result<Scheme, SchemeFault>, &Scheme),
) -> (Scheme, Scheme) {
    let first = Scheme::centre().unwrap();
    let (mut in_force, mut draft) = (first.clone(), first.clone());
    for drawn in edits {
        let edit = drawn.edit(&draft);
        let result = draft.edited(&edit, &in_force);
        check(&draft, &edit, &result, &in_force);
        if let Ok(edited) = result {
            draft = edited;
            if drawn.flag && draft.mistakes_after(&in_force).is_empty() {
                in_force = draft.clone();
            }
        }
    }
    (first, in_force)
}

fn codes(scheme: &Scheme) -> BTreeSet<(String, Option<String>)> {
    let of_question = |question: &Question| {
        let answers = question.answers.iter().map(|answer| Some(answer.id.clone()));
        let all: Vec<_> = answers
            .chain([None])
            .map(|answer| (question.id.clone(), answer))
            .collect();
        all
    };
    scheme.questions.iter().flat_map(of_question).collect()
}

/// Answers of contacts: each question with each of its answers.
fn contacts(scheme: &Scheme) -> Vec<Answers> {
    let mut all = Vec::new();
    for kind in &scheme.question(KIND).unwrap().answers {
        for question in &scheme.questions {
            let numbered = vec!["7".to_owned()];
            let listed: Vec<String> = question.answers.iter().map(|one| one.id.clone()).collect();
            for given in if question.is_chosen() { listed } else { numbered } {
                let mut answers = Answers::from([(question.id.clone(), vec![given])]);
                answers
                    .entry(KIND.to_owned())
                    .or_insert_with(|| vec![kind.id.clone()]);
                all.push(answers);
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_edit_gives_a_valid_scheme_or_a_worded_refusal(edits in prop::collection::vec(drawn(), 1..40)) {
        run(&edits, |_, edit, result, in_force| match result {
            Ok(draft) => {
                let waiting = draft.mistakes_after(in_force);
                assert!(waiting.iter().all(|mistake| mistake.fault.may_wait()), "{edit:?}: {waiting:?}");
                let text = draft.to_toml().unwrap();
                assert_eq!(&Scheme::read(&text).unwrap(), draft, "{text}");
            }
            Err(fault) => assert!(fault.to_string().len() > 10),
        });
    }

    #[test]
    fn codes_are_never_changed_or_reused(edits in prop::collection::vec(drawn(), 1..60)) {
        let mut ever = codes(&Scheme::centre().unwrap());
        run(&edits, |before, edit, result, in_force| {
            ever.extend(codes(in_force));
            let Ok(draft) = result else { return };
            let (before, after) = (codes(before), codes(draft));
            assert!(ever.is_subset(&after), "{edit:?}");
            let new = after.difference(&before).count();
            let adds = matches!(edit, SchemeEdit::AddQuestion { .. } | SchemeEdit::AddAnswer { .. });
            assert_eq!(new, usize::from(adds), "{edit:?}");
        });
    }

    #[test]
    fn a_contact_answered_before_reads_the_same_later(edits in prop::collection::vec(drawn(), 1..40)) {
        let kept: Vec<Drawn> = edits.into_iter().filter(|one| one.act != 2 && one.act != 9).collect();
        let (first, later) = run(&kept, |_, _, _, _| {});
        for answers in contacts(&first) {
            assert_eq!(first.chosen_and_words(&answers), later.chosen_and_words(&answers));
            assert_eq!(first.urgency(&answers), later.urgency(&answers));
            let kind = |scheme: &Scheme| {
                scheme.kind(&answers).map(|kind| (kind.id.clone(), kind.counselling, kind.marking))
            };
            assert_eq!(kind(&first), kind(&later));
            for (id, given) in &answers {
                let (old, new) = (first.question(id).unwrap(), later.question(id).unwrap());
                assert_eq!(old.label, new.label);
                for one in given.iter().filter(|_| old.is_chosen()) {
                    let (old, new) = (old.answer(one).unwrap(), new.answer(one).unwrap());
                    assert_eq!((&old.sr, &old.en), (&new.sr, &new.en));
                }
            }
        }
    }
}
