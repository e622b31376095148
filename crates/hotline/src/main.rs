//! Hotline: a contact-intake service for helplines.

#![cfg_attr(
    not(feature = "demo"),
    expect(dead_code, reason = "only the demo and the fixtures use some of the code")
)]

mod alarm;
mod arguments;
mod audit;
mod automatic_message;
mod backup;
mod check;
mod deliver;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod fetch;
#[cfg(feature = "demo")]
mod fixtures;
mod http;
mod identity_provider;
mod keys;
mod line_runner;
mod lines;
mod listen;
mod locked_files;
mod malware;
mod master_key;
mod migrate;
mod move_database;
mod notices;
mod operation;
mod people;
mod picture;
mod process;
mod prometheus;
mod public_hosts;
mod push;
mod receive;
mod reconcile;
mod retention;
mod service;
mod settings;
mod shutdown;
mod statistics;
mod typing;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use hotline_store::error::StoreError;

/// The exit code if a newer version of Hotline has migrated the database. A supervisor should not start this program again.
const OUTDATED: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr(&arguments);
    process::keep_private();
    // All TLS connections use this cryptography provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("hotline: could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(arguments));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hotline: {error:#}");
            match is_outdated(&error) {
                true => ExitCode::from(OUTDATED),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn is_outdated(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Outdated)))
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments.config.as_deref();
    match arguments.command {
        Command::Serve => service::serve(settings::Settings::load(file)?).await?,
        #[cfg(feature = "demo")]
        Command::Demo(options) => demo::demo(options).await?,
        #[cfg(feature = "demo")]
        Command::Fixtures => fixtures::fixtures(settings::Settings::load(file)?).await?,
        #[cfg(not(feature = "demo"))]
        Command::Demo(_) | Command::Fixtures => anyhow::bail!(
            "this program was built for servers, without the demo and the fixtures: run `cargo run --release -- demo` in the source"
        ),
        Command::Doctor { recount } => {
            return Ok(doctor::doctor(settings::Settings::load(file), recount, arguments.json).await);
        }
        Command::Check => return check::check(settings::Settings::load(file)?).await,
        Command::Staff(command) => people::staff(settings::Settings::load(file)?, command).await?,
        Command::Statistics(command) => {
            return statistics::run(settings::Settings::load(file)?, command).await;
        }
        Command::Erase { reference } => people::erase(settings::Settings::load(file)?, &reference).await?,
        Command::Retention(command) => retention::run(settings::Settings::load(file)?, command).await?,
        Command::CleanPicture => picture::clean()?,
        Command::Reconcile => return reconcile::reconcile(settings::Settings::load(file)?).await,
        Command::Queue(command) => people::queue(settings::Settings::load(file)?, command).await?,
        Command::Keys(command) => return keys::run(settings::Settings::load(file)?, command).await,
        Command::Backup(command) => return backup::run(settings::Settings::load(file)?, command).await,
        Command::Restore(options) => {
            return backup::restore::run(settings::Settings::load(file)?, &options).await;
        }
        Command::Audit(command) => return audit::run(settings::Settings::load(file)?, command).await,
        Command::Migrate(options) => migrate::run(settings::Settings::load(file)?, &options).await?,
        Command::Move(options) => {
            return move_database::run(settings::Settings::load(file)?, &options).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a field of a log line. Control characters in it are escaped, so that no value can look like a line of its own or
/// change how a terminal shows the others.
fn write_field(
    writer: &mut tracing_subscriber::fmt::format::Writer<'_>,
    field: &tracing::field::Field,
    value: &dyn std::fmt::Debug,
) -> std::fmt::Result {
    let mut text = String::new();
    for letter in format!("{value:?}").chars() {
        match letter.is_control() {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
    match field.name() {
        "message" => write!(writer, "{text}"),
        // The fields of the crate `log` repeat what the line begins with.
        name if name.starts_with("log.") => Ok(()),
        name => write!(writer, " {name}={text}"),
    }
}

fn log_to_stderr(arguments: &Arguments) {
    use tracing_subscriber::{EnvFilter, Layer, filter, fmt, layer::SubscriberExt, util::SubscriberInitExt};
    let quiet = if matches!(arguments.command, Command::Serve) {
        "info"
    } else {
        "warn"
    };
    let mut asked = EnvFilter::try_from_env("HOTLINE_LOG").unwrap_or_else(|_| {
        EnvFilter::new(format!(
            "{quiet},sqlx=warn,html5ever=error,sea_orm_migration=warn"
        ))
    });
    // Entries of the audit are logged whatever level is chosen, also by commands. In the demo they would hide the addresses to open.
    if let Ok(audit) = "hotline::audit=info".parse()
        && !arguments.command.is_demo()
    {
        asked = asked.add_directive(audit);
    }
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = if arguments.json {
        // The target names entries of the audit and refused requests.
        log.json().boxed()
    } else {
        log.with_target(false)
            .fmt_fields(fmt::format::debug_fn(write_field))
            .boxed()
    };
    tracing_subscriber::registry()
        .with(log.with_filter(asked))
        .with(filter::filter_fn(is_discreet))
        .init();
}

/// Returns whether a log line may be written, whatever log level is configured. Libraries log people's words,
/// passwords and tokens at `debug` and `trace`, so log lines of libraries at these levels are dropped. The libraries in `LOUD`
/// also log this data at higher levels, so all their log lines are dropped.
fn is_discreet(line: &tracing::Metadata<'_>) -> bool {
    const LOUD: [&str; 3] = ["serenity", "teloxide", "tungstenite"];
    let (of, level) = (line.target(), *line.level());
    let is_loud = LOUD.iter().any(|loud| of.starts_with(loud));
    // SQL statements may be logged at any level, because the log omits their bound values.
    of.starts_with("hotline") || of == "sqlx::query" || (level <= tracing::Level::INFO && !is_loud)
}
