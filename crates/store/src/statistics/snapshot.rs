//! The figures as they stand at one instant: whatever arrives meanwhile, all that is read in one look agrees.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    statistics::figures::Measure,
    time::{clock, period::Period},
};
use sea_orm::{
    ColumnTrait, ConnAcquireErr, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use tokio::sync::SemaphorePermit;

use crate::{
    db::{entity::figures as cells, store::Store},
    error::StoreError,
    statistics::{
        adjustments::Adjustment,
        figures::{Breakdown, StatisticsFilter},
        report::Report,
        returns::FilledReturn,
        totals::Totals,
    },
};

/// For so long one waits until others have looked.
const PATIENCE: Duration = Duration::from_secs(20);

/// One look at the figures.
pub(crate) struct Snapshot<'a> {
    pub(crate) store: &'a Store,
    pub(crate) on: DatabaseTransaction,
    /// When it was begun.
    pub(crate) as_of: DateTime<Utc>,
    /// What was entered, once it was read.
    entered: Option<Vec<Adjustment>>,
    /// The first and the last day of the years in which anything was counted, once they were read.
    years: BTreeMap<Measure, (NaiveDate, NaiveDate)>,
    _place: SemaphorePermit<'a>,
}

impl Store {
    pub(super) async fn at_once(&self) -> Result<Snapshot<'_>, StoreError> {
        let refused = |error| StoreError::from(DbErr::ConnectionAcquire(error));
        let place = tokio::time::timeout(PATIENCE, self.looks.acquire())
            .await
            .map_err(|_| refused(ConnAcquireErr::Timeout))?
            .map_err(|_| refused(ConnAcquireErr::ConnectionClosed))?;
        let on = self.begin_snapshot().await?;
        Ok(Snapshot {
            store: self,
            on,
            as_of: self.clock.now(),
            entered: None,
            years: BTreeMap::new(),
            _place: place,
        })
    }

    /// The figures of a period.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no such dimension, the same twice, or more than two.
    pub async fn breakdown(&self, cut: &StatisticsFilter) -> Result<Breakdown, StoreError> {
        let mut look = self.at_once().await?;
        let found = look.breakdown(cut).await?;
        look.end(found).await
    }

    /// The figures of a period for somebody who is shown no fewer than `least` of what tells of persons; 0: everything is shown.
    ///
    /// Figures about persons are those of whole months that are over, and pieces of the period those that are wholly of such months: with
    /// those of single days the answers of one contact could be found by subtracting. Hidden rows are as absent as those of which
    /// there is none, and stand in the rest. Whoever asks for many periods can still subtract one from another.
    ///
    /// # Errors
    /// As [`Store::breakdown`], and [`StoreError::Conflict`] if what tells of persons is cut too finely to be shown.
    pub async fn shown(&self, cut: &StatisticsFilter, least: i64) -> Result<Breakdown, StoreError> {
        let mut look = self.at_once().await?;
        let found = look.shown(cut, least).await?;
        look.end(found).await
    }

    /// The totals of a period. For what was entered ([`Adjustment`]) all counts whose days lie in it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn totals(&self, period: Period) -> Result<Totals, StoreError> {
        let mut look = self.at_once().await?;
        let found = look.totals(period).await?;
        look.end(found).await
    }

    /// Everything a manager reads of a period; for `least` see [`Store::shown`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn report(&self, period: Period, least: i64) -> Result<Report, StoreError> {
        let mut look = self.at_once().await?;
        let found = look.report(period, least).await?;
        look.end(found).await
    }

    /// Fills in the return of a body.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such return for these days.
    pub async fn fill_return(
        &self,
        name: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<FilledReturn, StoreError> {
        let mut look = self.at_once().await?;
        let found = look.fill_return(name, from, to).await?;
        look.end(found).await
    }
}

impl Snapshot<'_> {
    pub(super) async fn end<T>(self, found: T) -> Result<T, StoreError> {
        self.on.rollback().await?;
        Ok(found)
    }

    /// What was entered and not withdrawn.
    pub(crate) async fn entered(&mut self) -> Result<&[Adjustment], StoreError> {
        if self.entered.is_none() {
            let mut entered = self.store.balances_on(&self.on).await?;
            entered.retain(|one| one.withdrawn_at.is_none());
            self.entered = Some(entered);
        }
        Ok(self.entered.as_deref().unwrap_or_default())
    }

    /// The part of a period in which anything was counted, by whole years: however long a period is asked for, it is not cut into more.
    pub(super) async fn whole(
        &mut self,
        of: Measure,
        period: Period,
    ) -> Result<(NaiveDate, NaiveDate), StoreError> {
        let (first, last) = match self.years.get(&of) {
            Some(known) => *known,
            None => {
                let years = self.read_years(of).await?;
                self.years.insert(of, years);
                years
            }
        };
        Ok((
            period.from.map_or(first, |from| from.max(first)),
            period.to.map_or(last, |to| to.min(last)),
        ))
    }

    /// The day it was at the centre when it was begun.
    pub(crate) fn today(&self) -> NaiveDate {
        clock::day_of(self.as_of, self.store.zone)
    }

    async fn read_years(&self, of: Measure) -> Result<(NaiveDate, NaiveDate), StoreError> {
        let totals = || {
            cells::Entity::find()
                .filter(cells::Column::Of.eq(of.as_str()))
                .filter(cells::Column::One.eq(""))
                .filter(cells::Column::Other.eq(""))
        };
        let first = totals().order_by_asc(cells::Column::Span).one(&self.on).await?;
        let last = totals().order_by_desc(cells::Column::Span).one(&self.on).await?;
        let year = |of: Option<cells::Model>| of.and_then(|of| of.span.get(..4)?.parse::<i32>().ok());
        let first = year(first).and_then(|year| NaiveDate::from_ymd_opt(year, 1, 1));
        let last = year(last).and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
        let today = self.today();
        Ok((first.unwrap_or(today), last.unwrap_or(today)))
    }
}
