//! Counting every contact anew: to compare with the figures that are kept, and to mend them.

use std::collections::HashMap;

use chrono::TimeDelta;
use hotline_core::{
    classification::Answers,
    contact::Marking,
    counting,
    figures::{self, Cell, Facts, Of, Registered, tally::Tally},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, Order, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{AT_ONCE, row};
use crate::{
    entity::{cases, contacts, figures as cells, records, referrals},
    error::StoreError,
    store::{Store, time},
};

/// Contacts read at once.
const PAGE: u64 = 20_000;

/// A quarter of an hour in microseconds: facts know the local hour, and zones differ by quarters.
const QUARTER: i64 = 900_000_000;

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

/// What a contact has of its figures, without what is sealed.
#[derive(FromQueryResult)]
struct Counted {
    id: Uuid,
    channel: String,
    language: Option<String>,
    marking: Option<String>,
    opened_at: i64,
    closed_at: Option<i64>,
    first_reply_at: Option<i64>,
    answers: Option<String>,
}

/// Contacts of which the same is counted, but for their closing.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    quarter: i64,
    channel: String,
    language: Option<String>,
    /// The step of [`figures::step`], if there was a reply.
    first_reply: Option<Option<TimeDelta>>,
    answers: String,
}

/// Longer than every step.
const LONG: TimeDelta = TimeDelta::days(365);

impl Store {
    /// Recounts every contact and names each figure that differs, at most `most` of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn verify_figures(&self, most: usize) -> Result<Verified, StoreError> {
        let transaction = self.begin_looking().await?;
        let (counted, contacts) = self.count_all(&transaction).await?;
        let mut counted = counted.finished();
        let mut different = Vec::new();
        let mut after: Option<Cell> = None;
        loop {
            let page = kept_after(&transaction, after.as_ref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (cell, kept) in page {
                let counted = counted.take(&cell);
                if kept != counted {
                    different.push(OtherFigure { cell, kept, counted });
                }
            }
        }
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
    /// When the database refuses: then they are as they were.
    pub async fn rebuild_figures(&self) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        if !self.on_sqlite() {
            // Nobody classifies or marks between the count and the end.
            transaction
                .execute_unprepared(
                    "LOCK TABLE contacts, records, cases, referrals, figures IN SHARE ROW EXCLUSIVE MODE",
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

    /// How many there are in each cell, and how many contacts were looked at.
    async fn count_all(&self, transaction: &DatabaseTransaction) -> Result<(Tally, u64), StoreError> {
        let mut tally = Tally::default();
        let mut add = |facts: Facts, count: i64| tally.add(&facts, count);
        // Many contacts have the same facts in the same quarter of an hour; those are taken apart once.
        let mut alike: HashMap<Alike, i64> = HashMap::new();
        let mut closed: HashMap<(i64, String), i64> = HashMap::new();
        let mut looked_at = 0;
        let mut after = Uuid::nil();
        loop {
            let page = contacts_after(transaction, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            looked_at += page.len() as u64;
            let counts =
                |contact: &Counted| counting::counts(contact.marking.as_deref().and_then(Marking::parse));
            for contact in page.into_iter().filter(counts) {
                let waited = |at| figures::step(time(at) - time(contact.opened_at));
                if let Some(at) = contact.closed_at {
                    let place = (at.div_euclid(QUARTER), contact.channel.clone());
                    *closed.entry(place).or_default() += 1;
                }
                let one = Alike {
                    quarter: contact.opened_at.div_euclid(QUARTER),
                    first_reply: contact.first_reply_at.map(waited),
                    channel: contact.channel,
                    language: contact.language,
                    answers: contact.answers.unwrap_or_default(),
                };
                *alike.entry(one).or_default() += 1;
            }
        }
        for (one, count) in alike {
            let answers: Answers = serde_json::from_str(&one.answers).unwrap_or_default();
            let registered = Registered {
                channel: &one.channel,
                language: one.language.as_deref(),
                at: time(one.quarter * QUARTER),
                first_reply: one.first_reply.map(|step| step.unwrap_or(LONG)),
            };
            add(
                Facts::of_contact(&registered, self.zone, &self.scheme, &answers),
                count,
            );
        }
        for ((quarter, channel), count) in closed {
            add(
                Facts::of_closing(&channel, time(quarter * QUARTER), self.zone),
                count,
            );
        }
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
            add(self.case_facts(&day, institution.as_deref()), count);
        }
        let sent = referrals::Entity::find().filter(referrals::Column::ConfirmedAt.is_not_null());
        for referral in sent.all(transaction).await? {
            let at = time(referral.confirmed_at.unwrap_or_default());
            add(Facts::of_referral(&referral.institution, at, self.zone), 1);
        }
        Ok((tally, looked_at))
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
            (contacts::Entity, contacts::Column::ClosedAt),
            (contacts::Entity, contacts::Column::FirstReplyAt),
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
            Expr::col(Column::Of),
            Expr::col(Column::One),
            Expr::col(Column::Other),
            Expr::col(Column::Span),
            Expr::col(Column::Value),
            Expr::col(Column::OtherValue),
        ]);
        let last = Expr::tuple([
            Expr::value(after.of.as_str()),
            Expr::value(after.one.as_str()),
            Expr::value(after.other.as_str()),
            Expr::value(after.span.as_str()),
            Expr::value(after.value.as_str()),
            Expr::value(after.other_value.as_str()),
        ]);
        query = query.filter(beyond.gt(last));
    }
    for column in [
        Column::Of,
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
        .filter_map(|row| {
            let cell = Cell {
                of: Of::parse(&row.of)?,
                span: row.span,
                one: row.one,
                other: row.other,
                value: row.value,
                other_value: row.other_value,
            };
            Some((cell, row.count))
        })
        .collect())
}
