//! The figures of a period, cut by what is asked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    figures::{self, FIRST_REPLY, HOUR, Of, WEEKDAY},
    period::{self, Every, Period},
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::Serialize;

use crate::{
    entity::figures as cells,
    error::{Conflict, StoreError},
    store::Store,
};

/// The most contacts of which two dimensions are crossed by looking at each.
const MOST_LOOKED_AT: i64 = 200_000;
/// The dimension of ages.
const AGE: &str = "age";
/// How the dimensions of age bands begin; the name of the body follows.
pub const BANDS: &str = "age_";

/// What is asked of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What is counted.
    pub of: Of,
    /// Of which days.
    pub period: Period,
    /// By which dimensions: none, one or two.
    pub by: Vec<String>,
    /// And by which pieces of the period, if by any.
    pub every: Option<Every>,
}

impl Cut {
    /// Registered communications of a period, by these dimensions.
    #[must_use]
    pub fn contacts<const N: usize>(period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self::of(Of::Contact, period, by, every)
    }

    /// Anything that is counted, of a period, by these dimensions.
    #[must_use]
    pub fn of<const N: usize>(of: Of, period: Period, by: [&str; N], every: Option<Every>) -> Self {
        Self {
            of,
            period,
            by: by.map(str::to_owned).into(),
            every,
        }
    }

