//! Figures kept with every contact, and what they say of a period. What is counted stands in [`hotline_core::figures`].

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    classification::Answers,
    clock,
    contact::Marking,
    counting,
    figures::{self, Cell, Every, Facts},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;

use crate::{
    entity::{contacts, figures as cells},
    error::{Conflict, StoreError},
    store::{Store, time},
    totals::Period,
};

pub use self::recount::OtherFigure;

mod recount;

/// Rows written by one statement: times columns they stay below the databases' limit of bound values.
pub(crate) const AT_ONCE: usize = 500;

/// What is asked of the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// Of which days.
    pub period: Period,
    /// By which dimensions: none, one or two.
    pub by: Vec<String>,
    /// And by which pieces of the period, if by any.
    pub every: Option<Every>,
}

impl Cut {
    /// Reads `channel,month`: up to two dimensions, and one way to cut the period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the period is cut in two ways. What is no dimension is refused when it is looked up.
    pub fn parse(period: Period, by: &str) -> Result<Self, StoreError> {
        let mut cut = Self {
            period,
            ..Self::default()
        };
        for name in by.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match Every::parse(name) {
                Some(_) if cut.every.is_some() => return Err(StoreError::Conflict(Conflict::NoDimension)),
                Some(every) => cut.every = Some(every),
                None => cut.by.push(name.to_owned()),
            }
        }
        Ok(cut)
    }
}

/// Registered communications of a period, cut as was asked.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Breakdown {
    /// The first day, if the period has one.
    pub from: Option<NaiveDate>,
    /// The last day, if the period has one.
    pub to: Option<NaiveDate>,
    /// The zone in which a day is a day.
    pub time_zone: String,
    /// When these figures were read.
    pub as_of: DateTime<Utc>,
    /// The dimensions, in the order asked for.
    pub by: Vec<String>,
    /// The pieces of the period, if it is cut into any.
    pub every: Option<Every>,
    /// Registered by this software in the period: what the rows and the rest are together.
    pub registered: i64,
    /// What has a value in each dimension asked for.
    pub rows: Vec<FigureRow>,
    /// What has none in one of them, as what is not classified yet.
    pub rest: i64,
}

/// A row of a breakdown.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FigureRow {
    /// The piece of the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<String>,
    /// The values, one for each dimension.
    pub values: Vec<String>,
    /// How many.
    pub count: i64,
}

impl Store {
    /// What is counted of a contact of which this was chosen. `None`: it does not count.
    pub(crate) fn facts(&self, contact: &contacts::Model, chosen: &Answers) -> Option<Facts> {
        let marking = contact.marking.as_deref().and_then(Marking::parse);
        let language = contact.language.as_deref();
        counting::counts(marking)
            .then(|| self.facts_of(&contact.channel, language, contact.opened_at, chosen))
    }

    fn facts_of(&self, channel: &str, language: Option<&str>, opened_at: i64, chosen: &Answers) -> Facts {
        Facts::of(
            channel,
            language,
            time(opened_at),
            self.zone,
            &self.scheme,
            chosen,
        )
    }

