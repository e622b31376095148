//! The command line. The doc comments of its arguments and commands are the `--help` text.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use hotline_core::{
    staff::{audit::AuditAction, identity_proof::IdentityProof, rights::Role},
    statistics::figures::Measure,
    text::locale::Language,
};

/// One inbox for everything people write to a helpline.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// The settings file; `config/hotline.toml` by default, if it exists.
    #[arg(long, global = true, env = "HOTLINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Write log lines in JSON, one object per line. `doctor` then also prints its report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the service.
    Serve,
    /// Run the service with a sample centre, in a temporary folder.
    Demo(DemoOptions),
    /// Check the settings, the database and the connection of every line, and report what works.
    Check,
    /// Describe the state of the data: numbers, times and states, without anything about people. Only reads, also while the service runs.
    /// Exits with 1 if something needs attention, and with 2 if nothing could be examined.
    Doctor {
        /// Also recount all statistics and compare the result with the stored figures. This takes a while.
        #[arg(long)]
        recount: bool,
    },
    /// Manage staff accounts.
    #[command(subcommand)]
    Staff(Staff),
    /// Print, check and enter statistics.
    Statistics(Statistics),
    /// Compare the messages in mailboxes and on platforms with the registered messages.
    Reconcile,
    /// List the background jobs that are not done, and retry parked jobs: jobs that failed and are no longer retried automatically.
    #[command(subcommand)]
    Queue(Queue),
    /// List and verify the audit.
    #[command(subcommand)]
    Audit(Audit),
    /// Make, verify and replace the master key, and keep it on paper.
    #[command(subcommand)]
    Keys(Keys),
    /// Make, verify and list backups.
    #[command(subcommand)]
    Backup(Backup),
    /// Restore a backup into an empty data folder, or an empty PostgreSQL database and an empty data folder, and check it.
    Restore(RestoreOptions),
    /// Run the pending migrations of the database, after a backup in `backup.to`, if it is set.
    Migrate(MigrateOptions),
    /// Copy the SQLite database to an empty PostgreSQL database, and compare both. The service must be stopped. Run an interrupted move
    /// again to finish it.
    Move(MoveOptions),
    /// Erase the person's words and identity from a closed contact. The statistics still count the contact.
    Erase {
        /// The contact's reference, such as 7K3M-2QX9.
        reference: String,
    },
    /// Show what the rules of retention erase, or erase now what is due.
    #[command(subcommand)]
    Retention(Retention),
    /// Read a picture from standard input, and write it without metadata to standard output. The service starts this for each picture that
    /// it shows.
    #[command(hide = true)]
    CleanPicture,
    /// Fill a new database with invented communications, cases and events that add up to the centre's published figures.
    Fixtures,
}

impl Command {
    /// Returns whether this is the demo.
    pub const fn is_demo(&self) -> bool {
        matches!(self, Self::Demo(_))
    }
}

