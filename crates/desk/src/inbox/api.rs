//! The inbox and the list of colleagues as JSON.

use axum::extract::{Query, State};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use hotline_core::{
    contact::lifecycle::{Marking, Status},
    job::Delivery,
    staff::audit::AuditAction,
};
use hotline_store::inbox::list::{InboxRow, Place, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{access::Who, answers::Answer, errors::PageError},
    inbox::filters::InboxFilterForm,
    state::Desk,
};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ApiInboxQuery {
    /// The view: `unassigned`, `mine`, `team`, `urgent`, `waiting`, `answered`, `snoozed`, `followed`, `closed`, `marked` or `all`. If
    /// omitted, `all` is used.
    view: Option<String>,
    /// The value of `next` from the previous page. If omitted, the first page is returned.
    after: Option<String>,
    /// Number of rows per page, from 1 to 200. If omitted, a page has 200 rows.
    size: Option<String>,
    #[serde(flatten)]
    filter: InboxFilterForm,
}

/// One page of the contacts in an inbox view.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InboxPageJson {
    contacts: Vec<InboxRowJson>,
    /// The position of the next page, to be sent as `after`; null on the last page.
    next: Option<String>,
}

/// A contact in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct InboxRowJson {
    reference: String,
    line: String,
    channel: String,
    status: Status,
    /// The delivery state of an undelivered reply. Null if the contact has no undelivered reply. A reply is undelivered if sending failed,
    /// or if the reply is still unsent after 15 minutes.
    undelivered: Option<Delivery>,
    /// The marking that removes the contact from the registered-communications total; null if the contact has no marking.
    marking: Option<Marking>,
    assignee: Option<String>,
    team: Option<String>,
    /// The name of the colleague who handed the contact over to you or your team. Null if the contact was not handed over, or if staff have
    /// since acted on it.
    handed_by: Option<String>,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    urgency: i16,
    /// If the contact is in danger: the ids of the rules of urgency that last raised it. Otherwise empty.
    raised_by: Vec<String>,
    snoozed_until: Option<DateTime<Utc>>,
    /// When the person began to wait for a reply; null if the person is not waiting.
    waiting_since: Option<DateTime<Utc>>,
    /// When the reply to the person is due; null if the person is not waiting, or if there is no target.
    reply_due_at: Option<DateTime<Utc>>,
    /// When the person last wrote.
    last_in_at: DateTime<Utc>,
    /// The same value for all contacts of one person on this line; null if the person has no identifier.
    person: Option<String>,
    /// The subject; null if the contact has no subject or the subject was erased.
    subject: Option<String>,
    /// The first words of the person's newest message; null if the message was erased.
    first_words: Option<String>,
}

/// `GET /api/v1/inbox`: returns a page of a view.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    Query(asked): Query<ApiInboxQuery>,
) -> Result<Answer<InboxPageJson>, PageError> {
    let view = match asked.view.as_deref() {
        Some(name) => View::parse(name).ok_or(PageError::Bad("error-view"))?,
        None => View::All,
    };
    desk.note_read(&me, AuditAction::ListContacts, view.as_str())
        .await;
    let after = asked.after.as_deref().and_then(Place::parse);
    let size = asked.size.and_then(|size| size.parse().ok()).unwrap_or(200u64);
    let size = size.clamp(1, 200);
    let page = desk
        .store
        .inbox(view, &asked.filter.read(), me.id, after, size)
        .await?;
    Ok(Answer::Json(InboxPageJson {
        contacts: page.rows.into_iter().map(InboxRowJson::from).collect(),
        next: page.next.map(Place::to_text),
    }))
}

/// All members of staff who work on contacts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ColleaguesJson {
    colleagues: Vec<ColleagueJson>,
}

/// A member of staff who works on contacts.
#[derive(Serialize, JsonSchema)]
struct ColleagueJson {
    id: Uuid,
    name: String,
    /// Whether the colleague switched to "on duty".
    on_duty: bool,
    /// Whether the colleague is available: on duty, logged in, and active within the last minutes.
    available: bool,
    team: Option<String>,
}

/// `GET /api/v1/colleagues`: returns all colleagues.
pub(crate) async fn list_colleagues(State(desk): State<Desk>) -> Result<Answer<ColleaguesJson>, PageError> {
    let all = desk.store.availabilities().await?.into_iter();
    let colleagues = all.map(|one| ColleagueJson {
        id: one.member.id,
        name: one.member.name,
        on_duty: one.member.on_duty,
        available: one.availability.is_available(),
        team: one.member.team,
    });
    Ok(Answer::Json(ColleaguesJson {
        colleagues: colleagues.collect(),
    }))
}

impl From<InboxRow> for InboxRowJson {
    fn from(row: InboxRow) -> Self {
        let raised_by = row.raised_by.unwrap_or_default();
        let (subject, first_words) = match row.card {
            Some(card) => (card.subject, Some(card.first_words)),
            None => (None, None),
        };
        Self {
            reference: row.reference.to_string(),
            line: row.line,
            channel: row.channel,
            status: row.status,
            undelivered: row.undelivered,
            marking: row.marking,
            assignee: row.assignee,
            team: row.team,
            handed_by: row.handed_by,
            urgency: row.urgency,
            raised_by: raised_by.split_whitespace().map(str::to_owned).collect(),
            snoozed_until: row.snoozed_until,
            waiting_since: row.waiting_since,
            reply_due_at: row.due.map(|due| due.at),
            last_in_at: row.last_in_at,
            person: row.person.map(|person| HEXLOWER.encode(&person)),
            subject,
            first_words,
        }
    }
}
