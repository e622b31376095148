//! The outreach register (`/desk/outreach`): events, the schools that host them, and peer educators (young people trained to teach their
//! peers).

use askama::Template;
use axum::extract::{Query, State};
use chrono::NaiveDate;
use hotline_core::{
    identifiers::reference::Reference,
    staff::rights::Right,
    statistics::outreach::{EventKind, EventState, Part, Reached, SchoolKind},
    text::locale::Language,
    time::period::{Every, Period},
};
use hotline_store::outreach::{Educator, NewEvent, NewSchool, OutreachEvent, OutreachTotals, School};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contact::open::{check_readable, parse_reference},
    http::{
        access::Who,
        answers::{Answer, EmptyJson, IdJson},
        errors::PageError,
        extractors::{Cookies, FormOrJson, FromFields, RepeatedFields, ResponseFormat},
        flash::Flash,
        page::{Frame, page},
    },
    state::Desk,
    statistics::page::{StatisticsQuery, day},
};
use hotline_reports::cover::period_label;

#[derive(Template)]
#[template(path = "outreach.html")]
struct OutreachPage<'a> {
    frame: Frame<'a>,
    period: String,
    asked: StatisticsQuery,
    totals: OutreachTotals,
    events: Vec<OutreachEvent>,
    /// Whether the period has more events than the list shows.
    cut_off: bool,
    schools: Vec<School>,
    educators: Vec<Educator>,
    /// The event that is being edited in the form; empty values for a new event.
    form: EventFields,
}

/// The values of the event form.
struct EventFields {
    id: Option<Uuid>,
    details: NewEvent,
    asked_by: Option<Reference>,
}

/// Selects the period whose events are listed, and the event to edit. Without a period, the events of the current year are listed.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct OutreachQuery {
    #[serde(flatten)]
    period: StatisticsQuery,
    /// The id of the event that the form on the page edits. If empty, the form adds a new event. The API ignores this parameter.
    #[serde(default)]
    edit: String,
}

impl OutreachQuery {
    /// Returns the chosen period or, if none was chosen, the current year.
    fn period(&self, desk: &Desk) -> Result<Period, PageError> {
        let today = desk.store.today();
        let chosen = &self.period;
        if [&chosen.period, &chosen.from, &chosen.to]
            .iter()
            .all(|text| text.is_empty())
        {
            return Ok(Every::Year.around(today));
        }
        chosen.period(today)
    }
}

/// `GET /desk/outreach` and `GET /api/v1/outreach`: lists the events of a period.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Query(query): Query<OutreachQuery>,
) -> Result<Answer<OutreachJson>, PageError> {
    let store = &desk.store;
    let period = query.period(&desk)?;
    let totals = store.outreach_totals(period).await?;
    let (mut events, cut_off) = store.events(period).await?;
    for event in &mut events {
        if let Some(asked_by) = event.asked_by
            && !store.may_read_contact(&me, asked_by).await?
        {
            event.asked_by = None;
        }
    }
    let sees = me.role.may(Right::EditOutreach);
    if format.is_json() {
        return Ok(Answer::Json(OutreachJson {
            period: PeriodJson {
                from: period.from,
                to: period.to,
            },
            totals,
            events: events
                .into_iter()
                .map(|event| EventJson::new(event, sees))
                .collect(),
            more: cut_off,
        }));
    }
    let form = match query.edit.parse::<Uuid>() {
        Ok(id) if sees => {
            let mut event = store.event(id).await?.ok_or(PageError::NotFound)?;
            if let Some(asked_by) = event.asked_by {
                event.asked_by = store.may_read_contact(&me, asked_by).await?.then_some(asked_by);
            }
            EventFields {
                id: Some(id),
                asked_by: event.asked_by,
                details: event.details,
            }
        }
        Ok(_) | Err(_) => EventFields {
            id: None,
            details: new_event(),
            asked_by: None,
        },
    };
    let words = desk.words(&jar);
    let rendered = page(&OutreachPage {
        period: period_label(words, period.from, period.to),
        frame: Frame::new(&desk, &jar, &me, "outreach").await?,
        asked: query.period,
        totals,
        events,
        cut_off,
        schools: store.schools().await?,
        educators: if sees {
            store.educators().await?
        } else {
            Vec::new()
        },
        form,
    })?;
    Ok(Answer::Page(rendered))
}

