//! Routing: duty, offers, the next contact, the supervisor's page, opening hours and the shift plan.

pub(crate) mod alarm;
pub(crate) mod api;
pub(crate) mod calendar;
mod coverage;
pub(crate) mod duty;
pub(crate) mod hours;
pub(crate) mod page;
pub(crate) mod reading;
pub(crate) mod schedules;
pub(crate) mod shifts;
pub(crate) mod skills;
mod times;
pub(crate) mod words;
