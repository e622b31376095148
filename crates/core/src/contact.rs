//! A contact as pure rules: messages, what belongs together, what counts, its lifecycle, classification and routing.

pub mod classification;
pub mod counting;
pub mod lifecycle;
pub mod message;
pub mod routing;
