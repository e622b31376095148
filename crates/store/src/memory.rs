//! What a running process keeps in memory. All of it can be lost: it is rebuilt or forgotten when the process ends.

pub(crate) mod log_ins;
pub mod presence;
pub(crate) mod search_index;
pub mod typing;
