//! Texts: languages, the texts of the pages and mails, and the processing of texts that people write.

pub mod address;
pub mod bilingual;
pub mod canned;
pub mod fold;
pub mod locale;
pub mod problem;
pub mod quoting;
pub mod reason;
pub mod rich;
pub mod sought;
pub mod split;
pub mod stem;
pub mod transliterate;
pub mod visible;
