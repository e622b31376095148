//! The staff's screens and the API. Channels cannot be seen from here: a reply is queued, never sent.

pub mod access;
mod action;
mod api;
mod attachments;
mod canned;
mod cases;
pub mod desk;
mod error;
mod figures;
mod files;
mod inbox;
mod live;
mod log;
pub mod login;
mod openapi;
mod preferences;
mod questions;
mod queue;
mod several;
mod statistics;
mod view;
mod work;
mod wrapup;
mod writing;
