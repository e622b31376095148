//! Recounting all contacts, cases and referrals. The result is compared with the stored counts or replaces them.

use futures::{Stream, TryStreamExt, future};
use hotline_core::{
    casework::answers::Outcome,
    staff::audit::AuditAction,
    statistics::{
        figures::{Cell, Facts, Measure},
        tally::Tally,
    },
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect,
};

use crate::{
    db::{
        entity::{cases, contacts, figures as cells, referrals},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    statistics::{
        counts::{AT_ONCE, row},
        rows::select_counted,
    },
};

/// The result of comparing the stored counts with a recount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Number of contacts that the recount read, including contacts whose marking excludes them from the statistics.
    pub contacts: u64,
    /// The stored counts that differ from the recount, at most as many as requested.
    pub differences: Vec<OtherFigure>,
}

/// A stored count that differs from the recount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherFigure {
    /// The key of the stored count: its measure, span, dimensions and values.
    pub cell: Cell,
    /// The stored count. 0 if no count is stored under this key.
    pub kept: i64,
    /// The count according to the recount.
    pub counted: i64,
}

impl Store {
    /// Recounts all contacts, cases and referrals without changing the stored counts. Returns at most `most` stored counts that differ from
    /// the recount.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn verify_figures(&self, most: usize) -> Result<Verified, StoreError> {
        let transaction = self.begin_snapshot().await?;
        let (counted, contacts) = self.count_all(&transaction).await?;
        let mut counted = counted.finished();
        let mut different = Vec::new();
        let mut kept = kept(&transaction).await?;
        while let Some((cell, kept)) = kept.try_next().await? {
            let counted = counted.take(&cell);
            if kept != counted {
                different.push(OtherFigure { cell, kept, counted });
            }
        }
        drop(kept);
        transaction.rollback().await?;
        let missing = counted.sorted().map(|(cell, counted)| OtherFigure {
            cell,
            kept: 0,
            counted,
        });
        different.extend(missing);
        different.sort_by(|a, b| a.cell.cmp(&b.cell));
        different.truncate(most);
        Ok(Verified {
            contacts,
            differences: different,
        })
    }

    /// Recounts all contacts, cases and referrals, and replaces the stored counts with the result.
    ///
    /// # Errors
    /// Returns [`Conflict::Served`] if another process serves this SQLite database, because the recount would block registration in that
    /// process. Returns another [`StoreError`] if a database query fails. The stored counts do not change if an error is returned.
    pub async fn rebuild_figures(&self) -> Result<(), StoreError> {
        let _alone = match self.on_sqlite() && self.served.get().is_none() {
            true => Some(self.files.lock()?),
            false => None,
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        if !self.on_sqlite() {
            // Until the commit, these locks prevent staff from classifying or marking contacts. Those operations also lock the contact
            // first, so the order is the same here and there are no deadlocks.
            transaction
                .execute_unprepared("LOCK TABLE contacts IN EXCLUSIVE MODE")
                .await?;
            transaction
                .execute_unprepared(
                    "LOCK TABLE records, cases, referrals, figures IN SHARE ROW EXCLUSIVE MODE",
                )
                .await?;
        }
        let (counted, _) = self.count_all(&transaction).await?;
        cells::Entity::delete_many().exec(&transaction).await?;
        let mut sorted = counted.finished().sorted();
        loop {
            let some: Vec<_> = sorted.by_ref().take(AT_ONCE).map(row).collect();
            if some.is_empty() {
                break;
            }
            cells::Entity::insert_many(some)
                .exec_without_returning(&transaction)
                .await?;
        }
        if !self.on_sqlite() {
            // `ANALYZE` updates the query planner's statistics, which still describe the deleted rows.
            transaction.execute_unprepared("ANALYZE figures").await?;
        }
        self.audit_in(&transaction, None, AuditAction::RebuildFigures, "")
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Builds the stored counts if contacts exist but no counts are stored, as after an upgrade from a version without stored counts or
    /// after a migration that deleted the counts.
    pub(crate) async fn count_uncounted_contacts(&self) -> Result<(), StoreError> {
        let counted = cells::Entity::find().one(&self.reading).await?;
        let registered = contacts::Entity::find().one(&self.reading).await?;
        if counted.is_some() || registered.is_none() {
            return Ok(());
        }
        match self.rebuild_figures().await {
            // Another process serves this database, and it built the counts when it started. If there are still no counts, the markings
            // exclude every contact from the statistics.
            Err(StoreError::Conflict(Conflict::Served)) => Ok(()),
            done => done,
        }
    }

    /// Counts all contacts, cases and referrals. Returns the counts, and the number of contacts read.
    async fn count_all(&self, transaction: &DatabaseTransaction) -> Result<(Tally, u64), StoreError> {
        let mut tally = Tally::default();
        let mut count = 0;
        let mut contacts = select_counted(contacts::Entity::find())
            .stream(transaction)
            .await?;
        while let Some(contact) = contacts.try_next().await? {
            count += 1;
            for facts in self.facts_of(&contact)? {
                tally.add(&facts, 1);
            }
        }
        drop(contacts);
        let of_cases: Vec<(String, Option<String>, i64)> = cases::Entity::find()
            .select_only()
            .columns([cases::Column::Day, cases::Column::Institution])
            .column_as(cases::Column::Id.count(), "count")
            .group_by(cases::Column::Day)
            .group_by(cases::Column::Institution)
            .into_tuple()
            .all(transaction)
            .await?;
        for (day, institution, count) in of_cases {
            tally.add(&self.case_facts(&day, institution.as_deref()), count);
        }
        let sent = referrals::Entity::find().filter(referrals::Column::ConfirmedAt.is_not_null());
        for referral in sent.all(transaction).await? {
            let at = time(referral.confirmed_at.unwrap_or_default());
            let outcome = referral.outcome.as_deref().and_then(Outcome::parse);
            tally.add(
                &Facts::of_referral(&referral.institution, at, self.zone, outcome),
                1,
            );
        }
        Ok((tally, count))
    }
}

/// Streams all stored counts.
async fn kept(
    transaction: &DatabaseTransaction,
) -> Result<impl Stream<Item = Result<(Cell, i64), DbErr>>, DbErr> {
    let rows = cells::Entity::find().stream(transaction).await?;
    Ok(rows.try_filter_map(|row| {
        let cell = Measure::parse(&row.of).map(|of| Cell {
            of,
            span: row.span,
            one: row.one,
            other: row.other,
            value: row.value,
            other_value: row.other_value,
        });
        future::ok(cell.map(|cell| (cell, row.count)))
    }))
}
