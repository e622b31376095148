//! Properties of plans with random shifts, exceptions and swaps, around clock changes, leap days and the turn of the year.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use crate::time::{
    clock::start_of_day,
    shifts::{
        PlannedShift, ShiftException, ShiftPlan, ShiftSpan, ShiftTime, Swap, SwapState, WeeklyShift, Who,
        planned::StaffEntries,
        samples::{ANA, BELGRADE, BOJAN, VERA, date, team},
    },
};

const PERSONS: [Uuid; 3] = [ANA, BOJAN, VERA];
const SANTIAGO: Tz = chrono_tz::America::Santiago;
const LORD_HOWE: Tz = chrono_tz::Australia::Lord_Howe;

/// A zone and the date around which a plan has exceptions and swaps.
fn places() -> impl Strategy<Value = (Tz, NaiveDate)> {
    select(vec![
        (BELGRADE, date("2026-03-29")),
        (BELGRADE, date("2026-10-25")),
        (BELGRADE, date("2026-12-31")),
        (BELGRADE, date("2028-02-29")),
        // In Santiago the clocks change at midnight.
        (SANTIAGO, date("2026-09-06")),
        (SANTIAGO, date("2026-04-05")),
        // On Lord Howe Island the clocks change by half an hour.
        (LORD_HOWE, date("2026-04-05")),
    ])
}

fn spans() -> impl Strategy<Value = ShiftSpan> {
    let time = |quarter: u8| ShiftTime::new(quarter / 4, quarter % 4 * 15).unwrap();
    (0u8..=96, 0u8..=96).prop_map(move |(from, to)| ShiftSpan {
        from: time(from),
        to: time(to),
    })
}

fn persons_and_a_team() -> impl Strategy<Value = Who> {
    prop_oneof![
        3 => select(PERSONS.to_vec()).prop_map(Who::Person),
        1 => Just(team("night")),
    ]
}

fn weekly_shifts() -> impl Strategy<Value = Vec<WeeklyShift>> {
    let shift = (persons_and_a_team(), 0u8..7, spans());
    vec(shift, 0..12).prop_map(|shifts| {
        let numbered = shifts.into_iter().zip(1..);
        let weekly = numbered.map(|((who, weekday, span), id)| WeeklyShift {
            id: Uuid::from_u128(id),
            who,
            weekday: Weekday::try_from(weekday).unwrap(),
            from: span.from,
            to: span.to,
        });
        weekly.collect()
    })
}

fn exceptions(around: NaiveDate) -> impl Strategy<Value = Vec<ShiftException>> {
    let exception = (0u64..9, persons_and_a_team(), vec(spans(), 0..3));
    vec(exception, 0..6).prop_map(move |exceptions| {
        let exceptions = exceptions.into_iter();
        exceptions
            .map(|(day, who, spans)| ShiftException {
                date: around - Days::new(4) + Days::new(day),
                who,
                spans,
                note: String::new(),
            })
            .collect()
    })
}

/// A plan that may contain any mistake.
fn any_plan(around: NaiveDate) -> impl Strategy<Value = ShiftPlan> {
    let swap = (
        0u128..13,
        0u64..9,
        select(PERSONS.to_vec()),
        select(PERSONS.to_vec()),
    );
    let state = select(SwapState::ALL.to_vec());
    let swaps = vec((swap, state), 0..8).prop_map(move |swaps| {
        let swaps = swaps.into_iter().zip(100..);
        swaps
            .map(|(((shift, day, from, to), state), id)| Swap {
                id: Uuid::from_u128(id),
                date: around - Days::new(4) + Days::new(day),
                shift: Uuid::from_u128(shift),
                from,
                to,
                state,
            })
            .collect()
    });
    (weekly_shifts(), exceptions(around), swaps).prop_map(|(weekly, exceptions, swaps)| ShiftPlan {
        weekly,
        exceptions,
        swaps,
    })
}

/// Requests to swap: the number of a weekly shift, the week, and the person who takes the shift.
fn requests() -> impl Strategy<Value = Vec<(usize, u64, Uuid)>> {
    vec((0usize..12, 0u64..2, select(PERSONS.to_vec())), 1..8)
}

