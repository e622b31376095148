//! The check of a shift plan for mistakes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{Datelike, NaiveDate, Weekday};
use uuid::Uuid;

use crate::time::shifts::{
    ShiftPlan, ShiftSpan, ShiftTime, Swap, SwapState, WeeklyShift, Who,
    planned::{Assignees, StaffEntries},
};

/// The maximum number of entries of a plan: weekly shifts, exceptions and swaps. An exception with several spans counts once per span.
pub const MAX_ENTRIES: usize = 2_000;

/// The number of minutes in a week without a clock change.
const MINUTES_OF_WEEK: u32 = 7 * 24 * 60;

/// The day on which an entry of a plan begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanDay {
    /// Every week on this weekday.
    Weekday(Weekday),
    /// This date.
    Date(NaiveDate),
}

/// A mistake in a shift plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// The plan has more than [`MAX_ENTRIES`] entries.
    #[error("the plan has {count} entries; the maximum is {MAX_ENTRIES}")]
    TooManyEntries {
        /// The number of entries.
        count: usize,
    },
    /// Two weekly shifts with the same id.
    #[error("{weekday}: another weekly shift has the id {id} too")]
    DoubleShiftId {
        /// The weekday of the second shift.
        weekday: Weekday,
        /// The id.
        id: Uuid,
    },
    /// Two swaps with the same id.
    #[error("{date}: another swap has the id {id} too")]
    DoubleSwapId {
        /// The date of the second swap.
        date: NaiveDate,
        /// The id.
        id: Uuid,
    },
    /// Two exceptions of the same person or team for the same date.
    #[error("{date}: there is more than one exception for {who}")]
    DoubleException {
        /// The date.
        date: NaiveDate,
        /// The person or team.
        who: Who,
    },
    /// A shift that begins and ends at the same time.
    #[error("{day}: a shift of {who} begins and ends at {at}; write a whole day as 00:00 to 24:00")]
    ZeroLength {
        /// The day on which the shift begins.
        day: PlanDay,
        /// The person or team.
        who: Who,
        /// The time.
        at: ShiftTime,
    },
    /// A shift that begins at 24:00.
    #[error("{day}: a shift of {who} begins at 24:00; write it on the next day, from 00:00")]
    BeginsAtEndOfDay {
        /// The day of the shift.
        day: PlanDay,
        /// The person or team.
        who: Who,
    },
    /// Two shifts of a person that have time in common. Swaps and exceptions are taken into account.
    #[error("{day}: the shifts {first} and {second} of person {person} overlap")]
    Overlapping {
        /// The day on which the second shift begins.
        day: PlanDay,
        /// The person.
        person: Uuid,
        /// The shift that begins first.
        first: ShiftSpan,
        /// The shift that begins later or at the same time.
        second: ShiftSpan,
    },
    /// A swap of a shift that does not begin on the date of the swap.
    #[error(
        "{date}: person {person} cannot swap the shift {shift}, because no such shift begins on this date"
    )]
    NoSuchShift {
        /// The date of the swap.
        date: NaiveDate,
        /// The person who gives the shift away.
        person: Uuid,
        /// The id of the shift.
        shift: Uuid,
    },
    /// A swap of a shift that belongs to a team or to another person.
    #[error("{date}: the shift {shift} does not belong to person {person}, who wants to swap it")]
    NotOwnShift {
        /// The date of the swap.
        date: NaiveDate,
        /// The person who gives the shift away.
        person: Uuid,
        /// The id of the shift.
        shift: Uuid,
    },
    /// A swap in which both persons are the same.
    #[error("{date}: person {person} cannot swap a shift with themselves")]
    SwapWithOneself {
        /// The date of the swap.
        date: NaiveDate,
        /// The person.
        person: Uuid,
    },
    /// An open request to swap a shift on a date for which one of the two persons has an exception. The exception replaces the shift.
    #[error(
        "{date}: the shift {shift} cannot be swapped, because person {person} has an exception for this date"
    )]
    SwapDespiteException {
        /// The date of the swap.
        date: NaiveDate,
        /// The person with the exception.
        person: Uuid,
        /// The id of the shift.
        shift: Uuid,
    },
}

