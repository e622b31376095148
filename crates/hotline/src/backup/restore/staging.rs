//! Writing restored files under temporary names, and giving them their names once all are complete.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use hotline_store::backup::{UNFINISHED_RESTORE, merge_erasure_lists};

use super::target::Target;
use crate::backup::encryption::{folder_of, sync_folder};

/// What the name of a file ends with until the restore is complete.
const STAGED: &str = ".restoring";

/// Returns the temporary name of a restored file, in the same folder.
pub fn staged(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(STAGED);
    PathBuf::from(name)
}

/// Returns whether this is the name of an incomplete file of a restore, or of the file that says that a restore is not complete.
pub fn is_staged(name: &OsStr) -> bool {
    name.to_string_lossy().ends_with(STAGED)
}

/// A file or folder that got its name.
struct Named {
    path: PathBuf,
    /// What the restore wrote into the folder. `None`: it is a file.
    content: Option<Vec<OsString>>,
}

impl Named {
    /// Removes what the restore wrote, and leaves what a service wrote into the folder meanwhile. Returns whether this succeeded.
    fn remove(&self) -> bool {
        let Some(content) = &self.content else {
            return remove(&self.path);
        };
        let mut is_removed = true;
        for name in content {
            is_removed &= remove(&self.path.join(name));
        }
        // A folder that is not empty stays.
        let _ = fs::remove_dir(&self.path);
        is_removed
    }
}

/// The files of a restore. Unless the restore was completed, everything that it wrote is removed when the value is dropped.
pub struct Staging {
    data: PathBuf,
    erasures: PathBuf,
    /// The data folder, locked until the restore ends, so that no other restore removes its files.
    _lock: File,
    /// Whether the restore made the data folder.
    made_folder: bool,
    /// The files and folders that are to get their names, in this order.
    files: Vec<PathBuf>,
    /// The files and folders that got their names.
    named: Vec<Named>,
    /// Files that get no name.
    temporary: Vec<PathBuf>,
    /// The file that keeps the service from starting. `None`: this restore has written nothing.
    mark: Option<PathBuf>,
    /// Whether the mark stays if the restore fails.
    keeps_mark: bool,
    is_complete: bool,
}

impl Staging {
    /// Makes the data folder, if there is none, and locks it.
    ///
    /// # Errors
    /// Fails if another restore uses the folder.
    pub fn begin(target: &Target) -> anyhow::Result<Self> {
        let data = &target.data;
        let failed = || format!("Could not make the folder {}", data.display());
        let made_folder = !data.exists();
        fs::create_dir_all(data).with_context(failed)?;
        let lock = File::open(data).with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("Another restore writes to {}", data.display()),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("Could not lock {}", data.display()));
            }
        }
        Ok(Self {
            data: data.clone(),
            erasures: target.erasures.clone(),
            _lock: lock,
            made_folder,
            files: Vec::new(),
            named: Vec::new(),
            temporary: Vec::new(),
            mark: None,
            keeps_mark: false,
            is_complete: false,
        })
    }

    /// Makes the file that keeps the service from starting until the restore has ended. The place must be empty, because the service of a
    /// place that is in use must be able to start again.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn mark(&mut self) -> anyhow::Result<()> {
        let mark = self.data.join(UNFINISHED_RESTORE);
        let failed = || format!("Could not write {}", mark.display());
        let made = match File::create_new(&mark) {
            Ok(file) => Some(file),
            // An interrupted restore made it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
            Err(error) => return Err(error).with_context(failed),
        };
        self.mark = Some(mark.clone());
        if let Some(file) = made {
            file.sync_all().with_context(failed)?;
        }
        sync_folder(&self.data).with_context(failed)?;
        if self.made_folder {
            sync_folder(folder_of(&self.data)).with_context(failed)?;
        }
        Ok(())
    }

    /// Says whether the service must not start if the restore fails, because the database may then be restored without its files.
    pub const fn keep_mark(&mut self, keeps: bool) {
        self.keeps_mark = keeps;
    }

    /// Adds a file or folder that gets its name at the end. Returns the temporary name under which it is written.
    pub fn add(&mut self, file: &Path) -> PathBuf {
        self.files.push(file.to_owned());
        staged(file)
    }

    /// Adds a file that is removed at the end.
    pub fn add_temporary(&mut self, file: &Path) {
        self.temporary.push(file.to_owned());
    }

    /// Gives every file its name, in the order in which they were added.
    ///
    /// # Errors
    /// Fails if a file cannot get its name.
    pub fn give_names(&mut self) -> anyhow::Result<()> {
        // A file that gets no name stays in the list, so that it is removed.
        while let Some(file) = self.files.first().cloned() {
            self.give_name(&file)
                .with_context(|| format!("Could not restore {}", file.display()))?;
            self.files.remove(0);
            sync_folder(folder_of(&file))?;
        }
        Ok(())
    }

    fn give_name(&mut self, file: &Path) -> anyhow::Result<()> {
        let from = staged(file);
        if !from.exists() {
            return Ok(());
        }
        if !file.exists() {
            let content = content_of(&from)?;
            fs::rename(&from, file)?;
            self.named.push(Named {
                path: file.to_owned(),
                content,
            });
            return Ok(());
        }
        // A list outside the data folder may be newer than the backup.
        ensure!(file == self.erasures, "it was made meanwhile by another program");
        merge_erasure_lists(file, std::slice::from_ref(&from))?;
        remove(&from);
        Ok(())
    }

    /// Ends the restore. From now on, what was restored stays, and the service can start.
    ///
    /// # Errors
    /// Fails if the disk cannot be written.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.is_complete = true;
        for file in &self.temporary {
            remove(file);
        }
        sync_folder(&self.data)?;
        if let Some(mark) = &self.mark {
            fs::remove_file(mark).with_context(|| format!("Could not remove {}", mark.display()))?;
            sync_folder(&self.data)?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let mut is_removed = true;
        for file in &self.files {
            is_removed &= remove(&staged(file));
        }
        for named in &self.named {
            is_removed &= named.remove();
        }
        for file in &self.temporary {
            is_removed &= remove(file);
        }
        // Last, so that no service starts on what is left.
        if let Some(mark) = &self.mark
            && is_removed
            && !self.keeps_mark
        {
            remove(mark);
        }
        if self.made_folder {
            // A folder that is not empty stays.
            let _ = fs::remove_dir(&self.data);
        }
    }
}

