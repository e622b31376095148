//! Drill-down: lists the contacts that a figure counts, for staff who may read contacts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::lifecycle::Status,
    identifiers::reference::Reference,
    statistics::figures::{Facts, Measure},
    time::{clock::start_of_day, period::Period},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, figures as cells},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    inbox::list::Place,
    statistics::{
        counts::{AT_ONCE, StatisticsFilter},
        rows::{CountedContact, select_counted},
        snapshot::Snapshot,
    },
};

/// Maximum number of contacts read to fill one page. When it is reached, the page can be shorter than requested.
const MOST_CONTACTS_READ: usize = 50_000;
/// Maximum number of contacts read to count a figure that no breakdown contains.
pub(super) const MOST_CONTACTS_COUNTED: i64 = 200_000;

/// The latest time allowed in a page position, in microseconds since 1970. It is in the year 9987.
const FARTHEST: i64 = 253_000_000_000_000_000;

/// Maximum number of dimensions by which a list selects contacts.
const MOST_DIMENSIONS: usize = 3;

/// The values of a dimension that a figure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectedValues {
    /// Any value.
    Any,
    /// One of these values.
    OneOf(Vec<String>),
    /// No value: the question was not answered.
    None,
    /// No value, or a value that is not in this list.
    NoneOf(Vec<String>),
}

impl SelectedValues {
    /// Selects a single value.
    #[must_use]
    pub fn one(value: impl Into<String>) -> Self {
        Self::OneOf(vec![value.into()])
    }

    fn select(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Any, value) => value.is_some(),
            (Self::OneOf(all), Some(value)) => all.iter().any(|one| one == value),
            (Self::OneOf(_), None) => false,
            (Self::None, value) => value.is_none(),
            (Self::NoneOf(all), value) => !all.iter().any(|one| Some(one.as_str()) == value),
        }
    }

    /// Returns whether contacts without a value in the dimension are selected.
    const fn selects_none(&self) -> bool {
        match self {
            Self::Any | Self::OneOf(_) => false,
            Self::None | Self::NoneOf(_) => true,
        }
    }
}

/// A figure selected for drill-down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillDown {
    /// The measure: contacts or closings.
    pub of: Measure,
    /// The days that the figure covers.
    pub period: Period,
    /// The dimensions of the figure, each with the selected values.
    pub values: Vec<(String, SelectedValues)>,
}

/// One page of the contacts that a figure counts, newest first.
#[derive(Debug)]
pub struct CountedContacts {
    /// Number of all contacts that the figure counts, on all pages.
    pub count: i64,
    /// The contacts on this page.
    pub rows: Vec<ListedContact>,
    /// The position after which the next page begins. `None` if no contact is left. Otherwise the next page can still be empty.
    pub next: Option<Place>,
}

/// A contact counted by a figure.
#[derive(Debug)]
pub struct ListedContact {
    /// The reference of the contact.
    pub reference: Reference,
    /// The time of registration or, if the figure counts closings, the time of closing.
    pub at: DateTime<Utc>,
    /// The channel of the contact.
    pub channel: String,
    /// The current status of the contact.
    pub status: Status,
}

impl Store {
    /// Loads at most `size` of the contacts that a figure counts, newest first. The page starts after the position `after`, or with the
    /// newest contact if `after` is `None`.
    ///
    /// # Errors
    /// Returns the errors of [`Store::breakdown`]. Also returns [`StoreError::Conflict`] if the figure does not count contacts or closings,
    /// if the time in `after` is out of range, or if a figure that no breakdown contains would be counted from too many contacts.
    pub async fn pointed_at(
        &self,
        pointed: &DrillDown,
        after: Option<Place>,
        size: usize,
    ) -> Result<CountedContacts, StoreError> {
        if !matches!(pointed.of, Measure::Contact | Measure::Closing)
            || after.is_some_and(|after| after.at > FARTHEST)
        {
            return Err(StoreError::Conflict(Conflict::NoDimension));
        }
        let mut look = self.begin_figures().await?;
        let listed = look.listed(pointed, after, size).await?;
        look.end(listed).await
    }
}

