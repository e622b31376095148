//! Texts: languages, wording, and the processing of what people write.

pub mod address;
pub mod canned;
pub mod fold;
pub mod locale;
pub mod problem;
pub mod quoting;
pub mod reason;
pub mod transliterate;
pub mod visible;
