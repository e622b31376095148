//! The shift plan of the centre: weekly shifts, exceptions for single dates, and swaps between members of staff. All dates and times of a
//! plan are in the centre's time zone.
//!
//! A plan is one document. `planned.rs` computes the shifts of a member of staff, `check.rs` finds mistakes in a plan, `swaps.rs` changes
//! the swaps of a plan, `free.rs` frees a person on a date, and `calendar.rs` renders shifts as a calendar.
//!
//! The shifts of a person that begin on a date are computed in three steps:
//!
//! 1. Take the weekly shifts of the person. Remove the shifts that a confirmed swap moved to another person, and add the shifts that a
//!    confirmed swap moved to this person.
//! 2. Add the shifts of the person's team: the spans of the team's exception for this date or, if there is no exception, the team's weekly
//!    shifts.
//! 3. If the person has an exception for this date, its spans replace the result. A shift that began on the date before is not affected.

use std::fmt;

use chrono::{NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::time::shifts::{
    calendar::render_calendar,
    check::{InvalidPlan, MAX_ENTRIES, PlanDay},
    free::Member,
    planned::{NEXT_SHIFT_DAYS, PlannedShift, SHIFT_LIST_DAYS},
    span::{BadShiftTime, ShiftSpan, ShiftTime},
    swaps::SwapError,
};

mod calendar;
mod check;
mod free;
mod planned;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
mod span;
mod swaps;

/// The shift plan of the centre, as stored in the database and sent through the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShiftPlan {
    /// The shifts of every week.
    pub weekly: Vec<WeeklyShift>,
    /// The single dates on which a person or a team has other shifts.
    pub exceptions: Vec<ShiftException>,
    /// The swaps, in the order in which they were requested.
    pub swaps: Vec<Swap>,
}

/// A shift that begins on the same weekday and at the same time every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyShift {
    /// The id of the shift, to which swaps refer.
    pub id: Uuid,
    /// The person or the team that works this shift.
    pub who: Who,
    /// The weekday on which the shift begins.
    pub weekday: Weekday,
    /// The time at which the shift begins.
    pub from: ShiftTime,
    /// The time at which the shift ends. If this is not after `from`, the shift ends on the next day.
    pub to: ShiftTime,
}

/// The member of staff or the team to which an entry of the plan applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The member of staff with this id.
    Person(Uuid),
    /// All members of the team with this name.
    Team(String),
}

/// The shifts of a person or a team that begin on a single date, in place of the weekly shifts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftException {
    /// The date.
    pub date: NaiveDate,
    /// The person or the team to which the exception applies.
    pub who: Who,
    /// The spans of the shifts that begin on this date. The list is empty if no shift begins on this date.
    #[serde(default)]
    pub spans: Vec<ShiftSpan>,
    /// The reason, for colleagues. It may be empty.
    #[serde(default)]
    pub note: String,
}

/// A request to move a shift of one date to another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// The id of the swap.
    pub id: Uuid,
    /// The date on which the shift begins.
    pub date: NaiveDate,
    /// The id of the weekly shift of a person. Shifts of teams cannot be swapped.
    pub shift: Uuid,
    /// The member of staff who gives the shift away.
    pub from: Uuid,
    /// The member of staff who takes the shift.
    pub to: Uuid,
    /// The state of the request.
    pub state: SwapState,
}

/// The state of a request to swap. Only a confirmed swap moves a shift.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SwapState {
    /// The request is open.
    Asked,
    /// The shift belongs to the other person.
    Confirmed,
    /// The request was refused, or another swap moved the shift.
    Declined,
}

crate::named!(SwapState);

impl ShiftPlan {
    /// Returns whether the plan contains no working time: no weekly shift, and no exception with spans. With an empty plan, all members of
    /// staff count as on shift. For an empty plan, [`ShiftPlan::is_planned`] nevertheless returns `false` for everybody. Callers of
    /// `is_planned` must therefore check `is_empty` too.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let mut exceptions = self.exceptions.iter();
        self.weekly.is_empty() && exceptions.all(|exception| exception.spans.is_empty())
    }

    /// Returns the plan with another name of a team.
    #[must_use]
    pub fn with_team_renamed(&self, from: &str, to: &str) -> Self {
        let mut plan = self.clone();
        let weekly = plan.weekly.iter_mut().map(|shift| &mut shift.who);
        let exceptions = plan.exceptions.iter_mut().map(|exception| &mut exception.who);
        for who in weekly.chain(exceptions) {
            if *who == Who::Team(from.to_owned()) {
                *who = Who::Team(to.to_owned());
            }
        }
        plan
    }
}

