//! The outreach register (`/desk/outreach`): events, the schools that host them, and peer educators.

use askama::Template;
use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::reference::Reference,
    staff::rights::Right,
    statistics::outreach::{EventKind, EventState, Part, Reached, SchoolKind},
    text::locale::Language,
    time::period::Every,
};
use hotline_store::outreach::{Educator, NewEvent, NewSchool, OutreachEvent, OutreachTotals, School};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    contact::open::parsed,
    http::{
        access::Who,
        errors::{PageError, PageResult},
        extractors::{FormOrJson, RepeatedFields, ResponseFormat},
        page::{Frame, page},
    },
    reports::cover::period_label,
    state::Desk,
    statistics::page::{StatisticsQuery, day},
};

#[derive(Template)]
#[template(path = "outreach.html")]
struct OutreachPage<'a> {
    frame: Frame<'a>,
    period: String,
    asked: StatisticsQuery,
    totals: OutreachTotals,
    events: Vec<OutreachEvent>,
    /// Whether there are more events than the list shows.
    cut_off: bool,
    schools: Vec<School>,
    educators: Vec<Educator>,
    /// The event in the form.
    form: Form,
}

/// The content of the event form.
struct Form {
    id: Option<Uuid>,
    said: NewEvent,
    asked_by: Option<Reference>,
}

/// The period to list, and the event to edit.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Shown {
    #[serde(flatten)]
    period: StatisticsQuery,
    /// The id of the event to edit; empty shows an empty form.
    #[serde(default)]
    edit: String,
}

impl Shown {
    /// Returns the chosen period or, if none was chosen, the current year.
    fn asked(&self, desk: &Desk) -> Result<hotline_core::time::period::Period, PageError> {
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

/// `GET /desk/outreach` and `GET /api/v1/outreach`: shows the events of a period.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    Query(shown): Query<Shown>,
) -> PageResult {
    let store = &desk.store;
    let period = shown.asked(&desk)?;
    let totals = store.outreach_totals(period).await?;
    let (events, cut_off) = store.events(period).await?;
    let sees = me.role.may(Right::EditOutreach);
    if program.0 {
        let events: Vec<Value> = events.iter().map(|event| event_json(event, sees)).collect();
        let from_to = json!({ "from": period.from, "to": period.to });
        return Ok(
            Json(json!({ "period": from_to, "totals": totals, "events": events, "more": cut_off }))
                .into_response(),
        );
    }
    let form = match shown.edit.parse::<Uuid>() {
        Ok(id) if sees => {
            let event = store.event(id).await?.ok_or(PageError::NotFound)?;
            Form {
                id: Some(id),
                asked_by: event.asked_by,
                said: event.said,
            }
        }
        Ok(_) | Err(_) => Form {
            id: None,
            said: new_event(),
            asked_by: None,
        },
    };
    let words = desk.words(&jar);
    page(&OutreachPage {
        period: period_label(words, period.from, period.to),
        frame: Frame::new(&desk, words, &me, "outreach").await?,
        asked: shown.period,
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
    })
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

/// Returns an event as JSON. Presenter, remarks and the requesting contact are included only if `sees` is true, which means that the reader
/// may edit the register.
fn event_json(event: &OutreachEvent, sees: bool) -> Value {
    let said = &event.said;
    let mut shown = json!({
        "id": event.id, "kind": said.kind, "state": said.state, "day": said.day, "school": event.school,
        "reached": said.reached, "language": said.language,
    });
    if let Some(fields) = shown.as_object_mut().filter(|_| sees) {
        fields.insert("presenter".to_owned(), json!(said.presenter));
        fields.insert("remarks".to_owned(), json!(said.remarks));
        fields.insert(
            "asked_by".to_owned(),
            json!(event.asked_by.map(|asked| asked.to_string())),
        );
        fields.insert("educators".to_owned(), json!(said.educators));
    }
    shown
}

/// An event to add or to change.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct EventForm {
    /// The event to change; empty adds a new one.
    id: String,
    /// `presentation`, `webinar`, `seminar`, `workshop`, `campaign_stop`, `training` or `other`.
    kind: String,
    /// `planned`, `held` or `cancelled`.
    state: String,
    /// The day of the event, as `YYYY-MM-DD`; may be empty.
    day: String,
    /// The id of the school. To name a new school, leave this empty and set `school_name`.
    school: String,
    /// The name of a school. A school with this name, kind and place is added unless one exists.
    school_name: String,
    /// `primary`, `secondary`, `preschool`, `faculty` or `other`.
    school_kind: String,
    /// The place of the school.
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
    /// Free remarks.
    remarks: String,
    /// The reference of the contact that asked for the event.
    asked_by: String,
    /// Peer educators as `id:led` or `id:trained`.
    educators: Vec<String>,
}

impl EventForm {
    fn of_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
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

