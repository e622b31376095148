//! The job queue, and the functions that build new jobs.

pub(crate) mod new;
pub mod queue;
pub mod sizes;
