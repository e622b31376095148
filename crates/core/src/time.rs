//! The clock, periods of days, opening hours and shifts.

pub mod clock;
pub mod coverage;
pub mod holidays;
pub mod hours;
pub mod local;
pub mod period;
pub mod shifts;
pub mod talk;
