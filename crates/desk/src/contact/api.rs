//! A single contact as JSON.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use hotline_core::text::locale::Language;
use hotline_store::{
    contacts::{attachments::Attachment, detail::ContactDetail, drafts::DraftKind},
    inbox::list::View,
    staff::accounts::Person,
};
use serde_json::{Value, json};

use crate::{
    contact::open::{opened, parsed},
    http::{access::Who, errors::PageError, extractors::ResponseFormat},
    state::Desk,
};

type Answer<T = Value> = Result<Json<T>, PageError>;

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

impl ResponseFormat {
    /// Returns the response to an action: the contact as JSON for an API request, or a redirect to the contact's page for a form.
    pub(crate) async fn then(
        self,
        desk: &Desk,
        me: &Person,
        reference: &str,
        view: &str,
    ) -> Result<Response, PageError> {
        if self.0 {
            let opened = opened(desk, me, reference).await?;
            return Ok(Json(whole(desk, &opened)).into_response());
        }
        let view = View::parse(view).unwrap_or(View::Mine);
        let path = format!("/desk/contacts/{}?view={}", parsed(reference)?, view.as_str());
        Ok(Redirect::to(&path).into_response())
    }
}

/// Returns all fields of a contact as JSON, except those that depend on the reader: drafts, `followed` and `present`.
pub(crate) fn whole(desk: &Desk, contact: &ContactDetail) -> Value {
    let words = desk.locales.of(Language::En);
    let messages: Vec<Value> = contact
        .messages
        .iter()
        .map(|message| {
            let deliveries: Vec<Value> = message
                .deliveries
                .iter()
                .map(|one| {
                    let said = one.said.as_ref().map(|said| said.localized(words));
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
        "assignee": contact.assignee.as_ref().map(|(_, name)| name),
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

/// Returns the remaining fields: the time of opening, how answers and files are delivered, and the contacts, outreach events and cases that
/// are related to the contact.
fn surroundings(contact: &ContactDetail) -> Value {
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
