//! Writing and reading files of a backup, encrypted with age if there are recipients.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use age::x25519::Recipient;
use anyhow::{Context, anyhow, ensure};
use data_encoding::HEXLOWER;
use ring::digest::{Context as Hash, SHA256};

/// The identities (private keys) with which encrypted backups are read.
pub struct Identities(Vec<Box<dyn age::Identity>>);

/// The size and the SHA-256 hash of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHash {
    /// The size in bytes.
    pub size: u64,
    /// The hash in hexadecimal digits.
    pub sha256: String,
}

impl Identities {
    /// Reads a file of `age-keygen`.
    ///
    /// # Errors
    /// Fails if the file contains no identity.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("Could not read the identity {}", path.display());
        let file = File::open(path).with_context(failed)?;
        let file = age::IdentityFile::from_buffer(BufReader::new(file)).with_context(failed)?;
        let identities = file.into_identities().map_err(|error| anyhow!("{error}"))?;
        ensure!(!identities.is_empty(), "{} contains no identity", path.display());
        Ok(Self(identities))
    }
}

/// Parses age public keys, such as `age1…`.
///
/// # Errors
/// Names the first text that is no public key.
pub fn parse_recipients(texts: &[String]) -> anyhow::Result<Vec<Recipient>> {
    texts
        .iter()
        .map(|text| {
            text.parse::<Recipient>()
                .map_err(|problem| anyhow!("`backup.recipients`: {text:?} is no age public key: {problem}"))
        })
        .collect()
}

/// A writer that computes the size and the hash of what it passes on.
struct HashingWriter<W> {
    inner: W,
    hash: Hash,
    size: u64,
}

impl<W: Write> HashingWriter<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Hash::new(&SHA256),
            size: 0,
        }
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a new file, encrypted to the recipients if there are any, and waits until the disk has written it.
///
/// # Errors
/// Fails if the file exists or cannot be written, or if `from` cannot be read.
pub fn write_new_file(from: &mut dyn Read, to: &Path, recipients: &[Recipient]) -> anyhow::Result<FileHash> {
    let failed = || format!("Could not write {}", to.display());
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .with_context(failed)?;
    let mut writer = HashingWriter::new(BufWriter::new(file));
    if recipients.is_empty() {
        io::copy(from, &mut writer).with_context(failed)?;
    } else {
        let recipients = recipients
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|error| anyhow!("{error}"))?;
        let mut encrypted = encryptor.wrap_output(&mut writer).with_context(failed)?;
        io::copy(from, &mut encrypted).with_context(failed)?;
        encrypted.finish().with_context(failed)?;
    }
    let HashingWriter { inner, hash, size } = writer;
    let file = inner
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .with_context(failed)?;
    file.sync_all().with_context(failed)?;
    Ok(FileHash {
        size,
        sha256: HEXLOWER.encode(hash.finish().as_ref()),
    })
}

/// Computes the size and the hash of a file.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<FileHash> {
    hash_reader(&mut File::open(path)?)
}

/// Computes the size and the hash of what is read.
///
/// # Errors
/// Fails if reading fails.
pub fn hash_reader(from: &mut impl Read) -> io::Result<FileHash> {
    let mut writer = HashingWriter::new(io::sink());
    io::copy(from, &mut writer)?;
    Ok(FileHash {
        size: writer.size,
        sha256: HEXLOWER.encode(writer.hash.finish().as_ref()),
    })
}

/// Opens a file of a backup and decrypts it if identities are given.
///
/// # Errors
/// Fails if the file cannot be read, or if no identity decrypts it.
pub fn open_file(path: &Path, identities: Option<&Identities>) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("Could not read {}", path.display()))?;
    let Some(identities) = identities else {
        return Ok(Box::new(BufReader::new(file)));
    };
    let failed = || format!("{} cannot be decrypted", path.display());
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file))
        .map_err(|error| anyhow!("{error}"))
        .with_context(failed)?;
    let identities = identities
        .0
        .iter()
        .map(|identity| identity.as_ref() as &dyn age::Identity);
    let plain = decryptor
        .decrypt(identities)
        .map_err(|error| anyhow!("{error}"))
        .with_context(failed)?;
    Ok(Box::new(plain))
}

/// Returns the folder of a file.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Waits until the disk has written the names of the files in a folder.
///
/// # Errors
/// Fails if the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    /// The SHA-256 hash of `abc` (FIPS 180-2).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_is_written_once_with_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let written = write_new_file(&mut &b"abc"[..], &path, &[]).unwrap();
        assert_eq!((written.size, written.sha256.as_str()), (3, ABC));
        assert_eq!(hash_file(&path).unwrap(), written);
        assert!(
            write_new_file(&mut &b"abd"[..], &path, &[]).is_err(),
            "it is not overwritten"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    }

    #[test]
    fn an_encrypted_file_opens_with_its_identity_alone() {
        let folder = tempfile::tempdir().unwrap();
        let identity = |name: &str| {
            let identity = age::x25519::Identity::generate();
            let path = folder.path().join(name);
            std::fs::write(&path, identity.to_string().expose_secret()).unwrap();
            (identity.to_public(), Identities::read(&path).unwrap())
        };
        let ((recipient, ours), (_, other)) = (identity("ours"), identity("other"));
        let path = folder.path().join("file.age");
        let text = b"kanarinac".repeat(20_000);
        let written = write_new_file(&mut text.as_slice(), &path, &[recipient]).unwrap();
        assert_eq!(hash_file(&path).unwrap(), written);
        let stored = std::fs::read(&path).unwrap();
        assert!(!stored.windows(9).any(|window| window == b"kanarinac"));
        let mut read = Vec::new();
        open_file(&path, Some(&ours))
            .unwrap()
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, text);
        assert!(open_file(&path, Some(&other)).is_err());
    }

    #[test]
    fn a_text_that_is_no_public_key_is_named() {
        let refused = parse_recipients(&["age1x".to_owned()]).unwrap_err();
        assert!(refused.to_string().contains("age1x"), "{refused}");
    }
}
