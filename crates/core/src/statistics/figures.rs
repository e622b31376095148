//! The counting rules. Every number that the statistics show, export or publish follows these rules.
//!
//! A dimension is a property of a counted item, such as its channel or its topic. A span is a day, a month or a year. A cell stores one
//! count for one span. The count is the total, the count of a value in one dimension, or the count of a pair of values in two dimensions.
//!
//! A registered communication ([`crate::contact::joining`]) has at most one value in each dimension. The communication adds 1 to the totals
//! of three spans: its day, its month and its year. For each of its values, it adds 1 to the count of that value in these three spans. For
//! each pair of its values, it adds 1 to the count of that pair in the month and the year.
//!
//! A communication without a value in a dimension adds 1 to the total but to no count of that dimension. The number of such communications
//! is the remainder of the dimension. The remainder and the counts of all values of the dimension therefore add up to the total.
//!
//! Cases, referrals and closings are counted in the same way. The variants of [`Measure`] state the day on which each item counts. For
//! these items, pairs of values are counted for the day as well as for the month and the year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use crate::{
    casework::answers::Outcome,
    contact::classification::{Answers, Scheme, is_id},
    statistics::waits::{Answered, Read, within},
    time::clock,
};

/// The kind of item that is counted.
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
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Measure {
    /// Registered communications, on the day on which their first message arrived.
    Contact,
    /// Closings of contacts, each on the day on which the contact was closed. If a contact was closed several times, only the last closing
    /// counts.
    Closing,
    /// Cases, on the day on which staff formed the case.
    Case,
    /// Referrals, on the day on which a second member of staff confirmed them. A case can have several referrals.
    Referral,
}

crate::named!(Measure);

/// The dimension of the channel. The constants from `CHANNEL` to [`URGENT_READ`] are dimensions of contacts. Each question of the
/// classification scheme is also a dimension of contacts, unless it is answered by free text.
pub const CHANNEL: &str = "channel";
/// The dimension of the person's language.
pub const LANGUAGE: &str = "language";
/// The dimension of the hour in which the first message arrived, `00` to `23`, in the centre's time zone.
pub const HOUR: &str = "hour";
/// The dimension of the weekday on which the first message arrived, `1` (Monday) to `7`.
pub const WEEKDAY: &str = "weekday";
/// The dimension "counselling": `yes` if the kind of the contact is counselling, `no` for every other kind.
pub const COUNSELLING: &str = "counselling";
/// The dimension of the time from the first message to the first reply. [`within`] rounds this time up.
pub const FIRST_REPLY: &str = "first_reply";
/// The dimension of the answer state: a value of [`Answered`].
pub const ANSWERED: &str = "answered";
/// The dimension of the time from the arrival of an urgent contact until staff first read it. [`within`] rounds this time up.
pub const URGENT_READ: &str = "urgent_read";
/// The dimension of a case's kind: [`ADVISORY`] or [`FORWARDED`].
pub const CASE_KIND: &str = "case_kind";
/// The dimension of the institution to which a case or referral was sent. A case that was sent to several institutions counts under the
/// institution to which it was sent first.
pub const INSTITUTION: &str = "institution";
/// The dimension of what came of a referral: an [`Outcome`], or [`AWAITED`].
pub const REFERRAL_OUTCOME: &str = "referral_outcome";
/// The value of [`REFERRAL_OUTCOME`] while staff wait for the answer.
pub const AWAITED: &str = "awaited";
/// The kind of a case that was not sent to an institution.
pub const ADVISORY: &str = "advisory";
/// The kind of a case that was sent to an institution.
pub const FORWARDED: &str = "forwarded";

/// The facts about one contact, closing, case or referral that decide in which cells it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The measure under which the item counts.
    pub of: Measure,
    /// The local day on which the item counts.
    pub day: NaiveDate,
    /// The item's value in each dimension. Dimensions in which the item has no value are absent.
    pub values: BTreeMap<String, String>,
}

