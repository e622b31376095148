//! Reveals the masked identity of the person in a contact.

use hotline_core::{identifiers::private::Private, masking::RevealReason};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    account::factors::authenticate_again,
    contact::action::{ContactAction, ContactAnswer},
    http::{errors::PageError, extractors::FormOrJson, flash::Flash},
};

/// The reason for revealing an identity.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RevealForm {
    /// Why the identity is needed.
    reason: RevealReason,
    /// The password of the account, typed again. Not needed if `masking.reauthenticate` is off.
    #[serde(default)]
    #[schemars(with = "String")]
    password: Private<String>,
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
    if store.masking_settings().reauthenticate
        && authenticate_again(&action.desk, &action.me, &form.password)
            .await?
            .is_none()
    {
        return Err(PageError::Bad("error-password-again"));
    }
    store.reveal(&action.me, action.reference, form.reason).await?;
    action.respond(&form.view, Flash::IdentityRevealed).await
}
