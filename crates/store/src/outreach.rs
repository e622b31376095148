//! The outreach register: events, the schools they are held in, and peer educators. Totals are counted from the events themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use hotline_core::{
    ids,
    outreach::{EventKind, EventState, Part, Reached, SchoolKind, Unlawful, checked, same_name},
    period::Period,
    reference::Reference,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde::Serialize;
use uuid::Uuid;

pub use self::totals::{KindTotal, OutreachTotals, SchoolTotal};
use crate::{
    entity::{contacts, educators, event_educators, outreach, schools},
    error::{Conflict, StoreError},
    inbox::reference_of,
    register::event as history,
    staff::Person,
    store::Store,
};

mod totals;

/// The longest remark, name or presenter, in characters.
const LONGEST: usize = 300;
/// Events shown at once.
pub const PAGE: u64 = 200;

/// An event to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What it is.
    pub kind: EventKind,
    /// How far it is.
    pub state: EventState,
    /// On which day.
    pub day: Option<NaiveDate>,
    /// Where.
    pub school: Option<Uuid>,
    /// How many were there.
    pub reached: Reached,
    /// Who held it.
    pub presenter: String,
    /// In which language: a tag, or nothing.
    pub language: String,
    /// What else there is to say.
    pub remarks: String,
    /// Peer educators, and what they did.
    pub educators: Vec<(Uuid, Part)>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// What was written of it.
    pub said: NewEvent,
    /// Where it is held, after merging.
    pub school: Option<School>,
    /// The contact that asked for it.
    pub asked_by: Option<Reference>,
}

/// A school or another institution.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SchoolKind,
    /// Where it is.
    pub place: String,
}

/// A young person who teaches peers.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Educator {
    /// The id.
    pub id: Uuid,
    /// What they want to be called.
    pub name: String,
    /// Of which school.
    pub school: Option<Uuid>,
    /// Whether they still teach.
    pub active: bool,
    /// Trainings they took part in.
    pub trainings: i64,
    /// Events they led.
    pub led: i64,
    /// How many those reached.
    pub reached: i64,
}

