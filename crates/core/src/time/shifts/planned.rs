//! When a member of staff is on shift: the entries of a plan as periods in UTC.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::{GapInfo, Tz};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::time::{
    clock::day_of,
    shifts::{ShiftPlan, ShiftSpan, SwapState, WeeklyShift, Who, span::LocalTimes},
};

/// The number of days in which [`ShiftPlan::next_shift`] searches.
pub const NEXT_SHIFT_DAYS: u16 = 60;
/// The number of days that [`ShiftPlan::shifts_between`] covers at most.
pub const SHIFT_LIST_DAYS: u16 = 400;

/// The number of days by which a search is extended at both ends to find the whole of a shift that consists of adjoining spans.
const JOINED_DAYS: u16 = 60;

/// A period in which a member of staff is on shift without interruption. It includes the moment `from` and excludes the moment `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct PlannedShift {
    /// When the shift begins.
    pub from: DateTime<Utc>,
    /// When the shift ends.
    pub to: DateTime<Utc>,
}

impl ShiftPlan {
    /// Returns whether the member of staff is on shift at this moment. `team` is the person's team. A shift includes the moment at which it
    /// begins and excludes the moment at which it ends.
    ///
    /// In the night when the clocks go forward, a time in the skipped hour means the moment of the clock change. In the night when the
    /// clocks go back, a time in the repeated hour means its first occurrence, as in RFC 5545, section 3.3.5. A shift from 22:00 to 06:00
    /// therefore lasts seven hours in the first night and nine hours in the second.
    #[must_use]
    pub fn is_planned(&self, staff: Uuid, team: Option<&str>, at: DateTime<Utc>, zone: Tz) -> bool {
        let assignees = self.assignees();
        let entries = StaffEntries::new(self, &assignees, staff, team);
        // A clock change at midnight can repeat the last minutes of a day, so the next day may already have begun.
        let days = days_before(day_of(at, zone), 1).iter_days().take(3);
        days.flat_map(|date| entries.periods_on(date, zone))
            .any(|period| period.contains(at))
    }

    /// Returns the shift of the member of staff at this moment, or `None` if the person is not on shift. Spans that adjoin or overlap are
    /// one shift, also across midnight and across entries of the plan. If the shift began more than 60 days earlier or ends more than 60
    /// days later, only the part within these days is returned.
    #[must_use]
    pub fn shift_at(
        &self,
        staff: Uuid,
        team: Option<&str>,
        at: DateTime<Utc>,
        zone: Tz,
    ) -> Option<PlannedShift> {
        let first = days_before(day_of(at, zone), JOINED_DAYS);
        let shifts = self.joined_shifts(staff, team, first, 2 * JOINED_DAYS + 1, zone);
        shifts.into_iter().find(|shift| shift.contains(at))
    }

    /// Returns the first shift that begins after this moment. If the person is on shift at this moment, this is the shift after the current
    /// one. `None`: no shift begins within [`NEXT_SHIFT_DAYS`].
    #[must_use]
    pub fn next_shift(
        &self,
        staff: Uuid,
        team: Option<&str>,
        at: DateTime<Utc>,
        zone: Tz,
    ) -> Option<PlannedShift> {
        let last = moment_after(at, NEXT_SHIFT_DAYS);
        let first = days_before(day_of(at, zone), 1);
        let shifts = self.joined_shifts(staff, team, first, NEXT_SHIFT_DAYS + JOINED_DAYS, zone);
        shifts
            .into_iter()
            .find(|shift| shift.from > at)
            .filter(|shift| shift.from <= last)
    }

    /// Returns the shifts that have time in common with the period between two moments, in order. A shift that began before `from` or ends
    /// after `to` is returned with its whole length, as by [`ShiftPlan::shift_at`]. Only the first [`SHIFT_LIST_DAYS`] after `from` are
    /// covered.
    #[must_use]
    pub fn shifts_between(
        &self,
        staff: Uuid,
        team: Option<&str>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        zone: Tz,
    ) -> Vec<PlannedShift> {
        let to = to.min(moment_after(from, SHIFT_LIST_DAYS));
        if to <= from {
            return Vec::new();
        }
        let first = days_before(day_of(from, zone), JOINED_DAYS);
        let days = (day_of(to, zone) - first).num_days() + i64::from(JOINED_DAYS) + 1;
        let days = u16::try_from(days).unwrap_or(u16::MAX);
        let mut shifts = self.joined_shifts(staff, team, first, days, zone);
        shifts.retain(|shift| shift.from < to && shift.to > from);
        shifts
    }

    /// Returns the shifts that begin on one of `days` days from `first`, in order. Shifts that adjoin or overlap are joined.
    fn joined_shifts(
        &self,
        staff: Uuid,
        team: Option<&str>,
        first: NaiveDate,
        days: u16,
        zone: Tz,
    ) -> Vec<PlannedShift> {
        let assignees = self.assignees();
        let entries = StaffEntries::new(self, &assignees, staff, team);
        let dates = first.iter_days().take(days.into());
        let mut periods: Vec<_> = dates.flat_map(|date| entries.periods_on(date, zone)).collect();
        periods.sort_unstable();
        let mut shifts: Vec<PlannedShift> = Vec::new();
        for period in periods {
            match shifts.last_mut() {
                Some(shift) if period.from <= shift.to => shift.to = shift.to.max(period.to),
                Some(_) | None => shifts.push(period),
            }
        }
        shifts
    }

    /// Returns the person to whom confirmed swaps moved each shift. The key is the date and the id of the shift.
    pub(super) fn assignees(&self) -> Assignees {
        let confirmed = self.swaps.iter();
        confirmed
            .filter(|swap| swap.state == SwapState::Confirmed)
            .map(|swap| ((swap.date, swap.shift), swap.to))
            .collect()
    }
}

