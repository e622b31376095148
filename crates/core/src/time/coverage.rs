//! Where opening hours and the shift plan disagree: open times without anybody on shift, and shifts while every line is closed.

use std::ops::Range;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// The number of days that are compared.
pub const COVERAGE_DAYS: u16 = 14;

/// A period in which opening hours and the shift plan disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Disagreement {
    /// How they disagree.
    pub kind: DisagreementKind,
    /// When the period begins.
    pub from: DateTime<Utc>,
    /// When the period ends.
    pub to: DateTime<Utc>,
}

/// How opening hours and the shift plan disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisagreementKind {
    /// A line is open, and no member of staff is on shift.
    OpenWithoutShift,
    /// A member of staff is on shift, and every line is closed.
    ShiftWhileClosed,
}

/// Returns the periods in which exactly one of the two lists of periods applies, in order. The lists need no order, and their periods may
/// overlap. Periods of the same kind that adjoin are one. `open` contains the periods in which a line is open, and `staffed` the periods in
/// which a member of staff is on shift. A period includes its beginning and excludes its end.
#[must_use]
pub fn disagreements(open: &[Range<DateTime<Utc>>], staffed: &[Range<DateTime<Utc>>]) -> Vec<Disagreement> {
    let ends = |range: &Range<DateTime<Utc>>| [range.start, range.end];
    let mut moments: Vec<_> = open.iter().chain(staffed).flat_map(ends).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut found: Vec<Disagreement> = Vec::new();
    for (from, to) in moments.iter().zip(moments.iter().skip(1)) {
        let applies = |ranges: &[Range<DateTime<Utc>>]| ranges.iter().any(|range| range.contains(from));
        let kind = match (applies(open), applies(staffed)) {
            (true, false) => DisagreementKind::OpenWithoutShift,
            (false, true) => DisagreementKind::ShiftWhileClosed,
            (true, true) | (false, false) => continue,
        };
        match found.last_mut() {
            Some(last) if last.kind == kind && last.to == *from => last.to = *to,
            Some(_) | None => found.push(Disagreement {
                kind,
                from: *from,
                to: *to,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn periods(hours: &[(i64, i64)]) -> Vec<Range<DateTime<Utc>>> {
        hours.iter().map(|(from, to)| at(*from)..at(*to)).collect()
    }

    #[test]
    fn periods_that_only_one_side_has_are_found() {
        use DisagreementKind::{OpenWithoutShift, ShiftWhileClosed};
        for (open, staffed, expected) in [
            (vec![(8, 16)], vec![(8, 16)], vec![]),
            (vec![(8, 16)], vec![], vec![(OpenWithoutShift, 8, 16)]),
            (vec![], vec![(8, 16)], vec![(ShiftWhileClosed, 8, 16)]),
            (vec![(8, 16)], vec![(8, 12), (12, 16)], vec![]),
            (
                vec![(8, 16)],
                vec![(8, 12), (13, 16)],
                vec![(OpenWithoutShift, 12, 13)],
            ),
            (
                vec![(8, 16)],
                vec![(7, 15)],
                vec![(ShiftWhileClosed, 7, 8), (OpenWithoutShift, 15, 16)],
            ),
            (
                vec![(8, 12), (12, 16), (20, 24)],
                vec![(10, 11), (9, 13)],
                vec![
                    (OpenWithoutShift, 8, 9),
                    (OpenWithoutShift, 13, 16),
                    (OpenWithoutShift, 20, 24),
                ],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(kind, from, to)| Disagreement {
                    kind,
                    from: at(from),
                    to: at(to),
                })
                .collect();
            let found = disagreements(&periods(&open), &periods(&staffed));
            assert_eq!(found, expected, "{open:?} {staffed:?}");
        }
    }

    fn some_periods() -> impl Strategy<Value = Vec<(i64, i64)>> {
        vec(
            (0i64..60, 0i64..12).prop_map(|(from, length)| (from, from + length)),
            0..8,
        )
    }

    proptest! {
        #[test]
        fn every_hour_is_compared(open in some_periods(), staffed in some_periods()) {
            let found = disagreements(&periods(&open), &periods(&staffed));
            for hour in -1..80 {
                let applies = |all: &[(i64, i64)]| all.iter().any(|(from, to)| (*from..*to).contains(&hour));
                let expected = match (applies(&open), applies(&staffed)) {
                    (true, false) => Some(DisagreementKind::OpenWithoutShift),
                    (false, true) => Some(DisagreementKind::ShiftWhileClosed),
                    _ => None,
                };
                let mut here = found.iter().filter(|one| one.from <= at(hour) && at(hour) < one.to);
                prop_assert_eq!(here.next().map(|one| one.kind), expected);
                prop_assert!(here.next().is_none());
            }
            for pair in found.windows(2) {
                prop_assert!(pair[0].to <= pair[1].from);
                prop_assert!(pair[0].kind != pair[1].kind || pair[0].to < pair[1].from, "joined");
            }
        }
    }
}
