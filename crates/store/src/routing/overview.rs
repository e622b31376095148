//! What supervisors see of routing: the queue, the counsellors and the recent decisions.

use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::reference::Reference,
    routing::{availability::Availability, decide::Decision},
    time::{period::Period, shifts::PlannedShift},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, events},
        store::{Store, time},
        values::HistoryKind,
    },
    error::StoreError,
    routing::targets::KeptTargets,
    staff::accounts::StaffMember,
};

/// The number of recent decisions in the overview.
const RECENT: u64 = 50;

/// The state of routing.
pub struct Overview {
    /// How many targets were kept for the people who began to wait today.
    pub targets_today: Vec<KeptTargets>,
    /// The contacts that wait for a reply, by line and urgency: the most urgent first.
    pub queue: Vec<QueuePart>,
    /// The snoozed contacts whose persons wait for a reply. `queue` does not include them. `None` if there are none.
    pub snoozed: Option<SnoozedWaiting>,
    /// The number of contacts in quarantine. `queue` does not include them.
    pub quarantined: u64,
    /// The staff who may work on contacts, sorted by name.
    pub counsellors: Vec<CounsellorState>,
    /// The most recent decisions, newest first.
    pub decisions: Vec<MadeDecision>,
}

/// The snoozed contacts whose persons wait for a reply.
pub struct SnoozedWaiting {
    /// The number of contacts.
    pub waiting: u64,
    /// The contact whose person has waited longest.
    pub longest: Reference,
    /// Since when this person has waited.
    pub oldest: DateTime<Utc>,
}

/// The waiting contacts of one line and one urgency.
pub struct QueuePart {
    /// The name of the line.
    pub line: String,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// The number of people who wait for a reply.
    pub waiting: u64,
    /// How many of these contacts have no assignee.
    pub unassigned: u64,
    /// How many of these contacts wait for a late reply.
    pub late: u64,
    /// Since when the longest-waiting person has waited.
    pub oldest: Option<DateTime<Utc>>,
    /// The contact of the longest-waiting person.
    pub longest: Option<Reference>,
}

/// A counsellor with availability and load.
pub struct CounsellorState {
    /// The counsellor.
    pub member: StaffMember,
    /// Whether the counsellor is available.
    pub availability: Availability,
    /// The load in points.
    pub load: u16,
    /// The capacity in points.
    pub capacity: u16,
    /// The number of contacts that wait for the counsellor's reply.
    pub waiting: u64,
    /// The number of contacts that the counsellor got automatically in the last seven days.
    pub given_this_week: u32,
    /// The current shift. `None`: the counsellor is not planned now, or the centre has no shift plan.
    pub shift: Option<PlannedShift>,
}

impl CounsellorState {
    /// Returns whether the counsellor should be on duty according to the shift plan, but is not available.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.shift.is_some() && !self.availability.is_available()
    }
}

/// A decision of routing.
pub struct MadeDecision {
    /// Reference of the contact.
    pub reference: Reference,
    /// When the decision was made.
    pub at: DateTime<Utc>,
    /// Whether the contact was offered instead of assigned.
    pub offered: bool,
    /// The decision. `None`: an older version made it.
    pub decision: Option<Decision>,
}

