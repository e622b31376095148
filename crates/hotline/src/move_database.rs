//! The command `hotline move`, which moves a SQLite database to PostgreSQL.

use std::{
    ops::ControlFlow,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use hotline_core::identifiers::private::Private;
use hotline_store::{
    backup::sqlite_path,
    moving::{MoveOutcome, MovePhase, MoveProgress, TableComparison, move_to_postgres},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    arguments::MoveOptions,
    service::open_store_until,
    settings::{Settings, database_url::check_protection},
    shutdown::Signals,
};

/// How often the progress within a table is printed.
const PRINT_EVERY: Duration = Duration::from_secs(1);

/// Runs `hotline move`.
///
/// # Errors
/// Fails if the settings or the target do not permit the move, or if it cannot be finished.
pub async fn run(settings: Settings, options: &MoveOptions) -> anyhow::Result<ExitCode> {
    let target = target_url(&settings, options)?;
    let source = settings.database_url();
    ensure!(
        source.expose().starts_with("sqlite:"),
        "The settings name a PostgreSQL database already. A move begins with the settings of the SQLite database"
    );
    let file = sqlite_path(source.expose())?;
    ensure!(
        file.is_file(),
        "There is no SQLite database at {}: name it in `data.folder` or `database.url`",
        file.display()
    );
    let stop = CancellationToken::new();
    Signals::install()?.cancel(stop.clone());
    let store = open_store_until(&settings, Vec::new(), &stop).await?;
    let mut printer = ProgressPrinter::default();
    let moved = move_to_postgres(&store, &target, Box::pin(stop.cancelled()), &mut |progress| {
        printer.print(progress);
        match stop.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
    .await;
    store.disconnect().await;
    match moved? {
        MoveOutcome::Stopped => {
            eprintln!(
                "Stopped. Run the same command again to go on: what is copied stays. Do not start the service before."
            );
            return Ok(ExitCode::FAILURE);
        }
        MoveOutcome::CompleteBefore => {
            println!("The move was complete before. Nothing was copied or compared.");
            print_next_steps(&settings);
            println!(
                "Keep {} until the service works with the PostgreSQL database.",
                file.display()
            );
        }
        MoveOutcome::Compared(tables) => {
            print_comparison(&tables);
            if !tables.iter().all(TableComparison::is_equal) {
                println!(
                    "WRONG: the tables with NO differ, so the service does not start with the PostgreSQL database. The SQLite database was \
                     used since the move began, or the PostgreSQL database was changed. Make a new, empty PostgreSQL database, and run the \
                     move again."
                );
                return Ok(ExitCode::FAILURE);
            }
            println!("Every table is equal.");
            print_next_steps(&settings);
            println!(
                "{} was not changed. It contains personal data: delete it once the service works with the PostgreSQL database, and only if \
                 no service used it since.",
                file.display()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_next_steps(settings: &Settings) {
    println!(
        "Next: 1. Set `database.url` or `database.url_file` to the PostgreSQL database. 2. Start the service. 3. Run \
         `hotline statistics verify` and `hotline audit verify`.\n\
         Attachments, the list of erasures and the end of the audit stay in {}: keep it.",
        settings.data.folder.display()
    );
}

/// Reads and checks the URL of the target.
fn target_url(settings: &Settings, options: &MoveOptions) -> anyhow::Result<Private<String>> {
    let url = match (&options.to, &options.to_file) {
        (Some(url), None) => {
            ensure!(
                !has_password(url)?,
                "Other users of this machine can read a password on the command line: write the URL into a file, and name it with --to-file"
            );
            url.clone()
        }
        (None, Some(file)) => std::fs::read_to_string(file)
            .with_context(|| format!("Could not read {}", file.display()))?
            .trim()
            .to_owned(),
        (Some(_), Some(_)) | (None, None) => bail!("Give --to or --to-file"),
    };
    ensure!(
        url.starts_with("postgres:") || url.starts_with("postgresql:"),
        "The URL of the target begins with postgres: or postgresql:"
    );
    check_protection(&url, settings.database.allow_unverified)?;
    Ok(url.into())
}

fn has_password(url: &str) -> anyhow::Result<bool> {
    let url = Url::parse(url).context("--to is no URL")?;
    Ok(url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"))
}

/// Prints each table when it is copied, and long ones once a second.
#[derive(Default)]
struct ProgressPrinter {
    printed_at: Option<Instant>,
}

impl ProgressPrinter {
    fn print(&mut self, progress: MoveProgress<'_>) {
        let verb = match progress.phase {
            MovePhase::Copying => "Copying",
            MovePhase::Copied => "Copied",
            MovePhase::Comparing => "Comparing",
        };
        let is_due = self.printed_at.is_none_or(|at| at.elapsed() >= PRINT_EVERY);
        if is_due || progress.phase == MovePhase::Copied {
            eprintln!("{verb} {}: {} rows", progress.table, progress.rows);
            self.printed_at = Some(Instant::now());
        }
    }
}

fn print_comparison(tables: &[TableComparison]) {
    println!("{:<24} {:>12}  {:<12}  equal", "table", "rows", "hash");
    for table in tables {
        let equal = match table.is_equal() {
            true => "yes".to_owned(),
            false => format!(
                "NO: PostgreSQL has {} rows, {}",
                table.target.rows,
                table.target.short_hash()
            ),
        };
        println!(
            "{:<24} {:>12}  {:<12}  {equal}",
            table.table,
            table.source.rows,
            table.source.short_hash()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_on_the_command_line_is_found() {
        for (url, has) in [
            ("postgres://hotline@localhost/hotline", false),
            ("postgres:///hotline?host=/run/postgresql", false),
            ("postgres://hotline:secret@localhost/hotline", true),
            ("postgres://hotline@localhost/hotline?password=secret", true),
        ] {
            assert_eq!(has_password(url).unwrap(), has, "{url}");
        }
    }
}
