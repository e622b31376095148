//! The database: opening it, its tables, transactions, and the proof that the master key is its own.

pub(crate) mod batch_request;
pub(crate) mod changes;
pub(crate) mod database_file;
pub(crate) mod entity;
pub(crate) mod history;
pub(crate) mod key_proof;
mod sealed_rows;
pub mod store;
pub(crate) mod transactions;
