//! The list of breached passwords: a file in the format of the downloadable Pwned Passwords list. It has a line `SHA1:COUNT` for each
//! password, ordered by hash. The whole list has about 40 GB, so a look-up searches in the file and reads only some of its lines.

use std::{
    cmp::Ordering,
    fs::File,
    io::{Error, ErrorKind, Read, Result, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The number of hexadecimal digits of a hash.
const DIGITS: usize = 40;
/// The number of bytes that are read at once. They contain the end of one line and the whole next line.
const CHUNK: u64 = 256;
/// The number of parts of the file at whose beginning a line is checked at the start of the service.
const SAMPLES: u64 = 16;

/// The path of a list of breached passwords. Each look-up opens the file, so a newer list can replace it at any time.
#[derive(Debug, Clone)]
pub(crate) struct BreachedPasswords {
    path: PathBuf,
}

/// A line of the list.
struct Line {
    /// The hash in upper case.
    hash: String,
    /// Where the next line begins.
    next: u64,
}

/// The opened list.
struct List {
    file: File,
    length: u64,
}

impl BreachedPasswords {
    /// Checks the first line, the last line and some others, and whether they are in order. A list that cannot be used stops no service, because
    /// messages are more important than passwords: it is logged, and no password can be chosen until the list can be used.
    pub(crate) fn open(path: &Path) -> Self {
        if let Err(error) = List::open(path).and_then(|mut list| list.check()) {
            tracing::error!(
                file = %path.display(),
                error = %error,
                "The list of breached passwords (`accounts.breached_passwords`) cannot be used: nobody can choose a password"
            );
        }
        Self {
            path: path.to_owned(),
        }
    }

    /// Returns whether the list contains this password.
    ///
    /// # Errors
    /// Fails if the list cannot be read or has another format.
    pub(crate) fn contains(&self, password: &str) -> Result<bool> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let hash = data_encoding::HEXUPPER.encode(hash.as_ref());
        List::open(&self.path)?.contains(&hash)
    }
}

impl List {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Searches for a hash. The line of the hash, if there is one, begins in `from..to`.
    fn contains(&mut self, hash: &str) -> Result<bool> {
        let (mut from, mut to) = (0, self.length);
        while from < to {
            let middle = from + (to - from) / 2;
            match self.line_from(middle)? {
                None => to = middle,
                Some(line) => match line.hash.as_str().cmp(hash) {
                    Ordering::Equal => return Ok(true),
                    Ordering::Greater => to = middle,
                    Ordering::Less => from = line.next,
                },
            }
        }
        Ok(false)
    }

    /// Reads the first line that begins at this byte or later; `None` if none does.
    fn line_from(&mut self, place: u64) -> Result<Option<Line>> {
        // A line begins after a line break, so the byte before the place is read, too.
        let start = place.saturating_sub(1);
        let chunk = self.read_chunk(start)?;
        let skipped = match place {
            0 => 0,
            _ => match chunk.iter().position(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                None if start + chunk.len() as u64 >= self.length => return Ok(None),
                None => return Err(wrong_line()),
            },
        };
        let rest = chunk.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let end = rest.iter().position(|byte| *byte == b'\n');
        let is_whole = end.is_some() || start + chunk.len() as u64 >= self.length;
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let hash = hash_in(text).filter(|_| is_whole).ok_or_else(wrong_line)?;
        let length = end.map_or(rest.len(), |end| end + 1);
        let next = start + (skipped + length) as u64;
        Ok(Some(Line { hash, next }))
    }

    fn read_chunk(&mut self, start: u64) -> Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut chunk = Vec::new();
        self.file.by_ref().take(CHUNK).read_to_end(&mut chunk)?;
        Ok(chunk)
    }

    /// Checks lines from the first to the last one: each is a line of such a list, and none comes before an earlier one.
    fn check(&mut self) -> Result<()> {
        let mut earlier = String::new();
        let mut checked = 0;
        for part in 0..SAMPLES {
            let Some(line) = self.line_from(self.length / SAMPLES * part)? else {
                continue;
            };
            if line.hash < earlier {
                return Err(wrong("its lines are not ordered by hash"));
            }
            earlier = line.hash;
            checked += 1;
        }
        if checked == 0 {
            return Err(wrong("it is empty"));
        }
        if self.last_hash()? < earlier {
            return Err(wrong("its lines are not ordered by hash"));
        }
        Ok(())
    }

    fn last_hash(&mut self) -> Result<String> {
        let chunk = self.read_chunk(self.length.saturating_sub(CHUNK))?;
        let text = chunk.strip_suffix(b"\n").unwrap_or(&chunk);
        let line = text.rsplit(|byte| *byte == b'\n').next();
        line.and_then(hash_in).ok_or_else(wrong_line)
    }
}

/// Returns the hash of a line `SHA1:COUNT`; `None` if the line has another format.
fn hash_in(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let (hash, count) = line.split_once(':')?;
    let is_hash = hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    (is_hash && is_count).then(|| hash.to_ascii_uppercase())
}

fn wrong_line() -> Error {
    wrong("a line is not a SHA-1 hash in hexadecimal digits, a colon and a number")
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(password: &str, count: usize) -> String {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        format!("{}:{count}", data_encoding::HEXUPPER.encode(hash.as_ref()))
    }

    fn written(folder: &tempfile::TempDir, lines: &[String], end: &str) -> PathBuf {
        let path = folder.path().join("breached.txt");
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn each_password_of_a_list_is_found_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for size in [1, 2, 3, 7, 64, 500] {
            for end in ["\n", "\r\n"] {
                let mut lines: Vec<String> = (0..size)
                    .map(|one| line(&format!("password {one}"), one))
                    .collect();
                lines.sort();
                let path = written(&folder, &lines, end);
                let list = BreachedPasswords::open(&path);
                for one in 0..size {
                    assert!(
                        list.contains(&format!("password {one}")).unwrap(),
                        "{one} of {size}"
                    );
                    assert!(
                        !list.contains(&format!("another {one}")).unwrap(),
                        "{one} of {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_line_needs_no_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = [line("one", 1), line("two", 2), line("three", 3)];
        lines.sort();
        let path = folder.path().join("breached.txt");
        std::fs::write(&path, lines.join("\n").to_lowercase()).unwrap();
        let list = BreachedPasswords::open(&path);
        for password in ["one", "two", "three"] {
            assert!(list.contains(password).unwrap(), "{password}");
        }
    }

    #[test]
    fn a_list_of_another_format_or_order_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut lines: Vec<String> = (0..100).map(|one| line(&one.to_string(), one)).collect();
        lines.sort();
        lines.reverse();
        let hash_alone: Vec<String> = vec!["0".repeat(40)];
        for (lines, message) in [
            (lines, "ordered"),
            (vec![], "empty"),
            (hash_alone, "SHA-1"),
            (vec![format!("{}:1", "0".repeat(32))], "SHA-1"),
            (vec!["0".repeat(1_000)], "SHA-1"),
            (vec!["a long password".to_owned()], "SHA-1"),
        ] {
            let path = written(&folder, &lines, "\n");
            let error = List::open(&path).and_then(|mut list| list.check()).unwrap_err();
            assert!(format!("{error:#}").contains(message), "{error:#}");
        }
        assert!(List::open(&folder.path().join("missing")).is_err());
    }
}
