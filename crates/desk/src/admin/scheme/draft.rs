//! The draft of the next version of the wrap-up questions: the list of its questions, and a page for each question. Each form changes one
//! thing and comes back to its place.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    contact::classification::{
        Answer as SchemeAnswer, KIND, Question, Scheme, URGENCY,
        check::SchemeFault,
        edit::{Audience, SchemeEdit},
    },
    staff::rights::Right,
    statistics::returns::rows_of_answers,
    text::locale::{Language, Words},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, schemes::SchemeDraft},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    QuestionRow, draft_in_words,
    form::{EditFields, EditForm},
    name_of,
    review::{Effects, MistakeRow},
};
use crate::{
    contact::wrap_up::{QuestionJson, question_json},
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, RepeatedFields, ResponseFormat},
        flash::Flash,
        page::{Frame, page},
    },
    state::Desk,
};

const LIST: &str = "/desk/admin/scheme/draft";

/// A draft of the next version of the wrap-up questions.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SchemeDraftJson {
    /// The revision. A change of the draft names the revision that it changes.
    revision: i64,
    edited_at: DateTime<Utc>,
    /// The name of the member of staff who changed the draft last.
    edited_by: String,
    questions: Vec<QuestionJson>,
    /// What would change, in English.
    changes: Vec<String>,
    /// What must be repaired before the draft can come into force.
    mistakes: Vec<MistakeJson>,
    /// What the draft means for returns and macros, in English.
    warnings: Vec<String>,
}

/// A mistake of a draft.
#[derive(Serialize, JsonSchema)]
struct MistakeJson {
    /// The code of the question.
    question: String,
    fault: SchemeFault,
    /// What is wrong, in English.
    message: String,
}

impl SchemeDraftJson {
    async fn load(desk: &Desk, draft: SchemeDraft) -> Result<Self, PageError> {
        let effects = Effects::load(desk, desk.locales.of(Language::En), &draft.scheme).await?;
        let mistake = |row: MistakeRow| MistakeJson {
            question: row.mistake.question,
            fault: row.mistake.fault,
            message: row.mistake.fault.to_string(),
        };
        Ok(Self {
            revision: draft.revision,
            edited_at: draft.edited_at,
            edited_by: name_of(&desk.store.staff().await?, draft.edited_by),
            questions: draft.scheme.questions.iter().map(question_json).collect(),
            changes: effects.changes,
            mistakes: effects.mistakes.into_iter().map(mistake).collect(),
            warnings: effects.warnings,
        })
    }
}

/// What the pages of a draft have in common.
struct Editing {
    /// Who edits the draft, in words.
    by: String,
    draft: SchemeDraft,
    /// The scheme that the draft is to replace.
    in_force: Arc<Scheme>,
    /// What was typed into the form that was refused, and why it was refused.
    refused: Option<(EditFields, String)>,
}

impl Editing {
    async fn load(
        desk: &Desk,
        frame: &Frame<'_>,
        draft: SchemeDraft,
        refused: Option<(EditFields, String)>,
    ) -> Result<Self, PageError> {
        Ok(Self {
            by: draft_in_words(frame, &desk.store.staff().await?, &draft),
            draft,
            in_force: desk.store.scheme(),
            refused,
        })
    }

    /// Returns the words in a language that a form shows: what was typed into it if it was refused, or else `stored`.
    fn value<'a>(&'a self, act: &str, answer: &str, language: &str, stored: &'a str) -> &'a str {
        match &self.refused {
            Some((typed, _)) if typed.act == act && typed.answer == answer => match language {
                "sr" => &typed.sr,
                _ => &typed.en,
            },
            Some(_) | None => stored,
        }
    }

    fn mistake(&self) -> Option<&str> {
        self.refused.as_ref().map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "admin/scheme_draft.html")]
struct DraftPage<'a> {
    frame: Frame<'a>,
    editing: Editing,
    rows: Vec<DraftRow>,
    retired: Vec<DraftRow>,
}

/// A question in the list of the draft.
struct DraftRow {
    row: QuestionRow,
    /// Whether no version that was in force has the question.
    is_new: bool,
    /// Why the question cannot be retired, in words. `None` if it can be.
    essential: Option<String>,
}

