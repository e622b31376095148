//! Macros: canned replies that also classify, close or snooze the contact. A page previews a macro before it is applied.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use hotline_core::{
    contact::classification::Answers, identifiers::reference::Reference, staff::rights::Right,
    text::locale::Language, time::local::NamedTime,
};
use hotline_store::{
    contacts::{detail::ContactDetail, reply::NewReply},
    db::values::MacroEnding,
    error::StoreError,
    staff::{accounts::StaffMember, canned::Canned},
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    contact::{
        action::{ContactAction, ContactAnswer},
        canned::{filled, steps},
        open::{find_contact, parse_reference},
    },
    http::{
        access::Who,
        errors::PageError,
        extractors::{Cookies, FormOrJson},
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "contact/macro.html")]
struct MacroPage<'a> {
    frame: Frame<'a>,
    one: Canned,
    open: ContactDetail,
    view: String,
    text: String,
    steps: Vec<String>,
    reply_id: Uuid,
}

/// A contact and a macro.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct MacroPath {
    /// The reference of the contact.
    reference: String,
    /// The id of the macro.
    id: Uuid,
}

#[derive(Deserialize)]
pub(crate) struct MacroQuery {
    #[serde(default)]
    view: String,
}

/// `GET /desk/contacts/{reference}/macros/{id}`: shows what the macro would do.
pub(crate) async fn preview(
    State(desk): State<Desk>,
    Who(me): Who,
    Cookies(jar): Cookies,
    Path(path): Path<MacroPath>,
    Query(query): Query<MacroQuery>,
) -> Result<Response, PageError> {
    let open = find_contact(&desk, parse_reference(&path.reference)?).await?;
    let one = desk.store.canned_reply(&me, path.id).await?;
    page(&MacroPage {
        frame: Frame::new(&desk, desk.words(&jar), &me, "canned").await?,
        text: text_for(&desk, &one, &open, &me),
        steps: steps(desk.words(&jar), desk.store.scheme(), &one.content),
        reply_id: desk.new_id(),
        view: query.view,
        one,
        open,
    })
}

/// Applies a macro to a contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct MacroForm {
    /// The text of the reply. If omitted, the text of the macro in the person's language. If empty, no reply is sent.
    text: Option<String>,
    /// Makes the request idempotent: repeated requests with the same id send the reply only once.
    reply_id: Option<Uuid>,
    /// The value of the contact's field `newest` that the writer has seen. The reply is refused if there are newer events.
    seen: Option<i64>,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn apply(
    Path(path): Path<MacroPath>,
    action: ContactAction<FormOrJson<MacroForm>>,
) -> ContactAnswer {
    let (desk, me, FormOrJson(form)) = (&action.desk, &action.me, &action.form);
    let one = desk.store.canned_reply(me, path.id).await?;
    let text = match &form.text {
        Some(text) => text.clone(),
        None => text_for(desk, &one, &find_contact(desk, action.reference).await?, me),
    };
    let reply = NewReply {
        id: form.reply_id.unwrap_or_else(|| desk.new_id()),
        text,
        seen: form.seen,
        ..NewReply::default()
    };
    carry_out(desk, me, action.reference, &one, reply).await?;
    action.respond(&form.view).await
}

/// Applies a macro to a contact without a preview, with its text in the person's language.
pub(crate) async fn apply_as_written(
    desk: &Desk,
    me: &StaffMember,
    one: &Canned,
    reference: Reference,
) -> Result<bool, StoreError> {
    let Some(open) = desk.store.contact(reference).await? else {
        return Err(StoreError::NotFound("contact"));
    };
    let reply = NewReply {
        id: desk.new_id(),
        text: text_for(desk, one, &open, me),
        seen: Some(open.newest),
        ..NewReply::default()
    };
    carry_out(desk, me, reference, one, reply).await?;
    Ok(true)
}

/// Carries out the steps of a macro in their order. If a step is refused, the later steps are left out, and the history shows the steps
/// that were carried out.
async fn carry_out(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
    one: &Canned,
    reply: NewReply,
) -> Result<(), StoreError> {
    let store = &desk.store;
    if !reply.text.trim().is_empty() {
        store.reply(me, reference, reply).await?;
    }
    let closes = one.content.ending == Some(MacroEnding::Close);
    if closes || !one.content.answers.is_empty() {
        let Some(open) = store.contact(reference).await? else {
            return Err(StoreError::NotFound("contact"));
        };
        let answers = merge(open.record.answers, &one.content.answers);
        store.wrap_up(me, reference, answers, closes, None).await?;
    }
    let until = match one.content.ending {
        Some(MacroEnding::SnoozeTomorrow) => NamedTime::Tomorrow,
        Some(MacroEnding::SnoozeMonday) => NamedTime::Monday,
        Some(MacroEnding::Close) | None => return Ok(()),
    };
    let until = until.after(desk.clock.now(), desk.centre.time_zone);
    store.snooze(me, reference, Some(until)).await
}

/// Returns the answers so far, with the answers of the macro in place of earlier answers to the same questions.
fn merge(so_far: Answers, of_macro: &Answers) -> Answers {
    let mut answers = so_far;
    answers.extend(of_macro.clone());
    answers
}

/// Returns the text of the macro in the person's language.
pub(crate) fn text_for(desk: &Desk, one: &Canned, open: &ContactDetail, me: &StaffMember) -> String {
    let words = desk.locales.of(open.language.unwrap_or(desk.centre.language));
    filled(desk, words, one, open, me)
}
