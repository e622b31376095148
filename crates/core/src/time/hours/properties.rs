//! Property tests of opening hours against a model that looks at the local clock minute by minute.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Zones with different clock changes: at 02:00, at midnight (forward, and back into the previous day or into the new one), by half an
/// hour, shortly after midnight (until 2011), and none.
const ZONES: [Tz; 6] = [
    chrono_tz::Europe::Belgrade,
    chrono_tz::America::Santiago,
    chrono_tz::America::Havana,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::America::St_Johns,
    chrono_tz::Asia::Tokyo,
];

/// Days near clock changes in these zones, holidays and a leap day.
const DAYS: [&str; 13] = [
    "2010-11-07",
    "2026-03-29",
    "2026-10-25",
    "2026-04-04",
    "2026-09-06",
    "2026-03-08",
    "2026-11-01",
    "2026-04-05",
    "2026-10-04",
    "2026-12-31",
    "2027-04-30",
    "2028-02-29",
    "2023-01-01",
];

fn some_time() -> impl Strategy<Value = TimeOfDay> {
    let often = [0, 60, 120, 135, 150, 180, 240, 450, 930, 1380, 1410, 1440].map(|minutes: u16| {
        let [hour, minute] = [minutes / 60, minutes % 60].map(|part| u8::try_from(part).unwrap());
        TimeOfDay::new(hour, minute).unwrap()
    });
    let any = (0u8..24, 0u8..60).prop_map(|(hour, minute)| TimeOfDay::new(hour, minute).unwrap());
    prop_oneof![3 => select(often.to_vec()).boxed(), 1 => any.boxed()]
}

/// Valid spans, and sometimes spans that overlap, adjoin or are reversed.
fn some_spans() -> impl Strategy<Value = Vec<TimeSpan>> {
    let span = (some_time(), some_time(), prop::bool::weighted(0.9)).prop_map(|(one, other, ordered)| {
        let (opens, closes) = if ordered {
            (one.min(other), one.max(other))
        } else {
            (one, other)
        };
        TimeSpan { opens, closes }
    });
    vec(span, 0..4)
}

fn some_day() -> impl Strategy<Value = NaiveDate> {
    (select(&DAYS[..]), 0u64..5, prop::bool::weighted(0.8), 0u64..2_500).prop_map(
        |(near, days, is_near, far)| {
            let near: NaiveDate = near.parse().unwrap();
            let first = near - Days::new(2);
            first + Days::new(if is_near { days } else { far })
        },
    )
}

fn some_moment() -> impl Strategy<Value = DateTime<Utc>> {
    (some_day(), 0i64..24 * 60).prop_map(|(day, minute)| {
        let at = day.and_time(NaiveTime::MIN).and_utc();
        at + TimeDelta::minutes(minute)
    })
}

prop_compose! {
    fn some_hours()(
        week in vec(some_spans(), 7),
        weekly in prop::bool::weighted(0.9),
        holidays in select(HolidayCalendar::ALL),
        exceptions in vec((some_day(), some_spans()), 0..5),
    ) -> OpeningHours {
        let mut week = week.into_iter().map(|spans| if weekly { spans } else { Vec::new() });
        let mut next = || week.next().unwrap();
        OpeningHours {
            weekly: WeeklyTimes {
                monday: next(),
                tuesday: next(),
                wednesday: next(),
                thursday: next(),
                friday: next(),
                saturday: next(),
                sunday: next(),
            },
            holidays,
            exceptions: exceptions
                .into_iter()
                .map(|(date, times)| HoursException { date, times, reason: None })
                .collect(),
        }
    }
}

/// Looks at the local clock. In the second occurrence of a repeated hour, the service is open if it was open at the end of the first.
fn model_is_open(hours: &OpeningHours, at: DateTime<Utc>, zone: Tz) -> bool {
    let mut local = at.with_timezone(&zone).naive_local();
    let offset = |local| match zone.from_local_datetime(&local) {
        LocalResult::Ambiguous(first, second) => Some((first.to_utc(), second.to_utc())),
        LocalResult::Single(_) | LocalResult::None => None,
    };
    if offset(local).is_some_and(|(_, second)| second == at) {
        while offset(local + TimeDelta::minutes(1)).is_some() {
            local += TimeDelta::minutes(1);
        }
    }
    let time = local.time();
    hours.times_on(local.date()).iter().any(|span| {
        let minute = TimeDelta::minutes(span.opens.minutes().into());
        let end = TimeDelta::minutes(span.closes.minutes().into());
        let since_midnight = time - NaiveTime::MIN;
        minute <= since_midnight && since_midnight < end
    })
}

