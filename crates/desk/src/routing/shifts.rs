//! The page of the shift plan (`/desk/routing/shifts`): everybody reads it, and supervisors change it.

use askama::Template;
use axum::{
    extract::{Form, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use hotline_core::{
    staff::rights::Right,
    text::locale::{Language, Words},
    time::{
        clock::day_of,
        shifts::{
            InvalidPlan, PlanDay, PlannedShift, ShiftException, ShiftPlan, ShiftSpan, SwapState, WeeklyShift,
            Who as Worker,
        },
    },
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        errors::PageError,
        page::{Choice, Frame, page as written},
    },
    routing::{
        calendar,
        hours::{version_in_words, weekday_name},
        times::{WEEK, parse_spans, write_spans},
    },
    state::Desk,
};
use hotline_reports::labels::format_day;

/// The number of days that the page shows.
const DAYS: i64 = 14;

#[derive(Template)]
#[template(path = "routing/shifts.html")]
struct ShiftsPage<'a> {
    frame: Frame<'a>,
    warning: String,
    /// The stored version, its date and its author. Empty if nothing is stored.
    version: String,
    number: i64,
    /// The reader's shifts.
    mine: Vec<MyShift>,
    /// The colleagues who can take a shift.
    colleagues: Vec<Choice>,
    /// The address of the reader's calendar.
    calendar: String,
    days: Vec<DayRow>,
    swaps: Vec<SwapRow>,
    weekly: Vec<WeeklyRow>,
    exceptions: Vec<ExceptionRow>,
    /// The persons and teams that can be planned, by the label of their group.
    workers: Vec<(&'static str, Vec<Choice>)>,
    weekdays: Vec<Choice>,
    form: ShiftForm,
}

/// A shift of the reader.
struct MyShift {
    day: String,
    times: String,
    now: bool,
    /// The weekly shifts within this shift that can be swapped: the date, the id and the times.
    swappable: Vec<(NaiveDate, Uuid, String)>,
}

/// Who works on a day.
struct DayRow {
    day: String,
    today: bool,
    shifts: Vec<String>,
}

/// A request to swap.
struct SwapRow {
    id: Uuid,
    day: String,
    times: String,
    from: String,
    to: String,
    state: SwapState,
}

/// A weekly shift.
struct WeeklyRow {
    id: Uuid,
    weekday: String,
    times: String,
    who: String,
}

/// An exception from the weekly shifts.
struct ExceptionRow {
    date: NaiveDate,
    day: String,
    who: String,
    /// The value that identifies the person or team in a form.
    worker: String,
    times: String,
    note: String,
}

/// A change of the plan as a supervisor typed it, with its mistake.
#[derive(Default)]
struct ShiftForm {
    change: String,
    version: i64,
    who: String,
    weekdays: Vec<u32>,
    times: String,
    date: String,
    note: String,
    id: String,
    mistake: String,
}

impl ShiftForm {
    fn typed(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            let value = value.trim().to_owned();
            match name.as_str() {
                "change" => form.change = value,
                "version" => form.version = value.parse().unwrap_or_default(),
                "who" => form.who = value,
                "weekday" => form.weekdays.extend(value.parse::<u32>().ok()),
                "times" => form.times = value,
                "date" => form.date = value,
                "note" => form.note = value,
                "id" => form.id = value,
                _ => {}
            }
        }
        form
    }

    /// Returns a field of the form that was sent, or an empty text for the other forms of the page.
    fn value(&self, change: &str, value: &'static str) -> &str {
        if self.change != change {
            return "";
        }
        match value {
            "who" => &self.who,
            "times" => &self.times,
            "date" => &self.date,
            "note" => &self.note,
            "mistake" => &self.mistake,
            _ => "",
        }
    }

    fn weekdays(&self, words: &Words) -> Vec<Choice> {
        let choice = |weekday: Weekday| Choice {
            value: weekday.number_from_monday().to_string(),
            label: weekday_name(words, weekday),
            chosen: self.weekdays.contains(&weekday.number_from_monday()),
        };
        WEEK.map(choice).into()
    }

    /// Returns a mistake of a form that has no field to which it belongs.
    fn removal_mistake(&self) -> &str {
        if self.change.starts_with("add-") {
            ""
        } else {
            &self.mistake
        }
    }

    /// Changes a plan.
    ///
    /// # Errors
    /// The mistake in words.
    fn apply(&self, words: &Words, plan: &mut ShiftPlan, new_id: impl Fn() -> Uuid) -> Result<(), String> {
        match self.change.as_str() {
            "add-weekly" => {
                let who = self.worker(words)?;
                let spans = self.spans(words)?;
                let weekdays: Vec<Weekday> = WEEK
                    .into_iter()
                    .filter(|weekday| self.weekdays.contains(&weekday.number_from_monday()))
                    .collect();
                if weekdays.is_empty() || spans.is_empty() {
                    return Err(words.say("shift-incomplete"));
                }
                for weekday in weekdays {
                    plan.weekly.extend(spans.iter().map(|span| WeeklyShift {
                        id: new_id(),
                        who: who.clone(),
                        weekday,
                        from: span.from,
                        to: span.to,
                    }));
                }
            }
            "remove-weekly" => {
                let id = self.id.parse::<Uuid>().unwrap_or_default();
                plan.weekly.retain(|shift| shift.id != id);
                // A swap of a shift that no longer exists would make the plan invalid.
                plan.swaps.retain(|swap| swap.shift != id);
            }
            "add-exception" => {
                let date = self.date.parse();
                let date = date.map_err(|_| words.say("exception-needs-date"))?;
                plan.exceptions.push(ShiftException {
                    date,
                    who: self.worker(words)?,
                    spans: self.spans(words)?,
                    note: self.note.chars().take(300).collect(),
                });
                plan.exceptions.sort_by_key(|one| one.date);
            }
            "remove-exception" => {
                let who = self.worker(words)?;
                plan.exceptions
                    .retain(|one| one.who != who || one.date.to_string() != self.date);
            }
            _ => return Err(words.say("error-form")),
        }
        Ok(())
    }

    fn worker(&self, words: &Words) -> Result<Worker, String> {
        let worker = match self.who.split_once(':') {
            Some(("person", id)) => id.parse().ok().map(Worker::Person),
            Some(("team", name)) => Some(Worker::Team(name.to_owned())),
            _ => None,
        };
        worker.ok_or_else(|| words.say("shift-needs-who"))
    }

    fn spans(&self, words: &Words) -> Result<Vec<ShiftSpan>, String> {
        let span = |from: &str, to: &str| {
            Some(ShiftSpan {
                from: from.parse().ok()?,
                to: to.parse().ok()?,
            })
        };
        parse_spans(&self.times, span).map_err(|part| words.with("times-unreadable", "text", &part))
    }
}

