//! State that a running process keeps in memory. Losing this state at a restart is harmless: the process rebuilds it or no longer needs it.

pub(crate) mod breached_passwords;
pub(crate) mod known_files;
pub(crate) mod log_ins;
pub(crate) mod openings;
pub mod presence;
pub(crate) mod scheme;
pub(crate) mod search_index;
pub mod typing;