    /// Reads `channel,month`: up to two dimensions, and one way to cut the period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the period is cut in two ways. What is no dimension is refused when it is looked up.
    pub fn parse(of: Of, period: Period, by: &str) -> Result<Self, StoreError> {
        let mut cut = Self::of(of, period, [], None);
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

/// Figures of a period, cut as was asked.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Breakdown {
    /// What is counted.
    pub of: Of,
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
    /// What has none in one of them, as what is not classified yet; and what is hidden.
    pub rest: i64,
    /// Rows of less than this are hidden, and what would tell them ([`Store::shown`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_below: Option<i64>,
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

impl Breakdown {
    /// What the rows are together.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// The count of one dimension's value; 0 if it has no row.
    #[must_use]
    pub fn count(&self, value: &str) -> i64 {
        let of_value = self
            .rows
            .iter()
            .filter(|row| row.values.first().is_some_and(|first| first == value));
        of_value.map(|row| row.count).sum()
    }

    /// Takes out the rows below `least`, and as many more as are needed so that none of these can be found by subtracting the others.
    fn hide(&mut self, least: i64) {
        let place = |row: &FigureRow| {
            let mut values: Vec<&str> = row.piece.as_deref().into_iter().collect();
            values.extend(row.values.iter().map(String::as_str));
            let last = values.pop().unwrap_or_default().to_owned();
            (values.pop().unwrap_or_default().to_owned(), last)
        };
        let cells = self.rows.iter().map(|row| (place(row), row.count));
        let masked = figures::mask::masked(&cells.collect(), least);
        self.rows.retain(|row| !masked.contains(&place(row)));
    }
}

impl Cut {
    /// Whether it tells of persons.
    fn is_personal(&self) -> bool {
        self.by.iter().any(|dimension| figures::is_personal(dimension))
    }

    /// Whether its rows are of so few, or of so short a time, that hiding the small ones would not keep what they tell.
    fn is_fine(&self) -> bool {
        let by_time = [HOUR, WEEKDAY, FIRST_REPLY];
        self.by.iter().any(|one| by_time.contains(&one.as_str()))
            || matches!(self.every, Some(Every::Day | Every::Week))
            || self.every.is_some() && self.by.len() > 1
    }
}

impl Store {
    /// The figures of a period for somebody who is shown no fewer than `least` of what tells of persons; 0: everything is shown.
    ///
    /// Figures about persons are those of whole months that are over, and pieces of the period those that are wholly of such months: with
    /// those of single days the answers of one contact could be found by subtracting. Hidden rows are as absent as those of which
    /// there is none, and stand in the rest. Whoever asks for many periods can still subtract one from another.
    ///
    /// # Errors
    /// As [`Store::breakdown`], and [`StoreError::Conflict`] if what tells of persons is cut too finely to be shown.
    pub async fn shown(&self, cut: &Cut, least: i64) -> Result<Breakdown, StoreError> {
        if least == 0 || !cut.is_personal() {
            return self.breakdown(cut).await;
        }
        self.lawful(cut)?;
        if cut.is_fine() {
            return Err(StoreError::Conflict(Conflict::TooFine));
        }
        let mut rows = Vec::new();
        if let Some(period) = cut.period.whole_months(self.today()) {
            let of_months = Cut {
                period,
                ..cut.clone()
            };
            let mut found = self.breakdown(&of_months).await?;
            let is_whole = |piece: &String| match Period::named(piece, self.today()) {
                Some(Period {
                    from: Some(from),
                    to: Some(to),
                }) => period.holds(from) && period.holds(to),
                _ => false,
            };
            found.rows.retain(|row| row.piece.as_ref().is_none_or(is_whole));
            found.hide(least);
            rows = found.rows;
        }
        let mut found = self.breakdown(&Cut::of(cut.of, cut.period, [], None)).await?;
        found.by.clone_from(&cut.by);
        found.every = cut.every;
        found.rows = rows;
        found.rest = found.registered - found.sum();
        found.hidden_below = Some(least);
        Ok(found)
    }

    /// The figures of a period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no such dimension, the same twice, or more than two.
    pub async fn breakdown(&self, cut: &Cut) -> Result<Breakdown, StoreError> {
        let kept = self.lawful(cut)?;
        let mut sorted = kept.clone();
        sorted.sort_unstable();
        let (one, other) = (
            sorted.first().copied().unwrap_or_default(),
            sorted.get(1).copied().unwrap_or_default(),
        );
        let swapped = kept.first().is_some_and(|first| *first != one);
        let (from, to) = self.whole(cut.of, cut.period).await?;
        let pieces = period::pieces(from, to, cut.every);
        let crossed = !other.is_empty();
        let (kept, days): (Vec<String>, Vec<String>) = pieces
            .keys()
            .cloned()
            .partition(|span| !crossed || figures::keeps_pairs(cut.of, span));
        let mut counted = self.counted(cut, one, other, kept.iter()).await?;
        counted.extend(self.count_days(cut, one, other, &days).await?);
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
            for (dimension, value) in cut.by.iter().zip(&mut values) {
                if let Some(band) = self.band(dimension, value, cut.period) {
                    *value = band;
                }
            }
            *rows.entry((piece, values)).or_default() += row.count;
        }
        let sum: i64 = rows.values().sum();
        let registered = match cut.by.is_empty() {
            true => sum,
            false => {
                let whole = Cut::of(cut.of, cut.period, [], None);
                let spans = period::spans(from, to);
                let all = self.counted(&whole, "", "", spans.iter()).await?;
                all.iter().map(|row| row.count).sum()
            }
        };
        rows.retain(|_, count| *count != 0);
        Ok(Breakdown {
            of: cut.of,
            from: cut.period.from,
            to: cut.period.to,
            time_zone: self.zone.name().to_owned(),
            as_of: self.clock.now(),
            by: cut.by.clone(),
            every: cut.every,
            registered,
            rest: registered - sum,
            rows: rows
                .into_iter()
                .map(|((piece, values), count)| FigureRow { piece, values, count })
                .collect(),
            hidden_below: None,
        })
    }

    /// Under which dimensions it is kept, if it can be cut so.
    fn lawful<'a>(&self, cut: &'a Cut) -> Result<Vec<&'a str>, StoreError> {
        let known = self.dimensions(cut.of);
        let unknown = cut.by.iter().any(|dimension| !known.contains(dimension));
        let kept: Vec<&str> = cut.by.iter().map(|dimension| self.kept_as(dimension)).collect();
        let twice = matches!(kept.as_slice(), [one, other] if one == other);
        if unknown || twice || cut.by.len() > 2 {
            return Err(StoreError::Conflict(Conflict::NoDimension));
        }
        Ok(kept)
    }

    /// Every dimension by which something is counted: those of its facts, and ages by the bands of each body.
    #[must_use]
    pub fn dimensions(&self, of: Of) -> BTreeSet<String> {
        let mut all = figures::dimensions(of, &self.scheme);
        if all.contains(AGE) {
            all.extend(self.returns.iter().map(|one| format!("{BANDS}{}", one.name)));
        }
        all
    }

    /// Under which dimension it is kept: bands are made from ages when they are read.
    fn kept_as<'a>(&self, dimension: &'a str) -> &'a str {
        let body = dimension.strip_prefix(BANDS);
        match body.filter(|body| self.returns.iter().any(|one| one.name == *body)) {
            Some(_) => AGE,
            None => dimension,
        }
    }

    /// The band of an age, by the bands that were in force at the end of the period.
    fn band(&self, dimension: &str, age: &str, period: Period) -> Option<String> {
        let body = dimension.strip_prefix(BANDS)?;
        let mapping = self.mapping(body, period.to.unwrap_or_else(|| self.today()))?;
        Some(mapping.band(age).unwrap_or("other").to_owned())
    }

    /// Pairs of values on days for which they are not kept.
    async fn count_days(
        &self,
        cut: &Cut,
        one: &str,
        other: &str,
        days: &[String],
    ) -> Result<Vec<Counted>, StoreError> {
        let days: BTreeSet<NaiveDate> = days.iter().filter_map(|day| day.parse().ok()).collect();
        if days.is_empty() {
            return Ok(Vec::new());
        }
        // The day tells the weekday: the other value is kept with it.
        if one == WEEKDAY || other == WEEKDAY {
            let kept = if one == WEEKDAY { other } else { one };
            let by_day = Cut {
                every: Some(Every::Day),
                ..cut.clone()
            };
            let spans: Vec<String> = days.iter().map(ToString::to_string).collect();
            let mut counted = self.counted(&by_day, kept, "", spans.iter()).await?;
            for row in &mut counted {
                let day: Option<NaiveDate> = row.span.parse().ok();
                row.other_value = day.map(figures::weekday_of).unwrap_or_default();
                if one == WEEKDAY {
                    std::mem::swap(&mut row.value, &mut row.other_value);
                }
            }
            return Ok(counted);
        }
        let spans: Vec<String> = days.iter().map(ToString::to_string).collect();
        let uncut = Cut::of(cut.of, cut.period, [], None);
        let whole = self.counted(&uncut, "", "", spans.iter()).await?;
        if whole.iter().map(|row| row.count).sum::<i64>() > MOST_LOOKED_AT {
            return Err(StoreError::Conflict(Conflict::TooManyToCross));
        }
        let mut counted: BTreeMap<(NaiveDate, String, String), i64> = BTreeMap::new();
        for period in period::runs(&days) {
            let mut after = None;
            loop {
                let (rows, next) = self.rows(period, after).await?;
                for facts in rows {
                    if let (Some(value), Some(other_value)) = (facts.values.get(one), facts.values.get(other))
                    {
                        let place = (facts.day, value.clone(), other_value.clone());
                        *counted.entry(place).or_default() += 1;
                    }
                }
                match next {
                    Some(_) => after = next,
                    None => break,
                }
            }
        }
        let row = |((day, value, other_value), count): ((NaiveDate, String, String), i64)| Counted {
            span: day.to_string(),
            value,
            other_value,
            count,
        };
        Ok(counted.into_iter().map(row).collect())
    }

    /// The part of a period in which anything was counted, by whole years: however long a period is asked for, it is not cut into more.
    async fn whole(&self, of: Of, period: Period) -> Result<(NaiveDate, NaiveDate), StoreError> {
        let totals = || {
            cells::Entity::find()
                .filter(cells::Column::Of.eq(of.as_str()))
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
        let today = self.today();
        let (first, last) = (first.unwrap_or(today), last.unwrap_or(today));
        Ok((
            period.from.map_or(first, |from| from.max(first)),
            period.to.map_or(last, |to| to.min(last)),
        ))
    }

    /// Cells of these spans. Where nothing tells the spans apart, the database sums them.
    async fn counted(
        &self,
        cut: &Cut,
        one: &str,
        other: &str,
        spans: impl Iterator<Item = &String>,
    ) -> Result<Vec<Counted>, StoreError> {
        let mut found = cells::Entity::find()
            .select_only()
            .columns([cells::Column::Value, cells::Column::OtherValue])
            .filter(cells::Column::Of.eq(cut.of.as_str()))
            .filter(cells::Column::One.eq(one))
            .filter(cells::Column::Other.eq(other))
            .filter(cells::Column::Span.is_in(spans.cloned()));
        if cut.every.is_some() {
            found = found.columns([cells::Column::Span, cells::Column::Count]);
        } else {
            found = found
                .column_as(Expr::cust("MIN(span)"), "span")
                // PostgreSQL sums integers into a decimal.
                .column_as(Expr::cust("CAST(SUM(count) AS BIGINT)"), "count")
                .group_by(cells::Column::Value)
                .group_by(cells::Column::OtherValue);
        }
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
