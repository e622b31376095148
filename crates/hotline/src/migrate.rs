//! The command `hotline migrate`.

use std::path::Path;

use hotline_store::db::schema::{PendingMigrations, find_pending_migrations};
use tokio_util::sync::CancellationToken;

use crate::{arguments::MigrateOptions, service::open_store_until, settings::Settings, shutdown::Signals};

/// Runs the pending migrations, or only lists them. A signal ends the wait for other processes and the backup before the migrations, but
/// not the migrations themselves. A second signal ends the program at once.
///
/// # Errors
/// Fails if the database cannot be read, or if the backup or a migration fails. Nothing is migrated then.
pub async fn run(mut settings: Settings, options: &MigrateOptions) -> anyhow::Result<()> {
    if options.without_backup {
        settings.backup.to = None;
    }
    if options.dry_run {
        let pending = find_pending_migrations(settings.database_url().expose()).await?;
        for name in &pending.names {
            println!("pending  {name}");
        }
        println!("{}", describe_backup(settings.backup.to.as_deref(), &pending));
        return Ok(());
    }
    let stop = CancellationToken::new();
    Signals::install()?.cancel(stop.clone());
    let store = open_store_until(&settings, Vec::new(), &stop).await?;
    store.disconnect().await;
    for name in store.migrated() {
        println!("ran      {name}");
    }
    println!("The database is up to date.");
    Ok(())
}

/// Says whether a backup would be made before the migrations, and where.
fn describe_backup(to: Option<&Path>, pending: &PendingMigrations) -> String {
    if pending.names.is_empty() {
        return "No migration is pending.".to_owned();
    }
    match (to, &pending.schema) {
        (_, None) => "The database is new, so no backup would be made.".to_owned(),
        (Some(to), Some(_)) => format!("A backup would be made in {} before them.", to.display()),
        (None, Some(_)) => {
            "No backup would be made before them, because no folder is set (`backup.to`).".to_owned()
        }
    }
}