impl Facts {
    /// Returns the facts of a contact. `chosen` contains the countable part of the contact's classification: the answers that were chosen
    /// from a list, and the answers that are numbers ([`Scheme::chosen_and_words`]). If a question has several answers, only the first one
    /// counts.
    #[must_use]
    pub fn of_contact(contact: &Registered<'_>, zone: Tz, scheme: &Scheme, chosen: &Answers) -> Self {
        let local = contact.at.with_timezone(&zone);
        let day = clock::day_of(contact.at, zone);
        let mut values = BTreeMap::from([
            (CHANNEL.to_owned(), contact.channel.to_owned()),
            (HOUR.to_owned(), format!("{:02}", local.hour())),
            (WEEKDAY.to_owned(), weekday_of(day)),
        ]);
        if let Some(language) = contact.language {
            values.insert(LANGUAGE.to_owned(), language.to_owned());
        }
        if let Some(waited) = contact.first_reply {
            values.insert(FIRST_REPLY.to_owned(), within(waited));
        }
        let counselling = scheme.kind(chosen).map(|kind| kind.counselling);
        if let Some(counselling) = counselling {
            let said = if counselling { "yes" } else { "no" };
            values.insert(COUNSELLING.to_owned(), said.to_owned());
        }
        let answered = Answered::of(contact, counselling);
        values.insert(ANSWERED.to_owned(), answered.as_str().to_owned());
        if let Read::After(waited) = contact.read
            && scheme.urgency(chosen) > Some(0)
        {
            values.insert(URGENT_READ.to_owned(), within(waited));
        }
        for (question, given) in chosen {
            // An answer is counted even if the current version of the scheme no longer offers it.
            if let Some(first) = given.first().filter(|first| is_id(first)) {
                values.insert(question.clone(), first.clone());
            }
        }
        Self {
            of: Measure::Contact,
            day,
            values,
        }
    }

    /// Returns the facts of a closing. `channel` is the channel of the contact that was closed at `closed_at`.
    #[must_use]
    pub fn of_closing(channel: &str, closed_at: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            of: Measure::Closing,
            day: clock::day_of(closed_at, zone),
            values: BTreeMap::from([(CHANNEL.to_owned(), channel.to_owned())]),
        }
    }

    /// Returns the facts of a case that was formed on `day`. `first_sent_to` is the first institution to which the case was sent. `None`:
    /// the case was sent to no institution.
    #[must_use]
    pub fn of_case(day: NaiveDate, first_sent_to: Option<&str>) -> Self {
        let kind = if first_sent_to.is_some() {
            FORWARDED
        } else {
            ADVISORY
        };
        let mut values = BTreeMap::from([(CASE_KIND.to_owned(), kind.to_owned())]);
        if let Some(institution) = first_sent_to {
            values.insert(INSTITUTION.to_owned(), institution.to_owned());
        }
        Self {
            of: Measure::Case,
            day,
            values,
        }
    }

    /// Returns the facts of a referral that was confirmed at `confirmed_at`. `outcome` is `None` while staff wait for the answer.
    #[must_use]
    pub fn of_referral(
        institution: &str,
        confirmed_at: DateTime<Utc>,
        zone: Tz,
        outcome: Option<Outcome>,
    ) -> Self {
        let outcome = outcome.map_or(AWAITED, Outcome::as_str);
        Self {
            of: Measure::Referral,
            day: clock::day_of(confirmed_at, zone),
            values: BTreeMap::from([
                (INSTITUTION.to_owned(), institution.to_owned()),
                (REFERRAL_OUTCOME.to_owned(), outcome.to_owned()),
            ]),
        }
    }
}

/// Returns the value of a day in the dimension [`WEEKDAY`].
#[must_use]
pub fn weekday_of(day: NaiveDate) -> String {
    day.weekday().number_from_monday().to_string()
}

