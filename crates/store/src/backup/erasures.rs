//! The list of erasures in a backup, and merging lists at a restore.

use std::path::{Path, PathBuf};

use crate::{
    db::{erasure_list as list, store::Store},
    error::StoreError,
};

impl Store {
    /// Returns the text of the list of erasures, with the erasures of the protocol that the file does not contain yet.
    ///
    /// # Errors
    /// Fails if the list cannot be read or a database query fails.
    pub async fn complete_list_of_erasures(&self) -> Result<String, StoreError> {
        let mut entries = self.listed_erasures().await?;
        entries.extend(self.unlisted_erasures(&entries).await?);
        list::text(&entries)
    }
}

/// Returns the number of entries of a list of erasures.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn count_erasures(path: &Path) -> Result<usize, StoreError> {
    Ok(list::read(path)?.len())
}

/// Adds to the list `into` the entries of other lists that it does not contain. Returns the number of added entries. A missing file is an
/// empty list.
///
/// # Errors
/// Fails if a list cannot be read or `into` cannot be written.
pub fn merge_erasure_lists(into: &Path, from: &[PathBuf]) -> Result<usize, StoreError> {
    let mut entries = Vec::new();
    for path in from {
        entries.extend(list::read(path)?);
    }
    list::append_missing(into, entries, |entry| list::text(std::slice::from_ref(entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_lists_contain_each_entry_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let line =
            |reference: &str| format!("{{\"at\":\"2026-11-29T10:00:00Z\",\"contact\":\"{reference}\"}}\n");
        let older = file("older", &line("AAAA-AAAA"));
        let newer = file("newer", &(line("AAAA-AAAA") + &line("BBBB-BBBB")));
        let into = folder.path().join("erased.jsonl");
        let lists = [older, newer];
        assert_eq!(merge_erasure_lists(&into, &lists).unwrap(), 2);
        assert_eq!(merge_erasure_lists(&into, &lists).unwrap(), 0);
        assert_eq!(count_erasures(&into).unwrap(), 2);
    }
}
