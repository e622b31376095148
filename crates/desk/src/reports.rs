//! Tables of figures as pages, CSV and workbooks show them.

pub(crate) mod charts;
pub mod cover;
pub mod exports;
pub(crate) mod labels;
pub mod registers;
pub mod sentences;
pub mod tables;
