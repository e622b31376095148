//! The database: its engine and clock, how many rows it has, and whether the figures agree with them.

use std::collections::BTreeMap;

use anyhow::Result;
use hotline_store::{db::store::Store, operation::inspection::RowCounts};
use serde_json::json;

use super::Finding;

/// A difference between the clocks that is larger than this makes leases and due times wrong, in milliseconds.
const CLOCK_DIFFERENCE: i64 = 5_000;
/// The number of differing figures that are counted at most.
const MOST_DIFFERENCES: usize = 1_000;

pub(super) async fn describe_engine(store: &Store) -> Result<Finding> {
    let engine = store.engine();
    let ahead = store.database_clock_ahead().await?;
    let ahead = ahead.map(|ahead| ahead.num_milliseconds());
    let text = match ahead {
        Some(ahead) => format!("{engine}, whose clock is {ahead} ms ahead of this machine"),
        None => engine.to_owned(),
    };
    Ok(Finding::wrong_if(
        ahead.is_some_and(|ahead| ahead.abs() > CLOCK_DIFFERENCE),
        "database",
        text,
        "Synchronise the clocks of both machines, for example with chrony",
        json!({ "engine": engine, "clock_ahead_ms": ahead }),
    ))
}

pub(super) fn describe_rows(rows: &RowCounts) -> Finding {
    let text = format!(
        "{} contacts ({}), {} messages",
        rows.contacts.values().sum::<i64>(),
        listed(&rows.contacts),
        rows.messages
    );
    Finding::ok("rows", text, json!(rows))
}

/// Recounts the statistics. Names only how many figures differ, because a figure can be about a single person.
pub(super) async fn describe_recount(store: &Store) -> Result<Finding> {
    let verified = store.verify_figures(MOST_DIFFERENCES).await?;
    let differing = verified.differences.len();
    let text = match differing {
        0 => format!(
            "every figure equals the recount of {} contacts",
            verified.contacts
        ),
        _ => format!(
            "{differing} figures differ from the recount of {} contacts",
            verified.contacts
        ),
    };
    Ok(Finding::wrong_if(
        differing > 0,
        "statistics",
        text,
        "Keep the output of `hotline statistics verify` for a report, stop the service and run `hotline statistics rebuild`",
        json!({ "contacts": verified.contacts, "differing": differing }),
    ))
}

/// Formats numbers by name, such as `12 closed, 3 waiting`.
pub(super) fn listed(numbers: &BTreeMap<String, i64>) -> String {
    let parts: Vec<String> = numbers
        .iter()
        .map(|(name, number)| format!("{number} {name}"))
        .collect();
    match parts.is_empty() {
        true => "none".to_owned(),
        false => parts.join(", "),
    }
}
