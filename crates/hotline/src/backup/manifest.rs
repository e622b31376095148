//! The manifest of a backup: what the backup contains, with sizes and hashes. It is written last, so a backup without it is incomplete.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// The folder with the files of attachments and large raw messages.
pub const ATTACHMENTS: &str = "attachments";
/// What the names of encrypted files end with.
const ENCRYPTED: &str = ".age";
/// The format of the manifest. A program reads this version and older ones.
const VERSION: u32 = 1;

/// What a backup contains. The manifest itself is never encrypted; it contains no content and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of the manifest.
    pub version: u32,
    /// The version of the program that made the backup.
    pub program: String,
    /// The newest migration of the database.
    pub schema: String,
    /// The database engine.
    pub engine: Engine,
    /// When the backup was begun.
    pub made_at: DateTime<Utc>,
    /// The fingerprint of the master key, without which the content cannot be read.
    pub key: String,
    /// The fingerprint of the master key that was being replaced, without which the content cannot be read either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_key: Option<String>,
    /// Whether the files are encrypted with age.
    pub encrypted: bool,
    /// The files of the backup.
    pub files: Vec<BackupFile>,
    /// The attachments that the copied database names, and that the service deleted before they could be copied: of erased contacts and
    /// files, and of replies that were taken back.
    pub removed: Vec<Uuid>,
}

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A SQLite database file.
    Sqlite,
    /// A dump in the custom format of `pg_dump`.
    Postgresql,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// The path in the backup.
    pub path: String,
    /// The size in bytes, of the encrypted file if the backup is encrypted.
    pub size: u64,
    /// The SHA-256 hash of these bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What a file of a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The database.
    Database,
    /// The settings file.
    Settings,
    /// The list of erasures.
    Erasures,
    /// The newest signed head of the audit.
    AuditHead,
    /// Earlier heads.
    AuditHeads,
    /// The file of an attachment or of a large raw message.
    Attachment(Uuid),
}

impl Engine {
    /// Returns the engine of a database URL.
    pub fn of_url(url: &str) -> Self {
        match url.starts_with("sqlite") {
            true => Self::Sqlite,
            false => Self::Postgresql,
        }
    }

    /// Returns the name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
        }
    }

    /// Returns the name of the file with the database.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Sqlite => "hotline.db",
            Self::Postgresql => "hotline.dump",
        }
    }
}

impl Part {
    /// Returns the path of this part in a backup.
    pub fn path(self, engine: Engine, encrypted: bool) -> String {
        let path = match self {
            Self::Database => engine.file_name().to_owned(),
            Self::Settings => "hotline.toml".to_owned(),
            Self::Erasures => "erased.jsonl".to_owned(),
            Self::AuditHead => "audit-head.json".to_owned(),
            Self::AuditHeads => "audit-heads.jsonl".to_owned(),
            Self::Attachment(id) => format!("{ATTACHMENTS}/{id}"),
        };
        match encrypted {
            true => path + ENCRYPTED,
            false => path,
        }
    }

    /// Returns the part with exactly this path. `None`: a backup contains no such file. So no manifest can name a file outside the backup.
    fn parse(path: &str, engine: Engine, encrypted: bool) -> Option<Self> {
        let all = [
            Self::Database,
            Self::Settings,
            Self::Erasures,
            Self::AuditHead,
            Self::AuditHeads,
        ];
        let attachment = || {
            let name = path.strip_prefix(ATTACHMENTS)?.strip_prefix('/')?;
            let id = name.strip_suffix(ENCRYPTED).unwrap_or(name);
            Some(Self::Attachment(Uuid::parse_str(id).ok()?))
        };
        all.into_iter()
            .chain(attachment())
            .find(|part| part.path(engine, encrypted) == path)
    }
}

