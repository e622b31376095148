//! The commands `hotline keys`: making, verifying and replacing the master key, and keeping it on paper.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, ensure};
use hotline_store::{
    db::key_rotation::WrappedKeys,
    sealing::{
        keys::Fingerprint,
        master_key::{MasterKey, make_key_file},
    },
};

use crate::{arguments::Keys, master_key, service::open_store, settings::Settings};

mod combine;
mod forms;

/// Runs a `hotline keys` command.
pub async fn run(settings: Settings, command: Keys) -> anyhow::Result<ExitCode> {
    match command {
        Keys::New { file } => {
            make_key_file(&file)
                .with_context(|| format!("Could not make the master key {}", file.display()))?;
            println!("Wrote a new master key to {}", file.display());
        }
        Keys::Form { to } => forms::write_key(&settings, &master_key::read(&settings.data).await?, &to)?,
        Keys::Split { shares, needed, to } => {
            let key = master_key::read(&settings.data).await?;
            forms::write_shares(&settings, &key, shares, needed, &to)?;
        }
        Keys::Combine { to } => restore(&to)?,
        Keys::Verify => return verify(&settings).await,
        Keys::Replace => return replace(&settings).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the master key that the lines of standard input give.
fn restore(to: &Path) -> anyhow::Result<()> {
    use std::io::IsTerminal;

    ensure!(
        !to.exists(),
        "{} exists. It is not overwritten: name another file",
        to.display()
    );
    let stdin = std::io::stdin();
    let is_terminal = stdin.is_terminal();
    if is_terminal {
        eprintln!(
            "Type the line of a form or of a share, and press Enter. Gaps and capital letters do not matter."
        );
    }
    let key: MasterKey = combine::read_key(stdin.lock(), is_terminal)?;
    key.write_new_file(to)
        .with_context(|| format!("Could not write the master key {}", to.display()))?;
    println!(
        "Wrote the master key with the fingerprint {} to {}",
        Fingerprint::of(&key)?,
        to.display()
    );
    Ok(())
}

async fn verify(settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = open_store(settings, Vec::new()).await?;
    println!(
        "The present master key has the fingerprint {}.",
        store.key_fingerprint()
    );
    Ok(report(&store.verify_keys().await?, store.is_replacing_key()))
}

async fn replace(settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = open_store(settings, Vec::new()).await?;
    ensure!(
        store.is_replacing_key(),
        "Name the present master key in `data.old_key_file`, and the new one in `data.key_file`"
    );
    let replacement = store.replace_key().await?;
    let code = report(&replacement.tables, true);
    if code == ExitCode::SUCCESS && !replacement.is_cleared {
        println!(
            "The old wrapped keys are still in the write-ahead log. They are removed when the service next stops."
        );
    }
    Ok(code)
}

/// Prints which master key unwraps the data keys of each table. Returns a failure if the present one does not unwrap them all.
pub fn report(found: &[WrappedKeys], is_replacing: bool) -> ExitCode {
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
