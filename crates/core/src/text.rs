//! Texts: their languages, their wording, and what is done to words that people write.

pub mod address;
pub mod canned;
pub mod fold;
pub mod locale;
pub mod problem;
pub mod quoting;
pub mod reason;
pub mod transliterate;
pub mod visible;
