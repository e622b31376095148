//! The master key itself: 32 random bytes, and where they come from. [`Keys`](super::keys::Keys) are derived from it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hotline_core::identifiers::chance;
use zeroize::Zeroizing;

/// A master key. It has no `Debug`, so it never reaches the log.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; MasterKey::LENGTH]>);

/// Where a master key comes from.
pub enum KeySource {
    /// A file, which no other user may read.
    File(PathBuf),
    /// The key itself, from the environment or from a command, such as the client of a key management service.
    Text {
        /// The key as 64 hexadecimal digits.
        text: Zeroizing<String>,
        /// Where the text comes from, for messages.
        origin: &'static str,
    },
}

impl MasterKey {
    /// The number of bytes of a master key.
    pub const LENGTH: usize = 32;

    /// Draws a new master key.
    #[must_use]
    pub fn draw() -> Self {
        Self(Zeroizing::new(chance::bytes()))
    }

    /// Returns the master key with these bytes. `None`: they are not 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = bytes.try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// Reads a master key from its source.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is accessible to other users, or if the source contains no master key.
    pub fn read(source: &KeySource) -> anyhow::Result<Self> {
        let path = match source {
            KeySource::File(path) => path,
            KeySource::Text { text, origin } => return Self::parse(text, origin),
        };
        let shown = path.display();
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.with_context(|| format!("Could not read the master key {shown}"))?;
        refuse_open_file(path)?;
        Self::parse(&text, &shown.to_string())
    }

    /// Parses 64 hexadecimal digits. `origin` says where they come from.
    fn parse(text: &str, origin: &str) -> anyhow::Result<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
        let bytes = bytes.ok().map(Zeroizing::new);
        bytes
            .and_then(|bytes| Self::from_bytes(&bytes))
            .with_context(|| format!("The master key {origin} is not 64 hexadecimal digits"))
    }

    /// Returns the bytes of the key. Search the code for `expose` to find every use.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Writes the key into a new file, which only its owner may read.
    ///
    /// # Errors
    /// Fails if the file exists or cannot be written.
    pub fn write_new_file(&self, path: &Path) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;

        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let text = Zeroizing::new(HEXLOWER.encode(self.expose()));
        writeln!(file, "{}", text.as_str())?;
        file.sync_all()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Creates a file with a new master key, which only its owner may read.
///
/// # Errors
/// Fails if the file exists or cannot be written.
pub fn make_key_file(path: &Path) -> std::io::Result<()> {
    MasterKey::draw().write_new_file(path)
}

fn refuse_open_file(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let metadata = fs::metadata(path)?;
    ensure!(
        !is_open_to_others(metadata.mode(), metadata.gid()),
        "The master key {} may be read by others (mode {:o}): chmod 600 it",
        path.display(),
        metadata.mode() & 0o777
    );
    Ok(())
}

/// Returns whether accounts other than the owner and root may use a file. systemd 254 and newer let the account of the service read a
/// credential by an access control list. Such a file belongs to the group root and has mode 0440.
const fn is_open_to_others(mode: u32, group: u32) -> bool {
    let of_group = if group == 0 { 0o030 } else { 0o070 };
    mode & (of_group | 0o007) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_by_its_owner_and_root_only() {
        for (mode, group, is_open) in [
            (0o600, 0, false),
            (0o400, 1000, false),
            (0o440, 0, false),
            (0o440, 1000, true),
            (0o460, 0, true),
            (0o604, 0, true),
        ] {
            assert_eq!(is_open_to_others(mode, group), is_open, "{mode:o} {group}");
        }
    }

    #[test]
    fn a_key_reads_back_from_its_file_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let key = MasterKey::draw();
        key.write_new_file(&path).unwrap();
        assert!(MasterKey::read(&KeySource::File(path.clone())).unwrap() == key);
        assert!(MasterKey::draw().write_new_file(&path).is_err());
        assert!(MasterKey::read(&KeySource::File(path)).unwrap() == key);
    }
}
