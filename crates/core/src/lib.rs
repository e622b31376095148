//! Domain types and rules for a helpline's contact intake.
//!
//! The rules in this crate read no clock, database, file or network. They can therefore be tested and replayed from their inputs
//! alone.

pub mod centre;
pub mod contact;
pub mod health;
pub mod identifiers;
pub mod intake;
pub mod job;
pub mod named;
pub mod staff;
pub mod statistics;
pub mod text;
pub mod time;
