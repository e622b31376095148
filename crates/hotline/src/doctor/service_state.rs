//! The disk, the backups, the audit and the master key.

use anyhow::Result;
use chrono::{DateTime, Utc};
use hotline_store::db::store::Store;
use serde_json::{Value, json};

use super::{Finding, queues::span};

pub(super) fn describe_disk(store: &Store) -> Finding {
    let Ok(disk) = store.disk_space() else {
        return Finding::wrong(
            "disk",
            "the free space of the data folder cannot be determined".to_owned(),
            "Make the folder of `data.folder` readable for the account that runs this command",
            Value::Null,
        );
    };
    Finding::wrong_if(
        disk.free_bytes < disk.reserve_bytes.saturating_mul(2),
        "disk",
        format!(
            "{} MiB free, the reserve is {} MiB",
            disk.free_bytes >> 20,
            disk.reserve_bytes >> 20
        ),
        "See “DiskNearlyFull” in docs/operating.md: below the reserve, no message is accepted",
        json!({ "free_bytes": disk.free_bytes, "reserve_bytes": disk.reserve_bytes }),
    )
}

/// Describes the last backup. The reason of a failure can contain a path, so it is left out.
pub(super) async fn describe_backup(store: &Store, every: u16, now: DateTime<Utc>) -> Result<Finding> {
    let state = store.backup_state().await?;
    let has_failed = state.failure.is_some();
    let mut text = match state.finished_at {
        Some(at) => format!("the last good one was finished {} ago", span(at, now)),
        None => "there is none".to_owned(),
    };
    if has_failed {
        text.push_str(", and the last attempt failed");
    }
    let facts = json!({
        "every_hours": every,
        "finished_at": state.finished_at,
        "failed_at": state.failure.as_ref().map(|failure| failure.at),
    });
    let is_missing = every > 0 && state.finished_at.is_none();
    if has_failed || is_missing || state.is_late(now, every) {
        let action = "See “BackupLate” in docs/operating.md, and run `hotline backup create`";
        return Ok(Finding::wrong("backup", text, action, facts));
    }
    Ok(match every {
        0 => Finding::note(
            "backup",
            format!("{text}; the service makes none (`backup.every`)"),
            facts,
        ),
        _ => Finding::ok("backup", text, facts),
    })
}

pub(super) async fn describe_audit(store: &Store, now: DateTime<Utc>) -> Result<Finding> {
    let state = store.audit_head_state().await?;
    let signed = match state.signed_at {
        Some(at) => format!("its end was copied {} ago", span(at, now)),
        None if state.is_unreadable => "the copy of its end cannot be read".to_owned(),
        None => "its end was never copied".to_owned(),
    };
    Ok(Finding::wrong_if(
        state.is_behind(now),
        "audit",
        format!(
            "{} entries in the chain, {signed}, {} entries wait",
            state.last, state.waiting
        ),
        "Start the service, which copies the end every second; if it runs or the copy cannot be read, see “AuditHeadOld” in docs/operating.md",
        json!(state),
    ))
}

pub(super) fn describe_key(store: &Store) -> Finding {
    let fingerprint = store.key_fingerprint().to_string();
    let facts = json!({ "fingerprint": fingerprint, "is_being_replaced": store.is_replacing_key() });
    match store.is_replacing_key() {
        true => Finding::note(
            "master key",
            format!("{fingerprint}, which replaces another one: run `hotline keys replace`"),
            facts,
        ),
        false => Finding::ok("master key", fingerprint, facts),
    }
}
