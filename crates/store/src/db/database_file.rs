//! The file of a SQLite database: made for its owner alone, and watched while it is open.
//!
//! SQLite goes on writing into a file that was deleted, replaced or moved away, and everything it commits there is lost at
//! the next start. So every transaction that writes first compares the files at their paths with the ones that are open.

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

/// What a checkpoint waits for another process that reads or writes.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file and its write-ahead log, as they were when the database was opened.
pub(crate) struct DatabaseFile {
    database: KnownFile,
    log: KnownFile,
    /// Open until the end, so that SQLite never removes the log as after its last connection, and makes another one.
    keeper: Mutex<Option<SqliteConnection>>,
    /// Whether the log of the service says that they are not.
    missed: AtomicBool,
}

/// A path and which file lay there.
struct KnownFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl DatabaseFile {
    /// Watches the file of this address from now on. Its tables exist already.
    pub(crate) async fn watch(url: &str) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let path = options.get_filename().to_owned();
        let mut keeper = options.connect().await?;
        // SQLite opens its log when it first reads.
        keeper.execute("SELECT COUNT(*) FROM sqlite_schema").await?;
        let log = beside(&fs::canonicalize(&path)?, "-wal");
        Ok(Self {
            database: KnownFile::at(path)?,
            log: KnownFile::at(log)?,
            keeper: Mutex::new(Some(keeper)),
            missed: AtomicBool::new(false),
        })
    }

    /// Refuses if the file or its log is not what lies at its path any more.
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

    /// Moves everything from the log into the file, so that the file alone is the whole database, and lets go of it. Every
    /// other connection of this process should be closed by now.
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

/// Makes the file of this address if it is not there, and takes it and its companions from everybody but their owner: SQLite
/// gives new companions the mode of the file.
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

/// Takes a file from everybody but its owner. One that is not there is left so.
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

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
