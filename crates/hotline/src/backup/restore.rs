//! Restoring a backup into an empty place, and checking what was restored.
//!
//! Everything that could go wrong is checked before the first file is written. The database is written last: an interrupted restore leaves
//! a data folder without a database, or an empty PostgreSQL database, and can be begun again after the folder was emptied.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use hotline_store::{
    backup::{count_erasures, is_empty_postgres, merge_erasure_lists, newest_migration, sqlite_path},
    sealing::keys::Fingerprint,
};

use super::{
    create::audit_heads_file,
    encryption::{Identities, open_file, sync_folder, write_new_file},
    manifest::{ATTACHMENTS, Engine, Manifest, Part},
    postgres::PostgresTools,
    verify::verify_backup,
};
use crate::{
    arguments::RestoreOptions, audit, keys, master_key, service::open_store, settings::Settings, statistics,
};

/// What a data folder may contain before a restore: the master key, and what a file system has in its root folder.
const PERMITTED: [&str; 2] = ["master.key", "lost+found"];

/// Where the parts of a backup are restored to.
struct Target {
    data: PathBuf,
    url: String,
    erasures: PathBuf,
    audit_heads: PathBuf,
}

impl Target {
    fn new(settings: &Settings) -> Self {
        let usual = || settings.data.folder.join("erased.jsonl");
        Self {
            data: settings.data.folder.clone(),
            url: settings.database_url().expose().clone(),
            erasures: settings.retention.list_file.clone().unwrap_or_else(usual),
            audit_heads: audit_heads_file(settings),
        }
    }

    /// Checks that nothing would be overwritten.
    async fn ensure_is_empty(&self, engine: Engine) -> anyhow::Result<()> {
        if self.data.exists() {
            for entry in fs::read_dir(&self.data)? {
                let name = entry?.file_name();
                ensure!(
                    PERMITTED.iter().any(|permitted| name == *permitted),
                    "The data folder {} is not empty: it contains {}. Move its content away, or name another folder in `data.folder`",
                    self.data.display(),
                    name.display()
                );
            }
        }
        match engine {
            Engine::Sqlite => {
                let path = sqlite_path(&self.url)?;
                // SQLite would add the log of an earlier database to the restored one.
                for suffix in ["", "-wal", "-shm", "-journal"] {
                    let mut file = path.clone().into_os_string();
                    file.push(suffix);
                    let file = PathBuf::from(file);
                    ensure!(
                        !file.exists(),
                        "The database file {} exists: move it away, or name another database in `database.url`",
                        file.display()
                    );
                }
            }
            Engine::Postgresql => ensure!(
                is_empty_postgres(&self.url).await?,
                "The PostgreSQL database is not empty: make an empty one, and name it in `database.url`"
            ),
        }
        Ok(())
    }
}

/// A backup that is being restored.
struct Source<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    identities: Option<&'a Identities>,
}

impl Source<'_> {
    /// Writes a part into a new file. Returns `false` if the backup does not contain the part.
    fn write(&self, part: Part, to: &Path) -> anyhow::Result<bool> {
        let Some(path) = self.manifest.path_of(part) else {
            return Ok(false);
        };
        write_new_file(
            &mut *open_file(&self.folder.join(path), self.identities)?,
            to,
            &[],
        )?;
        Ok(true)
    }
}