/// A plan without mistakes: the entries of a random plan, without those that would be a mistake, and with confirmed swaps.
fn checked_plan(around: NaiveDate) -> impl Strategy<Value = ShiftPlan> {
    (any_plan(around), requests()).prop_map(move |(plan, requests)| {
        let mut checked = ShiftPlan::default();
        for shift in plan.weekly {
            checked.weekly.push(shift);
            if checked.check().is_err() {
                checked.weekly.pop();
            }
        }
        for (wanted, id) in requests.into_iter().zip(300..) {
            let swap = request(&checked, id, wanted, around);
            let asked = swap.and_then(|swap| checked.ask_swap(swap).ok());
            let confirmed = asked.and_then(|asked| asked.confirm_swap(Uuid::from_u128(id)).ok());
            checked = confirmed.unwrap_or(checked);
        }
        for exception in plan.exceptions {
            checked.exceptions.push(exception);
            if checked.check().is_err() {
                checked.exceptions.pop();
            }
        }
        for swap in plan.swaps {
            checked.swaps.push(swap);
            if checked.check().is_err() {
                checked.swaps.pop();
            }
        }
        checked
    })
}

/// Returns the open request for a shift of the plan by the person to whom the shift belongs.
fn request(
    plan: &ShiftPlan,
    id: u128,
    (number, week, to): (usize, u64, Uuid),
    around: NaiveDate,
) -> Option<Swap> {
    let shift = plan.weekly.get(number % plan.weekly.len().max(1))?;
    let first = around - Days::new(4) + Days::new(7 * week);
    let date = first.iter_days().find(|day| day.weekday() == shift.weekday)?;
    let assignees = plan.assignees();
    let from = assignees.get(&(date, shift.id)).copied();
    Some(Swap {
        id: Uuid::from_u128(id),
        date,
        shift: shift.id,
        from: from.or(shift.who.person())?,
        to,
        state: SwapState::Asked,
    })
}

/// Returns the 50 days around a date in UTC.
fn fifty_days(around: NaiveDate, zone: Tz) -> PlannedShift {
    PlannedShift {
        from: start_of_day(around - Days::new(25), zone),
        to: start_of_day(around + Days::new(25), zone),
    }
}

/// Returns the working time of a person without a team within a period.
fn working_time(plan: &ShiftPlan, staff: Uuid, period: PlannedShift, zone: Tz) -> TimeDelta {
    let shifts = plan.shifts_between(staff, None, period.from, period.to, zone);
    let within = shifts
        .iter()
        .map(|shift| shift.to.min(period.to) - shift.from.max(period.from));
    within.sum()
}

/// Returns whether a person is on shift at a local time, by the rules of the module and without zones.
fn is_planned_by_rule(plan: &ShiftPlan, staff: Uuid, of_team: &str, at: NaiveDateTime) -> bool {
    let today = at.date();
    [today, today - Days::new(1)].into_iter().any(|day| {
        let exception_of = |who: &Who| {
            let mut exceptions = plan.exceptions.iter().rev();
            exceptions.find(|one| one.date == day && one.who == *who)
        };
        let of_weekday = plan.weekly.iter().filter(|shift| shift.weekday == day.weekday());
        let assignee = |shift: &WeeklyShift| {
            let mut swaps = plan.swaps.iter().rev();
            let swap = swaps.find(|swap| {
                swap.state == SwapState::Confirmed && swap.date == day && swap.shift == shift.id
            });
            swap.map_or(shift.who.clone(), |swap| Who::Person(swap.to))
        };
        let spans: Vec<ShiftSpan> = match exception_of(&Who::Person(staff)) {
            Some(exception) => exception.spans.clone(),
            None => {
                let own = of_weekday
                    .clone()
                    .filter(|shift| assignee(shift) == Who::Person(staff));
                let team = team(of_team);
                let of_team = match exception_of(&team) {
                    Some(exception) => exception.spans.clone(),
                    None => of_weekday
                        .filter(|shift| shift.who == team)
                        .map(WeeklyShift::span)
                        .collect(),
                };
                own.map(WeeklyShift::span).chain(of_team).collect()
            }
        };
        let minute = (at - day.and_time(NaiveTime::MIN)).num_minutes();
        spans.iter().any(|span| {
            let (from, to) = (i64::from(span.from.minutes()), i64::from(span.to.minutes()));
            let end = if to > from { to } else { to + 24 * 60 };
            (from..end).contains(&minute)
        })
    })
}

