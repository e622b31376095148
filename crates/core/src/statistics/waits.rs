//! Waiting times and answer states of contacts.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::statistics::figures::Registered;

/// The numbers of minutes (the steps) to which waiting times are rounded up. The steps are close enough together for a useful median. There
/// are few steps, because a count is stored for each pair of a step and a value of another dimension.
const STEPS: [i64; 22] = [
    5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_080, 1_440, 2_160, 2_880, 4_320, 7_200,
    10_080, 20_160, 43_200,
];
/// The value for all waiting times that are longer than the last step.
pub const LATER: &str = "later";

/// Returns the smallest of [`STEPS`] that is at least as long as `waited`. Returns `None` if `waited` is longer than every step.
fn step(waited: TimeDelta) -> Option<TimeDelta> {
    STEPS
        .into_iter()
        .map(TimeDelta::minutes)
        .find(|step| waited <= *step)
}

/// Rounds a waiting time up to one of the fixed steps (5, 10, 15, 30 minutes and so on). Returns the step in minutes, with leading zeros.
/// Returns [`LATER`] if the time is longer than the last step.
#[must_use]
pub fn within(waited: TimeDelta) -> String {
    step(waited).map_or_else(|| LATER.to_owned(), |step| format!("{:05}", step.num_minutes()))
}

/// Returns a time within which the share `part` / `of` of the answered contacts got their first reply; `(1, 2)` gives the median. The
/// result has the form that [`within`] returns. Returns `None` if no contact was answered.
///
/// `counts` contains each value of [`FIRST_REPLY`](crate::statistics::figures::FIRST_REPLY) with its count, in any order.
#[must_use]
pub fn quantile<'a>(
    counts: impl IntoIterator<Item = (&'a str, i64)>,
    (part, of): (i64, i64),
) -> Option<&'a str> {
    let sorted: BTreeMap<&str, i64> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    let all: i64 = sorted.values().sum();
    let mut so_far = 0;
    sorted.into_iter().find_map(|(step, count)| {
        so_far += count;
        (so_far * of >= all * part).then_some(step)
    })
}

/// The answer state of a contact, which shows whether the person got a reply. Each contact has exactly one answer state, so the counts of
/// all states add up to the total number of contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Answered {
    /// A reply to the person was sent.
    Replied,
    /// The contact was a telephone call that a counsellor answered.
    Taken,
    /// The contact was closed without a reply, and its kind, such as a prank or a thank-you, needs no reply.
    Unneeded,
    /// The contact was closed without a reply although its kind needs one, or although it was not classified.
    Missed,
    /// The contact is open and has no reply yet.
    Open,
}

crate::named!(Answered);

impl Answered {
    /// Returns the answer state of a contact. `counselling` states whether the kind of the contact is counselling; it is `None` if the
    /// contact is not classified.
    #[must_use]
    pub const fn of(contact: &Registered<'_>, counselling: Option<bool>) -> Self {
        match (contact.read, contact.first_reply, contact.closed, counselling) {
            (Read::Taken, ..) => Self::Taken,
            (_, Some(_), ..) => Self::Replied,
            (_, None, false, _) => Self::Open,
            (_, None, true, Some(false)) => Self::Unneeded,
            (_, None, true, Some(true) | None) => Self::Missed,
        }
    }
}

/// When staff first read a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Staff read the contact immediately, because it was a telephone call.
    Taken,
    /// Staff first read the contact this long after it arrived.
    After(TimeDelta),
    /// Staff have not read the contact yet.
    NotYet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nine_tenths_are_said_by_the_step_within_which_they_were_answered() {
        let minutes = |minutes| within(TimeDelta::minutes(minutes));
        assert_eq!(
            [0, 5, 6, 59, 43_200, 43_201].map(minutes),
            ["00005", "00005", "00010", "00060", "43200", "later"]
        );
        let counts = [("later", 1), ("00005", 5), ("00060", 4)];
        assert_eq!(quantile(counts, (1, 2)), Some("00005"));
        assert_eq!(quantile(counts, (9, 10)), Some("00060"));
        assert_eq!(quantile([("00005", 0)], (1, 2)), None);
    }

    #[test]
    fn who_was_closed_without_a_reply_was_missed_unless_none_was_due() {
        let reply = Some(TimeDelta::minutes(1));
        let written = Read::After(TimeDelta::minutes(1));
        for (read, first_reply, closed, counselling, answered) in [
            (Read::Taken, None, true, Some(true), Answered::Taken),
            (written, reply, true, Some(true), Answered::Replied),
            (written, None, false, Some(true), Answered::Open),
            (written, None, true, Some(true), Answered::Missed),
            (Read::NotYet, None, true, None, Answered::Missed),
            (written, None, true, Some(false), Answered::Unneeded),
        ] {
            let contact = Registered {
                channel: "letters",
                language: None,
                at: chrono::DateTime::UNIX_EPOCH,
                first_reply,
                read,
                closed,
            };
            assert_eq!(Answered::of(&contact, counselling), answered);
        }
    }
}