fn new_event() -> NewEvent {
    NewEvent {
        kind: EventKind::Presentation,
        state: EventState::Held,
        day: None,
        school: None,
        reached: Reached::default(),
        presenter: String::new(),
        language: String::new(),
        remarks: String::new(),
        educators: Vec::new(),
    }
}

/// The outreach events of a period, and their totals.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OutreachJson {
    period: PeriodJson,
    totals: OutreachTotals,
    events: Vec<EventJson>,
    /// Whether the period has more events than `events` contains.
    more: bool,
}

/// The first and the last day of the period. If `from` is null, the period has no first day; if `to` is null, it has no last day.
#[derive(Serialize, JsonSchema)]
struct PeriodJson {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// An outreach event.
#[derive(Serialize, JsonSchema)]
struct EventJson {
    id: Uuid,
    kind: EventKind,
    state: EventState,
    day: Option<NaiveDate>,
    /// The school that hosts the event.
    school: Option<School>,
    /// The numbers of people who attended the event, by group.
    reached: Reached,
    /// The language tag of the event; empty if unknown.
    language: String,
    #[serde(flatten)]
    details: Option<EventDetailsJson>,
}

/// Fields of an event that the API sends only to staff who may edit the register.
#[derive(Serialize, JsonSchema)]
struct EventDetailsJson {
    presenter: String,
    remarks: String,
    /// The reference of the contact through which the event was requested.
    asked_by: Option<String>,
    /// Peer educators who took part, each as a pair: the id of the peer educator, and the role in the event.
    educators: Vec<(Uuid, Part)>,
}

impl EventJson {
    /// Creates the JSON of an event. The details are included if the reader may edit the register (`sees`).
    fn new(event: OutreachEvent, sees: bool) -> Self {
        let said = event.details;
        let details = EventDetailsJson {
            presenter: said.presenter,
            remarks: said.remarks,
            asked_by: event.asked_by.map(|asked| asked.to_string()),
            educators: said.educators,
        };
        Self {
            id: event.id,
            kind: said.kind,
            state: said.state,
            day: said.day,
            school: event.school,
            reached: said.reached,
            language: said.language,
            details: sees.then_some(details),
        }
    }
}

/// An event to add or to change.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct EventForm {
    /// The id of the event to change. If empty, a new event is added.
    id: String,
    /// The kind of event: `presentation`, `webinar`, `seminar`, `workshop`, `campaign_stop`, `training` or `other`.
    kind: String,
    /// The state of the event: `planned`, `held` or `cancelled`.
    state: String,
    /// The day of the event, as `YYYY-MM-DD`. Required if `state` is `held`; may be empty otherwise.
    day: String,
    /// The id of the school that hosts the event. For a school that is not in the register yet, leave `school` empty and set `school_name`.
    school: String,
    /// The name of the school. The school is added if the register has no school with this name, kind and place.
    school_name: String,
    /// The kind of the school in `school_name`: `primary`, `secondary`, `preschool`, `faculty` or `other`.
    school_kind: String,
    /// The place of the school in `school_name`.
    school_place: String,
    /// Number of pupils and students who attended.
    students: i64,
    /// Number of parents who attended.
    parents: i64,
    /// Number of teachers and other school staff who attended.
    teachers: i64,
    /// Number of other people who attended.
    others: i64,
    /// The name of the presenter.
    presenter: String,
    /// The language tag of the event.
    language: String,
    /// Remarks, as free text.
    remarks: String,
    /// The reference of the contact through which the event was requested. Ignored when an existing event is changed.
    asked_by: String,
    /// Peer educators who took part, each given as the peer educator's id, a colon and the role (`led` or `trained`).
    educators: Vec<String>,
}

