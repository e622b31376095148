//! Duty, breaks, offers and the next contact (`/desk/duty`, `/desk/break`, `/desk/contacts/next`).

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::{action::ContactAction, actions::SimpleAction},
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{FormOrJson, ResponseFormat, ReturnTo},
        flash::Flash,
    },
    state::Desk,
};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Switch {
    /// Whether the switch is on.
    on: bool,
}

pub(crate) async fn set_duty(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(switch): FormOrJson<Switch>,
) -> Result<Confirmation, PageError> {
    desk.store.set_on_duty(&me, switch.on).await?;
    let flash = if switch.on { Flash::OnDuty } else { Flash::OffDuty };
    Ok(format.confirm("/desk/inbox", flash))
}

pub(crate) async fn set_break(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(switch): FormOrJson<Switch>,
) -> Result<Confirmation, PageError> {
    desk.store.set_break(&me, switch.on).await?;
    let flash = if switch.on {
        Flash::BreakBegun
    } else {
        Flash::BreakEnded
    };
    Ok(format.confirm("/desk/inbox", flash))
}

/// The next contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NextJson {
    /// The reference of the contact that is now assigned to you. `null`: no contact waits that you can take.
    reference: Option<String>,
}

pub(crate) async fn take_next(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(_): FormOrJson<ReturnTo>,
) -> Result<Answer<NextJson>, PageError> {
    let reference = desk
        .store
        .take_next(&me)
        .await?
        .map(|reference| reference.to_string());
    let flash = if reference.is_some() {
        Flash::NextTaken
    } else {
        Flash::NoneToTake
    };
    let page = reference.as_ref().map_or_else(
        || "/desk/inbox?view=unassigned".to_owned(),
        |reference| format!("/desk/contacts/{reference}?view=mine"),
    );
    Ok(format.answer(NextJson { reference }, &page, flash))
}

pub(crate) async fn decline(action: SimpleAction) -> Result<Confirmation, PageError> {
    let ContactAction {
        desk,
        me,
        format,
        reference,
        ..
    } = action;
    desk.store.decline(&me, reference).await?;
    Ok(format.confirm("/desk/inbox", Flash::OfferDeclined))
}
