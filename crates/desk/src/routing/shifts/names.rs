//! The names of persons and teams in the shift plan, and its mistakes in words.

use hotline_core::{
    text::locale::Words,
    time::shifts::{InvalidPlan, PlanDay, Who as Worker},
};
use hotline_store::staff::accounts::StaffMember;
use uuid::Uuid;

use crate::routing::hours::weekday_name;
use hotline_reports::labels::format_day;

/// Returns the value that identifies a person or team in a form.
pub(super) fn worker_value(who: &Worker) -> String {
    match who {
        Worker::Person(id) => format!("person:{id}"),
        Worker::Team(name) => format!("team:{name}"),
    }
}

pub(super) fn person_name(words: &Words, staff: &[StaffMember], id: Uuid) -> String {
    match staff.iter().find(|one| one.id == id) {
        Some(one) if one.active => words.own(&one.name),
        Some(one) => words.with("shift-disabled", "name", &words.own(&one.name)),
        None => words.say("shift-unknown"),
    }
}

pub(super) fn worker_name(words: &Words, staff: &[StaffMember], who: &Worker) -> String {
    match who {
        Worker::Person(id) => person_name(words, staff, *id),
        Worker::Team(name) => words.with("shift-team", "name", &words.own(name)),
    }
}

/// Describes a mistake in a plan.
pub(super) fn mistake_in_words(words: &Words, staff: &[StaffMember], mistake: &InvalidPlan) -> String {
    let day = |day: &PlanDay| match day {
        PlanDay::Weekday(weekday) => weekday_name(words, *weekday),
        PlanDay::Date(date) => format_day(*date),
    };
    match mistake {
        InvalidPlan::TooManyEntries { .. } => words.say("plan-too-long"),
        InvalidPlan::DoubleException { date, who } => {
            let (date, who) = (format_day(*date), worker_name(words, staff, who));
            words.with_all("plan-exception-twice", &[("date", &date), ("who", &who)])
        }
        InvalidPlan::ZeroLength { .. } => words.say("plan-zero-length"),
        InvalidPlan::BeginsAtEndOfDay { .. } => words.say("plan-begins-at-midnight"),
        InvalidPlan::Overlapping {
            day: on,
            person,
            first,
            second,
        } => {
            let (first, second) = (first.to_string(), second.to_string());
            let (day, who) = (day(on), person_name(words, staff, *person));
            let values = [
                ("who", who.as_str()),
                ("day", &day),
                ("first", &first),
                ("second", &second),
            ];
            words.with_all("plan-overlap", &values)
        }
        InvalidPlan::SwapDespiteException { date, .. } => {
            words.with("plan-open-swap", "date", &format_day(*date))
        }
        InvalidPlan::DoubleShiftId { .. }
        | InvalidPlan::DoubleSwapId { .. }
        | InvalidPlan::NoSuchShift { .. }
        | InvalidPlan::NotOwnShift { .. }
        | InvalidPlan::SwapWithOneself { .. } => words.say("conflict-invalid-schedule"),
    }
}