impl DraftRow {
    fn new(words: &Words, editing: &Editing, question: &Question) -> Self {
        Self {
            row: QuestionRow::new(words, &editing.draft.scheme, question),
            is_new: editing.in_force.question(&question.id).is_none(),
            essential: question.essential().map(|fault| fault_in_words(words, fault)),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/scheme_question.html")]
struct QuestionPage<'a> {
    frame: Frame<'a>,
    editing: Editing,
    question: Question,
    row: DraftRow,
    /// The kinds of contact.
    kinds: Vec<KindChoice>,
    /// The rows of the return to Insafe: code and words. Empty if the question has no rows there.
    rows_of_insafe: Vec<(String, String)>,
}

/// A kind of contact in the form that limits a question to kinds.
struct KindChoice {
    code: String,
    text: String,
    is_listed: bool,
}

impl QuestionPage<'_> {
    fn is_kind(&self) -> bool {
        self.question.id == KIND
    }

    /// Returns whether only the words of the answers can be changed.
    fn is_fixed(&self) -> bool {
        self.question.id == URGENCY
    }

    fn audience(&self) -> &'static str {
        match self.question.audience() {
            Audience::All => "all",
            Audience::Only(_) => "only",
            Audience::Except(_) => "except",
        }
    }

    /// Returns whether no version that was in force has the answer.
    fn is_new(&self, answer: &SchemeAnswer) -> bool {
        let before = self.editing.in_force.question(&self.question.id);
        before.is_none_or(|before| before.answer(&answer.id).is_none())
    }

    fn is_counted_in(&self, answer: &SchemeAnswer, row: &str) -> bool {
        answer.insafe.as_deref() == Some(row)
    }

    fn retired(&self) -> Vec<&SchemeAnswer> {
        self.question
            .answers
            .iter()
            .filter(|answer| answer.retired)
            .collect()
    }
}

/// States which rule an edit or a draft breaks.
pub(super) fn fault_in_words(words: &Words, fault: SchemeFault) -> String {
    words.say(&format!("scheme-fault-{}", fault.as_str()))
}

/// `POST /desk/admin/scheme/draft` and the same path of the API: begins a draft, or returns the one that exists.
pub(crate) async fn begin(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<SchemeDraftJson>, PageError> {
    let draft = desk.store.begin_scheme_draft(&me).await?;
    let json = SchemeDraftJson::load(&desk, draft).await?;
    Ok(format.answer(json, LIST, Flash::SchemeDraftBegun))
}

/// `GET /desk/admin/scheme/draft` and the same path of the API: shows the draft.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<SchemeDraftJson>, PageError> {
    match (desk.store.scheme_draft().await?, format.is_json()) {
        (Some(draft), true) => Ok(Answer::Json(SchemeDraftJson::load(&desk, draft).await?)),
        (Some(draft), false) => Ok(Answer::Page(render_list(&desk, &jar, &me, draft, None).await?)),
        (None, true) => Err(PageError::NotFound),
        // The address may be that of a draft which a colleague has put into force.
        (None, false) => Ok(Answer::Page(Redirect::to("/desk/admin/scheme").into_response())),
    }
}

async fn render_list(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    draft: SchemeDraft,
    refused: Option<(EditFields, String)>,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, jar, me, "admin").await?;
    let editing = Editing::load(desk, &frame, draft, refused).await?;
    let rows = editing
        .draft
        .scheme
        .questions
        .iter()
        .map(|question| DraftRow::new(frame.words, &editing, question));
    let (retired, rows) = rows.partition(|one| one.row.is_retired);
    page(&DraftPage {
        rows,
        retired,
        editing,
        frame,
    })
}

/// The path parameter that identifies a question.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct QuestionPath {
    question: String,
}

/// `GET /desk/admin/scheme/questions/{question}`: shows the forms that change a question of the draft.
pub(crate) async fn show_question(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Path(path): Path<QuestionPath>,
) -> Result<Response, PageError> {
    let draft = desk.store.scheme_draft().await?.ok_or(PageError::NotFound)?;
    let question = draft.scheme.question(&path.question).cloned();
    let question = question.ok_or(PageError::NotFound)?;
    render_question(&desk, &jar, &me, draft, question, None).await
}

async fn render_question(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    draft: SchemeDraft,
    question: Question,
    refused: Option<(EditFields, String)>,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, jar, me, "admin").await?;
    let words = frame.words;
    let editing = Editing::load(desk, &frame, draft, refused).await?;
    let listed = match question.audience() {
        Audience::All => Vec::new(),
        Audience::Only(kinds) | Audience::Except(kinds) => kinds,
    };
    let kinds = editing
        .draft
        .scheme
        .question(KIND)
        .map(|kind| kind.answers.as_slice());
    // A retired kind stays in the list if it is chosen, so that saving the form does not change the question for earlier contacts.
    let kinds = kinds
        .unwrap_or_default()
        .iter()
        .filter(|kind| !kind.retired || listed.contains(&kind.id));
    let kinds = kinds.map(|kind| KindChoice {
        code: kind.id.clone(),
        text: kind.localized(words),
        is_listed: listed.contains(&kind.id),
    });
    let rows = rows_of_answers(&desk.store.returns(), &question.id).iter();
    page(&QuestionPage {
        row: DraftRow::new(words, &editing, &question),
        kinds: kinds.collect(),
        rows_of_insafe: rows.map(|row| (row.id.clone(), row.localized(words))).collect(),
        question,
        editing,
        frame,
    })
}