/// Returns the names of what a folder contains. `None`: it is a file.
fn content_of(path: &Path) -> io::Result<Option<Vec<OsString>>> {
    if !path.symlink_metadata()?.is_dir() {
        return Ok(None);
    }
    let names: io::Result<Vec<OsString>> = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect();
    names.map(Some)
}

/// Removes a file or folder, if it exists. Returns `false` if it is still there.
pub fn remove(path: &Path) -> bool {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), error = %error, "A file of the restore could not be removed");
            false
        }
        Ok(()) | Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(data: &Path, erasures: &Path) -> Target {
        let mut target = Target::in_folder(data);
        target.erasures = erasures.to_owned();
        target
    }

    fn write(staging: &mut Staging, file: &Path) {
        fs::write(staging.add(file), "text").unwrap();
    }

    #[test]
    fn files_get_their_names_together() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let target = target(&data, &data.join("erased.jsonl"));
        let mut staging = Staging::begin(&target).unwrap();
        staging.mark().unwrap();
        let (one, two) = (data.join("one"), data.join("two"));
        write(&mut staging, &one);
        write(&mut staging, &two);
        assert!(!one.exists() && staged(&one).exists());
        staging.give_names().unwrap();
        assert!(data.join(UNFINISHED_RESTORE).exists(), "until the end");
        staging.end().unwrap();
        assert!(one.exists() && two.exists());
        assert_eq!(fs::read_dir(&data).unwrap().count(), 2);
    }

    #[test]
    fn a_failed_restore_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let target = target(&data, &data.join("erased.jsonl"));
        let mut staging = Staging::begin(&target).unwrap();
        staging.mark().unwrap();
        let (one, two) = (data.join("one"), folder.path().join("two"));
        write(&mut staging, &one);
        write(&mut staging, &two);
        fs::write(&two, "another").unwrap();
        let refused = staging.give_names().unwrap_err();
        assert!(refused.to_string().contains("two"), "{refused}");
        drop(staging);
        assert!(!data.exists());
        assert_eq!(fs::read(&two).unwrap(), b"another");
        assert!(!staged(&two).exists());
    }

    #[test]
    fn a_failed_restore_leaves_what_a_service_wrote_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (data, database) = (folder.path().join("data"), folder.path().join("hotline.db"));
        let target = target(&data, &data.join("erased.jsonl"));
        let mut staging = Staging::begin(&target).unwrap();
        staging.mark().unwrap();
        let attachments = data.join("attachments");
        let staged_folder = staging.add(&attachments);
        fs::create_dir(&staged_folder).unwrap();
        fs::write(staged_folder.join("restored"), "").unwrap();
        write(&mut staging, &database);
        fs::write(&database, "of a service").unwrap();
        staging.give_names().unwrap_err();
        fs::write(attachments.join("accepted"), "").unwrap();
        drop(staging);
        assert!(attachments.join("accepted").exists());
        assert!(!attachments.join("restored").exists());
        assert_eq!(fs::read(&database).unwrap(), b"of a service");
        assert!(!data.join(UNFINISHED_RESTORE).exists());
    }

    #[test]
    fn the_mark_stays_if_the_database_may_have_been_restored() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), &folder.path().join("erased.jsonl"));
        let mark = folder.path().join(UNFINISHED_RESTORE);
        let mut staging = Staging::begin(&target).unwrap();
        staging.mark().unwrap();
        staging.keep_mark(true);
        drop(staging);
        assert!(mark.exists());
        let mut again = Staging::begin(&target).unwrap();
        again.mark().unwrap();
        again.end().unwrap();
        assert!(!mark.exists());
    }

    #[test]
    fn only_one_restore_uses_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), &folder.path().join("erased.jsonl"));
        let first = Staging::begin(&target).unwrap();
        assert!(Staging::begin(&target).is_err());
        drop(first);
        Staging::begin(&target).unwrap();
    }

    #[test]
    fn a_list_that_exists_keeps_its_entries() {
        let folder = tempfile::tempdir().unwrap();
        let (data, list) = (folder.path().join("data"), folder.path().join("erased.jsonl"));
        let line =
            |reference: &str| format!("{{\"at\":\"2026-11-29T10:00:00Z\",\"contact\":\"{reference}\"}}\n");
        fs::write(&list, line("BBBB-BBBB")).unwrap();
        let target = target(&data, &list);
        let mut staging = Staging::begin(&target).unwrap();
        fs::write(staging.add(&list), line("AAAA-AAAA") + &line("BBBB-BBBB")).unwrap();
        staging.give_names().unwrap();
        staging.end().unwrap();
        let merged = fs::read_to_string(&list).unwrap();
        assert_eq!(merged, line("BBBB-BBBB") + &line("AAAA-AAAA"));
    }
}
