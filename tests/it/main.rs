//! Integration tests: statements about the product, each tested on the real program.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod accessible;
mod addresses;
mod admin;
mod alarm;
mod answering;
mod api;
mod bridge;
mod canned;
mod cases;
mod chats;
mod closing;
mod connected_lines;
mod connections;
mod contract;
mod crash;
mod database_file;
mod demo;
mod deploy;
mod desk;
mod discord;
mod discord_faults;
mod documents;
mod duty;
mod erasure;
mod exports;
mod faults;
mod figures;
mod flash;
mod flood;
mod form_answers;
mod form_exit;
mod form_pages;
mod form_paths;
mod formatting;
mod full_disk;
mod golden;
mod handing;
mod histories;
mod hostile;
mod hours;
mod keyboard;
mod keys;
mod line_fields;
mod lines;
mod log;
mod machines;
mod macros;
mod mail;
mod mime;
mod pages;
mod pieces;
mod pinned_notes;
mod plans;
mod preferences;
mod privacy;
mod processes;
mod published;
mod push;
mod quarantine;
mod readable;
mod referrals;
mod schedules;
mod schemes;
mod screens;
mod search;
mod sessions;
mod several;
mod shift;
mod store;
mod system;
mod targets;
mod teams;
mod telegram;
mod telegram_faults;
mod texts;
mod tolerant;
mod walls;
mod webform;
mod wrapup;
mod writing;
