//! The outreach register: events, the schools where events are held, and peer educators.

use std::collections::HashMap;

use chrono::NaiveDate;
use hotline_core::{
    identifiers::{ids, reference::Reference},
    staff::audit::AuditAction,
    statistics::outreach::{EventKind, EventState, InvalidEvent, Part, Reached, checked},
    time::period::Period,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, event_educators, outreach},
        history::event as history,
        store::Store,
        stored::Stored,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

pub use crate::outreach::{
    educators::Educator,
    schools::{NewSchool, School},
    totals::{KindTotal, OutreachTotals, SchoolTotal},
};

mod educators;
mod schools;
mod totals;

/// Maximum length of a remark, name or presenter, in characters.
const LONGEST: usize = 300;
/// Maximum number of events with a day on one page. The page can also show the same number of events without a day.
pub const PAGE: u64 = 200;

/// An outreach event as entered by staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Kind of event.
    pub kind: EventKind,
    /// Whether the event is planned, held or cancelled.
    pub state: EventState,
    /// The day of the event, if known.
    pub day: Option<NaiveDate>,
    /// The school where the event is held.
    pub school: Option<Uuid>,
    /// Number of people reached, by group.
    pub reached: Reached,
    /// Name of the presenter.
    pub presenter: String,
    /// Language tag; empty if unknown.
    pub language: String,
    /// Remarks as free text.
    pub remarks: String,
    /// The peer educators who take part, each with the information whether they lead the event or are trained at it.
    pub educators: Vec<(Uuid, Part)>,
}

/// A stored outreach event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutreachEvent {
    /// The id of the event.
    pub id: Uuid,
    /// The event as entered by staff.
    pub details: NewEvent,
    /// The school where the event is held. If that school was merged into another, this is the other school.
    pub school: Option<School>,
    /// The contact that requested the event, if any.
    pub asked_by: Option<Reference>,
}

fn refused(why: InvalidEvent) -> StoreError {
    StoreError::Conflict(match why {
        InvalidEvent::NoDay => Conflict::EventWithoutDay,
        InvalidEvent::ToCome => Conflict::InTheFuture,
        InvalidEvent::Number => Conflict::EventNumber,
    })
}

fn short(text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(StoreError::Conflict(Conflict::TooLong));
    }
    Ok(text.to_owned())
}

impl Store {
    /// Creates an event, or replaces the event `id`. If `held_in` is given, this school is added and replaces the school in `event`.
    /// `asked_by` is the contact that requested a new event. It is ignored when an event is replaced.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the day of a held event is missing or in the future, if a number is out of range, if a text is
    /// too long, if an educator is named twice, or if `held_in` has no name. Returns [`StoreError::NotFound`] if the event, a school, an
    /// educator or the contact does not exist.
    pub async fn write_event(
        &self,
        who: &StaffMember,
        id: Option<Uuid>,
        event: &NewEvent,
        held_in: Option<&NewSchool>,
        asked_by: Option<Reference>,
    ) -> Result<Uuid, StoreError> {
        checked(event.state, event.day, event.reached, self.today()).map_err(refused)?;
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let school = match (held_in, event.school) {
            (Some(new), _) => Some(self.add_school_in(&transaction, who, new).await?),
            (None, Some(school)) => Some(schools::root_of(&transaction, school).await?),
            (None, None) => None,
        };
        let contact = match asked_by {
            Some(reference) => {
                let found = contacts::Entity::find()
                    .filter(contacts::Column::Reference.eq(reference.number()))
                    .one(&transaction)
                    .await?;
                Some(found.ok_or(StoreError::NotFound("contact"))?.id)
            }
            None => None,
        };
        let now = self.clock.now();
        let number = |count: i64| i32::try_from(count).unwrap_or_default();
        let mut row = outreach::ActiveModel {
            kind: Set(Stored(event.kind)),
            state: Set(Stored(event.state)),
            day: Set(event.day.map(|day| day.to_string())),
            school_id: Set(school),
            students: Set(number(event.reached.students)),
            parents: Set(number(event.reached.parents)),
            teachers: Set(number(event.reached.teachers)),
            others: Set(number(event.reached.others)),
            presenter: Set(short(&event.presenter)?),
            language: Set(short(&event.language)?),
            remarks: Set(short(&event.remarks)?),
            by: Set(Some(who.id)),
            at: Set(now.timestamp_micros()),
            ..Default::default()
        };
        let (id, what) = match id {
            Some(id) => {
                row.id = Unchanged(id);
                if outreach::Entity::find_by_id(id)
                    .one(&transaction)
                    .await?
                    .is_none()
                {
                    return Err(StoreError::NotFound("event"));
                }
                row.update(&transaction).await?;
                (id, AuditAction::ChangeEvent)
            }
            None => {
                let id = ids::new(now);
                row.id = Set(id);
                row.contact_id = Set(contact);
                row.insert(&transaction).await?;
                if let Some(contact) = contact {
                    history(contact, self.now(), Some(who.id), HistoryKind::PlannedEvent, "")
                        .insert(&transaction)
                        .await?;
                }
                (id, AuditAction::WriteEvent)
            }
        };
        educators::put(&transaction, id, &event.educators).await?;
        self.audit_in(&transaction, Some(who.id), what, &id.to_string())
            .await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Creates a planned presentation requested by this contact, unless an event requested by this contact already exists.
    pub(crate) async fn plan_presentation(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let known = outreach::Entity::find().filter(outreach::Column::ContactId.eq(contact.id));
        if known.one(transaction).await?.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        let id = ids::new(now);
        let event = outreach::Model {
            id,
            kind: Stored(EventKind::Presentation),
            state: Stored(EventState::Planned),
            day: None,
            school_id: None,
            students: 0,
            parents: 0,
            teachers: 0,
            others: 0,
            presenter: String::new(),
            language: contact
                .language
                .map_or("", |language| language.0.tag())
                .to_owned(),
            remarks: String::new(),
            contact_id: Some(contact.id),
            by: Some(who.id),
            at: now.timestamp_micros(),
        };
        outreach::ActiveModel::from(event)
            .reset_all()
            .insert(transaction)
            .await?;
        history(
            contact.id,
            self.now(),
            Some(who.id),
            HistoryKind::PlannedEvent,
            "",
        )
        .insert(transaction)
        .await?;
        self.audit_in(
            transaction,
            Some(who.id),
            AuditAction::WriteEvent,
            &id.to_string(),
        )
        .await
    }

    /// Loads one event. Returns `None` if the event does not exist.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn event(&self, id: Uuid) -> Result<Option<OutreachEvent>, StoreError> {
        let found = outreach::Entity::find_by_id(id).all(&self.reading).await?;
        Ok(self.with_schools(found).await?.pop())
    }

