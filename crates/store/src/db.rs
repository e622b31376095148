//! The database: how it is opened, its tables and transactions, and the check that the master key belongs to this database.

pub(crate) mod account_notices;
pub(crate) mod audit;
pub(crate) mod batch_request;
pub(crate) mod changes;
pub mod condition;
pub(crate) mod contact_row;
pub(crate) mod database_file;
pub(crate) mod entity;
pub(crate) mod erasure_list;
pub(crate) mod history;
pub(crate) mod key_proof;
pub mod key_rotation;
pub mod schema;
mod sealed_rows;
pub mod store;
pub mod stored;
pub(crate) mod transactions;
pub(crate) mod unfinished_move;
pub(crate) mod unfinished_restore;
pub mod values;