impl fmt::Display for PlanDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekday(weekday) => weekday.fmt(f),
            Self::Date(date) => date.fmt(f),
        }
    }
}

impl ShiftPlan {
    /// Checks the plan for mistakes.
    ///
    /// A confirmed swap stays valid if one of the two persons gets an exception for its date afterwards: if the person who gave the shift
    /// away falls ill, the other person keeps the shift. An open request on such a date is a mistake, because the exception replaces the
    /// shift. For a declined swap, only the id and the two persons are checked.
    ///
    /// # Errors
    /// Returns the first mistake. The check looks for mistakes in the number of entries, then in ids, times, exceptions, swaps, and finally
    /// overlapping shifts.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        self.check_count()?;
        self.check_ids()?;
        self.check_times()?;
        self.check_swaps()?;
        self.check_overlaps()
    }

    fn check_count(&self) -> Result<(), InvalidPlan> {
        let exceptions = self
            .exceptions
            .iter()
            .map(|exception| exception.spans.len().max(1));
        let count = self.weekly.len() + self.swaps.len() + exceptions.sum::<usize>();
        if count > MAX_ENTRIES {
            return Err(InvalidPlan::TooManyEntries { count });
        }
        Ok(())
    }

    fn check_ids(&self) -> Result<(), InvalidPlan> {
        let mut shifts = BTreeSet::new();
        if let Some(shift) = self.weekly.iter().find(|shift| !shifts.insert(shift.id)) {
            return Err(InvalidPlan::DoubleShiftId {
                weekday: shift.weekday,
                id: shift.id,
            });
        }
        let mut swaps = BTreeSet::new();
        if let Some(swap) = self.swaps.iter().find(|swap| !swaps.insert(swap.id)) {
            return Err(InvalidPlan::DoubleSwapId {
                date: swap.date,
                id: swap.id,
            });
        }
        let mut exceptions = BTreeSet::new();
        let mut repeated = self.exceptions.iter();
        if let Some(exception) = repeated.find(|one| !exceptions.insert((one.date, &one.who))) {
            return Err(InvalidPlan::DoubleException {
                date: exception.date,
                who: exception.who.clone(),
            });
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), InvalidPlan> {
        for shift in &self.weekly {
            check_span(PlanDay::Weekday(shift.weekday), &shift.who, shift.span())?;
        }
        for exception in &self.exceptions {
            for span in &exception.spans {
                check_span(PlanDay::Date(exception.date), &exception.who, *span)?;
            }
        }
        Ok(())
    }

    fn check_swaps(&self) -> Result<(), InvalidPlan> {
        let shifts: BTreeMap<_, _> = self.weekly.iter().map(|shift| (shift.id, shift)).collect();
        let exceptions: BTreeSet<_> = self
            .exceptions
            .iter()
            .filter_map(|exception| Some((exception.date, exception.who.person()?)))
            .collect();
        if let Some(swap) = self.swaps.iter().find(|swap| swap.from == swap.to) {
            return Err(InvalidPlan::SwapWithOneself {
                date: swap.date,
                person: swap.from,
            });
        }
        // A person who took a shift may give it to somebody else, so confirmed swaps are checked in their order.
        let mut assignees = Assignees::new();
        for swap in self.swaps_in(SwapState::Confirmed) {
            check_assignee(swap, &shifts, &assignees)?;
            assignees.insert((swap.date, swap.shift), swap.to);
        }
        for swap in self.swaps_in(SwapState::Asked) {
            check_assignee(swap, &shifts, &assignees)?;
            let mut persons = [swap.from, swap.to].into_iter();
            if let Some(person) = persons.find(|person| exceptions.contains(&(swap.date, *person))) {
                return Err(InvalidPlan::SwapDespiteException {
                    date: swap.date,
                    person,
                    shift: swap.shift,
                });
            }
        }
        Ok(())
    }

    fn swaps_in(&self, state: SwapState) -> impl Iterator<Item = &Swap> {
        self.swaps.iter().filter(move |swap| swap.state == state)
    }

    fn check_overlaps(&self) -> Result<(), InvalidPlan> {
        let assignees = self.assignees();
        let weekly = self.weekly.iter().filter_map(|shift| shift.who.person());
        let exceptions = self.exceptions.iter().filter_map(|one| one.who.person());
        let persons: BTreeSet<_> = weekly
            .chain(exceptions)
            .chain(assignees.values().copied())
            .collect();
        for person in persons {
            self.check_weekly_overlaps(person)?;
            let entries = StaffEntries::new(self, &assignees, person, None);
            for date in entries.changed_dates() {
                check_overlaps_around(date, person, &entries)?;
            }
        }
        Ok(())
    }

    /// Checks the weekly shifts of a person, also those at the end of a week with those of the next week.
    fn check_weekly_overlaps(&self, person: Uuid) -> Result<(), InvalidPlan> {
        let own = self
            .weekly
            .iter()
            .filter(|shift| shift.who.person() == Some(person));
        let mut shifts: Vec<_> = own.map(|shift| (minute_of_week(shift), shift)).collect();
        shifts.sort_by_key(|(begins, shift)| (*begins, shift.span().end_minutes()));
        let next_week = shifts
            .first()
            .map(|(begins, shift)| (begins + MINUTES_OF_WEEK, *shift));
        // A single shift does not overlap with itself, because it lasts less than a week.
        let following = shifts.iter().copied().skip(1).chain(next_week);
        for ((begins, first), (next, second)) in shifts.iter().zip(following) {
            let length = first.span().end_minutes() - first.from.minutes();
            if begins + u32::from(length) > next {
                return Err(InvalidPlan::Overlapping {
                    day: PlanDay::Weekday(second.weekday),
                    person,
                    first: first.span(),
                    second: second.span(),
                });
            }
        }
        Ok(())
    }
}

