//! Retention: the worker that erases what is due each night, and the command `hotline retention`. The log contains only numbers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{Days, NaiveDate};
use hotline_core::{
    contact::lifecycle::Marking,
    retention::{DAYS_AHEAD, InvalidRetention},
};
use hotline_store::{
    db::store::Store,
    error::{Conflict, StoreError},
};
use tokio_util::sync::CancellationToken;

use crate::{arguments::Retention, people::account, service::open_store, settings::Settings};

/// The time between two checks whether a run is due.
const LOOK: Duration = Duration::from_secs(10);
/// The time after which a failed run is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Erases what is due, each day at the hour of the settings, until `stop` is cancelled. Makes up for a run that was missed while the service
/// was stopped. Ends at once if there are no rules.
pub async fn work(store: Arc<Store>, stop: CancellationToken) {
    let rules = store.retention_settings().rules().list().len();
    if rules == 0 {
        tracing::info!("Nothing is erased automatically, because `retention` has no rules");
    }
    while !stop.is_cancelled() {
        let mut wait = LOOK;
        match store.run_retention_if_due(|| !stop.is_cancelled()).await {
            Ok(Some(run)) => {
                tracing::info!(
                    erased = run.erased,
                    stopped = run.stopped,
                    "Erased the contacts that are due"
                );
                if !run.emptied {
                    tracing::warn!(
                        "The write-ahead log of the database still holds erased pages until the service is stopped"
                    );
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = %error, "What is due could not be erased; it is tried again");
                wait = AFTER_FAILURE;
            }
        }
        if rules == 0 {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Checks that each rule is for a kind of contact of the wrap-up questions in force or of the settings, or for a marking.
///
/// # Errors
/// Returns the first unknown kind.
pub fn check_kinds(store: &Store) -> Result<(), InvalidRetention> {
    let (scheme, of_settings) = (store.scheme(), store.scheme_of_settings());
    let is_answer = |kind: &str| {
        [&*scheme, &*of_settings].into_iter().any(|scheme| {
            scheme
                .question(hotline_core::contact::classification::KIND)
                .is_some_and(|question| question.answer(kind).is_some())
        })
    };
    let is_marking = |kind: &str| Marking::parse(kind).is_some_and(Marking::closes);
    store
        .retention_settings()
        .check_kinds(|kind| is_answer(kind) || is_marking(kind))
}

/// Runs a `hotline retention` command.
pub async fn run(settings: Settings, command: Retention) -> anyhow::Result<()> {
    let store = open_store(&settings, Vec::new()).await?;
    check_kinds(&store)?;
    match command {
        Retention::Preview { days } => print_preview(&store, days).await?,
        Retention::Run => {
            let run = store.run_retention(&account(), || true).await;
            if let Err(StoreError::Conflict(Conflict::RetentionRuns)) = run {
                anyhow::bail!("Another process is erasing. After a crash, try again in ten minutes");
            }
            let run = run?;
            println!("Erased contacts: {}. No figure has changed.", run.erased);
            if !run.emptied {
                println!(
                    "The service was reading all the time, so the database's write-ahead log still holds the old pages. \
                     They are overwritten when the service is next stopped."
                );
            }
        }
    }
    Ok(())
}

/// Prints the number of contacts that are erased on each day, by rule.
async fn print_preview(store: &Store, days: Option<u64>) -> anyhow::Result<()> {
    let days = days.unwrap_or(DAYS_AHEAD);
    if store.retention_settings().rules().list().is_empty() {
        println!("Nothing is erased automatically, because `retention` has no rules.");
        return Ok(());
    }
    let today = store.today();
    let last = today.checked_add_days(Days::new(days)).unwrap_or(today);
    let due = store.due_contacts(last).await?;
    let mut counts: BTreeMap<(NaiveDate, String), u64> = BTreeMap::new();
    for one in &due {
        *counts.entry((one.on.max(today), one.rule.clone())).or_default() += 1;
    }
    for ((day, rule), count) in counts {
        println!("{day}  {count:>7}  {rule}");
    }
    println!("Contacts erased until {last}: {}.", due.len());
    Ok(())
}
