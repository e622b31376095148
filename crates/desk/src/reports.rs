//! Statistics as tables, for pages, CSV files and workbooks.

pub(crate) mod charts;
pub mod cover;
pub mod exports;
pub(crate) mod labels;
pub mod registers;
pub mod sentences;
pub mod tables;
