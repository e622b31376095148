//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use hotline_core::{staff::rights::Role, statistics::figures::Measure, text::locale::Language};

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
    /// Erase what was said in a closed contact and by whom. It stays counted as it was.
    Erase {
        /// Its reference, such as 7K3M-2QX9.
        reference: String,
    },
    /// Fill a new database with invented communications, cases and events whose sums are the published figures.
    Fixtures,
}

#[derive(Subcommand)]
pub enum Staff {
    /// Add somebody. The password is asked for, or is the first line of the standard input.
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
    /// Let somebody log in again whose account was disabled.
    Enable {
        /// The log-in name.
        login: String,
    },
    /// Give an account a new password; it is asked for, or is the first line of the standard input. A disabled account stays disabled.
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
    #[command(flatten)]
    pub asked: Asked,
    /// What is counted: contact, closing, case or referral.
    #[arg(long, default_value = "contact", value_parser = parse_measure)]
    pub of: Measure,
    /// By what: up to two dimensions of the classification, channel, language, hour, weekday or counselling, and one of day, week,
    /// month, quarter and year. With commas: channel,month.
    #[arg(long)]
    pub by: Option<String>,
    #[command(flatten)]
    pub form: Form,
    #[command(subcommand)]
    pub command: Option<Figures>,
}

/// A period, and in which language it is written down.
#[derive(clap::Args)]
pub struct Asked {
    /// The first day, such as 2026-01-01.
    #[arg(long, conflicts_with = "period")]
    pub from: Option<NaiveDate>,
    /// The last day.
    #[arg(long, conflicts_with = "period")]
    pub to: Option<NaiveDate>,
    /// A period by its name: month, last_quarter, 2024, 2024-Q1, 2024-03.
    #[arg(long)]
    pub period: Option<String>,
    /// sr-Cyrl, sr-Latn or en; the centre's own otherwise.
    #[arg(long, value_parser = language)]
    pub language: Option<Language>,
}

/// How figures are printed.
#[derive(clap::Args)]
pub struct Form {
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// CSV with `;` between its fields, as spreadsheets in Serbian want it.
    #[arg(long)]
    pub semicolon: bool,
    /// CSV that begins with a byte order mark.
    #[arg(long)]
    pub bom: bool,
    /// CSV that says before its head of whom, of when and as of when it is, and how many lines follow.
    #[arg(long)]
    pub cover: bool,
}

#[derive(Subcommand)]
pub enum Figures {
    /// Recount everything and compare; ends with 1 if anything differs.
    Verify,
    /// Count everything anew, in the place of what is kept.
    Rebuild,
    /// Fill in the return of a body; ends with 1 if anything is missing.
    Return {
        /// insafe or chi.
        name: String,
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        form: Form,
    },
    /// Enter an old register: of,value,from,to,count,source and perhaps correction,reason. All of it, or nothing.
    Import {
        /// The CSV file.
        file: PathBuf,
        /// Only say what would be entered.
        #[arg(long)]
        dry_run: bool,
    },
    /// Enter a figure from before the software, or a correction.
    Balance {
        /// For contacts the channel it belongs to; for cases `advisory`, or the institution they were sent to.
        #[arg(long)]
        channel: String,
        /// What it counts: contact or case.
        #[arg(long, default_value = "contact", value_parser = parse_measure)]
        of: Measure,
        /// Its first day.
        #[arg(long)]
        first: NaiveDate,
        /// Its last day.
        #[arg(long)]
        last: NaiveDate,
        /// How many; of a correction also less than none.
        #[arg(long, allow_negative_numbers = true)]
        count: i64,
        /// Where the figure is from.
        #[arg(long)]
        source: String,
        /// It corrects what was counted.
        #[arg(long, requires = "reason")]
        correction: bool,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
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
    /// A workbook.
    Xlsx,
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

fn language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| "sr-Cyrl, sr-Latn or en".to_owned())
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| "counsellor, supervisor, manager or administrator".to_owned())
}

/// Parses the name of a measure.
fn parse_measure(name: &str) -> Result<Measure, String> {
    Measure::parse(name).ok_or_else(|| "contact, closing, case or referral".to_owned())
}