/// `POST /desk/admin/scheme/draft/edit` and the same path of the API: changes the draft. A form comes back to its place.
pub(crate) async fn edit(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    RepeatedFields(form): RepeatedFields<EditForm>,
) -> Result<Answer<SchemeDraftJson>, PageError> {
    let draft = current_draft(&desk).await?;
    let words = desk.words(&jar);
    let why = match draft.scheme.edited(&form.edit, &desk.store.scheme()) {
        Err(fault) if format.is_json() => return Err(PageError::Body(fault.to_string())),
        Err(fault) => fault_in_words(words, fault),
        Ok(scheme) => match desk.store.save_scheme_draft(&me, form.revision, &scheme).await {
            Ok(_) if format.is_json() => {
                let draft = current_draft(&desk).await?;
                return Ok(Answer::Json(SchemeDraftJson::load(&desk, draft).await?));
            }
            Ok(_) => {
                return Ok(Answer::redirect(
                    &place_of(&form.edit, &scheme),
                    Flash::SchemeDraftSaved,
                ));
            }
            Err(StoreError::Conflict(why @ Conflict::SchemeDraftChanged)) if !format.is_json() => {
                words.say(why.key())
            }
            Err(error) => return Err(error.into()),
        },
    };
    let question = form.edit.question().filter(|_| !is_in_list(&form.edit));
    let question = question
        .and_then(|question| draft.scheme.question(question))
        .cloned();
    let refused = Some((form.typed, why));
    let page = match question {
        Some(question) => render_question(&desk, &jar, &me, draft, question, refused).await?,
        None => render_list(&desk, &jar, &me, draft, refused).await?,
    };
    Ok(Answer::Page(
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
    ))
}

async fn current_draft(desk: &Desk) -> Result<SchemeDraft, PageError> {
    let draft = desk.store.scheme_draft().await?;
    draft.ok_or(PageError::Conflict(Conflict::NoSchemeDraft))
}

/// Returns whether the list of questions has the form of this edit.
const fn is_in_list(edit: &SchemeEdit) -> bool {
    matches!(
        edit,
        SchemeEdit::AddQuestion { .. }
            | SchemeEdit::MoveQuestion { .. }
            | SchemeEdit::RetireQuestion { .. }
            | SchemeEdit::RestoreQuestion { .. }
    )
}

/// Returns the address of the place at which an edit was made. An added question leads to its page.
fn place_of(edit: &SchemeEdit, edited: &Scheme) -> String {
    let page = |question: &str| format!("/desk/admin/scheme/questions/{question}");
    match edit {
        SchemeEdit::AddQuestion { .. } => {
            let added = edited.questions.last();
            added.map_or_else(|| LIST.to_owned(), |added| page(&added.id))
        }
        SchemeEdit::MoveQuestion { question, .. }
        | SchemeEdit::RetireQuestion { question }
        | SchemeEdit::RestoreQuestion { question } => format!("{LIST}#question-{question}"),
        SchemeEdit::RewordQuestion { question, .. } | SchemeEdit::AskQuestion { question, .. } => {
            page(question)
        }
        SchemeEdit::AddAnswer { question, .. } => format!("{}#add", page(question)),
        SchemeEdit::RewordAnswer { question, answer, .. }
        | SchemeEdit::MoveAnswer { question, answer, .. }
        | SchemeEdit::RestoreAnswer { question, answer }
        | SchemeEdit::CountAnswer { question, answer, .. } => format!("{}#answer-{answer}", page(question)),
        SchemeEdit::RetireAnswer { question, .. } => format!("{}#answers", page(question)),
    }
}

/// The draft to discard.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscardForm {
    /// The revision of the draft. If somebody changed the draft meanwhile, the request is refused.
    revision: i64,
}

/// `POST /desk/admin/scheme/draft/discard` and the same path of the API: discards the draft.
pub(crate) async fn discard(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(form): FormOrJson<DiscardForm>,
) -> Result<Confirmation, PageError> {
    desk.store.discard_scheme_draft(&me, form.revision).await?;
    Ok(format.confirm("/desk/admin/scheme", Flash::SchemeDraftDiscarded))
}
