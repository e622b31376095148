//! Pure rules about contacts: messages, joining, counting, lifecycle, classification and routing.

pub mod classification;
pub mod joining;
pub mod lifecycle;
pub mod message;
pub mod routing;
