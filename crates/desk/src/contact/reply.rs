//! Drafts, replies and notes of a contact, and the presence of colleagues who have the contact open.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hotline_store::{
    contacts::{drafts::DraftKind, reply::NewReply},
    error::{Conflict, StoreError},
    memory::presence::Doing,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    contact::{files::Reply, open::parsed},
    http::{
        access::Who,
        errors::PageError,
        extractors::{Back, FormOrJson, ResponseFormat},
    },
    state::Desk,
};

pub(crate) async fn reply(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    reply: Reply,
) -> Result<Response, PageError> {
    let number = parsed(&reference)?;
    let id = reply.id.unwrap_or_else(|| desk.new_id());
    let seen = reply.seen.filter(|_| !reply.anyway);
    let new = NewReply {
        id,
        text: reply.text.clone(),
        files: reply.files,
        to: reply.to.filter(|to| !to.is_empty()),
        seen,
    };
    let written = desk.store.reply(&me, number, new).await;
    if let Err(StoreError::Conflict(Conflict::NotSeen)) = &written {
        // Saves the text as a draft, so that the next page shows the text again.
        let seen = seen.unwrap_or_default();
        desk.store
            .keep_draft(&me, number, DraftKind::Reply, &reply.text, seen, None)
            .await?;
    }
    written?;
    if program.0 {
        return Ok(Json(json!({ "id": id })).into_response());
    }
    program.then(&desk, &me, &reference, &reply.view).await
}

/// An internal note.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Note {
    /// Makes the request idempotent: repeated requests with the same id add the note only once.
    id: Option<Uuid>,
    text: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn note(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(note): FormOrJson<Note>,
) -> Result<Response, PageError> {
    let id = note.id.unwrap_or_else(|| desk.new_id());
    desk.store.note(&me, parsed(&reference)?, id, &note.text).await?;
    if program.0 {
        return Ok(Json(json!({ "id": id })).into_response());
    }
    program.then(&desk, &me, &reference, &note.view).await
}

/// A draft to store.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Draft {
    /// `reply` or `note`.
    #[schemars(with = "String", extend("enum" = ["reply", "note"]))]
    kind: DraftKind,
    text: String,
    #[serde(default)]
    seen: i64,
    /// The id of the reply or note that the draft becomes. Once that reply or note exists, its draft is discarded.
    id: Option<Uuid>,
}

pub(crate) async fn draft(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    FormOrJson(draft): FormOrJson<Draft>,
) -> Result<StatusCode, PageError> {
    desk.store
        .keep_draft(
            &me,
            parsed(&reference)?,
            draft.kind,
            &draft.text,
            draft.seen,
            draft.id,
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The presence of a colleague at a contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Here {
    /// `reading`, `writing` or `gone`.
    #[schemars(extend("enum" = ["reading", "writing", "gone"]))]
    doing: String,
}

pub(crate) async fn here(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    FormOrJson(here): FormOrJson<Here>,
) -> Result<StatusCode, PageError> {
    let doing = Doing::parse(&here.doing).ok_or(PageError::Bad("error-form"))?;
    desk.store.is_at(&me, parsed(&reference)?, doing).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn undo(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((reference, id)): Path<(String, Uuid)>,
    FormOrJson(to): FormOrJson<Back>,
) -> Result<Response, PageError> {
    desk.store.undo(&me, parsed(&reference)?, id).await?;
    program.then(&desk, &me, &reference, &to.view).await
}
