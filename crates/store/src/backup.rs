//! What a backup needs from the database: a consistent copy, the files that it names, and the list of erasures.

mod copy;
mod erasures;
mod runs;

pub use copy::{
    BackupSize, CopiedDatabase, ExportedSnapshot, check_sqlite_copy, copy_sqlite_file, find_damage,
    find_named_files, is_empty_postgres, measure_backup, sqlite_path,
};
pub use erasures::{count_erasures, merge_erasure_lists};
pub use runs::{BackupFailure, BackupLease, BackupOutcome, BackupState};

pub use crate::db::unfinished_restore::UNFINISHED_RESTORE;
