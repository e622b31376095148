//! The list of locked files, without the files.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    abuse_material::{AbuseMaterialSettings, LockDecision},
    identifiers::reference::Reference,
};
use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        entity::locked_files,
        store::{Store, time},
    },
    error::StoreError,
};

/// A file that is or was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// The id of the lock.
    pub id: Uuid,
    /// The contact to which the file was sent.
    pub reference: Reference,
    /// The line on which the file arrived.
    pub line: String,
    /// When the file arrived.
    pub received_at: DateTime<Utc>,
    /// The media type that the sender declared.
    pub media_type: String,
    /// The size in bytes, as far as it is known.
    pub size: i64,
    /// The SHA-256 hash in hexadecimal digits. `None` if the file was never stored here.
    pub sha256: Option<String>,
    /// When the file was locked.
    pub locked_at: DateTime<Utc>,
    /// Who locked the file. `None`: the list of known files, or an earlier lock of an equal file.
    pub locked_by: Option<String>,
    /// The proposal that waits for another person.
    pub proposal: Option<Proposal>,
    /// What became of the file.
    pub state: LockState,
    /// The statement of what was decided and done, with its signature in hexadecimal digits. `None` if nothing was decided.
    pub protocol: Option<SignedProtocol>,
}

/// A proposed decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is proposed.
    pub decision: LockDecision,
    /// The id of the member of staff who proposed it. Only another one can confirm it.
    pub by: Uuid,
    /// The display name. `None` if the account no longer exists.
    pub name: Option<String>,
    /// When it was proposed.
    pub at: DateTime<Utc>,
}

/// What became of a locked file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// Locked; nobody decided yet.
    Locked,
    /// Held for the police until the end of this day. Then it is purged.
    Held(NaiveDate),
    /// Unlocked, because it is no abuse material.
    Released(DateTime<Utc>),
    /// Destroyed.
    Purged(DateTime<Utc>),
}

/// A statement with the signature of this installation (Ed25519, RFC 8032).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedProtocol {
    /// The statement, a line for each fact.
    pub statement: String,
    /// The signature of the statement, in hexadecimal digits.
    pub signature: String,
}

impl Store {
    /// Returns the settings about locked files.
    pub const fn abuse_material_settings(&self) -> &AbuseMaterialSettings {
        &self.abuse_material
    }

    /// Returns at most `most` locked files, newest lock first, and the number of files about which nobody decided.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn locked_files(&self, most: u64) -> Result<(Vec<LockedFile>, u64), StoreError> {
        let rows = locked_files::Entity::find()
            .order_by_desc(locked_files::Column::LockedAt)
            .order_by_desc(locked_files::Column::Id)
            .limit(most)
            .all(&self.reading)
            .await?;
        let names: HashMap<Uuid, String> = self.names().await?.into_iter().collect();
        let files = rows.into_iter().map(|row| locked_file(row, &names)).collect();
        Ok((files, self.undecided_files().await?))
    }

    /// Returns a locked file. `None` if there is no such lock.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn locked_file(&self, id: Uuid) -> Result<Option<LockedFile>, StoreError> {
        let row = locked_files::Entity::find_by_id(id).one(&self.reading).await?;
        let Some(row) = row else { return Ok(None) };
        let names: HashMap<Uuid, String> = self.names().await?.into_iter().collect();
        Ok(Some(locked_file(row, &names)))
    }

    /// Returns the number of locked files about which nobody decided.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn undecided_files(&self) -> Result<u64, StoreError> {
        let undecided = locked_files::Entity::find()
            // The condition of the index, and of the files that are held.
            .filter(Expr::cust(
                "purged_at IS NULL AND released_at IS NULL AND hold_until IS NULL",
            ));
        Ok(undecided.count(&self.reading).await?)
    }
}

fn locked_file(row: locked_files::Model, names: &HashMap<Uuid, String>) -> LockedFile {
    let name = |id: Option<Uuid>| id.and_then(|id| names.get(&id).cloned());
    let decision = row.decision.as_deref().and_then(LockDecision::parse);
    let waits = row.confirmed_at.is_none();
    let proposal = decision
        .zip(row.proposed_by)
        .filter(|_| waits)
        .map(|(decision, by)| Proposal {
            decision,
            by,
            name: name(Some(by)),
            at: time(row.proposed_at.unwrap_or(row.locked_at)),
        });
    let held = row.hold_until.as_deref().and_then(|day| day.parse().ok());
    let state = match (row.purged_at, row.released_at, held) {
        (Some(at), ..) => LockState::Purged(time(at)),
        (None, Some(at), _) => LockState::Released(time(at)),
        (None, None, Some(until)) => LockState::Held(until),
        (None, None, None) => LockState::Locked,
    };
    let hex = |bytes: Vec<u8>| data_encoding::HEXLOWER.encode(&bytes);
    let protocol = row.protocol.zip(row.signature);
    LockedFile {
        id: row.id,
        reference: Reference::from_number(u64::try_from(row.reference).unwrap_or_default()),
        line: row.line,
        received_at: time(row.received_at),
        media_type: row.media_type,
        size: row.size,
        sha256: row.sha256.map(hex),
        locked_at: time(row.locked_at),
        locked_by: name(row.locked_by),
        proposal,
        state,
        protocol: protocol.map(|(statement, signature)| SignedProtocol {
            statement,
            signature: hex(signature),
        }),
    }
}
