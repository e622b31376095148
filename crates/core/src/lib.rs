//! The words and rules of a helpline's contact intake.
//!
//! Nothing here reads a clock, a database, a file or a network: what is decided here can be read, tested and
//! replayed on its own. The other crates import from the modules, never from each other's `lib.rs`.

pub mod address;
pub mod canned;
pub mod centre;
pub mod chance;
pub mod classification;
pub mod clock;
pub mod contact;
pub mod counting;
pub mod figures;
pub mod fold;
pub mod health;
pub mod ids;
pub mod intake;
pub mod job;
pub mod line;
pub mod locale;
pub mod message;
pub mod outreach;
pub mod period;
pub mod preferences;
pub mod private;
pub mod problem;
pub mod quoting;
pub mod reason;
pub mod receipt;
pub mod reference;
pub mod returns;
pub mod rights;
pub mod routing;
pub mod token;
pub mod transliterate;
pub mod visible;