    /// Returns the event and, if its school has to be added, the school.
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
pub(crate) async fn write(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    written: RepeatedFields<EventForm>,
) -> PageResult {
    let written = match written {
        RepeatedFields::Json(written) => written,
        RepeatedFields::Fields(fields) => EventForm::of_fields(fields)?,
    };
    let id = optional(&written.id)?;
    let asked_by = match written.asked_by.trim() {
        "" => None,
        text => Some(parsed(text)?),
    };
    let (event, held_in) = written.event()?;
    let store = &desk.store;
    let id = store
        .write_event(&me, id, &event, held_in.as_ref(), asked_by)
        .await?;
    then(program, json!({ "id": id }), "/desk/outreach")
}

fn optional(id: &str) -> Result<Option<Uuid>, PageError> {
    match id {
        "" => Ok(None),
        id => Ok(Some(id.parse().map_err(|_| PageError::Bad("error-form"))?)),
    }
}

fn then(program: ResponseFormat, answer: Value, to: &str) -> PageResult {
    Ok(if program.0 {
        Json(answer).into_response()
    } else {
        Redirect::to(to).into_response()
    })
}

fn new_school(name: &str, kind: &str, place: &str) -> Result<NewSchool, PageError> {
    Ok(NewSchool {
        name: name.to_owned(),
        kind: SchoolKind::parse(kind).ok_or(PageError::Bad("error-form"))?,
        place: place.to_owned(),
    })
}

/// `GET /api/v1/outreach/schools`: returns all schools.
pub(crate) async fn schools(State(desk): State<Desk>) -> Result<Json<Value>, PageError> {
    Ok(Json(json!({ "schools": desk.store.schools().await? })))
}

/// A school to add.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AddedSchool {
    name: String,
    /// `primary`, `secondary`, `preschool`, `faculty` or `other`.
    kind: String,
    /// The place of the school.
    #[serde(default)]
    place: String,
}

/// `POST /desk/outreach/schools`: adds a school.
pub(crate) async fn add_school(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    FormOrJson(new): FormOrJson<AddedSchool>,
) -> PageResult {
    let new = new_school(&new.name, &new.kind, &new.place)?;
    let id = desk.store.add_school(&me, &new).await?;
    then(program, json!({ "id": id }), "/desk/outreach#schools")
}

/// Two records of the same school.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Merging {
    /// The duplicate, merged into the other record.
    one: Uuid,
    /// The record that is kept.
    into: Uuid,
}

/// `POST /desk/outreach/merge`: merges two records of a school.
pub(crate) async fn merge(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    FormOrJson(merging): FormOrJson<Merging>,
) -> PageResult {
    desk.store.merge_schools(&me, merging.one, merging.into).await?;
    then(program, json!({}), "/desk/outreach#schools")
}

/// `GET /api/v1/outreach/educators`: returns all peer educators.
pub(crate) async fn educators(State(desk): State<Desk>) -> Result<Json<Value>, PageError> {
    Ok(Json(json!({ "educators": desk.store.educators().await? })))
}

/// A peer educator to add or to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct WrittenEducator {
    /// The peer educator to change; empty adds a new one.
    #[serde(default)]
    id: String,
    /// The name they want to be called.
    name: String,
    /// The id of their school.
    #[serde(default)]
    school: String,
    /// Whether they have left the programme.
    #[serde(default)]
    left: bool,
}

/// `POST /desk/outreach/educators`: adds or changes a peer educator.
pub(crate) async fn write_educator(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    FormOrJson(new): FormOrJson<WrittenEducator>,
) -> PageResult {
    let (id, school) = (optional(&new.id)?, optional(&new.school)?);
    let id = desk
        .store
        .write_educator(&me, id, &new.name, school, !new.left)
        .await?;
    then(program, json!({ "id": id }), "/desk/outreach#educators")
}

impl OutreachPage<'_> {
    fn number(&self, number: &i64) -> String {
        self.frame.words.number(*number)
    }

    fn all_reached(&self, event: &OutreachEvent) -> String {
        self.frame.words.number(event.said.reached.all())
    }

    fn day(&self, event: &OutreachEvent) -> String {
        event
            .said
            .day
            .map(crate::reports::labels::format_day)
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
        self.form.said.school == Some(school.id)
    }

    /// Returns the role of an educator in the event shown in the form.
    fn did(&self, educator: &Educator) -> &'static str {
        let found = self.form.said.educators.iter().find(|(id, _)| *id == educator.id);
        found.map_or("", |(_, part)| part.as_str())
    }
}