fn minutes_from(from: DateTime<Utc>, count: i64) -> impl Iterator<Item = DateTime<Utc>> {
    (0..count).map(move |minute| from + TimeDelta::minutes(minute))
}

proptest! {
    #[test]
    fn hours_are_open_when_the_local_clock_is_within_a_span(
        hours in some_hours(), zone in select(&ZONES[..]), from in some_moment(),
    ) {
        for at in minutes_from(from, 2 * 24 * 60).step_by(7) {
            prop_assert_eq!(hours.is_open(at, zone), model_is_open(&hours, at, zone), "{}", at);
        }
    }

    #[test]
    fn the_next_change_is_the_first_minute_with_another_state(
        hours in some_hours(), zone in select(&ZONES[..]), from in some_moment(),
    ) {
        let minutes = 2 * 24 * 60;
        let is_open = model_is_open(&hours, from, zone);
        let change = minutes_from(from, minutes).find(|at| model_is_open(&hours, *at, zone) != is_open);
        let end = from + TimeDelta::minutes(minutes);
        prop_assert_eq!(hours.next_change(from, zone).filter(|at| *at < end), change);
        let opening = minutes_from(from, minutes)
            .zip(minutes_from(from, minutes).skip(1))
            .find(|(before, at)| !model_is_open(&hours, *before, zone) && model_is_open(&hours, *at, zone))
            .map(|(_, at)| at);
        prop_assert_eq!(hours.next_opening(from, zone).filter(|at| *at < end), opening);
    }

    #[test]
    fn opening_time_is_the_number_of_open_minutes(
        hours in some_hours(), zone in select(&ZONES[..]), from in some_moment(), minutes in 0i64..3_000,
    ) {
        let open = minutes_from(from, minutes).filter(|at| model_is_open(&hours, *at, zone)).count();
        let to = from + TimeDelta::minutes(minutes);
        prop_assert_eq!(hours.open_between(from, to, zone).num_seconds(), open as i64 * 60);
    }

    #[test]
    fn opening_time_of_adjoining_periods_adds_up(
        hours in some_hours(), zone in select(&ZONES[..]), from in some_moment(),
        first in 0i64..17_000_000, second in 0i64..17_000_000,
    ) {
        let middle = from + TimeDelta::seconds(first);
        let to = middle + TimeDelta::seconds(second);
        prop_assert_eq!(
            hours.open_between(from, middle, zone) + hours.open_between(middle, to, zone),
            hours.open_between(from, to, zone)
        );
        prop_assert_eq!(hours.open_between(to, from, zone), TimeDelta::zero());
    }

    #[test]
    fn exactly_the_wait_has_passed_at_the_moment_after_it(
        hours in some_hours(), zone in select(&ZONES[..]), from in some_moment(), seconds in 0i64..2_000_000,
    ) {
        let wait = TimeDelta::seconds(seconds);
        match hours.after_open(from, wait, zone) {
            Some(at) => {
                prop_assert_eq!(hours.open_between(from, at, zone), wait);
                let second = TimeDelta::seconds(1);
                prop_assert!(wait.is_zero() || hours.open_between(from, at - second, zone) == wait - second);
                let open = if wait.is_zero() { at } else { at - second };
                prop_assert!(hours.is_open(open, zone));
            }
            None => {
                let end = from + Days::new(SEARCH_DAYS.into());
                let open = hours.open_between(from, end, zone);
                prop_assert!(open < wait || open.is_zero());
            }
        }
    }

    #[test]
    fn every_moment_of_a_closed_period_has_the_same_period(
        hours in some_hours(), zone in select(&ZONES[..]), at in some_moment(), part in 0.0f64..1.0,
    ) {
        let Some(period) = hours.closed_period(at, zone) else {
            prop_assert!(hours.is_open(at, zone));
            return Ok(());
        };
        prop_assert!(!hours.is_open(at, zone));
        prop_assert_eq!(period.since.is_some(), period.until.is_some());
        if let (Some(since), Some(until)) = (period.since, period.until) {
            prop_assert!(since <= at && at < until);
            prop_assert!(hours.is_open(until, zone));
            prop_assert!(hours.is_open(since - TimeDelta::seconds(1), zone));
            let inside = (until - since).num_seconds() as f64 * part;
            let last = until - TimeDelta::nanoseconds(1);
            for at in [since, since + TimeDelta::seconds(inside as i64), last] {
                prop_assert!(!hours.is_open(at, zone));
                prop_assert_eq!(hours.closed_period(at, zone), Some(period));
            }
        }
    }

    #[test]
    fn hours_are_the_same_after_they_are_stored_as_json(hours in some_hours()) {
        let json = serde_json::to_string(&hours).unwrap();
        prop_assert_eq!(serde_json::from_str::<OpeningHours>(&json).unwrap(), hours);
    }
}
