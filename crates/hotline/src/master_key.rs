//! Where the master key comes from: a file, the environment, or a command such as the client of a key management service.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anyhow::{Context, bail, ensure};
use hotline_core::master_key::{OLD_VARIABLE, VARIABLE};
use hotline_store::sealing::master_key::{KeySource, MasterKey};
use zeroize::Zeroizing;

use crate::settings::Data;

/// How long a command may take. A person may have to confirm at a hardware security module.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the source of the master key. `None`: no source is set.
///
/// # Errors
/// Fails if several sources are set, or if the command fails.
pub async fn present(data: &Data) -> anyhow::Result<Option<KeySource>> {
    let set = (data.key_file.clone(), data.key_command.as_deref());
    find(set, VARIABLE, "`data.key_file`, `data.key_command`").await
}

/// Reads the master key, and makes none.
///
/// # Errors
/// Fails if several sources are set, or if the key cannot be read.
pub async fn read(data: &Data) -> anyhow::Result<MasterKey> {
    let usual = || KeySource::File(data.folder.join("master.key"));
    MasterKey::read(&present(data).await?.unwrap_or_else(usual))
}

/// Reads the master key that is being replaced. `None`: none is being replaced.
///
/// # Errors
/// Fails if several sources are set, or if the key cannot be read.
pub async fn read_old(data: &Data) -> anyhow::Result<Option<MasterKey>> {
    old(data).await?.as_ref().map(MasterKey::read).transpose()
}

/// Returns the source of the master key that is being replaced. `None`: none is being replaced.
///
/// # Errors
/// Fails if several sources are set, or if the command fails.
pub async fn old(data: &Data) -> anyhow::Result<Option<KeySource>> {
    let set = (data.old_key_file.clone(), data.old_key_command.as_deref());
    find(set, OLD_VARIABLE, "`data.old_key_file`, `data.old_key_command`").await
}

/// Returns whether the master key is in the data folder, so that a thief of the folder has both.
pub fn is_beside_data(data: &Data) -> bool {
    let is_in_folder = data
        .key_file
        .as_ref()
        .is_some_and(|file| file.starts_with(&data.folder));
    is_in_folder || data.folder.join("master.key").exists()
}

async fn find(
    (file, command): (Option<PathBuf>, Option<&str>),
    variable: &'static str,
    settings: &str,
) -> anyhow::Result<Option<KeySource>> {
    let given = match std::env::var_os(variable).map(OsString::into_string) {
        Some(Ok(text)) if !text.trim().is_empty() => Some(KeySource::Text {
            text: Zeroizing::new(text),
            origin: variable,
        }),
        // A variable that somebody forgot to fill must not make a new key.
        Some(Ok(_)) if variable == VARIABLE && file.is_none() && command.is_none() => {
            bail!("The environment variable {variable} is empty")
        }
        Some(Ok(_)) | None => None,
        Some(Err(_)) => bail!("The environment variable {variable} contains no text"),
    };
    match (file, command, given) {
        (None, None, given) => Ok(given),
        (Some(file), None, None) => Ok(Some(KeySource::File(file))),
        (None, Some(command), None) => Ok(Some(KeySource::Text {
            text: run(command).await?,
            origin: "that the command prints",
        })),
        _ => bail!("Set only one of {settings} and the environment variable {variable}"),
    }
}

/// Runs a command and returns what it prints. Its errors go to the log of the service.
async fn run(command: &str) -> anyhow::Result<Zeroizing<String>> {
    let ran = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(command)
        .env_remove(VARIABLE)
        .env_remove(OLD_VARIABLE)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, ran).await;
    let output =
        output.with_context(|| format!("The command for the master key took longer than {PATIENCE:?}"))?;
    let output = output.context("The command for the master key could not be run")?;
    ensure!(
        output.status.success(),
        "The command for the master key failed: {}",
        output.status
    );
    let text = String::from_utf8(output.stdout).context("The command for the master key printed no text")?;
    Ok(Zeroizing::new(text))
}
