//! Identifiers and secrets: line names, references, receipt codes, thread tokens and row ids.

pub mod chance;
pub mod ids;
pub mod line_name;
pub mod private;
pub mod receipt;
pub mod reference;
pub mod token;
