//! The SQLite database file. Only its owner can read it.
//!
//! If the file is deleted, replaced or moved while it is open, SQLite continues to write to the old file. After a restart, the service
//! would open whatever file is then at the path, and everything written to the old file would be missing. Before each write transaction,
//! the store therefore checks that the database file and its log are still at their paths.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sea_orm::sqlx::{
    self, ConnectOptions, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tokio::sync::Mutex;

use crate::error::StoreError;

/// Busy timeout of the `keeper` connection: how long its statements, such as the checkpoint at shutdown, wait for locks of other processes.
const PATIENCE: Duration = Duration::from_secs(2);

/// The paths of the database file and its write-ahead log, with the device and inode that each file had when the database was opened.
pub(crate) struct DatabaseFile {
    database: KnownFile,
    log: KnownFile,
    /// A connection that stays open until shutdown. Without it, SQLite would delete the log whenever the last connection closes.
    /// [`DatabaseFile::check`] would then report that the log is missing or was replaced.
    keeper: Mutex<Option<SqliteConnection>>,
    /// `true` if the last check found that a file was missing or replaced. The error is logged only when this value changes to `true`.
    missed: AtomicBool,
}

/// A path, with the device and inode of the file that was at this path when the database was opened.
struct KnownFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl DatabaseFile {
    /// Records the identity of the database file at this URL and of the file's log, so that [`DatabaseFile::check`] can compare them later.
    /// The tables must already exist.
    pub(crate) async fn watch(url: &str) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let path = options.get_filename().to_owned();
        let mut keeper = options.connect().await?;
        // SQLite creates its log on the first read, so the connection has to read once.
        keeper.execute("SELECT COUNT(*) FROM sqlite_schema").await?;
        let log = beside(&fs::canonicalize(&path)?, "-wal");
        Ok(Self {
            database: KnownFile::at(path)?,
            log: KnownFile::at(log)?,
            keeper: Mutex::new(Some(keeper)),
            missed: AtomicBool::new(false),
        })
    }

    /// Returns the path of the database file.
    pub(crate) fn path(&self) -> &Path {
        &self.database.path
    }

    /// Returns an error if the path of the database file or of its log no longer leads to the file that was opened.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let missing = !(self.database.is_there() && self.log.is_there());
        let missed = self.missed.swap(missing, Ordering::Relaxed);
        if !missing {
            return Ok(());
        }
        if !missed {
            let file = self.database.path.display();
            tracing::error!(file = %file, "Nothing is accepted: {}", StoreError::DatabaseMoved);
        }
        Err(StoreError::DatabaseMoved)
    }

    /// Moves the contents of the write-ahead log into the database file, so that the database file alone is complete, and closes the
    /// `keeper` connection. All other connections of this process should be closed first, because a checkpoint cannot complete while they
    /// read the log.
    pub(crate) async fn close(&self) -> Result<(), sqlx::Error> {
        let Some(mut keeper) = self.keeper.lock().await.take() else {
            return Ok(());
        };
        let moved = keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        keeper.close().await?;
        moved.map(|_| ())
    }
}

impl KnownFile {
    fn at(path: PathBuf) -> io::Result<Self> {
        let found = fs::metadata(&path)?;
        Ok(Self {
            path,
            device: found.dev(),
            inode: found.ino(),
        })
    }

    fn is_there(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
    }
}

/// Creates the database file of this URL if it does not exist. Makes the file and the two files that SQLite keeps beside it (`-wal` and
/// `-shm`) accessible to their owner only. If SQLite creates these two files later, it gives them the mode of the database file.
pub(crate) fn make_private(url: &str) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::from_str(url)?;
    let path = options.get_filename();
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        close_to_others(&file)?;
    }
    Ok(())
}

/// Makes a file accessible to its owner only. A missing file is not an error.
fn close_to_others(file: &Path) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            tracing::warn!(file = %file.display(), "Others could read a file of the database; now only its owner can");
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Returns the path of a file that SQLite keeps beside a database file.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
