//! The page of opening hours (`/desk/routing/hours`).

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{Datelike, NaiveDate};
use hotline_core::{
    staff::rights::Right,
    text::{
        bilingual::Text,
        locale::{Language, Words},
    },
    time::{
        holidays::serbian_holidays,
        hours::{
            HolidayCalendar, HoursException, InvalidHours, OpeningHours, TimesOf, WeeklyTimes, opens_in_words,
        },
    },
};
use hotline_store::{
    error::{Conflict, StoreError},
    routing::schedules::{CENTRE, Opening, Versioned},
    staff::accounts::StaffMember,
};

use crate::{
    http::{
        access::Who,
        errors::PageError,
        page::{Choice, Frame, page as written},
    },
    routing::{
        schedules::{LineQuery, check_line},
        times::{WEEK, joined, parse_spans, write_spans},
    },
    state::Desk,
};
use hotline_reports::labels::{format_day, query_of};

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

/// The values of the form, with the mistakes.
struct HoursForm {
    version: i64,
    weekdays: Vec<Field>,
    serbian_holidays: bool,
    /// The exceptions from today on, the new one last.
    coming: Vec<ExceptionFields>,
    past: Vec<ExceptionFields>,
    /// A mistake that belongs to no single field.
    mistake: String,
}

/// A text field with its label.
#[derive(Default)]
struct Field {
    label: String,
    value: String,
    mistake: String,
}

/// The fields of an exception.
#[derive(Default)]
struct ExceptionFields {
    /// Keeps the ids of the fields on the page unique.
    id: usize,
    /// Whether these are the empty fields of a new exception.
    new: bool,
    date: String,
    times: String,
    sr: String,
    en: String,
    removed: bool,
    mistake: String,
}

impl HoursForm {
    fn stored(words: &Words, version: i64, hours: &OpeningHours, today: NaiveDate) -> Self {
        let weekdays = WEEK.map(|weekday| Field {
            label: weekday_name(words, weekday),
            value: write_spans(hours.weekly.times_on(weekday)),
            mistake: String::new(),
        });
        let mut form = Self {
            version,
            weekdays: weekdays.into(),
            serbian_holidays: hours.holidays == HolidayCalendar::Serbia,
            coming: hours.exceptions.iter().map(ExceptionFields::stored).collect(),
            past: Vec::new(),
            mistake: String::new(),
        };
        form.part(today);
        form
    }

    /// Reads the fields as typed. The fields of each exception follow each other, its date first.
    fn typed(words: &Words, fields: &[(String, String)]) -> Self {
        let mut form = Self {
            version: 0,
            weekdays: WEEK
                .map(|weekday| Field {
                    label: weekday_name(words, weekday),
                    ..Field::default()
                })
                .into(),
            serbian_holidays: false,
            coming: Vec::new(),
            past: Vec::new(),
            mistake: String::new(),
        };
        for (name, value) in fields {
            let value = value.trim().to_owned();
            let number = name
                .strip_prefix("day-")
                .and_then(|day| day.parse::<usize>().ok());
            if let Some(day) = number.and_then(|number| form.weekdays.get_mut(number.wrapping_sub(1))) {
                day.value = value;
                continue;
            }
            match (name.as_str(), form.coming.last_mut()) {
                ("version", _) => form.version = value.parse().unwrap_or_default(),
                ("holidays", _) => form.serbian_holidays = true,
                ("date", _) => form.coming.push(ExceptionFields {
                    date: value,
                    ..ExceptionFields::default()
                }),
                ("times", Some(one)) => one.times = value,
                ("sr", Some(one)) => one.sr = value,
                ("en", Some(one)) => one.en = value,
                ("remove", Some(one)) => one.removed = true,
                _ => {}
            }
        }
        form.coming.retain(|one| !one.is_blank());
        form
    }

    /// Separates the past exceptions, and adds the empty fields of a new one.
    fn part(&mut self, today: NaiveDate) {
        let is_past = |one: &ExceptionFields| {
            one.mistake.is_empty() && one.date.parse::<NaiveDate>().is_ok_and(|date| date < today)
        };
        let mut all = std::mem::take(&mut self.coming);
        all.push(ExceptionFields {
            new: true,
            ..ExceptionFields::default()
        });
        for (id, one) in all.iter_mut().enumerate() {
            one.id = id;
        }
        (self.past, self.coming) = all.into_iter().partition(is_past);
    }

