//! The page before a draft of the wrap-up questions comes into force (`/desk/admin/scheme/review`): what changes, what it means for figures
//! and macros, and the form as counsellors will see it.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    contact::classification::{Answers, KIND, Scheme, check::SchemeMistake},
    staff::rights::Right,
    statistics::scheme_effects::ReturnEffect,
    text::locale::{Language, Words},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{
        accounts::StaffMember,
        schemes::{LONGEST_NOTE, SchemeDraft},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{changes::describe_changes, draft::fault_in_words, draft_in_words};
use crate::{
    contact::questions::Questions,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
        page::{Frame, page, shown},
    },
    state::Desk,
};

/// What a draft would change.
pub(super) struct Effects {
    /// What changes.
    pub(super) changes: Vec<String>,
    /// What must be repaired before the draft comes into force.
    pub(super) mistakes: Vec<MistakeRow>,
    /// What it means for returns and macros.
    pub(super) warnings: Vec<String>,
}

/// A mistake of the draft, in words.
pub(super) struct MistakeRow {
    pub(super) mistake: SchemeMistake,
    /// The words of the question, or its code if it is missing.
    pub(super) question: String,
    pub(super) message: String,
}

impl Effects {
    pub(super) async fn load(desk: &Desk, words: &Words, draft: &Scheme) -> Result<Self, PageError> {
        let in_force = desk.store.scheme();
        let mistake = |mistake: SchemeMistake| {
            let question = draft
                .question(&mistake.question)
                .or(in_force.question(&mistake.question));
            MistakeRow {
                question: question.map_or_else(
                    || mistake.question.clone(),
                    |question| question.label.localized(words),
                ),
                message: fault_in_words(words, mistake.fault),
                mistake,
            }
        };
        let mut warnings: Vec<String> = desk
            .store
            .returns()
            .into_iter()
            .flat_map(|one| one.effects_of(&in_force, draft))
            .map(|effect| describe_effect(words, &effect))
            .collect();
        let affected = desk.store.macros_affected_by(draft).await?;
        for one in affected.shared {
            let question = draft.question(&one.question);
            let answer = question.and_then(|question| question.answer(&one.answer));
            let answer = answer.map_or(one.answer, |answer| answer.localized(words));
            let question = question.map_or(one.question, |question| question.label.localized(words));
            let name = words.own(&one.name);
            let values = [
                ("name", shown(&name)),
                ("question", question.into()),
                ("answer", answer.into()),
            ];
            let values = values.each_ref().map(|(key, value)| (*key, value.as_ref()));
            warnings.push(words.with_all("scheme-warns-macro", &values));
        }
        if affected.personal > 0 {
            let count = i64::try_from(affected.personal).unwrap_or(i64::MAX);
            warnings.push(words.count("scheme-warns-own-macros", count));
        }
        Ok(Self {
            changes: describe_changes(words, &in_force, draft),
            mistakes: draft.mistakes_after(&in_force).into_iter().map(mistake).collect(),
            warnings,
        })
    }
}

fn describe_effect(words: &Words, effect: &ReturnEffect<'_>) -> String {
    match effect {
        ReturnEffect::TableUnfilled { mapping, table } => {
            let (body, table) = (mapping.label.localized(words), table.label.localized(words));
            words.with_all("scheme-warns-table", &[("return", &body), ("table", &table)])
        }
        ReturnEffect::RowUnfilled { mapping, table, row } => {
            let (body, table) = (mapping.label.localized(words), table.label.localized(words));
            let row = row.localized(words);
            let values = [("return", body.as_str()), ("table", &table), ("row", &row)];
            words.with_all("scheme-warns-row", &values)
        }
        ReturnEffect::AnswerWithoutRow {
            mapping,
            question,
            answer,
            ..
        } => {
            let (body, question) = (mapping.label.localized(words), question.label.localized(words));
            let answer = answer.localized(words);
            let values = [
                ("return", body.as_str()),
                ("question", &question),
                ("answer", &answer),
            ];
            words.with_all("scheme-warns-unmapped", &values)
        }
    }
}

