//! Domain types and rules for a helpline's contact intake.
//!
//! This crate never reads a clock, a database, a file or the network, so its decisions can be tested and replayed without them.
//! Other crates import from its modules, never from `lib.rs`.

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
