//! Snapshots of the figures. All figures read in one snapshot are consistent, even if contacts are registered while the snapshot is open.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use hotline_core::{
    statistics::{comparison::EarlierPeriod, figures::Measure},
    time::{clock, period::Period},
};
use sea_orm::{
    ColumnTrait, ConnAcquireErr, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, Select,
    sea_query::Expr,
};
use tokio::sync::SemaphorePermit;

use crate::{
    db::{entity::figures as cells, store::Store},
    error::StoreError,
    statistics::{
        adjustments::Adjustment,
        counts::{Breakdown, StatisticsFilter},
        report::Report,
        returns::FilledReturn,
        totals::Totals,
    },
};

/// The longest time to wait for a snapshot to begin. A snapshot must wait if the maximum number of snapshots is already open.
const PATIENCE: Duration = Duration::from_secs(20);

/// One snapshot of the figures: a read transaction.
pub(crate) struct Snapshot<'a> {
    pub(crate) store: &'a Store,
    pub(crate) on: DatabaseTransaction,
    /// When the snapshot began.
    pub(crate) as_of: DateTime<Utc>,
    /// Adjustments that are not withdrawn. `None` until loaded.
    entered: Option<Vec<Adjustment>>,
    /// For each measure, the first day of the first year with a count and the last day of the last year with a count. Loaded on demand.
    years: BTreeMap<Measure, (NaiveDate, NaiveDate)>,
    _place: SemaphorePermit<'a>,
}

impl Store {
    pub(super) async fn begin_figures(&self) -> Result<Snapshot<'_>, StoreError> {
        let refused = |error| StoreError::from(DbErr::ConnectionAcquire(error));
        let place = tokio::time::timeout(PATIENCE, self.snapshot_permits.acquire())
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

    /// Loads a breakdown: the figures of a period, grouped by the dimensions of `cut`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the measure has no such dimension, if a dimension is repeated, or if there are more than two
    /// dimensions.
    pub async fn breakdown(&self, cut: &StatisticsFilter) -> Result<Breakdown, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.breakdown(cut).await?;
        look.end(found).await
    }

    /// Loads the figures of a period, exact or for publication. Counts about persons that are below `least` are suppressed. If
    /// `least` is 0, all counts are shown.
    ///
    /// Figures about persons cover only complete months that are over. Otherwise a reader could subtract the figures of two periods that
    /// differ by one day and derive the answers of one contact. If the period is divided into intervals, the result contains only intervals
    /// that consist of such months. Suppressed rows are left out like empty rows, and their counts are part of `rest`. One gap remains: a
    /// reader can still subtract the figures of two permitted periods.
    ///
    /// # Errors
    /// Returns the errors of [`Store::breakdown`]. Also returns [`StoreError::Conflict`] if figures about persons are grouped so finely
    /// that suppression would not protect the persons.
    pub async fn breakdown_for_reader(
        &self,
        cut: &StatisticsFilter,
        least: i64,
    ) -> Result<Breakdown, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.breakdown_for_reader(cut, least).await?;
        look.end(found).await
    }

    /// Loads the totals of a period. An [`Adjustment`] is included only if all its days are in the period.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn totals(&self, period: Period) -> Result<Totals, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.totals(period).await?;
        look.end(found).await
    }

    /// Loads the report of a period for managers. `least` has the same meaning as in [`Store::breakdown_for_reader`].
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn report(&self, period: Period, least: i64) -> Result<Report, StoreError> {
        self.report_compared(period, least, None).await
    }

    /// Loads the report of a period like [`Store::report`], with the figures of an earlier period beside those of its tables.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn report_compared(
        &self,
        period: Period,
        least: i64,
        against: Option<EarlierPeriod>,
    ) -> Result<Report, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.report(period, least, against).await?;
        look.end(found).await
    }

    /// Returns the years that the statistics cover: from the first year with a registered communication or an entered figure to the current
    /// year.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn years_with_figures(&self) -> Result<RangeInclusive<i32>, StoreError> {
        let mut look = self.begin_figures().await?;
        let (first, _) = look.whole(Measure::Contact, Period::default()).await?;
        let entered = look
            .entered()
            .await?
            .iter()
            .map(|one| one.entry.from.year())
            .min();
        let today = look.today().year();
        let first = entered.unwrap_or(today).min(first.year());
        look.end(first..=today).await
    }

    /// Fills in a return: the report form of a body, which is an organisation that collects the statistics of helplines.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if no mapping of this body is in force on the last day of the period.
    pub async fn fill_return(
        &self,
        name: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<FilledReturn, StoreError> {
        let mut look = self.begin_figures().await?;
        let found = look.fill_return(name, from, to).await?;
        look.end(found).await
    }
}

impl Snapshot<'_> {
    pub(super) async fn end<T>(self, found: T) -> Result<T, StoreError> {
        self.on.rollback().await?;
        Ok(found)
    }

    /// Returns the adjustments that are not withdrawn.
    pub(crate) async fn entered(&mut self) -> Result<&[Adjustment], StoreError> {
        if self.entered.is_none() {
            let mut entered = self.store.balances_on(&self.on).await?;
            entered.retain(|one| one.withdrawn_at.is_none());
            self.entered = Some(entered);
        }
        Ok(self.entered.as_deref().unwrap_or_default())
    }

    /// Returns the first and last day of a period, limited to the time from the month of the first to the year of the last counted item of
    /// the measure `of`. Without the limit,
    /// a very long period would be divided into many empty intervals.
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

    /// Returns the day on which the snapshot began, in the centre's time zone.
    pub(crate) fn today(&self) -> NaiveDate {
        clock::day_of(self.as_of, self.store.zone)
    }

    /// Returns the day on which this software registered the first contact that counts. `None` if there is none.
    pub(super) async fn first_day(&self) -> Result<Option<NaiveDate>, StoreError> {
        let days = totals(Measure::Contact)
            .filter(Expr::cust("length(span) = 10"))
            .order_by_asc(cells::Column::Span);
        let first = days.one(&self.on).await?;
        Ok(first.and_then(|first| first.span.parse().ok()))
    }

    async fn read_years(&self, of: Measure) -> Result<(NaiveDate, NaiveDate), StoreError> {
        let totals = || totals(of);
        let first = totals().order_by_asc(cells::Column::Span).one(&self.on).await?;
        let last = totals().order_by_desc(cells::Column::Span).one(&self.on).await?;
        let year = |of: Option<cells::Model>| of.and_then(|of| of.span.get(..4)?.parse::<i32>().ok());
        // The spans of a year sort so: 2025, 2025-05, 2025-05-12. The second is the first month with an item.
        let first = match first.map(|year| year.span) {
            Some(year) => {
                totals()
                    .filter(cells::Column::Span.gt(year))
                    .order_by_asc(cells::Column::Span)
                    .one(&self.on)
                    .await?
            }
            None => None,
        };
        let first = first.and_then(|first| Period::named(first.span.get(..7)?, NaiveDate::MIN)?.from);
        let last = year(last).and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
        let today = self.today();
        Ok((first.unwrap_or(today), last.unwrap_or(today)))
    }
}

/// Selects the cells with the totals of a measure.
fn totals(of: Measure) -> Select<cells::Entity> {
    cells::Entity::find()
        .filter(cells::Column::Of.eq(of.as_str()))
        .filter(cells::Column::One.eq(""))
        .filter(cells::Column::Other.eq(""))
        // The cells of a contact that was marked as a test stay, with a count of 0.
        .filter(cells::Column::Count.ne(0))
}