/// The properties of a registered contact on which the statistics depend, apart from its classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered<'a> {
    /// The channel of the contact.
    pub channel: &'a str,
    /// The person's language, if known.
    pub language: Option<&'a str>,
    /// When the first message arrived.
    pub at: DateTime<Utc>,
    /// The time from the first message to the first reply. `None`: no reply was sent.
    pub first_reply: Option<TimeDelta>,
    /// When staff first read the contact.
    pub read: Read,
    /// Whether the contact is closed now.
    pub closed: bool,
}

/// Returns the names of all dimensions by which the items of a measure are counted.
#[must_use]
pub fn dimensions(of: Measure, scheme: &Scheme) -> BTreeSet<String> {
    let chosen = scheme.questions.iter().filter(|question| question.text.is_none());
    let asked = chosen.map(|question| question.id.as_str());
    let fixed: &[&str] = match of {
        Measure::Contact => &[
            CHANNEL,
            LANGUAGE,
            HOUR,
            WEEKDAY,
            COUNSELLING,
            ANSWERED,
            FIRST_REPLY,
            URGENT_READ,
        ],
        Measure::Closing => &[CHANNEL],
        Measure::Case => &[CASE_KIND, INSTITUTION],
        Measure::Referral => &[INSTITUTION, REFERRAL_OUTCOME],
    };
    let asked = asked.filter(|_| of == Measure::Contact);
    asked.chain(fixed.iter().copied()).map(str::to_owned).collect()
}

/// Returns whether a dimension describes people, so that small counts could identify someone. All other dimensions describe the work of the
/// centre.
#[must_use]
pub fn is_personal(dimension: &str) -> bool {
    const OF_THE_WORK: [&str; 8] = [
        CHANNEL,
        HOUR,
        WEEKDAY,
        COUNSELLING,
        ANSWERED,
        FIRST_REPLY,
        CASE_KIND,
        INSTITUTION,
    ];
    !OF_THE_WORK.contains(&dimension)
}

/// The key under which one count is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The measure.
    pub of: Measure,
    /// A day (`2026-01-31`), a month (`2026-01`) or a year (`2026`).
    pub span: String,
    /// The name of the first dimension. Empty: the cell stores the total of the span.
    pub one: String,
    /// The name of the second dimension, which is later in alphabetical order than the first. Empty: the cell is not a pair.
    pub other: String,
    /// The value in the first dimension. Empty in a total.
    pub value: String,
    /// The value in the second dimension. Empty if the cell is not a pair.
    pub other_value: String,
}

/// Returns, for each cell, by how much its count changes when items with the facts `before` become items with the facts `after`.
#[must_use]
pub fn change(before: &[Facts], after: &[Facts]) -> BTreeMap<Cell, i64> {
    let mut changed: BTreeMap<Cell, i64> = BTreeMap::new();
    for (facts, by) in [(before, -1), (after, 1)] {
        for cell in facts.iter().flat_map(cells) {
            *changed.entry(cell).or_default() += by;
        }
    }
    changed.retain(|_, by| *by != 0);
    changed
}

/// Returns whether counts of pairs of values are stored for this span. For contacts, pairs are not stored per day, because a day would have
/// more pairs than contacts. If a period covers only a part of a month, queries count the pairs for that part directly from the contacts.
#[must_use]
pub fn keeps_pairs(of: Measure, span: &str) -> bool {
    of != Measure::Contact || span.len() < "2026-01-31".len()
}

