//! Routing: who is available, what a contact needs, who can take it, and which contact is next.
//!
//! All functions are pure. The store reads the facts, calls [`decide::decide`] or [`queue::assign_all`], and writes the result in the same
//! transaction.

pub mod alarm;
pub mod availability;
pub mod decide;
pub mod queue;
pub mod settings;
pub mod skills;
pub mod targets;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod properties;
