//! The words and rules of a helpline's contact intake.
//!
//! Nothing here reads a clock, a database, a file or a network: what is decided here can be read, tested and
//! replayed on its own. The other crates import from the modules, never from each other's `lib.rs`.

pub mod centre;
pub mod contact;
pub mod health;
pub mod identifiers;
pub mod intake;
pub mod job;
pub mod staff;
pub mod statistics;
pub mod text;
pub mod time;
