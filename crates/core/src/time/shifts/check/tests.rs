//! Tests of the check: a plan for each mistake.

use super::*;
use crate::time::shifts::{
    ShiftException,
    samples::{ANA, BOJAN, VERA, date, exception, span, swap, team, weekly},
};

fn person(id: Uuid) -> Who {
    Who::Person(id)
}

fn plan(weekly: &[WeeklyShift], exceptions: &[ShiftException], swaps: &[Swap]) -> ShiftPlan {
    ShiftPlan {
        weekly: weekly.to_vec(),
        exceptions: exceptions.to_vec(),
        swaps: swaps.to_vec(),
    }
}

fn confirmed(swap: Swap) -> Swap {
    Swap {
        state: SwapState::Confirmed,
        ..swap
    }
}

fn declined(swap: Swap) -> Swap {
    Swap {
        state: SwapState::Declined,
        ..swap
    }
}

/// Monday, 30 November 2026.
const MONDAY: &str = "2026-11-30";

/// Ana works on Monday mornings and Bojan on Sunday nights.
fn two_persons() -> [WeeklyShift; 2] {
    [
        weekly(1, person(ANA), "Mon", "07:00-15:00"),
        weekly(2, person(BOJAN), "Sun", "22:00-06:00"),
    ]
}

fn assert_mistake(plan: &ShiftPlan, expected: &str) {
    assert_eq!(plan.check().unwrap_err().to_string(), expected);
}

#[test]
fn a_plan_without_mistakes_is_accepted() {
    let shifts = [
        weekly(1, person(ANA), "Sun", "16:00-24:00"),
        weekly(2, person(ANA), "Mon", "00:00-08:00"),
        weekly(3, person(BOJAN), "Mon", "07:00-15:00"),
        weekly(4, team("night"), "Mon", "22:00-06:00"),
        weekly(5, team("night"), "Mon", "23:00-07:00"),
        weekly(6, person(VERA), "Tue", "00:00-24:00"),
    ];
    let exceptions = [
        exception(MONDAY, person(ANA), &[]),
        exception(MONDAY, team("night"), &["20:00-22:00", "22:00-04:00"]),
        exception("2026-12-01", person(ANA), &["00:00-24:00"]),
    ];
    let swaps = [
        swap(11, "2026-12-07", 3, BOJAN, VERA),
        swap(12, "2026-12-07", 3, BOJAN, ANA),
        confirmed(swap(13, "2026-12-14", 3, BOJAN, VERA)),
        declined(swap(14, "2026-12-14", 99, BOJAN, ANA)),
    ];
    assert_eq!(plan(&shifts, &exceptions, &swaps).check(), Ok(()));
    assert_eq!(ShiftPlan::default().check(), Ok(()));
}

#[test]
fn a_plan_has_a_limited_number_of_entries() {
    let dates = date("2026-01-01").iter_days();
    let exceptions: Vec<_> = dates
        .take(MAX_ENTRIES - 1)
        .map(|day| exception(&day.to_string(), person(ANA), &[]))
        .collect();
    let mut plan = plan(&two_persons()[1..], &exceptions, &[]);
    assert_eq!(plan.check(), Ok(()));
    plan.exceptions[0].spans = vec![span("07:00-09:00"), span("10:00-11:00")];
    assert_mistake(&plan, "the plan has 2001 entries; the maximum is 2000");
}

#[test]
fn a_repeated_id_is_a_mistake() {
    let [morning, night] = two_persons();
    let same_id = WeeklyShift {
        id: morning.id,
        ..night.clone()
    };
    assert_mistake(
        &plan(&[morning, same_id], &[], &[]),
        "Sun: another weekly shift has the id 00000000-0000-0000-0000-000000000001 too",
    );
    let swaps = [
        swap(11, MONDAY, 1, ANA, BOJAN),
        declined(swap(11, "2026-12-07", 1, ANA, VERA)),
    ];
    assert_mistake(
        &plan(&two_persons(), &[], &swaps),
        "2026-12-07: another swap has the id 00000000-0000-0000-0000-00000000000b too",
    );
    let exceptions = [
        exception(MONDAY, team("night"), &[]),
        exception(MONDAY, team("night"), &["20:00-22:00"]),
    ];
    assert_mistake(
        &plan(&two_persons(), &exceptions, &[]),
        "2026-11-30: there is more than one exception for team “night”",
    );
}

