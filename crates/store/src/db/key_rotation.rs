//! Replacing the master key: every wrapped data key is unwrapped with the old master key and wrapped with the new one.
//!
//! The service runs meanwhile with both master keys. It unwraps with either, and wraps with the new one. Rows are wrapped anew in batches, each
//! in a transaction, and a row that is already wrapped with the new master key is left alone, so an interrupted replacement is simply run
//! again. The proof of the master key is wrapped last: until then, the service starts only with both master keys.

use anyhow::{Context, bail, ensure};
use hotline_core::{identifiers::line_name::LineName, staff::audit::AuditAction};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Value,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{
            cases, contacts, conversations, journal, key_proofs, push_devices, push_keys, stored_lines,
            totp_secrets,
        },
        key_proof,
        store::Store,
        transactions::Writer,
    },
    error::StoreError,
    sealing::{
        keys::{Fingerprint, Keys, WrappedBy},
        master_key::KeySource,
        places::{
            PUSH_KEY_PLACE, case_key_place, contact_place, conversation_place, line_settings_place,
            push_device_place, raw_place, totp_place,
        },
    },
};

/// The row of the table `key_proofs` with the lasting keys.
const LASTING: i32 = 2;
/// The row with the lasting keys as they were sealed before the replacement that is going on.
const LASTING_BEFORE: i32 = 3;
/// Rows that are wrapped anew in one transaction.
const BATCH: u64 = 500;

/// The wrapped data keys of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The name of the table.
    pub table: &'static str,
    /// Keys that the present master key unwraps.
    pub present: u64,
    /// Keys that only the master key unwraps that is being replaced.
    pub old: u64,
    /// Keys that no master key unwraps.
    pub neither: u64,
}

/// The result of replacing the master key.
#[derive(Debug)]
pub struct Replacement {
    /// What was found in each table.
    pub tables: Vec<WrappedKeys>,
    /// Whether the old wrapped keys were removed from the database files. If not, they are removed when the service next stops.
    pub is_cleared: bool,
}

