//! Locking a file of a contact as suspected abuse material, and what the member of staff who locked it does next.

use axum::extract::Path;
use hotline_core::text::locale::Words;

use crate::{
    contact::{action::ContactAnswer, actions::SimpleAction},
    http::{extractors::IdPath, flash::Flash},
    state::Desk,
};

/// The number of steps that the program names after a file was locked.
const STEPS: usize = 5;

/// `POST …/contacts/{reference}/attachments/{id}/lock`: locks a file.
pub(crate) async fn lock(Path(path): Path<IdPath>, action: SimpleAction) -> ContactAnswer {
    let store = &action.desk.store;
    store.lock_file(&action.me, action.reference, path.id).await?;
    action.respond(&action.form.view, Flash::FileLocked).await
}

/// Returns what the member of staff does next who locked a file: the steps of the settings or, without any, those of the program.
pub(crate) fn checklist(desk: &Desk, words: &Words) -> Vec<String> {
    let own = &desk.store.abuse_material_settings().checklist;
    if own.is_empty() {
        (1..=STEPS)
            .map(|step| words.say(&format!("lock-step-{step}")))
            .collect()
    } else {
        own.clone()
    }
}
