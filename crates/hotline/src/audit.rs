//! The audit worker: adds the entries of the audit to its chain, copies the signed end out of the database, and removes old entries. Also the commands
//! `hotline audit`.

use std::{
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use chrono::{Days, NaiveDate};
use hotline_core::time::clock::start_of_day;
use hotline_store::{
    db::store::Store,
    staff::audit::{copies::Copied, list::AuditFilter},
};
use tokio_util::sync::CancellationToken;

use crate::{arguments::Audit, service::open_store, settings::Settings};

/// The time between two passes.
const PASS: Duration = Duration::from_secs(1);
/// The time after which entries whose time is over are removed, the first time after the start of the process.
const CUT: Duration = Duration::from_hours(1);

/// Keeps the chain up to date until `stop` is cancelled.
pub async fn work(store: Arc<Store>, stop: CancellationToken) {
    let mut copied = Copied::default();
    let mut cut_at = Instant::now();
    loop {
        let stopping = stop.is_cancelled();
        match store.copy_audit_head(&mut copied, stopping).await {
            // Under systemd, this line is also copied to the journal.
            Ok(Some(head)) => tracing::info!(
                position = head.position,
                hash = head.hash,
                at = %head.at.to_rfc3339(),
                key = head.key,
                signature = head.signature,
                "Head of the audit"
            ),
            Ok(None) => {}
            Err(error) => tracing::error!(error = %error, "The audit could not be chained or copied"),
        }
        if !stopping && cut_at.elapsed() >= CUT {
            cut_at = Instant::now();
            match store.cut_audit().await {
                Ok(0) => {}
                Ok(removed) => {
                    tracing::info!(removed, "Removed the entries of the audit whose time was over");
                }
                Err(error) => {
                    tracing::error!(error = %error, "Old entries of the audit could not be removed")
                }
            }
        }
        if stopping {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(PASS) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Runs a `hotline audit` command.
pub async fn run(settings: Settings, command: Audit) -> anyhow::Result<ExitCode> {
    let zone = settings.centre.time_zone;
    let store = open_store(&settings, Vec::new()).await?;
    match command {
        Audit::List {
            from,
            to,
            login,
            action,
            count,
        } => {
            let start = |day: NaiveDate| start_of_day(day, zone);
            let actor = match login {
                Some(login) => Some(
                    store
                        .staff_id(&login)
                        .await?
                        .with_context(|| format!("There is no account {login:?}"))?,
                ),
                None => None,
            };
            let filter = AuditFilter {
                from: from.map(start),
                to: to.and_then(|day| day.checked_add_days(Days::new(1))).map(start),
                actor,
                action,
                before: None,
            };
            let (entries, more) = store.list_audit(&filter, count.into()).await?;
            for entry in entries {
                let at = entry.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
                let actor = entry.actor.map_or_else(|| "–".to_owned(), |(login, _)| login);
                let action = entry.action.map_or("?", |action| action.as_str());
                println!("{at}  {actor:<16} {action:<28} {}", entry.object);
            }
            if more {
                eprintln!("There are more entries: give a period, or a larger --count.");
            }
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify { heads } => {
            let heads: Vec<&Path> = heads.iter().map(AsRef::as_ref).collect();
            verify(&store, &heads).await
        }
    }
}

/// Verifies the audit, also with the heads in further files, and prints what was found. Returns a failure if anything was found.
///
/// # Errors
/// Fails if a file or the database cannot be read.
pub async fn verify(store: &Store, heads: &[&Path]) -> anyhow::Result<ExitCode> {
    let report = store.verify_audit_with(heads).await?;
    println!(
        "{} entries up to position {}, compared with {} signed heads; {} entries wait to be chained.",
        report.entries, report.last, report.heads, report.waiting
    );
    for finding in &report.findings {
        println!("WRONG: {finding}");
    }
    Ok(if report.findings.is_empty() {
        println!("Nothing was changed, removed, moved or added.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
