//! State that a running process keeps in memory. Losing this state is harmless: the process rebuilds it or does not need it after a
//! restart.

pub(crate) mod log_ins;
pub mod presence;
pub(crate) mod search_index;
pub mod typing;