fn check_span(day: PlanDay, who: &Who, span: ShiftSpan) -> Result<(), InvalidPlan> {
    let who = who.clone();
    if span.from == ShiftTime::END_OF_DAY {
        return Err(InvalidPlan::BeginsAtEndOfDay { day, who });
    }
    if span.from == span.to {
        let at = span.from;
        return Err(InvalidPlan::ZeroLength { day, who, at });
    }
    Ok(())
}

/// Checks that the shift begins on the date of the swap and that it belongs to the person who gives it away.
fn check_assignee(
    swap: &Swap,
    shifts: &BTreeMap<Uuid, &WeeklyShift>,
    assignees: &Assignees,
) -> Result<(), InvalidPlan> {
    let (date, person, id) = (swap.date, swap.from, swap.shift);
    let shift = shifts.get(&id).filter(|shift| shift.weekday == date.weekday());
    let Some(shift) = shift else {
        return Err(InvalidPlan::NoSuchShift {
            date,
            person,
            shift: id,
        });
    };
    let original = shift.who.person();
    // Shifts of teams cannot be swapped.
    let assignee = original.map(|original| *assignees.get(&(date, id)).unwrap_or(&original));
    if assignee != Some(person) {
        return Err(InvalidPlan::NotOwnShift {
            date,
            person,
            shift: id,
        });
    }
    Ok(())
}

/// Checks the shifts of a person that begin on this date, on the day before and on the day after.
fn check_overlaps_around(
    date: NaiveDate,
    person: Uuid,
    entries: &StaffEntries<'_>,
) -> Result<(), InvalidPlan> {
    let days = [date.pred_opt(), Some(date), date.succ_opt()];
    let mut shifts: Vec<_> = days
        .into_iter()
        .flatten()
        .flat_map(|day| entries.local_times_on(day))
        .collect();
    shifts.sort_unstable();
    for (first, second) in shifts.iter().zip(shifts.iter().skip(1)) {
        if first.to > second.from {
            return Err(InvalidPlan::Overlapping {
                day: PlanDay::Date(second.from.date()),
                person,
                first: first.span,
                second: second.span,
            });
        }
    }
    Ok(())
}

fn minute_of_week(shift: &WeeklyShift) -> u32 {
    shift.weekday.num_days_from_monday() * 24 * 60 + u32::from(shift.from.minutes())
}

#[cfg(test)]
mod tests;
