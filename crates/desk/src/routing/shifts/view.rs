//! The shift plan as its page shows it.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use hotline_core::{
    text::locale::Words,
    time::{
        clock::day_of,
        shifts::{PlannedShift, ShiftPlan, SwapState, WeeklyShift, Who as Worker},
    },
};
use hotline_store::staff::accounts::StaffMember;
use uuid::Uuid;

use super::names::{person_name, worker_name, worker_value};
use crate::{
    routing::{hours::weekday_name, times::write_spans},
    state::Desk,
};
use hotline_reports::labels::format_day;

/// The number of days that the page shows.
const DAYS: i64 = 14;

/// A shift of the reader.
pub(super) struct MyShift {
    pub(super) day: String,
    pub(super) times: String,
    pub(super) now: bool,
    /// The weekly shifts within this shift that can be swapped: the date, the id and the times.
    pub(super) swappable: Vec<(NaiveDate, Uuid, String)>,
}

/// Who works on a day.
pub(super) struct DayRow {
    pub(super) day: String,
    pub(super) today: bool,
    pub(super) date: NaiveDate,
    pub(super) shifts: Vec<PlannedRow>,
}

/// A shift of a person on a day.
pub(super) struct PlannedRow {
    pub(super) text: String,
    pub(super) name: String,
    /// The value that identifies the person in a form.
    pub(super) worker: String,
    /// The date on which the shift begins. A shift that began before today cannot be freed.
    pub(super) begins: NaiveDate,
}

/// A request to swap.
pub(super) struct SwapRow {
    pub(super) id: Uuid,
    pub(super) day: String,
    pub(super) times: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) state: SwapState,
}

/// A weekly shift.
pub(super) struct WeeklyRow {
    pub(super) id: Uuid,
    pub(super) weekday: String,
    pub(super) times: String,
    pub(super) who: String,
}

/// An exception from the weekly shifts.
pub(super) struct ExceptionRow {
    pub(super) date: NaiveDate,
    pub(super) day: String,
    pub(super) who: String,
    /// The value that identifies the person or team in a form.
    pub(super) worker: String,
    pub(super) times: String,
    pub(super) note: String,
}

/// A plan as the page shows it.
pub(super) struct PlanView<'a> {
    pub(super) desk: &'a Desk,
    pub(super) words: &'a Words,
    pub(super) plan: &'a ShiftPlan,
    pub(super) staff: &'a [StaffMember],
    pub(super) now: DateTime<Utc>,
}

