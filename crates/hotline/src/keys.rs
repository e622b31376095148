//! The commands `hotline keys`: verifying and replacing the master key.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use hotline_store::{db::key_rotation::WrappedKeys, sealing::keys::make_key_file};

use crate::{arguments::Keys, service::open_store, settings::Settings};

/// Runs a `hotline keys` command.
pub async fn run(settings: Settings, command: Keys) -> anyhow::Result<ExitCode> {
    if let Keys::New { file } = &command {
        make_key_file(file).with_context(|| format!("Could not make the master key {}", file.display()))?;
        println!("Wrote a new master key to {}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let replaces = matches!(command, Keys::Replace);
    let store = open_store(&settings, Vec::new()).await?;
    ensure!(
        !replaces || store.is_replacing_key(),
        "Name the present master key in `data.old_key_file`, and the new one in `data.key_file`"
    );
    if !replaces {
        return Ok(report(&store.verify_keys().await?, store.is_replacing_key()));
    }
    let replacement = store.replace_key().await?;
    let code = report(&replacement.tables, true);
    if code == ExitCode::SUCCESS && !replacement.is_cleared {
        println!(
            "The old wrapped keys are still in the write-ahead log. They are removed when the service next stops."
        );
    }
    Ok(code)
}

fn report(found: &[WrappedKeys], is_replacing: bool) -> ExitCode {
    println!(
        "{:<16} {:>12} {:>12} {:>12}",
        "table", "present key", "old key", "neither"
    );
    for table in found {
        println!(
            "{:<16} {:>12} {:>12} {:>12}",
            table.table, table.present, table.old, table.neither
        );
    }
    let (old, neither): (u64, u64) = found.iter().fold((0, 0), |(old, neither), table| {
        (old + table.old, neither + table.neither)
    });
    if neither > 0 {
        println!("WRONG: {neither} data keys cannot be unwrapped. Keep every master key that you have.");
        return ExitCode::FAILURE;
    }
    if old > 0 {
        println!("{old} data keys are still wrapped with the old master key. Run `hotline keys replace`.");
        return ExitCode::FAILURE;
    }
    println!("The present master key unwraps every data key.");
    if is_replacing {
        println!(
            "Remove `data.old_key_file` from the settings, restart the service, and then destroy the old master key."
        );
    }
    ExitCode::SUCCESS
}