impl FromFields for EventForm {
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut written = Self::default();
        let number = |text: &str| match text.trim() {
            "" => Ok(0),
            text => text.parse::<i64>().map_err(|_| PageError::Bad("error-form")),
        };
        for (name, value) in fields {
            let place = match name.as_str() {
                "id" => &mut written.id,
                "kind" => &mut written.kind,
                "state" => &mut written.state,
                "day" => &mut written.day,
                "school" => &mut written.school,
                "school_name" => &mut written.school_name,
                "school_kind" => &mut written.school_kind,
                "school_place" => &mut written.school_place,
                "presenter" => &mut written.presenter,
                "language" => &mut written.language,
                "remarks" => &mut written.remarks,
                "asked_by" => &mut written.asked_by,
                "students" => {
                    written.students = number(&value)?;
                    continue;
                }
                "parents" => {
                    written.parents = number(&value)?;
                    continue;
                }
                "teachers" => {
                    written.teachers = number(&value)?;
                    continue;
                }
                "others" => {
                    written.others = number(&value)?;
                    continue;
                }
                "educator" => {
                    written
                        .educators
                        .extend(Some(value).filter(|value| !value.is_empty()));
                    continue;
                }
                _ => continue,
            };
            *place = value;
        }
        Ok(written)
    }
}

impl EventForm {
    /// Converts the form into an event and, if `school_name` is set, the school to add.
    fn event(&self) -> Result<(NewEvent, Option<NewSchool>), PageError> {
        let bad = || PageError::Bad("error-form");
        let mut educators = Vec::new();
        for one in &self.educators {
            let (id, part) = one.split_once(':').ok_or_else(bad)?;
            educators.push((id.parse().map_err(|_| bad())?, Part::parse(part).ok_or_else(bad)?));
        }
        let held_in = match self.school_name.trim() {
            "" => None,
            _ => Some(new_school(
                &self.school_name,
                &self.school_kind,
                &self.school_place,
            )?),
        };
        let event = NewEvent {
            kind: EventKind::parse(&self.kind).ok_or_else(bad)?,
            state: EventState::parse(&self.state).ok_or_else(bad)?,
            day: day(&self.day)?,
            school: optional(&self.school)?,
            reached: Reached {
                students: self.students,
                parents: self.parents,
                teachers: self.teachers,
                others: self.others,
            },
            presenter: self.presenter.clone(),
            language: self.language.clone(),
            remarks: self.remarks.clone(),
            educators,
        };
        Ok((event, held_in))
    }
}

/// `POST /desk/outreach`: adds or changes an event.
pub(crate) async fn write_event(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    RepeatedFields(written): RepeatedFields<EventForm>,
) -> Result<Answer<IdJson>, PageError> {
    let id = optional(&written.id)?;
    let mut asked_by = match written.asked_by.trim() {
        "" => None,
        text => Some(parse_reference(text)?),
    };
    match (asked_by, id) {
        (Some(asked_by), _) => check_readable(&desk, &me, asked_by).await?,
        // The form hides a contact that its writer may not read. Saving the event keeps it.
        (None, Some(id)) => {
            let before = desk.store.event(id).await?.and_then(|event| event.asked_by);
            if let Some(before) = before
                && !desk.store.may_read_contact(&me, before).await?
            {
                asked_by = Some(before);
            }
        }
        (None, None) => {}
    }
    let (event, held_in) = written.event()?;
    let store = &desk.store;
    let id = store
        .write_event(&me, id, &event, held_in.as_ref(), asked_by)
        .await?;
    Ok(format.answer(IdJson { id }, "/desk/outreach", Flash::EventSaved))
}

fn optional(id: &str) -> Result<Option<Uuid>, PageError> {
    match id {
        "" => Ok(None),
        id => Ok(Some(id.parse().map_err(|_| PageError::Bad("error-form"))?)),
    }
}

fn new_school(name: &str, kind: &str, place: &str) -> Result<NewSchool, PageError> {
    Ok(NewSchool {
        name: name.to_owned(),
        kind: SchoolKind::parse(kind).ok_or(PageError::Bad("error-form"))?,
        place: place.to_owned(),
    })
}

/// All schools and other institutions in the register.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SchoolListJson {
    schools: Vec<School>,
}

