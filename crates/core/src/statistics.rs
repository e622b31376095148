//! The statistics as pure functions: which items are counted, which counts are stored, waiting times, returns and outreach.

pub mod figures;
pub mod outreach;
pub mod returns;
pub mod suppression;
pub mod tally;
pub mod waits;
