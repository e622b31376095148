//! The registered-communications statistic: stored counts, snapshots, reports, adjustments, and returns (the report forms of organisations
//! that collect the statistics of helplines).

pub mod adjustments;
pub mod backlog;
pub(crate) mod breakdown;
pub mod care;
pub mod comparison;
pub mod counts;
pub(crate) mod drill_down;
pub(crate) mod filter;
pub(crate) mod recount;
pub mod referrals;
pub mod report;
pub mod returns;
pub(crate) mod rows;
pub(crate) mod snapshot;
pub mod totals;
