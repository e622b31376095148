//! The texts in force (`/desk/admin/texts`): the texts for the public, with links to their pages; canned replies with a preview; and the
//! versions of the classification and the rules of urgency.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use hotline_core::{
    contact::classification::{Question, Scheme},
    staff::rights::Right,
    text::{
        canned::fill,
        locale::{Language, Words},
    },
};
use hotline_store::staff::{accounts::StaffMember, canned::Canned};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    admin::{
        public_text::{
            self, TextRow,
            facts::{PublicTextJson, SAMPLE_REFERENCE, load_all},
        },
        scheme::changes::describe_change,
    },
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page as written},
    },
    state::Desk,
};

/// The texts in force.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TextsJson {
    /// What people are told about the centre, in each language.
    centre: Vec<CentreTextsJson>,
    /// The texts that administrators can replace on screen.
    public: Vec<PublicTextJson>,
    canned: Vec<CannedPreviewJson>,
    scheme: SchemeJson,
    urgency_rules: VersionJson,
}

/// What people are told about the centre, in one language.
#[derive(Serialize, JsonSchema)]
struct CentreTextsJson {
    language: Language,
    name: String,
    opening_hours: String,
    telephone: String,
    /// The emergency numbers, in the order in which they are shown.
    emergency: Vec<EmergencyJson>,
}

/// An emergency number.
#[derive(Serialize, JsonSchema)]
struct EmergencyJson {
    number: String,
    name: String,
}

/// A canned reply as a person would receive it.
#[derive(Serialize, JsonSchema)]
struct CannedPreviewJson {
    name: String,
    changed_at: DateTime<Utc>,
    /// The text in each language in which it was written, filled in with sample values.
    previews: Vec<PreviewJson>,
}

/// A canned reply in one language.
#[derive(Serialize, JsonSchema)]
struct PreviewJson {
    language: Language,
    text: String,
}

/// The classification scheme in force.
#[derive(Serialize, JsonSchema)]
struct SchemeJson {
    name: String,
    version: u32,
    questions: Vec<QuestionJson>,
    /// The built-in versions, the newest first.
    versions: Vec<SchemeVersionJson>,
}

/// A built-in version of the classification scheme.
#[derive(Serialize, JsonSchema)]
struct SchemeVersionJson {
    version: u32,
    /// Whether this version is in force.
    in_force: bool,
    questions: Vec<QuestionJson>,
    /// What would change if this version came into force, in English.
    changes: Vec<String>,
}

/// A question of the classification, in English.
#[derive(Serialize, JsonSchema)]
struct QuestionJson {
    id: String,
    question: String,
    required: bool,
    answers: Vec<String>,
}

/// The name and the version of a file of rules.
#[derive(Serialize, JsonSchema)]
struct VersionJson {
    name: String,
    version: u32,
}

#[derive(Template)]
#[template(path = "admin/texts.html")]
struct TextsPage<'a> {
    frame: Frame<'a>,
    public: Vec<TextRow>,
    texts: TextsJson,
}

impl TextsPage<'_> {
    fn version(&self, name: &str, version: &u32) -> String {
        let version = version.to_string();
        let values = [("name", name), ("version", version.as_str())];
        self.frame.words.with_all("text-version", &values)
    }

    /// States how much would change if a version of the classification came into force.
    fn changes(&self, version: &SchemeVersionJson) -> String {
        let changes = i64::try_from(version.changes.len()).unwrap_or(i64::MAX);
        self.frame.words.count("scheme-change-count", changes)
    }
}

/// `GET /desk/admin/texts` and `GET /api/v1/admin/texts`: shows the texts in force.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<TextsJson>, PageError> {
    let words = if format.is_json() {
        desk.locales.of(Language::En)
    } else {
        desk.words(&jar)
    };
    let texts = texts(&desk, &me, words).await?;
    if format.is_json() {
        return Ok(Answer::Json(texts));
    }
    let frame = Frame::new(&desk, &jar, &me, "admin").await?;
    let public = public_text::rows(&desk, &frame).await?;
    Ok(Answer::Page(written(&TextsPage { frame, public, texts })?))
}

/// Collects the texts. Questions and answers of the classification are in the language of `words`.
async fn texts(desk: &Desk, me: &StaffMember, words: &Words) -> Result<TextsJson, PageError> {
    let canned = desk.store.canned(me).await?;
    let (scheme, rules) = (&desk.store.scheme(), desk.store.urgency_rules());
    Ok(TextsJson {
        centre: Language::ALL
            .into_iter()
            .map(|language| centre_texts(desk, language))
            .collect(),
        public: load_all(desk).await?,
        canned: canned.iter().map(|one| preview(desk, me, one)).collect(),
        scheme: SchemeJson {
            name: scheme.name.clone(),
            version: scheme.version,
            questions: scheme
                .questions
                .iter()
                .filter(|question| !question.retired)
                .map(|question| describe(question, words))
                .collect(),
            versions: scheme_versions(scheme, words)?,
        },
        urgency_rules: VersionJson {
            name: rules.name.clone(),
            version: rules.version,
        },
    })
}

fn centre_texts(desk: &Desk, language: Language) -> CentreTextsJson {
    let (words, centre) = (desk.locales.of(language), desk.store.centre());
    let numbers = centre.emergency.iter().map(|one| EmergencyJson {
        number: one.number.clone(),
        name: one.name.localized(words),
    });
    CentreTextsJson {
        language,
        name: centre.name.localized(words),
        opening_hours: centre.opening_hours.localized(words),
        telephone: centre.telephone.clone(),
        emergency: numbers.collect(),
    }
}

fn preview(desk: &Desk, me: &StaffMember, one: &Canned) -> CannedPreviewJson {
    let in_language = |language: Language| {
        let words = desk.locales.of(language);
        let text = words.either(&one.content.sr, &one.content.en);
        let value = |name: &str| match name {
            "reference" => Some(SAMPLE_REFERENCE.to_owned()),
            "counsellor" => Some(words.own(&me.name)),
            "centre" => Some(desk.centre.name.localized(words)),
            _ => None,
        };
        let text = fill(&text, value).unwrap_or(text);
        (!text.is_empty()).then_some(PreviewJson { language, text })
    };
    CannedPreviewJson {
        name: one.content.name.clone(),
        changed_at: one.changed_at,
        previews: Language::ALL.into_iter().filter_map(in_language).collect(),
    }
}

/// Describes the built-in versions of the classification, and what would change if each came into force in place of `scheme`.
fn scheme_versions(scheme: &Scheme, words: &Words) -> Result<Vec<SchemeVersionJson>, PageError> {
    let built_in = Scheme::built_in().map_err(PageError::fault)?;
    let describe_version = |other: &Scheme| SchemeVersionJson {
        version: other.version,
        in_force: scheme == other,
        questions: other
            .questions
            .iter()
            .filter(|question| !question.retired)
            .map(|question| describe(question, words))
            .collect(),
        changes: scheme
            .changes_to(other)
            .into_iter()
            .map(|change| describe_change(&change, words))
            .collect(),
    };
    Ok(built_in.iter().map(describe_version).collect())
}

fn describe(question: &Question, words: &Words) -> QuestionJson {
    QuestionJson {
        id: question.id.clone(),
        question: question.label.localized(words),
        required: question.required,
        answers: question
            .answers
            .iter()
            .filter(|answer| !answer.retired)
            .map(|answer| answer.localized(words))
            .collect(),
    }
}
