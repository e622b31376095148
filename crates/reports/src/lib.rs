//! Statistics as tables, charts and sentences, for pages, CSV files and workbooks.

pub mod charts;
pub mod cover;
pub mod exports;
pub mod labels;
pub mod letter;
pub mod narrative;
pub mod registers;
pub mod sentences;
pub mod tables;
