//! The page of opening hours (`/desk/routing/hours`).

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{Datelike, NaiveDate};
use hotline_core::{
    staff::rights::Right,
    text::locale::{Language, Words},
    time::{
        holidays::serbian_holidays,
        hours::{Opening, opens_in_words},
    },
};
use hotline_store::{
    error::{Conflict, StoreError},
    routing::schedules::{CENTRE, Versioned},
    staff::accounts::StaffMember,
};

use crate::{
    http::{
        access::Who,
        errors::PageError,
        flash::Flash,
        page::{Choice, Frame, page as written},
    },
    routing::{
        coverage::{self, Coverage},
        hours::form::HoursForm,
        schedules::{LineQuery, check_line},
    },
    state::Desk,
};
use hotline_reports::labels::{format_day, query_of};

mod form;

/// The number of coming non-working days that the page lists.
const HOLIDAYS_SHOWN: usize = 14;

#[derive(Template)]
#[template(path = "routing/hours.html")]
struct HoursPage<'a> {
    frame: Frame<'a>,
    line: String,
    /// The whole centre and the lines.
    lines: Vec<Choice>,
    warnings: Vec<String>,
    /// Where the hours and the shift plan disagree.
    coverage: Coverage,
    /// Whether the line is open now, and when it opens.
    now: String,
    /// The stored version, its date and its author. Empty if nothing is stored.
    version: String,
    form: HoursForm,
    holidays: Vec<HolidayRow>,
}

/// A coming non-working day.
struct HolidayRow {
    day: String,
    name: String,
}

pub(super) fn weekday_name(words: &Words, weekday: chrono::Weekday) -> String {
    words.say(&format!("weekday-{}", weekday.number_from_monday()))
}

/// Describes a version: its number, its date and its author. Empty if nothing is stored.
pub(super) fn version_in_words<T>(frame: &Frame<'_>, staff: &[StaffMember], stored: &Versioned<T>) -> String {
    let Some(made_at) = &stored.made_at else {
        return String::new();
    };
    let author = staff.iter().find(|one| Some(one.id) == stored.made_by);
    let author = author.map_or_else(|| "–".to_owned(), |one| frame.words.own(&one.name));
    let (number, date) = (stored.version.to_string(), frame.date(made_at));
    let values = [("number", number.as_str()), ("date", &date), ("name", &author)];
    frame.words.with_all("schedule-version", &values)
}

/// Returns a warning for each line that counts as always open because no hours are stored or because they cannot be read.
pub(super) async fn warnings(desk: &Desk, words: &Words) -> Result<Vec<String>, PageError> {
    let centre = desk.store.opening_hours(CENTRE).await?;
    let mut warnings = Vec::new();
    if centre.version > 0 && centre.content.is_none() {
        warnings.push(words.say("hours-unreadable-centre"));
    }
    let mut always_open = Vec::new();
    for line in desk.store.line_states().await? {
        let own = desk.store.opening_hours(&line.line).await?;
        if own.version > 0 && own.content.is_none() {
            warnings.push(words.with("hours-unreadable", "line", &line.line));
        }
        if own.content.is_none() && centre.content.is_none() {
            always_open.push(line.line);
        }
    }
    if !always_open.is_empty() {
        warnings.push(words.with("hours-none", "lines", &always_open.join(", ")));
    }
    Ok(warnings)
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(query): Query<LineQuery>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    check_line(&desk, &query.line).await?;
    let stored = desk.store.opening_hours(&query.line).await?;
    let hours = match stored.content {
        Some(hours) => hours,
        // The form of a line without hours of its own shows the hours of the centre at first.
        None => desk
            .store
            .opening_hours(CENTRE)
            .await?
            .content
            .unwrap_or_default(),
    };
    let form = HoursForm::stored(words, stored.version, &hours, desk.store.today());
    render(&desk, &jar, &me, query.line, form).await
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    line: String,
    form: HoursForm,
) -> Result<Response, PageError> {
    let words = desk.words(jar);
    let frame = Frame::new(desk, jar, me, "routing").await?;
    let stored = desk.store.opening_hours(&line).await?;
    let mut lines = vec![Choice {
        value: String::new(),
        label: words.say("hours-centre"),
        chosen: line == CENTRE,
    }];
    lines.extend(desk.store.line_states().await?.into_iter().map(|one| Choice {
        chosen: one.line == line,
        value: query_of([("line", &one.line)]),
        label: one.line,
    }));
    let now = match desk.store.opening(&line, frame.now).await? {
        Opening::Unknown => words.say("hours-open-always"),
        Opening::Open => words.say("hours-open"),
        Opening::Closed { opens, .. } => {
            let opens = opens_in_words(words, opens, frame.now, desk.centre.time_zone);
            words.with("hours-closed", "opens", &opens)
        }
    };
    let staff = desk.store.staff().await?;
    let plan = desk.store.shift_plan().await?.content.unwrap_or_default();
    written(&HoursPage {
        warnings: warnings(desk, words).await?,
        coverage: coverage::describe(desk, words, &coverage::find(desk, &plan).await?),
        version: version_in_words(&frame, &staff, &stored),
        holidays: holidays(words, desk.store.today()),
        frame,
        line,
        lines,
        now,
        form,
    })
}

fn holidays(words: &Words, today: NaiveDate) -> Vec<HolidayRow> {
    let years = [today.year(), today.year() + 1];
    let all = years.into_iter().flat_map(serbian_holidays);
    all.filter(|(date, _)| *date >= today)
        .take(HOLIDAYS_SHOWN)
        .map(|(date, holiday)| HolidayRow {
            day: format!("{}, {}", weekday_name(words, date.weekday()), format_day(date)),
            name: holiday.label(words),
        })
        .collect()
}

pub(crate) async fn save(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(query): Query<LineQuery>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    check_line(&desk, &query.line).await?;
    let today = desk.store.today();
    let mut form = HoursForm::typed(words, &fields);
    if let Some(hours) = form.read(words, today) {
        let store = &desk.store;
        match store
            .set_opening_hours(&me, &query.line, form.version, &hours)
            .await
        {
            Ok(_) => {
                let query = query_of([("line", &query.line)]);
                return Ok(Flash::HoursSaved.redirect(&format!("/desk/routing/hours?{query}")));
            }
            Err(StoreError::Conflict(Conflict::ScheduleChanged)) => {
                // The typed values stay in the form, and the next attempt replaces the version that is shown now.
                form.version = store.opening_hours(&query.line).await?.version;
                form.mistake = words.say("schedule-changed");
            }
            Err(error) => return Err(error.into()),
        }
    }
    form.part(today);
    let page = render(&desk, &jar, &me, query.line, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
