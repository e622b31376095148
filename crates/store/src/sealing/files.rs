//! The attachments folder: sealed (encrypted) files of attachments and large raw messages. The name of each file is its id.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::error::{Conflict, StoreError};

/// The number and the total size of the files in a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderSize {
    /// The number of files.
    pub files: usize,
    /// The total size in bytes.
    pub bytes: u64,
    /// Whether the folder has more files than were counted.
    pub is_partial: bool,
}

/// A folder of sealed files. The caller encrypts and decrypts the contents of the files.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
    /// Bytes that must stay free on the disk. If fewer bytes are free, the service accepts no messages.
    reserve: u64,
}

impl Files {
    /// Creates the folder if it does not exist. [`Files::room`] fails once fewer than `reserve` bytes are free.
    ///
    /// # Errors
    /// Fails if the folder cannot be created.
    pub fn open(folder: &Path, reserve: u64) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            reserve,
        })
    }

    /// Uses a folder without creating it.
    pub(crate) fn at(folder: &Path, reserve: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            reserve,
        }
    }

    /// Locks the folder for this process. The lock ends when the returned file is dropped or the process ends, even by a crash.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if another process has the lock.
    pub fn lock(&self) -> Result<fs::File, StoreError> {
        let file = fs::File::create(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(StoreError::Conflict(Conflict::Served)),
            Err(fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Checks that the disk has at least `reserve` free bytes.
    ///
    /// # Errors
    /// Returns [`StoreError::DiskFull`] if the disk has fewer free bytes. Returns another error if the free space cannot be determined.
    pub fn room(&self) -> Result<(), StoreError> {
        let free = self.free()?;
        if free < self.reserve {
            Err(StoreError::DiskFull(free >> 20))
        } else {
            Ok(())
        }
    }

    /// Creates a temporary file without a name on the disk of the attachments. The caller writes only encrypted data into it.
    ///
    /// # Errors
    /// Fails if the file cannot be created.
    pub(crate) fn temporary(&self) -> std::io::Result<fs::File> {
        tempfile::tempfile_in(&self.folder)
    }

    /// Returns the free bytes of the disk.
    ///
    /// # Errors
    /// Fails if the free space cannot be determined.
    pub fn free(&self) -> Result<u64, StoreError> {
        let disk = rustix::fs::statvfs(&self.folder).map_err(std::io::Error::from)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Returns the bytes that must stay free on the disk.
    #[must_use]
    pub const fn reserve(&self) -> u64 {
        self.reserve
    }

    /// Returns the number and the total size of the files in the folder. Counts at most `most` files.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub async fn measure(&self, most: usize) -> Result<FolderSize, StoreError> {
        let folder = self.folder.clone();
        let measured = tokio::task::spawn_blocking(move || {
            let mut size = FolderSize::default();
            for entry in fs::read_dir(folder)? {
                if size.files == most {
                    size.is_partial = true;
                    break;
                }
                // A file can be deleted while the folder is read.
                let Ok(file) = entry?.metadata() else { continue };
                if file.is_file() {
                    size.files += 1;
                    size.bytes += file.len();
                }
            }
            Ok::<_, std::io::Error>(size)
        });
        Ok(measured.await.map_err(std::io::Error::other)??)
    }

    /// Writes and deletes a small file, to check that files can be written to the disk.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let file = self.folder.join("probe");
        let tried = tokio::task::spawn_blocking(move || {
            let written = fs::write(&file, [0; 64 * 1024]);
            let _ = fs::remove_file(&file);
            written
        });
        Ok(tried.await.map_err(std::io::Error::other)??)
    }

    /// Writes files and syncs them, so that they survive a power cut.
    ///
    /// # Errors
    /// Fails if a file cannot be written. The files that were written before the error stay on the disk. They are unused and only take up
    /// space.
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

    /// Deletes the files with these ids. If a file cannot be deleted, the function only logs a warning, because an unused file only takes
    /// up space.
    pub async fn remove(&self, files: Vec<Uuid>) {
        for id in files {
            if let Err(error) = tokio::fs::remove_file(self.folder.join(id.to_string())).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(error = %error, "An attachment that belongs to nothing could not be deleted");
            }
        }
    }

    /// Reads the sealed file with this id.
    ///
    /// # Errors
    /// Fails if the file does not exist or cannot be read.
    pub async fn read(&self, id: Uuid) -> Result<Vec<u8>, StoreError> {
        Ok(tokio::fs::read(self.folder.join(id.to_string())).await?)
    }
}
