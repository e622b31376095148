//! What the tests stand on: real peers, and the service itself as a program of its own.

pub mod chat_crash;
pub mod crash;
pub mod figures;
pub mod million;
pub mod peers;
pub mod service;
pub mod staff;
