//! The inbox, the search and the list of colleagues as JSON.

use axum::{
    Json,
    extract::{Query, State},
};
use hotline_store::inbox::list::{InboxRow, Place, View};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{access::Who, errors::PageError, extractors::FormOrJson},
    inbox::{filters::InboxFilterForm, page::looks},
    state::Desk,
};

type Answer<T = Value> = Result<Json<T>, PageError>;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ApiInboxQuery {
    view: Option<String>,
    after: Option<String>,
    /// Number of rows per page, from 1 to 200.
    size: Option<String>,
    #[serde(flatten)]
    filter: InboxFilterForm,
}

pub(crate) async fn inbox(
    State(desk): State<Desk>,
    Who(me): Who,
    Query(asked): Query<ApiInboxQuery>,
) -> Answer {
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
    /// The search term: words, beginnings of words, "phrases", a reference or a whole identifier.
    #[serde(default)]
    q: String,
}

/// `GET /api/v1/colleagues`: returns all colleagues.
pub(crate) async fn colleagues(State(desk): State<Desk>) -> Answer {
    let all = desk.store.colleagues().await?;
    let all = all
        .iter()
        .map(|one| json!({ "id": one.id, "name": one.name, "on_duty": one.on_duty, "team": one.team }));
    Ok(Json(json!({ "colleagues": all.collect::<Vec<_>>() })))
}

/// `POST /api/v1/search`: searches contacts. The method is POST because the term may be a name, and proxies log URLs.
pub(crate) async fn search(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(looked): FormOrJson<Looked>,
) -> Answer {
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

fn row(row: &InboxRow) -> Value {
    json!({
        "reference": row.reference.to_string(),
        "line": row.line,
        "channel": row.channel,
        "status": row.status,
        "undelivered": row.undelivered,
        "marking": row.marking,
        "assignee": row.assignee,
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