/// Returns the value that identifies a person or team in a form.
fn worker_value(who: &Worker) -> String {
    match who {
        Worker::Person(id) => format!("person:{id}"),
        Worker::Team(name) => format!("team:{name}"),
    }
}

fn person_name(words: &Words, staff: &[StaffMember], id: Uuid) -> String {
    match staff.iter().find(|one| one.id == id) {
        Some(one) if one.active => words.own(&one.name),
        Some(one) => words.with("shift-disabled", "name", &words.own(&one.name)),
        None => words.say("shift-unknown"),
    }
}

fn worker_name(words: &Words, staff: &[StaffMember], who: &Worker) -> String {
    match who {
        Worker::Person(id) => person_name(words, staff, *id),
        Worker::Team(name) => words.with("shift-team", "name", &words.own(name)),
    }
}

/// Describes a mistake in a plan.
fn mistake_in_words(words: &Words, staff: &[StaffMember], mistake: &InvalidPlan) -> String {
    let day = |day: &PlanDay| match day {
        PlanDay::Weekday(weekday) => weekday_name(words, *weekday),
        PlanDay::Date(date) => format_day(*date),
    };
    match mistake {
        InvalidPlan::TooManyEntries { .. } => words.say("plan-too-long"),
        InvalidPlan::DoubleException { date, who } => {
            let (date, who) = (format_day(*date), worker_name(words, staff, who));
            words.with_all("plan-exception-twice", &[("date", &date), ("who", &who)])
        }
        InvalidPlan::ZeroLength { .. } => words.say("plan-zero-length"),
        InvalidPlan::BeginsAtEndOfDay { .. } => words.say("plan-begins-at-midnight"),
        InvalidPlan::Overlapping {
            day: on,
            person,
            first,
            second,
        } => {
            let (first, second) = (first.to_string(), second.to_string());
            let (day, who) = (day(on), person_name(words, staff, *person));
            let values = [
                ("who", who.as_str()),
                ("day", &day),
                ("first", &first),
                ("second", &second),
            ];
            words.with_all("plan-overlap", &values)
        }
        InvalidPlan::SwapDespiteException { date, .. } => {
            words.with("plan-open-swap", "date", &format_day(*date))
        }
        InvalidPlan::DoubleShiftId { .. }
        | InvalidPlan::DoubleSwapId { .. }
        | InvalidPlan::NoSuchShift { .. }
        | InvalidPlan::NotOwnShift { .. }
        | InvalidPlan::SwapWithOneself { .. } => words.say("conflict-invalid-schedule"),
    }
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    render(&desk, desk.words(&jar), &me, &headers, ShiftForm::default()).await
}

pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let store = &desk.store;
    let mut form = ShiftForm::typed(fields);
    let stored = store.shift_plan().await?;
    let mut plan = stored.content.unwrap_or_default();
    let changed = form.apply(words, &mut plan, || desk.new_id());
    form.mistake = match (changed, plan.check()) {
        (Err(mistake), _) => mistake,
        (Ok(()), Err(mistake)) => mistake_in_words(words, &store.staff().await?, &mistake),
        (Ok(()), Ok(())) => match store.set_shift_plan(&me, form.version, &plan).await {
            Ok(_) => {
                let place = if form.change.ends_with("weekly") {
                    "weekly"
                } else {
                    "exceptions"
                };
                return Ok(Redirect::to(&format!("/desk/routing/shifts#{place}")).into_response());
            }
            Err(StoreError::Conflict(Conflict::ScheduleChanged)) => words.say("schedule-changed"),
            Err(error) => return Err(error.into()),
        },
    };
    let page = render(&desk, words, &me, &headers, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    desk: &Desk,
    words: &Words,
    me: &StaffMember,
    headers: &HeaderMap,
    form: ShiftForm,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, words, me, "routing").await?;
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
    let view = PlanView {
        desk,
        words,
        plan: &plan,
        staff: &staff,
        now: frame.now,
    };
    written(&ShiftsPage {
        warning,
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
        calendar: calendar::address(desk, headers, me),
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

/// A plan as the page shows it.
struct PlanView<'a> {
    desk: &'a Desk,
    words: &'a Words,
    plan: &'a ShiftPlan,
    staff: &'a [StaffMember],
    now: DateTime<Utc>,
}

impl PlanView<'_> {
    fn day(&self, date: NaiveDate) -> String {
        format!(
            "{}, {}",
            weekday_name(self.words, date.weekday()),
            format_day(date)
        )
    }

    fn local_day(&self, at: DateTime<Utc>) -> NaiveDate {
        day_of(at, self.desk.centre.time_zone)
    }

    fn times(&self, shift: &PlannedShift) -> String {
        let time = |at: DateTime<Utc>| {
            at.with_timezone(&self.desk.centre.time_zone)
                .format("%H:%M")
                .to_string()
        };
        let (from, to) = (time(shift.from), time(shift.to));
        let days = (self.local_day(shift.to) - self.local_day(shift.from)).num_days();
        if days > 1 || (days == 1 && to > from) {
            return format!("{from}–{to} ({})", format_day(self.local_day(shift.to)));
        }
        format!("{from}–{to}")
    }

    /// Returns the shifts of the coming days, with the shift that is under way.
    fn coming(&self, who: &StaffMember) -> Vec<PlannedShift> {
        let end = self.now + TimeDelta::days(DAYS);
        let zone = self.desk.centre.time_zone;
        self.plan
            .shifts_between(who.id, who.team.as_deref(), self.now, end, zone)
    }

    fn shifts_of(&self, me: &StaffMember) -> Vec<MyShift> {
        let shifts = self.coming(me);
        let mut swappable = self.swappable(me);
        let mut mine: Vec<MyShift> = Vec::new();
        for shift in shifts {
            let date = self.local_day(shift.from);
            let last = self.local_day(shift.to);
            let (within, rest) = swappable
                .into_iter()
                .partition(|(begins, ..)| (date..=last).contains(begins));
            swappable = rest;
            mine.push(MyShift {
                day: self.day(date),
                times: self.times(&shift),
                now: shift.contains(self.now),
                swappable: within,
            });
        }
        mine
    }

    /// Returns the weekly shifts of the reader that can be swapped: those of the coming days which no exception replaces, no confirmed swap
    /// moved away, and which have not begun.
    fn swappable(&self, me: &StaffMember) -> Vec<(NaiveDate, Uuid, String)> {
        let today = self.local_day(self.now);
        let own = Worker::Person(me.id);
        let mut found = Vec::new();
        for date in today
            .iter_days()
            .skip(1)
            .take(usize::try_from(DAYS).unwrap_or_default())
        {
            let excepted = self
                .plan
                .exceptions
                .iter()
                .any(|one| one.date == date && one.who == own);
            if excepted {
                continue;
            }
            let shifts = self.plan.weekly.iter();
            for shift in shifts.filter(|shift| shift.who == own && shift.weekday == date.weekday()) {
                let moved = self.plan.swaps.iter().any(|swap| {
                    swap.shift == shift.id && swap.date == date && swap.state == SwapState::Confirmed
                });
                if !moved {
                    found.push((date, shift.id, shift.span().to_string().replace('-', "–")));
                }
            }
        }
        found
    }

    fn days(&self, colleagues: &[StaffMember]) -> Vec<DayRow> {
        let mut all: Vec<(PlannedShift, String)> = colleagues
            .iter()
            .flat_map(|one| {
                let name = self.words.own(&one.name);
                self.coming(one)
                    .into_iter()
                    .map(move |shift| (shift, name.clone()))
            })
            .collect();
        all.sort();
        let today = self.local_day(self.now);
        let days = today.iter_days().take(usize::try_from(DAYS).unwrap_or_default());
        days.map(|date| DayRow {
            day: self.day(date),
            today: date == today,
            shifts: all
                .iter()
                .filter(|(shift, _)| self.local_day(shift.from.max(self.now)) == date)
                .map(|(shift, name)| format!("{} {name}", self.times(shift)))
                .collect(),
        })
        .collect()
    }

    /// Returns the swaps from today on: all for supervisors, otherwise those of the reader.
    fn swaps(&self, me: &StaffMember, all: bool) -> Vec<SwapRow> {
        let today = self.local_day(self.now);
        let swaps = self.plan.swaps.iter().rev();
        let mut rows: Vec<SwapRow> = swaps
            .filter(|swap| swap.date >= today)
            .filter(|swap| all || [swap.from, swap.to].contains(&me.id))
            .map(|swap| {
                let shift = self.plan.weekly.iter().find(|shift| shift.id == swap.shift);
                SwapRow {
                    id: swap.id,
                    day: self.day(swap.date),
                    times: shift
                        .map(|shift| shift.span().to_string().replace('-', "–"))
                        .unwrap_or_default(),
                    from: person_name(self.words, self.staff, swap.from),
                    to: person_name(self.words, self.staff, swap.to),
                    state: swap.state,
                }
            })
            .collect();
        rows.sort_by_key(|row| row.state != SwapState::Asked);
        rows
    }

    fn weekly(&self) -> Vec<WeeklyRow> {
        let mut shifts: Vec<&WeeklyShift> = self.plan.weekly.iter().collect();
        shifts.sort_by_key(|shift| (shift.weekday.num_days_from_monday(), shift.from, shift.to));
        shifts
            .into_iter()
            .map(|shift| WeeklyRow {
                id: shift.id,
                weekday: weekday_name(self.words, shift.weekday),
                times: shift.span().to_string().replace('-', "–"),
                who: worker_name(self.words, self.staff, &shift.who),
            })
            .collect()
    }

    fn exceptions(&self) -> Vec<ExceptionRow> {
        let today = self.local_day(self.now);
        let coming = self.plan.exceptions.iter().filter(|one| one.date >= today);
        coming
            .map(|one| ExceptionRow {
                date: one.date,
                day: self.day(one.date),
                who: worker_name(self.words, self.staff, &one.who),
                worker: worker_value(&one.who),
                times: if one.spans.is_empty() {
                    self.words.say("shift-free")
                } else {
                    write_spans(&one.spans).replace('-', "–")
                },
                note: self.words.own(&one.note),
            })
            .collect()
    }
}
