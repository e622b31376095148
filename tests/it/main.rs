//! Statements about the product, each tried on the real thing.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod crash;
mod deploy;
mod faults;
mod golden;
mod lines;
mod mail;
mod pages;
mod privacy;
mod store;
mod walls;
mod webform;