    /// Returns at most [`PAGE`] events without a day, followed by at most [`PAGE`] events in the period. Both parts are sorted from newest
    /// to oldest. The returned flag is `true` if the period has more events than were returned.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn events(&self, period: Period) -> Result<(Vec<OutreachEvent>, bool), StoreError> {
        let undated = outreach::Entity::find()
            .filter(outreach::Column::Day.is_null())
            .order_by_desc(outreach::Column::At)
            .limit(PAGE)
            .all(&self.reading)
            .await?;
        let mut dated = in_period(outreach::Entity::find(), period)
            .filter(outreach::Column::Day.is_not_null())
            .order_by_desc(outreach::Column::Day)
            .order_by_desc(outreach::Column::Id)
            .limit(PAGE + 1)
            .all(&self.reading)
            .await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = dated.len() > page;
        dated.truncate(page);
        let events = undated.into_iter().chain(dated).collect();
        Ok((self.with_schools(events).await?, more))
    }

    /// Returns the events that a contact requested.
    pub(crate) async fn events_of(&self, contact: Uuid) -> Result<Vec<OutreachEvent>, StoreError> {
        let found = outreach::Entity::find().filter(outreach::Column::ContactId.eq(contact));
        self.with_schools(found.all(&self.reading).await?).await
    }

    async fn with_schools(&self, rows: Vec<outreach::Model>) -> Result<Vec<OutreachEvent>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let schools = self.roots(&self.reading).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut educators: HashMap<Uuid, Vec<(Uuid, Part)>> = HashMap::new();
        let tied = event_educators::Entity::find().filter(event_educators::Column::OutreachId.is_in(ids));
        for tie in tied.all(&self.reading).await? {
            educators
                .entry(tie.outreach_id)
                .or_default()
                .push((tie.educator_id, tie.part.0));
        }
        let asked = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(rows.iter().filter_map(|row| row.contact_id)))
            .all(&self.reading)
            .await?;
        let asked: HashMap<Uuid, Reference> = asked
            .iter()
            .map(|contact| (contact.id, reference_of(contact)))
            .collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let school = row.school_id.and_then(|id| schools.get(&id).cloned());
                OutreachEvent {
                    id: row.id,
                    asked_by: row.contact_id.and_then(|id| asked.get(&id).copied()),
                    details: NewEvent {
                        school: school.as_ref().map(|school| school.id),
                        ..to_event(row, &mut educators)
                    },
                    school,
                }
            })
            .collect())
    }
}

fn in_period(query: sea_orm::Select<outreach::Entity>, period: Period) -> sea_orm::Select<outreach::Entity> {
    let mut query = query;
    if let Some(from) = period.from {
        query = query.filter(outreach::Column::Day.gte(from.to_string()));
    }
    if let Some(to) = period.to {
        query = query.filter(outreach::Column::Day.lte(to.to_string()));
    }
    query
}

fn reached(row: &outreach::Model) -> Reached {
    Reached {
        students: row.students.into(),
        parents: row.parents.into(),
        teachers: row.teachers.into(),
        others: row.others.into(),
    }
}

fn to_event(row: outreach::Model, educators: &mut HashMap<Uuid, Vec<(Uuid, Part)>>) -> NewEvent {
    NewEvent {
        kind: row.kind.0,
        state: row.state.0,
        day: row.day.as_ref().and_then(|day| day.parse().ok()),
        school: row.school_id,
        reached: reached(&row),
        educators: educators.remove(&row.id).unwrap_or_default(),
        presenter: row.presenter,
        language: row.language,
        remarks: row.remarks,
    }
}
