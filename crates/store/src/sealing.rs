//! Encryption of stored data ("sealing"): the master key and data keys, sealed files, and the sealed content of contacts and messages.

pub mod bodies;
pub mod files;
pub mod keys;
mod offers;
pub(crate) mod places;
