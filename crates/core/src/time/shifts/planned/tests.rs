//! Tests of the shifts of a member of staff: clock changes, midnight, exceptions, swaps and the limits of the searches.

use super::*;
use crate::time::clock::start_of_day;
use crate::time::shifts::{
    samples::{ANA, BELGRADE, BOJAN, at, exception, planned, swap, team, weekly},
    swaps::SwapError,
};

/// Returns a plan with weekly shifts: the person or team, the weekday and the times. The ids count from 1.
fn plan(shifts: &[(Who, &str, &str)]) -> ShiftPlan {
    let numbered = shifts.iter().zip(1..);
    let weekly = numbered.map(|((who, weekday, times), id)| weekly(id, who.clone(), weekday, times));
    ShiftPlan {
        weekly: weekly.collect(),
        ..ShiftPlan::default()
    }
}

fn ana() -> Who {
    Who::Person(ANA)
}

fn bojan() -> Who {
    Who::Person(BOJAN)
}

/// Returns the shifts of a person that begin on this date.
fn shifts_on(plan: &ShiftPlan, staff: Uuid, of_team: Option<&str>, day: &str) -> Vec<PlannedShift> {
    let day: NaiveDate = day.parse().unwrap();
    let start = start_of_day(day, BELGRADE);
    let end = start_of_day(day + Days::new(1), BELGRADE);
    let mut shifts = plan.shifts_between(staff, of_team, start, end, BELGRADE);
    shifts.retain(|shift| shift.from >= start);
    shifts
}

#[test]
fn a_night_shift_lasts_as_long_as_the_night() {
    let plan = plan(&[(ana(), "Sat", "22:00-06:00")]);
    for (date, shift, hours) in [
        ("2026-03-21", "2026-03-21T21:00:00Z/2026-03-22T05:00:00Z", 8),
        ("2026-03-28", "2026-03-28T21:00:00Z/2026-03-29T04:00:00Z", 7),
        ("2026-10-24", "2026-10-24T20:00:00Z/2026-10-25T05:00:00Z", 9),
    ] {
        let shift = planned(shift);
        assert_eq!(shifts_on(&plan, ANA, None, date), [shift]);
        assert_eq!(shift.length(), TimeDelta::hours(hours));
        for (moment, expected) in [
            (shift.from - TimeDelta::seconds(1), false),
            (shift.from, true),
            (shift.to - TimeDelta::seconds(1), true),
            (shift.to, false),
        ] {
            assert_eq!(plan.is_planned(ANA, None, moment, BELGRADE), expected, "{moment}");
            let found = plan.shift_at(ANA, None, moment, BELGRADE);
            assert_eq!(found, expected.then_some(shift), "{moment}");
        }
    }
}

#[test]
fn a_time_in_the_skipped_hour_is_the_moment_of_the_clock_change() {
    for (times, expected) in [
        ("02:30-05:00", Some("2026-03-29T01:00:00Z/2026-03-29T03:00:00Z")),
        ("00:30-02:30", Some("2026-03-28T23:30:00Z/2026-03-29T01:00:00Z")),
        ("02:10-02:50", None),
    ] {
        let plan = plan(&[(ana(), "Sun", times)]);
        let expected: Vec<_> = expected.map(planned).into_iter().collect();
        assert_eq!(shifts_on(&plan, ANA, None, "2026-03-29"), expected, "{times}");
    }
}

#[test]
fn a_time_in_the_repeated_hour_is_its_first_occurrence() {
    let plan = plan(&[(ana(), "Sun", "01:00-02:30"), (bojan(), "Sun", "02:30-05:00")]);
    assert_eq!(
        shifts_on(&plan, ANA, None, "2026-10-25"),
        [planned("2026-10-24T23:00:00Z/2026-10-25T00:30:00Z")]
    );
    assert_eq!(
        shifts_on(&plan, BOJAN, None, "2026-10-25"),
        [planned("2026-10-25T00:30:00Z/2026-10-25T04:00:00Z")]
    );
}

