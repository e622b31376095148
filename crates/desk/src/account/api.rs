//! Logging in and out through the API.

use axum::{extract::State, http::HeaderMap, response::NoContent};
use hotline_core::staff::{factors::LogInStep, rights::Role};
use hotline_store::staff::{
    accounts::StaffMember,
    passwords::Device,
    sessions::{BegunSession, SessionToken},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    account::login::{LogInForm, try_log_in},
    http::{
        access::token,
        answers::Answer,
        errors::PageError,
        extractors::{FormOrJson, NoBody},
    },
    state::Desk,
};

/// A new session.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SessionJson {
    /// What the log-in lacks. `code`: send a code to `/api/v1/session/code`. `enrol`: the role needs a second factor, so set one up with
    /// `/api/v1/session/enrol/begin`. Until then, the session can do nothing else.
    step: LogInStep,
    /// The session token. Clients send the token with each request, in the header `Authorization: Bearer <token>`.
    token: String,
    /// The name shown to colleagues; null until the log-in is complete.
    name: Option<String>,
    /// Null until the log-in is complete.
    role: Option<Role>,
}

impl SessionJson {
    pub(crate) fn complete(session: &SessionToken, person: StaffMember) -> Self {
        Self {
            step: LogInStep::Complete,
            token: session.expose().to_owned(),
            name: Some(person.name),
            role: Some(person.role),
        }
    }
}

impl From<BegunSession> for SessionJson {
    fn from(begun: BegunSession) -> Self {
        match begun {
            BegunSession::Complete(person, session) => Self::complete(&session, person),
            BegunSession::Half(half, session) => Self {
                step: half.step(),
                token: session.expose().to_owned(),
                name: None,
                role: None,
            },
        }
    }
}

pub(crate) async fn log_in(
    State(desk): State<Desk>,
    FormOrJson(typed): FormOrJson<LogInForm>,
) -> Result<Answer<SessionJson>, PageError> {
    let begun = try_log_in(&desk, &typed, Device::Unknown)
        .await?
        .ok_or(PageError::WrongLogIn)?;
    Ok(Answer::Json(begun.into()))
}

pub(crate) async fn log_out(
    State(desk): State<Desk>,
    headers: HeaderMap,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<NoContent, PageError> {
    if let Some(token) = token(&desk, &headers) {
        desk.store.log_out(&token).await?;
    }
    Ok(NoContent)
}
