//! Turning raw messages into contacts. Each batch of messages is registered in one transaction. The transaction removes duplicates, decides
//! to which contact each message belongs, and writes the result.

pub(crate) mod attachments;
pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod changes;
pub(crate) mod contact_rows;
pub(crate) mod follow_up;
pub(crate) mod locks;
pub(crate) mod message;
pub(crate) mod notice;
pub(crate) mod parts;
pub mod past;
pub mod register;
pub(crate) mod surges;
mod threading;
pub(crate) mod unfold;
mod urgency;
