//! Backups: the commands `hotline backup` and `hotline restore`, and the worker that makes scheduled backups.
//!
//! A backup is a folder with a copy of the database, the attachments that it names, the settings file, the list of erasures, the heads of
//! the audit, and a manifest. It never contains the master key.

mod before_migration;
mod create;
mod encryption;
mod key_search;
mod leftovers;
mod limits;
mod manifest;
mod name;
mod postgres;
pub mod restore;
mod room;
pub mod settings;
mod verify;
pub mod worker;
mod writer;

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

pub use self::{before_migration::BackupBeforeMigration, create::BackupPlan};
use self::{
    encryption::Identities,
    manifest::Manifest,
    postgres::PostgresTools,
    verify::{Decryption, backups_at, verify_backup},
};
use crate::{arguments::Backup, service::open_store_until, settings::Settings, shutdown::Signals};

/// Runs a `hotline backup` command.
pub async fn run(settings: Settings, command: Backup) -> anyhow::Result<ExitCode> {
    match command {
        Backup::Create { to } => create_backup(&settings, to.as_deref()).await,
        Backup::Verify { backup, identity } => verify(&settings, &backup, identity.as_deref()).await,
        Backup::List { folder } => list(&folder),
    }
}

async fn create_backup(settings: &Settings, to: Option<&Path>) -> anyhow::Result<ExitCode> {
    let to = to.or(settings.backup.to.as_deref());
    let to = to.context("Name the folder for the backup with --to, or set `backup.to`")?;
    let plan = BackupPlan::new(settings, to)?;
    let stop = CancellationToken::new();
    Signals::install()?.cancel(stop.clone());
    let store = open_store_until(settings, Vec::new(), &stop).await?;
    let made = create::make(&store, &plan, None, &stop).await?;
    let made = made.context("The backup was stopped by a signal, and what it had written was removed")?;
    println!(
        "Made {}: {} files, {} bytes{}. A restore also needs {}.",
        made.folder.display(),
        made.manifest.files.len(),
        made.manifest.bytes(),
        if made.manifest.encrypted {
            ", encrypted"
        } else {
            ""
        },
        made.manifest.needed_keys()
    );
    for name in &made.removed {
        println!("Removed the older backup {name}.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn verify(settings: &Settings, at: &Path, identity: Option<&Path>) -> anyhow::Result<ExitCode> {
    let identities = identity.map(Identities::read).transpose()?;
    let tools = PostgresTools::new(settings.backup.pg_dump.as_deref(), &settings.database_url());
    // A signal must not leave a decrypted database.
    let stop = CancellationToken::new();
    Signals::install()?.cancel(stop.clone());
    let mut is_good = true;
    for folder in backups_at(at)? {
        let shown = folder.display();
        // A decrypted database is removed with this folder.
        let temporary = identities.as_ref().map(|_| tempfile::tempdir()).transpose();
        let temporary = temporary.context("Could not make a temporary folder")?;
        let decryption = identities
            .as_ref()
            .zip(temporary.as_ref())
            .map(|(identities, temporary)| Decryption {
                identities,
                to: temporary.path().join("database"),
            });
        let found = match verify_backup(&folder, decryption.as_ref(), &tools, &stop).await {
            Ok(found) => found,
            Err(error) if stop.is_cancelled() => return Err(error),
            Err(error) => {
                println!(
                    "NOT VERIFIED  {shown}: {error:#}. TMPDIR names the folder for the decrypted database"
                );
                is_good = false;
                continue;
            }
        };
        for problem in &found.problems {
            println!("WRONG  {shown}: {problem}");
        }
        match &found.manifest {
            Some(manifest) if found.problems.is_empty() => println!(
                "ok     {shown}: {} files; it needs {}{}",
                manifest.files.len(),
                manifest.needed_keys(),
                match found.is_opened {
                    true => "",
                    false => ". The database was not opened, because it is encrypted: use --identity",
                }
            ),
            Some(_) | None => is_good = false,
        }
    }
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn list(folder: &Path) -> anyhow::Result<ExitCode> {
    for backup in backups_at(folder)? {
        let shown = backup
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match Manifest::read(&backup) {
            Ok(manifest) => println!(
                "{shown}  {:<10} {:>14} bytes  {}  key {}{}{}",
                manifest.engine.as_str(),
                manifest.bytes(),
                manifest.schema,
                manifest.key,
                manifest
                    .old_key
                    .as_ref()
                    .map(|old| format!(" and old key {old}"))
                    .unwrap_or_default(),
                if manifest.encrypted { "  encrypted" } else { "" }
            ),
            Err(error) => println!("{shown}  incomplete or damaged: {error:#}"),
        }
    }
    Ok(ExitCode::SUCCESS)
}