impl Snapshot<'_> {
    async fn listed(
        &mut self,
        pointed: &DrillDown,
        after: Option<Place>,
        size: usize,
    ) -> Result<CountedContacts, StoreError> {
        let count = self.count_of(pointed).await?;
        let (mut found, mut looked, mut next) = (Vec::new(), 0, None);
        let days = self.days_of(pointed).await?.into_iter().rev();
        'days: for day in days.filter(|day| after.is_none_or(|after| *day <= self.day_of(after))) {
            let mut after = after;
            loop {
                let contacts = self.contacts_of(pointed.of, day, after).await?;
                for contact in &contacts {
                    looked += 1;
                    let here = place(pointed.of, contact);
                    after = Some(here);
                    if self.is_counted(pointed, contact)? {
                        found.push(here);
                    }
                    if found.len() == size || looked == MOST_CONTACTS_READ {
                        next = Some(here);
                        break 'days;
                    }
                }
                if contacts.len() < AT_ONCE {
                    break;
                }
            }
        }
        // If the first page contains all `count` contacts, there is no next page. On a later page this comparison is impossible, because
        // `count` includes the contacts of earlier pages. Such a page may therefore link to an empty page.
        let all = after.is_none() && i64::try_from(found.len()) == Ok(count);
        let next = next.filter(|_| !all);
        Ok(CountedContacts {
            count,
            rows: self.listed_rows(found).await?,
            next,
        })
    }

    /// Computes how many contacts the figure counts.
    async fn count_of(&mut self, pointed: &DrillDown) -> Result<i64, StoreError> {
        if pointed.values.len() > 2 || pointed.values.iter().any(|(_, values)| values.selects_none()) {
            return self.count_contacts(pointed).await;
        }
        let cut = StatisticsFilter {
            of: pointed.of,
            period: pointed.period,
            by: pointed.values.iter().map(|(by, _)| by.clone()).collect(),
            every: None,
        };
        let found = self.breakdown(&cut).await?;
        let is = |(value, (_, selected)): (&String, &(String, SelectedValues))| {
            selected.select(Some(value.as_str()))
        };
        let rows = found.rows.iter();
        Ok(rows
            .filter(|row| row.values.iter().zip(&pointed.values).all(is))
            .map(|row| row.count)
            .sum())
    }

    /// Counts the selected contacts one by one, because no breakdown contains their figure.
    pub(super) async fn count_contacts(&mut self, pointed: &DrillDown) -> Result<i64, StoreError> {
        let known = self.store.dimensions(Measure::Contact);
        let unknown = pointed
            .values
            .iter()
            .any(|(dimension, _)| !known.contains(dimension));
        if pointed.of != Measure::Contact || unknown || pointed.values.len() > MOST_DIMENSIONS {
            return Err(StoreError::Conflict(Conflict::NoDimension));
        }
        if self.registered(Measure::Contact, pointed.period).await? > MOST_CONTACTS_COUNTED {
            return Err(StoreError::Conflict(Conflict::TooManyToCross));
        }
        let (mut count, mut after) = (0, None);
        loop {
            let (rows, next) = self.store.rows_on(&self.on, pointed.period, after).await?;
            let selected = rows.iter().filter(|facts| self.is_selected(pointed, facts));
            count += i64::try_from(selected.count()).unwrap_or(i64::MAX);
            if next.is_none() {
                return Ok(count);
            }
            after = next;
        }
    }

    /// Returns the days of the period on which each selected value was counted at least once. Contacts counted on other days cannot match.
    async fn days_of(&self, pointed: &DrillDown) -> Result<BTreeSet<NaiveDate>, StoreError> {
        let mut places = vec![("", None)];
        for (dimension, selected) in &pointed.values {
            let kept = self.store.kept_as(dimension);
            match selected {
                SelectedValues::OneOf(values) if kept == dimension => places.push((kept, Some(values))),
                // Counts by age band are not stored, so every day on which any age was counted may match.
                SelectedValues::Any | SelectedValues::OneOf(_) => places.push((kept, None)),
                SelectedValues::None | SelectedValues::NoneOf(_) => {}
            }
        }
        let mut all: Option<BTreeSet<NaiveDate>> = None;
        for (dimension, values) in places {
            let mut query = cells::Entity::find()
                .select_only()
                .column(cells::Column::Span)
                .distinct()
                .filter(cells::Column::Of.eq(pointed.of.as_str()))
                .filter(cells::Column::One.eq(dimension))
                .filter(cells::Column::Other.eq(""))
                .filter(cells::Column::Count.ne(0));
            if let Some(values) = values {
                query = query.filter(cells::Column::Value.is_in(values.iter().cloned()));
            }
            if let Some(from) = pointed.period.from {
                query = query.filter(cells::Column::Span.gte(from.to_string()));
            }
            if let Some(to) = pointed.period.to {
                query = query.filter(cells::Column::Span.lte(to.to_string()));
            }
            let spans: Vec<String> = query.into_tuple().all(&self.on).await?;
            // The column also contains months and years, which do not parse as days.
            let days: BTreeSet<NaiveDate> = spans.iter().filter_map(|span| span.parse().ok()).collect();
            all = Some(match all {
                Some(all) => all.intersection(&days).copied().collect(),
                None => days,
            });
        }
        Ok(all.unwrap_or_default())
    }

    fn day_of(&self, place: Place) -> NaiveDate {
        hotline_core::time::clock::day_of(time(place.at), self.store.zone)
    }

    /// Loads at most [`AT_ONCE`] contacts, newest first, that were registered on this day or, for [`Measure::Closing`], closed on this day.
    /// Starts after the position `after`.
    async fn contacts_of(
        &self,
        of: Measure,
        day: NaiveDate,
        after: Option<Place>,
    ) -> Result<Vec<CountedContact>, StoreError> {
        let (at, id) = (column(of), contacts::Column::Id);
        let start = |day| start_of_day(day, self.store.zone).timestamp_micros();
        let mut query = contacts::Entity::find()
            .filter(at.gte(start(day)))
            .filter(contacts::Column::Marking.is_null())
            .order_by_desc(at)
            .order_by_desc(id)
            .limit(AT_ONCE as u64);
        if let Some(next) = day.succ_opt() {
            query = query.filter(at.lt(start(next)));
        }
        if let Some(after) = after {
            let same = at.eq(after.at).and(id.lt(after.id));
            query = query
                .filter(at.lte(after.at))
                .filter(Condition::any().add(at.lt(after.at)).add(same));
        }
        Ok(select_counted(query).all(&self.on).await?)
    }

    fn is_counted(&self, pointed: &DrillDown, contact: &CountedContact) -> Result<bool, StoreError> {
        let facts = self.store.facts_of(contact)?;
        let facts = facts.into_iter().find(|facts| facts.of == pointed.of);
        Ok(facts.is_some_and(|facts| self.is_selected(pointed, &facts)))
    }

    fn is_selected(&self, pointed: &DrillDown, facts: &Facts) -> bool {
        pointed.values.iter().all(|(dimension, selected)| {
            let value = facts.values.get(self.store.kept_as(dimension));
            let band =
                value.and_then(|value| self.store.band(dimension, value, pointed.period, self.today()));
            selected.select(band.as_ref().or(value).map(String::as_str))
        })
    }

    async fn listed_rows(&self, found: Vec<Place>) -> Result<Vec<ListedContact>, StoreError> {
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(found.iter().map(|place| place.id)))
            .all(&self.on)
            .await?;
        let mut rows: BTreeMap<Uuid, contacts::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
        let listed = |place: Place| {
            let contact = rows.remove(&place.id)?;
            Some(ListedContact {
                reference: reference_of(&contact),
                at: time(place.at),
                status: contact.status.0,
                channel: contact.channel,
            })
        };
        Ok(found.into_iter().filter_map(listed).collect())
    }
}

const fn column(of: Measure) -> contacts::Column {
    match of {
        Measure::Closing => contacts::Column::ClosedAt,
        Measure::Contact | Measure::Case | Measure::Referral => contacts::Column::OpenedAt,
    }
}

fn place(of: Measure, contact: &CountedContact) -> Place {
    let at = match of {
        Measure::Closing => contact.columns.closed_at.unwrap_or_default(),
        Measure::Contact | Measure::Case | Measure::Referral => contact.columns.opened_at,
    };
    Place { at, id: contact.id }
}
