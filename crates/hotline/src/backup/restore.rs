//! Restoring a backup into an empty place, and checking what was restored.
//!
//! What can be checked is checked before the first file is written. Every file is written under a temporary name beside its place, and gets
//! its name once all are complete, the database last. A mark in the data folder keeps the service from starting until then. A signal stops the
//! restore, which then removes what it wrote. The next restore removes the temporary files of one that was killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use hotline_store::{
    backup::{count_erasures, merge_erasure_lists},
    db::schema::newest_migration,
    sealing::keys::Fingerprint,
};
use tokio_util::sync::CancellationToken;

use self::{
    ownership::give_to_owner_of_folder,
    staging::{Staging, staged},
    target::Target,
};
use super::{
    encryption::{Identities, folder_of, open_file, sync_folder, write_new_file},
    limits::StoppableReader,
    manifest::{ATTACHMENTS, Engine, Manifest, Part},
    postgres::PostgresTools,
    verify::{Decryption, verify_backup},
};
use crate::{
    arguments::RestoreOptions, audit, keys, master_key, service::open_store, settings::Settings,
    shutdown::Signals, statistics,
};

mod ownership;
mod staging;
mod target;

const STOPPED: &str = "A signal stopped the restore";

/// A backup that is being restored.
struct Source<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    identities: Option<&'a Identities>,
    /// Cancelled by a signal.
    stop: &'a CancellationToken,
}

impl Source<'_> {
    /// Writes a part into a new file. Returns `false` if the backup does not contain the part.
    fn write(&self, part: Part, to: &Path) -> anyhow::Result<bool> {
        let Some(path) = self.manifest.path_of(part) else {
            return Ok(false);
        };
        let file = open_file(&self.folder.join(path), self.identities)?;
        write_new_file(&mut StoppableReader::new(file, self.stop), to, &[])?;
        Ok(true)
    }

    /// Returns the file with the readable database: the one in the backup, or the decrypted one.
    fn readable_database(&self, target: &Target) -> anyhow::Result<PathBuf> {
        if self.identities.is_some() {
            return Ok(target.decrypted_database());
        }
        let path = self.manifest.path_of(Part::Database);
        Ok(self.folder.join(path.context("The backup contains no database")?))
    }

    /// Writes a part under its temporary name.
    fn stage(&self, part: Part, staging: &mut Staging, to: &Path) -> anyhow::Result<()> {
        let to = staging.add(to);
        self.write(part, &to)?;
        Ok(())
    }
}

/// Runs `hotline restore`.
///
/// # Errors
/// Fails before anything is written if the backup, the master key or the target does not permit the restore.
pub async fn run(mut settings: Settings, options: &RestoreOptions) -> anyhow::Result<ExitCode> {
    // Migrations of the restored database need no other backup than the one that is restored.
    settings.backup.to = None;
    let identities = options.identity.as_deref().map(Identities::read).transpose()?;
    let manifest = Manifest::read(&options.backup)?;
    ensure!(
        !manifest.encrypted || identities.is_some(),
        "The backup is encrypted: name the file with its identity (private key) with --identity"
    );
    let stop = CancellationToken::new();
    let source = Source {
        folder: &options.backup,
        manifest: &manifest,
        identities: identities.as_ref().filter(|_| manifest.encrypted),
        stop: &stop,
    };
    if let Some(to) = &options.settings_to {
        write_settings(&source, to)?;
        println!(
            "Wrote the settings of the backup to {}. Nothing else was restored.",
            to.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let tools = PostgresTools::new(settings.backup.pg_dump.as_deref(), &settings.database_url());
    check_fit(&settings, &manifest).await?;
    let target = Target::new(&settings, manifest.engine)?;
    check_lists(&options.erasures)?;
    Signals::install()?.cancel(stop.clone());
    let code = restore(&settings, &source, &target, &options.erasures, &tools).await;
    code.map_err(|error| match stop.is_cancelled() {
        true => error.context(STOPPED),
        false => error,
    })
}

async fn restore(
    settings: &Settings,
    source: &Source<'_>,
    target: &Target,
    newer_erasures: &[PathBuf],
    tools: &PostgresTools,
) -> anyhow::Result<ExitCode> {
    let mut staging = Staging::begin(target)?;
    unless_stopped(source.stop, target.ensure_is_empty()).await?;
    staging.mark()?;
    // A service may have started before it could find the mark.
    unless_stopped(source.stop, target.ensure_is_empty()).await?;
    for left in target.leftovers()? {
        println!("Removed {}, which an interrupted restore left.", left.display());
        staging::remove(&left);
    }
    target.ensure_has_room(source.manifest)?;
    verify_source(source, target, tools, &mut staging).await?;
    let made: Vec<PathBuf> = target.files().into_iter().filter(|file| !file.exists()).collect();
    write_parts(source, target, newer_erasures, &mut staging)?;
    let incomplete: Vec<PathBuf> = made.iter().map(|file| staged(file)).collect();
    give_to_owner_of_folder(&target.data, &incomplete)?;
    ensure!(!source.stop.is_cancelled(), STOPPED);
    staging.give_names()?;
    if target.database.is_none() {
        let dump = source.readable_database(target)?;
        restore_postgres(&dump, source, target, tools, &mut staging).await?;
    }
    staging.end()?;
    let code = unless_stopped(source.stop, check_restored(settings, source.manifest)).await;
    give_to_owner_of_folder(&target.data, &made)?;
    code.context("The backup was restored, but not every check was made")
}

/// Does work until a signal stops it.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => bail!(STOPPED),
    }
}

