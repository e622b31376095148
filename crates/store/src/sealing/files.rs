//! The attachments folder: sealed files named by their id.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::error::{Conflict, StoreError};

/// A folder of sealed files. What is in a file is the caller's to seal.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
    /// Bytes that stay free on the disk: nothing is accepted beyond.
    reserve: u64,
}

impl Files {
    /// The folder at `folder`, made if it is not there. Nothing is accepted once fewer than `reserve` bytes are free.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path, reserve: u64) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            reserve,
        })
    }

    /// Locks the folder for this process, until the file is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another process has it.
    pub fn lock(&self) -> Result<fs::File, StoreError> {
        let file = fs::File::create(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(StoreError::Conflict(Conflict::Served)),
            Err(fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Refuses when the disk is nearly full.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], or when the disk cannot be asked.
    pub fn room(&self) -> Result<(), StoreError> {
        let disk = rustix::fs::statvfs(&self.folder).map_err(std::io::Error::from)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.reserve {
            Err(StoreError::DiskFull(free >> 20))
        } else {
            Ok(())
        }
    }

    /// Writes a little and takes it away again: whether the disk takes anything at all.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let file = self.folder.join("probe");
        let tried = tokio::task::spawn_blocking(move || {
            let written = fs::write(&file, [0; 64 * 1024]);
            let _ = fs::remove_file(&file);
            written
        });
        Ok(tried.await.map_err(std::io::Error::other)??)
    }

    /// Writes files so that they survive a power cut once this returns.
    ///
    /// # Errors
    /// When the disk refuses; what was written then belongs to nothing and is harmless.
    pub async fn write(&self, files: Vec<(Uuid, Vec<u8>)>) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || {
            for (id, sealed) in files {
                let mut file = fs::File::create(folder.join(id.to_string()))?;
                file.write_all(&sealed)?;
                file.sync_all()?;
            }
            fs::File::open(&folder)?.sync_all()
        });
        Ok(written.await.map_err(std::io::Error::other)??)
    }

    /// Takes files away. One that stays is only a little disk lost.
    pub async fn remove(&self, files: Vec<Uuid>) {
        for id in files {
            if let Err(error) = tokio::fs::remove_file(self.folder.join(id.to_string())).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(error = %error, "An attachment that belongs to nothing could not be deleted");
            }
        }
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub async fn read(&self, id: Uuid) -> Result<Vec<u8>, StoreError> {
        Ok(tokio::fs::read(self.folder.join(id.to_string())).await?)
    }
}
