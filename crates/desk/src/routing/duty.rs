//! Duty, breaks, offers and the next contact (`/desk/duty`, `/desk/break`, `/desk/contacts/next`).

use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::{action::ContactAction, actions::SimpleAction},
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{FormOrJson, IdPath, NoBody, ResponseFormat, ReturnTo},
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

/// `POST …/talk`: notes that the member of staff wants a talk with a supervisor, or wants none any more.
pub(crate) async fn want_talk(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(switch): FormOrJson<Switch>,
) -> Result<Confirmation, PageError> {
    desk.store.want_talk(&me, switch.on).await?;
    let flash = match switch.on {
        true => Flash::TalkWanted,
        false => Flash::TalkNotWanted,
    };
    Ok(format.confirm("/desk/inbox", flash))
}

/// `POST …/routing/talks/{id}`: notes that a supervisor talked with a colleague.
pub(crate) async fn note_talk(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    desk.store.note_talk(&me, id).await?;
    Ok(format.confirm("/desk/routing", Flash::TalkNoted))
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
