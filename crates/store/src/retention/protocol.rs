//! The protocol of erasures. It states what was erased, when, by which rule and by whom, and contains no content.

use chrono::{DateTime, Utc};
use hotline_core::identifiers::reference::Reference;
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder, QuerySelect};

use crate::{
    db::{
        entity::erasures,
        store::{Store, time},
        values::ErasureCause,
    },
    error::StoreError,
};

/// An entry of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The number of the entry.
    pub number: i64,
    /// When the contact was erased.
    pub at: DateTime<Utc>,
    /// The reference of the contact.
    pub reference: Reference,
    /// Why the contact was erased.
    pub cause: ErasureCause,
    /// The rule of the settings. Empty if the cause is not a rule.
    pub rule: String,
    /// The worker, or the operating-system account at the command line.
    pub agent: String,
}

impl Store {
    /// Returns the newest entries of the protocol, newest first, and the number of all entries.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn erasures(&self, most: u64) -> Result<(Vec<Erasure>, u64), StoreError> {
        let count = erasures::Entity::find().count(&self.reading).await?;
        let rows = erasures::Entity::find()
            .order_by_desc(erasures::Column::Id)
            .limit(most)
            .all(&self.reading)
            .await?;
        let entries = rows.into_iter().map(|row| Erasure {
            number: row.id,
            at: time(row.at),
            reference: Reference::from_number(u64::try_from(row.reference).unwrap_or_default()),
            cause: row.cause,
            rule: row.rule,
            agent: row.agent,
        });
        Ok((entries.collect(), count))
    }
}
