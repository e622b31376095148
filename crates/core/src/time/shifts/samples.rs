//! Entries of plans for the tests.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::time::shifts::{PlannedShift, ShiftException, ShiftSpan, Swap, SwapState, WeeklyShift, Who};

pub const ANA: Uuid = Uuid::from_u128(0xa);
pub const BOJAN: Uuid = Uuid::from_u128(0xb);
pub const VERA: Uuid = Uuid::from_u128(0xc);

pub const BELGRADE: Tz = chrono_tz::Europe::Belgrade;

pub fn team(name: &str) -> Who {
    Who::Team(name.to_owned())
}

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns the shift between two moments in UTC, written as `2026-11-24T06:30Z/2026-11-24T14:30Z`.
pub fn planned(text: &str) -> PlannedShift {
    let (from, to) = text.split_once('/').unwrap();
    PlannedShift {
        from: at(from),
        to: at(to),
    }
}

/// Returns the span that is written as `07:30-15:30`.
pub fn span(text: &str) -> ShiftSpan {
    let (from, to) = text.split_once('-').unwrap();
    ShiftSpan {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

pub fn weekly(id: u128, who: Who, weekday: &str, times: &str) -> WeeklyShift {
    let ShiftSpan { from, to } = span(times);
    WeeklyShift {
        id: Uuid::from_u128(id),
        who,
        weekday: weekday.parse().unwrap(),
        from,
        to,
    }
}

pub fn exception(day: &str, who: Who, spans: &[&str]) -> ShiftException {
    ShiftException {
        date: date(day),
        who,
        spans: spans.iter().map(|times| span(times)).collect(),
        note: String::new(),
    }
}

/// Returns an open request.
pub fn swap(id: u128, day: &str, shift: u128, from: Uuid, to: Uuid) -> Swap {
    Swap {
        id: Uuid::from_u128(id),
        date: date(day),
        shift: Uuid::from_u128(shift),
        from,
        to,
        state: SwapState::Asked,
    }
}
