//! The lines (`/desk/admin/lines`): administrators connect a line, change it, pause it and resume it. The change is in force at once. Lines
//! in the settings file are shown, but are changed there.

use askama::Template;
use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::line_name::LineName,
    line_fields::FieldKind,
    staff::rights::Right,
    text::{locale::Language, problem},
};
use hotline_store::{
    error::{Conflict, StoreError},
    intake::lines::LineState,
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    admin::lines::{
        facts::{LineListJson, LineSource, SetUpLineJson, load, load_all},
        form::{FieldGroup, LineForm},
        save::{NewLine, Refusal, save},
        test::{LinePath, TestResult},
    },
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::{ChannelForm, Desk},
};

mod facts;
mod form;
mod save;
pub(crate) mod test;

const PAGE: &str = "/desk/admin/lines";

/// The path parameter that identifies a channel.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChannelPath {
    /// The name of the channel.
    channel: String,
}

#[derive(Template)]
#[template(path = "admin/lines.html")]
struct LinesPage<'a> {
    frame: Frame<'a>,
    lines: Vec<SetUpLineJson>,
    states: Vec<LineState>,
    channels: Vec<&'static str>,
    file: &'a str,
    tested: Option<TestResult>,
}

impl LinesPage<'_> {
    /// Returns whether a line works. A line that is not open has no state.
    fn state(&self, line: &SetUpLineJson) -> Option<&LineState> {
        self.states
            .iter()
            .find(|state| line.open && state.line == line.line)
    }

    /// States where the settings of a line are.
    fn source(&self, line: &SetUpLineJson) -> String {
        let words = self.frame.words;
        match (line.source, line.file_line) {
            (LineSource::File, Some(number)) => words.with("setting-file-line", "line", &number.to_string()),
            (LineSource::File, None) => words.say("setting-file"),
            (LineSource::Environment, _) => words.say("line-in-environment"),
            (LineSource::Program, _) => words.say("setting-program"),
            (LineSource::Screen, _) => {
                let (number, date) = (
                    line.version.to_string(),
                    line.changed_at
                        .as_ref()
                        .map(|at| self.frame.day_and_hour(at))
                        .unwrap_or_default(),
                );
                let name = words.own(line.changed_by.as_deref().unwrap_or("–"));
                let values = [("number", number.as_str()), ("date", &date), ("name", &name)];
                words.with_all("line-version", &values)
            }
        }
    }
}

/// `GET /desk/admin/lines` and `GET /api/v1/admin/lines`: shows all lines.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<LineListJson>, PageError> {
    if format.is_json() {
        let lines = load_all(&desk).await?;
        return Ok(Answer::Json(LineListJson::new(&desk, lines)));
    }
    Ok(Answer::Page(render_list(&desk, &me, &jar, None).await?))
}

async fn render_list(
    desk: &Desk,
    me: &StaffMember,
    jar: &CookieJar,
    tested: Option<TestResult>,
) -> Result<Response, PageError> {
    written(&LinesPage {
        frame: Frame::new(desk, jar, me, "admin").await?,
        lines: load_all(desk).await?,
        states: desk.store.line_states().await?,
        channels: desk
            .program
            .lines
            .channels()
            .iter()
            .map(|form| form.name)
            .collect(),
        file: &desk.program.settings_file,
        tested,
    })
}

#[derive(Template)]
#[template(path = "admin/line.html")]
struct LinePage<'a> {
    frame: Frame<'a>,
    form: LineForm,
    /// The fields that most lines need.
    groups: Vec<FieldGroup>,
    /// The fields that few lines need.
    rare: Vec<FieldGroup>,
}

impl LinePage<'_> {
    fn has_rare_mistake(&self) -> bool {
        self.rare
            .iter()
            .any(|group| group.rows.iter().any(|row| row.has_mistake))
    }
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    channel: &ChannelForm,
    form: LineForm,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, jar, me, "admin").await?;
    written(&LinePage {
        groups: form.groups(frame.words, channel, false),
        rare: form.groups(frame.words, channel, true),
        frame,
        form,
    })
}

fn channel_form(desk: &Desk, channel: &str) -> Result<ChannelForm, PageError> {
    let channels = desk.program.lines.channels();
    let found = channels.into_iter().find(|form| form.name == channel);
    found.ok_or(PageError::NotFound)
}

/// `GET /desk/admin/connect/{channel}`: shows the empty form of a new line.
pub(crate) async fn connect(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Path(ChannelPath { channel }): Path<ChannelPath>,
) -> Result<Response, PageError> {
    let channel = channel_form(&desk, &channel)?;
    render(&desk, &jar, &me, &channel, LineForm::empty(&channel)).await
}

