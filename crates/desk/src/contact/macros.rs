//! Macros: canned replies that also classify, close, snooze or hand over the contact, or write a note. A page previews a macro before it is
//! applied.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use hotline_core::{
    contact::classification::Answers,
    identifiers::reference::Reference,
    staff::rights::Right,
    text::locale::{Language, Words},
    time::local::NamedTime,
};
use hotline_store::{
    contacts::{assignment::Recipient, detail::ContactDetail, drafts::DraftKind, reply::NewReply},
    db::values::MacroEnding,
    error::{Conflict, StoreError},
    staff::{
        accounts::StaffMember,
        canned::{Canned, CannedContent},
    },
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
        extractors::{Cookies, FormOrJson, IdPath},
        flash::Flash,
        page::{Frame, page},
    },
    state::Desk,
};

/// Makes the id of the note of a macro from the id of its reply.
const NOTE: u128 = 1 << 61;

#[derive(Template)]
#[template(path = "contact/macro.html")]
struct MacroPage<'a> {
    frame: Frame<'a>,
    one: Canned,
    open: ContactDetail,
    view: String,
    text: String,
    steps: Vec<String>,
    /// The labels of the questions without which the macro cannot close the contact.
    missing: Vec<String>,
    reply_id: Uuid,
}

/// Returns the labels of the questions that the macro would leave unanswered, if it closes the contact.
fn missing_answers(desk: &Desk, words: &Words, one: &Canned, open: &ContactDetail) -> Vec<String> {
    if one.content.ending != Some(MacroEnding::Close) || !desk.store.requires_wrap_up() {
        return Vec::new();
    }
    let mut answers = open.record.answers.clone();
    answers.extend(one.content.answers.clone());
    let scheme = desk.store.scheme();
    let missing = scheme.missing(&answers).into_iter();
    missing.map(|question| question.label.localized(words)).collect()
}

