//! The same as JSON.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use hotline_core::{locale::Language, rights::Role};
use hotline_store::{
    attachments::Attachment,
    drafts::DraftKind,
    inbox::{Place, Row, View},
    opened::Opened,
    passwords::Device,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    access::{Who, token},
    action::Sent,
    cases::Nothing,
    desk::Desk,
    error::PageError,
    inbox::{Chosen, looks, opened},
    login::{Typed, try_log_in},
};

type Answer<T = Value> = Result<Json<T>, PageError>;

#[derive(Serialize)]
pub(crate) struct Session {
    /// For `Authorization: Bearer`.
    token: String,
    name: String,
    role: Role,
}

pub(crate) async fn log_in(State(desk): State<Desk>, Sent(typed): Sent<Typed>) -> Answer<Session> {
    let (person, session) = try_log_in(&desk, &typed, Device::Unknown)
        .await?
        .ok_or(PageError::WrongLogIn)?;
    Ok(Json(Session {
        token: session.expose().to_owned(),
        name: person.name,
        role: person.role,
    }))
}

pub(crate) async fn log_out(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Sent(_): Sent<Nothing>,
) -> Result<StatusCode, PageError> {
    if let Some(token) = token(&desk, &headers) {
        desk.store.log_out(&token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Asked {
    view: Option<String>,
    after: Option<String>,
    /// Rows of a page: 1 to 200.
    size: Option<String>,
    #[serde(flatten)]
    filter: Chosen,
}

pub(crate) async fn inbox(State(desk): State<Desk>, Who(me): Who, Query(asked): Query<Asked>) -> Answer {
    let view = match asked.view.as_deref() {
        Some(name) => View::parse(name).ok_or(PageError::Bad("error-view"))?,
        None => View::All,
    };
    let after = asked.after.as_deref().and_then(Place::parse);
    let size = asked.size.and_then(|size| size.parse().ok()).unwrap_or(200u64);
    let size = size.clamp(1, 200);
    let page = desk
        .store
        .inbox(view, &asked.filter.read(), me.id, after, size)
        .await?;
    let contacts: Vec<Value> = page.rows.iter().map(row).collect();
    Ok(Json(
        json!({ "contacts": contacts, "next": page.next.map(Place::to_text) }),
    ))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Looked {
    /// Words, their beginnings, "phrases", a reference or a whole identifier.
    #[serde(default)]
    q: String,
}

/// `GET /api/v1/colleagues`
pub(crate) async fn colleagues(State(desk): State<Desk>) -> Answer {
    let all = desk.store.colleagues().await?;
    let all = all
        .iter()
        .map(|one| json!({ "id": one.id, "name": one.name, "on_duty": one.on_duty, "team": one.team }));
    Ok(Json(json!({ "colleagues": all.collect::<Vec<_>>() })))
}

/// `POST /api/v1/search`: what is looked for may be a name, and addresses are written down along the way.
pub(crate) async fn search(State(desk): State<Desk>, Who(me): Who, Sent(looked): Sent<Looked>) -> Answer {
    looks(&desk, &me, &looked.q).await?;
    let found = desk.store.find(&looked.q, 100).await?;
    let contacts = found.rows.iter().map(|(found, round)| {
        let mut row = row(found);
        if let Some(fields) = row.as_object_mut() {
            fields.insert("found".to_owned(), json!(round));
        }
        row
    });
    Ok(Json(json!({
        "contacts": contacts.collect::<Vec<_>>(),
        "more": found.more,
        "read_so_far": found.so_far,
    })))
}

fn row(row: &Row) -> Value {
    json!({
        "reference": row.reference.to_string(),
        "line": row.line,
        "channel": row.channel,
        "status": row.status,
        "undelivered": row.undelivered,
        "marking": row.marking,
        "holder": row.holder,
        "team": row.team,
        "handed_by": row.handed_by,
        "urgency": row.urgency,
        "snoozed_until": row.snoozed_until,
        "waiting_since": row.waiting_since,
        "last_in_at": row.last_in_at,
        "subject": row.card.as_ref().and_then(|card| card.subject.clone()),
        "first_words": row.card.as_ref().map(|card| card.first_words.clone()),
    })
}

pub(crate) async fn contact(State(desk): State<Desk>, Who(me): Who, Path(reference): Path<String>) -> Answer {
    let found = opened(&desk, &me, &reference).await?;
    let mut whole = whole(&desk, &found);
    let draft = desk.store.draft(me.id, found.reference, DraftKind::Reply).await?;
    let noting = desk.store.draft(me.id, found.reference, DraftKind::Note).await?;
    let followed = desk.store.is_followed(me.id, found.id).await?;
    let present = desk.store.present(found.id, me.id).await?;
    let present: Vec<_> = present
        .iter()
        .map(|one| json!({ "name": one.name, "writing": one.writing }))
        .collect();
    if let Some(fields) = whole.as_object_mut() {
        fields.insert("draft".to_owned(), json!(draft));
        fields.insert("note_draft".to_owned(), json!(noting));
        fields.insert("followed".to_owned(), json!(followed));
        fields.insert("present".to_owned(), json!(present));
    }
    Ok(Json(whole))
}

/// A contact, whole.
pub(crate) fn whole(desk: &Desk, contact: &Opened) -> Value {
    let words = desk.locales.of(Language::En);
    let messages: Vec<Value> = contact
        .messages
        .iter()
        .map(|message| {
            let deliveries: Vec<Value> = message
                .deliveries
                .iter()
                .map(|one| {
                    let said = one.said.as_ref().map(|said| said.said(words));
                    json!({ "line": one.line, "state": one.state, "said": said, "sent_at": one.sent_at, "leaves_at": one.leaves_at, "under_way": one.under_way })
                })
                .collect();
            let versions: Vec<Value> = message
                .versions
                .iter()
                .map(|one| {
                    json!({
                        "at": one.at,
                        "text": one.body.as_ref().map(|body| &body.text),
                        "attachments": attachments(&one.attachments),
                    })
                })
                .collect();
            json!({
                "id": message.id,
                "direction": message.direction,
                "author": message.author,
                "at": message.at,
                "claimed_at": message.claimed(),
                "text": message.body.as_ref().map(|body| &body.text),
                "quoted": message.body.as_ref().map(|body| &body.quoted),
                "url": message.body.as_ref().and_then(|body| body.url.as_ref()),
                "from": message.body.as_ref().and_then(|body| body.from.as_ref()),
                "answer_to": message.body.as_ref().and_then(|body| body.answer_to.as_ref()),
                "remarks": message.body.as_ref().map(|body| &body.remarks),
                "attachments": attachments(&message.attachments),
                "has_source": message.has_source,
                "edited_at": message.body.as_ref().and_then(|body| body.edited_at),
                "versions": versions,
                "deliveries": deliveries,
            })
        })
        .collect();
    let others: Vec<String> = contact
        .others
        .iter()
        .map(|other| other.reference.to_string())
        .collect();
    let history = contact.history.iter().map(
        |event| json!({ "at": event.at, "actor": event.actor, "kind": event.kind, "detail": event.detail }),
    );
    let mut whole = json!({
        "reference": contact.reference.to_string(),
        "line": contact.line,
        "channel": contact.channel,
        "status": contact.status,
        "marking": contact.marking,
        "asks": contact.asks,
        "language": contact.language,
        "day": contact.day,
        "waiting_since": contact.waiting_since,
        "urgency": contact.urgency,
        "snoozed_until": contact.snoozed_until,
        "asked_by": contact.asked_by.iter().map(|(_, name)| name).collect::<Vec<_>>(),
        "newest": contact.newest,
        "holder": contact.holder.as_ref().map(|(_, name)| name),
        "team": contact.team,
        "blocked_until": contact.blocked_until,
        "identifier": contact.card.as_ref().and_then(|card| card.identifier.as_ref()),
        "answer_to": contact.card.as_ref().and_then(|card| card.answered_at()),
        "other_addresses": contact.card.as_ref().map(|card| &card.offered),
        "name": contact.card.as_ref().and_then(|card| card.name.as_ref()),
        "subject": contact.card.as_ref().and_then(|card| card.subject.as_ref()),
        "refers_to": contact.refers_to.map(|reference| reference.to_string()),
        "others": others,
        "linked": contact.linked.iter().map(|(other, _)| other.to_string()).collect::<Vec<_>>(),
        "events": contact.events.iter().map(|event| event.id).collect::<Vec<_>>(),
        "cases": contact.cases.iter().map(|case| case.id).collect::<Vec<_>>(),
        "record": contact.record.answers,
        "missing": contact.record.missing,
        "messages": messages,
        "history": history.collect::<Vec<_>>(),
    });
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), surroundings(contact)) {
        whole.extend(more);
    }
    whole
}

/// Where answers go, and what is around a contact.
fn surroundings(contact: &Opened) -> Value {
    let card = contact.card.as_ref();
    let others = contact.others.iter().map(|other| {
        json!({ "reference": other.reference.to_string(), "opened_at": other.opened_at, "status": other.status })
    });
    let linked = contact
        .linked
        .iter()
        .map(|(other, status)| json!({ "reference": other.to_string(), "status": status }));
    let outreach = contact.events.iter().map(|event| {
        json!({
            "id": event.id, "kind": event.said.kind.as_str(), "state": event.said.state.as_str(), "day": event.said.day,
        })
    });
    let cases = contact.cases.iter().map(|case| {
        json!({ "id": case.id, "number": case.number, "year": case.year, "forwarded": case.forwarded })
    });
    json!({
        "opened_at": contact.opened_at,
        "answers_lie_ready": card.is_some_and(|card| card.answers_lie_ready),
        "files_asked_for": contact.files,
        "sends_files": contact.sends_files,
        "other_contacts": others.collect::<Vec<_>>(),
        "linked_contacts": linked.collect::<Vec<_>>(),
        "outreach": outreach.collect::<Vec<_>>(),
        "in_cases": cases.collect::<Vec<_>>(),
    })
}

fn attachments(attachments: &[Attachment]) -> Vec<Value> {
    attachments
        .iter()
        .map(|one| json!({ "id": one.id, "name": one.name, "media_type": one.media_type, "size": one.size, "held": one.held }))
        .collect()
}
