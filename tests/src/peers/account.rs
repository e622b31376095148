//! The operating-system account under which servers run.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::{getegid, geteuid};
use tempfile::TempDir;

use super::Child;

/// An ordinary operating-system account that owns a server's processes and files.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) group: String,
    uid: u32,
    gid: u32,
    switch: bool,
}

impl Account {
    /// Returns the account of this process. If this process runs as root, returns the account named `ordinary`.
    pub(crate) fn new(ordinary: &str) -> Result<Self> {
        let switch = geteuid().is_root();
        let passwd = std::fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
        let own = geteuid().as_raw().to_string();
        let (user, uid, group_id) = passwd
            .lines()
            .filter_map(|line| {
                let mut parts = line.split(':');
                let (name, _) = (parts.next()?, parts.next()?);
                Some((name, parts.next()?, parts.next()?))
            })
            .find(|(name, uid, _)| if switch { *name == ordinary } else { *uid == own })
            .with_context(|| format!("no account for uid {own} or {ordinary}"))?;
        let uid: u32 = uid.parse()?;
        let gid: u32 = if switch {
            group_id.parse()?
        } else {
            getegid().as_raw()
        };
        let groups = std::fs::read_to_string("/etc/group").context("/etc/group")?;
        let group = groups
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(_, rest)| rest.split(':').nth(1) == Some(gid.to_string().as_str()))
            .map(|(name, _)| name.to_owned())
            .with_context(|| format!("no group {gid}"))?;
        let user = user.to_owned();
        Ok(Self {
            user,
            group,
            uid,
            gid,
            switch,
        })
    }

    /// Creates a temporary folder owned by the account.
    pub(crate) fn folder(&self) -> Result<TempDir> {
        let folder = tempfile::Builder::new().prefix("peer-").tempdir()?;
        self.give(folder.path())?;
        Ok(folder)
    }

    /// Makes the account the owner of `path`.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        if self.switch {
            chown(path, Some(self.uid), Some(self.gid))
                .with_context(|| format!("giving {} to {}", path.display(), self.user))?;
        }
        Ok(())
    }

    /// Creates a folder and its missing parents, all owned by the account.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.create_folder(parent)?;
        }
        std::fs::create_dir(path).with_context(|| format!("creating {}", path.display()))?;
        self.give(path)
    }

    /// Prepares a command that runs under the account, with `home` as its home and working folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, home: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(home).env("HOME", home);
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Starts a command as a server and appends its output to `log`. The account must be able to write that file.
    pub(crate) fn spawn(&self, command: &mut Command, log: &Path) -> Result<Child> {
        // The server opens the log itself, so it must own the log before it starts.
        std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        self.give(log)?;
        Child::spawn(command, log)
    }
}
