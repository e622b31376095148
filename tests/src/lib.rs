//! Test support: real peers such as mail servers and browsers, and the service itself as a separate program. Beside that,
//! `week` simulates a week of routing in memory.

pub mod chat_crash;
pub mod crash;
pub mod figures;
pub mod flood;
pub mod guessing;
pub mod million;
pub mod peers;
pub mod service;
pub mod staff;
pub mod week;
