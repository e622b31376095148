//! Statistical returns: report forms of organisations ("bodies") that collect the statistics of helplines. The forms are filled in from the
//! stored counts.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::classification::KIND,
    statistics::{
        figures::{COUNSELLING, Measure},
        returns::{Counted, Filled, Return, Table},
    },
    time::period::{Every, Period},
};
use serde::Serialize;

use crate::{
    db::store::Store,
    error::StoreError,
    statistics::{
        adjustments::{Adjustment, EnteredByHand, overlaps},
        counts::{Breakdown, DrillDown, SelectedValues, StatisticsFilter},
        drill_down::MOST_CONTACTS_COUNTED,
        snapshot::Snapshot,
    },
};

/// A filled-in return.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct FilledReturn {
    /// Name of the body that collects the return.
    pub name: String,
    /// Version of the mapping in force on the last day of the period. The mapping assigns the values by which contacts are counted to the
    /// rows of the body's form.
    pub version: u32,
    /// The first day of the period.
    pub from: NaiveDate,
    /// The last day of the period.
    pub to: NaiveDate,
    /// Time zone that determines where a day begins.
    pub time_zone: String,
    /// When the return was filled in.
    pub as_of: DateTime<Utc>,
    /// Number of contacts registered in the period. It includes non-counselling contacts.
    pub registered: i64,
    /// Number of the contacts in `registered` that are not yet classified as counselling or non-counselling.
    pub not_classified: i64,
    /// Number of figures about contacts that were entered by hand for days of the period. The return leaves them out, because the contacts
    /// behind them are not classified.
    pub entered: usize,
    /// The communications of these figures. `None` if there are none.
    pub entered_by_hand: Option<EnteredByHand>,
    /// Whether the days from `from` to `to` are exactly one reporting period of the body, such as a quarter.
    pub due_so: bool,
    /// The tables, in the order of the body's form.
    pub tables: Vec<Filled>,
}

impl FilledReturn {
    /// Returns whether the return can be sent: its period is exactly one reporting period of the body, every contact is classified, and
    /// every contact has an answer that the mapping knows to each question that its kind is asked.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let whole = |table: &Filled| table.missing == 0 && table.unmapped.is_empty();
        self.due_so && self.not_classified == 0 && self.tables.iter().all(whole)
    }
}

impl Store {
    /// Returns the newest mapping of each organisation ("body") that collects returns.
    #[must_use]
    pub fn returns(&self) -> Vec<&Return> {
        let mut newest: Vec<&Return> = Vec::new();
        for one in &self.returns {
            match newest.iter_mut().find(|known| known.name == one.name) {
                Some(known) => *known = one,
                None => newest.push(one),
            }
        }
        newest
    }

    /// Returns the mapping of the body `name` that is in force on the day `on`.
    #[must_use]
    pub fn mapping(&self, name: &str, on: NaiveDate) -> Option<&Return> {
        Return::in_force(&self.returns, name, on)
    }

    /// Returns the last complete period for which the body `name` requests a return. `None` if the body is unknown.
    #[must_use]
    pub fn last_due(&self, name: &str) -> Option<Period> {
        let every = self.returns.iter().find(|one| one.name == name)?.every;
        every.around(self.today()).before()
    }
}