    /// Returns the hours, or `None` after writing each mistake beside its field.
    fn read(&mut self, words: &Words, today: NaiveDate) -> Option<OpeningHours> {
        let mut wrong = false;
        let mut spans = |text: &str, mistake: &mut String| {
            parse_spans(text, joined).unwrap_or_else(|part| {
                wrong = true;
                *mistake = words.with("times-unreadable", "text", &part);
                Vec::new()
            })
        };
        let mut days = Vec::new();
        for day in &mut self.weekdays {
            days.push(spans(&day.value, &mut day.mistake));
        }
        let mut exceptions = Vec::new();
        let mut undated = false;
        for one in self.coming.iter_mut().filter(|one| !one.removed) {
            let times = spans(&one.times, &mut one.mistake);
            let Ok(date) = one.date.parse() else {
                undated = true;
                one.mistake = words.say("exception-needs-date");
                continue;
            };
            exceptions.push(HoursException {
                date,
                times,
                reason: one.reason(),
            });
        }
        if wrong || undated {
            return None;
        }
        exceptions.sort_by_key(|one| one.date);
        let mut days = days.into_iter();
        let mut next = || days.next().unwrap_or_default();
        let hours = OpeningHours {
            weekly: WeeklyTimes {
                monday: next(),
                tuesday: next(),
                wednesday: next(),
                thursday: next(),
                friday: next(),
                saturday: next(),
                sunday: next(),
            },
            holidays: if self.serbian_holidays {
                HolidayCalendar::Serbia
            } else {
                HolidayCalendar::None
            },
            exceptions,
        };
        match hours.check(today) {
            Ok(()) => Some(hours),
            Err(mistake) => {
                self.note(words, mistake);
                None
            }
        }
    }

    /// Writes a mistake beside the field to which it belongs.
    fn note(&mut self, words: &Words, mistake: InvalidHours) {
        let (times_of, said) = match mistake {
            InvalidHours::Reversed { times_of, span } => {
                (times_of, words.with("times-reversed", "span", &span.to_string()))
            }
            InvalidHours::Overlapping {
                times_of,
                first,
                second,
            } => {
                let (first, second) = (first.to_string(), second.to_string());
                let values = [("first", first.as_str()), ("second", second.as_str())];
                (times_of, words.with_all("times-overlap", &values))
            }
            InvalidHours::DoubleException { date } => (TimesOf::Date(date), words.say("exception-twice")),
            InvalidHours::NeverOpen { .. } => {
                self.mistake = words.say("hours-never-open");
                return;
            }
        };
        let place = match times_of {
            TimesOf::Weekday(weekday) => {
                let day = usize::try_from(weekday.num_days_from_monday()).unwrap_or_default();
                self.weekdays.get_mut(day).map(|day| &mut day.mistake)
            }
            TimesOf::Date(date) => {
                let date = date.to_string();
                let mut all = self.coming.iter_mut().rev();
                all.find(|one| one.date == date && !one.removed)
                    .map(|one| &mut one.mistake)
            }
        };
        match place {
            Some(place) => *place = said,
            None => self.mistake = said,
        }
    }
}

impl ExceptionFields {
    fn stored(one: &HoursException) -> Self {
        let (sr, en) = match &one.reason {
            None => (String::new(), String::new()),
            Some(Text::Serbian(sr)) => (sr.clone(), String::new()),
            Some(Text::Both { sr, en }) => (sr.clone(), en.clone()),
        };
        Self {
            date: one.date.to_string(),
            times: write_spans(&one.times),
            sr,
            en,
            ..Self::default()
        }
    }

    fn is_blank(&self) -> bool {
        [&self.date, &self.times, &self.sr, &self.en]
            .iter()
            .all(|text| text.is_empty())
    }

    fn reason(&self) -> Option<Text> {
        match (self.sr.is_empty(), self.en.is_empty()) {
            (true, true) => None,
            (false, true) => Some(Text::Serbian(self.sr.clone())),
            (true, false) => Some(Text::Both {
                sr: self.en.clone(),
                en: self.en.clone(),
            }),
            (false, false) => Some(Text::Both {
                sr: self.sr.clone(),
                en: self.en.clone(),
            }),
        }
    }

    fn day(&self) -> String {
        self.date.parse().map_or_else(|_| self.date.clone(), format_day)
    }
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
        // A line without hours of its own starts from those of the centre.
        None => desk
            .store
            .opening_hours(CENTRE)
            .await?
            .content
            .unwrap_or_default(),
    };
    let form = HoursForm::stored(words, stored.version, &hours, desk.store.today());
    render(&desk, words, &me, query.line, form).await
}

async fn render(
    desk: &Desk,
    words: &Words,
    me: &StaffMember,
    line: String,
    form: HoursForm,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, words, me, "routing").await?;
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
    written(&HoursPage {
        warnings: warnings(desk, words).await?,
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
                return Ok(Redirect::to(&format!("/desk/routing/hours?{query}")).into_response());
            }
            Err(StoreError::Conflict(Conflict::ScheduleChanged)) => {
                // What was typed stays, and the next attempt replaces the version that is shown now.
                form.version = store.opening_hours(&query.line).await?.version;
                form.mistake = words.say("schedule-changed");
            }
            Err(error) => return Err(error.into()),
        }
    }
    form.part(today);
    let page = render(&desk, words, &me, query.line, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
