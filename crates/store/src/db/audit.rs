//! Writing entries of the audit: what an entry states, and the hashes over it.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hotline_core::{
    identifiers::{chance, reference::Reference},
    staff::audit::{AuditAction, AuditSettings},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    DatabaseTransaction,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{entity::audit, store::Store},
    error::StoreError,
};

/// The files outside the database to which the signed head of the audit is copied.
pub(crate) struct AuditCopies {
    /// The newest head.
    pub(crate) newest: PathBuf,
    /// Earlier heads, one a line.
    pub(crate) earlier: PathBuf,
    /// How often a line is added.
    pub(crate) interval: Duration,
    /// When the copies were last found to be up to date, or when the store was opened.
    current_at: Mutex<Instant>,
}

impl AuditCopies {
    pub(crate) fn new(folder: &Path, settings: AuditSettings) -> Self {
        Self {
            newest: folder.join("audit-head.json"),
            earlier: settings
                .copy_file
                .unwrap_or_else(|| folder.join("audit-heads.jsonl")),
            interval: Duration::from_secs(u64::from(settings.copy_minutes.max(1)) * 60),
            current_at: Mutex::new(Instant::now()),
        }
    }

    /// Records that the copies are up to date.
    pub(crate) fn note_current(&self) {
        *self.current_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Returns how long ago the copies were last found to be up to date.
    pub(crate) fn age(&self) -> Duration {
        self.current_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

tokio::task_local! {
    /// The mark of the session in which the task acts.
    pub(crate) static SESSION: String;
}

/// SHA-256.
pub(crate) type Hash = [u8; 32];

/// What an entry states: who did what, when, and to which object.
pub(crate) struct Statement<'a> {
    pub(crate) entry: Uuid,
    /// Microseconds since 1970.
    pub(crate) at: i64,
    pub(crate) actor: Option<Uuid>,
    pub(crate) action: &'a str,
    pub(crate) object: &'a str,
}

impl<'a> Statement<'a> {
    /// Returns what a stored entry states; `None` if the entry has no random id.
    pub(crate) fn of(row: &'a audit::Model) -> Option<Self> {
        Some(Self {
            entry: row.entry?,
            at: row.at,
            actor: row.actor,
            action: &row.action,
            object: &row.object,
        })
    }

    /// Returns the bytes of the statement. Different statements have different bytes: fields of variable length follow their length.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(self.entry.as_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        match self.actor {
            Some(actor) => {
                bytes.push(1);
                bytes.extend_from_slice(actor.as_bytes());
            }
            None => bytes.push(0),
        }
        for text in [self.action, self.object] {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// Returns the hash of an entry in the chain: it includes the hash of the entry before it, so it depends on all earlier entries.
pub(crate) fn chained(previous: &[u8], position: i64, mac: &[u8], statement: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(position.to_be_bytes());
    hash.update(mac);
    hash.update(statement);
    hash.finalize().into()
}

impl Store {
    /// Writes an entry of the audit. A missing actor is the service or the command line. The entry is also logged, before the transaction
    /// commits: the log then also has the entry of a transaction that fails. Only the log names the session, because the chain covers the
    /// fields of the table, and an earlier version could not verify another field.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub(crate) async fn audit_in(
        &self,
        transaction: &DatabaseTransaction,
        actor: Option<Uuid>,
        action: AuditAction,
        object: &str,
    ) -> Result<(), StoreError> {
        let (at, entry) = (self.now(), Uuid::from_bytes(chance::bytes()));
        let statement = Statement {
            entry,
            at,
            actor,
            action: action.as_str(),
            object,
        };
        let row = audit::ActiveModel {
            id: NotSet,
            at: Set(at),
            actor: Set(actor),
            action: Set(action.as_str().to_owned()),
            object: Set(object.to_owned()),
            entry: Set(Some(entry)),
            mac: Set(Some(self.keys.audit_mac(&statement.bytes()))),
            position: Set(None),
            hash: Set(None),
        };
        row.insert(transaction).await?;
        if self.logs_audit {
            // The log outlives the contact, so it names none. The entry leads to the object in the audit.
            let names_contact = object.split(' ').any(|word| Reference::parse(word).is_ok());
            let object = (!names_contact).then_some(object);
            tracing::info!(
                target: "hotline::audit",
                %entry,
                account = actor.map(tracing::field::display),
                session = SESSION.try_with(Clone::clone).ok(),
                action = action.as_str(),
                object,
                "Audit"
            );
        }
        self.queue_notice_after(transaction, actor, action, object).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_letter_between_fields_changes_the_statement() {
        let of = |action, object| {
            let entry = Uuid::nil();
            let statement = Statement {
                entry,
                at: 1,
                actor: None,
                action,
                object,
            };
            statement.bytes()
        };
        assert_ne!(of("open", "case"), of("openc", "ase"));
        assert_ne!(of("open", ""), of("", "open"));
    }

    #[test]
    fn the_same_entry_has_another_hash_at_another_place() {
        let at = |previous: &[u8], position| chained(previous, position, b"mac", b"statement");
        assert_ne!(at(&[0; 32], 1), at(&[0; 32], 2));
        assert_ne!(at(&[0; 32], 1), at(&[1; 32], 1));
    }
}
