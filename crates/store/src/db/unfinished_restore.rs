//! The file that `hotline restore` makes in the data folder. Until the restore is complete, nothing else opens the database.

use std::path::Path;

use anyhow::ensure;

/// The name of the file in the data folder that exists until a restore is complete.
pub const UNFINISHED_RESTORE: &str = "restore.restoring";

/// Returns an error if the data folder is the target of a restore that is not complete.
pub(crate) fn refuse_unfinished_restore(folder: &Path) -> anyhow::Result<()> {
    ensure!(
        folder.join(UNFINISHED_RESTORE).symlink_metadata().is_err(),
        "A restore into {} is running or was interrupted, so data may be missing. Run `hotline restore` again. To begin without a backup, \
         empty this folder, except master.key, and name an empty database in `database.url`",
        folder.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_an_unfinished_restore_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        refuse_unfinished_restore(folder.path()).unwrap();
        std::fs::write(folder.path().join(UNFINISHED_RESTORE), "").unwrap();
        let refused = refuse_unfinished_restore(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("hotline restore"), "{refused}");
    }
}
