//! Applying an edit to a scheme.

use super::{
    AnswerFormat, Audience, Direction, SchemeEdit,
    codes::{code_of, new_code},
};
use crate::contact::classification::{
    Answer, KIND, Label, Question, Range, Scheme,
    check::{MOST_ANSWERS, MOST_QUESTIONS, SchemeFault},
    is_id,
};

/// The maximum number of answers that a contact can have to one question.
const MOST_CHOSEN: usize = 5;
/// The largest number that can answer a question. Statistics count every number separately.
const LARGEST_NUMBER: u32 = 200;
/// The maximum number of characters of an answer in free text.
const LONGEST_TEXT: usize = 500;
/// Begins the code of each question that was added on screen. The codes of questions share a name space with the dimensions of the
/// statistics and with the other fields of forms, none of which begins so.
const QUESTION_PREFIX: &str = "q_";

impl Scheme {
    /// Returns the draft that follows from this draft by an edit. `in_force` is the scheme that the draft is to replace.
    ///
    /// # Errors
    /// Returns the rule that the edit breaks. Faults that may wait ([`SchemeFault::may_wait`]) do not refuse an edit.
    pub fn edited(&self, edit: &SchemeEdit, in_force: &Self) -> Result<Self, SchemeFault> {
        let mut draft = self.clone();
        draft.apply(edit, in_force)?;
        let before = self.mistakes_after(in_force);
        let made = draft.mistakes_after(in_force);
        let mut new = made.difference(&before).map(|mistake| mistake.fault);
        match new.find(|fault| !fault.may_wait()) {
            Some(fault) => Err(fault),
            None => Ok(draft),
        }
    }

    fn apply(&mut self, edit: &SchemeEdit, in_force: &Self) -> Result<(), SchemeFault> {
        match edit {
            SchemeEdit::AddQuestion { label, format } => self.add_question(label, *format),
            SchemeEdit::RewordQuestion { question, label } => {
                self.find(question)?.label = label.trimmed();
                Ok(())
            }
            SchemeEdit::AskQuestion {
                question,
                required,
                audience,
            } => {
                let question = self.find(question)?;
                question.required = *required;
                (question.only_if, question.except) = audience.lists()?;
                Ok(())
            }
            SchemeEdit::MoveQuestion { question, direction } => {
                let shown: Vec<usize> = places(&self.questions, |one| !one.retired);
                let place = self.questions.iter().position(|one| one.id == *question);
                let (one, other) = neighbours(&shown, place.ok_or(SchemeFault::NoSuchQuestion)?, *direction)?;
                self.questions.swap(one, other);
                Ok(())
            }
            SchemeEdit::RetireQuestion { question } => {
                self.find(question)?.retired = true;
                self.questions
                    .retain(|one| one.id != *question || in_force.question(question).is_some());
                Ok(())
            }
            SchemeEdit::RestoreQuestion { question } => {
                self.find(question)?.retired = false;
                Ok(())
            }
            SchemeEdit::AddAnswer {
                question,
                label,
                counselling,
            } => {
                let question = self.find(question)?;
                question.add_answer(&label.trimmed(), question.id != KIND || *counselling)
            }
            SchemeEdit::RewordAnswer {
                question,
                answer,
                label,
            } => {
                let answer = self.find(question)?.find(answer)?;
                let Label { sr, en } = label.trimmed();
                (answer.sr, answer.en) = (sr, en);
                Ok(())
            }
            SchemeEdit::MoveAnswer {
                question,
                answer,
                direction,
            } => {
                let answers = &mut self.find(question)?.answers;
                let shown: Vec<usize> = places(answers, |one| !one.retired);
                let place = answers.iter().position(|one| one.id == *answer);
                let (one, other) = neighbours(&shown, place.ok_or(SchemeFault::NoSuchAnswer)?, *direction)?;
                answers.swap(one, other);
                Ok(())
            }
            SchemeEdit::RetireAnswer { question, answer } => self.retire_answer(question, answer, in_force),
            SchemeEdit::RestoreAnswer { question, answer } => {
                self.find(question)?.find(answer)?.retired = false;
                Ok(())
            }
            SchemeEdit::CountAnswer {
                question,
                answer,
                insafe,
            } => {
                if insafe.as_ref().is_some_and(|row| !is_id(row)) {
                    return Err(SchemeFault::NoSuchAnswer);
                }
                self.find(question)?.find(answer)?.insafe.clone_from(insafe);
                Ok(())
            }
        }
    }