/// Runs `hotline restore`.
///
/// # Errors
/// Fails before anything is written if the backup, the master key or the target does not permit the restore.
pub async fn run(settings: Settings, options: &RestoreOptions) -> anyhow::Result<ExitCode> {
    let identities = options.identity.as_deref().map(Identities::read).transpose()?;
    let manifest = Manifest::read(&options.backup)?;
    ensure!(
        !manifest.encrypted || identities.is_some(),
        "The backup is encrypted: name the file with its identity (private key) with --identity"
    );
    let source = Source {
        folder: &options.backup,
        manifest: &manifest,
        identities: identities.as_ref().filter(|_| manifest.encrypted),
    };
    if let Some(to) = &options.settings_to {
        ensure!(
            source.write(Part::Settings, to)?,
            "The backup contains no settings file"
        );
        println!(
            "Wrote the settings of the backup to {}. Nothing else was restored.",
            to.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let target = Target::new(&settings);
    let tools = PostgresTools::new(settings.backup.pg_dump.as_deref(), &settings.database_url());
    check_fit(&settings, &manifest).await?;
    target.ensure_is_empty(manifest.engine).await?;
    for list in &options.erasures {
        ensure!(
            fs::metadata(list)
                .with_context(|| format!("Could not read {}", list.display()))?
                .len()
                == 0
                || count_erasures(list)? > 0,
            "{} is no list of erasures",
            list.display()
        );
    }
    let found = verify_backup(source.folder, source.identities, &tools).await;
    if !found.problems.is_empty() {
        for problem in &found.problems {
            println!("WRONG: {problem}");
        }
        bail!("The backup is damaged, so nothing was restored");
    }
    write_parts(&source, &target, &options.erasures, &tools).await?;
    give_to_owner_of_folder(&target.data)?;
    let code = check_restored(&settings, &manifest).await;
    give_to_owner_of_folder(&target.data)?;
    code
}

/// Checks that the settings, the master key and this program fit the backup.
async fn check_fit(settings: &Settings, manifest: &Manifest) -> anyhow::Result<()> {
    let engine = Engine::of_url(settings.database_url().expose());
    ensure!(
        engine == manifest.engine,
        "The backup is from {}, and `database.url` names a database of {}",
        manifest.engine.as_str(),
        engine.as_str()
    );
    let newest = newest_migration();
    ensure!(
        manifest.schema <= newest,
        "Hotline {} made the backup, with the migration {}. This program knows migrations up to {newest}: use a newer one",
        manifest.program,
        manifest.schema
    );
    let key = master_key::read(&settings.data).await.with_context(|| {
        format!(
            "A restore needs the master key with the fingerprint {}",
            manifest.key
        )
    })?;
    let fingerprint = Fingerprint::of(&key)?.to_string();
    ensure!(
        fingerprint == manifest.key,
        "The master key has the fingerprint {fingerprint}, and the backup needs the one with {}",
        manifest.key
    );
    Ok(())
}

/// Writes everything, the database last.
async fn write_parts(
    source: &Source<'_>,
    target: &Target,
    newer_erasures: &[PathBuf],
    tools: &PostgresTools,
) -> anyhow::Result<()> {
    let attachments = target.data.join(ATTACHMENTS);
    fs::create_dir_all(&attachments)
        .with_context(|| format!("Could not make the folder {}", attachments.display()))?;
    for id in source.manifest.attachments() {
        source.write(Part::Attachment(id), &attachments.join(id.to_string()))?;
    }
    sync_folder(&attachments)?;
    source.write(Part::AuditHead, &target.data.join("audit-head.json"))?;
    // A file outside the data folder may be newer than the backup. It stays as it is.
    if target.audit_heads.exists() {
        println!("Kept {}, which exists.", target.audit_heads.display());
    } else {
        source.write(Part::AuditHeads, &target.audit_heads)?;
    }
    let temporary =
        tempfile::tempdir_in(&target.data).context("Could not make a folder in the data folder")?;
    let of_backup = temporary.path().join("erased.jsonl");
    source.write(Part::Erasures, &of_backup)?;
    let mut lists = vec![of_backup];
    lists.extend_from_slice(newer_erasures);
    merge_erasure_lists(&target.erasures, &lists)?;
    let database = temporary.path().join(source.manifest.engine.file_name());
    source.write(Part::Database, &database)?;
    match source.manifest.engine {
        Engine::Postgresql => tools.restore(&database).await?,
        Engine::Sqlite => {
            let path = sqlite_path(&target.url)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if folder == target.data.as_path() {
                fs::rename(&database, &path)?;
            } else {
                // The database may be on another disk.
                let beside = path.with_extension("restoring");
                source.write(Part::Database, &beside)?;
                fs::rename(&beside, &path)?;
            }
            sync_folder(folder)?;
        }
    }
    drop(temporary);
    sync_folder(&target.data)?;
    Ok(())
}

/// Opens the restored store, which erases again what the list of erasures names, and runs every check.
async fn check_restored(settings: &Settings, manifest: &Manifest) -> anyhow::Result<ExitCode> {
    let store = open_store(settings, Vec::new()).await?;
    println!(
        "Restored the backup of {}: {} of {}, {} attachments.",
        manifest.made_at.format("%Y-%m-%d %H:%M:%S UTC"),
        manifest.engine.as_str(),
        manifest.schema,
        manifest.attachments().len()
    );
    let codes = [
        statistics::verify(&store).await?,
        keys::report(&store.verify_keys().await?, store.is_replacing_key()),
        audit::verify(&store, &[]).await?,
    ];
    store.disconnect().await;
    if codes.iter().any(|code| *code != ExitCode::SUCCESS) {
        println!(
            "The backup was restored, and a check found a problem: read the lines above before you start the service."
        );
        return Ok(ExitCode::FAILURE);
    }
    println!("Every check succeeded. Start the service.");
    Ok(ExitCode::SUCCESS)
}

/// Gives the restored files to the owner of the data folder, because root often runs the restore for the account of the service.
fn give_to_owner_of_folder(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{MetadataExt, lchown};

    let owner = fs::metadata(folder)?;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let found = entry.metadata()?;
            let name = entry.file_name();
            if PERMITTED.iter().any(|permitted| name == *permitted) {
                continue;
            }
            if (found.uid(), found.gid()) != (owner.uid(), owner.gid()) {
                lchown(entry.path(), Some(owner.uid()), Some(owner.gid()))?;
            }
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}
