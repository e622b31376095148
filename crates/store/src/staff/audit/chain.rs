//! The chain of the audit: committed entries become part of it in batches.
//!
//! Entries are not chained in the transaction that writes them. Otherwise, every transaction that writes an entry would wait for all
//! others.

use hotline_core::identifiers::chance;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

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
pub(super) const ONLY: i32 = 1;
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
    /// Adds all committed entries to the chain, and returns the end of the chain. The first call on a database begins the chain. Entries
    /// that something else than the service wrote stay outside, where [`Store::verify_audit`] finds them.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn chain_audit(&self) -> Result<ChainEnd, StoreError> {
        match stored_chain(&self.reading).await? {
            Some(chain) if !self.waits_for_chain().await? => return Ok(end_of(&chain)),
            Some(_) => {}
            None => self.begin_chain().await?,
        }
        loop {
            let transaction = self.begin().await?;
            let chain = self.locked_chain(&transaction).await?;
            let found = waiting()
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
        Ok(waiting().limit(1).one(&self.reading).await?.is_some())
    }

    /// Begins the chain, after the entries that a version without it wrote got what every entry has.
    async fn begin_chain(&self) -> Result<(), StoreError> {
        // A copied head shows that there was a chain. Entries without a hash are then not those of an older version.
        if !self.audit_copies.newest.exists() {
            self.adopt_older_entries().await?;
        }
        let first = vec![0; 32];
        let new = audit_chain::ActiveModel {
            id: Set(ONLY),
            first: Set(0),
            first_hash: Set(first.clone()),
            signature: Set(first_signed(&self.keys, 0, &first)?),
            last: Set(0),
            last_hash: Set(first),
        };
        let unless_there = OnConflict::column(audit_chain::Column::Id)
            .do_nothing()
            .to_owned();
        let transaction = self.begin().await?;
        audit_chain::Entity::insert(new)
            .on_conflict(unless_there)
            .exec_without_returning(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    pub(super) async fn locked_chain(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<audit_chain::Model, StoreError> {
        let mut query = audit_chain::Entity::find_by_id(ONLY);
        if !self.on_sqlite() {
            query = query.lock_exclusive();
        }
        let chain = query.one(transaction).await?;
        chain.ok_or(StoreError::NotFound("chain of the audit"))
    }

    /// Gives a random id and a keyed hash to the entries that a version without the chain wrote, in batches, so that nobody waits long.
    async fn adopt_older_entries(&self) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let transaction = self.begin().await?;
            let older = audit::Entity::find()
                .filter(audit::Column::Id.gt(after))
                .filter(audit::Column::Mac.is_null())
                .order_by_asc(audit::Column::Id)
                .limit(BATCH)
                .all(&transaction)
                .await?;
            for row in &older {
                let entry = Uuid::from_bytes(chance::bytes());
                let statement = Statement {
                    entry,
                    at: row.at,
                    actor: row.actor,
                    action: &row.action,
                    object: &row.object,
                };
                // Another process may have adopted and chained the entry in the meantime.
                audit::Entity::update_many()
                    .col_expr(audit::Column::Entry, Expr::value(entry))
                    .col_expr(
                        audit::Column::Mac,
                        Expr::value(self.keys.audit_mac(&statement.bytes())),
                    )
                    .filter(audit::Column::Id.eq(row.id))
                    .filter(audit::Column::Mac.is_null())
                    .exec(&transaction)
                    .await?;
            }
            transaction.commit().await?;
            match older.last() {
                Some(last) => after = last.id,
                None => return Ok(()),
            }
        }
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

/// Returns the query of the entries that wait to become part of the chain. An entry without what the service gives to each is left out.
pub(crate) fn waiting() -> Select<audit::Entity> {
    audit::Entity::find()
        .filter(audit::Column::Position.is_null())
        .filter(audit::Column::Entry.is_not_null())
        .filter(audit::Column::Mac.is_not_null())
}

fn end_of(chain: &audit_chain::Model) -> ChainEnd {
    ChainEnd {
        position: chain.last,
        hash: chain.last_hash.clone(),
    }
}