/// Returns every cell in which the facts are counted.
fn cells(facts: &Facts) -> Vec<Cell> {
    let day = facts.day.to_string();
    let mut cells = Vec::new();
    for span in [day.get(..4), day.get(..7), day.get(..)].into_iter().flatten() {
        let mut add = |one: &str, other: &str, value: &str, other_value: &str| {
            cells.push(Cell {
                of: facts.of,
                span: span.to_owned(),
                one: one.to_owned(),
                other: other.to_owned(),
                value: value.to_owned(),
                other_value: other_value.to_owned(),
            });
        };
        add("", "", "", "");
        for (place, (one, value)) in facts.values.iter().enumerate() {
            add(one, "", value, "");
            let others = facts.values.iter().skip(place + 1);
            for (other, other_value) in others.filter(|_| keeps_pairs(facts.of, span)) {
                add(one, other, value, other_value);
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Belgrade;

    use super::*;
    use crate::contact::classification::KIND;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn facts(at: &str, answers: &[(&str, &str)]) -> Facts {
        let answers = answers
            .iter()
            .map(|(question, answer)| ((*question).to_owned(), vec![(*answer).to_owned()]))
            .collect();
        let at: DateTime<Utc> = at.parse().unwrap();
        let scheme = Scheme::centre().unwrap();
        let (chosen, _) = scheme.chosen_and_words(&answers);
        let contact = Registered {
            channel: "letters",
            language: Some("sr-Latn"),
            at,
            first_reply: None,
            read: Read::NotYet,
            closed: false,
        };
        Facts::of_contact(&contact, Belgrade, &scheme, &chosen)
    }

    #[test]
    fn a_contact_counts_on_its_local_day_in_both_nights_when_clocks_are_set_and_at_the_end_of_a_year() {
        for (at, on, hour) in [
            ("2026-03-28T22:30:00Z", "2026-03-28", "23"),
            ("2026-03-28T23:30:00Z", "2026-03-29", "00"),
            ("2026-10-24T21:30:00Z", "2026-10-24", "23"),
            ("2026-10-24T22:30:00Z", "2026-10-25", "00"),
            ("2026-12-31T22:30:00Z", "2026-12-31", "23"),
            ("2026-12-31T23:30:00Z", "2027-01-01", "00"),
        ] {
            let facts = facts(at, &[]);
            assert_eq!((facts.day, facts.values[HOUR].as_str()), (day(on), hour), "{at}");
        }
    }

    #[test]
    fn words_of_ones_own_are_not_counted_and_a_kind_says_whether_it_was_counselling() {
        let prank = facts(
            "2026-11-26T10:00:00Z",
            &[(KIND, "prank"), ("platform_named", "X Y")],
        );
        assert_eq!(prank.values[COUNSELLING], "no");
        assert_eq!(prank.values.get("platform_named"), None);
        assert_eq!(prank.values[WEEKDAY], "4");
    }

    #[test]
    fn what_does_not_change_touches_no_cell() {
        let before = facts("2026-11-26T10:00:00Z", &[(KIND, "counselling")]);
        assert!(change(std::slice::from_ref(&before), std::slice::from_ref(&before)).is_empty());
        let after = facts(
            "2026-11-26T10:00:00Z",
            &[(KIND, "counselling"), ("gender", "girl")],
        );
        let changed = change(&[before], &[after]);
        assert!(
            changed
                .iter()
                .all(|(cell, by)| *by == 1 && (cell.one == "gender" || cell.other == "gender"))
        );
    }

    #[test]
    fn every_case_is_advisory_or_forwarded_and_every_forwarded_one_has_an_institution() {
        let on = day("2026-11-26");
        let change = change(&[], &[Facts::of_case(on, None), Facts::of_case(on, Some("mup"))]);
        let count = |one: &str, value: &str| {
            let of_day = change
                .iter()
                .filter(|(cell, _)| cell.span == "2026-11-26" && cell.other.is_empty());
            let found = of_day.filter(|(cell, _)| cell.one == one && cell.value == value);
            found.map(|(_, by)| by).sum::<i64>()
        };
        assert_eq!(
            count("", ""),
            count(CASE_KIND, ADVISORY) + count(CASE_KIND, FORWARDED)
        );
        assert_eq!(count(CASE_KIND, FORWARDED), count(INSTITUTION, "mup"));
    }
}