    fn find(&mut self, id: &str) -> Result<&mut Question, SchemeFault> {
        let found = self.questions.iter_mut().find(|question| question.id == id);
        found.ok_or(SchemeFault::NoSuchQuestion)
    }

    fn add_question(&mut self, label: &Label, format: AnswerFormat) -> Result<(), SchemeFault> {
        if self.questions.len() >= MOST_QUESTIONS {
            return Err(SchemeFault::Full);
        }
        let label = label.trimmed();
        let (most, number, text) = format.fields()?;
        let code = new_code(&format!("{QUESTION_PREFIX}{}", code_of(&label.en)), |code| {
            self.question(code).is_some()
        });
        self.questions.push(Question {
            id: code,
            label,
            required: false,
            most,
            only_if: Vec::new(),
            except: Vec::new(),
            retired: false,
            answers: Vec::new(),
            number,
            text,
        });
        Ok(())
    }

    fn retire_answer(&mut self, question: &str, answer: &str, in_force: &Self) -> Result<(), SchemeFault> {
        let was_in_force = in_force
            .question(question)
            .is_some_and(|question| question.answer(answer).is_some());
        let changed = self.find(question)?;
        changed.find(answer)?.retired = true;
        if was_in_force {
            return Ok(());
        }
        changed.answers.retain(|one| one.id != answer);
        if question == KIND {
            // No question may name a kind that does not exist.
            for question in &mut self.questions {
                let was_limited = !question.only_if.is_empty();
                question.only_if.retain(|kind| kind != answer);
                question.except.retain(|kind| kind != answer);
                if was_limited && question.only_if.is_empty() {
                    return Err(SchemeFault::AskedOfNobody);
                }
            }
        }
        Ok(())
    }
}

impl Question {
    fn find(&mut self, id: &str) -> Result<&mut Answer, SchemeFault> {
        let found = self.answers.iter_mut().find(|answer| answer.id == id);
        found.ok_or(SchemeFault::NoSuchAnswer)
    }

    fn add_answer(&mut self, label: &Label, counselling: bool) -> Result<(), SchemeFault> {
        if !self.is_chosen() {
            return Err(SchemeFault::NotChosen);
        }
        if self.answers.len() >= MOST_ANSWERS {
            return Err(SchemeFault::Full);
        }
        let code = match code_of(&label.en) {
            code if code.is_empty() => "answer".to_owned(),
            code => code,
        };
        self.answers.push(Answer {
            id: new_code(&code, |code| self.answer(code).is_some()),
            sr: label.sr.clone(),
            en: label.en.clone(),
            counselling,
            marking: None,
            retired: false,
            insafe: None,
            chi: None,
        });
        Ok(())
    }

    /// Returns the kinds of contact for which the question is asked.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if !self.only_if.is_empty() {
            let kinds = self.only_if.iter().filter(|kind| !self.except.contains(kind));
            return Audience::Only(kinds.cloned().collect());
        }
        match self.except.as_slice() {
            [] => Audience::All,
            except => Audience::Except(except.to_vec()),
        }
    }

    /// Returns what answers the question.
    #[must_use]
    pub fn format(&self) -> AnswerFormat {
        match (self.number, self.text) {
            (Some(Range { least, most }), _) => AnswerFormat::Number { least, most },
            (None, Some(longest)) => AnswerFormat::Text { longest },
            (None, None) => AnswerFormat::Choice { most: self.most },
        }
    }
}

impl AnswerFormat {
    /// Returns the fields `most`, `number` and `text` of a question with this format.
    fn fields(self) -> Result<(usize, Option<Range>, Option<usize>), SchemeFault> {
        match self {
            Self::Choice { most } if (1..=MOST_CHOSEN).contains(&most) => Ok((most, None, None)),
            Self::Number { least, most } if least < most && most <= LARGEST_NUMBER => {
                Ok((1, Some(Range { least, most }), None))
            }
            Self::Text { longest } if (1..=LONGEST_TEXT).contains(&longest) => Ok((1, None, Some(longest))),
            Self::Choice { .. } | Self::Number { .. } | Self::Text { .. } => Err(SchemeFault::InvalidLimit),
        }
    }
}

impl Audience {
    /// Returns the lists `only_if` and `except` of a question.
    fn lists(&self) -> Result<(Vec<String>, Vec<String>), SchemeFault> {
        match self {
            Self::All => Ok((Vec::new(), Vec::new())),
            Self::Only(kinds) | Self::Except(kinds) if kinds.is_empty() => Err(SchemeFault::NoSuchKind),
            Self::Only(kinds) => Ok((without_repeats(kinds), Vec::new())),
            Self::Except(kinds) => Ok((Vec::new(), without_repeats(kinds))),
        }
    }
}

