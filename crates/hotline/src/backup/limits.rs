//! Limits on reading and writing large files: the free space of the disk, and a signal to stop.

use std::{
    fs,
    io::{self, ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

/// The number of bytes that are written between two checks.
const CHUNK: u64 = 1 << 20;
/// The unit in which file systems use space, in bytes.
const BLOCK: u64 = 4096;
/// The time between two checks while another program writes.
const LOOK: Duration = Duration::from_millis(100);

/// The limits for files in one folder: the reserve of the disk stays free, and nothing more is written after `stop` was cancelled.
#[derive(Debug, Clone)]
pub struct WriteLimits {
    folder: PathBuf,
    /// Whether the folder is on the disk of the data folder.
    is_on_data_disk: bool,
    /// The bytes that stay free; 0 on a disk to which the service writes nothing.
    reserve: u64,
    stop: CancellationToken,
}

impl WriteLimits {
    /// Returns the limits for a folder. `reserve` is the number of bytes that must stay free on the disk of the data folder, and on that of
    /// the folder `database` with the SQLite file.
    ///
    /// # Errors
    /// Fails if a folder cannot be read.
    pub fn new(
        folder: &Path,
        data: &Path,
        database: Option<&Path>,
        reserve: u64,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let disk = device(folder)?;
        let is_on_data_disk = disk == device(data)?;
        let has_database = database.map(device).transpose()? == Some(disk);
        let is_reserved = is_on_data_disk || has_database;
        Ok(Self {
            folder: folder.to_owned(),
            is_on_data_disk,
            reserve: if is_reserved { reserve } else { 0 },
            stop: stop.clone(),
        })
    }

    /// Returns whether the folder is on the disk of the data folder.
    pub const fn is_on_data_disk(&self) -> bool {
        self.is_on_data_disk
    }

    /// Returns the token that is cancelled once nothing more may be written.
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Checks that the disk has room for the bytes that are still to be written, beside the reserve.
    ///
    /// # Errors
    /// Returns [`ErrorKind::StorageFull`] with both numbers if there is no room, and another error if the backup was stopped.
    pub fn check(&self, left: u64) -> io::Result<()> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("the backup was stopped"));
        }
        let reserve = describe_reserve(self.reserve);
        require(&self.folder, self.reserve.saturating_add(left), || {
            format!(
                "the backup still needs {} MiB{reserve}: make room, keep fewer backups (`backup.keep`), or choose another disk",
                mebibytes(left)
            )
        })
    }

    /// Checks again and again, and returns the first error.
    pub async fn watch(&self, left: u64) -> io::Error {
        loop {
            if let Err(error) = self.check(left) {
                return error;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Limits a reader whose bytes are written. `left` is the number of bytes that are still to be written, with those of the reader.
    pub fn reader<R: Read>(&self, inner: R, left: u64) -> LimitedReader<R> {
        LimitedReader {
            inner,
            limits: self.clone(),
            left,
            unchecked: 0,
        }
    }
}

/// A reader that fails once its bytes may no longer be written.
pub struct LimitedReader<R> {
    inner: R,
    limits: WriteLimits,
    left: u64,
    /// The number of bytes until the next check.
    unchecked: u64,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unchecked == 0 {
            self.limits.check(self.left)?;
            self.unchecked = CHUNK;
        }
        let read = self.inner.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(bytes);
        self.unchecked = self.unchecked.saturating_sub(bytes);
        Ok(read)
    }
}

/// A reader that fails once `stop` is cancelled.
pub struct StoppableReader<'a, R> {
    inner: R,
    stop: &'a CancellationToken,
}

impl<'a, R: Read> StoppableReader<'a, R> {
    /// Reads from `inner` until `stop` is cancelled.
    pub const fn new(inner: R, stop: &'a CancellationToken) -> Self {
        Self { inner, stop }
    }
}

impl<R: Read> Read for StoppableReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("a signal stopped reading"));
        }
        self.inner.read(buffer)
    }
}

/// The limit of a copy of a SQLite database, which SQLite writes.
pub struct CopyLimit {
    limits: WriteLimits,
    copy: PathBuf,
    /// The size of the database in bytes.
    size: u64,
    /// The bytes for which the same disk needs room once the copy is complete.
    after: u64,
    refused: OnceLock<io::Error>,
}

impl CopyLimit {
    /// Limits a copy of this size. `after` is the number of bytes for which the same disk needs room once the copy is complete.
    pub const fn new(limits: WriteLimits, copy: PathBuf, size: u64, after: u64) -> Self {
        Self {
            limits,
            copy,
            size,
            after,
            refused: OnceLock::new(),
        }
    }