impl PlanView<'_> {
    fn day(&self, date: NaiveDate) -> String {
        format!(
            "{}, {}",
            weekday_name(self.words, date.weekday()),
            format_day(date)
        )
    }

    fn local_day(&self, at: DateTime<Utc>) -> NaiveDate {
        day_of(at, self.desk.centre.time_zone)
    }

    fn times(&self, shift: &PlannedShift) -> String {
        let time = |at: DateTime<Utc>| {
            at.with_timezone(&self.desk.centre.time_zone)
                .format("%H:%M")
                .to_string()
        };
        let (from, to) = (time(shift.from), time(shift.to));
        let days = (self.local_day(shift.to) - self.local_day(shift.from)).num_days();
        if days > 1 || (days == 1 && to > from) {
            return format!("{from}–{to} ({})", format_day(self.local_day(shift.to)));
        }
        format!("{from}–{to}")
    }

    /// Returns the shifts of the coming days, with the shift that is under way.
    fn coming(&self, who: &StaffMember) -> Vec<PlannedShift> {
        let end = self.now + TimeDelta::days(DAYS);
        let zone = self.desk.centre.time_zone;
        self.plan
            .shifts_between(who.id, who.team.as_deref(), self.now, end, zone)
    }

    pub(super) fn shifts_of(&self, me: &StaffMember) -> Vec<MyShift> {
        let shifts = self.coming(me);
        let mut swappable = self.swappable(me);
        let mut mine: Vec<MyShift> = Vec::new();
        for shift in shifts {
            let date = self.local_day(shift.from);
            let last = self.local_day(shift.to);
            let (within, rest) = swappable
                .into_iter()
                .partition(|(begins, ..)| (date..=last).contains(begins));
            swappable = rest;
            mine.push(MyShift {
                day: self.day(date),
                times: self.times(&shift),
                now: shift.contains(self.now),
                swappable: within,
            });
        }
        mine
    }

    /// Returns the weekly shifts of the reader that can be swapped. These are the shifts of the coming days that have not begun, that no
    /// exception replaces, and that no confirmed swap moved away.
    fn swappable(&self, me: &StaffMember) -> Vec<(NaiveDate, Uuid, String)> {
        let today = self.local_day(self.now);
        let own = Worker::Person(me.id);
        let mut found = Vec::new();
        for date in today
            .iter_days()
            .skip(1)
            .take(usize::try_from(DAYS).unwrap_or_default())
        {
            let excepted = self
                .plan
                .exceptions
                .iter()
                .any(|one| one.date == date && one.who == own);
            if excepted {
                continue;
            }
            let shifts = self.plan.weekly.iter();
            for shift in shifts.filter(|shift| shift.who == own && shift.weekday == date.weekday()) {
                let moved = self.plan.swaps.iter().any(|swap| {
                    swap.shift == shift.id && swap.date == date && swap.state == SwapState::Confirmed
                });
                if !moved {
                    found.push((date, shift.id, shift.span().to_string().replace('-', "–")));
                }
            }
        }
        found
    }

    pub(super) fn days(&self, colleagues: &[StaffMember]) -> Vec<DayRow> {
        let mut all: Vec<(PlannedShift, String, Uuid)> = colleagues
            .iter()
            .flat_map(|one| {
                let name = self.words.own(&one.name);
                self.coming(one)
                    .into_iter()
                    .map(move |shift| (shift, name.clone(), one.id))
            })
            .collect();
        all.sort();
        let today = self.local_day(self.now);
        let row = |(shift, name, id): &(PlannedShift, String, Uuid)| PlannedRow {
            text: format!("{} {name}", self.times(shift)),
            name: name.clone(),
            worker: worker_value(&Worker::Person(*id)),
            begins: self.local_day(shift.from),
        };
        let days = today.iter_days().take(usize::try_from(DAYS).unwrap_or_default());
        days.map(|date| DayRow {
            day: self.day(date),
            today: date == today,
            date,
            shifts: all
                .iter()
                .filter(|(shift, ..)| self.local_day(shift.from.max(self.now)) == date)
                .map(row)
                .collect(),
        })
        .collect()
    }

    /// Returns the swaps from today on. If `all` is `false`, returns only the swaps in which `me` gives or takes a shift.
    pub(super) fn swaps(&self, me: &StaffMember, all: bool) -> Vec<SwapRow> {
        let today = self.local_day(self.now);
        let swaps = self.plan.swaps.iter().rev();
        let mut rows: Vec<SwapRow> = swaps
            .filter(|swap| swap.date >= today)
            .filter(|swap| all || [swap.from, swap.to].contains(&me.id))
            .map(|swap| {
                let shift = self.plan.weekly.iter().find(|shift| shift.id == swap.shift);
                SwapRow {
                    id: swap.id,
                    day: self.day(swap.date),
                    times: shift
                        .map(|shift| shift.span().to_string().replace('-', "–"))
                        .unwrap_or_default(),
                    from: person_name(self.words, self.staff, swap.from),
                    to: person_name(self.words, self.staff, swap.to),
                    state: swap.state,
                }
            })
            .collect();
        rows.sort_by_key(|row| row.state != SwapState::Asked);
        rows
    }

    pub(super) fn weekly(&self) -> Vec<WeeklyRow> {
        let mut shifts: Vec<&WeeklyShift> = self.plan.weekly.iter().collect();
        shifts.sort_by_key(|shift| (shift.weekday.num_days_from_monday(), shift.from, shift.to));
        shifts
            .into_iter()
            .map(|shift| WeeklyRow {
                id: shift.id,
                weekday: weekday_name(self.words, shift.weekday),
                times: shift.span().to_string().replace('-', "–"),
                who: worker_name(self.words, self.staff, &shift.who),
            })
            .collect()
    }

    pub(super) fn exceptions(&self) -> Vec<ExceptionRow> {
        let today = self.local_day(self.now);
        let coming = self.plan.exceptions.iter().filter(|one| one.date >= today);
        coming
            .map(|one| ExceptionRow {
                date: one.date,
                day: self.day(one.date),
                who: worker_name(self.words, self.staff, &one.who),
                worker: worker_value(&one.who),
                times: if one.spans.is_empty() {
                    self.words.say("shift-free")
                } else {
                    write_spans(&one.spans).replace('-', "–")
                },
                note: self.words.own(&one.note),
            })
            .collect()
    }
}