impl Label {
    fn trimmed(&self) -> Self {
        Self {
            sr: self.sr.trim().to_owned(),
            en: self.en.trim().to_owned(),
        }
    }
}

fn without_repeats(kinds: &[String]) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for kind in kinds {
        if !once.contains(kind) {
            once.push(kind.clone());
        }
    }
    once
}

fn places<T>(all: &[T], is_shown: impl Fn(&T) -> bool) -> Vec<usize> {
    let shown = all.iter().enumerate().filter(|(_, one)| is_shown(one));
    shown.map(|(place, _)| place).collect()
}

/// Returns `place` and its neighbour in the list of shown places.
fn neighbours(shown: &[usize], place: usize, direction: Direction) -> Result<(usize, usize), SchemeFault> {
    let position = shown.iter().position(|shown| *shown == place);
    let neighbour = position.and_then(|position| match direction {
        Direction::Up => position.checked_sub(1),
        Direction::Down => position.checked_add(1),
    });
    let neighbour = neighbour.and_then(|neighbour| shown.get(neighbour));
    Ok((place, *neighbour.ok_or(SchemeFault::AtTheEnd)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(en: &str) -> Label {
        Label {
            sr: format!("Ш {en}"),
            en: en.to_owned(),
        }
    }

    fn add_answer(question: &str, en: &str) -> SchemeEdit {
        SchemeEdit::AddAnswer {
            question: question.to_owned(),
            label: label(en),
            counselling: true,
        }
    }

    fn retire_answer(question: &str, answer: &str) -> SchemeEdit {
        SchemeEdit::RetireAnswer {
            question: question.to_owned(),
            answer: answer.to_owned(),
        }
    }

    /// Applies edits to the built-in scheme, and returns the draft or the first refusal.
    fn edited(edits: &[SchemeEdit]) -> Result<Scheme, SchemeFault> {
        let in_force = Scheme::centre().unwrap();
        edits
            .iter()
            .try_fold(in_force.clone(), |draft, edit| draft.edited(edit, &in_force))
    }

    #[test]
    fn a_code_is_made_from_the_english_words_and_numbered_if_taken() {
        let add = |en: &str| SchemeEdit::AddQuestion {
            label: label(en),
            format: AnswerFormat::Choice { most: 1 },
        };
        let long = "a very long question about everything that happened there";
        let draft = edited(&[add("Café & school!"), add("Café, school"), add(long), add("Где?")]).unwrap();
        let codes: Vec<_> = draft.questions.iter().map(|one| one.id.as_str()).collect();
        let new = [
            "q_cafe_school",
            "q_cafe_school_2",
            "q_a_very_long_question_about_everyth",
            "q",
        ];
        assert!(codes.ends_with(&new), "{codes:?}");
        let draft = edited(&[
            add_answer("platform", "Omegle again"),
            add_answer("platform", "Tik Tok"),
            retire_answer("platform", "tik_tok"),
            add_answer("platform", "Tik-Tok"),
        ])
        .unwrap();
        let platform = draft.question("platform").unwrap();
        assert!(platform.answer("tik_tok").is_some_and(|one| one.en == "Tik-Tok"));
        let again = edited(&[retire_answer("platform", "kick"), add_answer("platform", "Kick")]).unwrap();
        let platform = again.question("platform").unwrap();
        assert!(platform.answer("kick").unwrap().retired && platform.answer("kick_2").is_some());
    }

    #[test]
    fn what_the_count_depends_on_is_reworded_but_not_retired() {
        let retire = |question: &str| SchemeEdit::RetireQuestion {
            question: question.to_owned(),
        };
        let up = |question: &str, answer: &str| SchemeEdit::MoveAnswer {
            question: question.to_owned(),
            answer: answer.to_owned(),
            direction: Direction::Up,
        };
        let ask_kind = SchemeEdit::AskQuestion {
            question: KIND.to_owned(),
            required: false,
            audience: Audience::All,
        };
        let move_up = |question: &str| SchemeEdit::MoveQuestion {
            question: question.to_owned(),
            direction: Direction::Up,
        };
        let refused = [
            (retire("kind"), SchemeFault::KindIsEssential),
            (ask_kind, SchemeFault::KindIsEssential),
            (move_up("role"), SchemeFault::KindIsEssential),
            (move_up("kind"), SchemeFault::AtTheEnd),
            (retire("topic"), SchemeFault::TopicIsEssential),
            (retire("urgency"), SchemeFault::UrgencyIsEssential),
            (add_answer("urgency", "worse"), SchemeFault::UrgencyIsFixed),
            (up("urgency", "urgent"), SchemeFault::UrgencyIsFixed),
            (retire_answer("urgency", "ordinary"), SchemeFault::UrgencyIsFixed),
            (add_answer("age", "old"), SchemeFault::NotChosen),
            (add_answer("gender", "girl"), SchemeFault::SameWords),
            (add_answer("gender", ""), SchemeFault::NoEnglish),
            (add_answer("nothing", "a"), SchemeFault::NoSuchQuestion),
        ];
        for (edit, fault) in refused {
            assert_eq!(
                edited(std::slice::from_ref(&edit)).unwrap_err(),
                fault,
                "{edit:?}"
            );
        }
        for question in ["kind", "topic", "urgency"] {
            let reword = SchemeEdit::RewordQuestion {
                question: question.to_owned(),
                label: label("Other words"),
            };
            assert!(edited(&[reword]).is_ok(), "{question}");
        }
    }

    #[test]
    fn the_last_kind_that_is_counselling_cannot_be_retired() {
        let kinds = Scheme::centre().unwrap();
        let counselling = kinds.question(KIND).unwrap().answers.iter();
        let retired: Vec<_> = counselling
            .filter(|kind| kind.counselling)
            .map(|kind| retire_answer(KIND, &kind.id))
            .collect();
        assert_eq!(edited(&retired).unwrap_err(), SchemeFault::LastCounselling);
    }

    #[test]
    fn a_draft_waits_for_answers_of_a_new_question() {
        let in_force = Scheme::centre().unwrap();
        let add = SchemeEdit::AddQuestion {
            label: label("School type"),
            format: AnswerFormat::Choice { most: 2 },
        };
        let draft = edited(std::slice::from_ref(&add)).unwrap();
        let mistakes: Vec<_> = draft.mistakes_after(&in_force).into_iter().collect();
        assert_eq!(
            mistakes,
            [crate::contact::classification::check::SchemeMistake {
                question: "q_school_type".to_owned(),
                fault: SchemeFault::NoAnswers,
            }]
        );
        let draft = edited(&[add, add_answer("q_school_type", "primary")]).unwrap();
        assert!(draft.mistakes_after(&in_force).is_empty());
    }

    #[test]
    fn a_mistake_of_the_file_does_not_prevent_a_new_version() {
        let mut in_force = Scheme::centre().unwrap();
        in_force.questions[0].required = false;
        assert!(!in_force.mistakes().is_empty());
        let draft = in_force.edited(&add_answer("gender", "not said"), &in_force);
        assert!(draft.unwrap().mistakes_after(&in_force).is_empty());
    }

    #[test]
    fn the_audience_of_a_question_is_kept_as_chosen() {
        let scheme = Scheme::centre().unwrap();
        for question in &scheme.questions {
            let (only_if, except) = question.audience().lists().unwrap();
            assert_eq!((&only_if, &except), (&question.only_if, &question.except));
        }
        let ask = |audience| SchemeEdit::AskQuestion {
            question: "region".to_owned(),
            required: true,
            audience,
        };
        let draft = edited(&[ask(Audience::Only(vec!["press".to_owned(), "press".to_owned()]))]).unwrap();
        assert_eq!(draft.question("region").unwrap().only_if, ["press"]);
        let unknown = edited(&[ask(Audience::Except(vec!["nothing".to_owned()]))]);
        assert_eq!(unknown.unwrap_err(), SchemeFault::NoSuchKind);
        assert_eq!(
            edited(&[ask(Audience::Only(Vec::new()))]).unwrap_err(),
            SchemeFault::NoSuchKind
        );
    }

    #[test]
    fn the_newest_built_in_version_lost_no_code() {
        let versions = Scheme::built_in().unwrap();
        for one in &versions {
            assert!(
                one.mistakes().is_empty() || one.version < 3,
                "{:?}",
                one.mistakes()
            );
            let lost = versions[0].mistakes_after(one);
            let lost = lost
                .iter()
                .filter(|mistake| mistake.fault == SchemeFault::CodeLost);
            assert_eq!(lost.count(), 0, "{}", one.version);
        }
    }
}
