//! What can go wrong with stored things.

use sea_orm::DbErr;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was named is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It was changed by somebody else, or does not allow this now. The text is for staff.
    #[error("{0}")]
    Conflict(&'static str),
    /// The database refused or is away.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    /// A sealed value does not open: another master key, or damage.
    #[error("{0} does not open with this master key")]
    Sealed(&'static str),
    /// A file could not be read or written.
    #[error("a file: {0}")]
    File(#[from] std::io::Error),
    /// The disk has less free space than is kept in reserve.
    #[error("the disk is nearly full: {0} MiB free")]
    DiskFull(u64),
}