/// `GET /desk/admin/lines/{line}` and `GET /api/v1/admin/lines/{line}`: shows a line. The form exists only for lines that can be changed on
/// screen.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(LinePath { line }): Path<LinePath>,
) -> Result<Answer<SetUpLineJson>, PageError> {
    let line = load(&desk, &line).await?.ok_or(PageError::NotFound)?;
    if format.is_json() {
        return Ok(Answer::Json(line));
    }
    if line.source != LineSource::Screen {
        return Err(PageError::NotFound);
    }
    let channel = channel_form(&desk, &line.channel)?;
    let page = render(&desk, &jar, &me, &channel, LineForm::stored(&channel, &line)).await?;
    Ok(Answer::Page(page))
}

/// `POST /desk/admin/lines`: tests a line and stores it. If the line cannot work, the form is shown again with what was typed, except
/// secrets.
pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let mut form = LineForm::typed(fields);
    let channel = channel_form(&desk, &form.channel)?;
    let new = NewLine {
        name: form.name.clone(),
        version: form.version,
        channel,
        settings: form.settings(channel.fields),
        untested: form.untested,
    };
    match save(&desk, &me, new).await? {
        Ok(()) => return Ok(Flash::LineSaved.redirect(PAGE)),
        Err(refusal) => {
            if let Some(line) = load(&desk, &form.name).await? {
                form.kept_secrets = line.secrets;
                if matches!(refusal, Refusal::Conflict(Conflict::LineChanged)) && form.version > 0 {
                    // The next attempt replaces the version that is stored now.
                    form.version = line.version;
                }
            }
            form.refuse(desk.words(&jar), &refusal);
        }
    }
    let page = render(&desk, &jar, &me, &channel, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The new settings of a line.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutLine {
    /// The version that the settings replace. 0: there is no such line yet. If a newer version is stored, the request is refused.
    version: i64,
    /// The channel. The channel of a line never changes.
    channel: String,
    /// The settings, as in the line's table of the settings file. A secret that is left out stays as it is.
    settings: Map<String, Value>,
    /// Whether the line is stored although its connections were not tested. Without this, a line whose test finds a fault is not stored.
    #[serde(default)]
    untested: bool,
}

/// `PUT /api/v1/admin/lines/{line}`: connects a line, or changes it.
pub(crate) async fn put(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(LinePath { line }): Path<LinePath>,
    FormOrJson(put): FormOrJson<PutLine>,
) -> Result<Answer<SetUpLineJson>, PageError> {
    let channel = channel_form(&desk, &put.channel)?;
    let new = NewLine {
        name: line.clone(),
        version: put.version,
        channel,
        settings: Ok(Value::Object(put.settings)),
        untested: put.untested,
    };
    match save(&desk, &me, new).await? {
        Ok(()) => Ok(Answer::Json(
            load(&desk, &line).await?.ok_or(PageError::NotFound)?,
        )),
        Err(Refusal::Conflict(why)) => Err(PageError::Conflict(why)),
        Err(refusal) => {
            let words = desk.locales.of(Language::En);
            Err(PageError::Body(refusal.in_words(words)))
        }
    }
}

/// `POST …/admin/lines/{line}/pause`: pauses a line. It receives nothing until it is resumed, but still sends replies.
pub(crate) async fn pause(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(LinePath { line }): Path<LinePath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    set_paused(&desk, &me, &line, true).await?;
    Ok(format.confirm(PAGE, Flash::LinePaused))
}

/// `POST …/admin/lines/{line}/resume`: resumes a paused line. It receives what waited at its source.
pub(crate) async fn resume(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(LinePath { line }): Path<LinePath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    set_paused(&desk, &me, &line, false).await?;
    Ok(format.confirm(PAGE, Flash::LineResumed))
}

async fn set_paused(desk: &Desk, me: &StaffMember, line: &str, paused: bool) -> Result<(), PageError> {
    let line = LineName::parse(line).map_err(|_| PageError::NotFound)?;
    // The line of the settings file is in force, whatever is stored under its name.
    if facts::place_in_settings(desk, line.as_str()).is_some() {
        return Err(PageError::NotFound);
    }
    match desk.store.pause_line(me, &line, paused).await {
        Ok(()) | Err(StoreError::Conflict(Conflict::SoAlready)) => {}
        Err(error) => return Err(error.into()),
    }
    desk.program.lines.apply().await;
    Ok(())
}
