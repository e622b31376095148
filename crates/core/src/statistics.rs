//! The registered-communications statistic as pure functions: cells, measures, returns and outreach.

pub mod figures;
pub mod outreach;
pub mod returns;
pub mod suppression;
pub mod tally;
pub mod waits;
