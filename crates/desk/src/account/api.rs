//! Logging in and out through the API.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use hotline_core::staff::rights::Role;
use hotline_store::staff::passwords::Device;
use serde::Serialize;

use crate::{
    account::login::{LogInForm, try_log_in},
    http::{
        access::token,
        errors::PageError,
        extractors::{FormOrJson, Nothing},
    },
    state::Desk,
};

#[derive(Serialize)]
pub(crate) struct Session {
    /// The session token, to be sent as `Authorization: Bearer`.
    token: String,
    name: String,
    role: Role,
}

pub(crate) async fn log_in(
    State(desk): State<Desk>,
    FormOrJson(typed): FormOrJson<LogInForm>,
) -> Result<Json<Session>, PageError> {
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
    FormOrJson(_): FormOrJson<Nothing>,
) -> Result<StatusCode, PageError> {
    if let Some(token) = token(&desk, &headers) {
        desk.store.log_out(&token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
