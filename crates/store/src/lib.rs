//! Storage. This is the only crate that uses SQL. It stores the job queue, contacts, outgoing messages, staff accounts and the counts of
//! the statistics. Everything that people wrote is stored encrypted ("sealed").

pub mod abuse_material;
pub mod backup;
pub mod cases;
pub mod contacts;
pub mod db;
pub mod error;
pub mod inbox;
pub mod intake;
pub mod jobs;
pub mod live;
pub mod memory;
pub mod moving;
pub mod operation;
pub mod outbound;
pub mod outreach;
pub mod registration;
pub mod retention;
pub mod routing;
pub mod sealing;
pub mod search;
pub mod staff;
mod startup;
pub mod statistics;

pub use crate::startup::{open, open_to_read, open_with_backup};
