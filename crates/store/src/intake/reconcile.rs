//! Queries for comparing the messages in a source (such as a mailbox) with the messages that were accepted and registered.

use std::collections::{BTreeMap, HashSet};

use hotline_core::identifiers::line_name::LineName;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use crate::{
    db::{
        entity::{journal, messages},
        store::Store,
        values::Outcome,
    },
    error::StoreError,
};

impl Store {
    /// Returns those of the given external ids (the ids of messages in their source) whose messages were never accepted on this line.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn never_accepted(
        &self,
        line: &LineName,
        external_ids: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let mut missing = Vec::new();
        for some in external_ids.chunks(500) {
            let hash = |id: &String| self.keys.lookup("external id", &format!("{line}\n{id}"));
            let hashes: Vec<Vec<u8>> = some.iter().map(hash).collect();
            let known: HashSet<Vec<u8>> = journal::Entity::find()
                .select_only()
                .column(journal::Column::ExternalHash)
                .filter(journal::Column::ExternalHash.is_in(hashes.clone()))
                .into_tuple()
                .all(&self.reading)
                .await?
                .into_iter()
                .collect();
            missing.extend(
                some.iter()
                    .zip(hashes)
                    .filter(|(_, hash)| !known.contains(hash))
                    .map(|(id, _)| id.clone()),
            );
        }
        Ok(missing)
    }

    /// Counts the messages accepted on a line. The keys of the map are the outcomes, such as `message` or `ignored`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn outcomes(&self, line: &LineName) -> Result<BTreeMap<String, i64>, StoreError> {
        #[derive(FromQueryResult)]
        struct Outcome {
            outcome: String,
            count: i64,
        }
        let rows: Vec<Outcome> = journal::Entity::find()
            .select_only()
            .column(journal::Column::Outcome)
            .column_as(journal::Column::Id.count(), "count")
            .filter(journal::Column::Line.eq(line.as_str()))
            .group_by(journal::Column::Outcome)
            .into_model()
            .all(&self.reading)
            .await?;
        Ok(rows.into_iter().map(|row| (row.outcome, row.count)).collect())
    }

    /// Counts the raw messages on a line that have the outcome `message` or `unreadable`, but to which no message of a contact refers. Does
    /// not count erased raw messages. Any result other than 0 shows that a message was lost by a defect in Hotline.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn strays(&self, line: &LineName) -> Result<u64, StoreError> {
        let filed = messages::Entity::find()
            .select_only()
            .column(messages::Column::JournalId)
            .filter(messages::Column::JournalId.is_not_null());
        let strays = journal::Entity::find()
            .select_only()
            .column(journal::Column::Id)
            .filter(journal::Column::Line.eq(line.as_str()))
            .filter(journal::Column::Outcome.is_in([Outcome::Message, Outcome::Unreadable]))
            .filter(journal::Column::DataKey.is_not_null())
            .filter(journal::Column::Id.not_in_subquery(sea_orm::QueryTrait::into_query(filed)));
        Ok(strays.into_tuple::<i64>().all(&self.reading).await?.len() as u64)
    }
}
