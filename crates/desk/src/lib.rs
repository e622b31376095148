//! The pages and the API for staff. This crate does not depend on the channels crate. The desk stores replies in a queue, and the channels
//! send the replies from this queue.

mod abuse_material;
pub mod account;
mod admin;
mod audit;
pub mod cases;
pub mod contact;
pub mod http;
pub mod inbox;
pub mod limits;
mod openapi;
mod outreach;
mod queue;
pub mod refusals;
mod retention;
pub mod routes;
pub mod routing;
pub mod state;
pub mod statistics;
#[cfg(feature = "demo")]
mod styleguide;
