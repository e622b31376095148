//! The rules of the statistics, as pure functions: counting, suppression of small counts, waiting times,
//! returns and outreach.

pub mod comparison;
pub mod figures;
pub mod outreach;
pub mod purpose;
pub mod returns;
pub mod scheme_effects;
pub mod suppression;
pub mod tally;
pub mod waits;