impl Manifest {
    /// Returns a manifest of the present format without files.
    pub fn new(engine: Engine, made_at: DateTime<Utc>, key: String, encrypted: bool) -> Self {
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: String::new(),
            engine,
            made_at,
            key,
            old_key: None,
            encrypted,
            files: Vec::new(),
            removed: Vec::new(),
        }
    }

    /// Reads the manifest of the backup in this folder.
    ///
    /// # Errors
    /// Fails if there is none, or if it is damaged or has a newer format.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(MANIFEST);
        ensure!(
            path.exists(),
            "{} has no {MANIFEST}, so it is no complete backup",
            folder.display()
        );
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("Could not read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(text)?;
        ensure!(
            version <= VERSION,
            "its format {version} is newer than this program, which reads format {VERSION}"
        );
        let manifest: Self = serde_json::from_str(text)?;
        let mut parts = BTreeSet::new();
        for file in &manifest.files {
            let Some(part) = manifest.part_of(file) else {
                bail!("it names {:?}, which no backup contains", file.path);
            };
            ensure!(parts.insert(part), "it names {} twice", file.path);
        }
        ensure!(parts.contains(&Part::Database), "it names no database");
        Ok(manifest)
    }

    /// Returns the text of the manifest.
    ///
    /// # Errors
    /// Never fails in practice, because every field has a form in JSON.
    pub fn to_text(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns which master keys a restore needs, for people.
    pub fn needed_keys(&self) -> String {
        match &self.old_key {
            None => format!("the master key {}", self.key),
            Some(old) => format!(
                "the master key {} in `data.key_file` and the old one {old} in `data.old_key_file`, because it was being replaced",
                self.key
            ),
        }
    }

    /// Returns whether the content can be read with the master key of this fingerprint and the one that it replaces, if there is one.
    pub fn fits_keys(&self, present: &str, old: Option<&str>) -> bool {
        match &self.old_key {
            // A backup from before the replacement of the key is read with the old one, and its keys are wrapped anew.
            None => self.key == present || old == Some(self.key.as_str()),
            Some(needed) => self.key == present && old == Some(needed.as_str()),
        }
    }

    /// Returns what a file is.
    pub fn part_of(&self, file: &BackupFile) -> Option<Part> {
        Part::parse(&file.path, self.engine, self.encrypted)
    }

    /// Returns the path of a part in the backup. `None`: the backup does not contain it.
    pub fn path_of(&self, part: Part) -> Option<&str> {
        let path = part.path(self.engine, self.encrypted);
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.path.as_str())
    }

    /// Returns the ids of the attachments in the backup.
    pub fn attachments(&self) -> BTreeSet<Uuid> {
        self.files
            .iter()
            .filter_map(|file| match self.part_of(file)? {
                Part::Attachment(id) => Some(id),
                Part::Database | Part::Settings | Part::Erasures | Part::AuditHead | Part::AuditHeads => None,
            })
            .collect()
    }

    /// Returns the number of bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(paths: &[&str], encrypted: bool) -> String {
        let at = "2026-11-30T10:20:30Z".parse().unwrap();
        let mut manifest = Manifest::new(Engine::Sqlite, at, "3f2a-91bc-0d11-77ee".to_owned(), encrypted);
        manifest.files = paths
            .iter()
            .map(|path| BackupFile {
                path: (*path).to_owned(),
                size: 1,
                sha256: "00".to_owned(),
            })
            .collect();
        manifest.to_text().unwrap()
    }

    const ID: &str = "018c8f2e-0000-7000-8000-000000000001";

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let attachment = format!("attachments/{ID}");
        let text = manifest(&["hotline.db", "erased.jsonl", &attachment], false);
        let read = Manifest::parse(&text).unwrap();
        assert_eq!(read.to_text().unwrap(), text);
        assert_eq!(read.attachments(), BTreeSet::from([ID.parse().unwrap()]));
        assert_eq!(read.path_of(Part::Erasures), Some("erased.jsonl"));
        assert_eq!(read.path_of(Part::Settings), None);
        let attachment = format!("attachments/{ID}.age");
        let text = manifest(&["hotline.db.age", &attachment], true);
        assert_eq!(Manifest::parse(&text).unwrap().attachments().len(), 1);
    }

    #[test]
    fn a_manifest_names_no_other_files() {
        for path in [
            "master.key",
            "../hotline.db",
            "/etc/passwd",
            "attachments/../hotline.db",
            "attachments/x",
            "hotline.dump",
            "erased.jsonl.age",
        ] {
            let refused = Manifest::parse(&manifest(&["hotline.db", path], false)).unwrap_err();
            assert!(refused.to_string().contains(path), "{path}: {refused}");
        }
        let upper = format!("attachments/{}", ID.to_uppercase());
        assert!(Manifest::parse(&manifest(&["hotline.db", &upper], false)).is_err());
        assert!(Manifest::parse(&manifest(&["hotline.db", "hotline.db"], false)).is_err());
        assert!(Manifest::parse(&manifest(&["erased.jsonl"], false)).is_err());
    }

    #[test]
    fn a_manifest_of_a_newer_format_is_refused() {
        let text = manifest(&["hotline.db"], false).replace("\"version\": 1", "\"version\": 2");
        let refused = Manifest::parse(&text).unwrap_err();
        assert!(refused.to_string().contains("newer"), "{refused}");
    }

    #[test]
    fn a_backup_is_read_with_the_keys_that_it_names() {
        let mut backup = Manifest::parse(&manifest(&["hotline.db"], false)).unwrap();
        "new".clone_into(&mut backup.key);
        assert!(backup.fits_keys("new", None));
        assert!(backup.fits_keys("newer", Some("new")), "it is replaced again");
        assert!(!backup.fits_keys("other", None));
        backup.old_key = Some("old".to_owned());
        assert!(backup.fits_keys("new", Some("old")));
        assert!(!backup.fits_keys("new", None));
        assert!(!backup.fits_keys("old", Some("new")), "the wrong way round");
        let needed = backup.needed_keys();
        assert!(needed.contains("new") && needed.contains("old"), "{needed}");
        let read = Manifest::parse(&backup.to_text().unwrap()).unwrap();
        assert_eq!(read, backup);
    }
}