/// The person to whom confirmed swaps moved a shift, by the date and the id of the shift.
pub(super) type Assignees = BTreeMap<(NaiveDate, Uuid), Uuid>;

impl PlannedShift {
    /// Returns whether the person is on this shift at this moment.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// Returns the length of the shift.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

/// The entries of a plan that concern one member of staff.
pub(super) struct StaffEntries<'a> {
    /// The weekly shifts of the person.
    own: Vec<&'a WeeklyShift>,
    /// The weekly shifts of the person's team.
    team: Vec<&'a WeeklyShift>,
    /// The exceptions of the person.
    own_exceptions: BTreeMap<NaiveDate, &'a [ShiftSpan]>,
    /// The exceptions of the person's team.
    team_exceptions: BTreeMap<NaiveDate, &'a [ShiftSpan]>,
    /// The shifts that confirmed swaps moved to this person.
    gained: BTreeMap<NaiveDate, Vec<ShiftSpan>>,
    /// The id of the person.
    staff: Uuid,
    /// The persons to whom confirmed swaps moved shifts.
    assignees: &'a Assignees,
}

impl<'a> StaffEntries<'a> {
    /// Selects the entries of a member of staff.
    pub fn new(plan: &'a ShiftPlan, assignees: &'a Assignees, staff: Uuid, team: Option<&str>) -> Self {
        let is_own = |who: &Who| who.person() == Some(staff);
        let is_team = |who: &Who| match who {
            Who::Person(_) => false,
            Who::Team(name) => team == Some(name.as_str()),
        };
        let shifts_of = |applies: &dyn Fn(&Who) -> bool| {
            let shifts = plan.weekly.iter();
            shifts.filter(|shift| applies(&shift.who)).collect::<Vec<_>>()
        };
        let exceptions_of = |applies: &dyn Fn(&Who) -> bool| {
            let exceptions = plan.exceptions.iter();
            exceptions
                .filter(|exception| applies(&exception.who))
                .map(|exception| (exception.date, exception.spans.as_slice()))
                .collect::<BTreeMap<_, _>>()
        };
        let mut gained: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((date, id), _) in assignees.iter().filter(|(_, assignee)| **assignee == staff) {
            let shift = plan.weekly.iter().find(|shift| shift.id == *id);
            // A shift that was swapped away and back is one of the person's own shifts.
            let gains = |shift: &&WeeklyShift| shift.weekday == date.weekday() && !is_own(&shift.who);
            if let Some(shift) = shift.filter(gains) {
                gained.entry(*date).or_default().push(shift.span());
            }
        }
        Self {
            own: shifts_of(&is_own),
            team: shifts_of(&is_team),
            own_exceptions: exceptions_of(&is_own),
            team_exceptions: exceptions_of(&is_team),
            gained,
            staff,
            assignees,
        }
    }

    /// Returns the spans of the shifts that begin on this date.
    pub fn spans_on(&self, date: NaiveDate) -> Vec<ShiftSpan> {
        if let Some(spans) = self.own_exceptions.get(&date) {
            return spans.to_vec();
        }
        let on_weekday = |shift: &&&WeeklyShift| shift.weekday == date.weekday();
        let own = self.own.iter().filter(on_weekday);
        let kept = own.filter(|shift| {
            let assignee = self.assignees.get(&(date, shift.id));
            assignee.is_none_or(|assignee| *assignee == self.staff)
        });
        let gained = self.gained.get(&date).into_iter().flatten();
        let mut spans: Vec<_> = kept.map(|shift| shift.span()).chain(gained.copied()).collect();
        match self.team_exceptions.get(&date) {
            Some(exception) => spans.extend_from_slice(exception),
            None => spans.extend(self.team.iter().filter(on_weekday).map(|shift| shift.span())),
        }
        spans
    }

    /// Returns the shifts that begin on this date in local time, in no particular order.
    pub fn local_times_on(&self, date: NaiveDate) -> impl Iterator<Item = LocalTimes> {
        let spans = self.spans_on(date).into_iter();
        spans.filter_map(move |span| span.local_times(date))
    }

    /// Returns the shifts that begin on this date in UTC, in no particular order and without empty ones.
    pub fn periods_on(&self, date: NaiveDate, zone: Tz) -> impl Iterator<Item = PlannedShift> {
        let periods = self.local_times_on(date).map(move |times| PlannedShift {
            from: moment(times.from, zone),
            to: moment(times.to, zone),
        });
        // A shift within the skipped hour has no length.
        periods.filter(|period| period.from < period.to)
    }

    /// Returns every date on which an exception or a swap gives this person other shifts than the weekly plan.
    pub fn changed_dates(&self) -> BTreeSet<NaiveDate> {
        let exceptions = self.own_exceptions.keys();
        exceptions.chain(self.gained.keys()).copied().collect()
    }
}

/// Returns the moment of a local time. A later local time never has an earlier moment, also in the nights of clock changes.
fn moment(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let existing = local.and_local_timezone(zone).earliest();
    existing
        .or_else(|| GapInfo::new(&local, &zone)?.end)
        .map_or_else(|| local.and_utc(), |at| at.to_utc())
}

/// Returns the moment that is this number of days after `at`.
fn moment_after(at: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    at.checked_add_days(Days::new(days.into()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns the day that is this number of days before `day`.
fn days_before(day: NaiveDate, days: u16) -> NaiveDate {
    day.checked_sub_days(Days::new(days.into())).unwrap_or(day)
}

#[cfg(test)]
mod tests;
