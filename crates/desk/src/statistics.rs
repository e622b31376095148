//! Statistics: figures, drill-down, files, returns, and the public total.

pub(crate) mod drill_down;
pub(crate) mod entries;
pub(crate) mod files;
pub(crate) mod filter;
pub(crate) mod late;
pub(crate) mod narrative;
mod navigation;
pub(crate) mod page;
pub mod public_total;
pub(crate) mod returns;
pub(crate) mod rows;
