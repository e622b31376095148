//! What a backup needs from the database: a consistent copy, the files that it names, and the list of erasures.

mod copy;
mod erasures;
mod runs;

pub use copy::{
    CopiedDatabase, ExportedSnapshot, check_sqlite_copy, is_empty_postgres, newest_migration, sqlite_path,
};
pub use erasures::{count_erasures, merge_erasure_lists};
pub use runs::{BackupFailure, BackupLease, BackupOutcome, BackupState};
