//! How much members of staff read, and what of it is unusual (requirement C6). A supervisor sees it and asks; nothing is blocked.

use crate::staff::rights::{Right, Role};

/// What a member of staff read within 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Opened contacts, each counted once.
    pub contacts: usize,
    /// Of these: neither assigned to the reader, nor has the reader ever worked on them.
    pub not_own: usize,
    /// Of these: opened outside the reader's shifts. 0 if the shift plan has no shift for the reader.
    pub off_shift: usize,
    /// Searches.
    pub searches: usize,
    /// Contacts whose identity was revealed.
    pub reveals: usize,
    /// Attachments and raw messages that were downloaded or looked at.
    pub files: usize,
}

/// What is unusual about a reading.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Unusual {
    /// More than three times as many contacts as on a usual day of the reader.
    ManyContacts,
    /// Most contacts are not the reader's own.
    NotOwn,
    /// Several contacts were opened outside the reader's shifts.
    OffShift,
    /// Several identities were revealed.
    ManyReveals,
    /// Many files were opened.
    ManyFiles,
}

crate::named!(Unusual);

/// Fewer contacts are never unusual.
const FEWEST_CONTACTS: usize = 20;
/// The number of contacts that is unusual for a reader without a usual day.
const MANY_WITHOUT_USUAL: usize = 60;
/// How many times as much as on a usual day is unusual.
const TIMES_USUAL: usize = 3;
/// The number of contacts outside the shift that is unusual.
const MANY_OFF_SHIFT: usize = 5;
/// The number of revealed identities that is unusual.
const MANY_REVEALS: usize = 5;
/// The number of files that is unusual.
const MANY_FILES: usize = 30;
/// The number of days with readings from which on a reader has a usual day.
const DAYS_FOR_USUAL: usize = 3;

/// Returns the number of contacts on a usual day: the median of the earlier days on which the reader opened any. `None` if there are fewer
/// than three such days.
#[must_use]
pub fn usual_contacts(earlier_days: &[usize]) -> Option<usize> {
    let mut days: Vec<usize> = earlier_days.iter().copied().filter(|count| *count > 0).collect();
    days.sort_unstable();
    (days.len() >= DAYS_FOR_USUAL)
        .then(|| days.get(days.len() / 2).copied())
        .flatten()
}

/// Returns what is unusual about a reading. Whoever may work on the contacts of others, such as a supervisor, reads many that are not the
/// own.
#[must_use]
pub fn unusual(reading: &Reading, usual: Option<usize>, role: Role) -> Vec<Unusual> {
    let many = usual.map_or(MANY_WITHOUT_USUAL, |usual| usual * TIMES_USUAL + 1);
    let is_many = reading.contacts >= many.max(FEWEST_CONTACTS);
    let is_not_own = !role.may(Right::WorkOnOthers)
        && reading.not_own >= FEWEST_CONTACTS
        && reading.not_own * 2 > reading.contacts;
    [
        (Unusual::ManyContacts, is_many),
        (Unusual::NotOwn, is_not_own),
        (Unusual::OffShift, reading.off_shift >= MANY_OFF_SHIFT),
        (Unusual::ManyReveals, reading.reveals >= MANY_REVEALS),
        (Unusual::ManyFiles, reading.files >= MANY_FILES),
    ]
    .into_iter()
    .filter_map(|(kind, is)| is.then_some(kind))
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_day_is_the_median_of_days_with_readings() {
        assert_eq!(usual_contacts(&[0, 4, 0, 9]), None);
        assert_eq!(usual_contacts(&[30, 0, 4, 6]), Some(6));
    }

    #[test]
    fn many_contacts_are_compared_with_the_readers_own_days() {
        for (contacts, usual, is_unusual) in [
            (19, Some(2), false),
            (20, Some(2), true),
            (60, Some(20), false),
            (61, Some(20), true),
            (59, None, false),
            (60, None, true),
        ] {
            let reading = Reading {
                contacts,
                ..Reading::default()
            };
            let found = unusual(&reading, usual, Role::Counsellor);
            assert_eq!(!found.is_empty(), is_unusual, "{contacts} {usual:?}");
        }
    }

    #[test]
    fn supervisors_may_read_what_is_not_their_own() {
        let reading = Reading {
            contacts: 30,
            not_own: 30,
            ..Reading::default()
        };
        assert_eq!(unusual(&reading, Some(30), Role::Counsellor), [Unusual::NotOwn]);
        assert_eq!(unusual(&reading, Some(30), Role::Supervisor), []);
    }

    proptest! {
        #[test]
        fn reading_more_is_never_less_unusual(
            contacts in 0..200usize, reveals in 0..20usize, off_shift in 0..20usize, files in 0..100usize, usual in proptest::option::of(0..60usize),
        ) {
            let less = Reading { contacts, reveals, off_shift, files, ..Reading::default() };
            let more = Reading { contacts: contacts + 1, reveals: reveals + 1, off_shift: off_shift + 1, files: files + 1, ..less };
            let found = unusual(&more, usual, Role::Counsellor);
            for one in unusual(&less, usual, Role::Counsellor) {
                prop_assert!(found.contains(&one));
            }
        }
    }
}
