//! The staff's pages and API. This crate does not depend on the channels: it queues replies, and the channels send them.

pub mod account;
pub mod cases;
pub mod contact;
pub mod http;
pub mod inbox;
mod openapi;
mod outreach;
mod queue;
pub mod routes;
pub mod state;
pub mod statistics;