proptest! {
    #[test]
    fn a_person_is_on_shift_exactly_during_the_listed_shifts(
        ((zone, around), plan) in places().prop_flat_map(|place| (Just(place), any_plan(place.1))),
        minutes in vec(0i64..50 * 24 * 60, 8),
    ) {
        let period = fifty_days(around, zone);
        for of_team in [None, Some("night")] {
            let shifts = plan.shifts_between(ANA, of_team, period.from, period.to, zone);
            prop_assert!(shifts.iter().all(|shift| shift.from < shift.to));
            let gaps = shifts.iter().zip(shifts.iter().skip(1));
            prop_assert!(gaps.clone().all(|(first, second)| first.to < second.from));
            let second = TimeDelta::seconds(1);
            let edges = shifts.iter().take(6).flat_map(|shift| {
                [shift.from - second, shift.from, shift.to - second, shift.to]
            });
            let random = minutes.iter().map(|minutes| period.from + TimeDelta::minutes(*minutes));
            for at in edges.chain(random).filter(|at| period.contains(*at)) {
                let listed = shifts.iter().find(|shift| shift.contains(at)).copied();
                prop_assert_eq!(plan.is_planned(ANA, of_team, at, zone), listed.is_some(), "{}", at);
                prop_assert_eq!(plan.shift_at(ANA, of_team, at, zone), listed, "{}", at);
                let next = plan.next_shift(ANA, of_team, at, zone);
                let following = shifts.iter().find(|shift| shift.from > at).copied();
                // The next shift may begin after the period of the list.
                prop_assert!(next == following || following.is_none(), "{}", at);
            }
        }
    }

    #[test]
    fn a_person_is_on_shift_by_the_rules_of_the_plan(
        plan in any_plan(date("2028-02-29")),
        quarters in vec(0i64..14 * 24 * 4, 40),
    ) {
        let first = date("2028-02-22").and_time(NaiveTime::MIN);
        for at in quarters.iter().map(|quarter| first + TimeDelta::minutes(15 * quarter)) {
            let planned = plan.is_planned(ANA, Some("night"), at.and_utc(), chrono_tz::UTC);
            prop_assert_eq!(planned, is_planned_by_rule(&plan, ANA, "night", at), "{}", at);
        }
    }

    #[test]
    fn shifts_of_a_person_never_overlap_in_a_checked_plan(
        ((zone, around), plan) in places().prop_flat_map(|place| (Just(place), checked_plan(place.1))),
    ) {
        prop_assert_eq!(plan.check(), Ok(()));
        for staff in PERSONS {
            let assignees = plan.assignees();
            let entries = StaffEntries::new(&plan, &assignees, staff, None);
            let days = (around - Days::new(25)).iter_days().take(50);
            let mut periods: Vec<_> = days.flat_map(|day| entries.periods_on(day, zone)).collect();
            periods.sort_unstable();
            for (first, second) in periods.iter().zip(periods.iter().skip(1)) {
                prop_assert!(first.to <= second.from, "{:?} {:?}", first, second);
            }
        }
    }

    #[test]
    fn a_confirmed_swap_moves_working_time_and_keeps_its_sum(
        ((zone, around), plan) in places().prop_flat_map(|place| (Just(place), checked_plan(place.1))),
        requests in requests(),
    ) {
        let period = fifty_days(around, zone);
        let time = |plan: &ShiftPlan, staff| working_time(plan, staff, period, zone);
        let total = |plan: &ShiftPlan| PERSONS.map(|staff| time(plan, staff)).into_iter().sum::<TimeDelta>();
        let mut plan = plan;
        for (wanted, id) in requests.into_iter().zip(200..) {
            let Some(swap) = request(&plan, id, wanted, around) else { continue };
            let Ok(asked) = plan.ask_swap(swap) else { continue };
            prop_assert_eq!(total(&asked), total(&plan));
            let Ok(confirmed) = asked.confirm_swap(swap.id) else { continue };
            prop_assert_eq!(total(&confirmed), total(&plan));
            let moved = time(&plan, swap.from) - time(&confirmed, swap.from);
            prop_assert_eq!(time(&confirmed, swap.to) - time(&plan, swap.to), moved);
            prop_assert!(moved >= TimeDelta::zero());
            plan = confirmed;
        }
    }

    #[test]
    fn a_plan_is_read_back_as_it_is_written(plan in any_plan(date("2028-02-29"))) {
        let text = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<ShiftPlan>(&text).unwrap(), plan);
    }
}
