//! The wrap-up questions (`/desk/admin/scheme`): the version in force, its history, and the draft of the next version.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use hotline_core::{
    contact::classification::{
        KIND, Question, Scheme,
        edit::{AnswerFormat, Audience},
    },
    staff::rights::Right,
    text::locale::{Language, Words},
};
use hotline_store::staff::{
    accounts::StaffMember,
    schemes::{SchemeDraft, SchemeVersion},
};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    admin::scheme::changes::describe_changes,
    contact::wrap_up::{QuestionJson, question_json},
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page, shown},
    },
    state::Desk,
};

pub(crate) mod changes;
pub(crate) mod draft;
mod form;
pub(crate) mod review;

/// The wrap-up questions in force.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AdminSchemeJson {
    name: String,
    version: u32,
    /// Whether the version in force was made on screen or by programs. Otherwise it is the version of the settings.
    made_on_screen: bool,
    /// The version of the settings file, or else the built-in version.
    settings_version: u32,
    questions: Vec<QuestionJson>,
    /// The scheme in force in the format of a scheme file (TOML).
    file: String,
    /// The versions that were put into force on screen or by programs, the newest first.
    versions: Vec<StoredVersionJson>,
    /// Whether there is a draft of the next version.
    has_draft: bool,
}

/// A version that was put into force on screen or by programs.
#[derive(Serialize, JsonSchema)]
struct StoredVersionJson {
    version: u32,
    /// When it came into force.
    made_at: DateTime<Utc>,
    /// The name of the member of staff who put it into force.
    made_by: String,
    /// Why the questions were changed.
    note: String,
    /// What changed, in English.
    changes: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/scheme.html")]
struct SchemePage<'a> {
    frame: Frame<'a>,
    /// The name and number of the version in force, and where it comes from, in words.
    in_force: String,
    /// The version of the settings, if a version made on screen replaces it.
    replaced: Option<u32>,
    rows: Vec<QuestionRow>,
    versions: Vec<VersionRow>,
    /// Who edits the draft and since when, in words.
    draft: Option<String>,
}

/// A version as the page shows it.
struct VersionRow {
    label: String,
    note: String,
    changes: Vec<String>,
}

/// A question as pages list it.
struct QuestionRow {
    code: String,
    text: String,
    is_required: bool,
    is_retired: bool,
    /// For which contacts it is asked, in words.
    audience: String,
    /// What answers it, in words. Empty for a list of answers.
    format: String,
    answers: Vec<String>,
}

impl QuestionRow {
    fn new(words: &Words, scheme: &Scheme, question: &Question) -> Self {
        let answers = question.offered().map(|answer| answer.localized(words));
        Self {
            code: question.id.clone(),
            text: question.label.localized(words),
            is_required: question.required,
            is_retired: question.retired,
            audience: audience_in_words(words, scheme, question),
            format: match question.format() {
                AnswerFormat::Choice { most: 1 } => String::new(),
                AnswerFormat::Choice { most } => words.with("scheme-format-most", "n", &most.to_string()),
                AnswerFormat::Number { least, most } => {
                    let (least, most) = (least.to_string(), most.to_string());
                    words.with_all("scheme-format-range", &[("least", &least), ("most", &most)])
                }
                AnswerFormat::Text { longest } => {
                    words.with("scheme-format-longest", "n", &longest.to_string())
                }
            },
            answers: answers.collect(),
        }
    }
}

/// States for which contacts a question is asked.
fn audience_in_words(words: &Words, scheme: &Scheme, question: &Question) -> String {
    if question.id == KIND {
        return words.say("scheme-audience-everybody");
    }
    let list = |codes: &[String]| {
        let kinds = scheme.question(KIND);
        let label = |code: &String| {
            let kind = kinds.and_then(|kinds| kinds.answer(code));
            kind.map_or_else(|| code.clone(), |kind| kind.localized(words))
        };
        codes.iter().map(label).collect::<Vec<_>>().join(", ")
    };
    match question.audience() {
        Audience::All => words.say("scheme-audience-all"),
        Audience::Only(kinds) => words.with("scheme-audience-only", "kinds", &list(&kinds)),
        Audience::Except(kinds) => words.with("scheme-audience-except", "kinds", &list(&kinds)),
    }
}

fn name_of(staff: &[StaffMember], id: Uuid) -> String {
    let found = staff.iter().find(|one| one.id == id);
    found.map_or_else(|| "–".to_owned(), |one| one.name.clone())
}

/// States who edits the draft, and when it was last changed.
fn draft_in_words(frame: &Frame<'_>, staff: &[StaffMember], draft: &SchemeDraft) -> String {
    let name = frame.words.own(&name_of(staff, draft.edited_by));
    let date = frame.day_and_hour(&draft.edited_at);
    let values = [("name", name.as_str()), ("date", &date)];
    frame.words.with_all("scheme-draft-by", &values)
}

/// Returns the version that each version replaced, in the order of `versions`.
fn predecessors<'a>(
    versions: &'a [SchemeVersion],
    settings: &'a Scheme,
) -> impl Iterator<Item = (&'a SchemeVersion, &'a Scheme)> {
    let earlier = versions.iter().skip(1).map(|one| &one.scheme).chain([settings]);
    versions.iter().zip(earlier)
}

/// `GET /desk/admin/scheme` and `GET /api/v1/admin/scheme`: shows the wrap-up questions in force and their versions.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<AdminSchemeJson>, PageError> {
    let (scheme, settings) = (desk.store.scheme(), desk.store.scheme_of_settings());
    let versions = desk.store.scheme_versions().await?;
    let draft = desk.store.scheme_draft().await?;
    let staff = desk.store.staff().await?;
    if format.is_json() {
        let words = desk.locales.of(Language::En);
        let stored = predecessors(&versions, settings).map(|(version, earlier)| StoredVersionJson {
            version: version.scheme.version,
            made_at: version.made_at,
            made_by: name_of(&staff, version.made_by),
            note: version.note.clone(),
            changes: describe_changes(words, earlier, &version.scheme),
        });
        return Ok(Answer::Json(AdminSchemeJson {
            name: scheme.name.clone(),
            version: scheme.version,
            made_on_screen: !versions.is_empty(),
            settings_version: settings.version,
            questions: scheme.questions.iter().map(question_json).collect(),
            file: scheme.to_toml().map_err(PageError::fault)?,
            versions: stored.collect(),
            has_draft: draft.is_some(),
        }));
    }
    let frame = Frame::new(&desk, &jar, &me, "admin").await?;
    let words = frame.words;
    let row = |(version, earlier): (&SchemeVersion, &Scheme)| {
        let (number, name) = (
            version.scheme.version.to_string(),
            words.own(&name_of(&staff, version.made_by)),
        );
        let date = frame.day_and_hour(&version.made_at);
        let values = [("number", number.as_str()), ("date", &date), ("name", &name)];
        VersionRow {
            label: words.with_all("schedule-version", &values),
            note: shown(&version.note).into_owned(),
            changes: describe_changes(words, earlier, &version.scheme),
        }
    };
    let number = scheme.version.to_string();
    let rendered = page(&SchemePage {
        in_force: words.with_all(
            "text-version",
            &[("name", scheme.name.as_str()), ("version", &number)],
        ),
        replaced: (!versions.is_empty()).then_some(settings.version),
        rows: scheme
            .asked()
            .map(|question| QuestionRow::new(words, &scheme, question))
            .collect(),
        versions: predecessors(&versions, settings).map(row).collect(),
        draft: draft.map(|draft| draft_in_words(&frame, &staff, &draft)),
        frame,
    })?;
    Ok(Answer::Page(rendered))
}
