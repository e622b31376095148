//! What `hotline doctor` reads: numbers, times and states, and nothing that people wrote. It writes nothing.

use std::{collections::BTreeMap, io::ErrorKind};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use crate::{
    db::{
        entity::{audit, audit_chain, contacts, conversations, cursors, messages, outbox},
        store::{Store, time},
    },
    error::StoreError,
    staff::audit::{chain::waiting, head::AuditHead},
};

/// How many rows there are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RowCounts {
    /// Contacts by status.
    pub contacts: BTreeMap<String, i64>,
    /// Messages of all contacts.
    pub messages: u64,
    /// Messages to people by delivery state.
    pub outbox: BTreeMap<String, i64>,
}

/// How far a line was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LineProgress {
    /// The positions in sources such as mail folders.
    pub positions: Vec<String>,
    /// The number of conversations whose position is stored. The positions are encrypted.
    pub conversations: u64,
}

/// The state of the audit's chain and of its copied end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AuditHeadState {
    /// The position of the last entry in the chain; 0 if there is none.
    pub last: i64,
    /// The position that the copied head names. `None`: there is no head, or it cannot be read.
    pub copied: Option<i64>,
    /// Whether there is a copied head that cannot be read.
    pub is_unreadable: bool,
    /// When the head was signed.
    pub signed_at: Option<DateTime<Utc>>,
    /// The number of entries that are not yet in the chain.
    pub waiting: u64,
    /// When the oldest of these entries was written.
    pub waiting_since: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct GroupSize {
    name: String,
    count: i64,
}

impl Store {
    /// Counts contacts, messages and messages to people.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn row_counts(&self) -> Result<RowCounts, StoreError> {
        let contacts: Vec<GroupSize> = contacts::Entity::find()
            .select_only()
            .column_as(contacts::Column::Status, "name")
            .column_as(contacts::Column::Id.count(), "count")
            .group_by(contacts::Column::Status)
            .into_model()
            .all(&self.reading)
            .await?;
        let outbox: Vec<GroupSize> = outbox::Entity::find()
            .select_only()
            .column_as(outbox::Column::State, "name")
            .column_as(outbox::Column::Id.count(), "count")
            .group_by(outbox::Column::State)
            .into_model()
            .all(&self.reading)
            .await?;
        Ok(RowCounts {
            contacts: by_name(contacts),
            messages: messages::Entity::find().count(&self.reading).await?,
            outbox: by_name(outbox),
        })
    }

    /// Returns how far a line was read.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn line_progress(&self, line: &str) -> Result<LineProgress, StoreError> {
        let positions = cursors::Entity::find()
            .filter(cursors::Column::Line.eq(line))
            .order_by_asc(cursors::Column::Source)
            .all(&self.reading)
            .await?;
        let conversations = conversations::Entity::find()
            .filter(conversations::Column::Line.eq(line))
            .count(&self.reading)
            .await?;
        Ok(LineProgress {
            positions: positions.into_iter().map(|row| row.position).collect(),
            conversations,
        })
    }

    /// Returns the state of the audit's chain, and of the head in the data folder.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn audit_head_state(&self) -> Result<AuditHeadState, StoreError> {
        let chain = audit_chain::Entity::find().one(&self.reading).await?;
        let oldest = waiting()
            .order_by_asc(audit::Column::Id)
            .limit(1)
            .one(&self.reading)
            .await?;
        let text = std::fs::read(&self.audit_copies.newest);
        let is_missing = text
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let head: Option<AuditHead> = text.ok().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(AuditHeadState {
            last: chain.map_or(0, |chain| chain.last),
            copied: head.as_ref().map(|head| head.position),
            is_unreadable: head.is_none() && !is_missing,
            signed_at: head.map(|head| head.at),
            waiting: waiting().count(&self.reading).await?,
            waiting_since: oldest.map(|entry| time(entry.at)),
        })
    }

    /// Returns by how much the clock of the database server is ahead of the clock of this machine. `None`: the database has no clock of its
    /// own, because it is a file.
    ///
    /// # Errors
    /// Fails if the database query fails.
    pub async fn database_clock_ahead(&self) -> Result<Option<TimeDelta>, StoreError> {
        if self.on_sqlite() {
            return Ok(None);
        }
        let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
        let statement = Statement::from_string(self.writing.backend(), now);
        let before = self.clock.now();
        let row = self.reading.query_one_raw(statement).await?;
        let after = self.clock.now();
        let there: Option<i64> = row.map(|row| row.try_get("", "now")).transpose()?;
        // The server read its clock about in the middle of the query.
        Ok(there.map(|there| time(there) - (before + (after - before) / 2)))
    }
}

impl AuditHeadState {
    /// Returns whether the chain or the copy of its end is behind or unreadable, so that the removal of the newest entries would not be noticed. An entry
    /// usually waits for about a second.
    #[must_use]
    pub fn is_behind(&self, now: DateTime<Utc>) -> bool {
        let waits_long = |since: DateTime<Utc>| now - since > TimeDelta::minutes(5);
        self.waiting_since.is_some_and(waits_long)
            || self.is_unreadable
            || self.copied.unwrap_or(0) < self.last
    }
}

fn by_name(groups: Vec<GroupSize>) -> BTreeMap<String, i64> {
    groups
        .into_iter()
        .map(|group| (group.name, group.count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_behind_if_entries_wait_or_the_copy_is_older() {
        let now: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let state = |copied, minutes: Option<i64>| AuditHeadState {
            last: 7,
            copied,
            is_unreadable: false,
            signed_at: None,
            waiting: 0,
            waiting_since: minutes.map(|minutes| now - TimeDelta::minutes(minutes)),
        };
        assert!(!state(Some(7), None).is_behind(now));
        assert!(!state(Some(7), Some(1)).is_behind(now));
        assert!(state(Some(7), Some(6)).is_behind(now));
        assert!(state(Some(6), None).is_behind(now));
        assert!(state(None, None).is_behind(now));
        let unreadable = AuditHeadState {
            last: 0,
            is_unreadable: true,
            ..state(None, None)
        };
        assert!(unreadable.is_behind(now));
    }
}