    /// Returns whether copying may go on.
    pub fn may_go_on(&self) -> bool {
        let written = fs::metadata(&self.copy).map_or(0, |found| found.len());
        let left = self.size.saturating_sub(written).saturating_add(self.after);
        match self.limits.check(left) {
            Ok(()) => true,
            Err(error) => {
                let _ = self.refused.set(error);
                false
            }
        }
    }

    /// Returns how copying ended: with the reason why it could not go on, or as SQLite says.
    ///
    /// # Errors
    /// Fails if the database was not copied.
    pub fn explain(&self, copied: anyhow::Result<()>) -> anyhow::Result<()> {
        if let Some(problem) = self.refused.get() {
            bail!("Could not copy the database: {problem}");
        }
        copied.context("Could not copy the database")
    }
}

/// Checks that the disk of a folder has at least this number of free bytes. `why` says what needs them.
///
/// # Errors
/// Returns [`ErrorKind::StorageFull`] with both numbers if it has fewer.
pub fn require(folder: &Path, bytes: u64, why: impl FnOnce() -> String) -> io::Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= bytes {
        return Ok(());
    }
    let message = format!(
        "the disk of {} has {} MiB free, and {}",
        folder.display(),
        free >> 20,
        why()
    );
    Err(io::Error::new(ErrorKind::StorageFull, message))
}

/// Returns what an error says about the bytes that must stay free. Empty: none must.
pub fn describe_reserve(reserve: u64) -> String {
    match reserve {
        0 => String::new(),
        reserve => format!(
            ", and {} MiB must stay free for messages (`data.reserve_mib`)",
            reserve >> 20
        ),
    }
}

/// Returns the bytes in MiB, rounded up.
pub const fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// Returns the bytes that a file of this size uses on a disk.
pub const fn in_blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// Returns the number of the file system with a folder.
///
/// # Errors
/// Fails if the folder cannot be read.
pub fn device(folder: &Path) -> anyhow::Result<u64> {
    let found =
        fs::metadata(folder).with_context(|| format!("Could not read the folder {}", folder.display()))?;
    Ok(found.dev())
}

/// Returns whether an error says that a disk or a quota is full.
pub fn is_disk_full(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(reserve: u64) -> (tempfile::TempDir, CancellationToken, WriteLimits) {
        let folder = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let limits = WriteLimits::new(folder.path(), folder.path(), None, reserve, &stop).unwrap();
        (folder, stop, limits)
    }

    #[test]
    fn what_does_not_fit_beside_the_reserve_is_refused_with_both_numbers() {
        let (_folder, _stop, limits) = limits(1 << 60);
        let refused = limits.check(3 << 20).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StorageFull);
        let text = refused.to_string();
        assert!(
            text.contains("needs 3 MiB") && text.contains("MiB free"),
            "{text}"
        );
        assert!(is_disk_full(
            &anyhow::Error::from(refused).context("Could not write")
        ));
    }

    #[test]
    fn reading_ends_once_the_backup_is_stopped() {
        let (_folder, stop, limits) = limits(0);
        let mut reader = limits.reader(io::repeat(7), 4 * CHUNK);
        let mut piece = vec![0; usize::try_from(CHUNK).unwrap()];
        reader.read_exact(&mut piece).unwrap();
        stop.cancel();
        let refused = reader.read_exact(&mut piece).unwrap_err();
        assert!(refused.to_string().contains("stopped"), "{refused}");
    }

    #[test]
    fn the_disk_of_the_sqlite_file_keeps_the_reserve() {
        let (on_disk, stop) = (tempfile::tempdir().unwrap(), CancellationToken::new());
        // Another file system than that of the folder.
        let data = Path::new("/proc");
        let limits = |database| WriteLimits::new(on_disk.path(), data, database, 1 << 60, &stop).unwrap();
        limits(None).check(0).unwrap();
        assert!(limits(Some(on_disk.path())).check(0).is_err());
    }

    #[test]
    fn a_copy_ends_once_its_disk_has_no_room_left() {
        let (folder, _stop, limits) = limits(0);
        let copy = folder.path().join("copy.db");
        let roomy = CopyLimit::new(limits.clone(), copy.clone(), 1, 0);
        assert!(roomy.may_go_on());
        let full = CopyLimit::new(limits, copy, 1, 1 << 60);
        assert!(!full.may_go_on());
        let refused = full.explain(Ok(())).unwrap_err();
        assert!(refused.to_string().contains("still needs"), "{refused}");
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!((mebibytes(0), mebibytes(1), mebibytes(1 << 20)), (0, 1, 1));
        assert_eq!((in_blocks(0), in_blocks(1), in_blocks(4096)), (0, 4096, 4096));
    }
}
