//! The malware scanner clamd, with one signature: that of the EICAR test file.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{Child, PATIENCE, Slot, account::Account, program, wait_until};

/// The largest file that the scanner accepts, in bytes.
pub const LARGEST: usize = 1 << 20;

/// A scanner that listens on a Unix socket.
#[derive(Debug)]
pub struct Clamd {
    child: Slot,
    account: Account,
    folder: TempDir,
}

impl Clamd {
    /// Starts a scanner.
    pub async fn start() -> Result<Self> {
        let account = Account::new("nobody")?;
        let scanner = Self {
            child: Slot::default(),
            folder: account.folder()?,
            account,
        };
        let folder = scanner.folder.path();
        let signature: String = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        std::fs::create_dir(folder.join("signatures"))?;
        std::fs::write(
            folder.join("signatures/test.ndb"),
            format!("Hotline.Test:0:*:{signature}\n"),
        )?;
        let settings = format!(
            "Foreground yes\nDatabaseDirectory {0}/signatures\nLocalSocket {0}/clamd.sock\nLocalSocketMode 666\n\
             StreamMaxLength {LARGEST}\nMaxThreads 4\nTemporaryDirectory {0}\n",
            folder.display(),
        );
        std::fs::write(folder.join("clamd.conf"), settings)?;
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        scanner.start_again().await?;
        Ok(scanner)
    }

    /// Returns the path of the socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.sock")
    }

    /// Ends the scanner.
    pub fn stop(&self) {
        drop(self.child.take());
    }

    /// Starts the stopped scanner again.
    pub async fn start_again(&self) -> Result<()> {
        let folder = self.folder.path();
        let mut command = self
            .account
            .command(program("clamd", &[PathBuf::from("/usr/sbin")])?, folder);
        command.arg("--config-file").arg(folder.join("clamd.conf"));
        let log = folder.join("clamd.log");
        let child: Child = self.account.spawn(&mut command, &log)?;
        self.child.put(child);
        wait_until(PATIENCE, async || self.answers().await.unwrap_or(false))
            .await
            .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
    }

    async fn answers(&self) -> Result<bool> {
        let mut stream = UnixStream::connect(self.socket()).await?;
        stream.write_all(b"zPING\0").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer.starts_with(b"PONG"))
    }
}
