//! Giving restored files to the account of the service.
//!
//! Root often runs the restore, and the account of the service can write to the data folder meanwhile. So no link is followed, and each folder
//! is opened before its files are given away: otherwise a link in place of a folder could give away files elsewhere.

use std::{
    ffi::OsStr,
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, lchown},
        },
    },
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Uid, chownat, openat, statat};

use super::target::PERMITTED;

/// The account that gets the files.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

/// Gives what was restored to the owner of the data folder, because root often runs the restore for the account of the service. `files` are
/// those that may be outside the data folder; those that do not exist are left out.
///
/// # Errors
/// Fails if a file cannot be read or given away.
pub fn give_to_owner_of_folder(data: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let found = fs::metadata(data)?;
    let owner = Owner {
        user: found.uid(),
        group: found.gid(),
    };
    for file in files {
        match lchown(file, Some(owner.user), Some(owner.group)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| failed(file));
            }
            Ok(()) | Err(_) => {}
        }
    }
    // The data folder itself may be a link, as with a dynamic user of systemd.
    let opened = openat(CWD, data, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let mut folders = vec![(data.to_owned(), opened.with_context(|| failed(data))?)];
    while let Some((path, folder)) = folders.pop() {
        give_content(&path, &folder, owner, &mut folders).with_context(|| failed(&path))?;
    }
    Ok(())
}

fn failed(path: &Path) -> String {
    format!(
        "Could not give {} to the owner of the data folder",
        path.display()
    )
}

/// Gives away what an opened folder contains, and adds the folders in it to `folders`.
fn give_content(
    path: &Path,
    folder: &OwnedFd,
    owner: Owner,
    folders: &mut Vec<(PathBuf, OwnedFd)>,
) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        let is_permitted = PERMITTED.iter().any(|permitted| name == *permitted);
        if is_permitted || name == "." || name == ".." {
            continue;
        }
        let found = statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let inner = openat(folder.as_fd(), name, flags, Mode::empty())?;
            folders.push((path.join(name), inner));
        }
        chownat(
            folder.as_fd(),
            name,
            Some(Uid::from_raw(owner.user)),
            Some(Gid::from_raw(owner.group)),
            AtFlags::SYMLINK_NOFOLLOW,
        )?;
    }
    Ok(())
}