impl WeeklyShift {
    /// Returns the times of the shift.
    #[must_use]
    pub const fn span(&self) -> ShiftSpan {
        ShiftSpan {
            from: self.from,
            to: self.to,
        }
    }
}

impl Who {
    /// Returns the id of the person, or `None` for a team.
    #[must_use]
    pub const fn person(&self) -> Option<Uuid> {
        match self {
            Self::Person(id) => Some(*id),
            Self::Team(_) => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person {id}"),
            Self::Team(name) => write!(f, "team “{name}”"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{
        "weekly": [
            {
                "id": "00000000-0000-0000-0000-000000000001",
                "who": { "person": "00000000-0000-0000-0000-00000000000a" },
                "weekday": "Mon",
                "from": "07:30",
                "to": "15:30"
            },
            {
                "id": "00000000-0000-0000-0000-000000000002",
                "who": { "team": "night" },
                "weekday": "Sun",
                "from": "22:00",
                "to": "06:00"
            }
        ],
        "exceptions": [
            {
                "date": "2026-11-30",
                "who": { "team": "night" },
                "spans": [{ "from": "20:00", "to": "24:00" }],
                "note": "обука"
            }
        ],
        "swaps": [
            {
                "id": "00000000-0000-0000-0000-000000000003",
                "date": "2026-11-30",
                "shift": "00000000-0000-0000-0000-000000000001",
                "from": "00000000-0000-0000-0000-00000000000a",
                "to": "00000000-0000-0000-0000-00000000000b",
                "state": "asked"
            }
        ]
    }"#;

    #[test]
    fn a_plan_is_written_as_it_is_read() {
        let plan: ShiftPlan = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(plan.check(), Ok(()));
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(serde_json::to_value(&plan).unwrap(), document);
    }

    #[test]
    fn an_unknown_field_of_a_plan_is_rejected() {
        for (known, unknown) in [
            ("\"weekly\"", "\"monthly\""),
            ("\"weekday\"", "\"day\""),
            ("\"note\"", "\"reason\""),
            ("\"state\"", "\"status\""),
            ("\"team\"", "\"group\""),
            ("\"Mon\"", "\"Ponedeljak\""),
            ("\"07:30\"", "\"7.30\""),
            ("\"asked\"", "\"open\""),
        ] {
            let text = DOCUMENT.replace(known, unknown);
            assert!(serde_json::from_str::<ShiftPlan>(&text).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_renamed_team_keeps_its_shifts() {
        let plan: ShiftPlan = serde_json::from_str(DOCUMENT).unwrap();
        let renamed: ShiftPlan = serde_json::from_str(&DOCUMENT.replace("night", "ноћ")).unwrap();
        assert_eq!(plan.with_team_renamed("night", "ноћ"), renamed);
        assert_eq!(plan.with_team_renamed("day", "дан"), plan);
    }

    #[test]
    fn a_plan_without_working_time_is_empty() {
        let mut plan: ShiftPlan = serde_json::from_str(DOCUMENT).unwrap();
        assert!(!plan.is_empty());
        plan.weekly.clear();
        assert!(!plan.is_empty(), "the exception has a span");
        plan.exceptions[0].spans.clear();
        assert!(plan.is_empty());
        assert!(ShiftPlan::default().is_empty());
        let nothing: ShiftPlan = serde_json::from_str("{}").unwrap();
        assert_eq!(nothing, ShiftPlan::default());
    }

    #[test]
    fn the_schema_of_a_plan_gives_the_format_of_times() {
        let schema = serde_json::to_value(schemars::schema_for!(ShiftPlan)).unwrap();
        assert_eq!(
            schema["$defs"]["ShiftTime"]["pattern"],
            span::PATTERN,
            "{schema:#}"
        );
        assert_eq!(schema["additionalProperties"], false);
    }
}