impl Snapshot<'_> {
    /// Implements [`Store::fill_return`].
    pub(crate) async fn fill_return(
        &mut self,
        name: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<FilledReturn, StoreError> {
        let mapping = self
            .store
            .mapping(name, to)
            .ok_or(StoreError::NotFound("return"))?;
        let period = Period::of(from, to);
        let mut tables = Vec::with_capacity(mapping.tables.len());
        for table in &mapping.tables {
            let by = [table.by.as_str()];
            let (values, total) = match &table.only {
                None => {
                    let found = self
                        .breakdown(&StatisticsFilter::contacts(period, by, None))
                        .await?;
                    (counts(&found, None), found.registered)
                }
                Some(only) => {
                    let all = self
                        .breakdown(&StatisticsFilter::contacts(period, [only.by.as_str()], None))
                        .await?;
                    let crossed =
                        StatisticsFilter::contacts(period, [only.by.as_str(), table.by.as_str()], None);
                    let found = self.breakdown(&crossed).await?;
                    (counts(&found, Some(&only.value)), all.count(&only.value))
                }
            };
            let counted = Counted {
                values,
                not_asked: self.not_asked(table, period).await?,
                total,
            };
            tables.push(mapping.fill(table, &self.store.scheme(), &counted));
        }
        let counselling = self
            .breakdown(&StatisticsFilter::of(
                Measure::Contact,
                period,
                [COUNSELLING],
                None,
            ))
            .await?;
        let entered: Vec<&Adjustment> = self
            .entered()
            .await?
            .iter()
            .filter(|one| one.entry.of == Measure::Contact && overlaps(period, one))
            .collect();
        let (entered, entered_by_hand) = (entered.len(), EnteredByHand::sum(entered));
        Ok(FilledReturn {
            name: mapping.name.clone(),
            version: mapping.version,
            from,
            to,
            time_zone: self.store.zone.name().to_owned(),
            as_of: counselling.as_of,
            registered: counselling.registered,
            not_classified: counselling.rest,
            entered,
            entered_by_hand,
            due_so: mapping.every.around(from) == period && mapping.every != Every::Day,
            tables,
        })
    }

    /// Returns the number of contacts that the table counts, without an answer to the question of the table, whose kind is not asked it.
    async fn not_asked(&mut self, table: &Table, period: Period) -> Result<i64, StoreError> {
        let scheme = self.store.scheme();
        let not_asked = table.kinds_not_asked(&scheme);
        if not_asked.is_empty() {
            return Ok(0);
        }
        let (by, is) = match &table.only {
            None => (vec![KIND], None),
            Some(only) => (vec![KIND, only.by.as_str()], Some(&only.value)),
        };
        let all = self.count_of_kinds(period, &by, is, &not_asked).await?;
        // Some of these contacts can have an answer, because an earlier scheme asked their kind.
        let answered = self
            .count_of_kinds(period, &[KIND, table.by.as_str()], None, &not_asked)
            .await?;
        let registered = self.registered(Measure::Contact, period).await?;
        if answered == 0 || registered > MOST_CONTACTS_COUNTED {
            return Ok(all);
        }
        let kinds = not_asked.iter().map(|kind| (*kind).to_owned()).collect();
        let mut values = vec![
            (KIND.to_owned(), SelectedValues::OneOf(kinds)),
            (table.by.clone(), SelectedValues::None),
        ];
        let only = table.only.as_ref();
        values.extend(only.map(|only| (only.by.clone(), SelectedValues::one(only.value.as_str()))));
        let pointed = DrillDown {
            of: Measure::Contact,
            period,
            values,
        };
        self.count_contacts(&pointed).await
    }

    /// Returns the number of contacts of these kinds. The first dimension in `by` is the kind. If there is a second one, only contacts with
    /// the value `is` or, without `is`, with any value in it are counted.
    async fn count_of_kinds(
        &mut self,
        period: Period,
        by: &[&str],
        is: Option<&String>,
        kinds: &[&str],
    ) -> Result<i64, StoreError> {
        let cut = StatisticsFilter {
            by: by.iter().map(|by| (*by).to_owned()).collect(),
            ..StatisticsFilter::contacts(period, [], None)
        };
        let found = self.breakdown(&cut).await?;
        let counted = found.rows.iter().filter(|row| {
            let kind = row
                .values
                .first()
                .is_some_and(|kind| kinds.contains(&kind.as_str()));
            kind && is.is_none_or(|is| row.values.get(1) == Some(is))
        });
        Ok(counted.map(|row| row.count).sum())
    }
}

/// Returns the value in the last dimension and the count of each row. If `only` is given, rows with a different value in the first
/// dimension are left out.
fn counts(found: &Breakdown, only: Option<&str>) -> Vec<(String, i64)> {
    let rows = found.rows.iter().filter(|row| match only {
        Some(value) => row.values.first().is_some_and(|first| first == value),
        None => true,
    });
    rows.filter_map(|row| Some((row.values.last()?.clone(), row.count)))
        .collect()
}
