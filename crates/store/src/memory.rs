//! State that a running process keeps in memory. All of it may be lost: it can be rebuilt or is not needed after a restart.

pub(crate) mod log_ins;
pub mod presence;
pub(crate) mod search_index;
pub mod typing;
