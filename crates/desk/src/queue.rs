//! The queue page (`/desk/queue`). The page shows the states of the lines, undelivered replies, parked jobs and set-aside messages. A parked
//! job waits for staff to run it again. A set-aside message is a raw message that did not become a contact. The page never shows the content
//! of messages.

use askama::Template;
use axum::{
    extract::{Form, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    job::{Delivery, JobKind},
    staff::{audit::AuditAction, rights::Right},
    text::{
        locale::{Language, Words},
        problem,
    },
};
use hotline_store::{
    intake::lines::LineState,
    jobs::queue::{ListedJob, SetAside},
    outbound::failed::FailedMessage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        flash::Flash,
        page::{Frame, page as written},
        problems,
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage<'a> {
    frame: Frame<'a>,
    failed: Vec<FailedMessage>,
    parked: Vec<ListedJob>,
    aside: Vec<SetAside>,
    lines: Vec<LineState>,
}

impl QueuePage<'_> {
    /// Returns why a message was not delivered, without quoting the other side.
    fn reason(&self, failed: &FailedMessage) -> String {
        reason_in_words(self.frame.words, failed)
    }
}

fn reason_in_words(words: &Words, failed: &FailedMessage) -> String {
    failed
        .reason
        .as_ref()
        .map(|reason| reason.kind_localized(words))
        .unwrap_or_default()
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    written(&QueuePage {
        frame: Frame::new(&desk, &jar, &me, "queue").await?,
        failed: desk.store.failed_messages().await?,
        parked: desk.store.listed(true).await?,
        aside: desk.store.set_aside().await?,
        lines: desk.store.line_states().await?,
    })
}

#[derive(Deserialize)]
pub(crate) struct RunAgainForm {
    /// The id of the job to run again. If `None`, all parked jobs are run again.
    job: Option<i64>,
}

pub(crate) async fn run_again(
    State(desk): State<Desk>,
    Who(me): Who,
    Form(form): Form<RunAgainForm>,
) -> Result<Response, PageError> {
    let what = form.job.map_or_else(|| "all".to_owned(), |job| job.to_string());
    desk.store.audit(Some(&me), AuditAction::RunAgain, &what).await?;
    desk.store.run_again(form.job).await?;
    Ok(Flash::JobsRetried.redirect("/desk/queue"))
}

/// What waits for staff in the queue.
#[derive(Serialize, JsonSchema)]
pub(crate) struct QueueJson {
    /// The messages to people whose delivery failed or is unknown, the newest first; at most 100.
    failed: Vec<FailedMessageJson>,
    /// The jobs that wait until staff run them again.
    parked: Vec<ParkedJobJson>,
}

/// A message to a person that was not delivered.
#[derive(Serialize, JsonSchema)]
struct FailedMessageJson {
    /// The reference of the contact.
    reference: String,
    /// The id of the message, with which `/api/v1/contacts/{reference}/messages/{id}/again` sends it again.
    message: Uuid,
    line: String,
    /// When the message was last queued.
    queued_at: DateTime<Utc>,
    /// `failed`, or `unknown` if the message may have arrived.
    state: &'static str,
    /// The kind of reason in English; empty if it is unknown.
    reason: String,
}

/// A job that waits until staff run it again.
#[derive(Serialize, JsonSchema)]
struct ParkedJobJson {
    id: i64,
    /// `receive`, `deliver` or `fetch`.
    kind: &'static str,
    made_at: DateTime<Utc>,
    attempts: i32,
    /// The kind of problem in English.
    reason: String,
}

/// `GET /api/v1/queue`: returns what waits for staff in the queue.
pub(crate) async fn show(State(desk): State<Desk>) -> Result<Answer<QueueJson>, PageError> {
    let words = desk.locales.of(Language::En);
    let failed = desk.store.failed_messages().await?;
    let failed = failed.into_iter().map(|one| FailedMessageJson {
        reason: reason_in_words(words, &one),
        reference: one.reference.to_string(),
        message: one.message,
        line: one.line,
        queued_at: one.queued_at,
        state: one.state.as_str(),
    });
    let parked = desk.store.listed(true).await?;
    let parked = parked.into_iter().map(|job| ParkedJobJson {
        id: job.id,
        kind: JobKind::as_str(job.kind),
        made_at: job.made_at,
        attempts: job.attempt,
        reason: problem::localize(words, &job.reason),
    });
    Ok(Answer::Json(QueueJson {
        failed: failed.collect(),
        parked: parked.collect(),
    }))
}