#[derive(Template)]
#[template(path = "admin/scheme_review.html")]
struct ReviewPage<'a> {
    frame: Frame<'a>,
    /// Who edits the draft, in words.
    by: String,
    revision: i64,
    effects: Effects,
    /// The form as counsellors will see it, for one kind of contact.
    questions: Questions<'a>,
    /// The code and the words of each kind of contact.
    kinds: Vec<(String, String)>,
    note: String,
    mistake: Option<String>,
    longest_note: usize,
}

impl ReviewPage<'_> {
    fn is_chosen(&self, kind: &str) -> bool {
        let chosen = self.questions.answers.get(KIND);
        chosen.is_some_and(|chosen| chosen.iter().any(|one| one == kind))
    }

    /// Returns whether the draft can come into force.
    fn is_ready(&self) -> bool {
        self.effects.mistakes.is_empty() && !self.effects.changes.is_empty()
    }
}

/// The kind of contact whose form the page shows.
#[derive(Deserialize)]
pub(crate) struct PreviewQuery {
    #[serde(default)]
    kind: String,
}

/// `GET /desk/admin/scheme/review`: shows what a draft changes before it comes into force.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(preview): Query<PreviewQuery>,
) -> Result<Response, PageError> {
    let draft = desk.store.scheme_draft().await?.ok_or(PageError::NotFound)?;
    render(&desk, &jar, &me, &draft, &preview.kind, String::new(), None).await
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    draft: &SchemeDraft,
    kind: &str,
    note: String,
    mistake: Option<Conflict>,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, jar, me, "admin").await?;
    let words = desk.words(jar);
    let staff = desk.store.staff().await?;
    let offered = draft
        .scheme
        .question(KIND)
        .into_iter()
        .flat_map(|kinds| kinds.offered());
    let kinds: Vec<_> = offered
        .map(|one| (one.id.clone(), one.localized(words)))
        .collect();
    let chosen = kinds.iter().find(|(code, _)| code == kind).or(kinds.first());
    let answers = chosen.map(|(code, _)| (KIND.to_owned(), vec![code.clone()]));
    page(&ReviewPage {
        by: draft_in_words(&frame, &staff, draft),
        revision: draft.revision,
        effects: Effects::load(desk, words, &draft.scheme).await?,
        questions: Questions {
            scheme: &draft.scheme,
            words,
            answers: answers.into_iter().collect::<Answers>(),
            begins: false,
        },
        kinds,
        note,
        mistake: mistake.map(|why| words.say(why.key())),
        longest_note: LONGEST_NOTE,
        frame,
    })
}

/// The confirmation that a draft comes into force.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutInForceForm {
    /// The revision of the draft. If somebody changed the draft meanwhile, the request is refused.
    revision: i64,
    /// Why the questions change, in at most 500 characters.
    note: String,
}

/// The number of a version.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VersionNumberJson {
    version: u32,
}

/// `POST /desk/admin/scheme/draft/put-in-force` and the same path of the API: puts the draft into force.
pub(crate) async fn put_in_force(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<PutInForceForm>,
) -> Result<Answer<VersionNumberJson>, PageError> {
    let put = desk
        .store
        .put_scheme_in_force(&me, form.revision, &form.note)
        .await;
    match put {
        Ok(version) => Ok(format.answer(
            VersionNumberJson { version },
            "/desk/admin/scheme",
            Flash::SchemeInForce,
        )),
        Err(StoreError::Conflict(why)) if !format.is_json() => {
            let Some(draft) = desk.store.scheme_draft().await? else {
                return Err(PageError::Conflict(why));
            };
            let page = render(&desk, &jar, &me, &draft, "", form.note, Some(why)).await?;
            Ok(Answer::Page(
                (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
            ))
        }
        Err(error) => Err(error.into()),
    }
}
