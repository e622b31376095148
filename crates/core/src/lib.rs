//! Domain types and rules for a helpline's contact intake.
//!
//! The functions in this crate read no clock, database, file or network. Tests can therefore repeat every result from the arguments alone.

pub mod abuse_material;
pub mod casework;
pub mod centre;
pub mod contact;
pub mod health;
pub mod identifiers;
pub mod intake;
pub mod job;
pub mod line_fields;
pub mod malware;
pub mod masking;
pub mod master_key;
pub mod named;
pub mod network;
pub mod operation;
pub mod processing_record;
pub mod retention;
pub mod routing;
pub mod staff;
pub mod statistics;
pub mod text;
pub mod time;
