//! The database schema of Hotline, for SQLite and PostgreSQL.
//!
//! A released migration is never edited. New columns are NOT NULL with a DEFAULT. An incompatible change expands the schema in one
//! release and contracts it in the next. Times are microseconds since 1970 in UTC; days are `YYYY-MM-DD` in the centre's time zone.
//! Both sort identically on either database.

mod m20261124_000001_first_light;
mod m20261124_000002_files;
mod m20261125_000003_chats;
mod m20261125_000004_desk;
mod m20261126_000005_cases;
mod m20261126_000006_teams;
mod m20261126_000007_figures;
mod m20261126_000008_statistics;
mod m20261126_000009_answering;
mod m20261128_000010_journal_contacts;
mod m20261128_000011_restores;
mod m20261129_000012_routing;
mod m20261130_000013_quarantine;
mod m20261130_000014_reply_targets;
mod m20261201_000015_read_at;
mod m20261202_000016_macros;
mod m20261203_000017_invitations;
mod m20261204_000018_answers;
mod m20261205_000019_talk_time;
mod m20261206_000020_texts;
mod m20261207_000021_macro_steps;
mod m20261208_000022_stored_lines;
mod m20261209_000023_schemes;
mod m20261210_000024_push;
mod m20261211_000025_pinned_notes;
mod m20261212_000026_audit_chain;
mod m20261214_000028_factors;
mod m20261215_000029_retention;
mod m20261216_000030_locked_files;
mod m20261217_000031_reveals;
mod m20261218_000032_identities;
mod m20261219_000033_passkeys;
mod m20261220_000034_evidence;
mod m20261221_000035_account_notices;
mod m20261222_000036_calendar_secrets;
mod m20261223_000037_misnamed_files;
mod m20261224_000038_backups;
mod m20261225_000039_in_danger;
mod m20261227_000041_operation_alarms;

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// The migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_first_light::Migration),
            Box::new(m20261124_000002_files::Migration),
            Box::new(m20261125_000003_chats::Migration),
            Box::new(m20261125_000004_desk::Migration),
            Box::new(m20261126_000005_cases::Migration),
            Box::new(m20261126_000006_teams::Migration),
            Box::new(m20261126_000007_figures::Migration),
            Box::new(m20261126_000008_statistics::Migration),
            Box::new(m20261126_000009_answering::Migration),
            Box::new(m20261128_000010_journal_contacts::Migration),
            Box::new(m20261128_000011_restores::Migration),
            Box::new(m20261129_000012_routing::Migration),
            Box::new(m20261130_000013_quarantine::Migration),
            Box::new(m20261130_000014_reply_targets::Migration),
            Box::new(m20261201_000015_read_at::Migration),
            Box::new(m20261202_000016_macros::Migration),
            Box::new(m20261203_000017_invitations::Migration),
            Box::new(m20261204_000018_answers::Migration),
            Box::new(m20261205_000019_talk_time::Migration),
            Box::new(m20261206_000020_texts::Migration),
            Box::new(m20261207_000021_macro_steps::Migration),
            Box::new(m20261208_000022_stored_lines::Migration),
            Box::new(m20261209_000023_schemes::Migration),
            Box::new(m20261210_000024_push::Migration),
            Box::new(m20261211_000025_pinned_notes::Migration),
            Box::new(m20261212_000026_audit_chain::Migration),
            Box::new(m20261214_000028_factors::Migration),
            Box::new(m20261215_000029_retention::Migration),
            Box::new(m20261216_000030_locked_files::Migration),
            Box::new(m20261217_000031_reveals::Migration),
            Box::new(m20261218_000032_identities::Migration),
            Box::new(m20261219_000033_passkeys::Migration),
            Box::new(m20261220_000034_evidence::Migration),
            Box::new(m20261221_000035_account_notices::Migration),
            Box::new(m20261222_000036_calendar_secrets::Migration),
            Box::new(m20261223_000037_misnamed_files::Migration),
            Box::new(m20261224_000038_backups::Migration),
            Box::new(m20261225_000039_in_danger::Migration),
            Box::new(m20261227_000041_operation_alarms::Migration),
        ]
    }
}
