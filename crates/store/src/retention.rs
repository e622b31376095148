//! Retention: which contacts are due by the rules of the settings, the run that erases them, the protocol of what was erased, and the list by
//! which a restored backup is erased again.

pub mod due;
pub mod protocol;
mod replay;
pub mod run;
