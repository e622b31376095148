//! The clock, and periods of days.

pub mod clock;
pub mod holidays;
pub mod hours;
pub mod local;
pub mod period;
pub mod shifts;
pub mod talk;
