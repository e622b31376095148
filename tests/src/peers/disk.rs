//! A small disk that can be filled.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use rustix::process::geteuid;
use tempfile::TempDir;

/// A small in-memory file system. Mounting it requires root or `sudo`.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of `mib` MiB.
    pub fn new(mib: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("peer-").tempdir()?;
        let owner = std::process::Command::new("id").arg("-u").output()?;
        let owner = String::from_utf8_lossy(&owner.stdout).trim().to_owned();
        let options = format!("size={mib}m,mode=700,uid={owner}");
        let status = as_root("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .status()?;
        ensure!(status.success(), "a small disk could not be mounted");
        Ok(Self { folder })
    }

    /// Returns the mount point.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the disk to the last byte.
    pub fn fill(&self) -> Result<()> {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())?;
        let mut piece = vec![7; 1 << 20];
        while !piece.is_empty() {
            if file.write_all(&piece).is_err() {
                piece.truncate(piece.len() / 2);
            }
        }
        Ok(())
    }

    /// Fills the disk except for this number of bytes.
    pub fn fill_except(&self, bytes: u64) -> Result<()> {
        self.fill()?;
        let file = std::fs::OpenOptions::new().write(true).open(self.filler())?;
        Ok(file.set_len(file.metadata()?.len().saturating_sub(bytes))?)
    }

    /// Returns the number of free bytes.
    pub fn free_bytes(&self) -> Result<u64> {
        let disk = rustix::fs::statvfs(self.path())?;
        Ok(disk.f_bavail * disk.f_frsize)
    }

    /// Deletes the file that fills the disk.
    pub fn free(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = as_root("umount").arg("-l").arg(self.folder.path()).status();
    }
}

fn as_root(program: &str) -> Command {
    if geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}