impl Store {
    /// Returns the state of routing.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn routing_overview(&self) -> Result<Overview, StoreError> {
        let today = Some(self.today());
        let today = Period {
            from: today,
            to: today,
        };
        Ok(Overview {
            targets_today: self.kept_targets(today).await?,
            queue: self.queue_parts().await?,
            snoozed: self.snoozed_waiting().await?,
            quarantined: self.quarantined_now(&self.reading).await?,
            counsellors: self.counsellor_states().await?,
            decisions: self.recent_decisions().await?,
        })
    }

    /// Counts the contacts that wait for a late reply, by line and urgency.
    async fn late_parts(&self) -> Result<Vec<(String, i16, i64)>, StoreError> {
        let late = contacts::Entity::find()
            .select_only()
            .column(contacts::Column::Line)
            .column(contacts::Column::Urgency)
            .column_as(contacts::Column::Id.count(), "late")
            .filter(self.target_times(&self.reading).await?.late())
            .filter(self.in_sight())
            .group_by(contacts::Column::Line)
            .group_by(contacts::Column::Urgency);
        Ok(late.into_tuple().all(&self.reading).await?)
    }

    async fn queue_parts(&self) -> Result<Vec<QueuePart>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            line: String,
            urgency: i16,
            waiting: i64,
            assigned: i64,
            oldest: Option<i64>,
        }
        let rows: Vec<Row> = contacts::Entity::find()
            .select_only()
            .column(contacts::Column::Line)
            .column(contacts::Column::Urgency)
            .column_as(contacts::Column::Id.count(), "waiting")
            .column_as(contacts::Column::Assignee.count(), "assigned")
            .column_as(contacts::Column::WaitingSince.min(), "oldest")
            .filter(self.waits_in_sight())
            .group_by(contacts::Column::Line)
            .group_by(contacts::Column::Urgency)
            .order_by_desc(contacts::Column::Urgency)
            .order_by_asc(contacts::Column::Line)
            .into_model()
            .all(&self.reading)
            .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        let late = self.late_parts().await?;
        let late = |row: &Row| {
            let part = late
                .iter()
                .find(|(line, urgency, _)| *line == row.line && *urgency == row.urgency);
            part.map_or(0, |(_, _, late)| number(*late))
        };
        let mut parts = Vec::with_capacity(rows.len());
        for row in rows {
            parts.push(QueuePart {
                late: late(&row),
                longest: self.longest_waiting(&row.line, row.urgency).await?,
                line: row.line,
                urgency: row.urgency,
                waiting: number(row.waiting),
                unassigned: number(row.waiting - row.assigned),
                oldest: row.oldest.map(time),
            });
        }
        Ok(parts)
    }

    async fn snoozed_waiting(&self) -> Result<Option<SnoozedWaiting>, StoreError> {
        let snoozed = contacts::Entity::find()
            .filter(Expr::cust("status = 'waiting'"))
            .filter(contacts::Column::Marking.is_null())
            .filter(contacts::Column::WaitingSince.is_not_null())
            .filter(contacts::Column::SnoozedUntil.gt(self.now()));
        let waiting = snoozed.clone().count(&self.reading).await?;
        let longest = snoozed
            .order_by_asc(contacts::Column::WaitingSince)
            .one(&self.reading)
            .await?;
        Ok(longest.map(|longest| SnoozedWaiting {
            waiting,
            oldest: time(longest.waiting_since.unwrap_or(longest.last_in_at)),
            longest: reference_of(&longest),
        }))
    }

    /// Returns the condition that a person waits for a reply, and that the contact is not snoozed.
    fn waits_in_sight(&self) -> Condition {
        Condition::all()
            .add(Expr::cust("status = 'waiting'"))
            .add(contacts::Column::Marking.is_null())
            .add(self.in_sight())
    }

    /// Returns the contact on this line with this urgency whose person has waited longest for a reply.
    async fn longest_waiting(&self, line: &str, urgency: i16) -> Result<Option<Reference>, StoreError> {
        let found = contacts::Entity::find()
            .filter(self.waits_in_sight())
            .filter(contacts::Column::Line.eq(line))
            .filter(contacts::Column::Urgency.eq(urgency))
            .order_by_asc(contacts::Column::WaitingSince)
            .one(&self.reading)
            .await?;
        Ok(found.as_ref().map(reference_of))
    }

    async fn counsellor_states(&self) -> Result<Vec<CounsellorState>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            assignee: uuid::Uuid,
            waiting: i64,
        }
        let colleagues = self.availabilities().await?;
        let plan = self.shift_plan_in(&self.reading).await?;
        let now = self.clock.now();
        let facts = self.counsellors(&self.reading, colleagues.clone()).await?;
        let waiting: Vec<Row> = contacts::Entity::find()
            .select_only()
            // The column has another name than the field.
            .column_as(contacts::Column::Assignee, "assignee")
            .column_as(contacts::Column::Id.count(), "waiting")
            .filter(Expr::cust("status = 'waiting'"))
            .filter(contacts::Column::Assignee.is_not_null())
            .filter(self.in_sight())
            .group_by(contacts::Column::Assignee)
            .into_model()
            .all(&self.reading)
            .await?;
        let states = colleagues
            .into_iter()
            .zip(facts)
            .map(|(colleague, facts)| CounsellorState {
                waiting: waiting
                    .iter()
                    .find(|row| row.assignee == facts.staff)
                    .and_then(|row| u64::try_from(row.waiting).ok())
                    .unwrap_or_default(),
                load: facts.load,
                capacity: facts.capacity(&self.routing),
                given_this_week: facts.given_this_week,
                shift: plan.shift_at(facts.staff, colleague.member.team.as_deref(), now, self.zone),
                member: colleague.member,
                availability: colleague.availability,
            });
        Ok(states.collect())
    }

    async fn recent_decisions(&self) -> Result<Vec<MadeDecision>, StoreError> {
        let made = events::Entity::find()
            .filter(events::Column::Kind.is_in([HistoryKind::Assigned, HistoryKind::Offered]))
            .order_by_desc(events::Column::Id)
            .limit(RECENT)
            .all(&self.reading)
            .await?;
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(made.iter().map(|event| event.contact_id)))
            .all(&self.reading)
            .await?;
        let decisions = made.into_iter().filter_map(|event| {
            let contact = rows.iter().find(|row| row.id == event.contact_id)?;
            Some(MadeDecision {
                reference: reference_of(contact),
                at: time(event.at),
                offered: event.kind == HistoryKind::Offered,
                decision: serde_json::from_str(&event.detail).ok(),
            })
        });
        Ok(decisions.collect())
    }
}
