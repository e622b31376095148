//! The staff's screens and the API. Channels cannot be seen from here: a reply is queued, never sent.

pub mod account;
pub mod cases;
pub mod contact;
pub mod http;
pub mod inbox;
mod openapi;
mod outreach;
mod queue;
pub mod reports;
pub mod routes;
pub mod state;
pub mod statistics;