/// A row with a wrapped data key.
struct Row {
    /// The columns of the primary key, with their values.
    id: Vec<(&'static str, Value)>,
    place: String,
    wrapped: Vec<u8>,
}

/// Loads the master key, and the one that it replaces, if there is one.
pub(super) async fn load(
    reading: &DatabaseConnection,
    writing: &Writer,
    source: &KeySource,
    old_source: Option<&KeySource>,
) -> anyhow::Result<Keys> {
    let may_make = old_source.is_none() && key_proof::needs_no_key(reading).await?;
    let present = Keys::load(source, may_make)?;
    let old = match old_source {
        Some(source) => Some(
            Keys::load(source, false).context("Remove `data.old_key_file` if the master key was replaced")?,
        ),
        None => None,
    };
    ensure!(
        old.as_ref().is_none_or(|old| !present.is_same_as(old)),
        "`data.key_file` and `data.old_key_file` contain the same master key: make a new one with `hotline keys new`"
    );
    let lasting = key_proofs::Entity::find_by_id(LASTING).one(reading).await?;
    let lasting = lasting.map(|row| row.sealed);
    let Some(keys) = present.replacing(old.as_ref(), lasting.as_deref()) else {
        bail!(
            "The master key is not the one this database was sealed with. If it is being replaced, `data.key_file` names the new key, and \
             `data.old_key_file` the old one, until `hotline keys replace` has ended"
        );
    };
    let is_stored = lasting
        .as_ref()
        .is_some_and(|sealed| present.opens_lasting(sealed));
    if let Some(old) = old.filter(|_| !is_stored) {
        // Nothing may be wrapped with the new master key before the lasting keys can be opened with it. They come from the old one, which
        // must therefore be the one of this database: otherwise all codes and look-ups would change.
        let proof = key_proof::proof(reading).await?;
        let proof = proof.context(
            "Start the service once with the present master key before you replace it, without `data.old_key_file`",
        )?;
        ensure!(
            key_proof::proves(&old, &proof),
            "The master key in `data.old_key_file` is not the one this database was sealed with. `data.key_file` names the new key, and \
             `data.old_key_file` the present one"
        );
        store_lasting(writing, &keys, lasting).await?;
    }
    Ok(keys)
}

/// Loads the master key, and the one that it replaces, without making or storing anything.
pub(super) async fn load_to_read(
    reading: &DatabaseConnection,
    source: &KeySource,
    old_source: Option<&KeySource>,
) -> anyhow::Result<Keys> {
    let present = Keys::load(source, false)?;
    let old = old_source.map(|source| Keys::load(source, false)).transpose()?;
    let lasting = key_proofs::Entity::find_by_id(LASTING).one(reading).await?;
    let lasting = lasting.map(|row| row.sealed);
    let keys = present.replacing(old.as_ref(), lasting.as_deref());
    let keys = keys.context(key_proof::WRONG)?;
    let proof = key_proof::proof(reading).await?;
    ensure!(
        proof.is_none_or(|sealed| key_proof::proves(&keys, &sealed)),
        key_proof::WRONG
    );
    Ok(keys)
}

/// Stores the lasting keys, sealed with the new master key. What was stored before stays in another row until the replacement has ended:
/// if the new master key is lost before, an expert can put it back.
async fn store_lasting(writing: &Writer, keys: &Keys, before: Option<Vec<u8>>) -> anyhow::Result<()> {
    let transaction = writing.begin().await?;
    let rows = [(LASTING, Some(keys.seal_lasting()?)), (LASTING_BEFORE, before)];
    for (id, sealed) in rows {
        let Some(sealed) = sealed else { continue };
        let row = key_proofs::ActiveModel {
            id: Set(id),
            sealed: Set(sealed),
        };
        let replace = OnConflict::column(key_proofs::Column::Id)
            .update_column(key_proofs::Column::Sealed)
            .to_owned();
        key_proofs::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

impl Store {
    /// Returns whether a master key is being replaced.
    #[must_use]
    pub const fn is_replacing_key(&self) -> bool {
        self.keys.is_replacing()
    }

    /// Returns the fingerprint of the present master key.
    #[must_use]
    pub fn key_fingerprint(&self) -> Fingerprint {
        self.keys.fingerprint()
    }

    /// Returns the fingerprint of the master key that is being replaced. `None`: the settings name none.
    #[must_use]
    pub fn old_key_fingerprint(&self) -> Option<Fingerprint> {
        self.keys.old_fingerprint()
    }

    /// Returns whether the database can be opened only with both master keys, because `hotline keys replace` has not ended.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn needs_old_key(&self) -> Result<bool, StoreError> {
        let proof = key_proof::proof(&self.reading).await?;
        Ok(proof.is_some_and(|sealed| key_proof::proved_by(&self.keys, &sealed) == WrappedBy::Old))
    }

    /// Wraps every data key with the new master key. Can be run again after an interruption. Returns what it found in each table.
    ///
    /// # Errors
    /// Fails if no master key is being replaced, or if a database query fails.
    pub async fn replace_key(&self) -> Result<Replacement, StoreError> {
        if !self.is_replacing_key() {
            return Err(StoreError::NotFound("old master key"));
        }
        let mut found = self.read_keys(true).await?;
        let mut is_cleared = false;
        if found.iter().all(|table| table.neither == 0) {
            let transaction = self.begin().await?;
            self.prove_new_key(&transaction).await?;
            self.audit_in(&transaction, None, AuditAction::ReplaceMasterKey, "")
                .await?;
            self.commit(transaction).await?;
            is_cleared = self.clear_deleted().await?;
        }
        found.push(self.read_proofs().await?);
        Ok(Replacement {
            tables: found,
            is_cleared,
        })
    }

    /// Unwraps every data key, and changes nothing. Returns what it found in each table.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn verify_keys(&self) -> Result<Vec<WrappedKeys>, StoreError> {
        let mut found = self.read_keys(false).await?;
        found.push(self.read_proofs().await?);
        Ok(found)
    }

    /// Reads the proof of the master key and the lasting keys, without which the service does not start.
    async fn read_proofs(&self) -> Result<WrappedKeys, StoreError> {
        let mut found = WrappedKeys {
            table: "key_proofs",
            present: 0,
            old: 0,
            neither: 0,
        };
        for row in key_proofs::Entity::find().all(&self.reading).await? {
            let wrapped_by = match row.id {
                LASTING if self.keys.opens_lasting(&row.sealed) => WrappedBy::Present,
                LASTING => WrappedBy::Neither,
                LASTING_BEFORE => WrappedBy::Old,
                _ => key_proof::proved_by(&self.keys, &row.sealed),
            };
            match wrapped_by {
                WrappedBy::Present => found.present += 1,
                WrappedBy::Old => found.old += 1,
                WrappedBy::Neither => found.neither += 1,
            }
        }
        Ok(found)
    }

    async fn read_keys(&self, wraps_anew: bool) -> Result<Vec<WrappedKeys>, StoreError> {
        let mut all = Vec::new();
        for table in TABLES {
            let mut found = WrappedKeys {
                table,
                present: 0,
                old: 0,
                neither: 0,
            };
            let mut after = None;
            loop {
                let rows = self.wrapped_rows(table, after.as_ref()).await?;
                let Some(last) = rows.last() else { break };
                after = last.id.first().map(|(_, value)| value.clone());
                self.read_batch(table, &rows, wraps_anew, &mut found).await?;
                if !PAGED.contains(&table) {
                    break;
                }
            }
            all.push(found);
        }
        Ok(all)
    }

    async fn read_batch(
        &self,
        table: &'static str,
        rows: &[Row],
        wraps_anew: bool,
        found: &mut WrappedKeys,
    ) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for row in rows {
            match self.keys.wrapped_by(&row.place, &row.wrapped) {
                WrappedBy::Present => found.present += 1,
                WrappedBy::Neither => found.neither += 1,
                WrappedBy::Old if wraps_anew => {
                    if let Some(wrapped) = self.keys.wrapped_anew(&row.place, &row.wrapped)? {
                        changed.push((row, wrapped));
                    }
                    found.present += 1;
                }
                WrappedBy::Old => found.old += 1,
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let transaction = self.begin().await?;
        for (row, wrapped) in changed {
            // A key that was changed or deleted meanwhile is left alone.
            let mut update = Query::update();
            update
                .table(Alias::new(table))
                .value(Alias::new("data_key"), wrapped)
                .and_where(Expr::col(Alias::new("data_key")).eq(row.wrapped.clone()));
            for (column, value) in &row.id {
                update.and_where(Expr::col(Alias::new(*column)).eq(value.clone()));
            }
            transaction.execute(&update).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn prove_new_key(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let sealed = self.new_proof()?;
        key_proofs::Entity::update_many()
            .col_expr(key_proofs::Column::Sealed, Expr::value(sealed))
            .filter(key_proofs::Column::Id.eq(key_proof::ONLY))
            .exec(transaction)
            .await?;
        key_proofs::Entity::delete_by_id(LASTING_BEFORE)
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Returns the next rows of a table that have a data key. The tables in [`PAGED`] are read in batches behind the id `after`, and the
    /// others, which are small, all at once.
    async fn wrapped_rows(&self, table: &str, after: Option<&Value>) -> Result<Vec<Row>, StoreError> {
        let by_id = |id: Uuid, place: String, wrapped: Vec<u8>| Row {
            id: vec![("id", id.into())],
            place,
            wrapped,
        };
        let rows = match table {
            "journal" => {
                let after = match after {
                    Some(Value::BigInt(Some(id))) => *id,
                    Some(_) | None => i64::MIN,
                };
                let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = journal::Entity::find()
                    .select_only()
                    .columns([
                        journal::Column::Id,
                        journal::Column::ExternalHash,
                        journal::Column::DataKey,
                    ])
                    .filter(journal::Column::DataKey.is_not_null())
                    .filter(journal::Column::Id.gt(after))
                    .order_by_asc(journal::Column::Id)
                    .limit(BATCH)
                    .into_tuple()
                    .all(&self.reading)
                    .await?;
                let row = |(id, hash, wrapped): (i64, Vec<u8>, Vec<u8>)| Row {
                    id: vec![("id", id.into())],
                    place: raw_place(&hash),
                    wrapped,
                };
                rows.into_iter().map(row).collect()
            }
            "contacts" => {
                let rows: Vec<(Uuid, Vec<u8>)> = contacts::Entity::find()
                    .select_only()
                    .columns([contacts::Column::Id, contacts::Column::DataKey])
                    .filter(contacts::Column::DataKey.is_not_null())
                    .filter(contacts::Column::Id.gt(uuid_in(after)))
                    .order_by_asc(contacts::Column::Id)
                    .limit(BATCH)
                    .into_tuple()
                    .all(&self.reading)
                    .await?;
                let row = |(id, wrapped)| by_id(id, contact_place(id), wrapped);
                rows.into_iter().map(row).collect()
            }
            "cases" => {
                let rows: Vec<(Uuid, Vec<u8>)> = cases::Entity::find()
                    .select_only()
                    .columns([cases::Column::Id, cases::Column::DataKey])
                    .filter(cases::Column::DataKey.is_not_null())
                    .filter(cases::Column::Id.gt(uuid_in(after)))
                    .order_by_asc(cases::Column::Id)
                    .limit(BATCH)
                    .into_tuple()
                    .all(&self.reading)
                    .await?;
                let row = |(id, wrapped)| by_id(id, case_key_place(id), wrapped);
                rows.into_iter().map(row).collect()
            }
            "conversations" => {
                let rows = conversations::Entity::find().all(&self.reading).await?;
                let row = |row: conversations::Model| Row {
                    place: conversation_place(&row.source_hash),
                    id: vec![("line", row.line.into()), ("source_hash", row.source_hash.into())],
                    wrapped: row.data_key,
                };
                rows.into_iter().map(row).collect()
            }
            "totp_secrets" => {
                let rows = totp_secrets::Entity::find().all(&self.reading).await?;
                let row = |row: totp_secrets::Model| Row {
                    id: vec![("staff_id", row.staff_id.into())],
                    place: totp_place(row.staff_id),
                    wrapped: row.data_key,
                };
                rows.into_iter().map(row).collect()
            }
            "push_keys" => {
                let rows = push_keys::Entity::find().all(&self.reading).await?;
                let row = |row: push_keys::Model| Row {
                    id: vec![("id", row.id.into())],
                    place: PUSH_KEY_PLACE.to_owned(),
                    wrapped: row.data_key,
                };
                rows.into_iter().map(row).collect()
            }
            "push_devices" => {
                let rows = push_devices::Entity::find().all(&self.reading).await?;
                let row = |row: push_devices::Model| Row {
                    place: push_device_place(&row.session_hash),
                    id: vec![("session_hash", row.session_hash.into())],
                    wrapped: row.data_key,
                };
                rows.into_iter().map(row).collect()
            }
            "stored_lines" => {
                let rows = stored_lines::Entity::find().all(&self.reading).await?;
                let row = |row: stored_lines::Model| Row {
                    place: line_settings_place(&LineName::stored(row.line.clone()), row.version),
                    id: vec![("line", row.line.into()), ("version", row.version.into())],
                    wrapped: row.data_key,
                };
                rows.into_iter().map(row).collect()
            }
            _ => Vec::new(),
        };
        Ok(rows)
    }
}

/// The tables with wrapped data keys.
const TABLES: [&str; 8] = [
    "journal",
    "contacts",
    "cases",
    "conversations",
    "totp_secrets",
    "push_keys",
    "push_devices",
    "stored_lines",
];

/// The tables that are read in batches, because they can have many rows.
const PAGED: [&str; 3] = ["journal", "contacts", "cases"];

fn uuid_in(after: Option<&Value>) -> Uuid {
    match after {
        Some(Value::Uuid(Some(id))) => *id,
        Some(_) | None => Uuid::nil(),
    }
}
