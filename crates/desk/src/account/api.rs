//! Logging in and out through the API.

use axum::{extract::State, http::HeaderMap, response::NoContent};
use hotline_core::staff::rights::Role;
use hotline_store::staff::{accounts::StaffMember, passwords::Device, sessions::SessionToken};
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
    /// The session token. Clients send the token with each request, in the header `Authorization: Bearer <token>`.
    token: String,
    name: String,
    role: Role,
}

impl SessionJson {
    pub(crate) fn new(session: &SessionToken, person: StaffMember) -> Self {
        Self {
            token: session.expose().to_owned(),
            name: person.name,
            role: person.role,
        }
    }
}

pub(crate) async fn log_in(
    State(desk): State<Desk>,
    FormOrJson(typed): FormOrJson<LogInForm>,
) -> Result<Answer<SessionJson>, PageError> {
    let (person, session) = try_log_in(&desk, &typed, Device::Unknown)
        .await?
        .ok_or(PageError::WrongLogIn)?;
    Ok(Answer::Json(SessionJson::new(&session, person)))
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