#[test]
fn shifts_begin_on_a_leap_day_and_at_the_turn_of_the_year() {
    let nights = plan(&[(ana(), "Tue", "22:00-06:00"), (ana(), "Thu", "16:00-24:00")]);
    assert_eq!(
        shifts_on(&nights, ANA, None, "2028-02-29"),
        [planned("2028-02-29T21:00:00Z/2028-03-01T05:00:00Z")]
    );
    assert_eq!(
        shifts_on(&nights, ANA, None, "2026-12-31"),
        [planned("2026-12-31T15:00:00Z/2026-12-31T23:00:00Z")]
    );
    let joined = plan(&[(ana(), "Thu", "16:00-24:00"), (ana(), "Fri", "00:00-02:00")]);
    assert_eq!(
        shifts_on(&joined, ANA, None, "2026-12-31"),
        [planned("2026-12-31T15:00:00Z/2027-01-01T01:00:00Z")]
    );
}

#[test]
fn adjoining_shifts_of_a_person_and_the_team_are_one_shift() {
    let plan = plan(&[
        (ana(), "Mon", "07:00-12:00"),
        (team("day"), "Mon", "12:00-15:00"),
        (team("day"), "Mon", "14:00-16:00"),
        (team("night"), "Mon", "16:00-20:00"),
        (ana(), "Mon", "17:00-18:00"),
    ]);
    let monday = |of_team| shifts_on(&plan, ANA, of_team, "2026-11-30");
    let evening = planned("2026-11-30T16:00:00Z/2026-11-30T17:00:00Z");
    assert_eq!(
        monday(None),
        [planned("2026-11-30T06:00:00Z/2026-11-30T11:00:00Z"), evening]
    );
    assert_eq!(
        monday(Some("day")),
        [planned("2026-11-30T06:00:00Z/2026-11-30T15:00:00Z"), evening]
    );
    assert_eq!(shifts_on(&plan, BOJAN, None, "2026-11-30"), []);
}

#[test]
fn an_exception_of_a_person_replaces_their_own_and_the_teams_shifts() {
    let mut plan = plan(&[
        (ana(), "Mon", "07:00-12:00"),
        (team("day"), "Mon", "12:00-15:00"),
        (team("day"), "Sun", "22:00-06:00"),
    ]);
    plan.exceptions = vec![
        exception("2026-11-30", ana(), &[]),
        exception("2026-12-07", ana(), &["10:00-11:00"]),
        exception("2026-12-14", team("day"), &["18:00-20:00"]),
        exception("2026-12-21", team("day"), &["18:00-20:00"]),
        exception("2026-12-21", ana(), &["08:00-09:00"]),
    ];
    let hours = |staff, date| {
        let shifts = shifts_on(&plan, staff, Some("day"), date);
        shifts
            .iter()
            .map(|shift| shift.length().num_hours())
            .collect::<Vec<_>>()
    };
    for (date, of_ana, of_bojan) in [
        ("2026-11-23", vec![8], vec![3]),
        ("2026-11-30", vec![], vec![3]),
        ("2026-12-07", vec![1], vec![3]),
        ("2026-12-14", vec![5, 2], vec![2]),
        ("2026-12-21", vec![1], vec![2]),
    ] {
        assert_eq!(hours(ANA, date), of_ana, "{date}");
        assert_eq!(hours(BOJAN, date), of_bojan, "{date}");
    }
    // The shift of Sunday night continues on the day of the exception.
    let morning = at("2026-11-30T04:00:00Z");
    assert!(plan.is_planned(ANA, Some("day"), morning, BELGRADE));
}

