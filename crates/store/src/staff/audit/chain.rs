//! The chain of the audit: committed entries become part of it in batches.
//!
//! Entries are not chained in the transaction that writes them. Otherwise, every transaction that writes an entry would wait for all
//! others.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

use crate::{
    db::{
        audit::{Statement, chained},
        entity::{audit, audit_chain},
        store::Store,
    },
    error::StoreError,
    staff::audit::head::first_signed,
};

/// Id of the only row in the table `audit_chain`.
const ONLY: i32 = 1;
/// The largest number of entries that one transaction chains.
const BATCH: u64 = 1_000;

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The position of the last entry; 0 if the chain is empty.
    pub position: i64,
    /// The hash of the last entry.
    pub hash: Vec<u8>,
}

pub(super) async fn stored_chain(
    connection: &impl ConnectionTrait,
) -> Result<Option<audit_chain::Model>, StoreError> {
    Ok(audit_chain::Entity::find_by_id(ONLY).one(connection).await?)
}

impl Store {
    /// Adds all committed entries to the chain, and returns the end of the chain. The first call on a database also gives a keyed hash to
    /// the entries that an older version wrote.
    ///
    /// # Errors
    /// Fails if a database query fails, or if an entry was written without the master key (see [`Store::verify_audit`]).
    pub async fn chain_audit(&self) -> Result<ChainEnd, StoreError> {
        if let (Some(chain), false) = (stored_chain(&self.reading).await?, self.waits_for_chain().await?) {
            return Ok(end_of(&chain));
        }
        loop {
            let transaction = self.begin().await?;
            let chain = self.locked_chain(&transaction).await?;
            let found = audit::Entity::find()
                .filter(audit::Column::Position.is_null())
                .order_by_asc(audit::Column::Id)
                .limit(BATCH)
                .all(&transaction)
                .await?;
            let more = found.len() as u64 == BATCH;
            let chain = self.add_entries(&transaction, chain, found).await?;
            transaction.commit().await?;
            if !more {
                return Ok(end_of(&chain));
            }
        }
    }

    async fn waits_for_chain(&self) -> Result<bool, StoreError> {
        let waiting = audit::Entity::find()
            .filter(audit::Column::Position.is_null())
            .limit(1)
            .one(&self.reading)
            .await?;
        Ok(waiting.is_some())
    }

    /// Locks the chain, and begins it if this is a database of an older version.
    async fn locked_chain(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<audit_chain::Model, StoreError> {
        let first = vec![0; 32];
        let signature = first_signed(&self.keys, 0, &first)?;
        let new = audit_chain::ActiveModel {
            id: Set(ONLY),
            first: Set(0),
            first_hash: Set(first.clone()),
            signature: Set(signature),
            last: Set(0),
            last_hash: Set(first),
        };
        let begun = audit_chain::Entity::insert(new)
            .on_conflict(
                OnConflict::column(audit_chain::Column::Id)
                    .do_nothing()
                    .to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
        if begun == 1 {
            self.adopt_older_entries(transaction).await?;
        }
        let mut query = audit_chain::Entity::find_by_id(ONLY);
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        let chain = query.one(transaction).await?;
        chain.ok_or(StoreError::NotFound("chain of the audit"))
    }

    /// Gives a random id and a keyed hash to the entries that a version without the chain wrote.
    async fn adopt_older_entries(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let older = audit::Entity::find()
            .filter(audit::Column::Position.is_null())
            .filter(audit::Column::Mac.is_null())
            .all(transaction)
            .await?;
        for mut row in older {
            row.entry = Some(uuid::Uuid::from_bytes(hotline_core::identifiers::chance::bytes()));
            let statement = Statement::of(&row).map(|statement| statement.bytes());
            audit::ActiveModel {
                id: Unchanged(row.id),
                entry: Set(row.entry),
                mac: Set(statement.map(|statement| self.keys.audit_mac(&statement))),
                ..Default::default()
            }
            .update(transaction)
            .await?;
        }
        Ok(())
    }

    async fn add_entries(
        &self,
        transaction: &DatabaseTransaction,
        mut chain: audit_chain::Model,
        entries: Vec<audit::Model>,
    ) -> Result<audit_chain::Model, StoreError> {
        if entries.is_empty() {
            return Ok(chain);
        }
        for row in entries {
            let (Some(statement), Some(mac)) = (Statement::of(&row), &row.mac) else {
                // The entry stays outside the chain, where verification reports it.
                tracing::error!(
                    id = row.id,
                    "The audit has an entry that this service did not write"
                );
                continue;
            };
            chain.last += 1;
            let hash = chained(&chain.last_hash, chain.last, mac, &statement.bytes());
            chain.last_hash = hash.to_vec();
            audit::ActiveModel {
                id: Unchanged(row.id),
                position: Set(Some(chain.last)),
                hash: Set(Some(chain.last_hash.clone())),
                ..Default::default()
            }
            .update(transaction)
            .await?;
        }
        audit_chain::ActiveModel {
            id: Unchanged(ONLY),
            last: Set(chain.last),
            last_hash: Set(chain.last_hash.clone()),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        Ok(chain)
    }
}

fn end_of(chain: &audit_chain::Model) -> ChainEnd {
    ChainEnd {
        position: chain.last,
        hash: chain.last_hash.clone(),
    }
}
