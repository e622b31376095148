//! The operation of the service: what people outside the desk are told about its condition, and what `hotline doctor` reads.

pub mod alarms;
pub mod inspection;