/// `GET /api/v1/outreach/schools`: returns all schools.
pub(crate) async fn list_schools(State(desk): State<Desk>) -> Result<Answer<SchoolListJson>, PageError> {
    let schools = desk.store.schools().await?;
    Ok(Answer::Json(SchoolListJson { schools }))
}

/// A school to add.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SchoolForm {
    name: String,
    /// The kind of school: `primary`, `secondary`, `preschool`, `faculty` or `other`.
    kind: String,
    /// The place of the school; may be empty.
    #[serde(default)]
    place: String,
}

/// `POST /desk/outreach/schools`: adds a school.
pub(crate) async fn add_school(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(new): FormOrJson<SchoolForm>,
) -> Result<Answer<IdJson>, PageError> {
    let new = new_school(&new.name, &new.kind, &new.place)?;
    let id = desk.store.add_school(&me, &new).await?;
    Ok(format.answer(IdJson { id }, "/desk/outreach#schools", Flash::SchoolAdded))
}

/// Two records of the same school, to be merged.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct MergeForm {
    /// The id of the duplicate, which is merged into the other record.
    one: Uuid,
    /// The id of the record that is kept.
    into: Uuid,
}

/// `POST /desk/outreach/merge`: merges two records of a school.
pub(crate) async fn merge_schools(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(merging): FormOrJson<MergeForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    desk.store.merge_schools(&me, merging.one, merging.into).await?;
    Ok(format.answer(EmptyJson {}, "/desk/outreach#schools", Flash::SchoolsMerged))
}

/// All peer educators.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EducatorListJson {
    educators: Vec<Educator>,
}

/// `GET /api/v1/outreach/educators`: returns all peer educators.
pub(crate) async fn list_educators(State(desk): State<Desk>) -> Result<Answer<EducatorListJson>, PageError> {
    let educators = desk.store.educators().await?;
    Ok(Answer::Json(EducatorListJson { educators }))
}

/// A peer educator to add or to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EducatorForm {
    /// The id of the peer educator to change. If empty, a new peer educator is added.
    #[serde(default)]
    id: String,
    /// The name by which the peer educator wants to be called.
    name: String,
    /// The id of the peer educator's school; may be empty.
    #[serde(default)]
    school: String,
    /// Whether the peer educator has left the programme.
    #[serde(default)]
    left: bool,
}

/// `POST /desk/outreach/educators`: adds or changes a peer educator.
pub(crate) async fn write_educator(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(new): FormOrJson<EducatorForm>,
) -> Result<Answer<IdJson>, PageError> {
    let (id, school) = (optional(&new.id)?, optional(&new.school)?);
    let id = desk
        .store
        .write_educator(&me, id, &new.name, school, !new.left)
        .await?;
    Ok(format.answer(IdJson { id }, "/desk/outreach#educators", Flash::EducatorSaved))
}

impl OutreachPage<'_> {
    fn number(&self, number: &i64) -> String {
        self.frame.words.number(*number)
    }

    fn all_reached(&self, event: &OutreachEvent) -> String {
        self.frame.words.number(event.details.reached.all())
    }

    fn day(&self, event: &OutreachEvent) -> String {
        event
            .details
            .day
            .map(hotline_reports::labels::format_day)
            .unwrap_or_default()
    }

    fn localized(&self, prefix: &str, name: &str) -> String {
        self.frame
            .words
            .say(&format!("{prefix}-{}", name.replace('_', "-")))
    }

    fn where_held(&self, school: &School) -> String {
        let name = self.frame.words.own(&school.name);
        match school.place.as_str() {
            "" => name,
            place => format!("{name}, {}", self.frame.words.own(place)),
        }
    }

    fn is_there(&self, school: &School) -> bool {
        self.form.details.school == Some(school.id)
    }

    /// Returns the role of a peer educator in the event that is being edited; empty if the peer educator did not take part.
    fn did(&self, educator: &Educator) -> &'static str {
        let found = self
            .form
            .details
            .educators
            .iter()
            .find(|(id, _)| *id == educator.id);
        found.map_or("", |(_, part)| part.as_str())
    }
}