/// Verifies the backup. The database of an encrypted one is decrypted under its temporary name.
async fn verify_source(
    source: &Source<'_>,
    target: &Target,
    tools: &PostgresTools,
    staging: &mut Staging,
) -> anyhow::Result<()> {
    let decryption = source.identities.map(|identities| Decryption {
        identities,
        to: target.decrypted_database(),
    });
    if let Some(decryption) = &decryption {
        staging.add_temporary(&decryption.to);
    }
    let found = verify_backup(source.folder, decryption.as_ref(), tools, source.stop).await;
    let found = found.context("The backup was not verified, so nothing was restored")?;
    if !found.problems.is_empty() {
        for problem in &found.problems {
            println!("WRONG: {problem}");
        }
        bail!("The backup is damaged, so nothing was restored");
    }
    Ok(())
}

/// Restores a dump into the PostgreSQL database.
async fn restore_postgres(
    dump: &Path,
    source: &Source<'_>,
    target: &Target,
    tools: &PostgresTools,
    staging: &mut Staging,
) -> anyhow::Result<()> {
    // If the program ends just when it commits, the database is restored, and no service may serve it without its attachments.
    staging.keep_mark(true);
    let restored = tools.restore(dump, source.stop).await;
    let has_failed = restored.is_err() && !source.stop.is_cancelled();
    if has_failed && target.is_database_empty().await.unwrap_or(false) {
        staging.keep_mark(false);
    }
    restored
}

/// Writes only the settings file of the backup.
fn write_settings(source: &Source<'_>, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists: name another file", to.display());
    let incomplete = staged(to);
    staging::remove(&incomplete);
    let written = source.write(Part::Settings, &incomplete);
    if written.is_err() {
        staging::remove(&incomplete);
    }
    ensure!(written?, "The backup contains no settings file");
    fs::rename(&incomplete, to)?;
    sync_folder(folder_of(to))?;
    Ok(())
}

/// Checks that these files are lists of erasures.
fn check_lists(lists: &[PathBuf]) -> anyhow::Result<()> {
    for list in lists {
        let found = fs::metadata(list).with_context(|| format!("Could not read {}", list.display()))?;
        ensure!(
            found.len() == 0 || count_erasures(list)? > 0,
            "{} is no list of erasures",
            list.display()
        );
    }
    Ok(())
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
    let needed = manifest.needed_keys();
    let failed = || format!("A restore needs {needed}");
    let key = master_key::read(&settings.data).await.with_context(failed)?;
    let old = master_key::read_old(&settings.data).await.with_context(failed)?;
    let fingerprint = Fingerprint::of(&key)?.to_string();
    let old = old.as_ref().map(Fingerprint::of).transpose()?;
    let old = old.map(|old| old.to_string());
    ensure!(
        manifest.fits_keys(&fingerprint, old.as_deref()),
        "The master key has the fingerprint {fingerprint}{}, and the backup needs {needed}",
        match &old {
            Some(old) => format!(", and the old one has {old}"),
            None => String::new(),
        }
    );
    Ok(())
}

/// Writes every part under its temporary name. The database gets its name last.
fn write_parts(
    source: &Source<'_>,
    target: &Target,
    newer_erasures: &[PathBuf],
    staging: &mut Staging,
) -> anyhow::Result<()> {
    let attachments = staging.add(&target.data.join(ATTACHMENTS));
    fs::create_dir(&attachments)
        .with_context(|| format!("Could not make the folder {}", attachments.display()))?;
    for id in source.manifest.attachments() {
        source.write(Part::Attachment(id), &attachments.join(id.to_string()))?;
    }
    sync_folder(&attachments)?;
    source.stage(Part::AuditHead, staging, &target.data.join("audit-head.json"))?;
    // A file outside the data folder may be newer than the backup. It stays as it is.
    if target.audit_heads.exists() {
        println!("Kept {}, which exists.", target.audit_heads.display());
    } else {
        source.stage(Part::AuditHeads, staging, &target.audit_heads)?;
    }
    let erasures = staging.add(&target.erasures);
    source.write(Part::Erasures, &erasures)?;
    merge_erasure_lists(&erasures, newer_erasures)?;
    match &target.database {
        // It was decrypted under its temporary name in order to be verified.
        Some(database) if source.identities.is_some() => {
            staging.add(database);
        }
        Some(database) => source.stage(Part::Database, staging, database)?,
        None => {}
    }
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
    let keys = store.verify_keys().await?;
    let unwraps_all = keys.iter().all(|table| table.neither == 0);
    let codes = [
        statistics::verify(&store).await?,
        match keys::report(&keys, store.is_replacing_key()) {
            // The replacement goes on after the restore.
            _ if store.is_replacing_key() && unwraps_all => ExitCode::SUCCESS,
            code => code,
        },
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
