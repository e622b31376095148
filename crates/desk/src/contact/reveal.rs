//! Reveals the masked identity of the person in a contact.

use hotline_core::masking::RevealReason;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    contact::action::{ContactAction, ContactAnswer},
    http::{errors::PageError, extractors::FormOrJson, flash::Flash},
};

/// The reason for revealing an identity.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RevealForm {
    /// Why the identity is needed.
    reason: RevealReason,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

/// `POST …/contacts/{reference}/reveal`: shows the identifier and the name to this member of staff for 15 minutes.
pub(crate) async fn reveal(action: ContactAction<FormOrJson<RevealForm>>) -> ContactAnswer {
    let (store, FormOrJson(form)) = (&action.desk.store, &action.form);
    if !store.masking_settings().may_reveal(action.me.role) {
        return Err(PageError::MayNot);
    }
    store.reveal(&action.me, action.reference, form.reason).await?;
    action.respond(&form.view, Flash::IdentityRevealed).await
}
