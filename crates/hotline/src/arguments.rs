//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use hotline_core::rights::Role;

/// One inbox for everything people write to a helpline.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// The settings; without it `config/hotline.toml`, if there is one.
    #[arg(long, global = true, env = "HOTLINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Log as JSON, one object a line.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the service.
    Serve,
    /// Run it with sample staff and conversations, in a folder that is thrown away.
    Demo {
        /// A folder to keep instead.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// The port on this machine.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Try the settings and every connection, and say in words what works.
    Check,
    /// Members of staff.
    #[command(subcommand)]
    Staff(Staff),
    /// The registered-communications statistic.
    Statistics(Statistics),
    /// Compare what the sources hold with what was registered.
    Reconcile,
    /// Jobs that wait or were parked.
    #[command(subcommand)]
    Queue(Queue),
    /// Bring the database up to date.
    Migrate,
}

#[derive(Subcommand)]
pub enum Staff {
    /// Add somebody. The password is read from the standard input.
    Add {
        /// The log-in name.
        login: String,
        /// The work name colleagues see.
        #[arg(long)]
        name: Option<String>,
        /// counsellor, supervisor, manager or administrator.
        #[arg(long, value_parser = role)]
        role: Role,
        /// The team.
        #[arg(long)]
        team: Option<String>,
    },
    /// Put somebody into a team, or without a name into none.
    Team {
        /// The log-in name.
        login: String,
        /// The team: it comes into being with the first who is in it.
        team: Option<String>,
    },
    /// End an account and every log-in of it, now.
    Disable {
        /// The log-in name.
        login: String,
    },
    /// Give an account a new password, read from the standard input.
    Reset {
        /// The log-in name.
        login: String,
    },
    /// Who there is.
    List,
}

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Statistics {
    /// The first day, such as 2026-01-01.
    #[arg(long)]
    pub from: Option<NaiveDate>,
    /// The last day.
    #[arg(long)]
    pub to: Option<NaiveDate>,
    /// By what: up to two dimensions of the classification, channel, language, hour, weekday or counselling, and one of day, week,
    /// month, quarter and year. With commas: channel,month.
    #[arg(long)]
    pub by: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    #[command(subcommand)]
    pub command: Option<Figures>,
}

#[derive(Subcommand)]
pub enum Figures {
    /// Recount every contact and compare; ends with 1 if anything differs.
    Verify,
    /// Count every contact anew, in the place of what is kept.
    Rebuild,
    /// Enter a figure from before the software.
    Balance {
        /// The channel it belongs to.
        #[arg(long)]
        channel: String,
        /// Its first day.
        #[arg(long)]
        first: NaiveDate,
        /// Its last day.
        #[arg(long)]
        last: NaiveDate,
        /// How many.
        #[arg(long)]
        count: i64,
        /// Where the figure is from.
        #[arg(long)]
        source: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// RFC 4180.
    Csv,
    /// As the API gives it.
    Json,
}

#[derive(Subcommand)]
pub enum Queue {
    /// Every job that is not done.
    List,
    /// Run parked jobs again: one, or all.
    Retry {
        /// The job's number.
        job: Option<i64>,
    },
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| "counsellor, supervisor, manager or administrator".to_owned())
}
