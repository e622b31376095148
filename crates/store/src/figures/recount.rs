//! Counting every contact anew: to compare with the figures that are kept, and to mend them.

use std::collections::HashMap;

use hotline_core::{classification::Answers, contact::Marking, counting, figures::Cell};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{AT_ONCE, row};
use crate::{
    entity::{contacts, figures as cells, records},
    error::StoreError,
    store::Store,
};

/// Contacts read at once.
const PAGE: u64 = 20_000;

/// A quarter of an hour in microseconds: facts know the local hour, and zones differ by quarters.
const QUARTER: i64 = 900_000_000;

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

/// What a contact has of its figures, without what is sealed.
#[derive(FromQueryResult)]
struct Counted {
    id: Uuid,
    channel: String,
    language: Option<String>,
    marking: Option<String>,
    opened_at: i64,
    answers: Option<String>,
}

impl Store {
    /// Recounts every contact and names each figure that differs, at most `most` of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn verify_figures(&self, most: usize) -> Result<Vec<OtherFigure>, StoreError> {
        let transaction = self.begin_looking().await?;
        let mut counted = self.count_all(&transaction).await?;
        let mut different = Vec::new();
        let mut after: Option<Cell> = None;
        loop {
            let page = kept_after(&transaction, after.as_ref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (cell, kept) in page {
                let counted = counted.remove(&cell).unwrap_or_default();
                if kept != counted {
                    different.push(OtherFigure { cell, kept, counted });
                }
            }
        }
        transaction.rollback().await?;
        let missing = counted.into_iter().map(|(cell, counted)| OtherFigure {
            cell,
            kept: 0,
            counted,
        });
        different.extend(missing);
        different.sort_by(|a, b| a.cell.cmp(&b.cell));
        different.truncate(most);
        Ok(different)
    }

    /// Counts every contact anew and puts that in the place of the figures that are kept.
    ///
    /// # Errors
    /// When the database refuses: then they are as they were.
    pub async fn rebuild_figures(&self) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        if !self.on_sqlite() {
            // Nobody classifies or marks between the count and the end.
            transaction
                .execute_unprepared("LOCK TABLE contacts, records, figures IN SHARE ROW EXCLUSIVE MODE")
                .await?;
        }
        let counted = self.count_all(&transaction).await?;
        cells::Entity::delete_many().exec(&transaction).await?;
        let mut sorted: Vec<(Cell, i64)> = counted.into_iter().collect();
        sorted.sort();
        for some in sorted.chunks(AT_ONCE) {
            cells::Entity::insert_many(some.iter().cloned().map(row))
                .exec_without_returning(&transaction)
                .await?;
        }
        self.audit_in(&transaction, None, "rebuild figures", "").await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Counts what was registered before there were figures.
    pub(crate) async fn count_what_is_not_counted(&self) -> Result<(), StoreError> {
        let counted = cells::Entity::find().one(&self.reading).await?;
        let registered = contacts::Entity::find().one(&self.reading).await?;
        if counted.is_none() && registered.is_some() {
            self.rebuild_figures().await?;
        }
        Ok(())
    }

    /// How many contacts there are in each cell, read in the order of their ids.
    async fn count_all(&self, transaction: &DatabaseTransaction) -> Result<HashMap<Cell, i64>, StoreError> {
        // Many contacts have the same facts in the same quarter of an hour; those are taken apart once.
        let mut alike: HashMap<(i64, String, Option<String>, String), i64> = HashMap::new();
        let mut after = Uuid::nil();
        loop {
            let page = contacts_after(transaction, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let counts =
                |contact: &Counted| counting::counts(contact.marking.as_deref().and_then(Marking::parse));
            for contact in page.into_iter().filter(counts) {
                let quarter = contact.opened_at.div_euclid(QUARTER);
                let answers = contact.answers.unwrap_or_default();
                *alike
                    .entry((quarter, contact.channel, contact.language, answers))
                    .or_default() += 1;
            }
        }
        let mut counted: HashMap<Cell, i64> = HashMap::new();
        for ((quarter, channel, language, answers), count) in alike {
            let answers: Answers = serde_json::from_str(&answers).unwrap_or_default();
            let facts = self.facts_of(&channel, language.as_deref(), quarter * QUARTER, &answers);
            for (cell, one) in hotline_core::figures::change(None, Some(&facts)) {
                *counted.entry(cell).or_default() += one * count;
            }
        }
        Ok(counted)
    }
}

async fn contacts_after(transaction: &DatabaseTransaction, after: Uuid) -> Result<Vec<Counted>, StoreError> {
    let select = Query::select()
        .columns([
            (contacts::Entity, contacts::Column::Id),
            (contacts::Entity, contacts::Column::Channel),
            (contacts::Entity, contacts::Column::Language),
            (contacts::Entity, contacts::Column::Marking),
            (contacts::Entity, contacts::Column::OpenedAt),
        ])
        .column((records::Entity, records::Column::Answers))
        .from(contacts::Entity)
        .left_join(
            records::Entity,
            Expr::col((records::Entity, records::Column::ContactId))
                .equals((contacts::Entity, contacts::Column::Id)),
        )
        .and_where(Expr::col((contacts::Entity, contacts::Column::Id)).gt(after))
        .order_by((contacts::Entity, contacts::Column::Id), Order::Asc)
        .limit(PAGE)
        .to_owned();
    let rows = transaction.query_all(&select).await?;
    rows.iter()
        .map(|row| Counted::from_query_result(row, "").map_err(StoreError::from))
        .collect()
}

/// A page of the figures that are kept, in the order of their key.
async fn kept_after(
    transaction: &DatabaseTransaction,
    after: Option<&Cell>,
) -> Result<Vec<(Cell, i64)>, StoreError> {
    use cells::Column;
    let mut query = cells::Entity::find();
    if let Some(after) = after {
        let beyond = Expr::tuple([
            Expr::col(Column::One),
            Expr::col(Column::Other),
            Expr::col(Column::Span),
            Expr::col(Column::Value),
            Expr::col(Column::OtherValue),
        ]);
        let last = Expr::tuple([
            Expr::value(after.one.as_str()),
            Expr::value(after.other.as_str()),
            Expr::value(after.span.as_str()),
            Expr::value(after.value.as_str()),
            Expr::value(after.other_value.as_str()),
        ]);
        query = query.filter(beyond.gt(last));
    }
    for column in [
        Column::One,
        Column::Other,
        Column::Span,
        Column::Value,
        Column::OtherValue,
    ] {
        query = query.order_by_asc(column);
    }
    let rows = query.limit(PAGE).all(transaction).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let cell = Cell {
                span: row.span,
                one: row.one,
                other: row.other,
                value: row.value,
                other_value: row.other_value,
            };
            (cell, row.count)
        })
        .collect())
}