/// A contact and a macro.
#[derive(Deserialize)]
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
    let open = find_contact(&desk, &me, parse_reference(&path.reference)?).await?;
    let one = desk.store.canned_reply(&me, path.id).await?;
    page(&MacroPage {
        frame: Frame::new(&desk, &jar, &me, "canned").await?,
        text: text_for(&desk, &one, &open, &me),
        steps: steps(desk.words(&jar), &desk.store.scheme(), &one.content),
        missing: missing_answers(&desk, desk.words(&jar), &one, &open),
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
    /// When the macro that the writer has seen was last changed, in microseconds since 1970. The request is refused if the macro was
    /// changed since.
    changed: Option<i64>,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

/// Returns an error if the macro was changed after it was previewed.
pub(crate) fn check_unchanged(one: &Canned, previewed: Option<i64>) -> Result<(), PageError> {
    let changed = one.changed_at.timestamp_micros();
    if previewed.is_some_and(|previewed| previewed != changed) {
        return Err(PageError::Conflict(Conflict::Changed));
    }
    Ok(())
}

pub(crate) async fn apply(
    Path(path): Path<IdPath>,
    action: ContactAction<FormOrJson<MacroForm>>,
) -> ContactAnswer {
    let (desk, me, FormOrJson(form)) = (&action.desk, &action.me, &action.form);
    let one = desk.store.canned_reply(me, path.id).await?;
    check_unchanged(&one, form.changed)?;
    let text = match &form.text {
        Some(text) => text.clone(),
        None => text_for(desk, &one, &find_contact(desk, me, action.reference).await?, me),
    };
    let reply = NewReply {
        id: form.reply_id.unwrap_or_else(|| desk.new_id()),
        text: text.clone(),
        seen: form.seen,
        ..NewReply::default()
    };
    let applied = carry_out(desk, me, action.reference, &one, reply).await;
    if let Err(StoreError::Conflict(Conflict::NotSeen)) = &applied
        && !text.trim().is_empty()
    {
        // The text is kept as a draft, so that the contact's page shows it together with the new message.
        let seen = form.seen.unwrap_or_default();
        desk.store
            .keep_draft(me, action.reference, DraftKind::Reply, &text, seen, None)
            .await?;
    }
    applied?;
    action.respond(&form.view, Flash::MacroApplied).await
}

/// Applies a macro to one of several contacts, with its text in the person's language.
///
/// `request_id` and `seen` come from the page that previewed the macro, or from the program. The same request sends each reply only once.
pub(crate) async fn apply_as_written(
    desk: &Desk,
    me: &StaffMember,
    one: &Canned,
    reference: Reference,
    request_id: Uuid,
    seen: Option<i64>,
) -> Result<(), StoreError> {
    let open = find(desk, reference).await?;
    let reply = NewReply {
        // Different for each contact, and equal when the request is repeated.
        id: Uuid::from_u128(request_id.as_u128() ^ u128::from(reference.number())),
        text: text_for(desk, one, &open, me),
        seen: seen.or(Some(open.newest)),
        ..NewReply::default()
    };
    carry_out(desk, me, reference, one, reply).await
}

async fn find(desk: &Desk, reference: Reference) -> Result<ContactDetail, StoreError> {
    let found = desk.store.contact(reference).await?;
    found.ok_or(StoreError::NotFound("contact"))
}

/// Carries out the steps of a macro: it classifies the contact, sends the reply, writes the note, and then closes, snoozes or hands over
/// the contact. Nothing is written if the later steps could not follow. A repeated request with the same id of the reply sends and writes
/// nothing again.
async fn carry_out(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
    one: &Canned,
    mut reply: NewReply,
) -> Result<(), StoreError> {
    let store = &desk.store;
    let note_id = Uuid::from_u128(reply.id.as_u128() ^ NOTE);
    let before = find(desk, reference).await?;
    if let Some(place) = before.messages.iter().position(|message| message.id == reply.id) {
        // The reply was sent by an earlier request. What the person has written since then must not be closed unread.
        let mut later = before.messages.iter().skip(place + 1);
        let is_last = later.all(|message| message.id == note_id);
        return if is_last {
            finish(desk, me, reference, one, note_id).await
        } else {
            Ok(())
        };
    }
    if reply.seen.is_some_and(|seen| before.newest > seen) {
        return Err(StoreError::Conflict(Conflict::NotSeen));
    }
    if one.content.ending == Some(MacroEnding::HandOver) && !store.teams().await?.contains(&one.content.team)
    {
        return Err(StoreError::Conflict(Conflict::NoTeam));
    }
    let answers = merge(before.record.answers, &one.content.answers);
    let closes = one.content.ending == Some(MacroEnding::Close);
    if closes && store.requires_wrap_up() && !store.scheme().missing(&answers).is_empty() {
        return Err(StoreError::Conflict(Conflict::NotWrappedUp));
    }
    if !one.content.answers.is_empty() {
        store.wrap_up(me, reference, answers, false, None).await?;
    }
    let classified = find(desk, reference).await?;
    if classified.messages.len() != before.messages.len() {
        return Err(StoreError::Conflict(Conflict::NotSeen));
    }
    if !reply.text.trim().is_empty() {
        // The classification above is a newer event, which the writer need not have seen.
        reply.seen = Some(classified.newest);
        store.reply(me, reference, reply).await?;
    }
    finish(desk, me, reference, one, note_id).await
}

/// Writes the note and carries out the last step of a macro. Does nothing that an earlier request has done.
async fn finish(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
    one: &Canned,
    note_id: Uuid,
) -> Result<(), StoreError> {
    if !one.content.note.is_empty() {
        desk.store.note(me, reference, note_id, &one.content.note).await?;
    }
    let until = match one.content.ending {
        None => return Ok(()),
        Some(MacroEnding::Close) => {
            return match desk.store.close(me, reference, None).await {
                Err(StoreError::Conflict(Conflict::DoneAlready)) => Ok(()),
                closed => closed,
            };
        }
        Some(MacroEnding::HandOver) => return hand_over(desk, me, reference, &one.content).await,
        Some(MacroEnding::SnoozeTomorrow) => NamedTime::Tomorrow,
        Some(MacroEnding::SnoozeMonday) => NamedTime::Monday,
    };
    let until = until.after(desk.clock.now(), desk.centre.time_zone);
    desk.store.snooze(me, reference, Some(until)).await
}

/// Hands the contact over to the team of the macro. Does nothing if the contact already waits for the team.
async fn hand_over(
    desk: &Desk,
    me: &StaffMember,
    reference: Reference,
    content: &CannedContent,
) -> Result<(), StoreError> {
    let open = find(desk, reference).await?;
    if open.assignee.is_none() && open.team.as_ref() == Some(&content.team) {
        return Ok(());
    }
    let team = Recipient::Team(content.team.clone());
    desk.store.hand_over(me, reference, &team, "").await
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
