//! Pure rules about contacts: their messages, which contact a message joins, their status, their classification and their routing.

pub mod classification;
pub mod joining;
pub mod lifecycle;
pub mod message;
pub mod routing;
