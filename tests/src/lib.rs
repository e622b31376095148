//! Test support: real peers such as mail servers and browsers, and the service itself as a separate program.

pub mod chat_crash;
pub mod crash;
pub mod figures;
pub mod million;
pub mod peers;
pub mod service;
pub mod staff;
