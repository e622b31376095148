//! What a new version of the classification means for the returns.

use crate::{
    contact::classification::{Answer, KIND, Question, Scheme},
    statistics::{
        figures::COUNSELLING,
        returns::{Return, Row, Table},
    },
};

/// An effect of a new version of the classification on a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnEffect<'a> {
    /// The question of the table is no longer asked, so new contacts fill no row of it.
    TableUnfilled {
        /// The return.
        mapping: &'a Return,
        /// The table.
        table: &'a Table,
    },
    /// No answer that is offered fills the row any more.
    RowUnfilled {
        /// The return.
        mapping: &'a Return,
        /// The table.
        table: &'a Table,
        /// The row.
        row: &'a Row,
    },
    /// The return has no row for an answer that is offered, so it will be incomplete if a contact has this answer.
    AnswerWithoutRow {
        /// The return.
        mapping: &'a Return,
        /// The table.
        table: &'a Table,
        /// The question.
        question: &'a Question,
        /// The answer.
        answer: &'a Answer,
    },
}

impl Return {
    /// Returns what changes for this return if `after` replaces `before`. Figures of past contacts do not change, because their answers
    /// stay in the scheme.
    #[must_use]
    pub fn effects_of<'a>(&'a self, before: &'a Scheme, after: &'a Scheme) -> Vec<ReturnEffect<'a>> {
        let effects = self.tables.iter().filter(|table| !table.each);
        effects
            .flat_map(|table| self.effects_on(table, before, after))
            .collect()
    }

    fn effects_on<'a>(
        &'a self,
        table: &'a Table,
        before: &'a Scheme,
        after: &'a Scheme,
    ) -> Vec<ReturnEffect<'a>> {
        let is_asked = |question: &&Question| !question.retired;
        let old = before.question(&table.by).filter(is_asked);
        let Some(question) = after.question(&table.by).filter(is_asked) else {
            let unfilled = ReturnEffect::TableUnfilled { mapping: self, table };
            return old.map(|_| unfilled).into_iter().collect();
        };
        if table.bands {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for row in &table.rows {
            let is_filled = |scheme: &Scheme| {
                let values = self.values_of(table, scheme, &row.id);
                let question = scheme.question(&table.by).filter(is_asked);
                question.is_some_and(|question| {
                    let mut offered = question.offered();
                    offered.any(|answer| values.contains(&answer.id.as_str()))
                })
            };
            if is_filled(before) && !is_filled(after) {
                effects.push(ReturnEffect::RowUnfilled {
                    mapping: self,
                    table,
                    row,
                });
            }
        }
        for answer in question.offered().filter(|answer| table.counts(question, answer)) {
            let lacks_row = |scheme: &Scheme| {
                self.row_of(table, scheme, &answer.id).is_none() && !table.without_row.contains(&answer.id)
            };
            let was_offered = old.is_some_and(|old| old.offered().any(|old| old.id == answer.id));
            if lacks_row(after) && !(was_offered && lacks_row(before)) {
                effects.push(ReturnEffect::AnswerWithoutRow {
                    mapping: self,
                    table,
                    question,
                    answer,
                });
            }
        }
        effects
    }
}