#[test]
fn a_shift_without_a_length_is_a_mistake() {
    assert_mistake(
        &plan(&[weekly(1, person(ANA), "Fri", "07:30-07:30")], &[], &[]),
        &format!(
            "Fri: a shift of person {ANA} begins and ends at 07:30; write a whole day as 00:00 to 24:00"
        ),
    );
    assert_mistake(
        &plan(&[], &[exception(MONDAY, team("night"), &["00:00-00:00"])], &[]),
        "2026-11-30: a shift of team “night” begins and ends at 00:00; write a whole day as 00:00 to 24:00",
    );
    assert_mistake(
        &plan(&[weekly(1, person(ANA), "Fri", "24:00-07:30")], &[], &[]),
        &format!("Fri: a shift of person {ANA} begins at 24:00; write it on the next day, from 00:00"),
    );
}

#[test]
fn overlapping_weekly_shifts_of_a_person_are_a_mistake() {
    for (first, second, day) in [
        (("Mon", "07:00-15:00"), ("Mon", "14:59-22:00"), "Mon"),
        (("Mon", "07:00-15:00"), ("Mon", "07:00-15:00"), "Mon"),
        (("Mon", "22:00-06:00"), ("Tue", "05:59-07:00"), "Tue"),
        (("Sun", "22:00-06:00"), ("Mon", "05:00-13:00"), "Mon"),
        (("Sun", "22:00-06:00"), ("Mon", "00:00-24:00"), "Mon"),
    ] {
        let times = |(weekday, times)| weekly(2, person(ANA), weekday, times);
        let shifts = [weekly(1, person(ANA), second.0, second.1), times(first)];
        let expected = InvalidPlan::Overlapping {
            day: PlanDay::Weekday(day.parse().unwrap()),
            person: ANA,
            first: span(first.1),
            second: span(second.1),
        };
        assert_eq!(plan(&shifts, &[], &[]).check(), Err(expected));
        let of_a_team = shifts.map(|shift| WeeklyShift {
            who: team("night"),
            ..shift
        });
        assert_eq!(plan(&of_a_team, &[], &[]).check(), Ok(()));
    }
}

#[test]
fn an_exception_must_not_overlap_the_shift_of_the_day_before() {
    let overlapping = |day: &str, first: &str, second: &str| {
        Err(InvalidPlan::Overlapping {
            day: PlanDay::Date(date(day)),
            person: BOJAN,
            first: span(first),
            second: span(second),
        })
    };
    let check = |day: &str, spans: &[&str]| {
        let exceptions = [exception(day, person(BOJAN), spans)];
        plan(&two_persons(), &exceptions, &[]).check()
    };
    // The shift of Sunday night ends on Monday at 06:00.
    assert_eq!(
        check(MONDAY, &["05:00-09:00"]),
        overlapping(MONDAY, "22:00-06:00", "05:00-09:00")
    );
    assert_eq!(check(MONDAY, &["06:00-09:00"]), Ok(()));
    // 28 November is the Saturday before.
    assert_eq!(
        check("2026-11-28", &["23:00-22:30"]),
        overlapping("2026-11-29", "23:00-22:30", "22:00-06:00")
    );
    assert_eq!(
        check("2026-11-26", &["07:00-12:00", "11:00-13:00"]),
        overlapping("2026-11-26", "07:00-12:00", "11:00-13:00")
    );
}

