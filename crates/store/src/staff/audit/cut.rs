//! Removing the entries of the audit whose time is over, from the start of its chain. The place where the chain begins then is signed, so that
//! nobody else can remove entries there.

use chrono::Months;
use hotline_core::staff::audit::AuditAction;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{
    db::{
        entity::{audit, audit_chain},
        store::Store,
    },
    error::StoreError,
    staff::audit::{
        chain::{ONLY, stored_chain},
        head::{first_is_genuine, first_signed},
    },
};

/// The largest number of entries that one transaction removes.
const BATCH: u64 = 1_000;
/// The longest time whose entries one run removes, in microseconds.
const MOST_MICROS: i64 = 2 * 24 * 60 * 60 * 1_000_000;

impl Store {
    /// Removes entries that are older than the settings permit, up to the first younger one, and returns their number. Stops at an entry that
    /// is not genuine, so that a verification finds it. Removes at most those of two days, so that a clock that is wrong for some minutes
    /// costs little.
    ///
    /// # Errors
    /// Fails if a database query fails. What was removed until then stays removed.
    pub async fn cut_audit(&self) -> Result<u64, StoreError> {
        let now = self.steady.now(self.clock.now());
        let oldest = now.checked_sub_months(Months::new(self.audit_months.into()));
        let (Some(oldest), Some(chain)) = (
            oldest.filter(|_| self.audit_months > 0),
            stored_chain(&self.reading).await?,
        ) else {
            return Ok(0);
        };
        let first = audit::Entity::find()
            .filter(audit::Column::Position.eq(chain.first + 1))
            .one(&self.reading)
            .await?;
        let Some(first) = first else { return Ok(0) };
        let until = oldest
            .timestamp_micros()
            .min(first.at.saturating_add(MOST_MICROS));
        let mut removed = 0;
        loop {
            let count = self.cut_batch(until).await?;
            removed += count;
            if count < BATCH {
                return Ok(removed);
            }
        }
    }

    async fn cut_batch(&self, until: i64) -> Result<u64, StoreError> {
        let transaction = self.begin().await?;
        let chain = self.locked_chain(&transaction).await?;
        if !first_is_genuine(&self.keys, chain.first, &chain.first_hash, &chain.signature)? {
            return Ok(0);
        }
        let rows = audit::Entity::find()
            .filter(audit::Column::Position.gt(chain.first))
            .order_by_asc(audit::Column::Position)
            .limit(BATCH)
            .all(&transaction)
            .await?;
        let (mut first, mut hash) = (chain.first, chain.first_hash.clone());
        let mut count = 0;
        for row in rows {
            let position = row.position.unwrap_or_default();
            let is_next = position == first + 1 && self.is_genuine(&row, position, Some(&hash));
            if row.at >= until || !is_next {
                break;
            }
            first = position;
            hash = row.hash.unwrap_or_default();
            count += 1;
        }
        if count == 0 {
            transaction.rollback().await?;
            return Ok(0);
        }
        audit::Entity::delete_many()
            .filter(audit::Column::Position.gt(chain.first))
            .filter(audit::Column::Position.lte(first))
            .exec(&transaction)
            .await?;
        audit_chain::ActiveModel {
            id: Unchanged(ONLY),
            first: Set(first),
            signature: Set(first_signed(&self.keys, first, &hash)?),
            first_hash: Set(hash),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, None, AuditAction::CutAudit, &count.to_string())
            .await?;
        self.commit(transaction).await?;
        Ok(count)
    }
}