impl Table {
    /// Returns whether a contact with this answer can meet the condition of the table.
    fn counts(&self, question: &Question, answer: &Answer) -> bool {
        match &self.only {
            Some(only) if only.by == COUNSELLING && question.id == KIND => {
                (only.value == "yes") == answer.counselling
            }
            Some(only) if only.by == question.id => only.value == answer.id,
            Some(_) | None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};
    use chrono_tz::Europe::Belgrade;

    use super::*;
    use crate::{
        contact::classification::{
            Answers, Label,
            edit::{SchemeEdit, SchemeEdit::*},
        },
        statistics::{
            figures::{Facts, Registered},
            returns::Counted,
            waits::Read,
        },
    };

    fn edited(edits: &[SchemeEdit]) -> (Scheme, Scheme) {
        let before = Scheme::centre().unwrap();
        let after = edits
            .iter()
            .fold(before.clone(), |draft, edit| draft.edited(edit, &before).unwrap());
        (before, after)
    }

    fn newest(name: &str) -> Return {
        Return::in_force(&Return::all().unwrap(), name, "2026-11-29".parse().unwrap())
            .unwrap()
            .clone()
    }

    fn retire(question: &str, answer: &str) -> SchemeEdit {
        RetireAnswer {
            question: question.to_owned(),
            answer: answer.to_owned(),
        }
    }

    fn described(mapping: &Return, before: &Scheme, after: &Scheme) -> Vec<String> {
        let effect = |effect| match effect {
            ReturnEffect::TableUnfilled { table, .. } => format!("table {}", table.id),
            ReturnEffect::RowUnfilled { row, .. } => format!("row {}", row.id),
            ReturnEffect::AnswerWithoutRow { answer, .. } => format!("answer {}", answer.id),
        };
        mapping
            .effects_of(before, after)
            .into_iter()
            .map(effect)
            .collect()
    }

    #[test]
    fn a_row_is_unfilled_when_its_last_answer_is_retired() {
        let insafe = newest("insafe");
        let (before, after) = edited(&[retire("topic", "suicide")]);
        assert_eq!(
            described(&insafe, &before, &after),
            [""; 0],
            "self-harm still fills it"
        );
        let (before, after) = edited(&[retire("topic", "suicide"), retire("topic", "self_harm")]);
        assert_eq!(described(&insafe, &before, &after), ["row self_harm"]);
    }

    #[test]
    fn a_table_is_unfilled_when_its_question_is_retired() {
        let question = "gender".to_owned();
        let (before, after) = edited(&[RetireQuestion { question }]);
        assert_eq!(described(&newest("insafe"), &before, &after), ["table gender"]);
    }

    #[test]
    fn a_new_topic_needs_a_row_of_the_return() {
        let add = AddAnswer {
            question: "topic".to_owned(),
            label: Label {
                sr: "Дипфејк".to_owned(),
                en: "Deepfake".to_owned(),
            },
            counselling: true,
        };
        let (before, after) = edited(std::slice::from_ref(&add));
        assert_eq!(described(&newest("insafe"), &before, &after), ["answer deepfake"]);
        assert_eq!(described(&newest("chi"), &before, &after), ["answer deepfake"]);
        let count = CountAnswer {
            question: "topic".to_owned(),
            answer: "deepfake".to_owned(),
            insafe: Some("sexting".to_owned()),
        };
        let (before, after) = edited(&[add, count]);
        assert_eq!(described(&newest("insafe"), &before, &after), [""; 0]);
    }

    #[test]
    fn a_new_kind_that_is_counselling_needs_no_row_among_the_others() {
        let add = |counselling| AddAnswer {
            question: KIND.to_owned(),
            label: Label {
                sr: "вебинар".to_owned(),
                en: "webinar".to_owned(),
            },
            counselling,
        };
        let (before, after) = edited(&[add(true)]);
        assert_eq!(described(&newest("chi"), &before, &after), [""; 0]);
        let (before, after) = edited(&[add(false)]);
        assert_eq!(described(&newest("chi"), &before, &after), ["answer webinar"]);
    }

    #[test]
    fn a_retired_answer_changes_no_figure_of_past_contacts() {
        let question = "who".to_owned();
        let (before, after) = edited(&[
            retire("topic", "gaming"),
            retire("kind", "press"),
            retire("platform", "x"),
            RestoreQuestion { question },
        ]);
        let contact = Registered {
            channel: "any",
            language: None,
            at: Utc.with_ymd_and_hms(2026, 11, 29, 9, 0, 0).unwrap(),
            first_reply: None,
            read: Read::NotYet,
            closed: true,
        };
        for (question, answer) in [
            ("topic", "gaming"),
            ("kind", "press"),
            ("platform", "x"),
            ("who", "self"),
        ] {
            let mut chosen = Answers::from([(question.to_owned(), vec![answer.to_owned()])]);
            chosen
                .entry(KIND.to_owned())
                .or_insert_with(|| vec!["counselling".to_owned()]);
            let facts = |scheme| Facts::of_contact(&contact, Belgrade, scheme, &chosen);
            assert_eq!(facts(&before), facts(&after));
        }
        let counted = Counted {
            values: vec![("gaming".to_owned(), 7)],
            not_asked: 0,
            total: 7,
        };
        for mapping in Return::all().unwrap() {
            for table in mapping.tables.iter().filter(|table| table.by == "topic") {
                let filled = |scheme| mapping.fill(table, scheme, &counted);
                assert_eq!(filled(&before), filled(&after));
            }
        }
    }
}
