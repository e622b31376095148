//! Outreach: presentations and other events, the schools that host them, and peer educators.

use chrono::NaiveDate;

/// The kind of an outreach event.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// A presentation to pupils, parents or teachers.
    Presentation,
    /// An online event.
    Webinar,
    /// An event for professionals.
    Seminar,
    /// An event with practical exercises.
    Workshop,
    /// An event of a campaign at one of the places that the campaign visits.
    CampaignStop,
    /// Training of peer educators.
    Training,
    /// Any other event.
    Other,
}

crate::named!(EventKind);

/// The state of an event. Only events that took place are counted.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventState {
    /// The event is planned. Its day may still be undecided.
    Planned,
    /// The event took place.
    Held,
    /// The event will not take place.
    Cancelled,
}

crate::named!(EventState);

/// The kind of institution that hosts an event.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SchoolKind {
    /// A primary school.
    Primary,
    /// A secondary school.
    Secondary,
    /// A kindergarten.
    Preschool,
    /// A university faculty.
    Faculty,
    /// Another institution, such as a library, town hall or company.
    Other,
}

crate::named!(SchoolKind);

/// The role of a peer educator in an event.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// The peer educator led the event.
    Led,
    /// The peer educator was trained at the event.
    Trained,
}

crate::named!(Part);

/// The number of people that an event reached, by group.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default)]
pub struct Reached {
    /// Pupils and students.
    pub students: i64,
    /// Parents.
    pub parents: i64,
    /// Teachers and other school staff.
    pub teachers: i64,
    /// Other people.
    pub others: i64,
}

/// The maximum number of people in a group. A larger number is rejected as a typing error.
const MOST: i64 = 100_000;

/// The reason why an event cannot be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidEvent {
    /// The event was marked as held, but its day is missing.
    NoDay,
    /// The event was marked as held, but its day is in the future.
    ToCome,
    /// The number of people in a group is negative or implausibly large.
    Number,
}

impl Reached {
    /// Zero people in every group.
    pub const NOBODY: Self = Self {
        students: 0,
        parents: 0,
        teachers: 0,
        others: 0,
    };

    /// Adds the numbers of `other` to the numbers of this event, group by group.
    pub const fn add(&mut self, other: Self) {
        self.students += other.students;
        self.parents += other.parents;
        self.teachers += other.teachers;
        self.others += other.others;
    }

    /// Returns the number of people in all groups together.
    #[must_use]
    pub const fn all(self) -> i64 {
        self.students + self.parents + self.teachers + self.others
    }
}

/// Checks that an event can be saved.
///
/// # Errors
/// Fails if the event cannot be saved. The error is the first problem found.
pub fn checked(
    state: EventState,
    day: Option<NaiveDate>,
    reached: Reached,
    today: NaiveDate,
) -> Result<(), InvalidEvent> {
    let numbers = [
        reached.students,
        reached.parents,
        reached.teachers,
        reached.others,
    ];
    if numbers.into_iter().any(|number| !(0..=MOST).contains(&number)) {
        return Err(InvalidEvent::Number);
    }
    match (state, day) {
        (EventState::Held, None) => Err(InvalidEvent::NoDay),
        (EventState::Held, Some(day)) if day > today => Err(InvalidEvent::ToCome),
        (EventState::Held | EventState::Planned | EventState::Cancelled, _) => Ok(()),
    }
}

/// Normalises a school's name for comparison. Names that differ only in script, accents, case or spacing become equal, so that a school is
/// not entered twice.
#[must_use]
pub fn same_name(name: &str) -> String {
    crate::text::fold::fold(name)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_held_has_a_day_that_has_come() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 26);
        let check = |day| checked(EventState::Held, day, Reached::default(), today.unwrap());
        assert_eq!(check(None), Err(InvalidEvent::NoDay));
        assert_eq!(
            check(NaiveDate::from_ymd_opt(2026, 11, 27)),
            Err(InvalidEvent::ToCome)
        );
        assert_eq!(check(today), Ok(()));
        let planned = checked(EventState::Planned, None, Reached::default(), today.unwrap());
        assert_eq!(planned, Ok(()));
    }

    #[test]
    fn nobody_reaches_fewer_than_none() {
        let reached = Reached {
            parents: -1,
            ..Reached::default()
        };
        let today = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
        assert_eq!(
            checked(EventState::Planned, None, reached, today),
            Err(InvalidEvent::Number)
        );
    }

    #[test]
    fn one_school_in_two_scripts_is_one_name() {
        assert_eq!(same_name("ОШ „Вук Караџић“"), same_name("oš  „vuk karadžić“"));
    }
}
