//! Drafts, replies and notes of a contact, and the presence of colleagues who have the contact open.

use axum::{
    extract::Path,
    response::{IntoResponse, NoContent},
};
use hotline_store::{
    contacts::{drafts::DraftKind, reply::NewReply},
    error::{Conflict, StoreError},
    memory::presence::Activity,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    contact::{
        action::{ContactAction, ContactAnswer},
        actions::SimpleAction,
        attachments::refuse_malware,
        files::ReplyForm,
    },
    http::{
        answers::{Answer, IdJson},
        errors::PageError,
        extractors::{FormOrJson, IdPath},
        flash::Flash,
    },
};

impl<Body> ContactAction<Body> {
    /// Returns the response to writing a reply or note. An API request gets the id of the reply or note, and a form gets a redirect to the
    /// contact's page.
    async fn respond_with_id(&self, id: Uuid, view: &str, flash: Flash) -> Result<Answer<IdJson>, PageError> {
        if self.format.is_json() {
            return Ok(Answer::Json(IdJson { id }));
        }
        let page = self.respond(view, flash).await?;
        Ok(Answer::Page(page.into_response()))
    }
}

pub(crate) async fn reply(mut action: ContactAction<ReplyForm>) -> Result<Answer<IdJson>, PageError> {
    let files = std::mem::take(&mut action.form.files);
    let object = action.reference.to_string();
    let (store, form) = (&action.desk.store, &action.form);
    for file in &files {
        if let Err(refused) = refuse_malware(&action.desk, &action.me, &object, &file.bytes).await {
            // The page shows the text again, without the file.
            let seen = form.seen.unwrap_or_default();
            let draft = DraftKind::Reply;
            store
                .keep_draft(&action.me, action.reference, draft, &form.text, seen, None)
                .await?;
            return Err(refused);
        }
    }
    let id = form.id.unwrap_or_else(|| action.desk.new_id());
    let seen = form.seen.filter(|_| !form.anyway);
    let new = NewReply {
        id,
        text: form.text.clone(),
        files,
        to: form.to.clone().filter(|to| !to.is_empty()),
        seen,
    };
    let written = store.reply(&action.me, action.reference, new).await;
    if let Err(StoreError::Conflict(Conflict::NotSeen)) = &written {
        // The reply was refused because the contact has events that the writer had not seen. The text is saved as a draft, so that the
        // contact's page shows it again.
        let seen = seen.unwrap_or_default();
        store
            .keep_draft(
                &action.me,
                action.reference,
                DraftKind::Reply,
                &form.text,
                seen,
                None,
            )
            .await?;
    }
    written?;
    action.respond_with_id(id, &form.view, Flash::ReplyQueued).await
}

/// An internal note.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NoteForm {
    /// Makes the request idempotent: repeated requests with the same id add the note only once.
    id: Option<Uuid>,
    text: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn note(action: ContactAction<FormOrJson<NoteForm>>) -> Result<Answer<IdJson>, PageError> {
    let (desk, form) = (&action.desk, &action.form);
    let id = form.id.unwrap_or_else(|| desk.new_id());
    desk.store
        .note(&action.me, action.reference, id, &form.text)
        .await?;
    action.respond_with_id(id, &form.view, Flash::NoteSaved).await
}

/// A draft to store.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DraftForm {
    /// The kind of draft: `reply` or `note`.
    #[schemars(with = "String", extend("enum" = ["reply", "note"]))]
    kind: DraftKind,
    text: String,
    /// The value of the contact's field `newest` when the writer began the draft. The value is stored with the draft, so that the page can
    /// warn about newer events.
    #[serde(default)]
    seen: i64,
    /// The id that the finished reply or note will have. If a reply or note with this id already exists and begins with `text`, the draft
    /// arrived too late and is discarded.
    id: Option<Uuid>,
}

pub(crate) async fn keep_draft(action: ContactAction<FormOrJson<DraftForm>>) -> Result<NoContent, PageError> {
    let (store, form) = (&action.desk.store, &action.form);
    store
        .keep_draft(
            &action.me,
            action.reference,
            form.kind,
            &form.text,
            form.seen,
            form.id,
        )
        .await?;
    Ok(NoContent)
}

/// What a member of staff is doing at a contact. The contact's page reports this every five seconds, so that colleagues see it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PresenceForm {
    /// The activity: `reading`, `writing`, or `gone` after leaving the contact.
    #[schemars(extend("enum" = ["reading", "writing", "gone"]))]
    doing: String,
}

pub(crate) async fn report_presence(
    action: ContactAction<FormOrJson<PresenceForm>>,
) -> Result<NoContent, PageError> {
    let doing = Activity::parse(&action.form.doing).ok_or(PageError::Bad("error-form"))?;
    let store = &action.desk.store;
    store.report_presence(&action.me, action.reference, doing).await?;
    Ok(NoContent)
}

pub(crate) async fn undo(Path(path): Path<IdPath>, action: SimpleAction) -> ContactAnswer {
    let store = &action.desk.store;
    store.undo(&action.me, action.reference, path.id).await?;
    action.respond(&action.form.view, Flash::ReplyTakenBack).await
}
