//! Pure rules about contacts: their messages, which contact a message joins, their status and their classification.

pub mod classification;
pub mod file_type;
pub mod joining;
pub mod lifecycle;
pub mod message;
pub mod provenance;
pub mod urgency;
pub mod writer;