    /// The figures of a period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no such dimension, the same twice, or more than two.
    pub async fn breakdown(&self, cut: &Cut) -> Result<Breakdown, StoreError> {
        let known = figures::dimensions(&self.scheme);
        let unknown = cut.by.iter().any(|dimension| !known.contains(dimension));
        let twice = matches!(cut.by.as_slice(), [one, other] if one == other);
        if unknown || twice || cut.by.len() > 2 {
            return Err(StoreError::Conflict(Conflict::NoDimension));
        }
        let mut sorted: Vec<&str> = cut.by.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let (one, other) = (
            sorted.first().copied().unwrap_or_default(),
            sorted.get(1).copied().unwrap_or_default(),
        );
        let swapped = cut.by.first().is_some_and(|first| first != one);
        let (from, to) = self.whole(cut.period).await?;
        let pieces = figures::pieces(from, to, cut.every);
        let counted = self.counted(one, other, pieces.keys()).await?;
        let mut rows: BTreeMap<(Option<String>, Vec<String>), i64> = BTreeMap::new();
        for row in counted {
            let piece = pieces.get(&row.span).cloned().flatten();
            let mut values = Vec::new();
            if !one.is_empty() {
                values.push(row.value);
            }
            if !other.is_empty() {
                values.push(row.other_value);
            }
            if swapped {
                values.reverse();
            }
            *rows.entry((piece, values)).or_default() += row.count;
        }
        let registered = match cut.by.is_empty() {
            true => rows.values().sum(),
            false => {
                let all = self.counted("", "", pieces.keys()).await?;
                all.iter().map(|row| row.count).sum()
            }
        };
        rows.retain(|_, count| *count != 0);
        Ok(Breakdown {
            from: cut.period.from,
            to: cut.period.to,
            time_zone: self.zone.name().to_owned(),
            as_of: self.clock.now(),
            by: cut.by.clone(),
            every: cut.every,
            registered,
            rest: registered - rows.values().sum::<i64>(),
            rows: rows
                .into_iter()
                .map(|((piece, values), count)| FigureRow { piece, values, count })
                .collect(),
        })
    }

    /// The part of a period in which anything was counted, by whole years: however long a period is asked for, it is not cut into more.
    async fn whole(&self, period: Period) -> Result<(NaiveDate, NaiveDate), StoreError> {
        let totals = || {
            cells::Entity::find()
                .filter(cells::Column::One.eq(""))
                .filter(cells::Column::Other.eq(""))
        };
        let first = totals()
            .order_by_asc(cells::Column::Span)
            .one(&self.reading)
            .await?;
        let last = totals()
            .order_by_desc(cells::Column::Span)
            .one(&self.reading)
            .await?;
        let year = |of: Option<cells::Model>| of.and_then(|of| of.span.get(..4)?.parse::<i32>().ok());
        let first = year(first).and_then(|year| NaiveDate::from_ymd_opt(year, 1, 1));
        let last = year(last).and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
        let today = clock::day_of(self.clock.now(), self.zone);
        let (first, last) = (first.unwrap_or(today), last.unwrap_or(today));
        Ok((
            period.from.map_or(first, |from| from.max(first)),
            period.to.map_or(last, |to| to.min(last)),
        ))
    }

    async fn counted(
        &self,
        one: &str,
        other: &str,
        spans: impl Iterator<Item = &String>,
    ) -> Result<Vec<Counted>, StoreError> {
        let found = cells::Entity::find()
            .select_only()
            .columns([
                cells::Column::Span,
                cells::Column::Value,
                cells::Column::OtherValue,
                cells::Column::Count,
            ])
            .filter(cells::Column::One.eq(one))
            .filter(cells::Column::Other.eq(other))
            .filter(cells::Column::Span.is_in(spans.cloned()));
        Ok(found.into_model().all(&self.reading).await?)
    }
}

#[derive(FromQueryResult)]
struct Counted {
    span: String,
    value: String,
    other_value: String,
    count: i64,
}

/// Changes the figures as what is known of a contact changed.
pub(crate) async fn recount(
    transaction: &DatabaseTransaction,
    before: Option<&Facts>,
    after: Option<&Facts>,
) -> Result<(), StoreError> {
    add(transaction, figures::change(before, after)).await
}

/// Adds to the figures. In the order of the cells, so that nobody waits for each other.
pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    changes: BTreeMap<Cell, i64>,
) -> Result<(), StoreError> {
    let rows: Vec<cells::ActiveModel> = changes.into_iter().map(row).collect();
    for some in rows.chunks(AT_ONCE) {
        let place = [
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
        one: Set(cell.one),
        other: Set(cell.other),
        span: Set(cell.span),
        value: Set(cell.value),
        other_value: Set(cell.other_value),
        count: Set(count),
    }
}
