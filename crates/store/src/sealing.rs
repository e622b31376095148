//! Encryption of stored data ("sealing"): the master key and data keys, sealed files, and the sealed content of contacts and messages.
//! Also the forms of the master key on paper.

pub mod bodies;
pub mod files;
pub mod keys;
pub mod master_key;
mod offers;
pub mod paper;
pub(crate) mod places;
pub mod shares;
