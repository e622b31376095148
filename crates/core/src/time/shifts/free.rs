//! Freeing a person on one date, with or without a substitute.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::time::shifts::{ShiftException, ShiftPlan, ShiftSpan, Who, planned::StaffEntries};

/// A member of staff and their team. The shifts of the team are the person's shifts too.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The id of the person.
    pub id: Uuid,
    /// The person's team.
    pub team: Option<&'a str>,
}

/// The substitute works during all shifts of the freed person anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the substitute works at the same time anyway")]
pub struct WorksAnyway;

impl ShiftPlan {
    /// Frees a person on this date: no shift of the person begins then. A substitute works these shifts in addition to their own.
    ///
    /// Both get an exception for the date, which replaces an earlier one, with a note of their own. A substitute who is the freed person is
    /// ignored.
    ///
    /// # Errors
    /// Fails if the substitute works during all of these shifts anyway, so that nobody would take the place of the freed person. The plan is
    /// not changed then.
    pub fn free_day(
        &mut self,
        date: NaiveDate,
        freed: (Member<'_>, &str),
        substitute: Option<(Member<'_>, &str)>,
    ) -> Result<(), WorksAnyway> {
        let substitute = substitute.filter(|(one, _)| one.id != freed.0.id);
        let taken_over = self.spans_on(date, freed.0);
        let exceptions = match substitute {
            Some((one, note)) => {
                let own = joined(self.spans_on(date, one));
                let spans = joined([own.clone(), taken_over.clone()].concat());
                if !taken_over.is_empty() && spans == own {
                    return Err(WorksAnyway);
                }
                Some((one, spans, note))
            }
            None => None,
        };
        let freed = (freed.0, Vec::new(), freed.1);
        for (who, spans, note) in exceptions.into_iter().chain([freed]) {
            let who = Who::Person(who.id);
            self.exceptions.retain(|one| one.who != who || one.date != date);
            self.exceptions.push(ShiftException {
                date,
                who,
                spans,
                note: note.to_owned(),
            });
        }
        self.exceptions.sort_by_key(|one| one.date);
        Ok(())
    }

    fn spans_on(&self, date: NaiveDate, who: Member<'_>) -> Vec<ShiftSpan> {
        StaffEntries::new(self, &self.assignees(), who.id, who.team).spans_on(date)
    }
}

/// Joins spans of one date that overlap, so that nobody has two shifts at once. Spans of together more than a day are not joined.
fn joined(mut spans: Vec<ShiftSpan>) -> Vec<ShiftSpan> {
    spans.sort_by_key(|span| span.from);
    let mut all: Vec<ShiftSpan> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.from.minutes() < last.end_minutes() => match last.until_end_of(span) {
                Some(longer) => *last = longer,
                None => all.push(span),
            },
            Some(_) | None => all.push(span),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::shifts::WeeklyShift;

    const MILA: Uuid = Uuid::from_u128(1);
    const PETAR: Uuid = Uuid::from_u128(2);

    fn member(id: Uuid) -> Member<'static> {
        Member {
            id,
            team: Some("day"),
        }
    }

    fn spans(text: &str) -> Vec<ShiftSpan> {
        let spans = text.split_whitespace().map(|span| {
            let (from, to) = span.split_once('-').unwrap();
            ShiftSpan {
                from: from.parse().unwrap(),
                to: to.parse().unwrap(),
            }
        });
        spans.collect()
    }

    fn written(plan: &ShiftPlan, date: NaiveDate, id: Uuid) -> String {
        let spans = plan.spans_on(date, member(id)).into_iter();
        spans.map(|span| span.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_substitute_works_the_shifts_of_the_freed_person_too() {
        let date: NaiveDate = "2026-12-01".parse().unwrap();
        for (freed, own, expected) in [
            ("08:00-16:00", "", "08:00-16:00"),
            ("08:00-12:00", "16:00-20:00", "08:00-12:00 16:00-20:00"),
            ("12:00-20:00", "08:00-16:00", "08:00-20:00"),
            ("22:00-06:00", "20:00-24:00", "20:00-06:00"),
            ("00:00-24:00", "20:00-04:00", "00:00-24:00 20:00-04:00"),
        ] {
            let weekly = |who: Uuid, span: ShiftSpan| WeeklyShift {
                id: Uuid::new_v4(),
                who: Who::Person(who),
                weekday: chrono::Weekday::Tue,
                from: span.from,
                to: span.to,
            };
            let freed_spans = spans(freed).into_iter().map(|span| weekly(MILA, span));
            let own_spans = spans(own).into_iter().map(|span| weekly(PETAR, span));
            let mut plan = ShiftPlan {
                weekly: freed_spans.chain(own_spans).collect(),
                ..ShiftPlan::default()
            };
            plan.free_day(date, (member(MILA), "ill"), Some((member(PETAR), "for Mila")))
                .unwrap();
            assert_eq!(written(&plan, date, MILA), "");
            assert_eq!(written(&plan, date, PETAR), expected);
            let week_later = date + chrono::Days::new(7);
            assert_eq!(written(&plan, week_later, MILA), freed, "only this date");
        }
    }

    #[test]
    fn nobody_substitutes_during_shifts_of_their_own() {
        let date: NaiveDate = "2026-12-01".parse().unwrap();
        for (freed, own) in [
            ("08:00-14:00", "08:00-14:00"),
            ("09:00-12:00", "08:00-14:00"),
            ("08:00-12:00 12:00-14:00", "08:00-14:00"),
        ] {
            let exception = |who: Uuid, text: &str| ShiftException {
                date,
                who: Who::Person(who),
                spans: spans(text),
                note: String::new(),
            };
            let mut plan = ShiftPlan {
                exceptions: vec![exception(MILA, freed), exception(PETAR, own)],
                ..ShiftPlan::default()
            };
            let before = plan.clone();
            let freed = plan.free_day(date, (member(MILA), "ill"), Some((member(PETAR), "")));
            assert_eq!(freed, Err(WorksAnyway));
            assert_eq!(plan, before);
        }
    }

    #[test]
    fn a_freed_day_replaces_other_times_of_the_person() {
        let date: NaiveDate = "2026-12-01".parse().unwrap();
        let exception = |who: Uuid, spans: Vec<ShiftSpan>, note: &str| ShiftException {
            date,
            who: Who::Person(who),
            spans,
            note: note.to_owned(),
        };
        let petar = exception(PETAR, spans("10:00-12:00"), "");
        let mut plan = ShiftPlan {
            exceptions: vec![exception(MILA, spans("10:00-12:00"), "обука"), petar.clone()],
            ..ShiftPlan::default()
        };
        plan.free_day(date, (member(MILA), "слава"), Some((member(MILA), "")))
            .unwrap();
        assert_eq!(plan.exceptions, vec![petar, exception(MILA, Vec::new(), "слава")]);
    }
}
