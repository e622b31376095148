//! The only crate that knows SQL: the queue, contacts, outbox, staff and totals, sealed where people's words are.

pub mod accept;
pub mod answers;
pub mod attachments;
pub mod audit;
pub mod changes;
mod cursors;
mod entity;
pub mod error;
pub mod fetched;
pub mod files;
pub mod inbox;
pub mod lines;
pub mod opened;
pub mod outbox;
pub mod outgoing;
mod people;
pub mod queue;
pub mod reconcile;
pub mod register;
pub mod sealing;
pub mod staff;
pub mod store;
pub mod thread;
pub mod totals;
pub mod typing;
pub mod work;
