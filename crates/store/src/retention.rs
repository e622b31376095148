//! Retention: which contacts are due by the rules of the settings, the run that erases them, and the protocol of what was erased.

pub mod due;
pub mod protocol;
pub mod run;
