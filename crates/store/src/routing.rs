//! Routing: contacts without an assignee get a counsellor, and the contacts of absent counsellors return to the queue.
//!
//! [`hotline_core::routing`] decides. This module reads the facts and writes the decisions. Each pass is one transaction.

pub mod alarm;
pub mod calendar;
mod facts;
pub mod in_danger;
pub mod moving;
pub mod offers;
pub mod overview;
pub mod pass;
mod quarantined;
pub mod schedules;
pub mod skills;
pub mod targets;
pub mod teams;