#[derive(Subcommand)]
pub enum Backup {
    /// Make a backup. The service can run meanwhile.
    Create {
        /// The folder for backups; `backup.to` by default.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Compare a backup, or every backup in a folder, with its manifest, and open its database. Exits with 1 if anything is wrong.
    Verify {
        /// A backup, or a folder with backups.
        backup: PathBuf,
        /// The file with the age identity (private key) of encrypted backups. Without it, their databases are not opened.
        #[arg(long)]
        identity: Option<PathBuf>,
    },
    /// List the backups in a folder.
    List {
        /// The folder.
        folder: PathBuf,
    },
}

#[derive(clap::Args)]
pub struct RestoreOptions {
    /// The backup: a folder with the file manifest.json.
    pub backup: PathBuf,
    /// The file with the age identity (private key) of an encrypted backup.
    #[arg(long)]
    pub identity: Option<PathBuf>,
    /// A list of erasures that is newer than the backup. What it names is erased again. May be given several times.
    #[arg(long)]
    pub erasures: Vec<PathBuf>,
    /// Only write the settings file of the backup into this new file, and restore nothing else.
    #[arg(long)]
    pub settings_to: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct MigrateOptions {
    /// Only list the pending migrations, and say whether a backup would be made. Changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Make no backup before the migrations.
    #[arg(long)]
    pub without_backup: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct MoveOptions {
    /// The URL of the PostgreSQL database, without a password, which other users of this machine could read.
    #[arg(long)]
    pub to: Option<String>,
    /// A file with the URL of the PostgreSQL database, such as the one for `database.url_file`.
    #[arg(long)]
    pub to_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Keys {
    /// Write a new master key into a file that does not exist yet.
    New {
        /// The file.
        file: PathBuf,
    },
    /// Write a form for printing, from which the present master key can be typed in again.
    Form {
        /// The file, which must not exist yet. Choose a file system in memory, such as /dev/shm.
        #[arg(long)]
        to: PathBuf,
    },
    /// Split the present master key into shares, and write a form for printing for each of them.
    Split {
        /// The number of shares, from 2 to 16.
        #[arg(long, value_parser = clap::value_parser!(u8).range(2..=16))]
        shares: u8,
        /// The number of shares that give the key; fewer reveal nothing of it.
        #[arg(long, value_parser = clap::value_parser!(u8).range(2..=16))]
        needed: u8,
        /// The folder for the forms.
        #[arg(long)]
        to: PathBuf,
    },
    /// Read the line of a form, or enough shares, from standard input, one on each line, and write the master key that they give.
    Combine {
        /// The file, which must not exist yet.
        #[arg(long)]
        to: PathBuf,
    },
    /// Unwrap every data key with the master key, and report the ones that it does not unwrap.
    Verify,
    /// Wrap every data key with the master key in `data.key_file`, instead of the one in `data.old_key_file`. The service can run
    /// meanwhile, with the same settings.
    Replace,
}

#[derive(Subcommand)]
pub enum Retention {
    /// Print how many contacts the rules erase on each day.
    Preview {
        /// The number of days; 30 by default.
        #[arg(long)]
        days: Option<u64>,
    },
    /// Erase now what is due today, instead of in the next night.
    Run,
}

#[derive(clap::Args)]
pub struct DemoOptions {
    /// The language of the desk and of most sample contacts. By default, the language of the environment (`LANG`).
    #[arg(long, value_enum)]
    pub language: Option<DemoLanguage>,
    /// The port to listen on, on this machine only.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Keep the data in this folder instead of a temporary folder.
    #[arg(long, alias = "folder")]
    pub keep: Option<PathBuf>,
    /// The number of contacts of the past months. Tests use fewer.
    #[arg(long, hide = true, default_value_t = 4_000)]
    pub contacts: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemoLanguage {
    /// English.
    En,
    /// Serbian.
    Sr,
}

impl DemoLanguage {
    /// Returns Serbian if a locale of the environment names Serbian, and English otherwise.
    pub fn of_environment() -> Self {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].iter();
        let locale = named
            .filter_map(|name| std::env::var(name).ok())
            .find(|locale| !locale.is_empty());
        match locale.is_some_and(|locale| locale.starts_with("sr")) {
            true => Self::Sr,
            false => Self::En,
        }
    }
}

#[derive(Subcommand)]
pub enum Staff {
    /// Add an account. The command asks for the password or reads it from the first line of standard input.
    Add {
        /// The login name.
        login: String,
        /// The display name that colleagues see.
        #[arg(long)]
        name: Option<String>,
        /// counsellor, supervisor, manager, administrator or auditor.
        #[arg(long, value_parser = role)]
        role: Role,
        /// The team.
        #[arg(long)]
        team: Option<String>,
    },
    /// Add a member of staff without a password, and print the one-time link with which the person chooses one. The link is valid
    /// for 72 hours.
    Invite {
        /// The login name.
        login: String,
        /// The name shown to colleagues; the login name by default.
        #[arg(long)]
        name: Option<String>,
        /// counsellor, supervisor, manager, administrator or auditor.
        #[arg(long, value_parser = role)]
        role: Role,
        /// The team.
        #[arg(long)]
        team: Option<String>,
    },
    /// Assign a member of staff to a team. Without a team name, remove the member of staff from the current team.
    Team {
        /// The login name.
        login: String,
        /// The team. It is created when its first member joins.
        team: Option<String>,
    },
    /// Disable an account and immediately end all its sessions.
    Disable {
        /// The login name.
        login: String,
    },
    /// Enable a disabled account again.
    Enable {
        /// The login name.
        login: String,
    },
    /// Set a new password. The command asks for the password or reads it from the first line of standard input. A disabled
    /// account stays disabled.
    Reset {
        /// The login name.
        login: String,
        /// Print a one-time link with which the person chooses a password, instead of asking for one. The old password stops working.
        #[arg(long)]
        link: bool,
        /// How the person proved who they are: in_person, known_voice, video_call, other_administrator or new_account. The audit
        /// records it.
        #[arg(long, value_parser = identity_proof)]
        proof: IdentityProof,
    },
    /// Remove the second factors of an account whose owner lost them, and end its sessions. If the role needs a second factor, the
    /// owner sets one up at the next log-in.
    ResetFactors {
        /// The login name.
        login: String,
        /// How the person proved who they are: in_person, known_voice, video_call, other_administrator or new_account. The audit
        /// records it.
        #[arg(long, value_parser = identity_proof)]
        proof: IdentityProof,
    },
    /// List all accounts.
    List,
}

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Statistics {
    #[command(flatten)]
    pub asked: Asked,
    /// What to count: contact, closing, case or referral.
    #[arg(long, default_value = "contact", value_parser = parse_measure)]
    pub of: Measure,
    /// The breakdown, as names separated by commas, such as channel,month. It has at most two dimensions (channel, language, hour, weekday,
    /// counselling, or a question of the classification scheme) and at most one interval (day, week, month, quarter, year).
    #[arg(long)]
    pub by: Option<String>,
    /// Suppress small figures about persons, so that the output may be published.
    #[arg(long)]
    pub publication: bool,
    #[command(flatten)]
    pub form: Form,
    #[command(subcommand)]
    pub command: Option<Figures>,
}

/// A period, and the language of the output.
#[derive(clap::Args)]
pub struct Asked {
    /// The first day of the period, such as 2026-01-01.
    #[arg(long, conflicts_with = "period")]
    pub from: Option<NaiveDate>,
    /// The last day of the period.
    #[arg(long, conflicts_with = "period")]
    pub to: Option<NaiveDate>,
    /// A period by name: month, last_quarter, 2024, 2024-Q1, 2024-03.
    #[arg(long)]
    pub period: Option<String>,
    /// sr-Cyrl, sr-Latn or en; the centre's language by default.
    #[arg(long, value_parser = language)]
    pub language: Option<Language>,
}

/// The output format of figures.
#[derive(clap::Args)]
pub struct Form {
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Separate CSV fields with `;`, as Serbian spreadsheets expect.
    #[arg(long)]
    pub semicolon: bool,
    /// Start CSV with a byte order mark.
    #[arg(long)]
    pub bom: bool,
    /// Start CSV with lines that state the centre, the period, the time of export and the number of data lines.
    #[arg(long)]
    pub cover: bool,
}

#[derive(Subcommand)]
pub enum Figures {
    /// Recount all statistics and compare the result with the stored figures. Exits with 1 if any figure differs.
    Verify,
    /// Recount all statistics and replace the stored figures with the result.
    Rebuild,
    /// Fill in the return: the form in which a statistics body collects figures. Exits with 1 if the return is incomplete, for example
    /// because some contacts are not classified.
    Return {
        /// The statistics body: insafe or chi.
        name: String,
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        form: Form,
    },
    /// Enter the figures of an old register from a CSV file with these columns: of,value,from,to,count,source and optionally
    /// correction,reason. Enters all lines or none.
    Import {
        /// The CSV file.
        file: PathBuf,
        /// Print the entries without storing them.
        #[arg(long)]
        dry_run: bool,
    },
    /// Enter an opening balance (a number from the time before this software) or an adjustment (a correction of a counted number).
    Balance {
        /// The channel of the contacts. For cases: the institution that the cases were sent to, or `advisory` for cases that were not sent
        /// to an institution.
        #[arg(long)]
        channel: String,
        /// What the number counts: contact or case.
        #[arg(long, default_value = "contact", value_parser = parse_measure)]
        of: Measure,
        /// The first day that the number covers.
        #[arg(long)]
        first: NaiveDate,
        /// The last day that the number covers.
        #[arg(long)]
        last: NaiveDate,
        /// The number of contacts or cases. It may be negative in an adjustment.
        #[arg(long, allow_negative_numbers = true)]
        count: i64,
        /// Where the number comes from, for example the name of a paper register.
        #[arg(long)]
        source: String,
        /// Enter an adjustment instead of an opening balance.
        #[arg(long, requires = "reason")]
        correction: bool,
        /// The reason for an adjustment.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people to read.
    Table,
    /// CSV (RFC 4180).
    Csv,
    /// JSON, as in the API.
    Json,
    /// An Excel workbook.
    Xlsx,
}

#[derive(Subcommand)]
pub enum Audit {
    /// List entries, newest first.
    List {
        /// The first day, such as 2026-01-01.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// The last day.
        #[arg(long)]
        to: Option<NaiveDate>,
        /// Only the actions of this account.
        #[arg(long)]
        login: Option<String>,
        /// Only this action, such as open-contact.
        #[arg(long, value_parser = audit_action)]
        action: Option<AuditAction>,
        /// The largest number of entries.
        #[arg(long, default_value_t = 100)]
        count: u32,
    },
    /// Look for entries that were changed, removed, moved or added without the service, and for a cut end. Exits with 1 if anything is
    /// found.
    Verify {
        /// A further file with signed heads, such as a copy on another machine. May be given several times.
        #[arg(long)]
        heads: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Queue {
    /// List every job that is not done.
    List,
    /// Run one parked job or all parked jobs again.
    Retry {
        /// The number of the job. Without a number, all parked jobs run again.
        job: Option<i64>,
    },
}

fn language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| "sr-Cyrl, sr-Latn or en".to_owned())
}

fn audit_action(name: &str) -> Result<AuditAction, String> {
    AuditAction::parse(name).ok_or_else(|| {
        let all: Vec<&str> = AuditAction::ALL.iter().map(|one| one.as_str()).collect();
        format!("one of: {}", all.join(", "))
    })
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| "counsellor, supervisor, manager, administrator or auditor".to_owned())
}

fn identity_proof(name: &str) -> Result<IdentityProof, String> {
    IdentityProof::parse(name)
        .ok_or_else(|| "in_person, known_voice, video_call, other_administrator or new_account".to_owned())
}

fn parse_measure(name: &str) -> Result<Measure, String> {
    Measure::parse(name).ok_or_else(|| "contact, closing, case or referral".to_owned())
}
