//! The stored counts of the statistic. Every transaction that changes a counted item, such as a contact, also updates the counts.
//! [`hotline_core::statistics::figures`] defines the counting rules. [`StatisticsFilter`] defines the possible queries.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use hotline_core::{
    contact::{classification::Answers, joining, lifecycle::Marking},
    statistics::{
        figures::{self, Cell, Facts, Registered},
        waits::Read,
    },
    time::clock,
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult,
    sea_query::{Expr, OnConflict},
};

use crate::{
    db::{
        contact_row::write_contact,
        entity::{contacts, figures as cells},
        store::{Store, time},
        stored::Stored,
    },
    error::StoreError,
};
use hotline_core::text::locale::Language;

pub use crate::statistics::{
    breakdown::BANDS,
    drill_down::{CountedContacts, DrillDown, ListedContact, SelectedValues},
    filter::{Breakdown, FigureRow, StatisticsFilter},
    recount::{OtherFigure, Verified},
    rows::After,
};

/// Maximum number of rows inserted by one statement. Each inserted value is bound, and databases limit the number of bound values in a
/// statement.
pub(crate) const AT_ONCE: usize = 500;

/// The columns of a contact that determine how the contact is counted. These columns are stored unencrypted.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub(crate) struct CountedColumns {
    channel: String,
    language: Option<Stored<Language>>,
    marking: Option<Stored<Marking>>,
    pub(super) opened_at: i64,
    pub(super) closed_at: Option<i64>,
    first_reply_at: Option<i64>,
    first_read_at: Option<i64>,
}

impl From<&contacts::Model> for CountedColumns {
    fn from(contact: &contacts::Model) -> Self {
        Self {
            channel: contact.channel.clone(),
            language: contact.language,
            marking: contact.marking,
            opened_at: contact.opened_at,
            closed_at: contact.closed_at,
            first_reply_at: contact.first_reply_at,
            first_read_at: contact.first_read_at,
        }
    }
}

impl Store {
    /// Returns the facts by which the statistics count a contact: one for its registration and, if it is closed, one for its closing.
    /// `chosen` contains the answers from the wrap-up. The result is empty if the contact has a marking that excludes it from the
    /// statistics.
    pub(crate) fn facts(&self, contact: &CountedColumns, chosen: &Answers) -> Vec<Facts> {
        if !joining::counts(contact.marking.map(|marking| marking.0)) {
            return Vec::new();
        }
        let waited = |at: i64| time(at) - time(contact.opened_at);
        let registered = Registered {
            channel: &contact.channel,
            language: contact.language.map(|language| language.0.tag()),
            at: time(contact.opened_at),
            first_reply: contact.first_reply_at.map(waited),
            read: match contact.first_read_at {
                // A call is stored as first read at the time of its arrival. Other contacts are stored as first read later.
                Some(at) if at <= contact.opened_at => Read::Taken,
                Some(at) => Read::After(waited(at)),
                None => Read::NotYet,
            },
            closed: contact.closed_at.is_some(),
        };
        let registered = Facts::of_contact(&registered, self.zone, &self.scheme(), chosen);
        let closing = contact
            .closed_at
            .map(|at| Facts::of_closing(&contact.channel, time(at), self.zone));
        [Some(registered), closing].into_iter().flatten().collect()
    }

    /// Writes the columns of a contact in which `after` differs from `before`, and updates the stored counts.
    ///
    /// # Errors
    /// Returns [`NewerOpen`](crate::error::Conflict::NewerOpen) if the change reopens the contact while the same person has another open
    /// contact.
    pub(crate) async fn change_contact(
        &self,
        transaction: &DatabaseTransaction,
        before: &contacts::Model,
        after: &contacts::Model,
    ) -> Result<(), StoreError> {
        write_contact(transaction, before, after).await?;
        self.recount_contact(transaction, before, after).await
    }

    /// Updates the stored counts after a contact changed from `before` to `after`. The wrap-up answers must be unchanged.
    async fn recount_contact(
        &self,
        transaction: &DatabaseTransaction,
        before: &contacts::Model,
        after: &contacts::Model,
    ) -> Result<(), StoreError> {
        let (before_columns, after_columns) = (CountedColumns::from(before), CountedColumns::from(after));
        if before_columns == after_columns {
            return Ok(());
        }
        let chosen = self.record_of(transaction, before).await?.chosen;
        recount(
            transaction,
            &self.facts(&before_columns, &chosen),
            &self.facts(&after_columns, &chosen),
        )
        .await
    }

    /// Returns the current day in the centre's time zone.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        clock::day_of(self.clock.now(), self.zone)
    }
}

/// Updates the stored counts after the facts of an item, such as a contact, changed from `before` to `after`.
pub(crate) async fn recount(
    transaction: &DatabaseTransaction,
    before: &[Facts],
    after: &[Facts],
) -> Result<(), StoreError> {
    add(transaction, figures::change(before, after)).await
}

/// Adds changes to the stored counts. The rows are written in key order, so that concurrent transactions do not deadlock.
pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    changes: BTreeMap<Cell, i64>,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Every transaction takes its locks in this order: rows of contacts, then this advisory lock, then rows of counts. The fixed order
        // prevents deadlocks.
        transaction
            .execute_unprepared("SELECT pg_advisory_xact_lock(7205759403792795)")
            .await?;
    }
    let rows: Vec<cells::ActiveModel> = changes.into_iter().map(row).collect();
    for some in rows.chunks(AT_ONCE) {
        let place = [
            cells::Column::Of,
            cells::Column::One,
            cells::Column::Other,
            cells::Column::Span,
            cells::Column::Value,
            cells::Column::OtherValue,
        ];
        let sum = Expr::cust("\"figures\".\"count\" + excluded.\"count\"");
        let added = OnConflict::columns(place)
            .value(cells::Column::Count, sum)
            .to_owned();
        cells::Entity::insert_many(some.to_vec())
            .on_conflict(added)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

pub(crate) fn row((cell, count): (Cell, i64)) -> cells::ActiveModel {
    cells::ActiveModel {
        of: Set(cell.of.as_str().to_owned()),
        one: Set(cell.one),
        other: Set(cell.other),
        span: Set(cell.span),
        value: Set(cell.value),
        other_value: Set(cell.other_value),
        count: Set(count),
    }
}
