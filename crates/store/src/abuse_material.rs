//! Files that are locked as suspected abuse material: locking them, what two people decide about them, and destroying them.

mod decide;
pub mod list;
mod lock;
mod purge;
