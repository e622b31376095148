//! A change of the shift plan as a supervisor typed it.

use chrono::Weekday;
use hotline_core::{
    text::locale::Words,
    time::shifts::{Member, ShiftException, ShiftPlan, ShiftSpan, WeeklyShift, Who as Worker},
};
use hotline_store::staff::accounts::StaffMember;
use uuid::Uuid;

use crate::{
    http::page::Choice,
    routing::{
        hours::weekday_name,
        times::{WEEK, parse_spans},
    },
};

/// A change of the plan as a supervisor typed it, with its mistake.
#[derive(Default)]
pub(super) struct ShiftForm {
    pub(super) change: String,
    pub(super) version: i64,
    pub(super) who: String,
    pub(super) weekdays: Vec<u32>,
    pub(super) times: String,
    pub(super) date: String,
    pub(super) note: String,
    /// The person who works the shifts of a freed person.
    pub(super) substitute: String,
    pub(super) id: String,
    pub(super) mistake: String,
}

impl ShiftForm {
    pub(super) fn typed(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            let value = value.trim().to_owned();
            match name.as_str() {
                "change" => form.change = value,
                "version" => form.version = value.parse().unwrap_or_default(),
                "who" => form.who = value,
                "weekday" => form.weekdays.extend(value.parse::<u32>().ok()),
                "times" => form.times = value,
                "date" => form.date = value,
                "note" => form.note = value,
                "substitute" => form.substitute = value,
                "id" => form.id = value,
                _ => {}
            }
        }
        form
    }

    /// Returns a field of the form that was sent, or an empty text for the other forms of the page.
    pub(super) fn value(&self, change: &str, value: &'static str) -> &str {
        if self.change != change {
            return "";
        }
        match value {
            "who" => &self.who,
            "times" => &self.times,
            "date" => &self.date,
            "note" => &self.note,
            "mistake" => &self.mistake,
            _ => "",
        }
    }

    pub(super) fn weekdays(&self, words: &Words) -> Vec<Choice> {
        let choice = |weekday: Weekday| Choice {
            value: weekday.number_from_monday().to_string(),
            label: weekday_name(words, weekday),
            chosen: self.weekdays.contains(&weekday.number_from_monday()),
        };
        WEEK.map(choice).into()
    }

    /// Returns a mistake of a form that has no field to which it belongs.
    pub(super) fn removal_mistake(&self) -> &str {
        if self.change.starts_with("add-") {
            ""
        } else {
            &self.mistake
        }
    }

    /// Changes a plan.
    ///
    /// # Errors
    /// Returns the mistake in the change, in words.
    pub(super) fn apply(
        &self,
        words: &Words,
        staff: &[StaffMember],
        plan: &mut ShiftPlan,
        new_id: impl Fn() -> Uuid,
    ) -> Result<(), String> {
        match self.change.as_str() {
            "add-weekly" => {
                let who = self.worker(words)?;
                let spans = self.spans(words)?;
                let weekdays: Vec<Weekday> = WEEK
                    .into_iter()
                    .filter(|weekday| self.weekdays.contains(&weekday.number_from_monday()))
                    .collect();
                if weekdays.is_empty() || spans.is_empty() {
                    return Err(words.say("shift-incomplete"));
                }
                for weekday in weekdays {
                    plan.weekly.extend(spans.iter().map(|span| WeeklyShift {
                        id: new_id(),
                        who: who.clone(),
                        weekday,
                        from: span.from,
                        to: span.to,
                    }));
                }
            }
            "remove-weekly" => {
                let id = self.id.parse::<Uuid>().unwrap_or_default();
                plan.weekly.retain(|shift| shift.id != id);
                // A swap of a shift that no longer exists would make the plan invalid.
                plan.swaps.retain(|swap| swap.shift != id);
            }
            "add-exception" => {
                let date = self.date.parse();
                let date = date.map_err(|_| words.say("exception-needs-date"))?;
                plan.exceptions.push(ShiftException {
                    date,
                    who: self.worker(words)?,
                    spans: self.spans(words)?,
                    note: self.note.chars().take(300).collect(),
                });
                plan.exceptions.sort_by_key(|one| one.date);
            }
            "free-day" => {
                let date = self.date.parse();
                let date = date.map_err(|_| words.say("exception-needs-date"))?;
                let freed = self.worker(words)?.person();
                let freed = freed.and_then(|id| member(staff, id));
                let freed = freed.ok_or_else(|| words.say("shift-needs-who"))?;
                let substitute = self.substitute.parse().ok().and_then(|id| member(staff, id));
                let note: String = self.note.chars().take(300).collect();
                let name = staff.iter().find(|one| one.id == freed.id);
                let name = name.map(|one| one.name.as_str()).unwrap_or_default();
                let instead = words.with("shift-instead-of", "name", name);
                plan.free_day(
                    date,
                    (freed, &note),
                    substitute.map(|one| (one, instead.as_str())),
                )
                .map_err(|_| words.say("shift-works-anyway"))?;
            }
            "remove-exception" => {
                let who = self.worker(words)?;
                plan.exceptions
                    .retain(|one| one.who != who || one.date.to_string() != self.date);
            }
            _ => return Err(words.say("error-form")),
        }
        Ok(())
    }

    fn worker(&self, words: &Words) -> Result<Worker, String> {
        let worker = match self.who.split_once(':') {
            Some(("person", id)) => id.parse().ok().map(Worker::Person),
            Some(("team", name)) => Some(Worker::Team(name.to_owned())),
            _ => None,
        };
        worker.ok_or_else(|| words.say("shift-needs-who"))
    }

    fn spans(&self, words: &Words) -> Result<Vec<ShiftSpan>, String> {
        let span = |from: &str, to: &str| {
            Some(ShiftSpan {
                from: from.parse().ok()?,
                to: to.parse().ok()?,
            })
        };
        parse_spans(&self.times, span).map_err(|part| words.with("times-unreadable", "text", &part))
    }
}

fn member(staff: &[StaffMember], id: Uuid) -> Option<Member<'_>> {
    let found = staff.iter().find(|one| one.id == id)?;
    Some(Member {
        id,
        team: found.team.as_deref(),
    })
}