#[test]
fn a_confirmed_swap_moves_the_shift_of_one_date() -> Result<(), SwapError> {
    let plan = plan(&[(ana(), "Sat", "22:00-06:00"), (bojan(), "Sat", "08:00-12:00")]);
    let asked = plan.ask_swap(swap(11, "2026-03-28", 1, ANA, BOJAN))?;
    let night = planned("2026-03-28T21:00:00Z/2026-03-29T04:00:00Z");
    assert_eq!(shifts_on(&asked, ANA, None, "2026-03-28"), [night]);
    let mut confirmed = asked.confirm_swap(Uuid::from_u128(11))?;
    let day = planned("2026-03-28T07:00:00Z/2026-03-28T11:00:00Z");
    assert_eq!(shifts_on(&confirmed, ANA, None, "2026-03-28"), []);
    assert_eq!(shifts_on(&confirmed, BOJAN, None, "2026-03-28"), [day, night]);
    assert_eq!(shifts_on(&confirmed, ANA, None, "2026-04-04").len(), 1);
    // Ana falls ill, and Bojan keeps the shift. Then Bojan falls ill too.
    confirmed.exceptions.push(exception("2026-03-28", ana(), &[]));
    assert_eq!(shifts_on(&confirmed, BOJAN, None, "2026-03-28"), [day, night]);
    confirmed.exceptions.push(exception("2026-03-28", bojan(), &[]));
    assert_eq!(shifts_on(&confirmed, BOJAN, None, "2026-03-28"), []);
    assert_eq!(confirmed.check(), Ok(()));
    Ok(())
}

#[test]
fn the_next_shift_begins_after_the_current_one() {
    let mut plan = plan(&[(ana(), "Mon", "07:00-12:00"), (ana(), "Mon", "12:00-15:00")]);
    let next = |plan: &ShiftPlan, moment| plan.next_shift(ANA, None, at(moment), BELGRADE);
    let first = planned("2026-11-30T06:00:00Z/2026-11-30T14:00:00Z");
    let second = planned("2026-12-07T06:00:00Z/2026-12-07T14:00:00Z");
    assert_eq!(next(&plan, "2026-11-28T10:00:00Z"), Some(first));
    assert_eq!(next(&plan, "2026-11-30T05:59:59Z"), Some(first));
    assert_eq!(next(&plan, "2026-11-30T06:00:00Z"), Some(second));
    assert_eq!(next(&plan, "2026-11-30T11:30:00Z"), Some(second));
    plan.weekly.clear();
    plan.exceptions = vec![exception("2027-01-29", ana(), &["11:00-12:00"])];
    let late = planned("2027-01-29T10:00:00Z/2027-01-29T11:00:00Z");
    assert_eq!(next(&plan, "2026-11-30T10:00:00Z"), Some(late), "in 60 days");
    assert_eq!(next(&plan, "2026-11-30T09:59:59Z"), None);
}

#[test]
fn a_list_of_shifts_covers_at_most_400_days() {
    let plan = plan(&[(ana(), "Mon", "07:00-15:00")]);
    let list = |from, to| plan.shifts_between(ANA, None, at(from), at(to), BELGRADE);
    let shifts = list("2026-11-30T14:00:00Z", "2030-01-01T00:00:00Z");
    assert_eq!(shifts.len(), 57);
    assert_eq!(shifts[0], planned("2026-12-07T06:00:00Z/2026-12-07T14:00:00Z"));
    assert_eq!(
        list("2026-11-30T13:59:59Z", "2026-12-07T06:00:00Z"),
        [planned("2026-11-30T06:00:00Z/2026-11-30T14:00:00Z")],
        "the whole shift, and none that begins at the end"
    );
    assert_eq!(list("2026-11-30T10:00:00Z", "2026-11-30T10:00:00Z"), []);
    assert_eq!(list("2026-11-30T10:00:00Z", "2026-11-29T10:00:00Z"), []);
}

#[test]
fn shifts_around_the_clock_are_one_shift_of_bounded_length() {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let plan = plan(&days.map(|day| (team("all"), day, "00:00-24:00")));
    assert_eq!(plan.check(), Ok(()));
    let now = at("2026-03-28T12:00:00Z");
    let shift = plan.shift_at(ANA, Some("all"), now, BELGRADE).unwrap();
    assert_eq!(shift, planned("2026-01-26T23:00:00Z/2026-05-27T22:00:00Z"));
    assert_eq!(plan.next_shift(ANA, Some("all"), now, BELGRADE), None);
    let list = plan.shifts_between(ANA, Some("all"), now, now + TimeDelta::days(7), BELGRADE);
    assert_eq!(list.len(), 1);
}
