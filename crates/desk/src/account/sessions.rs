//! The account of the member of staff who is logged in (`/desk/me`): the sessions, each of which can be ended.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::{staff::rights::Right, text::locale::Language};
use hotline_store::staff::own_sessions::OwnSession;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::{Who, token},
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{FormOrJson, NoBody, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

const ACCOUNT: &str = "/desk/me";

/// The sessions of the member of staff who is logged in, the newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SessionListJson {
    sessions: Vec<OwnSession>,
}

/// The path parameter that identifies a session.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SessionPath {
    /// The id from the list of sessions.
    session: String,
}

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    sessions: Vec<OwnSession>,
}

/// `GET /desk/me`: shows the account with its sessions.
pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    written(&AccountPage {
        frame: Frame::new(&desk, &jar, &me, "own-account").await?,
        sessions: desk.store.own_sessions(&me, &token).await?,
    })
}

/// `GET /api/v1/me/sessions`: lists the sessions.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    headers: HeaderMap,
) -> Result<Answer<SessionListJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let sessions = desk.store.own_sessions(&me, &token).await?;
    Ok(Answer::Json(SessionListJson { sessions }))
}

/// `POST /desk/me/sessions/{session}/end`: ends one session.
pub(crate) async fn end(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(SessionPath { session }): Path<SessionPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    desk.store.end_own_session(&me, &session).await?;
    Ok(format.confirm(ACCOUNT, Flash::SessionEnded))
}

/// `POST /desk/me/sessions/end-others`: ends all sessions except the one that makes the request.
pub(crate) async fn end_others(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    desk.store.end_other_sessions(&me, &token).await?;
    Ok(format.confirm(ACCOUNT, Flash::OtherSessionsEnded))
}