fn refused(why: Unlawful) -> StoreError {
    StoreError::Conflict(match why {
        Unlawful::NoDay => Conflict::EventWithoutDay,
        Unlawful::ToCome => Conflict::InTheFuture,
        Unlawful::Number => Conflict::EventNumber,
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
    /// Writes an event: a new one, or another text of one. `asked_by` is the contact that asked for a new one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was held on no day or one to come, numbers are none, or a school or educator does not exist.
    pub async fn write_event(
        &self,
        who: &Person,
        id: Option<Uuid>,
        event: &NewEvent,
        asked_by: Option<Reference>,
    ) -> Result<Uuid, StoreError> {
        checked(event.state, event.day, event.reached, self.today()).map_err(refused)?;
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let school = match event.school {
            Some(school) => Some(root_of(&transaction, school).await?),
            None => None,
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
            kind: Set(event.kind.as_str().to_owned()),
            state: Set(event.state.as_str().to_owned()),
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
                (id, "change event")
            }
            None => {
                let id = ids::new(now);
                row.id = Set(id);
                row.contact_id = Set(contact);
                row.insert(&transaction).await?;
                if let Some(contact) = contact {
                    history(contact, self.now(), Some(who.id), "planned_event", "")
                        .insert(&transaction)
                        .await?;
                }
                (id, "write event")
            }
        };
        put_educators(&transaction, id, &event.educators).await?;
        self.audit_in(&transaction, Some(who.id), what, &id.to_string())
            .await?;
        self.done(transaction).await?;
        Ok(id)
    }

    /// Plans a presentation for a contact that asks for one, once.
    pub(crate) async fn plan_presentation(
        &self,
        transaction: &DatabaseTransaction,
        who: &Person,
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
            kind: EventKind::Presentation.as_str().to_owned(),
            state: EventState::Planned.as_str().to_owned(),
            day: None,
            school_id: None,
            students: 0,
            parents: 0,
            teachers: 0,
            others: 0,
            presenter: String::new(),
            language: contact.language.clone().unwrap_or_default(),
            remarks: String::new(),
            contact_id: Some(contact.id),
            by: Some(who.id),
            at: now.timestamp_micros(),
        };
        outreach::ActiveModel::from(event)
            .reset_all()
            .insert(transaction)
            .await?;
        history(contact.id, self.now(), Some(who.id), "planned_event", "")
            .insert(transaction)
            .await?;
        self.audit_in(transaction, Some(who.id), "write event", &id.to_string())
            .await
    }

    /// One event.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn event(&self, id: Uuid) -> Result<Option<Event>, StoreError> {
        let found = outreach::Entity::find_by_id(id).all(&self.reading).await?;
        Ok(self.with_schools(found).await?.pop())
    }

    /// Events of a period, the newest first, at most [`PAGE`]; those without a day stand before all others.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn events(&self, period: Period) -> Result<Vec<Event>, StoreError> {
        let undated = outreach::Entity::find()
            .filter(outreach::Column::Day.is_null())
            .order_by_desc(outreach::Column::At)
            .limit(PAGE)
            .all(&self.reading)
            .await?;
        let dated = in_period(outreach::Entity::find(), period)
            .filter(outreach::Column::Day.is_not_null())
            .order_by_desc(outreach::Column::Day)
            .order_by_desc(outreach::Column::Id)
            .limit(PAGE)
            .all(&self.reading)
            .await?;
        self.with_schools(undated.into_iter().chain(dated).collect())
            .await
    }

    /// The events a contact asked for.
    pub(crate) async fn events_of(&self, contact: Uuid) -> Result<Vec<Event>, StoreError> {
        let found = outreach::Entity::find().filter(outreach::Column::ContactId.eq(contact));
        self.with_schools(found.all(&self.reading).await?).await
    }

    async fn with_schools(&self, rows: Vec<outreach::Model>) -> Result<Vec<Event>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let schools = self.roots().await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut educators: HashMap<Uuid, Vec<(Uuid, Part)>> = HashMap::new();
        let tied = event_educators::Entity::find().filter(event_educators::Column::OutreachId.is_in(ids));
        for tie in tied.all(&self.reading).await? {
            if let Some(part) = Part::parse(&tie.part) {
                educators
                    .entry(tie.outreach_id)
                    .or_default()
                    .push((tie.educator_id, part));
            }
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
            .map(|row| Event {
                id: row.id,
                school: row.school_id.and_then(|id| schools.get(&id).cloned()),
                asked_by: row.contact_id.and_then(|id| asked.get(&id).copied()),
                said: said(row, &mut educators),
            })
            .collect())
    }

    /// Every school that was not merged into another, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn schools(&self) -> Result<Vec<School>, StoreError> {
        let rows = schools::Entity::find()
            .filter(schools::Column::MergedInto.is_null())
            .all(&self.reading)
            .await?;
        let mut all: Vec<School> = rows.into_iter().map(school).collect();
        all.sort_by_cached_key(|one| (same_name(&one.name), same_name(&one.place)));
        Ok(all)
    }

    /// Adds a school, or gives the one that has this name, kind and place already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it has no name or a long one.
    pub async fn add_school(
        &self,
        who: &Person,
        name: &str,
        kind: SchoolKind,
        place: &str,
    ) -> Result<Uuid, StoreError> {
        let (name, place) = (short(name)?, short(place)?);
        if name.is_empty() {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let alike = schools::Entity::find()
            .filter(schools::Column::Kind.eq(kind.as_str()))
            .all(&transaction)
            .await?;
        let same = |one: &&schools::Model| {
            same_name(&one.name) == same_name(&name) && same_name(&one.place) == same_name(&place)
        };
        if let Some(known) = alike.iter().find(same) {
            return Ok(known.merged_into.unwrap_or(known.id));
        }
        let id = ids::new(self.clock.now());
        let row = schools::ActiveModel {
            id: Set(id),
            name: Set(name),
            kind: Set(kind.as_str().to_owned()),
            place: Set(place),
            merged_into: Set(None),
        };
        row.insert(&transaction).await?;
        self.audit_in(&transaction, Some(who.id), "add school", &id.to_string())
            .await?;
        self.done(transaction).await?;
        Ok(id)
    }

    /// Makes one school of two: what was held in the one counts for the other.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if they are one already.
    pub async fn merge_schools(&self, who: &Person, one: Uuid, into: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let (one, into) = (
            root_of(&transaction, one).await?,
            root_of(&transaction, into).await?,
        );
        if one == into {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        // Whoever was merged into the one before is merged into the other with it.
        schools::Entity::update_many()
            .col_expr(schools::Column::MergedInto, Expr::value(into))
            .filter(
                schools::Column::Id
                    .eq(one)
                    .or(schools::Column::MergedInto.eq(one)),
            )
            .exec(&transaction)
            .await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            "merge schools",
            &format!("{one} {into}"),
        )
        .await?;
        self.done(transaction).await
    }

    /// Every school by its id, under which the one stands that it was merged into.
    async fn roots(&self) -> Result<HashMap<Uuid, School>, StoreError> {
        let all = schools::Entity::find().all(&self.reading).await?;
        let known: HashMap<Uuid, School> = all.iter().map(|one| (one.id, school(one.clone()))).collect();
        let root = |one: &schools::Model| known.get(&one.merged_into.unwrap_or(one.id)).cloned();
        Ok(all.iter().filter_map(|one| Some((one.id, root(one)?))).collect())
    }

    /// Adds a peer educator, or changes one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no name, or a long one.
    pub async fn write_educator(
        &self,
        who: &Person,
        id: Option<Uuid>,
        name: &str,
        school: Option<Uuid>,
        active: bool,
    ) -> Result<Uuid, StoreError> {
        let name = short(name)?;
        if name.is_empty() {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let transaction = self.begin().await?;
        let school = match school {
            Some(school) => Some(root_of(&transaction, school).await?),
            None => None,
        };
        let new = id.unwrap_or_else(|| ids::new(self.clock.now()));
        let mut row = educators::ActiveModel {
            id: Set(new),
            name: Set(name),
            school_id: Set(school),
            active: Set(active),
        };
        if id.is_some() {
            row.id = Unchanged(new);
            let known = educators::Entity::find_by_id(new).one(&transaction).await?;
            known.ok_or(StoreError::NotFound("educator"))?;
            row.update(&transaction).await?;
        } else {
            row.insert(&transaction).await?;
        }
        self.audit_in(&transaction, Some(who.id), "write educator", &new.to_string())
            .await?;
        self.done(transaction).await?;
        Ok(new)
    }

    /// Peer educators by name, those who no longer teach last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn educators(&self) -> Result<Vec<Educator>, StoreError> {
        let all = educators::Entity::find()
            .order_by_desc(educators::Column::Active)
            .order_by_asc(educators::Column::Name)
            .all(&self.reading)
            .await?;
        let held: HashMap<Uuid, Reached> = outreach::Entity::find()
            .filter(outreach::Column::State.eq(EventState::Held.as_str()))
            .all(&self.reading)
            .await?
            .iter()
            .map(|row| (row.id, reached(row)))
            .collect();
        let mut did: HashMap<Uuid, (i64, i64, i64)> = HashMap::new();
        for tie in event_educators::Entity::find().all(&self.reading).await? {
            let Some(reached) = held.get(&tie.outreach_id) else {
                continue;
            };
            let (trainings, led, all) = did.entry(tie.educator_id).or_default();
            match Part::parse(&tie.part) {
                Some(Part::Led) => {
                    *led += 1;
                    *all += reached.all();
                }
                Some(Part::Trained) => *trainings += 1,
                None => {}
            }
        }
        Ok(all
            .into_iter()
            .map(|row| {
                let (trainings, led, reached) = did.get(&row.id).copied().unwrap_or_default();
                Educator {
                    id: row.id,
                    name: row.name,
                    school: row.school_id,
                    active: row.active,
                    trainings,
                    led,
                    reached,
                }
            })
            .collect())
    }

    /// What was held in a period.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn outreach_totals(&self, period: Period) -> Result<OutreachTotals, StoreError> {
        let of = |state: EventState| {
            in_period(outreach::Entity::find(), period).filter(outreach::Column::State.eq(state.as_str()))
        };
        let held = of(EventState::Held).all(&self.reading).await?;
        let planned = outreach::Entity::find()
            .filter(outreach::Column::State.eq(EventState::Planned.as_str()))
            .count(&self.reading)
            .await?;
        let led: BTreeSet<Uuid> = event_educators::Entity::find()
            .filter(event_educators::Column::Part.eq(Part::Led.as_str()))
            .all(&self.reading)
            .await?
            .into_iter()
            .map(|tie| tie.outreach_id)
            .collect();
        let schools = self.roots().await?;
        let educators = educators::Entity::find()
            .filter(educators::Column::Active.eq(true))
            .count(&self.reading)
            .await?;
        let mut totals = OutreachTotals {
            planned: i64::try_from(planned).unwrap_or_default(),
            peer_educators: i64::try_from(educators).unwrap_or_default(),
            ..OutreachTotals::default()
        };
        let mut kinds: BTreeMap<EventKind, KindTotal> = BTreeMap::new();
        let mut of_schools: BTreeMap<SchoolKind, (SchoolTotal, BTreeSet<Uuid>)> = BTreeMap::new();
        for row in &held {
            let reached = reached(row);
            totals.events += 1;
            totals.reached.add(reached);
            if led.contains(&row.id) {
                totals.peer_sessions += 1;
                totals.peer_reached += reached.all();
            }
            let Some(kind) = EventKind::parse(&row.kind) else {
                continue;
            };
            kinds
                .entry(kind)
                .or_insert_with(|| KindTotal::new(kind))
                .add(reached);
            if let Some(school) = row.school_id.and_then(|id| schools.get(&id)) {
                let (total, distinct) = of_schools
                    .entry(school.kind)
                    .or_insert_with(|| (SchoolTotal::new(school.kind), BTreeSet::new()));
                distinct.insert(school.id);
                total.add(kind, reached);
            }
        }
        totals.kinds = kinds.into_values().collect();
        totals.schools = of_schools
            .into_values()
            .map(|(total, distinct)| total.of(distinct.len()))
            .collect();
        Ok(totals)
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

fn said(row: outreach::Model, educators: &mut HashMap<Uuid, Vec<(Uuid, Part)>>) -> NewEvent {
    NewEvent {
        kind: EventKind::parse(&row.kind).unwrap_or(EventKind::Other),
        state: EventState::parse(&row.state).unwrap_or(EventState::Planned),
        day: row.day.as_ref().and_then(|day| day.parse().ok()),
        school: row.school_id,
        reached: reached(&row),
        educators: educators.remove(&row.id).unwrap_or_default(),
        presenter: row.presenter,
        language: row.language,
        remarks: row.remarks,
    }
}

fn school(row: schools::Model) -> School {
    School {
        id: row.id,
        kind: SchoolKind::parse(&row.kind).unwrap_or(SchoolKind::Other),
        name: row.name,
        place: row.place,
    }
}

/// The school that this one was merged into, or itself.
async fn root_of(transaction: &DatabaseTransaction, id: Uuid) -> Result<Uuid, StoreError> {
    let found = schools::Entity::find_by_id(id).one(transaction).await?;
    let found = found.ok_or(StoreError::NotFound("school"))?;
    Ok(found.merged_into.unwrap_or(found.id))
}

async fn put_educators(
    transaction: &DatabaseTransaction,
    event: Uuid,
    all: &[(Uuid, Part)],
) -> Result<(), StoreError> {
    let of_event =
        event_educators::Entity::delete_many().filter(event_educators::Column::OutreachId.eq(event));
    of_event.exec(transaction).await?;
    for (educator, part) in all {
        let known = educators::Entity::find_by_id(*educator).one(transaction).await?;
        known.ok_or(StoreError::NotFound("educator"))?;
        let tie = event_educators::ActiveModel {
            outreach_id: Set(event),
            educator_id: Set(*educator),
            part: Set(part.as_str().to_owned()),
        };
        event_educators::Entity::insert(tie)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
