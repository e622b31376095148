//! The settings `[backup]`.

use std::path::PathBuf;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::encryption;

/// The `[backup]` table: where backups are written, how often, and for whom they are encrypted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// The number of hours between two backups of the service; 0: the service makes none.
    pub every: u16,
    /// The folder for backups of the service.
    pub to: Option<PathBuf>,
    /// The number of backups that are kept in a folder; 0: all.
    pub keep: u16,
    /// The age public keys to which backups are encrypted. Without any, backups are not encrypted.
    pub recipients: Vec<String>,
    /// The program `pg_dump`. `pg_restore` is in the same folder. `None`: both are in `PATH`.
    pub pg_dump: Option<PathBuf>,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            every: 0,
            to: None,
            keep: 14,
            recipients: Vec::new(),
            pg_dump: None,
        }
    }
}

impl BackupSettings {
    /// Checks that scheduled backups have a folder, and that the recipients are public keys.
    ///
    /// # Errors
    /// Returns the first problem.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.every == 0 || self.to.is_some(),
            "`backup.every` needs `backup.to`: the folder for the backups"
        );
        encryption::parse_recipients(&self.recipients)?;
        Ok(())
    }
}
