//! Outreach totals of a period, such as the published numbers of presentations, primary schools and pupils.

use std::collections::{BTreeMap, BTreeSet};

use hotline_core::{
    statistics::outreach::{EventKind, EventState, Part, Reached, SchoolKind},
    time::period::Period,
};
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{
        entity::{educators, event_educators, outreach},
        store::Store,
    },
    error::StoreError,
    outreach::{in_period, reached},
};

/// The outreach totals of a period.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq, JsonSchema)]
pub struct OutreachTotals {
    /// Number of events held in the period.
    pub events: i64,
    /// Number of people reached by these events, by group.
    #[serde(flatten)]
    pub reached: Reached,
    /// Totals by kind of event.
    pub kinds: Vec<KindTotal>,
    /// Totals by kind of school. Each school counts once, even if it had several events.
    pub schools: Vec<SchoolTotal>,
    /// Number of all planned events, regardless of the period.
    pub planned: i64,
    /// Number of active peer educators, regardless of the period.
    pub peer_educators: i64,
    /// Number of events held in the period and led by peer educators.
    pub peer_sessions: i64,
    /// Number of people reached by the events counted in `peer_sessions`.
    pub peer_reached: i64,
}

/// Totals of one kind of event.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct KindTotal {
    /// Kind of event.
    pub kind: EventKind,
    /// Number of events of this kind held in the period.
    pub events: i64,
    /// Number of people reached by these events, by group.
    #[serde(flatten)]
    pub reached: Reached,
}

/// Totals of one kind of school.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct SchoolTotal {
    /// Kind of school.
    pub kind: SchoolKind,
    /// Number of schools of this kind in which an event was held in the period.
    pub schools: i64,
    /// Number of events held in these schools in the period.
    pub events: i64,
    /// Number of presentations among these events.
    pub presentations: i64,
    /// Number of these schools with at least one presentation.
    pub presented_in: i64,
    /// Number of people reached by these presentations, by group.
    pub presented_to: Reached,
    /// Number of people reached by all events in these schools, by group.
    #[serde(flatten)]
    pub reached: Reached,
}

/// The ids of the schools already counted, so that each school counts only once.
#[derive(Default)]
struct Counted {
    held_in: BTreeSet<Uuid>,
    presented_in: BTreeSet<Uuid>,
}

impl OutreachTotals {
    /// Returns the totals of the events of this kind.
    #[must_use]
    pub fn of(&self, kind: EventKind) -> KindTotal {
        let found = self.kinds.iter().find(|one| one.kind == kind).cloned();
        found.unwrap_or_else(|| KindTotal::new(kind))
    }

    /// Returns the totals of the schools of this kind.
    #[must_use]
    pub fn in_schools(&self, kind: SchoolKind) -> SchoolTotal {
        let found = self.schools.iter().find(|one| one.kind == kind).cloned();
        found.unwrap_or_else(|| SchoolTotal::new(kind))
    }
}

impl KindTotal {
    const fn new(kind: EventKind) -> Self {
        Self {
            kind,
            events: 0,
            reached: Reached::NOBODY,
        }
    }

    const fn add(&mut self, reached: Reached) {
        self.events += 1;
        self.reached.add(reached);
    }
}

impl SchoolTotal {
    const fn new(kind: SchoolKind) -> Self {
        Self {
            kind,
            schools: 0,
            events: 0,
            presentations: 0,
            presented_in: 0,
            presented_to: Reached::NOBODY,
            reached: Reached::NOBODY,
        }
    }

    fn add(&mut self, counted: &mut Counted, school: Uuid, kind: EventKind, reached: Reached) {
        self.events += 1;
        self.reached.add(reached);
        self.schools += i64::from(counted.held_in.insert(school));
        if kind == EventKind::Presentation {
            self.presentations += 1;
            self.presented_to.add(reached);
            self.presented_in += i64::from(counted.presented_in.insert(school));
        }
    }
}

impl Store {
    /// Computes the outreach totals of a period.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn outreach_totals(&self, period: Period) -> Result<OutreachTotals, StoreError> {
        self.outreach_totals_on(&self.reading, period).await
    }

    pub(crate) async fn outreach_totals_on(
        &self,
        on: &impl ConnectionTrait,
        period: Period,
    ) -> Result<OutreachTotals, StoreError> {
        let of = |state: EventState| {
            in_period(outreach::Entity::find(), period).filter(outreach::Column::State.eq(state.as_str()))
        };
        let held = of(EventState::Held).all(on).await?;
        let planned = outreach::Entity::find()
            .filter(outreach::Column::State.eq(EventState::Planned.as_str()))
            .count(on)
            .await?;
        let led: BTreeSet<Uuid> = event_educators::Entity::find()
            .filter(event_educators::Column::Part.eq(Part::Led.as_str()))
            .all(on)
            .await?
            .into_iter()
            .map(|tie| tie.outreach_id)
            .collect();
        let schools = self.roots(on).await?;
        let educators = educators::Entity::find()
            .filter(educators::Column::Active.eq(true))
            .count(on)
            .await?;
        let mut totals = OutreachTotals {
            planned: i64::try_from(planned).unwrap_or_default(),
            peer_educators: i64::try_from(educators).unwrap_or_default(),
            ..OutreachTotals::default()
        };
        let mut kinds: BTreeMap<EventKind, KindTotal> = BTreeMap::new();
        let mut of_schools: BTreeMap<SchoolKind, (SchoolTotal, Counted)> = BTreeMap::new();
        for row in &held {
            let reached = reached(row);
            totals.events += 1;
            totals.reached.add(reached);
            if led.contains(&row.id) {
                totals.peer_sessions += 1;
                totals.peer_reached += reached.all();
            }
            let kind = row.kind.0;
            kinds
                .entry(kind)
                .or_insert_with(|| KindTotal::new(kind))
                .add(reached);
            if let Some(school) = row.school_id.and_then(|id| schools.get(&id)) {
                let (total, counted) = of_schools
                    .entry(school.kind)
                    .or_insert_with(|| (SchoolTotal::new(school.kind), Counted::default()));
                total.add(counted, school.id, kind, reached);
            }
        }
        totals.kinds = kinds.into_values().collect();
        totals.schools = of_schools.into_values().map(|(total, _)| total).collect();
        Ok(totals)
    }
}
