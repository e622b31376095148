//! Counting every contact anew: to compare with the figures that are kept, and to mend them.

use futures::{Stream, TryStreamExt, future};
use hotline_core::statistics::{
    figures::{Cell, Facts, Measure},
    tally::Tally,
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
        figures::{AT_ONCE, row},
        rows::{CountedContact, looked_at},
    },
};

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many contacts were recounted, whether they count or not.
    pub contacts: u64,
    /// Figures that differ, at most as many as were asked for.
    pub differences: Vec<OtherFigure>,
}

/// A figure that is kept and the recount, which differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherFigure {
    /// Where it is counted.
    pub cell: Cell,
    /// What is kept.
    pub kept: i64,
    /// What the contacts say.
    pub counted: i64,
}

impl Store {
    /// Recounts every contact and names each figure that differs, at most `most` of them.
    ///
    /// # Errors
    /// When the database refuses.
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

    /// Counts every contact anew and puts that in the place of the figures that are kept.
    ///
    /// # Errors
    /// [`Conflict::Served`] if another process serves this SQLite database, which could register nothing in the
    /// meantime. When the database refuses: then figures are as they were.
    pub async fn rebuild_figures(&self) -> Result<(), StoreError> {
        let _alone = match self.on_sqlite() && self.served.get().is_none() {
            true => Some(self.files.lock()?),
            false => None,
        };
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        if !self.on_sqlite() {
            // Nobody classifies or marks between the count and the end. Whoever does locks the contact first, so that is waited for first.
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
            // What it knew of the table is of rows that are gone.
            transaction.execute_unprepared("ANALYZE figures").await?;
        }
        self.audit_in(&transaction, None, "rebuild figures", "").await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Counts what was registered before there were figures, or before a step of the tables emptied them.
    pub(crate) async fn count_what_is_not_counted(&self) -> Result<(), StoreError> {
        let counted = cells::Entity::find().one(&self.reading).await?;
        let registered = contacts::Entity::find().one(&self.reading).await?;
        if counted.is_some() || registered.is_none() {
            return Ok(());
        }
        match self.rebuild_figures().await {
            // Whoever serves has counted, and found nothing that counts.
            Err(StoreError::Conflict(Conflict::Served)) => Ok(()),
            done => done,
        }
    }

    /// How many there are in each cell, and how many contacts were looked at.
    async fn count_all(&self, transaction: &DatabaseTransaction) -> Result<(Tally, u64), StoreError> {
        let mut tally = Tally::default();
        let mut count = 0;
        let mut contacts = looked_at(contacts::Entity::find())
            .into_tuple::<CountedContact>()
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
            tally.add(&Facts::of_referral(&referral.institution, at, self.zone), 1);
        }
        Ok((tally, count))
    }
}

/// The figures that are kept.
async fn kept(
    transaction: &DatabaseTransaction,
) -> Result<impl Stream<Item = Result<(Cell, i64), DbErr>>, DbErr> {
    use cells::Column;

    let rows = cells::Entity::find()
        .select_only()
        .columns([
            Column::Of,
            Column::Span,
            Column::One,
            Column::Other,
            Column::Value,
            Column::OtherValue,
            Column::Count,
        ])
        .into_tuple::<(String, String, String, String, String, String, i64)>()
        .stream(transaction)
        .await?;
    Ok(
        rows.try_filter_map(|(of, span, one, other, value, other_value, count)| {
            let cell = Measure::parse(&of).map(|of| Cell {
                of,
                span,
                one,
                other,
                value,
                other_value,
            });
            future::ok(cell.map(|cell| (cell, count)))
        }),
    )
}