#[test]
fn a_swap_needs_a_shift_that_begins_on_its_date() {
    for wrong in [
        swap(11, MONDAY, 99, ANA, BOJAN),
        swap(11, "2026-12-01", 1, ANA, BOJAN),
    ] {
        for swap in [wrong, confirmed(wrong)] {
            let expected = InvalidPlan::NoSuchShift {
                date: swap.date,
                person: ANA,
                shift: swap.shift,
            };
            assert_eq!(plan(&two_persons(), &[], &[swap]).check(), Err(expected));
        }
        assert_eq!(plan(&two_persons(), &[], &[declined(wrong)]).check(), Ok(()));
    }
}

#[test]
fn only_the_assignee_of_a_shift_can_swap_it() {
    let of_bojan = InvalidPlan::NotOwnShift {
        date: date(MONDAY),
        person: BOJAN,
        shift: Uuid::from_u128(1),
    };
    let wrong = swap(11, MONDAY, 1, BOJAN, VERA);
    assert_eq!(plan(&two_persons(), &[], &[wrong]).check(), Err(of_bojan.clone()));
    let of_team = [weekly(1, team("night"), "Mon", "07:00-15:00")];
    assert_eq!(plan(&of_team, &[], &[wrong]).check(), Err(of_bojan.clone()));
    // Ana's shift is Bojan's after the first swap, and Vera's after the second one.
    let taken = confirmed(swap(12, MONDAY, 1, ANA, BOJAN));
    assert_eq!(plan(&two_persons(), &[], &[wrong, taken]).check(), Ok(()));
    let passed_on = [taken, confirmed(wrong)];
    assert_eq!(plan(&two_persons(), &[], &passed_on).check(), Ok(()));
    let reversed = [confirmed(wrong), taken];
    assert_eq!(plan(&two_persons(), &[], &reversed).check(), Err(of_bojan));
}

#[test]
fn a_person_cannot_swap_a_shift_with_themselves() {
    let own = swap(11, MONDAY, 1, ANA, ANA);
    for swap in [own, confirmed(own), declined(own)] {
        assert_mistake(
            &plan(&two_persons(), &[], &[swap]),
            &format!("2026-11-30: person {ANA} cannot swap a shift with themselves"),
        );
    }
}

#[test]
fn a_confirmed_swap_cannot_make_shifts_overlap() {
    let shifts = [
        weekly(1, person(ANA), "Mon", "05:00-13:00"),
        weekly(2, person(BOJAN), "Sun", "22:00-06:00"),
    ];
    let asked = swap(11, MONDAY, 1, ANA, BOJAN);
    assert_eq!(plan(&shifts, &[], &[asked]).check(), Ok(()));
    let expected = InvalidPlan::Overlapping {
        day: PlanDay::Date(date(MONDAY)),
        person: BOJAN,
        first: span("22:00-06:00"),
        second: span("05:00-13:00"),
    };
    assert_eq!(plan(&shifts, &[], &[confirmed(asked)]).check(), Err(expected));
}

#[test]
fn only_an_open_request_conflicts_with_an_exception() {
    for absent in [ANA, BOJAN] {
        let exceptions = [exception(MONDAY, person(absent), &[])];
        let asked = swap(11, MONDAY, 1, ANA, BOJAN);
        let expected = InvalidPlan::SwapDespiteException {
            date: date(MONDAY),
            person: absent,
            shift: Uuid::from_u128(1),
        };
        assert_eq!(plan(&two_persons(), &exceptions, &[asked]).check(), Err(expected));
        for decided in [confirmed(asked), declined(asked)] {
            assert_eq!(plan(&two_persons(), &exceptions, &[decided]).check(), Ok(()));
        }
    }
}

#[test]
fn the_first_and_last_dates_of_the_calendar_are_checked() {
    for day in [NaiveDate::MIN, NaiveDate::MAX] {
        let mut edge = exception(MONDAY, person(ANA), &["22:00-06:00", "23:00-23:30"]);
        edge.date = day;
        // The shift that would end after the last date is ignored, so it overlaps with no other shift.
        let check = plan(&two_persons(), &[edge], &[]).check();
        assert_eq!(check.is_ok(), day == NaiveDate::MAX);
    }
}
