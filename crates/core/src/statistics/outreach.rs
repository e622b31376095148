//! Outreach: presentations and other events, the schools they are held in, and young people who teach their peers.

use chrono::NaiveDate;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant),* }

        impl $name {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in the database, addresses and locale files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The one with this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

named! {
    /// What an event is.
    EventKind {
        /// Before pupils, parents or teachers.
        Presentation = "presentation",
        /// Over the network.
        Webinar = "webinar",
        /// For professionals.
        Seminar = "seminar",
        /// With things to do.
        Workshop = "workshop",
        /// A stop of a campaign.
        CampaignStop = "campaign_stop",
        /// Of peer educators.
        Training = "training",
        /// Anything else.
        Other = "other",
    }
}

named! {
    /// How far an event is. Only what was held is counted.
    EventState {
        /// To come, with or without a day.
        Planned = "planned",
        /// It took place.
        Held = "held",
        /// It will not.
        Cancelled = "cancelled",
    }
}

named! {
    /// What an institution is in which events are held.
    SchoolKind {
        /// Primary school.
        Primary = "primary",
        /// Secondary school.
        Secondary = "secondary",
        /// Kindergarten.
        Preschool = "preschool",
        /// Faculty.
        Faculty = "faculty",
        /// Library, town hall, company …
        Other = "other",
    }
}

named! {
    /// What a peer educator did at an event.
    Part {
        /// Taught.
        Led = "led",
        /// Was taught to teach.
        Trained = "trained",
    }
}

/// How many were there.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default)]
pub struct Reached {
    /// Pupils and students.
    pub students: i64,
    /// Parents.
    pub parents: i64,
    /// Teachers and other staff of schools.
    pub teachers: i64,
    /// Anybody else.
    pub others: i64,
}

/// More than any hall holds; a number beyond is a mistake.
const MOST: i64 = 100_000;

/// Why an event cannot be written so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidEvent {
    /// What was held was held on a day.
    NoDay,
    /// What was held is not to come.
    ToCome,
    /// A number below zero or beyond any hall.
    Number,
}

impl Reached {
    /// Nobody.
    pub const NOBODY: Self = Self {
        students: 0,
        parents: 0,
        teachers: 0,
        others: 0,
    };

    /// Adds what another event reached.
    pub const fn add(&mut self, other: Self) {
        self.students += other.students;
        self.parents += other.parents;
        self.teachers += other.teachers;
        self.others += other.others;
    }

    /// Everybody.
    #[must_use]
    pub const fn all(self) -> i64 {
        self.students + self.parents + self.teachers + self.others
    }
}

/// Whether an event can be so.
///
/// # Errors
/// What is wrong with it.
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

/// A name as it is compared: without script, accents, case and spaces, so that one school is not entered twice.
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
