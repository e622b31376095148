//! The page of the shift plan (`/desk/routing/shifts`): everybody reads it, and supervisors change it.

use askama::Template;
use axum::{
    extract::{Form, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    staff::rights::Right,
    text::locale::{Language, Words},
    time::shifts::{ShiftPlan, SwapState, Who as Worker},
};
use hotline_store::{
    error::{Conflict, StoreError},
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
        hours::version_in_words,
        shifts::{
            form::ShiftForm,
            names::{mistake_in_words, worker_value},
            view::{DayRow, ExceptionRow, MyShift, PlanView, SwapRow, WeeklyRow},
        },
    },
    state::Desk,
};

mod form;
mod names;
mod view;

#[derive(Template)]
#[template(path = "routing/shifts.html")]
struct ShiftsPage<'a> {
    frame: Frame<'a>,
    warning: String,
    /// Where the plan and the opening hours disagree, if the reader may change the plan.
    coverage: Coverage,
    /// The stored version, its date and its author. Empty if nothing is stored.
    version: String,
    number: i64,
    /// The reader's shifts.
    mine: Vec<MyShift>,
    /// The colleagues who can take a shift.
    colleagues: Vec<Choice>,
    /// The ids and names of the persons who can work a freed shift.
    everybody: Vec<(String, String)>,
    /// The address of the reader's calendar, if it was just made; otherwise empty.
    calendar: String,
    /// When the address of the reader's calendar was made; `None` if there is none.
    calendar_made_at: Option<DateTime<Utc>>,
    days: Vec<DayRow>,
    swaps: Vec<SwapRow>,
    weekly: Vec<WeeklyRow>,
    exceptions: Vec<ExceptionRow>,
    /// The persons and teams that can be planned, by the label of their group.
    workers: Vec<(&'static str, Vec<Choice>)>,
    weekdays: Vec<Choice>,
    form: ShiftForm,
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    render(&desk, &jar, &me, ShiftForm::default(), String::new()).await
}

/// Renders the page with the new address of the reader's calendar.
pub(super) async fn page_with_address(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    address: String,
) -> Result<Response, PageError> {
    render(desk, jar, me, ShiftForm::default(), address).await
}

pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let store = &desk.store;
    let mut form = ShiftForm::typed(fields);
    let stored = store.shift_plan().await?;
    let mut plan = stored.content.unwrap_or_default();
    let staff = store.staff().await?;
    let changed = form.apply(words, &staff, &mut plan, || desk.new_id());
    form.mistake = match (changed, plan.check()) {
        (Err(mistake), _) => mistake,
        (Ok(()), Err(mistake)) => mistake_in_words(words, &staff, &mistake),
        (Ok(()), Ok(())) => match store.set_shift_plan(&me, form.version, &plan).await {
            Ok(_) => {
                let place = match form.change.as_str() {
                    "free-day" => "everybody",
                    change if change.ends_with("weekly") => "weekly",
                    _ => "exceptions",
                };
                let flash = match form.substitute.as_str() {
                    "" => Flash::ShiftsSaved,
                    _ => Flash::ShiftHandedOn,
                };
                return Ok(flash.redirect(&format!("/desk/routing/shifts#{place}")));
            }
            Err(StoreError::Conflict(Conflict::ScheduleChanged)) => words.say("schedule-changed"),
            Err(error) => return Err(error.into()),
        },
    };
    let page = render(&desk, &jar, &me, form, String::new()).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    form: ShiftForm,
    calendar: String,
) -> Result<Response, PageError> {
    let words = desk.words(jar);
    let frame = Frame::new(desk, jar, me, "routing").await?;
    let store = &desk.store;
    let stored = store.shift_plan().await?;
    let staff = store.staff().await?;
    let colleagues = store.colleagues().await?;
    let unreadable = stored.version > 0 && stored.content.is_none();
    let version = version_in_words(&frame, &staff, &stored);
    let plan = stored.content.unwrap_or_default();
    let warning = match (unreadable, plan.is_empty()) {
        (true, _) => words.say("shifts-unreadable"),
        (false, true) => words.say("shifts-none"),
        (false, false) => String::new(),
    };
    let edits = frame.may(Right::SeeRouting);
    let coverage = match edits {
        true => coverage::describe(desk, words, &coverage::find(desk, &plan).await?),
        false => Coverage::default(),
    };
    let view = PlanView {
        desk,
        words,
        plan: &plan,
        staff: &staff,
        now: frame.now,
    };
    written(&ShiftsPage {
        warning,
        coverage,
        version,
        number: stored.version,
        mine: view.shifts_of(me),
        days: view.days(&colleagues),
        swaps: view.swaps(me, edits),
        weekly: view.weekly(),
        exceptions: view.exceptions(),
        workers: workers(
            words,
            &plan,
            &colleagues,
            &store.teams().await?.into_iter().collect::<Vec<_>>(),
        ),
        colleagues: colleagues
            .iter()
            .filter(|one| one.id != me.id)
            .map(|one| Choice {
                value: one.id.to_string(),
                label: words.own(&one.name),
                chosen: false,
            })
            .collect(),
        everybody: colleagues
            .iter()
            .map(|one| (one.id.to_string(), words.own(&one.name)))
            .collect(),
        calendar,
        calendar_made_at: store.calendar_made_at(me).await?,
        weekdays: form.weekdays(words),
        form,
        frame,
    })
}

/// Returns the persons and teams that can be planned.
fn workers(
    words: &Words,
    plan: &ShiftPlan,
    colleagues: &[StaffMember],
    teams: &[String],
) -> Vec<(&'static str, Vec<Choice>)> {
    let choice = |who: &Worker, label: String| Choice {
        value: worker_value(who),
        label,
        chosen: false,
    };
    let persons = colleagues
        .iter()
        .map(|one| choice(&Worker::Person(one.id), words.own(&one.name)));
    let entries = plan.weekly.iter().map(|shift| &shift.who);
    let entries = entries.chain(plan.exceptions.iter().map(|one| &one.who));
    let planned = entries.filter_map(|who| match who {
        Worker::Team(name) => Some(name),
        Worker::Person(_) => None,
    });
    let mut names: Vec<&String> = teams.iter().chain(planned).collect();
    names.sort();
    names.dedup();
    let teams = names
        .into_iter()
        .map(|name| choice(&Worker::Team(name.clone()), words.own(name)));
    vec![
        ("shift-persons", persons.collect()),
        ("shift-teams", teams.collect()),
    ]
}
