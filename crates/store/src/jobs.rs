//! The job queue, and the constructors of its jobs.

pub(crate) mod new;
pub mod queue;
