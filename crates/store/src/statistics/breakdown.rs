//! Breakdowns: the counts of a period, grouped by up to two dimensions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use hotline_core::{
    statistics::figures::{self, Measure, WEEKDAY},
    time::period::{self, Every, Period},
};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, sea_query::Expr};

use crate::{
    db::{entity::figures as cells, store::Store},
    error::{Conflict, StoreError},
    statistics::{
        counts::{Breakdown, FigureRow, StatisticsFilter},
        snapshot::Snapshot,
    },
};

/// Maximum number of contacts that one query reads to count pairs of values from two dimensions.
const MOST_CONTACTS_READ: i64 = 200_000;
/// Name of the dimension whose values are ages in years.
const AGE: &str = "age";
/// Prefix of the name of an age-band dimension. The rest is the name of the organisation ("body") that defines the bands.
pub const BANDS: &str = "age_";

impl Snapshot<'_> {
    /// Implements [`Store::breakdown_for_reader`].
    pub(crate) async fn breakdown_for_reader(
        &mut self,
        cut: &StatisticsFilter,
        least: i64,
    ) -> Result<Breakdown, StoreError> {
        if least == 0 || !cut.is_personal() {
            return self.breakdown(cut).await;
        }
        self.store.validate(cut)?;
        if cut.is_fine() {
            return Err(StoreError::Conflict(Conflict::TooFine));
        }
        let (mut rows, mut possible_values) = (Vec::new(), Vec::new());
        if let Some(period) = cut.period.whole_months(self.today()) {
            let of_months = StatisticsFilter {
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
            found.suppress_small_counts(least);
            rows = found.rows;
            possible_values = self.possible_values(&of_months);
        }
        let mut found = self
            .breakdown(&StatisticsFilter::of(cut.of, cut.period, [], None))
            .await?;
        found.by.clone_from(&cut.by);
        found.every = cut.every;
        found.rows = rows;
        found.rest = found.registered - found.sum();
        found.suppressed_below = Some(least);
        found.possible_values = possible_values;
        Ok(found)
    }

    /// Returns the values of the breakdown's dimension: age bands, or the answers that a question of the wrap-up offers.
    fn possible_values(&self, cut: &StatisticsFilter) -> Vec<String> {
        let ([dimension], None) = (cut.by.as_slice(), cut.every) else {
            return Vec::new();
        };
        if let Some(body) = dimension.strip_prefix(BANDS) {
            let mapping = self.store.mapping(body, cut.period.to.unwrap_or(self.today()));
            let bands = mapping.map(|mapping| mapping.bands.iter().map(|band| band.id.clone()));
            return bands.map(Iterator::collect).unwrap_or_default();
        }
        let scheme = self.store.scheme();
        let question = scheme.question(dimension);
        let answers = question.map(|question| question.answers.iter().filter(|answer| !answer.retired));
        let ids = answers.map(|answers| answers.map(|answer| answer.id.clone()));
        ids.map(Iterator::collect).unwrap_or_default()
    }

    /// Implements [`Store::breakdown`].
    pub(crate) async fn breakdown(&mut self, cut: &StatisticsFilter) -> Result<Breakdown, StoreError> {
        let kept = self.store.validate(cut)?;
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
                if let Some(band) = self.store.band(dimension, value, cut.period, self.today()) {
                    *value = band;
                }
            }
            *rows.entry((piece, values)).or_default() += row.count;
        }
        let sum: i64 = rows.values().sum();
        let registered = match cut.by.is_empty() {
            true => sum,
            false => {
                let whole = StatisticsFilter::of(cut.of, cut.period, [], None);
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
            time_zone: self.store.zone.name().to_owned(),
            as_of: self.as_of,
            by: cut.by.clone(),
            every: cut.every,
            registered,
            rest: registered - sum,
            rows: rows
                .into_iter()
                .map(|((piece, values), count)| FigureRow { piece, values, count })
                .collect(),
            suppressed_below: None,
            possible_values: Vec::new(),
            began: self.whole(Measure::Contact, Period::default()).await?.0,
        })
    }

    /// Counts pairs of values of two dimensions on single days. The database stores such counts only for longer spans, so this function
    /// reads the contacts of these days, unless one of the dimensions is the weekday.
    async fn count_days(
        &mut self,
        cut: &StatisticsFilter,
        one: &str,
        other: &str,
        days: &[String],
    ) -> Result<Vec<Counted>, StoreError> {
        let days: BTreeSet<NaiveDate> = days.iter().filter_map(|day| day.parse().ok()).collect();
        if days.is_empty() {
            return Ok(Vec::new());
        }
        // The weekday follows from the day, so the stored daily counts of the other dimension are sufficient.
        if one == WEEKDAY || other == WEEKDAY {
            let kept = if one == WEEKDAY { other } else { one };
            let by_day = StatisticsFilter {
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
        let uncut = StatisticsFilter::of(cut.of, cut.period, [], None);
        let whole = self.counted(&uncut, "", "", spans.iter()).await?;
        if whole.iter().map(|row| row.count).sum::<i64>() > MOST_CONTACTS_READ {
            return Err(StoreError::Conflict(Conflict::TooManyToCross));
        }
        let mut counted: BTreeMap<(NaiveDate, String, String), i64> = BTreeMap::new();
        for period in period::runs(&days) {
            let mut after = None;
            loop {
                let (rows, next) = self.store.rows_on(&self.on, period, after).await?;
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

    /// Loads the stored counts by the dimensions `one` and `other` for these spans (days, months or years). Adds up the counts of all spans
    /// if the filter does not divide the period into intervals.
    async fn counted(
        &self,
        cut: &StatisticsFilter,
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
                // In PostgreSQL, the sum of BIGINT values is NUMERIC, which does not decode as `i64`.
                .column_as(Expr::cust("CAST(SUM(count) AS BIGINT)"), "count")
                .group_by(cells::Column::Value)
                .group_by(cells::Column::OtherValue);
        }
        Ok(found.into_model().all(&self.on).await?)
    }
}

impl Store {
    /// Checks the filter's dimensions. Returns for each the dimension under which its counts are stored, for example `age` if the filter
    /// groups by age bands.
    fn validate<'a>(&self, cut: &'a StatisticsFilter) -> Result<Vec<&'a str>, StoreError> {
        let known = self.dimensions(cut.of);
        let unknown = cut.by.iter().any(|dimension| !known.contains(dimension));
        let kept: Vec<&str> = cut.by.iter().map(|dimension| self.kept_as(dimension)).collect();
        let twice = matches!(kept.as_slice(), [one, other] if one == other);
        if unknown || twice || cut.by.len() > 2 {
            return Err(StoreError::Conflict(Conflict::NoDimension));
        }
        Ok(kept)
    }

    /// Returns all dimensions of a measure, including one age-band dimension for each organisation ("body") that collects returns.
    #[must_use]
    pub fn dimensions(&self, of: Measure) -> BTreeSet<String> {
        let mut all = figures::dimensions(of, &self.scheme());
        if all.contains(AGE) {
            all.extend(self.returns.iter().map(|one| format!("{BANDS}{}", one.name)));
        }
        all
    }

    /// Returns the dimension under which the counts of `dimension` are stored: `age` for age bands, otherwise `dimension` itself.
    pub(super) fn kept_as<'a>(&self, dimension: &'a str) -> &'a str {
        let body = dimension.strip_prefix(BANDS);
        match body.filter(|body| self.returns.iter().any(|one| one.name == *body)) {
            Some(_) => AGE,
            None => dimension,
        }
    }

    /// Returns the age band to which an age belongs. Uses the bands in force at the end of the period, or today if the period has no end.
    /// `None` if the dimension is not an age-band dimension or if no bands are in force on that day.
    pub(super) fn band(
        &self,
        dimension: &str,
        age: &str,
        period: Period,
        today: NaiveDate,
    ) -> Option<String> {
        let body = dimension.strip_prefix(BANDS)?;
        let mapping = self.mapping(body, period.to.unwrap_or(today))?;
        Some(mapping.band(age).unwrap_or("other").to_owned())
    }
}

#[derive(FromQueryResult)]
struct Counted {
    span: String,
    value: String,
    other_value: String,
    count: i64,
}
