//! What was held in a period, as the published sentence reads: so many presentations in so many primary schools for so many pupils.

use hotline_core::outreach::{EventKind, Reached, SchoolKind};
use serde::Serialize;

/// Outreach of a period.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct OutreachTotals {
    /// Events held.
    pub events: i64,
    /// Whom they reached.
    #[serde(flatten)]
    pub reached: Reached,
    /// By what they were.
    pub kinds: Vec<KindTotal>,
    /// By what they were held in. Schools count once, however often something was held in them.
    pub schools: Vec<SchoolTotal>,
    /// Planned, whenever.
    pub planned: i64,
    /// Peer educators who teach now.
    pub peer_educators: i64,
    /// Events that peer educators led.
    pub peer_sessions: i64,
    /// Whom those reached.
    pub peer_reached: i64,
}

/// Events of one kind.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct KindTotal {
    /// What they are.
    pub kind: EventKind,
    /// How many.
    pub events: i64,
    /// Whom they reached.
    #[serde(flatten)]
    pub reached: Reached,
}

/// Events in schools of one kind.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct SchoolTotal {
    /// What they are.
    pub kind: SchoolKind,
    /// How many schools.
    pub schools: i64,
    /// How many events.
    pub events: i64,
    /// How many of those were presentations.
    pub presentations: i64,
    /// Whom they reached.
    #[serde(flatten)]
    pub reached: Reached,
}

impl OutreachTotals {
    /// What was held of a kind.
    #[must_use]
    pub fn of(&self, kind: EventKind) -> KindTotal {
        let found = self.kinds.iter().find(|one| one.kind == kind).cloned();
        found.unwrap_or_else(|| KindTotal::new(kind))
    }

    /// What was held in schools of a kind.
    #[must_use]
    pub fn in_schools(&self, kind: SchoolKind) -> SchoolTotal {
        let found = self.schools.iter().find(|one| one.kind == kind).cloned();
        found.unwrap_or_else(|| SchoolTotal::new(kind))
    }
}

impl KindTotal {
    pub(super) const fn new(kind: EventKind) -> Self {
        Self {
            kind,
            events: 0,
            reached: Reached {
                students: 0,
                parents: 0,
                teachers: 0,
                others: 0,
            },
        }
    }

    pub(super) const fn add(&mut self, reached: Reached) {
        self.events += 1;
        self.reached.add(reached);
    }
}

impl SchoolTotal {
    pub(super) const fn new(kind: SchoolKind) -> Self {
        Self {
            kind,
            schools: 0,
            events: 0,
            presentations: 0,
            reached: Reached {
                students: 0,
                parents: 0,
                teachers: 0,
                others: 0,
            },
        }
    }

    pub(super) fn add(&mut self, kind: EventKind, reached: Reached) {
        self.events += 1;
        self.presentations += i64::from(kind == EventKind::Presentation);
        self.reached.add(reached);
    }

    pub(super) fn of(mut self, schools: usize) -> Self {
        self.schools = i64::try_from(schools).unwrap_or(i64::MAX);
        self
    }
}
